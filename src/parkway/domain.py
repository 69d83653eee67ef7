"""The words of Parkway as frozen values: what the glossary names, and nothing that decides.

Everything below is a plain value from the standard library. Ids are strings (D17), days are `date`s in the
service's own time zone. The hot values are named tuples because a fleet holds millions of them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from enum import StrEnum
from operator import attrgetter
from typing import Any, NamedTuple


class Status(StrEnum):
    """What the roster says of a child: Active and Inactive follow from bookings, a person sets Archived."""

    ACTIVE = "Active"
    INACTIVE = "Inactive"
    ARCHIVED = "Archived"


class InactivePolicy(StrEnum):
    """A service's setting for Inactive children: their profiles leave (the default) or stay."""

    LEAVE = "leave"
    STAY = "stay"


class ProfileState(StrEnum):
    """The state of a profile. A deleted one is a tombstone: its end says that it is gone (D10)."""

    LIVE = "live"
    ARCHIVED = "archived"
    DELETED = "deleted"


class BookingKind(StrEnum):
    """A weekly pattern from a day to a day (or open-ended), or single days."""

    PERMANENT = "permanent"
    CASUAL = "casual"


class BookingState(StrEnum):
    """Only a confirmed booking counts for the status (D1)."""

    CONFIRMED = "confirmed"
    OFFERED = "offered"
    CANCELLED = "cancelled"


class Step(StrEnum):
    """What a sync run does for one child."""

    CREATE = "create"
    LINK = "link"
    RESTORE = "restore"
    UPDATE = "update"
    NO_CHANGE = "keep"
    ARCHIVE = "archive"
    LEAVE_OUT = "leave_out"
    WAIT = "wait"
    NEEDS_REVIEW = "hold"


ACTIONS = frozenset({Step.CREATE, Step.LINK, Step.RESTORE, Step.UPDATE, Step.ARCHIVE})
"""The steps that write to a profile or a link."""


OUTCOMES: Mapping[str, str] = {
    **dict.fromkeys((Step.CREATE, Step.LINK, Step.RESTORE, Step.UPDATE, Step.NO_CHANGE), "live"),
    **dict.fromkeys((Step.ARCHIVE, Step.LEAVE_OUT), "out"),
    Step.WAIT: "waiting",
    Step.NEEDS_REVIEW: "held",
}
"""Where a step leaves the child: creating and then keeping a profile is one decision, not two."""


class ChoiceKind(StrEnum):
    """What a person chose for one child (D8, D9, D23)."""

    PROFILE = "profile"  # this profile is the child's
    NEW = "new"  # none of the profiles alike: make a new one
    DONT_ADD = "dont_add"  # not to be synced, under either setting
    RETAINED = "kept"  # a held run would archive the profile, and a person rejected that (D12)
    KEEP = "keep"  # missing from the source: leave the profile as it is
    ARCHIVE = "archive"  # missing from the source: archive the profile


class EndNames(NamedTuple):
    """What people call the two ends of a sync: the roster, and the end that has the profiles."""

    roster: str
    profiles: str


class Window(NamedTuple):
    """Widths of the active window in days, bounds included (D1)."""

    lookback: int = 56
    lookahead: int = 56


class Limits(NamedTuple):
    """A run is held when it archives more than `archives` profiles and more than `percent` % of the live."""

    archives: int = 3
    percent: int = 20


class Booking(NamedTuple):
    """A period of care. `ends_on` None is open-ended."""

    kind: BookingKind
    state: BookingState
    starts_on: date
    ends_on: date | None


class Standing(NamedTuple):
    """Where a child stands in the roster on one day: the status, and the bookings behind it.

    `booked_from` and `booked_until` are the first and last day of the bookings that make an Active child
    Active (`booked_until` None: no end date). They stay the same while the child stays Active, so that an
    explanation does not change from day to day. `next_start` is the earliest start among confirmed bookings
    not yet over, `last_end` the latest end among those that are over; both order the queue for spaces (D5).
    """

    status: Status
    next_change: date | None = None
    booked_from: date | None = None
    booked_until: date | None = None
    next_start: date | None = None
    last_end: date | None = None
    archived_on: date | None = None
    bookings_known: bool = True  # False: the source gave a bare status, nothing can be foreseen


