"""The forecast of a service: who comes and goes in the weeks ahead."""

from __future__ import annotations

import pytest

from parkway.domain import Status, Step
from parkway.sync.commands import choices
from parkway.sync.queries import forecast
from parkway.tenancy.people import OPERATOR

from .world import WINDOW, World, days

pytestmark = pytest.mark.django_db


def test_the_forecast_of_a_service() -> None:
    """B3."""
    world = World(paid=2)
    today = world.today
    world.enrol("Ana")
    world.enrol("Gus", until=today - days(WINDOW - 6))
    world.enrol("Kim", since=today + days(WINDOW + 3))
    world.set_up()
    before = world.snapshot()
    seen = forecast.look_ahead(world.service, 30, world.now)
    assert [(day.day, [(c.child_id, s) for c, s in day.turned]) for day in seen.days] == [
        (today + days(3), [("kim", Status.ACTIVE)]),
        (today + days(7), [("gus", Status.INACTIVE)]),
    ]
    steps = [[(d.child_id, d.step) for d in day.decisions] for day in seen.days]
    assert steps == [[("kim", Step.WAIT)], [("gus", Step.ARCHIVE), ("kim", Step.CREATE)]]
    assert seen.out_of_spaces_on == today + days(3)
    assert world.snapshot() == before, "looking ahead changes nothing"
    # and so it comes
    world.later(days=3)
    world.sync()
    assert world.decided("kim") == ("wait", "no-space")
    world.later(days=4)
    world.sync()
    assert (world.state("gus"), world.state("kim")) == ("archived", "live")


def test_the_forecast_counts_choices_and_keep_until(world: World) -> None:
    """B3."""
    today = world.today
    world.enrol("Ana")
    world.enrol("Gus", until=today - days(WINDOW - 2))
    world.set_up()
    choices.keep_until(world.service, "gus", today + days(9), OPERATOR, world.now)
    told = forecast.as_json(forecast.look_ahead(world.service, 30, world.now))
    assert [(d["day"], [(x["child_id"], x["step"]) for x in d["decisions"]]) for d in told["days"]] == [
        (today + days(3), []),
        (today + days(10), [("gus", "archive")]),
    ]
