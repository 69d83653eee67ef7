"""The rules R1 to R8, R10, R11 and R15 as stories of one service, through real runs."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise

import pytest

from parkway.domain import ChoiceKind, Refused
from parkway.storypark import verbs as storypark
from parkway.storypark.models import Account, Profile
from parkway.sync.commands import changes, lifecycle
from parkway.sync.models import Run, Trigger
from parkway.sync.run import change_detection
from parkway.sync.run.pipeline import RunContext, run_sync
from parkway.tenancy.people import OPERATOR
from parkway.tenancy.scope import scope

from .world import LONG_AGO, WINDOW, World

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> World:
    return World()


def test_r1_nothing_syncs_before_set_up() -> None:
    world = World(enabled=False)
    world.enrol("Ana")
    assert world.sync() is None
    lifecycle.enable(world.service, OPERATOR)
    world.later(days=2)
    assert world.sync() is None
    assert not world.is_due()
    with pytest.raises(Refused, match="set it up first"):
        lifecycle.sync_now(world.service, OPERATOR, world.now)
    assert world.live() == 0
    assert not Run.objects.exists()
    world.set_up()
    assert world.state("ana") == "live"


def test_r1_set_up_happens_once(world: World) -> None:
    world.enrol("Ana")
    world.set_up()
    with pytest.raises(Refused, match="set up already"):
        world.set_up()


def test_r2_every_active_child_is_available(world: World) -> None:
    world.enrol("Ana")
    world.enrol("Ben", since=world.today + timedelta(days=20))
    world.enrol("Caro", until=world.today - timedelta(days=20))
    assert world.listed() == {"ana", "ben", "caro"}
    run = world.set_up()
    assert run.counts["create"] == 3
    assert {world.state(name) for name in ("ana", "ben", "caro")} == {"live"}


def test_r3_inactive_and_archived_children_are_not_available(world: World) -> None:
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


def test_r4_a_synced_child_who_becomes_inactive_has_the_profile_archived(world: World) -> None:
    world.enrol("Ana")
    last = world.today + timedelta(days=3)
    world.enrol("Mila", until=last)
    world.set_up()
    world.later(days=3 + WINDOW)
    world.sync()
    assert world.state("mila") == "live"
    world.later(days=1)
    run = world.sync()
    assert run is not None
    assert run.counts["archive"] == 1
    assert world.state("mila") == "archived"
    assert world.decided("mila") == ("archive", "inactive-leaves")
    assert world.state("ana") == "live"


def test_r4_a_synced_child_who_is_archived_in_manage_has_the_profile_archived(world: World) -> None:
    world.enrol("Ana")
    world.enrol("Mila")
    world.set_up()
    world.archive("mila")
    world.sync()
    profile = world.profile_of("mila")
    assert (profile.state, profile.archived_by, profile.archived_on) == (
        "archived",
        "integration",
        world.today,
    )
    assert world.decided("mila") == ("archive", "archived")


def test_r5_a_child_who_becomes_active_is_synced_automatically(world: World) -> None:
    world.enrol("Ana")
    world.enrol("Ida", until=LONG_AGO)
    world.set_up()
    world.book("ida", world.today + timedelta(days=30))
    world.sync()
    assert world.state("ida") == "live"
    assert world.decided("ida") == ("create", "active")


def test_r5_time_alone_brings_a_child_into_the_window(world: World) -> None:
    world.enrol("Ana")
    world.enrol("Ida", since=world.today + timedelta(days=WINDOW + 10))
    world.set_up()
    world.later(days=9)
    world.sync()
    assert world.state("ida") is None
    world.later(days=1)
    world.sync()
    assert world.state("ida") == "live"


def test_r5_a_new_child_with_a_booking_is_synced_automatically(world: World) -> None:
    world.enrol("Ana")
    world.set_up()
    world.enrol("Ben")
    world.sync()
    assert world.state("ben") == "live"


def test_r6_leave_to_stay(world: World) -> None:
    for name in ("Ana", "Sami", "Gone", "Ari"):
        world.enrol(name)
    world.enrol("Never", until=LONG_AGO)
    world.set_up()
    before = world.profile_of("sami")
    world.write("sami", "First steps")
    world.write("sami", "Unfinished", publish=False)
    for name in ("sami", "gone"):
        world.leave(name)
    world.archive("ari")
    run = world.sync()
    assert run is not None
    assert run.counts["archive"] == 3
    storypark.delete_profile(world.profile_of("gone"))
    tombstone = world.profile_of("gone").reference

    world.later(days=1)
    run = world.stay()

    assert (run.counts["restore"], run.counts["create"]) == (1, 2)
    assert world.profile_of("sami") == before
    assert world.stories("sami") == [("First steps", "published"), ("Unfinished", "draft")]
    assert world.decided("sami") == ("restore", "inactive-stays")
    assert world.state("gone") == "live"
    assert world.profile_of("gone").reference != tombstone
    assert world.state("never") == "live"
    assert world.state("ana") == "live"
    assert world.state("ari") == "archived"


def test_r7_under_stay_only_archiving_in_manage_archives_the_profile(world: World) -> None:
    world.enrol("Ana")
    world.enrol("Mila", until=world.today)
    world.set_up()
    world.stay()
    for _ in range(4):
        world.later(days=40)
        world.sync()
    assert world.status("mila") == "Inactive"
    assert world.state("mila") == "live"
    assert world.decided("mila") == ("keep", "inactive-stays")
    world.archive("mila")
    world.sync()
    assert world.state("mila") == "archived"


def test_r8_stay_to_leave_and_back_to_the_same_profile(world: World) -> None:
    world.enrol("Ana")
    world.enrol("Ben")
    world.enrol("Ida", until=LONG_AGO)
    world.set_up()
    world.stay()
    before = world.profile_of("ida")
    world.write("ida", "At the beach")
    world.write("ida", "A draft", publish=False)
    assert "ida" in world.available()

    run = world.let_leave()

    assert run.counts["archive"] == 1
    assert world.state("ida") == "archived"
    assert "ida" not in world.available()
    assert {world.state("ana"), world.state("ben")} == {"live"}

    world.book("ida", world.today)
    world.sync()
    assert world.decided("ida") == ("restore", "active")
    after = world.profile_of("ida")
    assert (after.pk, after.reference, after.state) == (before.pk, before.reference, "live")
    assert world.stories("ida") == [("A draft", "draft"), ("At the beach", "published")]
    assert scope(Profile, world.service).count() == 3


def test_r10_only_as_many_are_synced_as_the_service_pays_for() -> None:
    world = World(paid=2)
    for day, name in enumerate(("Ana", "Ben", "Caro")):
        world.enrol(name, since=date(2026, 2, 3 + day))
    run = world.set_up()
    assert (run.counts["create"], run.counts["wait"], run.waiting) == (2, 1, 1)
    assert world.live() == 2
    assert world.decided("caro") == ("wait", "no-space")


def test_r10_nobody_is_evicted_to_make_room() -> None:
    world = World(paid=1)
    world.enrol("Ida", until=LONG_AGO)
    world.set_up()
    world.stay()
    assert world.state("ida") == "live"
    world.enrol("Ana")
    world.sync()
    assert world.state("ida") == "live"
    assert world.waiting() == ["ana"]


def test_r11_parkway_never_buys_and_new_spaces_are_filled_at_once() -> None:
    world = World(paid=1)
    world.enrol("Ana")
    world.enrol("Ben")
    world.set_up()
    for _ in range(3):
        world.later(days=1)
        world.sync()
    assert Account.objects.get(service=world.service).paid_children == 1
    [waits] = world.waiting()
    shown = changes.preview_paid_children(world.service, 2, world.now)
    assert [d.child_id for d in shown.actions()] == [waits]
    run = changes.change_paid_children(world.service, 2, shown.fingerprint, OPERATOR, world.now)
    assert run is not None
    assert (run.trigger, run.started_by) == (Trigger.SPACES, OPERATOR.label)
    assert world.state(waits) == "live"
    assert world.waiting() == []


def test_r15_every_twelve_hours(world: World) -> None:
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


def test_r15_a_fleet_that_caught_up_at_one_moment_is_spread_over_the_twelve_hours(world: World) -> None:
    turns = sorted(change_detection.next_turn(key, world.now) - world.now for key in range(1001, 1501))
    assert timedelta(0) < turns[0] <= turns[-1] <= timedelta(hours=12)
    gaps = [later - earlier for earlier, later in pairwise(turns)]
    assert max(gaps) < 3 * timedelta(hours=12) / 500, (
        "nobody comes at once with many others, nowhere is a gap"
    )
    assert change_detection.next_turn(7, world.now) == change_detection.next_turn(
        7, change_detection.next_turn(7, world.now) - timedelta(seconds=1)
    )


def test_r15_at_once_after_set_up_switch_spaces_and_sync_now(world: World) -> None:
    world.enrol("Ana")
    world.enrol("Ida", until=LONG_AGO)
    first = world.set_up()
    assert (first.trigger, first.at, world.state("ana")) == (Trigger.SETUP, world.now, "live")
    switched = world.stay()
    assert (switched.trigger, switched.at, world.state("ida")) == (Trigger.SWITCH, world.now, "live")
    shown = changes.preview_paid_children(world.service, 30, world.now)
    changes.change_paid_children(world.service, 30, shown.fingerprint, OPERATOR, world.now)
    spaces = scope(Run, world.service).latest("pk")
    assert (spaces.trigger, spaces.at, spaces.paid_children) == (Trigger.SPACES, world.now, 30)
    with world.at_once() as carried:
        world.choose("ida", ChoiceKind.DONT_ADD)
    assert carried == [(Trigger.CHOICE, OPERATOR.label)]
    asked = lifecycle.sync_now(world.service, OPERATOR, world.now)
    assert asked is not None
    assert (asked.trigger, asked.started_by) == (Trigger.NOW, OPERATOR.label)


def test_r15_a_run_asked_for_is_due_even_when_the_call_is_lost(world: World) -> None:
    world.enrol("Ana")
    world.set_up()
    world.choose("ana", ChoiceKind.DONT_ADD)  # the test's transaction never ends, so nobody is called
    assert world.is_due()
    run = world.sync()
    assert run is not None
    assert (run.trigger, run.started_by) == (Trigger.CHOICE, OPERATOR.label)
    assert not world.is_due()
    assert world.sync() is None
