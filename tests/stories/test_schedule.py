"""When a service is synced: every 12 hours, and at once when somebody asks."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise

import pytest

from parkway.domain import ChoiceKind
from parkway.sync.commands import changes, lifecycle
from parkway.sync.models import Run, Trigger
from parkway.sync.run import change_detection
from parkway.sync.run.pipeline import RunContext, run_sync
from parkway.tenancy.people import OPERATOR
from parkway.tenancy.scope import scope

from .world import LONG_AGO, World

pytestmark = pytest.mark.django_db


def test_a_service_is_synced_every_twelve_hours(world: World) -> None:
    """R15."""
    world.enrol("Ana")
    world.set_up()
    turn, second = world.integration.next_run_at, timedelta(seconds=1)
    assert world.now < turn <= world.now + timedelta(hours=12), "its place in the 12 hours comes within them"
    for _ in range(3):
        assert not world.is_due(turn - second)
        assert world.is_due(turn)
        run_sync(world.service.pk, RunContext(turn + timedelta(seconds=20)))  # a little late, as it goes
        assert world.integration.next_run_at == turn + timedelta(hours=12)
        turn += timedelta(hours=12)


def test_a_fleet_that_caught_up_at_one_moment_is_spread_over_the_twelve_hours(world: World) -> None:
    """R15."""
    turns = sorted(change_detection.next_turn(key, world.now) - world.now for key in range(1001, 1501))
    assert timedelta(0) < turns[0] <= turns[-1] <= timedelta(hours=12)
    gaps = [later - earlier for earlier, later in pairwise(turns)]
    assert max(gaps) < 3 * timedelta(hours=12) / 500, (
        "nobody comes at once with many others, nowhere is a gap"
    )
    assert change_detection.next_turn(7, world.now) == change_detection.next_turn(
        7, change_detection.next_turn(7, world.now) - timedelta(seconds=1)
    )


def test_a_run_comes_at_once_after_set_up_switch_spaces_and_sync_now(world: World) -> None:
    """R15."""
    world.enrol("Ana")
    world.enrol("Ida", until=LONG_AGO)
    first = world.set_up()
    assert (first.trigger, first.at, world.state("ana")) == (Trigger.SETUP, world.now, "live")
    switched = world.stay()
    assert (switched.trigger, switched.at, world.state("ida")) == (Trigger.SWITCH, world.now, "live")
    shown = changes.preview(world.service, changes.ChangePaidChildren(30), world.now)
    changes.confirm(world.service, changes.ChangePaidChildren(30), shown.fingerprint, OPERATOR, world.now)
    spaces = scope(Run, world.service).latest("pk")
    assert (spaces.trigger, spaces.at, spaces.paid_children) == (Trigger.SPACES, world.now, 30)
    with world.at_once() as carried:
        world.choose("ida", ChoiceKind.DONT_ADD)
    assert carried == [(Trigger.CHOICE, OPERATOR.label)]
    asked = lifecycle.sync_now(world.service, OPERATOR, world.now)
    assert asked is not None
    assert (asked.trigger, asked.started_by) == (Trigger.NOW, OPERATOR.label)


def test_a_run_asked_for_is_due_even_when_the_call_is_lost(world: World) -> None:
    """R15."""
    world.enrol("Ana")
    world.set_up()
    world.choose("ana", ChoiceKind.DONT_ADD)  # the test's transaction never ends, so nobody is called
    assert world.is_due()
    run = world.sync()
    assert run is not None
    assert (run.trigger, run.started_by) == (Trigger.CHOICE, OPERATOR.label)
    assert not world.is_due()
    assert world.sync() is None
