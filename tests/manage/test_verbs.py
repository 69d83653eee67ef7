"""What Manage's staff do: each verb changes the standing, and says in the same transaction that it did."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta

import pytest
from django.db import transaction

from parkway.connectors.manage_here import ManageHere
from parkway.connectors.ports import ServiceQuery
from parkway.domain import BookingKind, BookingState, Details, Refused, Window
from parkway.manage import standing, verbs
from parkway.manage.models import Booking, Child, Room, RosterVersion
from parkway.tenancy.people import OPERATOR
from parkway.tenancy.scope import scope
from tests.stories.world import LONG_AGO, World

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> World:
    world = World()
    world.enrol("Ana", rooms=["Kiwi"])
    offered = BookingState.OFFERED
    verbs.book(
        world.child("ana"), world.today + timedelta(days=90), state=offered, by=OPERATOR, now=world.now
    )
    return world


def version(world: World) -> int:
    return RosterVersion.objects.get(service=world.service).version


def everything(world: World) -> list[object]:
    """All rows of Manage, and the roster version."""
    models = (RosterVersion, Room, Child, Booking)
    return [list(scope(model, world.service).order_by("pk").values_list()) for model in models]


def ana(world: World) -> Child:
    return world.child("ana")


def booking(world: World, state: str = "confirmed") -> Booking:
    return scope(Booking, world.service).get(state=state)


def kiwi(world: World) -> Room:
    return scope(Room, world.service).get(name="Kiwi")


def cancel_and_confirm(world: World) -> None:
    verbs.cancel(booking(world, "offered"), by=OPERATOR, now=world.now)
    verbs.confirm(booking(world, "cancelled"), by=OPERATOR, now=world.now)


DEEDS: dict[str, Callable[[World], object]] = {
    "add_room": lambda w: verbs.add_room(w.service, "Tūī", by=OPERATOR, now=w.now),
    "rename_room": lambda w: verbs.rename_room(kiwi(w), "Kea", by=OPERATOR, now=w.now),
    "enrol": lambda w: verbs.enrol(w.service, Details("Ben"), by=OPERATOR, now=w.now),
    "amend": lambda w: verbs.amend(ana(w), gender="female", by=OPERATOR, now=w.now),
    "amend rooms": lambda w: verbs.amend(ana(w), rooms=frozenset({"Kea"}), by=OPERATOR, now=w.now),
    "book": lambda w: verbs.book(ana(w), w.today, by=OPERATOR, now=w.now),
    "cancel": lambda w: verbs.cancel(booking(w), by=OPERATOR, now=w.now),
    "confirm": lambda w: verbs.confirm(booking(w, "offered"), by=OPERATOR, now=w.now),
    "end_booking": lambda w: verbs.end_booking(booking(w), w.today, by=OPERATOR, now=w.now),
    "archive_child": lambda w: verbs.archive_child(ana(w), by=OPERATOR, now=w.now),
    "unarchive_child": lambda w: verbs.unarchive_child(ana(w), by=OPERATOR, now=w.now),
    "remove_child": lambda w: verbs.remove_child(ana(w), by=OPERATOR, now=w.now),
}

REFUSED: dict[str, Callable[[World], object]] = {
    "a room without a name": lambda w: verbs.add_room(w.service, " ", by=OPERATOR, now=w.now),
    "a room whose name is taken": lambda w: verbs.add_room(w.service, "Kiwi", by=OPERATOR, now=w.now),
    "a new name that is taken": lambda w: verbs.rename_room(
        verbs.add_room(w.service, "Tūī", by=OPERATOR, now=w.now), "Kiwi", by=OPERATOR, now=w.now
    ),
    "a child without a name": lambda w: verbs.enrol(w.service, Details(" ", " "), by=OPERATOR, now=w.now),
    "an id that is taken": lambda w: verbs.enrol(w.service, Details("Ben"), "ana", by=OPERATOR, now=w.now),
    "no name left": lambda w: verbs.amend(ana(w), first_name="", last_name="", by=OPERATOR, now=w.now),
    "a detail that there is not": lambda w: verbs.amend(ana(w), health="asthma", by=OPERATOR, now=w.now),
    "an end before the start": lambda w: verbs.book(ana(w), w.today, LONG_AGO, by=OPERATOR, now=w.now),
    "an end before the start, later": lambda w: verbs.end_booking(
        booking(w), date(2020, 2, 29), by=OPERATOR, now=w.now
    ),
    "a cancelled booking confirmed": cancel_and_confirm,
    "archiving in the future": lambda w: verbs.archive_child(
        ana(w), w.today + timedelta(days=1), by=OPERATOR, now=w.now
    ),
    "a child of nobody": lambda w: verbs.find_child(w.service, "nobody"),
}


def test_every_verb_is_tried() -> None:
    public = {name for name, it in vars(verbs).items() if getattr(it, "__module__", "") == verbs.__name__}
    looking = {"find_child", "check_period"}
    assert {n for n in public if not n.startswith("_")} - looking == {n.split()[0] for n in DEEDS}


@pytest.mark.parametrize("deed", DEEDS)
def test_each_verb_bumps_the_version_of_its_service_only(world: World, deed: str) -> None:
    other = World("Tōtara")
    other.enrol("Olivia")
    before, elsewhere = version(world), everything(other)
    DEEDS[deed](world)
    assert version(world) > before
    assert everything(other) == elsewhere


@pytest.mark.parametrize("deed", DEEDS)
def test_the_version_is_bumped_in_the_transaction_of_the_change(world: World, deed: str) -> None:
    before = everything(world)
    with transaction.atomic():
        DEEDS[deed](world)
        assert everything(world) != before
        transaction.set_rollback(True)
    assert everything(world) == before


@pytest.mark.parametrize("deed", REFUSED)
def test_what_is_refused_changes_nothing(world: World, deed: str) -> None:
    before = everything(world)
    with pytest.raises(Refused), transaction.atomic():
        REFUSED[deed](world)
    assert everything(world) == before


def test_a_booking_that_went_with_its_child_is_refused(world: World) -> None:
    seen = booking(world)
    verbs.remove_child(ana(world), by=OPERATOR, now=world.now)
    with pytest.raises(Refused, match="This booking is there no longer"):
        verbs.cancel(
            Booking(pk=seen.pk, service=world.service, child_id=seen.child_id), by=OPERATOR, now=world.now
        )


def test_looking_bumps_nothing_and_a_day_bumps_only_when_a_label_changes(world: World) -> None:
    verbs.end_booking(booking(world), world.today, by=OPERATOR, now=world.now)
    before = version(world)
    roster = ManageHere()
    for day in range(58):
        ask = ServiceQuery(world.service.pk, world.today + timedelta(days=day), world.service.window)
        roster.versions([ask])
        roster.read([ask])
        roster.bookings(ask)
        # the last day of the booking is today, so the 57th day from now is the first Inactive one
        assert version(world) == before + (day >= 57), day
    assert world.status("ana") == "Inactive"


def test_the_labels_follow_a_window_and_a_day_that_goes_back(world: World) -> None:
    """The day goes back where a service moves to a time zone in the west (D1)."""
    verbs.end_booking(booking(world), world.today, by=OPERATOR, now=world.now)

    def label(day: date, window: Window) -> str:
        standing.roll({world.service.pk: (day, window)})
        return world.status("ana")

    last = world.today + timedelta(days=56)
    assert label(last + timedelta(days=1), Window()) == "Inactive"
    assert label(last, Window()) == "Active"
    assert label(last, Window(55, 56)) == "Inactive"
    assert label(last, Window()) == "Active"


def test_staff_see_the_label_of_every_child_as_they_work(world: World) -> None:
    """R13."""
    seen = []

    def see() -> None:
        seen.append(world.status("ana"))

    see()
    verbs.archive_child(ana(world), by=OPERATOR, now=world.now)
    see()
    verbs.unarchive_child(ana(world), by=OPERATOR, now=world.now)
    see()
    verbs.cancel(booking(world), by=OPERATOR, now=world.now)
    see()
    verbs.book(ana(world), world.today, kind=BookingKind.CASUAL, by=OPERATOR, now=world.now)
    see()
    assert seen == ["Active", "Archived", "Active", "Inactive", "Active"]
    one_day = scope(Booking, world.service).get(kind="casual")
    assert one_day.ends_on == one_day.starts_on


def test_rooms_of_the_details_are_made_when_missing_and_are_the_child_s_only_ones(world: World) -> None:
    verbs.amend(ana(world), rooms=frozenset({"Kiwi", "Kea"}), by=OPERATOR, now=world.now)
    assert set(ana(world).rooms.values_list("name", flat=True)) == {"Kiwi", "Kea"}
    verbs.amend(ana(world), rooms=frozenset(), by=OPERATOR, now=world.now)
    assert not ana(world).rooms.exists()
    assert scope(Room, world.service).count() == 2


def test_a_child_gets_an_id_that_is_a_string(world: World) -> None:
    """D17."""
    child = verbs.enrol(world.service, Details("Ben"), by=OPERATOR, now=world.now)
    assert child.reference == f"M-{child.pk}"
    assert verbs.find_child(world.service, child.reference) == child
