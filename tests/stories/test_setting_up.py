"""Setting syncing up, and turning it off and on again, as stories of one service through real runs."""

from __future__ import annotations

from datetime import timedelta

import pytest

from parkway import domain
from parkway.domain import ChoiceKind, Refused
from parkway.storypark import verbs as storypark
from parkway.storypark.models import Profile
from parkway.sync.commands import changes, lifecycle, setup
from parkway.sync.commands.changes import PlanChanged
from parkway.sync.models import Link, Run
from parkway.sync.queries import setup_lists
from parkway.sync.queries.previews import plan_now
from parkway.tenancy.people import OPERATOR
from parkway.tenancy.scope import scope

from .world import LONG_AGO, World

pytestmark = pytest.mark.django_db


def test_nothing_syncs_before_set_up() -> None:
    """R1."""
    world = World(enabled=False)
    world.enrol("Ana")
    assert world.sync() is None
    lifecycle.enable(world.service, OPERATOR, world.now)
    world.later(days=2)
    assert world.sync() is None
    assert not world.is_due()
    with pytest.raises(Refused, match="set it up first"):
        lifecycle.sync_now(world.service, OPERATOR, world.now)
    assert world.live() == 0
    assert not Run.objects.exists()
    world.set_up()
    assert world.state("ana") == "live"


def test_set_up_happens_once(world: World) -> None:
    """R1."""
    world.enrol("Ana")
    world.set_up()
    with pytest.raises(Refused, match="set up already"):
        world.set_up()


def test_every_active_child_is_available(world: World) -> None:
    """R2."""
    world.enrol("Ana")
    world.enrol("Ben", since=world.today + timedelta(days=20))
    world.enrol("Caro", until=world.today - timedelta(days=20))
    assert world.listed() == {"ana", "ben", "caro"}
    run = world.set_up()
    assert run.counts["create"] == 3
    assert {world.state(name) for name in ("ana", "ben", "caro")} == {"live"}


def test_inactive_and_archived_children_are_not_available(world: World) -> None:
    """R3."""
    world.enrol("Ana")
    world.enrol("Ida", until=LONG_AGO)
    world.enrol("Nora", since=None)
    world.enrol("Ari")
    world.archive("ari")
    assert world.listed() == {"ana"}
    world.set_up()
    assert [world.state(name) for name in ("ida", "nora", "ari")] == [None, None, None]
    assert world.decided("ida") == ("leave_out", "inactive-leaves")
    assert world.decided("ari") == ("leave_out", "archived")


def test_start_syncing_needs_a_choice_for_every_child(world: World) -> None:
    """D23."""
    world.enrol("Ana")
    world.enrol("Mila")
    theirs = world.portfolio("Mila", born=None)
    with pytest.raises(Refused, match="1 child needs a choice"):
        world.set_up()
    assert world.integration.stage == "enabled"
    assert world.live() == 1
    world.set_up({"mila": domain.Choice(ChoiceKind.PROFILE, theirs.reference)})
    assert world.profile_of("mila").pk == theirs.pk


def test_the_first_run_is_the_summary_that_was_confirmed(world: World) -> None:
    """B1."""
    world.enrol("Ana")
    setup.accept_proposals(world.service, OPERATOR, world.now)
    shown = setup_lists.look_at_set_up(world.service, world.now).plan
    world.amend("ana", last_name="Tūhoe")
    with pytest.raises(PlanChanged):
        changes.confirm(world.service, changes.StartSyncing(), shown.fingerprint, OPERATOR, world.now)
    assert (world.integration.stage, world.live()) == ("enabled", 0)
    shown = setup_lists.look_at_set_up(world.service, world.now).plan
    run = changes.confirm(world.service, changes.StartSyncing(), shown.fingerprint, OPERATOR, world.now)
    assert (run.counts["create"], world.profile_of("ana").last_name) == (1, "Tūhoe")


def test_links_that_were_taken_over_are_marked_when_syncing_starts(world: World) -> None:
    """D15, R14."""
    world.enrol("Ana")
    theirs = world.portfolio("Ana")
    Link.objects.create(service=world.service, child_id="ana", profile_id=theirs.reference)
    assert world.profile_of("ana").managed_link == ""
    world.set_up()
    assert world.profile_of("ana").managed_link.endswith("/children/ana")


def test_turning_off_stops_runs_and_unlocks_and_on_again_uses_the_links(world: World) -> None:
    """D15."""
    world.enrol("Ana")
    world.enrol("Mila")
    world.set_up()
    before = world.snapshot()
    with pytest.raises(Refused, match="managed in Manage"):
        storypark.amend_profile(world.profile_of("ana"), first_name="Anna", by=OPERATOR, now=world.now)

    changes.confirm(world.service, changes.TurnOff(), "", OPERATOR, world.now)
    storypark.amend_profile(world.profile_of("ana"), first_name="Anna", by=OPERATOR, now=world.now)
    world.leave("mila")
    world.later(days=3)
    assert world.sync() is None
    assert world.state("mila") == "live"
    after = world.snapshot()
    assert (after["links"], after["entries"]) == (before["links"], before["entries"])

    world.book("mila", world.today)
    shown = plan_now(world.service, world.now)
    changes.confirm(world.service, changes.TurnOn(), shown.fingerprint, OPERATOR, world.now)
    assert world.snapshot()["links"] == before["links"]
    assert world.profile_of("ana").first_name == "Ana"
    assert scope(Profile, world.service).count() == 2
    for name in ("ana", "mila"):
        with pytest.raises(Refused, match="managed in Manage"):
            storypark.amend_profile(world.profile_of(name), first_name="Anna", by=OPERATOR, now=world.now)
