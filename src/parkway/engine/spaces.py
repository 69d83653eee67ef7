"""Who gets a space when the plan is full (D4, D5, D6)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

from parkway.domain import Decision, Standing, Status, Step

NOT_OVER, OVER, NEVER_BOOKED = range(3)


class Spaces(NamedTuple):
    """The plan's spaces: paid children, live profiles before and after the run, and how many wait."""

    paid_children: int
    live: int
    live_after: int
    waiting: int

    @property
    def over_by(self) -> int:
        """How many live profiles the plan does not pay for (D6)."""
        return max(0, self.live - self.paid_children)

    @property
    def free_after(self) -> int:
        return max(0, self.paid_children - self.live_after)


def free_spaces(paid_children: int, live: int, archives: int) -> int:
    """Spaces to give away in a run: archives of the same run free theirs first (D4); never below 0 (D6)."""
    return max(0, paid_children - live + archives)


def allot(claims: Sequence[Decision], free: int, today: date) -> tuple[list[Decision], list[Decision]]:
    """Split a run's creates and restores into those who get a space and those who wait, in order (D5)."""
    if len(claims) <= free:
        return list(claims), []
    queue = sorted(claims, key=lambda claim: turn(claim, today))
    return queue[:free], queue[free:]


def turn(claim: Decision, today: date) -> tuple[int, int, int, str]:
    """A claim's place in the queue (D5): group, then nearness of care, then the child's id.

    Groups: restores of Active children, creates of Active, restores of Inactive, creates of Inactive.
    Nearness: bookings not yet over, those that run first and then the earliest start; then those that are
    over, the latest end first; then children without a confirmed booking.
    """
    if claim.child is None:
        raise ValueError("a child missing from the source never claims a space")
    standing = claim.child.standing
    group = 2 * (standing.status is not Status.ACTIVE) + (claim.step is not Step.RESTORE)
    return (group, *nearness(standing, today), claim.child_id)


def nearness(standing: Standing, today: date) -> tuple[int, int]:
    """How near care is (D5): the class, and days until it starts (0 while it runs) or since its end."""
    if standing.next_start is not None:
        return NOT_OVER, max(0, (standing.next_start - today).days)
    if standing.last_end is not None:
        return OVER, (today - standing.last_end).days
    return NEVER_BOOKED, 0
