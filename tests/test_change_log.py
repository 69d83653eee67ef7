"""No verb forgets who did it: each asks for its permission, and the change log has what it changed."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from types import ModuleType
from typing import Any

import pytest
from django.apps import apps
from django.db import models, transaction

from parkway import domain
from parkway.db import bulk
from parkway.domain import BookingKind, BookingState, Details, Forbidden, ProfileState, Standing, Status
from parkway.manage import roster
from parkway.manage import verbs as manage
from parkway.manage.models import Booking
from parkway.manage.models import Room as ManageRoom
from parkway.manage.roster import ImportedBooking
from parkway.storypark import portfolios
from parkway.storypark import verbs as storypark
from parkway.storypark.models import Profile, Story
from parkway.storypark.models import Room as StoryparkRoom
from parkway.tenancy import change_log
from parkway.tenancy import verbs as tenancy
from parkway.tenancy.models import ChangeLogEntry, Person, RoleName, Service, Subject
from parkway.tenancy.people import OPERATOR, Actor, actor
from parkway.tenancy.scope import scope
from parkway.web.presenters import change_history
from tests.stories.world import BORN, SINCE, TUESDAY, World

pytestmark = pytest.mark.django_db

ADMIN, EDUCATOR, STAFF = RoleName.ADMIN_EDUCATOR, RoleName.EDUCATOR, RoleName.MANAGE_STAFF
MANAGE, SYNCING = [STAFF], [ADMIN]
STORYPARK = [ADMIN, EDUCATOR]
SUPPORT: list[RoleName] = []
LATER = date(2026, 12, 18)
VERBS: dict[str, ModuleType] = {
    "manage": manage,
    "roster": roster,
    "storypark": storypark,
    "portfolios": portfolios,
    "tenancy": tenancy,
}
LOOKING = {
    "manage": {"find_child", "check_period"},
    "roster": set[str](),
    "storypark": {
        *("find_profile", "account", "live_profiles", "is_managed_elsewhere"),
        *("require_enough", "require_unmanaged"),
        # said to others by verbs and by the port, when something changed
        *("lock_account", "increment_version"),
    },
    "portfolios": set[str](),
    "tenancy": {"find_service"},
}
"""Functions beside the verbs that change nothing which people would look for in a history."""


class Place(World):
    """A service with one of everything, which does not sync: everything may be changed at both ends."""

    def __init__(self) -> None:
        super().__init__()
        self.enrol("Ana", "Ngata", rooms=["Kiwi"])
        self.enrol("Ben", since=None)
        self.archive("ben")
        self.offered = manage.book(
            self.child("ana"),
            LATER,
            kind=BookingKind.CASUAL,
            state=BookingState.OFFERED,
            by=OPERATOR,
            now=self.now,
        )
        for reference, name in (("P-mila", "Mila"), ("P-rua", "Rua")):
            details = Details(name, "Ngata", "", BORN, "", frozenset({"Kiwi"}))
            storypark.create_profile(self.service, details, reference, by=OPERATOR, now=self.now)
        storypark.archive_profile(self.found("P-rua"), by=OPERATOR, now=self.now)
        both = [self.found("P-mila")]
        self.draft = storypark.write_story(both, "Mila's tower", "Up", by=OPERATOR, now=self.now)
        self.later(days=1)

    def found(self, reference: str) -> Profile:
        return storypark.find_profile(self.service, reference)

    @property
    def permanent(self) -> Booking:
        return scope(Booking, self.service).get(kind="permanent")

    @property
    def manage_room(self) -> ManageRoom:
        return scope(ManageRoom, self.service).get()

    @property
    def storypark_room(self) -> StoryparkRoom:
        return scope(StoryparkRoom, self.service).get()

    def somebody(self, name: str, *roles: RoleName, support: bool = False) -> Actor:
        person = Person.objects.create_user(
            f"{name.split(maxsplit=1)[0].lower()}@example.org", name, is_support=support
        )
        for role in roles:
            tenancy.give_role(person, self.service, role, by=OPERATOR, now=self.now)
        return actor(person)

    def take_roster(self, by: Actor) -> None:
        """A child who is known with another last name, a new one, and bookings of both."""
        on = Standing(Status.INACTIVE)
        children = [
            domain.Child("ana", Details("Ana", "Reid", "", BORN, "", frozenset({"Kiwi"})), on),
            domain.Child("zoe", Details("Zoe", "Ng", rooms=frozenset({"Kea"})), on),
        ]
        period = domain.Booking(BookingKind.PERMANENT, BookingState.CONFIRMED, SINCE, LATER)
        bookings = {"ana": [ImportedBooking(period)], "zoe": [ImportedBooking(period, "mon;fri", "Kea")]}
        roster.take_roster(self.service, children, bookings, by=by, now=self.now)

    def take_profiles(self, by: Actor) -> None:
        """A profile that is known with another name, and a new one that is archived."""
        profiles = [
            domain.Profile("P-mila", ProfileState.LIVE, Details("Milla", "Ngata", "", BORN), NO_ROOMS),
            domain.Profile("P-zoe", ProfileState.ARCHIVED, Details("Zoe", "Ng", rooms=frozenset({"Kea"}))),
        ]
        portfolios.take_profiles(self.service, profiles, by=by, now=self.now)


NO_ROOMS = domain.ALL_FIELDS - {"rooms"}


@pytest.fixture
def place() -> Place:
    return Place()


@dataclass(frozen=True)
class Row:
    """A verb: what it is tried with, who may do it, and what the change log says then: subject, id, verb and
    changes of each entry, and the sentence.
    """

    may: list[RoleName]
    do: Callable[[Place, Actor], object]
    entries: list[tuple[Subject, str | Callable[[Place], str], str, dict[str, Any]]]
    words: list[str]
    part: str = ""


def kea(place: Place) -> str:
    return str(scope(ManageRoom, place.service).get(name="Kea").pk)


def storypark_kea(place: Place) -> str:
    return str(scope(StoryparkRoom, place.service).get(name="Kea").pk)


def story_id(place: Place) -> str:
    return str(scope(Story, place.service).order_by("-pk")[0].pk)


def new_person() -> Person:
    return Person.objects.get(email="new@example.org")


NOW_DAY = "2026-11-25"
PERMANENT = f"permanent {SINCE.isoformat()}"
CASUAL = f"casual {LATER.isoformat()}"
EACH: dict[str, Row] = {
    "manage.add_room": Row(
        MANAGE,
        lambda p, by: manage.add_room(p.service, "Kea", by=by, now=p.now),
        [(Subject.MANAGE_ROOM, kea, "add_room", {"name": [None, "Kea"]})],
        ["added the room “Kea”"],
    ),
    "manage.rename_room": Row(
        MANAGE,
        lambda p, by: manage.rename_room(p.manage_room, "Kea", by=by, now=p.now),
        [(Subject.MANAGE_ROOM, kea, "rename_room", {"name": ["Kiwi", "Kea"]})],
        ["changed the name from “Kiwi” to “Kea”"],
    ),
    "manage.enrol": Row(
        MANAGE,
        lambda p, by: manage.enrol(p.service, Details("Zoe", "Ng", "", BORN), "zoe", by=by, now=p.now),
        [
            (
                Subject.CHILD,
                "zoe",
                "enrol",
                {
                    "first_name": [None, "Zoe"],
                    "last_name": [None, "Ng"],
                    "date_of_birth": [None, BORN.isoformat()],
                },
            )
        ],
        ["added the child, with the first name “Zoe”, the last name “Ng” and the date of birth 4 March 2022"],
    ),
    "manage.amend": Row(
        MANAGE,
        lambda p, by: manage.amend(
            p.child("ana"),
            by=by,
            now=p.now,
            first_name="Ana",
            last_name="Ngata-Reid",
            gender="girl",
            date_of_birth=None,
            rooms=frozenset({"Kiwi", "Kea"}),
        ),
        [
            (Subject.MANAGE_ROOM, kea, "add_room", {"name": [None, "Kea"]}),
            (
                Subject.CHILD,
                "ana",
                "amend",
                {
                    "last_name": ["Ngata", "Ngata-Reid"],
                    "date_of_birth": [BORN.isoformat(), None],
                    "gender": [None, "girl"],
                    "rooms": [["Kiwi"], ["Kea", "Kiwi"]],
                },
            ),
        ],
        [
            "added the room “Kea”",
            "changed the last name from “Ngata” to “Ngata-Reid”, changed the date of birth from 4 March 2022 "
            "to nothing, set the gender to “girl” and changed the rooms from “Kiwi” to “Kea” and “Kiwi”",
        ],
    ),
    "manage.book": Row(
        MANAGE,
        lambda p, by: manage.book(
            p.child("ben"),
            LATER,
            weekdays=["mon", "fri"],
            room=p.manage_room,
            state=BookingState.OFFERED,
            by=by,
            now=p.now,
        ),
        [
            (
                Subject.BOOKING,
                "ben",
                "book",
                {
                    "kind": [None, "permanent"],
                    "state": [None, "offered"],
                    "starts_on": [None, LATER.isoformat()],
                    "weekdays": [None, "mon;fri"],
                    "room": [None, "Kiwi"],
                },
            )
        ],
        [
            "added a permanent booking from 18 December 2026, without an end, on Monday and Friday, "
            "in the room “Kiwi”, offered"
        ],
        f"permanent {LATER.isoformat()}",
    ),
    "manage.cancel": Row(
        MANAGE,
        lambda p, by: manage.cancel(p.permanent, by=by, now=p.now),
        [(Subject.BOOKING, "ana", "cancel", {"state": ["confirmed", "cancelled"]})],
        ["cancelled the permanent booking from 3 February 2026"],
        PERMANENT,
    ),
    "manage.confirm": Row(
        MANAGE,
        lambda p, by: manage.confirm(p.offered, by=by, now=p.now),
        [(Subject.BOOKING, "ana", "confirm", {"state": ["offered", "confirmed"]})],
        ["confirmed the casual booking on 18 December 2026"],
        CASUAL,
    ),
    "manage.end_booking": Row(
        MANAGE,
        lambda p, by: manage.end_booking(p.permanent, LATER, by=by, now=p.now),
        [(Subject.BOOKING, "ana", "end_booking", {"ends_on": [None, LATER.isoformat()]})],
        [
            "changed the last day of the permanent booking from 3 February 2026 from no end "
            "to 18 December 2026"
        ],
        PERMANENT,
    ),
    "manage.archive_child": Row(
        MANAGE,
        lambda p, by: manage.archive_child(p.child("ana"), by=by, now=p.now),
        [(Subject.CHILD, "ana", "archive_child", {"archived_on": [None, NOW_DAY]})],
        ["archived the child on 25 November 2026"],
    ),
    "manage.unarchive_child": Row(
        MANAGE,
        lambda p, by: manage.unarchive_child(p.child("ben"), by=by, now=p.now),
        [(Subject.CHILD, "ben", "unarchive_child", {"archived_on": ["2026-11-24", None]})],
        ["took the child back, who was archived on 24 November 2026"],
    ),
    "manage.remove_child": Row(
        MANAGE,
        lambda p, by: manage.remove_child(p.child("ana"), by=by, now=p.now),
        [
            (
                Subject.CHILD,
                "ana",
                "remove_child",
                {
                    "first_name": ["Ana", None],
                    "last_name": ["Ngata", None],
                    "date_of_birth": [BORN.isoformat(), None],
                    "rooms": [["Kiwi"], None],
                    "bookings": [2, None],
                },
            )
        ],
        ["removed the child and 2 bookings"],
    ),
    "roster.take_roster": Row(
        MANAGE,
        lambda p, by: p.take_roster(by),
        [
            (Subject.MANAGE_ROOM, kea, "add_room", {"name": [None, "Kea"]}),
            (
                Subject.CHILD,
                "zoe",
                "import_new",
                {"first_name": [None, "Zoe"], "last_name": [None, "Ng"], "rooms": [None, ["Kea"]]},
            ),
            (Subject.CHILD, "ana", "import", {"last_name": ["Ngata", "Reid"]}),
            (Subject.BOOKING, "ana", "import", {"ends_on": [None, LATER.isoformat()]}),
            (
                Subject.BOOKING,
                "ana",
                "import",
                {
                    "kind": ["casual", None],
                    "state": ["offered", None],
                    "starts_on": [LATER.isoformat(), None],
                    "ends_on": [LATER.isoformat(), None],
                },
            ),
            (
                Subject.BOOKING,
                "zoe",
                "import",
                {
                    "kind": [None, "permanent"],
                    "state": [None, "confirmed"],
                    "starts_on": [None, SINCE.isoformat()],
                    "ends_on": [None, LATER.isoformat()],
                    "weekdays": [None, "mon;fri"],
                    "room": [None, "Kea"],
                },
            ),
        ],
        [
            "added the room “Kea”",
            "added the child from a file, with the first name “Zoe”, the last name “Ng” and the rooms “Kea”",
            "changed the last name from “Ngata” to “Reid”, from a file",
            "changed the last day of the permanent booking from 3 February 2026 from no end "
            "to 18 December 2026, from a file",
            "removed the casual booking on 18 December 2026, from a file",
            "added a permanent booking from 3 February 2026, to 18 December 2026, on Monday and Friday, "
            "in the room “Kea”, from a file",
        ],
    ),
    "storypark.set_paid_children": Row(
        SYNCING,
        lambda p, by: storypark.set_paid_children(p.service, 30, by=by, now=p.now),
        [(Subject.ACCOUNT, "rimu-kindergarten", "set_paid_children", {"paid_children": [20, 30]})],
        ["changed the number of paid children from 20 to 30"],
    ),
    "storypark.create_profile": Row(
        STORYPARK,
        lambda p, by: storypark.create_profile(p.service, Details("Zoe", "Ng"), "P-zoe", by=by, now=p.now),
        [
            (
                Subject.PROFILE,
                "P-zoe",
                "create_profile",
                {"first_name": [None, "Zoe"], "last_name": [None, "Ng"], "state": [None, "live"]},
            )
        ],
        ["made the profile, with the first name “Zoe” and the last name “Ng”"],
    ),
    "storypark.amend_profile": Row(
        STORYPARK,
        lambda p, by: storypark.amend_profile(
            p.found("P-mila"), by=by, now=p.now, first_name="Milla", rooms=frozenset()
        ),
        [
            (
                Subject.PROFILE,
                "P-mila",
                "amend_profile",
                {"first_name": ["Mila", "Milla"], "rooms": [["Kiwi"], None]},
            )
        ],
        ["changed the first name from “Mila” to “Milla” and changed the rooms from “Kiwi” to nothing"],
    ),
    "storypark.archive_profile": Row(
        STORYPARK,
        lambda p, by: storypark.archive_profile(p.found("P-mila"), by=by, now=p.now),
        [
            (
                Subject.PROFILE,
                "P-mila",
                "archive_profile",
                {"state": ["live", "archived"], "archived_on": [None, NOW_DAY]},
            )
        ],
        ["archived the profile"],
    ),
    "storypark.restore_profile": Row(
        STORYPARK,
        lambda p, by: storypark.restore_profile(p.found("P-rua"), by=by, now=p.now),
        [
            (
                Subject.PROFILE,
                "P-rua",
                "restore_profile",
                {"state": ["archived", "live"], "archived_on": ["2026-11-24", None]},
            )
        ],
        ["restored the profile"],
    ),
    "storypark.delete_profile": Row(
        SUPPORT,
        lambda p, by: storypark.delete_profile(p.found("P-mila"), by=by, now=p.now),
        [
            (
                Subject.STORY,
                lambda p: str(p.draft.pk),
                "delete_profile",
                {"children": [["P-mila"], None], "title": None, "text": None, "state": ["draft", None]},
            ),
            (Subject.PROFILE, "P-mila", "delete_profile", {"state": ["live", "deleted"]}),
        ],
        ["deleted the story with its profile", "deleted the profile"],
    ),
    "storypark.write_story": Row(
        STORYPARK,
        lambda p, by: storypark.write_story([p.found("P-mila")], "A day", "Sun", True, by=by, now=p.now),
        [
            (
                Subject.STORY,
                story_id,
                "write_story",
                {
                    "children": [None, ["P-mila"]],
                    "title": [None, "A day"],
                    "text": [None, 3],
                    "state": [None, "published"],
                },
            )
        ],
        ["wrote the story “A day” and published it"],
    ),
    "storypark.amend_story": Row(
        STORYPARK,
        lambda p, by: storypark.amend_story(
            p.draft, [p.found("P-mila")], "A tall tower", "Up, up", by=by, now=p.now
        ),
        [
            (
                Subject.STORY,
                story_id,
                "amend_story",
                {"title": ["Mila's tower", "A tall tower"], "text": [2, 6]},
            )
        ],
        ["changed the title from “Mila's tower” to “A tall tower” and changed the text"],
    ),
    "storypark.publish_story": Row(
        STORYPARK,
        lambda p, by: storypark.publish_story(p.draft, by=by, now=p.now),
        [(Subject.STORY, story_id, "publish_story", {"state": ["draft", "published"]})],
        ["published the story"],
    ),
    "storypark.add_room": Row(
        STORYPARK,
        lambda p, by: storypark.add_room(p.service, "Kea", by=by, now=p.now),
        [(Subject.STORYPARK_ROOM, storypark_kea, "add_room", {"name": [None, "Kea"]})],
        ["added the room “Kea”"],
    ),
    "storypark.rename_room": Row(
        STORYPARK,
        lambda p, by: storypark.rename_room(p.storypark_room, "Kea", by=by, now=p.now),
        [(Subject.STORYPARK_ROOM, storypark_kea, "rename_room", {"name": ["Kiwi", "Kea"]})],
        ["changed the name from “Kiwi” to “Kea”"],
    ),
    "portfolios.take_profiles": Row(
        STORYPARK,
        lambda p, by: p.take_profiles(by),
        [
            (Subject.STORYPARK_ROOM, storypark_kea, "add_room", {"name": [None, "Kea"]}),
            (
                Subject.PROFILE,
                "P-zoe",
                "import_new",
                {
                    "first_name": [None, "Zoe"],
                    "last_name": [None, "Ng"],
                    "rooms": [None, ["Kea"]],
                    "state": [None, "archived"],
                    "archived_on": [None, NOW_DAY],
                },
            ),
            (Subject.PROFILE, "P-mila", "import", {"first_name": ["Mila", "Milla"]}),
        ],
        [
            "added the room “Kea”",
            "took the profile over from a file, with the first name “Zoe”, the last name “Ng” "
            "and the rooms “Kea”, archived",
            "changed the first name from “Mila” to “Milla”, from a file",
        ],
    ),
    "tenancy.add_service": Row(
        SUPPORT,
        lambda p, by: tenancy.add_service(
            p.service.organisation, "Kauri", "Pacific/Auckland", by=by, now=p.now
        ),
        [
            (
                Subject.SERVICE,
                "kauri",
                "add",
                {
                    "name": [None, "Kauri"],
                    "time_zone": [None, "Pacific/Auckland"],
                    "lookback_days": [None, 56],
                    "lookahead_days": [None, 56],
                },
            )
        ],
        [
            "added the service, with the name “Kauri”, the time zone “Pacific/Auckland”, "
            "the days to look back 56 and the days to look ahead 56"
        ],
    ),
    "tenancy.change_service": Row(
        SYNCING,
        lambda p, by: tenancy.change_service(p.service, lookback_days=42, by=by, now=p.now),
        [(Subject.SERVICE, "rimu-kindergarten", "change", {"lookback_days": [56, 42]})],
        ["changed the days to look back from 56 to 42"],
    ),
    "tenancy.give_role": Row(
        SUPPORT,
        lambda p, by: tenancy.give_role(new_person(), p.service, ADMIN, by=by, now=p.now),
        [
            (
                Subject.PERSON,
                "new@example.org",
                "give_role",
                {"roles": [["educator"], ["admin_educator", "educator"]]},
            )
        ],
        ["changed the roles from Educator to Admin educator and Educator"],
    ),
}


@pytest.fixture
def somebody_new(place: Place) -> None:
    """Who is to be given a role."""
    place.somebody("New Person", EDUCATOR)


def permitted(place: Place, row: Row) -> Actor:
    return place.somebody("Mere Hohepa", *row.may[:1], support=not row.may)


def entries() -> Iterator[ChangeLogEntry]:
    yield from ChangeLogEntry.objects.order_by("pk")


def everything() -> dict[str, list[Any]]:
    """All rows of the database but for people and their roles, who stand ready before."""
    every: list[type[models.Model]] = [
        model
        for model in apps.get_models(include_auto_created=True)
        if model.__module__.startswith("parkway.") and model not in (Person,)
    ]
    return {model._meta.label: list(model._default_manager.order_by("pk").values()) for model in every}


def test_every_verb_has_a_row() -> None:
    for name, module in VERBS.items():
        public = {
            each
            for each, it in vars(module).items()
            if inspect.isfunction(it) and it.__module__ == module.__name__ and not each.startswith("_")
        }
        tried = {row.split(".")[1] for row in EACH if row.startswith(f"{name}.")}
        assert public - LOOKING[name] == tried, name
        assert LOOKING[name] <= public, name


@pytest.mark.parametrize("verb", EACH)
def test_every_verb_takes_who_and_when(verb: str) -> None:
    module, name = verb.split(".")
    takes = inspect.signature(getattr(VERBS[module], name)).parameters
    assert {takes["by"].kind, takes["now"].kind} == {inspect.Parameter.KEYWORD_ONLY}
    assert "today" not in takes


@pytest.mark.parametrize("verb", EACH)
@pytest.mark.usefixtures("somebody_new")
def test_every_verb_writes_who_changed_what_and_when(place: Place, verb: str) -> None:
    row = EACH[verb]
    by = permitted(place, row)
    before = ChangeLogEntry.objects.count()
    row.do(place, by)
    new = list(entries())[before:]
    wanted = [
        (subject, key if isinstance(key, str) else key(place), name, changes)
        for subject, key, name, changes in row.entries
    ]
    assert [(each.subject, each.subject_id, each.verb, each.changes) for each in new] == wanted
    assert {(each.by_label, each.person_id, each.at) for each in new} == {
        ("Mere Hohepa", by.person_id, place.now)
    }
    assert {each.service.slug for each in new} == {
        "kauri" if verb == "tenancy.add_service" else place.service.slug
    }
    if row.part:
        assert [each.part for each in new] == [row.part]
    said = [change_history.describe(each, {}) for each in new]
    assert said == [f"Mere Hohepa {words}" for words in row.words]


@pytest.mark.parametrize("verb", EACH)
@pytest.mark.usefixtures("somebody_new")
def test_without_the_permission_every_verb_is_refused_and_changes_nothing(place: Place, verb: str) -> None:
    """D22."""
    row = EACH[verb]
    roles = [role for role in RoleName if role not in row.may]
    at_another = World("Kauri House", organisation=place.service.organisation)
    elsewhere = Person.objects.create_user("else@example.org", "Somebody Else")
    for role in RoleName:
        tenancy.give_role(elsewhere, at_another.service, role, by=OPERATOR, now=TUESDAY)
    for by in (place.somebody("Eru Other", *roles), actor(elsewhere), Actor("nobody")):
        before = everything()
        with pytest.raises(Forbidden, match=f"{by.label} may"), transaction.atomic():
            row.do(place, by)
        assert everything() == before


@pytest.mark.parametrize("verb", EACH)
@pytest.mark.usefixtures("somebody_new")
def test_a_change_and_its_entry_are_made_together_or_not_at_all(
    place: Place, verb: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = EACH[verb]
    by = permitted(place, row)
    before = everything()
    with transaction.atomic():
        row.do(place, by)
        assert everything() != before
        transaction.set_rollback(True)
    assert everything() == before

    def breaks(*args: object) -> None:
        raise RuntimeError("no entry can be written")

    monkeypatch.setattr(change_log, "record_many", breaks)
    with pytest.raises(RuntimeError), transaction.atomic():
        row.do(place, by)
    assert everything() == before


NOTHING: dict[str, Callable[[Place], object]] = {
    "amend": lambda p: manage.amend(p.child("ana"), last_name="Ngata", gender="", by=OPERATOR, now=p.now),
    "rename a room": lambda p: manage.rename_room(p.manage_room, "Kiwi", by=OPERATOR, now=p.now),
    "end where it ends": lambda p: manage.end_booking(p.permanent, None, by=OPERATOR, now=p.now),
    "confirm what is": lambda p: manage.confirm(p.permanent, by=OPERATOR, now=p.now),
    "unarchive": lambda p: manage.unarchive_child(p.child("ana"), by=OPERATOR, now=p.now),
    "the same plan": lambda p: storypark.set_paid_children(p.service, 20, by=OPERATOR, now=p.now),
    "amend a profile": lambda p: storypark.amend_profile(
        p.found("P-mila"), first_name="Mila", rooms=frozenset({"Kiwi"}), by=OPERATOR, now=p.now
    ),
    "amend a story": lambda p: storypark.amend_story(
        p.draft, [p.found("P-mila")], "Mila's tower", "Up", by=OPERATOR, now=p.now
    ),
    "change a service": lambda p: tenancy.change_service(p.service, lookback_days=56, by=OPERATOR, now=p.now),
}


@pytest.mark.parametrize("what", NOTHING)
def test_a_change_that_changes_nothing_writes_nothing(place: Place, what: str) -> None:
    before = ChangeLogEntry.objects.count()
    NOTHING[what](place)
    assert ChangeLogEntry.objects.count() == before


def test_the_same_files_once_more_write_nothing(place: Place) -> None:
    for take in (place.take_roster, place.take_profiles):
        take(OPERATOR)
        before = ChangeLogEntry.objects.count()
        take(OPERATOR)
        assert ChangeLogEntry.objects.count() == before


def test_an_entry_stays_as_it_was_written(place: Place) -> None:
    entry = ChangeLogEntry.objects.order_by("pk")[0]
    entry.verb = "other"
    for change in (
        entry.save,
        entry.delete,
        lambda: ChangeLogEntry.objects.update(verb="other"),
        lambda: ChangeLogEntry.objects.filter(pk=entry.pk).delete(),
    ):
        with pytest.raises(TypeError, match="An entry of the change log is never"):
            change()
    assert ChangeLogEntry.objects.get(pk=entry.pk).verb != "other"


def test_a_person_who_is_gone_stays_in_the_history_by_name(place: Place) -> None:
    by = place.somebody("Mere Hohepa", STAFF)
    manage.amend(place.child("ana"), last_name="Reid", by=by, now=place.now)
    Person.objects.get(pk=by.person_id).delete()
    last = ChangeLogEntry.objects.order_by("-pk")[0]
    assert (last.by_label, last.person) == ("Mere Hohepa", None)


def test_a_profile_that_a_family_had_deleted_leaves_no_name_in_the_change_log(place: Place) -> None:
    """D16."""
    mila = place.found("P-mila")
    storypark.amend_profile(mila, preferred_name="Mimi", gender="girl", by=OPERATOR, now=place.now)
    rua = place.found("P-rua")
    storypark.restore_profile(rua, by=OPERATOR, now=place.now)
    shared = storypark.write_story([mila, rua], "Together", "…", by=OPERATOR, now=place.now)
    others = list(scope(ChangeLogEntry, place.service).filter(subject_id="P-rua").values())
    storypark.delete_profile(mila, by=OPERATOR, now=place.now)

    about = change_log.history(place.service, [Subject.PROFILE], "P-mila")
    assert [entry.verb for entry in about] == ["delete_profile", "amend_profile", "create_profile"]
    assert about[1].changes == {"preferred_name": None, "gender": None}
    everywhere = " ".join(str(entry.changes) for entry in entries() if entry.subject in ("profile", "story"))
    assert [name for name in ("Mila", "Mimi", "girl") if name in everywhere] == []
    assert list(scope(ChangeLogEntry, place.service).filter(subject_id="P-rua").values()) == others
    said = [change_history.describe(entry, {}) for entry in about]
    assert said[1] == "The operator of this machine changed the preferred name and changed the gender"
    assert said[2] == "The operator of this machine made the profile"
    story = change_log.history(place.service, [Subject.STORY], str(shared.pk))
    assert story[0].changes == {"children": [["P-mila", "P-rua"], ["P-rua"]]}
    assert change_history.describe(story[0], {}).endswith("took a deleted profile out of the story")


def test_an_import_writes_its_entries_in_bulk(
    place: Place, django_assert_max_num_queries: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    inserts: list[int] = []
    insert = bulk.insert

    def counted(model: Any, columns: Any, rows: Any) -> None:
        if model is ChangeLogEntry:
            inserts.append(len(rows))
        insert(model, columns, rows)

    monkeypatch.setattr(bulk, "insert", counted)
    on = Standing(Status.INACTIVE)
    children = [domain.Child(f"c{n}", Details(f"Kid{n}", "Ng"), on) for n in range(300)]
    period = domain.Booking(BookingKind.PERMANENT, BookingState.CONFIRMED, SINCE, None)
    bookings = {child.child_id: [ImportedBooking(period)] for child in children}
    with django_assert_max_num_queries(40):
        roster.take_roster(place.service, children, bookings, by=OPERATOR, now=place.now)
    assert inserts == [600]


def test_histories_of_two_services_are_apart(place: Place) -> None:
    other = World("Kauri House", organisation=place.service.organisation)
    other.enrol("Ana")
    mine: Service = place.service
    found = change_log.history(mine, change_history.CHILD, "ana")
    assert {entry.service_id for entry in found} == {mine.pk}
    assert [entry.pk for entry in found] == sorted((entry.pk for entry in found), reverse=True)
    assert found[0].at >= found[len(found) - 1].at + timedelta(0)
