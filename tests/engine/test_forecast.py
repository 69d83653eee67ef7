"""The plan on later days (B3)."""

from dataclasses import replace

import pytest
from hypothesis import given

from parkway.domain import ACTIONS, Booking, Choice, ChoiceKind, Standing, Status, Step
from parkway.engine import status
from parkway.engine.forecast import look_ahead
from parkway.engine.outcome import after
from parkway.engine.plan import Plan, PlanInput, make_plan
from tests.engine.builders import (
    DEEP,
    LEAVE,
    QUICK,
    STAY,
    TODAY,
    WINDOW,
    World,
    booking,
    child,
    day,
    details,
    gist,
    plan_input,
    profile,
    worlds,
)


def on_day(start: PlanInput, bookings: dict[str, list[Booking]], offset: int) -> PlanInput:
    """The situation with the labels of a later day, and nothing else changed."""
    today = day(offset)
    children = [
        c._replace(standing=status.standing(bookings[c.child_id], today, start.window))
        if c.child_id in bookings and c.standing.archived_on is None
        else c
        for c in start.children
    ]
    return replace(start, today=today, children=children)


def day_by_day(world: World, days: int) -> list[Plan]:
    """What a run on each day would plan: nothing is skipped, every plan is applied."""
    plan_input, plans = world.plan_input, []
    for offset in range(days + 1):
        plan = make_plan(on_day(plan_input, world.bookings, offset))
        plans.append(plan)
        plan_input = after(plan)
    return plans


def waiting_in(plan: Plan) -> set[str]:
    return {d.child_id for d in plan.decisions if d.step is Step.WAIT}


def check_forecast(world: World, days: int) -> None:
    plans = day_by_day(world, days)
    forecast = look_ahead(world.plan_input, world.bookings, days)
    told = {one.day: one for one in forecast.days}

    waited, statuses = set(), {}
    for offset, plan in enumerate(plans):
        now = {c.child_id: c.standing.status for c in plan.input.children}
        turned = [(i, now[i]) for i in sorted(now) if statuses and now[i] is not statuses[i]]
        moved = [
            d.child_id for d in plan.decisions if d.step in ACTIONS or d.child_id in waiting_in(plan) ^ waited
        ]
        foretold = told.pop(day(offset), None)
        assert (foretold is not None) == bool(turned or moved), offset
        if foretold is not None:
            assert gist(foretold.plan) == gist(plan)
            assert foretold.plan.fingerprint == plan.fingerprint
            assert foretold.plan.spaces == plan.spaces
            assert [(c.child_id, to) for c, to in foretold.turned] == turned
            assert [c.standing.status for c, _ in foretold.turned] == [to for _, to in turned]
            assert [d.child_id for d in foretold.decisions] == moved
        waited, statuses = waiting_in(plan), now
    assert told == {}
    assert [one.day for one in forecast.days] == sorted(one.day for one in forecast.days)
    assert forecast.out_of_spaces_on == next((p.input.today for p in plans if waiting_in(p)), None)
    assert list(forecast.blind) == sorted(
        {c.child_id for c in world.plan_input.children} - world.bookings.keys()
    )


@QUICK
@given(worlds(max_children=5))
def test_the_forecast_is_what_a_run_on_each_day_would_plan(world):
    """B3."""
    check_forecast(world, 60)


@pytest.mark.deep
@DEEP
@given(worlds(max_children=9))
def test_the_forecast_is_what_a_run_on_each_day_would_plan_for_a_season(world):
    """B3."""
    check_forecast(world, 130)


def service(bookings: dict[str, list[Booking]], **more) -> World:
    """Children with names of their own, each Active or Inactive by these bookings."""
    children = [
        child(i, details(f"Name {i}"), status.standing(booked, TODAY, WINDOW))
        for i, booked in bookings.items()
    ]
    return World(plan_input(children, **more), bookings)


def story(world: World, days: int) -> list[tuple]:
    """The forecast in short: day, who turned, what happens."""
    forecast = look_ahead(world.plan_input, world.bookings, days)
    return [
        (
            (one.day - TODAY).days,
            [(c.child_id, to.value) for c, to in one.turned],
            [(d.child_id, d.step.value) for d in one.decisions],
        )
        for one in forecast.days
    ]


def test_children_come_and_go():
    """B3."""
    world = service({"a": [booking(-100, -50)], "b": [booking(60)], "c": [booking(-9)]})

    assert story(world, 30) == [
        (0, [], [("a", "create"), ("c", "create")]),
        (4, [("b", "Active")], [("b", "create")]),
        (7, [("a", "Inactive")], [("a", "archive")]),
    ]
    assert story(world, 6) == story(world, 30)[:2]
    assert story(world, 7) == story(world, 30)


