"""What syncing keeps of children, read in bulk: of all children of some services (`complete`), and of some
children of others (`some`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

from django.db.models import Model

from parkway import domain
from parkway.db import bulk
from parkway.domain import ChoiceKind
from parkway.engine.rules import PLEASE_CHECK
from parkway.sync.models import Choice, Entry, Link, RoomLink

Ids = Sequence[int]
"""Services."""

Children = Sequence[tuple[int, str]]
"""Children by service and child id."""


class CurrentEntry(NamedTuple):
    """The current journal entry of a child, as far as the next decision is compared with it."""

    entry_id: int
    step: str
    rule: str
    facts: str
    status: str
    profile_id: str
    next_change: date | None


def _of(model: type[Model], columns: str, complete: Ids, some: Children, more: str = "") -> list[bulk.Row]:
    """These columns of what is kept of all children of some services, and of some children of others."""
    table = bulk.table(model)
    found = bulk.read_by(
        some,
        f"""SELECT {columns} FROM wanted
            JOIN {table} t ON t.service_id = wanted.a AND t.child_id = wanted.b {more}""",
    )
    if complete:
        chosen, values = bulk.in_clause(complete)
        found += bulk.read(f"SELECT {columns} FROM {table} t WHERE service_id {chosen} {more}", values)
    return found


def links(complete: Ids, some: Children) -> dict[int, dict[str, str]]:
    """Profile ids by service and child id."""
    found: dict[int, dict[str, str]] = defaultdict(dict)
    for service_id, child_id, profile_id in _of(Link, "service_id, child_id, profile_id", complete, some):
        found[service_id][child_id] = profile_id
    return found


def room_links(complete: Ids) -> dict[int, dict[str, str]]:
    """The ids of rooms in Storypark by service and the roster's room id."""
    found: dict[int, dict[str, str]] = defaultdict(dict)
    for service_id, room_id, target_id in RoomLink.objects.filter(service_id__in=complete).values_list(
        "service_id", "room_id", "target_id"
    ):
        found[service_id][room_id] = target_id
    return found


def choices(complete: Ids, some: Children) -> dict[int, dict[str, domain.Choice]]:
    """What people chose, by service and child id."""
    found: dict[int, dict[str, domain.Choice]] = defaultdict(dict)
    columns = f"service_id, child_id, kind, profile_id, {bulk.days('keep_until')}, chosen_by"
    for service_id, child_id, kind, profile_id, until, by in _of(Choice, columns, complete, some):
        choice = domain.Choice(ChoiceKind(kind) if kind else None, profile_id or None, bulk.as_day(until), by)
        found[service_id][child_id] = choice
    return found


def journal(
    complete: Ids, some: Children, questions_only: bool = False
) -> dict[int, dict[str, CurrentEntry]]:
    """Return the current journal entries, or only the ones that ask a person, by service and child id."""
    found: dict[int, dict[str, CurrentEntry]] = defaultdict(dict)
    columns = f"service_id, child_id, id, step, rule, facts, status, profile_id, {bulk.days('next_change')}"
    which = f"AND t.current AND t.rule = '{PLEASE_CHECK.slug}'" if questions_only else "AND t.current"
    for service_id, child_id, *entry in _of(Entry, columns, complete, some, which):
        entry[-1] = bulk.as_day(entry[-1])
        found[service_id][child_id] = CurrentEntry(*entry)
    return found
