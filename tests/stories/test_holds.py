"""Runs that would archive too much at once are held until a person looks."""

from __future__ import annotations

import pytest

from parkway.domain import Limits, Refused
from parkway.sync import integrations
from parkway.sync.commands import changes, choices
from parkway.sync.commands.changes import PlanChanged
from parkway.sync.models import Notice, RunState, Trigger
from parkway.tenancy.people import OPERATOR

from .world import LONG_AGO, World, days

pytestmark = pytest.mark.django_db


def test_a_run_that_would_archive_everybody_is_held_until_approved(world: World) -> None:
    """D12."""
    world.enrol_several(2)
    world.set_up()
    for name in ("kid00", "kid01"):
        world.leave(name)
    run = world.sync()
    assert run is not None
    assert run.state == RunState.HELD
    assert "all 2 live profiles" in run.message
    assert world.live() == 2
    assert integrations.held_run(world.service) == run
    assert Notice.objects.filter(text=run.message, settled_at=None).count() == 1
    approved = changes.confirm(
        world.service, changes.Approve(), run.fingerprint, OPERATOR, world.now + days(0)
    )
    assert (approved.state, approved.counts["archive"], world.live()) == (RunState.DONE, 2, 0)
    assert not Notice.objects.filter(settled_at=None).exists()


def test_nothing_at_all_of_a_held_run_is_applied(world: World) -> None:
    """D12."""
    names = world.enrol_several(10)
    world.set_up()
    before = world.snapshot()
    for name in names[:4]:
        world.leave(name)
    world.enrol("New")
    world.amend(names[9], first_name="Renamed")
    run = world.sync()
    assert run is not None
    assert run.state == RunState.HELD
    assert "4 of the 10" in run.message
    after = world.snapshot()
    assert (after["profiles"], after["links"]) == (before["profiles"], before["links"])


def test_a_plan_that_changed_is_not_the_one_approved(world: World) -> None:
    """D12."""
    names = world.enrol_several(10)
    world.set_up()
    for name in names[:4]:
        world.leave(name)
    held = world.sync()
    assert held is not None
    world.leave(names[4])
    with pytest.raises(PlanChanged) as changed:
        changes.confirm(world.service, changes.Approve(), held.fingerprint, OPERATOR, world.now)
    assert world.live() == 10
    changes.confirm(world.service, changes.Approve(), changed.value.plan.fingerprint, OPERATOR, world.now)
    assert world.live() == 5


def test_reject_keeps_those_children_and_applies_the_rest(world: World) -> None:
    """D12."""
    names = world.enrol_several(10)
    world.set_up()
    for name in names[:4]:
        world.leave(name)
    world.archive(names[4])
    world.enrol("Newt")
    held = world.sync()
    assert held is not None
    assert held.state == RunState.HELD
    run = changes.confirm(world.service, changes.Reject(), held.fingerprint, OPERATOR, world.now)
    assert (run.state, run.trigger, run.counts["archive"], run.counts["create"]) == (
        RunState.DONE,
        "rejection",
        0,
        1,
    )
    assert run.converged
    assert world.live() == 11
    assert {world.decided(name)[1] for name in names[:5]} == {"kept"}
    assert f"{OPERATOR.label} rejected that" in world.why(names[0]).because
    later = world.sync_fully()
    assert later.state == RunState.DONE
    assert world.live() == 11
    choices.release(world.service, names[0], OPERATOR, world.now)
    world.sync()
    assert world.state(names[0]) == "archived"
    assert world.live() == 10


def test_a_rejection_of_a_plan_that_changed_does_nothing(world: World) -> None:
    """D12."""
    names = world.enrol_several(10)
    world.set_up()
    for name in names[:4]:
        world.leave(name)
    held = world.sync()
    assert held is not None
    world.leave(names[4])
    before = world.snapshot()
    with pytest.raises(PlanChanged):
        changes.confirm(world.service, changes.Reject(), held.fingerprint, OPERATOR, world.now)
    assert world.snapshot() == before


def test_both_limits_are_settings_and_a_share_below_them_goes_through(world: World) -> None:
    """D12."""
    names = world.enrol_several(16)
    world.set_up()
    for name in names[:3]:
        world.leave(name)
    run = world.sync()
    assert run is not None
    assert run.state == RunState.DONE
    for name in names[3:7]:
        world.leave(name)
    run = world.sync()
    assert run is not None
    assert run.state == RunState.HELD
    assert "4 of the 13" in run.message
    with pytest.raises(Refused, match="choose 0 to 100"):
        world.change(changes.ChangeLimits(Limits(3, 101)))
    run = world.change(changes.ChangeLimits(Limits(3, 50)))
    assert (run.state, run.trigger, world.live()) == (RunState.DONE, Trigger.LIMITS, 9)
    assert world.sync() is None


def test_confirming_a_switch_is_consent_to_its_plan(world: World) -> None:
    """D12."""
    world.enrol_several(6, until=LONG_AGO)
    world.enrol("Ana")
    world.set_up()
    world.stay()
    assert world.live() == 7
    run = world.let_leave()
    assert (run.state, run.counts["archive"], world.live()) == (RunState.DONE, 6, 1)