Value = str | date | frozenset[str] | None
"""The value of a synced field: a text, a day or None, or the names of rooms."""


class FieldKind(StrEnum):
    """What a synced field holds: a text of one line, a day, or rooms by their names."""

    TEXT = "text"
    DAY = "day"
    ROOMS = "rooms"


class SyncedField(NamedTuple):
    """One field that a sync keeps in step (D11).

    `name` is what code, the journal and plans for programs call it, `label` what people do, and `column` its
    name in CSV files. `longest` is how many characters a text, or the name of one room, may have. `hint`
    stands below the field in a form.
    """

    name: str
    label: str
    kind: FieldKind
    column: str
    longest: int = 0
    hint: str = ""


SYNCED_FIELDS = (
    SyncedField("first_name", "First name", FieldKind.TEXT, "first_name", 100),
    SyncedField("last_name", "Last name", FieldKind.TEXT, "last_name", 100),
    SyncedField(
        "preferred_name",
        "Preferred name",
        FieldKind.TEXT,
        "preferred_name",
        100,
        "What people call the child, when that is not the first name.",
    ),
    SyncedField(
        "date_of_birth",
        "Date of birth",
        FieldKind.DAY,
        "date_of_birth",
        hint="With it, Parkway tells children of the same name apart.",
    ),
    SyncedField("gender", "Gender", FieldKind.TEXT, "gender", 40),
    SyncedField("rooms", "Rooms", FieldKind.ROOMS, "rooms", 100),
)
"""The one description of the synced fields, in the order of `Details`. Files, forms, tables, comparisons and
pages follow from it. An end may know further fields (`Details.more`).
"""

FIELDS = tuple(field.name for field in SYNCED_FIELDS)
ALL_FIELDS = frozenset(FIELDS)
TEXT_FIELDS = tuple(field.name for field in SYNCED_FIELDS if field.kind is FieldKind.TEXT)
COLUMN_FIELDS = tuple(field.name for field in SYNCED_FIELDS if field.kind is not FieldKind.ROOMS)
"""The fields that have one value each, as the column of a table has; rooms are a table of their own."""

LONGEST = {field.name: field.longest for field in SYNCED_FIELDS if field.longest}
"""The most characters of a field, by its name, where there is a limit; of rooms the most of one name."""

field_values: Callable[[Any], tuple[Value, ...]] = attrgetter(*FIELDS)
"""The values of FIELDS, in order, of details or of anything that has them as attributes."""

column_values: Callable[[Any], tuple[str | date | None, ...]] = attrgetter(*COLUMN_FIELDS)
"""The values of COLUMN_FIELDS, likewise."""


def label_of(name: str) -> str:
    """What people call a synced field; a field that only ends know is called by the words of its name."""
    known = next((field.label for field in SYNCED_FIELDS if field.name == name), "")
    return known or name.replace("_", " ").capitalize()