def test_under_stay_a_label_turns_and_nothing_follows():
    """B3."""
    assert story(service({"a": [booking(-100, -50)]}, inactive=STAY), 30) == [
        (0, [], [("a", "create")]),
        (7, [("a", "Inactive")], []),
    ]


def test_the_spaces_run_out_and_one_who_waits_gets_the_next():
    """B3."""
    world = service({"a": [booking(-100, -50)], "b": [booking(60)], "c": [booking(61)]}, paid=2)
    forecast = look_ahead(world.plan_input, world.bookings, 30)

    assert forecast.out_of_spaces_on == day(5)
    assert story(world, 30) == [
        (0, [], [("a", "create")]),
        (4, [("b", "Active")], [("b", "create")]),
        (5, [("c", "Active")], [("c", "wait")]),
        (7, [("a", "Inactive")], [("a", "archive"), ("c", "create")]),
    ]


def test_the_queue_of_a_later_day_is_the_queue_of_that_day():
    """Between now and then a booking ends without a label turning, and its child moves back (B3, D5)."""
    leaves, ending, coming = [booking(-100, -50)], [booking(-20, 2), booking(40)], [booking(5)]
    world = service({"a": leaves, "ending": ending, "later": coming}, paid=1)
    start = replace(world.plan_input, profiles={"p": profile("p", details("Name a"))}, links={"a": "p"})

    today = make_plan(start)
    assert {d.child_id: d.position for d in today.decisions} == {"a": None, "ending": 1, "later": 2}
    assert story(World(start, world.bookings), 10)[-1] == (
        7,
        [("a", "Inactive")],
        [("a", "archive"), ("later", "create")],
    )


@pytest.mark.parametrize("until", [0, 3])
def test_a_keep_until_day_passes(until):
    """B4."""
    start = service({"a": [booking(-300, -100)]}).plan_input
    kept = {"a": Choice(keep_until=day(until))}
    world = World(replace(start, choices=kept), {"a": [booking(-300, -100)]})

    assert story(world, 30) == [(0, [], [("a", "create")]), (until + 1, [], [("a", "archive")])]
    assert story(world, until) == [(0, [], [("a", "create")])]


def test_a_keep_until_day_of_the_past_or_beyond_changes_nothing():
    """B4."""
    for until in (day(-1), day(31), day(400)):
        start = service({"a": [booking(-300, -100)]}, choices={"a": Choice(keep_until=until)})
        assert [when for when, *_ in story(start, 30)] == ([] if until < TODAY else [0])


def test_archived_children_stay_archived():
    """D3."""
    gone = child("a", standing=status.standing([booking(60)], TODAY, WINDOW, archived_on=day(-3)))

    assert story(World(plan_input([gone]), {"a": [booking(60)]}), 90) == []


def test_a_bare_status_cannot_be_foreseen():
    """B3."""
    bare = child("b", details("Ana"), Standing(Status.ACTIVE, bookings_known=False))
    world = service({"a": [booking(57)]})
    start = replace(world.plan_input, children=[bare, *world.plan_input.children])
    forecast = look_ahead(start, world.bookings, 30)

    assert forecast.blind == ["b"]
    assert [(d.child_id, d.step) for one in forecast.days for d in one.decisions] == [
        ("b", Step.CREATE),
        ("a", Step.CREATE),
    ]


def test_bookings_of_children_who_are_not_listed_do_not_matter():
    """B3."""
    assert story(World(plan_input(), {"x": [booking(60)]}), 30) == []


def test_one_who_waits_from_the_beginning():
    """B3."""
    forecast = look_ahead(service({"a": [booking(-9)]}, paid=0).plan_input, {"a": [booking(-9)]}, 30)

    assert forecast.out_of_spaces_on == TODAY
    assert [[d.step for d in one.decisions] for one in forecast.days] == [[Step.WAIT]]


def test_one_who_waits_until_it_is_too_late():
    """B3."""
    assert story(service({"a": [booking(-100, -50)]}, paid=0), 30) == [
        (0, [], [("a", "wait")]),
        (7, [("a", "Inactive")], [("a", "leave_out")]),
    ]


def test_a_choice_waits_for_its_day():
    """B3."""
    picked = {"a": Choice(ChoiceKind.PROFILE, "u")}
    world = service(
        {"a": [booking(60)]}, profiles=[profile("u", details("Zoë"))], choices=picked, inactive=LEAVE
    )

    assert story(world, 30) == [(4, [("a", "Active")], [("a", "link")])]
