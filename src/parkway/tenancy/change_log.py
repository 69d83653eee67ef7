"""The change log: who changed what at a service, when, and from what to what.

Each verb writes its entry in its own transaction, so that there is no change without an entry, and no entry
of a change that was taken back. An entry is never changed, but for the names of a deleted profile (D16).
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping
from datetime import date, datetime
from typing import Any, NamedTuple

from django.db.models import QuerySet

from parkway.db import bulk
from parkway.tenancy.models import ChangeLogEntry, Service, Subject
from parkway.tenancy.people import Actor
from parkway.tenancy.scope import scope

Fields = Mapping[str, Any]
"""The fields of a subject by name: texts, numbers, days, or several texts."""

Differences = dict[str, Any]
"""What changed: {field: [from, to]}."""

NOTHING: Fields = {}
"""The fields of what is not there: before it is made, and after it is removed."""

COLUMNS = ("service_id", "subject", "subject_id", "part", "verb", "changes", "by_label", "person_id", "at")


class LoggedChange(NamedTuple):
    """One change of one subject, of which many are written at once."""

    subject: Subject
    subject_id: str
    verb: str
    changes: Differences
    part: str = ""


def differences(before: Fields, after: Fields) -> Differences:
    """The fields that differ, each with what it was and what it is; none when nothing was changed.

    An empty value is None on both sides, so that a field that stays empty is no change.
    """
    found = {}
    for name in {**before, **after}:
        old, new = _stored(before.get(name)), _stored(after.get(name))
        if old != new:
            found[name] = [old, new]
    return found


def _stored(value: Any) -> Any:
    """A value as JSON has it: days as ISO texts, several texts in their order."""
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Collection) and not isinstance(value, str):
        return sorted(value) or None
    return None if value == "" else value


def record(
    service: Service,
    subject: Subject,
    subject_id: str,
    verb: str,
    changes: Differences,
    by: Actor,
    now: datetime,
    part: str = "",
) -> None:
    """Write one entry in the transaction at hand; none when nothing was changed."""
    record_many(service, [LoggedChange(subject, subject_id, verb, changes, part)], by, now)


def record_many(service: Service, changes: Iterable[LoggedChange], by: Actor, now: datetime) -> None:
    """As `record`, for many subjects at once, as of an import."""
    at = bulk.as_instant(now)
    rows = [
        (
            service.pk,
            change.subject.value,
            change.subject_id,
            change.part,
            change.verb,
            json.dumps(change.changes, ensure_ascii=False),
            by.label,
            by.person_id,
            at,
        )
        for change in changes
        if change.changes
    ]
    bulk.insert(ChangeLogEntry, COLUMNS, rows)


def history(service: Service, subjects: Collection[Subject], subject_id: str) -> QuerySet[ChangeLogEntry]:
    """What was changed in one subject of a service, the newest first."""
    found = scope(ChangeLogEntry, service).filter(subject_id=subject_id, subject__in=subjects)
    return found.order_by("-pk")


def blank(service: Service, subject: Subject, subject_ids: Collection[str], fields: Collection[str]) -> None:
    """Take what these fields held out of the entries of subjects that a family asked to delete (D16).

    That the fields were changed, when and by whom remains.
    """
    entries = scope(ChangeLogEntry, service).filter(subject=subject, subject_id__in=subject_ids)
    blanked = []
    for key, changes in entries.values_list("pk", "changes"):
        if changes.keys() & set(fields):
            left = {name: None if name in fields else value for name, value in changes.items()}
            blanked.append((json.dumps(left, ensure_ascii=False), key))
    bulk.update(ChangeLogEntry, ["changes"], ["id"], blanked)
