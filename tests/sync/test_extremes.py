"""Days at the ends of the calendar: nothing that a person types stops the runs of a service."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from parkway.domain import Refused
from parkway.manage import verbs as manage
from parkway.sync.commands import choices
from parkway.sync.models import RunState
from parkway.sync.queries import explain, forecast, space_forecast
from parkway.tenancy.people import OPERATOR
from tests.stories.world import World

pytestmark = pytest.mark.django_db

ZONES = ["Pacific/Auckland", "America/Santiago", "UTC"]
LAST, FIRST = date.max, date.min


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("before_the_last", [0, 1, 2, 3])
def test_a_child_may_be_kept_until_the_end_of_the_calendar(zone: str, before_the_last: int) -> None:
    """B4."""
    world = World(zone=zone)
    ana = world.enrol("Ana")
    world.set_up()
    world.leave(ana)
    choices.keep_until(world.service, ana, LAST - timedelta(days=before_the_last), OPERATOR, world.now)
    for _ in range(2):
        run = world.sync()
        assert run is None or run.state == RunState.DONE, run.message
    assert world.state(ana) == "live"


@pytest.mark.parametrize("zone", ZONES)
def test_why_is_answered_for_every_day_of_the_calendar(zone: str) -> None:
    """B2."""
    world = World(zone=zone)
    ana = world.enrol("Ana")
    world.set_up()
    for day in (LAST, LAST - timedelta(days=2), FIRST, FIRST + timedelta(days=1)):
        found = explain.why(world.service, ana, day)
        assert (found is not None) == (day.year > 1)
        with pytest.raises(Refused):
            raise explain.why_unknown(world.service, "nobody", day, world.now)


@pytest.mark.parametrize(
    ("starts_on", "ends_on"), [(FIRST, FIRST), (FIRST, LAST), (LAST, LAST), (LAST, None), (FIRST, None)]
)
def test_a_booking_may_reach_to_the_ends_of_the_calendar(starts_on: date, ends_on: date | None) -> None:
    """D1."""
    world = World()
    ana = world.enrol("Ana", since=None)
    world.set_up()
    world.book(ana, starts_on, ends_on)
    world.sync()
    space_forecast.space_forecast(world.service, world.now)
    forecast.look_ahead(world.service, 56, world.now)
    manage.archive_child(world.child(ana), FIRST, by=OPERATOR, now=world.now)
    world.sync()
    world.unarchive(ana)
    run = world.sync()
    assert run is None or run.state == RunState.DONE
