"""Children who are settled, as numbers: a run reads only those who changed, where that is enough.

A child is settled who neither waits nor is held (engine.plan.SettledTotals). After a run that left everybody
so, and as long as nothing but the roster changes, the others decide nothing but how many there are.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import datetime

from parkway.domain import OUTCOMES, ProfileState
from parkway.engine.plan import SettledTotals
from parkway.engine.rules import RULES
from parkway.sync.models import Integration
from parkway.sync.run.gather import Snapshot, gather

MISSING = frozenset(rule.slug for rule in RULES if not rule.listed)
"""The rules that answer for a child whom the roster does not list."""


def gather_changed(
    integrations: list[Integration], now: datetime, since: Mapping[int, int | None]
) -> dict[int, Snapshot]:
    """`gather`, with the children who changed `since` and the others as numbers where numbers are enough.

    Raises SourceSilent when an end fails.
    """
    snapshots = gather(integrations, now, since)
    in_full = []
    for key, snapshot in snapshots.items():
        if not snapshot.roster.complete:
            settled = _settled_totals(snapshot)
            if settled is None:
                in_full.append(snapshot.integration)
            else:
                snapshots[key] = snapshot.with_settled(settled)
    return snapshots | gather(in_full, now)


def _settled_totals(snapshot: Snapshot) -> SettledTotals | None:
    """All whom the roster left out because they did not change, as numbers; None when numbers are not enough.

    That is when a child has no profile, and one that nobody is linked to might be the child's (D19, D23), or
    was not listed before.
    """
    plan_input, settled = snapshot.plan_input, SettledTotals(*(snapshot.integration.settled or ()))
    for child in plan_input.children:
        profile_id = plan_input.links.get(child.child_id)
        if profile_id is None and (settled.unlinked or child.child_id in plan_input.choices):
            return None
        if profile_id is not None and (
            profile_id not in plan_input.profiles
            or plan_input.profiles[profile_id].state is ProfileState.DELETED
        ):
            return None
    if any(entry.rule in MISSING for entry in snapshot.journal.values()):
        return None
    outcomes = Counter(OUTCOMES[entry.step] for entry in snapshot.journal.values())
    return SettledTotals(
        settled.with_profile - outcomes["live"],
        settled.left_out - outcomes["out"],
        settled.live - plan_input.live_linked(),
        settled.linked - plan_input.live_linked(),
        settled.unlinked,
    )
