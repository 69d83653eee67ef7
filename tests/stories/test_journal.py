"""Why each child has a live profile or none, on any day."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date, timedelta

import pytest

from parkway.domain import ChoiceKind
from parkway.manage import verbs as manage
from parkway.sync.models import Entry
from parkway.sync.queries import explain
from parkway.tenancy.people import OPERATOR
from parkway.tenancy.scope import scope
from parkway.tenancy.verbs import change_service

from .world import LONG_AGO, World, days

pytestmark = pytest.mark.django_db


def test_nothing_is_written_while_nothing_changes(world: World) -> None:
    """B2."""
    world.plan_reduced_to(2)
    world.enrol("Ana", until=world.today + days(200))
    world.enrol("Ben", since=world.today - days(3))
    world.enrol("Ida", until=LONG_AGO)
    world.enrol("Wai", since=world.today + days(2))
    world.enrol("Rua")
    world.set_up()
    world.archive("rua")
    world.sync()
    written = world.entries()
    for _ in range(5):
        world.later(days=1)
        world.sync_fully()
    assert world.entries() == written


def test_one_entry_when_the_decision_changes(world: World) -> None:
    """B2."""
    world.enrol("Ana")
    world.enrol("Mila")
    world.set_up()

    def written(change: Callable[[], object]) -> list[tuple[str, str]]:
        before = set(scope(Entry, world.service).values_list("pk", flat=True))
        change()
        world.sync_fully()
        world.sync_fully()
        new = scope(Entry, world.service).exclude(pk__in=before).order_by("pk")
        assert {entry.child_id for entry in new} <= {"mila"}
        return list(new.values_list("step", "rule"))

    assert written(lambda: world.amend("mila", gender="female")) == [("update", "active")]
    assert written(lambda: world.leave("mila")) == [("archive", "inactive-leaves")]
    assert written(lambda: world.archive("mila")) == [("leave_out", "archived")]
    assert written(lambda: world.unarchive("mila")) == [("leave_out", "inactive-leaves")]
    assert written(lambda: world.book("mila", world.today)) == [("restore", "active")]
    assert written(lambda: world.choose("mila", ChoiceKind.DONT_ADD)) == [("leave_out", "dont-add")]


def test_an_entry_when_only_the_facts_stated_change(world: World) -> None:
    """B2."""
    world.enrol("Ana", until=world.today + days(5))
    world.enrol("Rua", until=world.today + days(5))
    world.set_up()
    world.choose("rua", ChoiceKind.DONT_ADD)
    world.sync()
    written = world.entries()
    [booking] = world.child("ana").bookings.all()
    manage.end_booking(booking, world.today + days(9), by=OPERATOR, now=world.now)
    world.sync()
    assert world.entries() == written + 1
    assert json.loads(world.why("ana").facts)["booked_until"] == str(world.today + days(9))
    assert world.decided("ana") == ("keep", "active")

    # a narrower window moves the day on which both labels change: a fact that their entries state
    change_service(world.service, lookback_days=42, by=OPERATOR, now=world.now)
    world.sync()
    assert world.entries() == written + 3
    assert world.why("ana").next_change == world.today + days(9 + 42 + 1)
    assert world.why("rua").next_change == world.child("rua").next_change

    world.leave("rua")
    world.sync()
    assert (world.why("rua").status, world.decided("rua")) == ("Inactive", ("leave_out", "dont-add"))


def test_a_setting_that_decides_nothing_for_a_child_writes_no_entry(world: World) -> None:
    """B2."""
    world.enrol("Ana")
    world.set_up()
    written = world.entries()
    world.stay()
    assert world.entries() == written


def test_the_sentence_has_the_facts_and_the_run_tells_who_when_and_what(world: World) -> None:
    """B2."""
    world.enrol("Ana")
    world.enrol("Mānaia", until=date(2026, 9, 28), child_id="m")
    world.set_up()
    world.sync()
    entry = world.why("m")
    assert entry.because == (
        "Mānaia's last booking ended on 28 September, more than 8 weeks ago, "
        "and this service lets Inactive children leave Storypark."
    )
    assert (entry.status, entry.rule) == ("Inactive", "inactive-leaves")
    world.stay()
    entry = world.why("m")
    assert (entry.run.trigger, entry.run.started_by, entry.at) == ("switch", OPERATOR.label, world.now)
    assert entry.profile_id == world.profile_of("m").reference


def test_a_date_means_its_end_in_the_services_time_zone() -> None:
    """B2."""
    auckland = World()
    perth = World("Quandong", zone="Australia/Perth")
    for world in (auckland, perth):
        world.enrol("Ana")
        world.enrol("Mila")
        world.set_up()
        world.leave("mila")
        # still the 24th in Perth, already the 25th in Auckland
        world.now = world.now.replace(hour=12)
        world.sync()
    day = date(2026, 11, 24)
    assert auckland.why("mila", on=day).step == "create"
    assert auckland.why("mila", on=day + days(1)).step == "archive"
    assert perth.why("mila", on=day).step == "archive"
    assert explain.why(perth.service, "mila", day - days(1)) is None


def test_the_last_instant_of_a_day_belongs_to_it(world: World) -> None:
    """B2."""
    world.enrol("Ana")
    world.enrol("Mila")
    world.set_up()
    midnight = world.service.end_of(world.today)
    day = world.today
    for now, leave in ((midnight - timedelta(microseconds=1), "ana"), (midnight, "mila")):
        world.amend(leave, gender="female")
        world.now = now - timedelta(minutes=1)
        world.sync()
    assert (world.why("ana", on=day).step, world.why("mila", on=day).step) == ("update", "create")
    assert world.why("mila", on=day + days(1)).step == "update"


def test_what_was_decided_for_a_child_who_is_gone_stands_no_more() -> None:
    """B2."""
    world = World(paid=1)
    world.enrol("Ana")
    world.enrol("Wai")
    world.set_up()
    assert world.decided("wai") == ("wait", "no-space")
    manage.remove_child(world.child("wai"), by=OPERATOR, now=world.now)
    world.sync()
    assert world.decided("wai") == ("leave_out", "missing-from-source")
    assert world.why("wai").because == "Manage no longer lists this child."
    written = world.entries()
    world.sync_fully()
    assert world.entries() == written
    # somebody else with the same id, in the next intake
    world.pay_for(2)
    world.sync()
    world.enrol("Wai")
    run = world.sync()
    assert run is not None
    assert {step: number for step, number in run.counts.items() if number} == {"create": 1, "keep": 1}
    assert world.decided("wai") == ("create", "active")


def test_a_held_run_tells_what_it_decided_for_everybody(world: World) -> None:
    """B2."""
    names = world.enrol_several(4)
    world.set_up()
    for name in names:
        world.leave(name)
    world.enrol("Rua")
    world.archive("rua")
    world.sync()
    assert [world.decided(name)[0] for name in names] == ["hold"] * 4
    assert "On hold: This would archive all 4" in world.why(names[0]).because
    assert world.decided("rua") == ("leave_out", "archived")
    written = world.entries()
    world.later(days=1)
    world.sync_fully()
    assert world.entries() == written
