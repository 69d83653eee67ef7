"""Which plans need a person before anything is applied (D12)."""

from __future__ import annotations

from typing import NamedTuple

from parkway.domain import Limits


class Hold(NamedTuple):
    """Why a plan is held: a sentence for people, and the numbers behind it."""

    reason: str
    archives: int
    live: int


def hold(archives: int, live: int, limits: Limits) -> Hold | None:
    """A Hold when a plan would archive too much at once, else None (D12).

    `live` counts the live linked profiles before the run, `archives` what the plan would archive.
    """
    if archives >= 2 and archives == live:
        reason = f"This would archive all {live} live profiles that are linked."
    elif archives > limits.archives and archives * 100 > limits.percent * live:
        reason = (
            f"This would archive {archives} of the {live} live profiles that are linked: "
            f"more than {limits.archives}, and more than {limits.percent} %."
        )
    else:
        return None
    reason = f"{reason} Nothing is changed until somebody looks at the list and approves it."
    return Hold(reason, archives, live)
