"""Changes of what belonging and safety depend on: the active window, the time zone and the limits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from parkway.connectors.manage_here import ManageHere
from parkway.connectors.ports import RosterAnswer, ServiceQuery
from parkway.domain import (
    BookingState,
    Child,
    Conflict,
    Forbidden,
    InactivePolicy,
    Invalid,
    Limits,
    Standing,
    Status,
    Step,
    Window,
)
from parkway.manage import verbs as manage
from parkway.sync.commands import changes, lifecycle
from parkway.sync.commands.changes import ChangeLimits, ChangeTimeZone, ChangeWindow, PlanChanged
from parkway.sync.models import Run, RunState, Stage, Trigger
from parkway.tenancy.models import RoleName
from parkway.tenancy.people import OPERATOR
from parkway.tenancy.scope import scope
from tests.ends import give

from .test_one_run_at_a_time import Process
from .world import World, days

pytestmark = pytest.mark.django_db

NARROW, WIDE = Window(7, 7), Window(400, 400)
EVERY = [ChangeWindow(NARROW), ChangeTimeZone("Pacific/Kiritimati"), ChangeLimits(Limits(5, 50))]


def archived(run: Run) -> int:
    return int(run.counts[Step.ARCHIVE.value])


@pytest.fixture
def some_left(world: World) -> World:
    """Four children stay, four left a month ago and are Active still, one left long ago."""
    world.enrol_several(4)
    world.enrol_several(4, until=world.today - days(30), prefix="Left")
    world.enrol("Mila", until=world.today - days(100))
    world.set_up()
    assert world.live() == 8
    return world


# The plan that is shown is the plan that is done -----------------------------------------------------------


@pytest.mark.parametrize("change", EVERY, ids=["window", "time zone", "limits"])
def test_looking_at_a_change_changes_nothing(some_left: World, change: changes.Change) -> None:
    """D33, B1."""
    world = some_left
    before, service = world.snapshot(), (world.service.window, world.service.time_zone)
    world.shown(change)
    world.service.refresh_from_db()
    assert world.snapshot() == before
    assert (world.service.window, world.service.time_zone) == service
    assert world.integration.limits == Limits()


def test_a_narrow_window_archives_who_was_shown_and_is_not_held(some_left: World) -> None:
    """D33, D12."""
    world = some_left
    shown = world.shown(ChangeWindow(NARROW))
    assert shown.held is not None, "by itself a run would wait for a person"
    run = world.change(ChangeWindow(NARROW))
    assert (run.state, run.trigger, archived(run)) == (RunState.DONE, Trigger.WINDOW, 4)
    assert (world.live(), world.status("left00"), world.state("left00")) == (4, "Inactive", "archived")
    assert world.sync() is None, "nothing is left to do"


def test_a_wide_window_brings_back_who_left_with_the_same_profile(some_left: World) -> None:
    """D33, R8."""
    world = some_left
    before = {name: world.profile_of(name).pk for name in ("left00", "left01", "left02", "left03")}
    world.change(ChangeWindow(NARROW))
    run = world.change(ChangeWindow(WIDE))
    assert (run.counts[Step.RESTORE.value], run.counts[Step.CREATE.value]) == (4, 1)
    assert {name: world.profile_of(name).pk for name in before} == before
    assert (world.live(), world.status("mila"), world.state("mila")) == (9, "Active", "live")


def test_a_wide_window_lets_wait_whom_the_plan_does_not_pay_for(some_left: World) -> None:
    """D33, R10."""
    world = some_left
    world.pay_for(8)
    shown = world.shown(ChangeWindow(WIDE))
    assert [d.child_id for d in shown.decisions if d.step is Step.WAIT] == ["mila"]
    world.change(ChangeWindow(WIDE))
    assert (world.waiting(), world.live()) == (["mila"], 8)


def test_the_time_zone_moves_the_day_on_which_a_child_becomes_inactive(world: World) -> None:
    """D33, D1."""
    world.now = datetime(2026, 11, 24, 5, tzinfo=UTC)
    world.enrol("Ana")
    world.enrol("Mila", until=world.today - days(56))
    world.set_up()
    world.now = datetime(2026, 11, 24, 10, 30, tzinfo=UTC)  # Kiribati is a day ahead
    east = world.change(ChangeTimeZone("Pacific/Kiritimati"))
    assert (archived(east), east.trigger, world.status("mila")) == (1, Trigger.TIME_ZONE, "Inactive")
    west = world.change(ChangeTimeZone("Australia/Perth"))
    assert (west.counts[Step.RESTORE.value], world.status("mila")) == (1, "Active")


def test_a_held_run_goes_on_when_its_limits_are_changed_after_a_look_at_it(some_left: World) -> None:
    """D33, D12."""
    world = some_left
    for name in ("left00", "left01", "left02", "left03"):
        world.leave(name)
    held = world.sync()
    assert held is not None
    assert held.state == RunState.HELD
    run = world.change(ChangeLimits(Limits(10, 50)))
    assert (run.state, run.trigger, archived(run)) == (RunState.DONE, Trigger.LIMITS, 4)
    assert world.integration.limits == Limits(10, 50)


OFFSETS = st.integers(min_value=-90, max_value=90)
BOOKING = st.tuples(OFFSETS, st.none() | st.integers(0, 90), st.sampled_from(BookingState))
CHILDREN = st.lists(st.tuples(st.lists(BOOKING, max_size=3), st.booleans()), min_size=1, max_size=6)
WINDOWS = st.builds(Window, st.integers(0, 80), st.integers(0, 80))
ZONES = ["Pacific/Auckland", "Australia/Perth", "America/Santiago", "Pacific/Kiritimati", "Pacific/Niue"]
CHANGES = st.lists(
    st.builds(ChangeWindow, WINDOWS) | st.builds(ChangeTimeZone, st.sampled_from(ZONES)),
    min_size=1,
    max_size=3,
)
ON_A_DATABASE = [HealthCheck.too_slow, HealthCheck.function_scoped_fixture]

Drawn = Sequence[tuple[Sequence[tuple[int, int | None, BookingState]], bool]]


def a_service(children: Drawn, paid: int, inactive: InactivePolicy) -> World:
    """A service with these children, synced; some of them archived in Manage."""
    world = World(paid=paid)
    for number, (bookings, gone) in enumerate(children):
        child_id = world.enrol(f"Kid{number}", since=None)
        for start, length, state in bookings:
            first = world.today + days(start)
            last = None if length is None else first + days(length)
            manage.book(world.child(child_id), first, last, state=state, by=OPERATOR, now=world.now)
        if gone:
            world.archive(child_id)
    world.set_up()
    if inactive is InactivePolicy.STAY:
        world.stay()
    return world


def the_shown_plan_is_the_plan_that_is_done(
    children: Drawn, paid: int, inactive: InactivePolicy, made: Sequence[changes.Change], hour: int
) -> None:
    """Whatever the bookings are: what confirming a change does is what its preview said of every child."""
    with transaction.atomic():
        world = a_service(children, paid, inactive)
        for change in made:
            world.later(hours=hour)
            shown = world.shown(change)
            run = world.confirmed(change, shown.fingerprint)
            assert run.counts == {step.value: number for step, number in shown.counts().items()}
            assert (run.live_after, run.waiting) == (shown.spaces.live_after, shown.spaces.waiting)
            for decision in shown.decisions:
                assert decision.child is not None
                known = world.child(decision.child_id)
                assert (known.status, known.next_change) == (decision.status, decision.next_change)
                entry = world.why(decision.child_id)
                assert (entry.rule, entry.status) == (decision.rule, decision.status)
        transaction.set_rollback(True)


@settings(max_examples=15, deadline=None, suppress_health_check=ON_A_DATABASE)
@given(CHILDREN, st.integers(1, 6), st.sampled_from(InactivePolicy), CHANGES, st.integers(0, 23))
def test_what_was_shown_is_done(
    children: Drawn, paid: int, inactive: InactivePolicy, made: Sequence[changes.Change], hour: int
) -> None:
    """D33, B1."""
    the_shown_plan_is_the_plan_that_is_done(children, paid, inactive, made, hour)


@pytest.mark.deep
@settings(max_examples=120, deadline=None, suppress_health_check=ON_A_DATABASE)
@given(CHILDREN, st.integers(1, 6), st.sampled_from(InactivePolicy), CHANGES, st.integers(0, 23))
def test_what_was_shown_is_done_more_often(
    children: Drawn, paid: int, inactive: InactivePolicy, made: Sequence[changes.Change], hour: int
) -> None:
    """D33, B1."""
    the_shown_plan_is_the_plan_that_is_done(children, paid, inactive, made, hour)


# What stands against it ------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_a_child_whom_another_process_archived_meanwhile_makes_it_another_plan(some_left: World) -> None:
    """D33, B1."""
    world = some_left
    shown = world.shown(ChangeWindow(NARROW))
    other = Process(world, "archive", "kid00")
    try:
        assert other.finish() == ["ready", "done"]
    finally:
        other.stop()
    before = world.snapshot()
    with pytest.raises(PlanChanged) as changed:
        world.confirmed(ChangeWindow(NARROW), shown.fingerprint)
    assert world.snapshot() == before
    world.service.refresh_from_db()
    assert world.service.window == Window()
    assert (world.status("left00"), world.live()) == ("Active", 8)
    run = world.confirmed(ChangeWindow(NARROW), changed.value.plan.fingerprint)
    world.service.refresh_from_db()
    assert (archived(run), world.service.window) == (5, NARROW)


@pytest.mark.parametrize("change", EVERY, ids=["window", "time zone", "limits"])
def test_confirming_twice_does_nothing_more(some_left: World, change: changes.Change) -> None:
    """D33."""
    world = some_left
    shown = world.shown(change)
    world.confirmed(change, shown.fingerprint)
    before = world.snapshot()
    with suppress(PlanChanged):
        world.confirmed(change, shown.fingerprint)
    assert world.snapshot() == before


class BareManage(ManageHere):
    """Manage that gives of Mila a bare status, as a source without bookings does."""

    def read(self, asks: Sequence[ServiceQuery]) -> Mapping[int, RosterAnswer]:
        return {
            key: answer._replace(children=[*map(_bare, answer.children)])
            for key, answer in super().read(asks).items()
        }


def _bare(child: Child) -> Child:
    bare = Standing(Status.ACTIVE, bookings_known=False)
    return child._replace(standing=bare) if child.child_id == "mila" else child


def test_a_child_of_whom_only_a_bare_status_is_known_stays_as_it_is(some_left: World) -> None:
    """D33."""
    world = some_left
    give(world.service, roster=BareManage())
    world.sync_fully()
    assert world.state("mila") == "live"
    shown = world.shown(ChangeWindow(NARROW))
    assert {d.child_id: d.status for d in shown.decisions}["mila"] is Status.ACTIVE
    world.change(ChangeWindow(NARROW))
    assert (world.state("mila"), world.state("left00")) == ("live", "archived")


# Without syncing -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("stage", [Stage.ENABLED, Stage.OFF])
def test_without_syncing_a_change_is_only_saved(world: World, stage: Stage) -> None:
    """D33."""
    world.enrol("Ana")
    world.enrol("Left", until=world.today - days(30))
    if stage is Stage.OFF:
        world.set_up()
        changes.confirm(world.service, changes.TurnOff(), "", OPERATOR, world.now)
    before = world.live(), scope(Run, world.service).count()
    for change in EVERY:
        assert changes.preview(world.service, change, world.now) is None
        assert changes.confirm(world.service, change, "", OPERATOR, world.now) is None
    world.service.refresh_from_db()
    assert (world.service.window, world.service.time_zone) == (NARROW, "Pacific/Kiritimati")
    assert world.integration.limits == Limits(5, 50)
    assert (world.live(), scope(Run, world.service).count()) == before


def test_before_support_enables_syncing_there_are_no_limits_to_change() -> None:
    """D33."""
    world = World(enabled=False)
    assert changes.confirm(world.service, ChangeWindow(NARROW), "", OPERATOR, world.now) is None
    assert changes.confirm(world.service, ChangeTimeZone("Pacific/Niue"), "", OPERATOR, world.now) is None
    with pytest.raises(Conflict, match="Support enables it"):
        changes.confirm(world.service, ChangeLimits(Limits(5, 50)), "", OPERATOR, world.now)


def test_syncing_that_is_turned_on_meanwhile_needs_a_look_at_its_plan(some_left: World) -> None:
    """D33, B1."""
    world = some_left
    changes.confirm(world.service, changes.TurnOff(), "", OPERATOR, world.now)
    assert changes.preview(world.service, ChangeWindow(NARROW), world.now) is None
    world.change(changes.TurnOn())
    with pytest.raises(PlanChanged):
        changes.confirm(world.service, ChangeWindow(NARROW), "", OPERATOR, world.now)
    world.service.refresh_from_db()
    assert (world.service.window, world.live()) == (Window(), 8)


# Who, and which values -------------------------------------------------------------------------------------


@pytest.mark.parametrize("change", EVERY, ids=["window", "time zone", "limits"])
def test_who_may_switch_may_change_these(some_left: World, change: changes.Change) -> None:
    """D33, D22."""
    world = some_left
    eru = world.person("Eru", RoleName.EDUCATOR)
    shown = world.shown(change)
    with pytest.raises(Forbidden, match="Ask an admin educator"):
        world.confirmed(change, shown.fingerprint, eru)
    assert world.service.window == Window()
    lifecycle.allow_educators(world.service, True, OPERATOR, world.now)
    assert world.confirmed(change, shown.fingerprint, eru).started_by == "Eru"


@pytest.mark.parametrize(
    ("change", "fields"),
    [
        (ChangeWindow(Window(-1, 56)), ("lookback",)),
        (ChangeWindow(Window(56, 3651)), ("lookahead",)),
        (ChangeTimeZone("Auckland"), ("time_zone",)),
        (ChangeTimeZone(""), ("time_zone",)),
        (ChangeLimits(Limits(-1, 20)), ("archives", "percent")),
        (ChangeLimits(Limits(3, 101)), ("archives", "percent")),
    ],
)
def test_values_that_make_no_sense_are_refused_at_their_fields(
    some_left: World, change: changes.Change, fields: tuple[str, ...]
) -> None:
    """D33."""
    world = some_left
    for ask in (lambda: world.shown(change), lambda: world.confirmed(change, "")):
        with pytest.raises(Invalid) as refused:
            ask()
        assert refused.value.fields == fields
