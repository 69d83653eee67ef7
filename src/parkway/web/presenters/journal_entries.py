"""The journal as the pages tell it, the same in Storypark and below Syncing (B2)."""

from __future__ import annotations

import json
from typing import NamedTuple

from parkway.domain import Step, label_of
from parkway.sync.models import Entry

WORDS = {
    Step.CREATE: ("The profile was made", "good"),
    Step.LINK: ("The profile was linked to the child", "good"),
    Step.RESTORE: ("The profile was restored", "good"),
    Step.UPDATE: ("Details were brought up to date", "good"),
    Step.NO_CHANGE: ("The profile stays live", "good"),
    Step.ARCHIVE: ("The profile was archived", "gone"),
    Step.LEAVE_OUT: ("Left as it is", "gone"),
    Step.WAIT: ("Waiting for a space", "waiting"),
    Step.NEEDS_REVIEW: ("A person has to look", "attention"),
}
"""What a step did, told beside a child; and its colour."""


class JournalLine(NamedTuple):
    """One entry of the journal as a page tells it; `changes` are the label of a field, and its value before
    and after.
    """

    entry: Entry
    title: str
    colour: str
    changes: list[tuple[str, str, str]]


def describe(entry: Entry) -> JournalLine:
    """An entry in words: what happened, and which fields changed from what to what."""
    title, colour = WORDS[Step(entry.step)]
    changes = json.loads(entry.changes) if entry.changes else {}
    changed_fields = [
        (label_of(name), _value(before), _value(after)) for name, (before, after) in changes.items()
    ]
    return JournalLine(entry, title, colour, changed_fields)


def _value(value: str | list[str] | None) -> str:
    return (", ".join(value) if isinstance(value, list) else value) or "nothing"
