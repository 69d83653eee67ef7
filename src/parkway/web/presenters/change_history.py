"""The change log as the pages say it: who changed what, in words, the newest first."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any, NamedTuple

from parkway.connectors.csv_files import WEEKDAYS
from parkway.domain import SYNCED_FIELDS, BookingKind, FieldKind
from parkway.engine.wording import count, weekday
from parkway.tenancy import change_log
from parkway.tenancy.models import ChangeLogEntry, RoleName, Service, Subject
from parkway.web.templatetags.parkway import day

LATEST = 20
"""How many changes a page shows before it leads to all of them."""

Names = Mapping[str, str]
"""The names of children by the ids of their profiles, which is all that the log has of them."""

CHILD = (Subject.CHILD, Subject.BOOKING)
"""What the history of a child in Manage is about."""


class HistoryLine(NamedTuple):
    """One change in words, without the full stop, and when it was made."""

    text: str
    at: datetime


class History(NamedTuple):
    """The latest changes of one subject, and whether there are more."""

    lines: Sequence[HistoryLine]
    more: bool


def latest(
    service: Service, subjects: Collection[Subject], subject_id: str, names: Names | None = None
) -> History:
    """The latest changes of one subject, for its page."""
    entries = list(change_log.history(service, subjects, subject_id)[: LATEST + 1])
    return History(lines(entries[:LATEST], names), len(entries) > LATEST)


def lines(entries: Iterable[ChangeLogEntry], names: Names | None = None) -> list[HistoryLine]:
    """Entries in words."""
    return [HistoryLine(describe(entry, names or {}), entry.at) for entry in entries]


def describe(entry: ChangeLogEntry, names: Names) -> str:
    """Who changed what: “Mere Hohepa changed the last name from “Ngata” to “Ngata-Reid””."""
    who = entry.by_label
    if who.startswith("the "):  # the schedule and the operator; a person's name is as the person writes it
        who = f"T{who[1:]}"
    in_order = sorted(entry.changes, key=[*LABELS].index)  # PostgreSQL orders them as it likes
    changes = {field: _words(field, entry.changes[field], names) for field in in_order}
    return f"{who} {SENTENCES[Subject(entry.subject), entry.verb](entry, changes)}"


# Values ------------------------------------------------------------------------------------------------

LABELS = {
    **{field.name: field.label.lower() for field in SYNCED_FIELDS},
    "state": "state",
    "archived_on": "archive day",
    "bookings": "number of bookings",
    "kind": "kind",
    "starts_on": "first day",
    "ends_on": "last day",
    "weekdays": "days of the week",
    "room": "room",
    "name": "name",
    "title": "title",
    "text": "text",
    "children": "children",
    "paid_children": "number of paid children",
    "time_zone": "time zone",
    "lookback_days": "days to look back",
    "lookahead_days": "days to look ahead",
    "roles": "roles",
    "roster_end": "roster",
    "roster_settings": "settings of the roster",
    "profiles_end": "end of the profiles",
    "profiles_settings": "settings of that end",
    "stage": "state of syncing",
    "inactive": "setting for Inactive children",
    "limit_archives": "number of archives above which a run is held",
    "limit_percent": "share of the live profiles above which a run is held",
    "educators_may_change": "permission of all educators to change syncing",
}
"""What people call a field, in the order in which a sentence names them."""

SYNCED_DAYS = {field.name for field in SYNCED_FIELDS if field.kind is FieldKind.DAY}
DAYS = frozenset({*SYNCED_DAYS, "archived_on", "starts_on", "ends_on"})
PLAIN = frozenset({"kind", "state"})
NONE = {"ends_on": "no end"}
"""What an empty field is called, where that means something."""


class Words(NamedTuple):
    """A field that was changed: what it is called, what it was and what it is; nothing for empty.

    What a family had deleted is `forgotten`.
    """

    label: str
    before: str = ""
    after: str = ""
    forgotten: bool = False


Changed = Mapping[str, Words]


def _words(field: str, pair: Sequence[Any] | None, names: Names) -> Words:
    if pair is None:
        return Words(LABELS[field], forgotten=True)
    before, after = (_value(field, value, names) for value in pair)
    return Words(LABELS[field], before, after)


def _value(field: str, value: Any, names: Names) -> str:
    """A stored value as people write it."""
    if value is None:
        return NONE.get(field, "")
    if field in DAYS:
        return day(date.fromisoformat(value))
    if isinstance(value, bool):
        return "yes" if value else "no"
    if field in PLAIN or isinstance(value, int):
        return str(value)
    many = value if isinstance(value, list) else [value]
    match field:
        case "weekdays":
            many = [weekday(WEEKDAYS.index(each)) for each in value.split(";")]
        case "children":
            many = [names.get(each, "a deleted profile") for each in many]
        case "roles":
            many = [RoleName(each).label for each in many]
        case _:
            many = [f"“{each}”" for each in many]
    return _and(many)


def _and(words: Sequence[str]) -> str:
    """One, two and three."""
    return " and ".join(filter(None, [", ".join(words[:-1]), *words[-1:]]))


# Sentences ---------------------------------------------------------------------------------------------


def _changed(entry: ChangeLogEntry, changes: Changed, of: str = "") -> str:
    """Changed this from that to the other, and set something else."""
    return _and([_one(words, of) for words in changes.values()])


def _one(words: Words, of: str) -> str:
    label = f"the {words.label}{of}"
    if words.forgotten or words.label == LABELS["text"]:  # of a text the log has only the length
        return f"changed {label}"
    if not words.before:
        return f"set {label} to {words.after}"
    return f"changed {label} from {words.before} to {words.after or 'nothing'}"


def _made(what: str, but: Collection[str] = ()) -> Callable[[ChangeLogEntry, Changed], str]:
    """Made something, with these values."""

    def say(entry: ChangeLogEntry, changes: Changed) -> str:
        given = [words for name, words in changes.items() if name not in but and not words.forgotten]
        said = [f"the {words.label} {words.after}" for words in given]
        return f"{what}, with {_and(said)}" if said else what

    return say


def _plainly(text: str) -> Callable[[ChangeLogEntry, Changed], str]:
    return lambda entry, changes: text


def _from_a_file(entry: ChangeLogEntry, changes: Changed) -> str:
    return f"{_changed(entry, changes)}, from a file"


def _archived(entry: ChangeLogEntry, changes: Changed) -> str:
    on = changes["archived_on"]
    return _changed(entry, changes) if on.before else f"archived the child on {on.after}"


def _taken_back(entry: ChangeLogEntry, changes: Changed) -> str:
    return f"took the child back, who was archived on {changes['archived_on'].before}"


def _removed(entry: ChangeLogEntry, changes: Changed) -> str:
    gone = changes.get("bookings")
    bookings = f" and {count(int(gone.before), 'booking')}" if gone else ""
    return f"removed the child{bookings}"


def _booking(entry: ChangeLogEntry) -> str:
    """Which one of the bookings of a child: permanent booking from 2 February 2026."""
    kind, first = entry.part.split()
    return (
        f"{kind} booking {'from' if kind == BookingKind.PERMANENT else 'on'} {day(date.fromisoformat(first))}"
    )


def _booked(entry: ChangeLogEntry, changes: Changed) -> str:
    one_day = changes["starts_on"].after == (ends := changes["ends_on"].after if "ends_on" in changes else "")
    parts = [
        f"added a {_booking(entry)}",
        "" if one_day else f"to {ends}" if ends else "without an end",
        f"on {changes['weekdays'].after}" if "weekdays" in changes else "",
        f"in the room {changes['room'].after}" if "room" in changes else "",
    ]
    state = changes["state"].after
    return f"{', '.join(filter(None, parts))}{'' if state == 'confirmed' else f', {state}'}"


def _to_booking(what: str) -> Callable[[ChangeLogEntry, Changed], str]:
    return lambda entry, changes: f"{what} the {_booking(entry)}"


def _booking_changed(entry: ChangeLogEntry, changes: Changed) -> str:
    return _changed(entry, changes, f" of the {_booking(entry)}")


def _booking_imported(entry: ChangeLogEntry, changes: Changed) -> str:
    if "starts_on" not in changes:
        said = _booking_changed(entry, changes)
    elif changes["starts_on"].after:
        said = _booked(entry, changes)
    else:
        said = f"removed the {_booking(entry)}"
    return f"{said}, from a file"


def _room_added(entry: ChangeLogEntry, changes: Changed) -> str:
    return f"added the room {changes['name'].after}"


def _taken_over(entry: ChangeLogEntry, changes: Changed) -> str:
    state = changes["state"].after
    said = _made("took the profile over from a file", but={"state", "archived_on"})(entry, changes)
    return said if state == "live" else f"{said}, {state}"


def _written(entry: ChangeLogEntry, changes: Changed) -> str:
    published = " and published it" if changes["state"].after == "published" else ""
    return f"wrote the story {changes['title'].after}{published}"


def _profile_gone(entry: ChangeLogEntry, changes: Changed) -> str:
    gone = "state" in changes
    return "deleted the story with its profile" if gone else "took a deleted profile out of the story"


SENTENCES: Mapping[tuple[Subject, str], Callable[[ChangeLogEntry, Changed], str]] = {
    (Subject.SERVICE, "enable"): _plainly("enabled syncing for the service"),
    (Subject.CHILD, "enrol"): _made("added the child"),
    (Subject.CHILD, "import_new"): _made("added the child from a file"),
    (Subject.CHILD, "import"): _from_a_file,
    (Subject.CHILD, "amend"): _changed,
    (Subject.CHILD, "archive_child"): _archived,
    (Subject.CHILD, "unarchive_child"): _taken_back,
    (Subject.CHILD, "remove_child"): _removed,
    (Subject.BOOKING, "book"): _booked,
    (Subject.BOOKING, "cancel"): _to_booking("cancelled"),
    (Subject.BOOKING, "confirm"): _to_booking("confirmed"),
    (Subject.BOOKING, "end_booking"): _booking_changed,
    (Subject.BOOKING, "import"): _booking_imported,
    (Subject.MANAGE_ROOM, "add_room"): _room_added,
    (Subject.MANAGE_ROOM, "rename_room"): _changed,
    (Subject.PROFILE, "create_profile"): _made("made the profile", but={"state"}),
    (Subject.PROFILE, "import_new"): _taken_over,
    (Subject.PROFILE, "import"): _from_a_file,
    (Subject.PROFILE, "amend_profile"): _changed,
    (Subject.PROFILE, "archive_profile"): _plainly("archived the profile"),
    (Subject.PROFILE, "restore_profile"): _plainly("restored the profile"),
    (Subject.PROFILE, "delete_profile"): _plainly("deleted the profile"),
    (Subject.STORY, "write_story"): _written,
    (Subject.STORY, "amend_story"): _changed,
    (Subject.STORY, "publish_story"): _plainly("published the story"),
    (Subject.STORY, "delete_profile"): _profile_gone,
    (Subject.STORYPARK_ROOM, "add_room"): _room_added,
    (Subject.STORYPARK_ROOM, "rename_room"): _changed,
    (Subject.ACCOUNT, "set_paid_children"): _changed,
    (Subject.SERVICE, "add"): _made("added the service"),
    (Subject.SERVICE, "change"): _changed,
    (Subject.PERSON, "give_role"): _changed,
    (Subject.SERVICE, "choose_ends"): _changed,
}
"""What a verb did, for each verb and what it is done to."""