class Details(NamedTuple):
    """The synced fields of a child or a profile (D11); empty values are "" or None or no rooms.

    `more` are the values of further fields that both ends may know, by name in the order of the names. A
    field that is empty is not in it.
    """

    first_name: str = ""
    last_name: str = ""
    preferred_name: str = ""
    date_of_birth: date | None = None
    gender: str = ""
    rooms: frozenset[str] = frozenset()
    more: tuple[tuple[str, Value], ...] = ()

    @classmethod
    def of(cls, values: Mapping[str, Value]) -> Details:
        """The details with these values by name; a field that is not named is empty."""
        known: dict[str, Any] = {name: value for name, value in values.items() if name in ALL_FIELDS}
        more = sorted((name, value) for name, value in values.items() if value and name not in ALL_FIELDS)
        return cls(**known, more=tuple(more))

    def by_name(self) -> dict[str, Value]:
        """The value of each field by name; of further fields, of those that are not empty."""
        values: dict[str, Value] = dict(zip(FIELDS, self, strict=False))  # type: ignore[arg-type]
        if self.more:
            values.update(self.more)
        return values

    def value(self, name: str) -> Value:
        """The value of a field; "" for a further field that is empty."""
        value: Value = getattr(self, name) if name in ALL_FIELDS else dict(self.more).get(name, "")
        return value

    @property
    def called(self) -> str:
        """The name people use: the preferred one, else the first, else the last."""
        return self.preferred_name or self.first_name or self.last_name


class Room(NamedTuple):
    """A group of children at either end of a sync."""

    room_id: str
    name: str


class Child(NamedTuple):
    """A child as the source knows it. A field that is not `supplied` is left alone (D20)."""

    child_id: str
    details: Details
    standing: Standing
    supplied: frozenset[str] = ALL_FIELDS


class Profile(NamedTuple):
    """A profile as its end knows it. A field that is not `supplied` is unknown and never compared."""

    profile_id: str
    state: ProfileState
    details: Details
    supplied: frozenset[str] = ALL_FIELDS


class Choice(NamedTuple):
    """A person's wishes for one child: a choice (D8, D9, D12, D23), and the day to keep the profile until
    (B4). `by` is who chose, as history tells it.
    """

    kind: ChoiceKind | None = None
    profile_id: str | None = None
    keep_until: date | None = None
    by: str = ""


Changes = Mapping[str, tuple[Value, Value]]
Facts = Mapping[str, str | int | date | list[str] | None]


class Decision(NamedTuple):
    """What a run does for one child, and why.

    `child` is None when the source no longer lists the child. `profile` is the live or archived profile
    concerned: linked, to be linked or to be restored, also while the child waits. `facts` are what the rule
    looked at: a decision is the same decision for as long as rule and facts are the same.
    """

    child_id: str
    child: Child | None
    profile: Profile | None
    step: Step
    rule: str
    facts: Facts
    changes: Changes
    position: int | None = None

    @property
    def profile_id(self) -> str | None:
        return self.profile.profile_id if self.profile else None

    @property
    def status(self) -> Status | None:
        return self.child.standing.status if self.child else None

    @property
    def next_change(self) -> date | None:
        return self.child.standing.next_change if self.child else None

    @property
    def called(self) -> str:
        """The child's everyday name; for a missing child the profile's."""
        source = self.child or self.profile
        return source.details.called if source else ""


class Refused(Exception):
    """A request that cannot be carried out: the text says what happened, in numbers, and the way out.

    It is always one of the five kinds below; each door tells a kind in one place.
    """


class NotFound(Refused):
    """There is no such thing, or not here."""


class Forbidden(Refused):
    """Whoever asks may not do this."""


class Conflict(Refused):
    """How things stand is against it, or they changed meanwhile; the same request may do on another day."""


class Invalid(Refused):
    """The input itself is wrong: another input mends it. `fields` are the names of the values concerned."""

    def __init__(self, text: str, fields: Sequence[str] = ()) -> None:
        super().__init__(text)
        self.fields = tuple(fields)


class SourceSilent(Refused):
    """An end answered with nothing, or not at all, while links exist: the run stops, nothing changes (D8)."""


class EndUnusable(SourceSilent):
    """An end of a service is not installed, or its settings do not fit: the run stops, nothing changes."""


KINDS: tuple[type[Refused], ...] = (NotFound, Forbidden, Conflict, Invalid, SourceSilent)


def kind_of(refused: Refused) -> type[Refused]:
    """Which of the five kinds it is."""
    return next(kind for kind in KINDS if isinstance(refused, kind))
