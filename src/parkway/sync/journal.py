"""The journal: what was decided for each child, when, by which rule, and what it means (B2).

An entry is written when a child's decision, its rule or the facts it states change, and for every step that
writes something; never otherwise. Nothing here is ever reworded.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from functools import lru_cache
from typing import NamedTuple

from django.db.models import QuerySet

from parkway import rows
from parkway.engine.plan import Plan, plain
from parkway.sync.kept import Current
from parkway.sync.models import Entry, Link, Run
from parkway.tenancy.models import Service
from parkway.tenancy.scope import scope
from parkway.words import ACTIONS, OUTCOMES, Decision, Facts, Step

COLUMNS = [
    "service_id",
    "run_id",
    "child_id",
    "at",
    "step",
    "rule",
    "status",
    "profile_id",
    "because",
    "facts",
    "changes",
    "next_change",
    "current",
]


class Line(NamedTuple):
    """One decision about to be recorded, with what the journal adds to its sentence."""

    decision: Decision
    profile_id: str
    addition: str = ""


def record(run: Run, plan: Plan, lines: Iterable[Line], journal: Mapping[str, Current]) -> int:
    """Write the entries that these decisions need, retiring those they replace; how many there were."""
    new, retired, at = [], [], rows.as_instant(run.at)
    for line in lines:
        decision = line.decision
        facts = facts_text(decision.facts)
        before = journal.get(decision.child_id)
        if before is not None:
            if decision.step not in ACTIONS and _stands(before, decision, facts):
                continue
            retired.append((False, before.entry_id))
        because = plan.because(decision)
        new.append(
            (
                run.service_id,
                run.pk,
                decision.child_id,
                at,
                decision.step.value,
                decision.rule,
                decision.status.value if decision.status else "",
                line.profile_id,
                f"{because} {line.addition}" if line.addition else because,
                facts,
                changes_text(decision),
                decision.next_change,
                True,
            )
        )
    rows.update(Entry, ["current"], ["id"], retired)
    rows.insert(Entry, COLUMNS, new)
    return len(new)


def _stands(before: Current, decision: Decision, facts: str) -> bool:
    """Whether the current entry already says what this decision says."""
    same_outcome = OUTCOMES[before.step] == OUTCOMES[decision.step]
    return same_outcome and before.rule == decision.rule and before.facts == facts


def facts_text(facts: Facts) -> str:
    """Facts as the journal keeps and compares them."""
    items = tuple(facts.items())
    try:
        return _facts_text(items)
    except TypeError:  # a list of profiles cannot be a cache's key
        return json.dumps(dict(items), default=str)


@lru_cache(maxsize=16_384)
def _facts_text(items: tuple[tuple[str, object], ...]) -> str:
    return json.dumps(dict(items), default=str)


def changes_text(decision: Decision) -> str:
    """The changed fields as {field: [from, to]}, or nothing."""
    if not decision.changes:
        return ""
    before = plain({name: old for name, (old, _) in decision.changes.items()})
    after = plain({name: new for name, (_, new) in decision.changes.items()})
    return json.dumps({name: [before[name], after[name]] for name in before}, ensure_ascii=False)


def why(service: Service, child_id: str, on: date | None = None) -> Entry | None:
    """The entry that stood for a child at the end of a day in the service's time zone, or now.

    None when the journal did not know the child by then (B2).
    """
    entries = scope(Entry, service).filter(child_id=child_id).select_related("run")
    if on is not None:
        entries = entries.filter(at__lt=service.end_of(on))
    return entries.order_by("-at", "-pk").first()


def history(service: Service, child_id: str) -> QuerySet[Entry]:
    """Every entry of a child, the newest first."""
    return scope(Entry, service).filter(child_id=child_id).select_related("run").order_by("-at", "-pk")


def child_of(service: Service, profile_id: str) -> str | None:
    """The child whom a profile is linked to; None for a profile that was never linked."""
    return scope(Link, service).filter(profile_id=profile_id).values_list("child_id", flat=True).first()


def since(service: Service, step: Step, child_ids: Iterable[str]) -> dict[str, datetime]:
    """Since when each of these children stands at a step without a break, by child id."""
    began: dict[str, datetime] = {}
    told = scope(Entry, service).filter(child_id__in=list(child_ids)).order_by("at", "pk")
    for child_id, at, stood in told.values_list("child_id", "at", "step"):
        if stood == step.value:
            began.setdefault(child_id, at)
        else:
            began.pop(child_id, None)
    return began


def changed_by(run: Run) -> QuerySet[Entry]:
    """What a run wrote about children, by child."""
    return scope(Entry, run.service_id).filter(run=run).order_by("child_id")
