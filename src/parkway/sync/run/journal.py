"""The journal: what was decided for each child, when, by which rule, and what it means (B2).

An entry is written when a child's decision, its rule or the facts it states change, and for every step that
writes something; never otherwise. Nothing here is ever reworded.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from functools import lru_cache
from itertools import islice
from typing import NamedTuple

from parkway.db import bulk
from parkway.domain import ACTIONS, OUTCOMES, Decision, Facts
from parkway.engine.changes import plain
from parkway.engine.plan import Plan, unlisted
from parkway.sync.models import Entry, Run
from parkway.sync.run.state import CurrentEntry

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
TOGETHER = 20  # pages: while the database writes them, the next are filled

Written = dict[int, dict[str, list[str]]]
"""The ids of the children whom the new entries are about, by step, by run."""


class RunRecord(NamedTuple):
    """What one run of one service decided, and the journal as it was. By child id, `made` has the ids of new
    profiles, and `additions` what the journal adds to the sentence of a decision.
    """

    run: Run
    plan: Plan
    journal: Mapping[str, CurrentEntry]
    made: Mapping[str, str]
    additions: Mapping[str, str]


def record(pages: Iterable[RunRecord]) -> Written:
    """Write the entries that these decisions need, retiring those they replace; whom they are about.

    A child whom Manage no longer lists, and who is not, or no longer, linked, has no decision: whatever was
    decided, such as a place in the queue, stands no more. The last entry says so to whoever asks why, and no
    later decision is compared with it.
    """
    written: Written = {}
    for some in bulk.batches(pages, TOGETHER):
        new: list[bulk.Row] = []
        retired: list[bulk.Row] = []
        for page in some:
            before = len(new)
            _add_entries(page, new, retired)
            if len(new) > before:
                by_step = written[page.run.pk] = {}
                for entry in islice(new, before, None):
                    by_step.setdefault(entry[4], []).append(entry[2])
        bulk.update(Entry, ["current"], ["id"], retired)
        bulk.insert(Entry, COLUMNS, new)
    return written


def _add_entries(page: RunRecord, new: list[bulk.Row], retired: list[bulk.Row]) -> None:
    """The entries of one page, and those that they replace."""
    plan, journal = page.plan, page.journal
    head, at = (page.run.service_id, page.run.pk), bulk.as_instant(page.run.at)
    for decision in plan.decisions:
        child_id, facts = decision.child_id, facts_text(decision.facts)
        profile_id = decision.profile_id or page.made.get(child_id, "")
        before = journal.get(child_id)
        if before is not None:
            if decision.step not in ACTIONS and _stands(before, decision, profile_id, facts):
                continue
            retired.append((False, before.entry_id))
        because = plan.because(decision)
        if child_id in page.additions:
            because = f"{because} {page.additions[child_id]}"
        new.append((*head, child_id, at, *_entry_values(decision, profile_id, because, facts), True))
    for child_id in sorted(journal.keys() - {decision.child_id for decision in plan.decisions}):
        last = unlisted(child_id)
        retired.append((False, journal[child_id].entry_id))
        new.append(
            (*head, child_id, at, *_entry_values(last, "", plan.because(last), facts_text(last.facts)), False)
        )


def _entry_values(decision: Decision, profile_id: str, because: str, facts: str) -> bulk.Row:
    """What an entry says of a decision, in the order of COLUMNS from the step to the next change."""
    step, rule, changes = decision.step.value, decision.rule, changes_text(decision)
    if decision.child is None:
        return step, rule, "", profile_id, because, facts, changes, None
    standing = decision.child.standing
    next_change = bulk.from_day(standing.next_change)
    return step, rule, standing.status.value, profile_id, because, facts, changes, next_change


def _stands(before: CurrentEntry, decision: Decision, profile_id: str, facts: str) -> bool:
    """Whether the current entry already says what this decision says, facts stated beside the rule's own
    included: status, profile and the day of the next change.
    """
    return (
        OUTCOMES[before.step] == OUTCOMES[decision.step]
        and before.rule == decision.rule
        and before.facts == facts
        and before.status == (decision.status or "")
        and before.next_change == decision.next_change
        and before.profile_id == profile_id
    )


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
