"""What is foreseen for a change is what the verb then stores."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from parkway.domain import BookingKind, BookingState
from parkway.manage import preview, record, verbs
from parkway.manage.models import Booking, Child
from parkway.manage.preview import Preview
from parkway.tenancy.people import OPERATOR
from tests.stories.world import LONG_AGO, World

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> World:
    return World()


def child_of(world: World) -> Child:
    """A child with an ended, an open and an offered booking."""
    child = world.child(world.enrol("Ida", until=LONG_AGO))
    verbs.book(child, world.today + timedelta(days=70), by=OPERATOR, now=world.now)
    verbs.book(child, world.today - timedelta(days=3), state=BookingState.OFFERED, by=OPERATOR, now=world.now)
    return child


CHANGES: dict[str, tuple[Callable[[Booking, World], Preview], Callable[[Booking, World], None]]] = {
    "archive": (
        lambda b, w: preview.archived(b.child, w.today),
        lambda b, w: verbs.archive_child(b.child, by=OPERATOR, now=w.now),
    ),
    "cancel": (
        lambda b, w: preview.cancelled(b, w.today),
        lambda b, w: verbs.cancel(b, by=OPERATOR, now=w.now),
    ),
    "confirm": (
        lambda b, w: preview.confirmed(b, w.today),
        lambda b, w: verbs.confirm(b, by=OPERATOR, now=w.now),
    ),
    "end": (
        lambda b, w: preview.ending(b, b.starts_on, w.today),
        lambda b, w: verbs.end_booking(b, b.starts_on, by=OPERATOR, now=w.now),
    ),
    "go on": (
        lambda b, w: preview.ending(b, None, w.today),
        lambda b, w: verbs.end_booking(b, None, by=OPERATOR, now=w.now),
    ),
    "book": (
        lambda b, w: preview.booked(
            b.child,
            w.today,
            verbs.check_period(BookingKind.CASUAL, BookingState.CONFIRMED, w.today, None),
        ),
        lambda b, w: verbs.book(b.child, w.today, kind=BookingKind.CASUAL, by=OPERATOR, now=w.now) and None,
    ),
}


@pytest.mark.parametrize("number", [0, 1, 2])
@pytest.mark.parametrize("change", CHANGES)
def test_foreseen_is_what_happens(world: World, change: str, number: int) -> None:
    """D2."""
    child_of(world)
    booking = Booking.objects.select_related("child__service").order_by("pk")[number]
    foresee, make = CHANGES[change]
    then = foresee(booking, world)
    make(booking, world)
    child = world.child("ida")
    assert then.standing == child.standing
    assert preview.as_is(child, world.today) == then
    if then.standing.next_change:
        later = world.service.start_of(then.standing.next_change)
        world.now = later
        seen = record.record(world.service, child.pk, world.today)
        assert seen is not None
        assert then.later is not None
        assert seen.child.status == then.later.status


def test_taken_back_is_what_the_bookings_say(world: World) -> None:
    """D3."""
    child = child_of(world)
    before = child.standing
    verbs.archive_child(child, by=OPERATOR, now=world.now)
    assert preview.unarchived(child, world.today).standing == before
    verbs.unarchive_child(child, by=OPERATOR, now=world.now)
    assert child.standing == before


def rests_on(world: World, child_id: str) -> str:
    seen = record.record(world.service, world.child(child_id).pk, world.today)
    assert seen is not None
    return seen.rests_on


def test_a_status_says_what_it_rests_on(world: World) -> None:
    soon = world.today + timedelta(days=20)
    world.enrol("Open")
    world.enrol("Ending", until=world.today + timedelta(days=7))
    world.enrol("Ended", until=world.today - timedelta(days=7))
    world.enrol("Soon", since=soon)
    world.enrol("Gone", until=LONG_AGO)
    world.enrol("Coming", since=world.today + timedelta(days=90))
    world.enrol("Never", since=None)
    world.archive(world.enrol("Old"))
    assert rests_on(world, "open") == (
        "Active with no end in sight: booked from 3 February on, with no end date."
    )
    assert rests_on(world, "ending") == (
        "Active until 26 January 2027, because the last booking ends on 1 December "
        "and a child stays Active for 8 weeks after that."
    )
    assert "because the last booking ended on 17 November" in rests_on(world, "ended")
    assert "which is within the next 8 weeks." in rests_on(world, "soon")
    assert rests_on(world, "gone") == (
        "Inactive, because Gone's last booking ended on 30 June, more than 8 weeks ago."
    )
    assert rests_on(world, "coming").endswith("Coming becomes Active by itself on 28 December.")
    assert rests_on(world, "never") == "Inactive, because Never has no confirmed booking."
    assert rests_on(world, "old").startswith("Archived on 24 November.")
