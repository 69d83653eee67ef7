"""Every child of a service as the integrations settings page lists them: who is available, who no longer."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import NamedTuple

from parkway.domain import Child, Choice, ChoiceKind, Details, Profile, ProfileState, Status, Step
from parkway.engine import plan
from parkway.engine.folding import mentions
from parkway.sync.models import Entry, Integration
from parkway.sync.run.gather import gather_one
from parkway.sync.run.state import CurrentEntry
from parkway.tenancy.scope import scope


class ChildRow(NamedTuple):
    """One child: what Manage says now, the profile as it is now, and what the last run decided.

    `available` is who may have a live profile under the setting, or has one that is linked (R8). `step` and
    `rule` are empty for a child whom no run has seen yet.
    """

    child_id: str
    details: Details
    status: Status | None
    next_change: date | None
    profile_id: str
    profile_state: ProfileState | None
    step: str
    rule: str
    choice: Choice | None
    available: bool

    @property
    def name(self) -> str:
        """The whole name."""
        return f"{self.details.first_name} {self.details.last_name}".strip() or self.details.called

    @property
    def missing(self) -> bool:
        """Whether Manage no longer lists the child (D8)."""
        return self.status is None

    @property
    def next_status(self) -> Status:
        """What the child is from `next_change` on."""
        return Status.INACTIVE if self.status is Status.ACTIVE else Status.ACTIVE

    @property
    def not_added(self) -> bool:
        return self.choice is not None and self.choice.kind is ChoiceKind.DONT_ADD

    @property
    def needs_a_person(self) -> bool:
        return self.step == Step.NEEDS_REVIEW


class ChildTable(NamedTuple):
    """All rows of a service by name, and the profiles nobody is linked to."""

    rows: Sequence[ChildRow]
    unlinked: int

    def find(self, search: str = "", status: str = "", show: str = "", step: str = "") -> list[ChildRow]:
        """The rows whose name or id mentions the search, with this status in Manage and this step; `show` is
        "available", "no-longer" or empty for all.
        """
        return [
            row
            for row in self.rows
            if (not search.strip() or mentions(_all_names(row), search))
            and (not status or (row.status or "missing") == status)
            and (not step or row.step == step)
            and (not show or row.available == (show == "available"))
        ]


def child_table(integration: Integration, now: datetime) -> ChildTable:
    """Every child of the service, and every linked profile whose child Manage no longer lists.

    Raises SourceSilent when an end's answer must not be believed (D8).
    """
    snapshot = gather_one(integration, now)
    plan_input = snapshot.plan_input
    belonging = {child.child_id for child in plan.belonging(plan_input)}
    listed = {child.child_id: child for child in plan_input.children}
    found = []
    for child_id in listed.keys() | plan_input.links.keys():
        profile = plan_input.profiles.get(plan_input.links.get(child_id, ""))
        found.append(
            _row(
                child_id,
                listed.get(child_id),
                profile,
                snapshot.journal.get(child_id),
                plan_input.choices.get(child_id),
                child_id in belonging,
            )
        )
    linked = set(plan_input.links.values())
    free = [p for key, p in plan_input.profiles.items() if key not in linked and p.state is not _DELETED]
    return ChildTable(sorted(found, key=_by_name), len(free))


_DELETED = ProfileState.DELETED


def _row(
    child_id: str,
    child: Child | None,
    profile: Profile | None,
    current: CurrentEntry | None,
    choice: Choice | None,
    belongs: bool,
) -> ChildRow:
    source = child or profile
    live = profile is not None and profile.state is ProfileState.LIVE
    return ChildRow(
        child_id,
        source.details if source else Details(),
        child.standing.status if child else None,
        child.standing.next_change if child else None,
        profile.profile_id if profile else "",
        profile.state if profile else None,
        current.step if current else "",
        current.rule if current else "",
        choice,
        belongs or live,
    )


def _all_names(row: ChildRow) -> str:
    return f"{row.name} {row.details.preferred_name} {row.child_id}"


def _by_name(row: ChildRow) -> tuple[str, str]:
    return row.name.casefold(), row.child_id


def reasons(integration: Integration, rows: Sequence[ChildRow]) -> dict[str, Entry]:
    """The journal's current entry of these children, by child id: for the rows of one page."""
    ids = [row.child_id for row in rows]
    return {
        e.child_id: e for e in scope(Entry, integration.service_id).filter(current=True, child_id__in=ids)
    }
