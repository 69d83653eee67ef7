"""Children who become Active and Inactive, and what follows for their profiles."""

from __future__ import annotations

from datetime import timedelta

import pytest

from parkway.domain import ChoiceKind
from parkway.manage import verbs as manage
from parkway.sync.commands import choices
from parkway.sync.models import Entry, Run
from parkway.sync.queries import explain
from parkway.tenancy.people import OPERATOR

from .world import LONG_AGO, WINDOW, World, days

pytestmark = pytest.mark.django_db


def test_a_synced_child_who_becomes_inactive_has_the_profile_archived(world: World) -> None:
    """R4."""
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


def test_a_synced_child_who_is_archived_in_manage_has_the_profile_archived(world: World) -> None:
    """R4."""
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


def test_a_child_who_becomes_active_is_synced_automatically(world: World) -> None:
    """R5."""
    world.enrol("Ana")
    world.enrol("Ida", until=LONG_AGO)
    world.set_up()
    world.book("ida", world.today + timedelta(days=30))
    world.sync()
    assert world.state("ida") == "live"
    assert world.decided("ida") == ("create", "active")


def test_time_alone_brings_a_child_into_the_window(world: World) -> None:
    """R5."""
    world.enrol("Ana")
    world.enrol("Ida", since=world.today + timedelta(days=WINDOW + 10))
    world.set_up()
    world.later(days=9)
    world.sync()
    assert world.state("ida") is None
    world.later(days=1)
    world.sync()
    assert world.state("ida") == "live"


def test_a_new_child_with_a_booking_is_synced_automatically(world: World) -> None:
    """R5."""
    world.enrol("Ana")
    world.set_up()
    world.enrol("Ben")
    world.sync()
    assert world.state("ben") == "live"


def test_two_services_of_one_organisation_may_both_have_a_child(world: World) -> None:
    """D14."""
    other = World("Tōtara House", organisation=world.service.organisation)
    for each in (world, other):
        each.enrol("Ana")
        each.enrol("Ben")
        each.set_up()
    world.archive("ana")
    world.sync()
    assert (world.state("ana"), other.state("ana")) == ("archived", "live")
    assert world.profile_of("ana").pk != other.profile_of("ana").pk


def test_the_first_rule_that_applies_decides(world: World) -> None:
    """D24."""
    world.enrol("Ana")
    world.enrol("Mila")
    world.set_up()
    rules = []

    def run() -> None:
        world.sync()
        rules.append(world.decided("mila")[1])

    run()
    world.leave("mila")
    run()
    choices.keep_until(world.service, "mila", world.today + days(9), OPERATOR, world.now)
    run()
    world.stay()
    run()
    world.book("mila", world.today)
    run()
    world.archive("mila")
    run()
    world.choose("mila", ChoiceKind.DONT_ADD)
    run()
    manage.remove_child(world.child("mila"), by=OPERATOR, now=world.now)
    run()
    assert rules == [
        "active",
        "inactive-leaves",
        "keep-until",
        "inactive-stays",
        "active",
        "archived",
        "dont-add",
        "missing-from-source",
    ]
    assert explain.history(world.service, "mila").count() >= len(rules)
    assert Entry.objects.filter(current=True, child_id="mila").count() == 1
    assert Run.objects.filter(converged=False).count() == 0
