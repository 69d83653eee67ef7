"""Who gets a space when the plan is full, and how the plan changes."""

from __future__ import annotations

from datetime import date

import pytest

from parkway.domain import Refused
from parkway.storypark import verbs as storypark
from parkway.storypark.models import Account
from parkway.sync.commands import changes
from parkway.sync.commands.changes import PlanChanged
from parkway.sync.models import Trigger
from parkway.sync.queries import file_plan
from parkway.sync.queries.previews import plan_now
from parkway.tenancy.people import OPERATOR

from .world import LONG_AGO, SINCE, World, days

pytestmark = pytest.mark.django_db


def test_only_as_many_are_synced_as_the_service_pays_for() -> None:
    """R10."""
    world = World(paid=2)
    for day, name in enumerate(("Ana", "Ben", "Caro")):
        world.enrol(name, since=date(2026, 2, 3 + day))
    run = world.set_up()
    assert (run.counts["create"], run.counts["wait"], run.waiting) == (2, 1, 1)
    assert world.live() == 2
    assert world.decided("caro") == ("wait", "no-space")


def test_nobody_is_evicted_to_make_room() -> None:
    """R10."""
    world = World(paid=1)
    world.enrol("Ida", until=LONG_AGO)
    world.set_up()
    world.stay()
    assert world.state("ida") == "live"
    world.enrol("Ana")
    world.sync()
    assert world.state("ida") == "live"
    assert world.waiting() == ["ana"]


def test_parkway_never_buys_and_new_spaces_are_filled_at_once() -> None:
    """R11."""
    world = World(paid=1)
    world.enrol("Ana")
    world.enrol("Ben")
    world.set_up()
    for _ in range(3):
        world.later(days=1)
        world.sync()
    assert Account.objects.get(service=world.service).paid_children == 1
    [waits] = world.waiting()
    shown = changes.preview(world.service, changes.ChangePaidChildren(2), world.now)
    assert [d.child_id for d in shown.actions()] == [waits]
    run = changes.confirm(
        world.service, changes.ChangePaidChildren(2), shown.fingerprint, OPERATOR, world.now
    )
    assert run is not None
    assert (run.trigger, run.started_by) == (Trigger.SPACES, OPERATOR.label)
    assert world.state(waits) == "live"
    assert world.waiting() == []


def test_a_plan_change_applies_what_it_showed() -> None:
    """B1."""
    world = World("Crowded", paid=1)
    world.enrol("Ana")
    world.enrol("Ben")
    world.enrol("Cara")
    world.set_up()
    shown = changes.preview(world.service, changes.ChangePaidChildren(2), world.now)
    assert [d.child_id for d in shown.actions()] == ["ben"]
    world.archive("ana")
    with pytest.raises(PlanChanged) as changed:
        changes.confirm(world.service, changes.ChangePaidChildren(2), shown.fingerprint, OPERATOR, world.now)
    assert (world.live(), storypark.account(world.service).paid_children) == (1, 1)
    again = changed.value.plan.fingerprint
    run = changes.confirm(world.service, changes.ChangePaidChildren(2), again, OPERATOR, world.now)
    assert (run.trigger, run.paid_children, run.counts["create"]) == (Trigger.SPACES, 2, 2)
    with pytest.raises(Refused, match="Archive 1 in Manage"):
        changes.confirm(world.service, changes.ChangePaidChildren(1), again, OPERATOR, world.now)


def test_a_restore_takes_the_space_that_an_archive_of_the_same_run_frees() -> None:
    """D4."""
    world = World(paid=2)
    for name in ("Ana", "Ben", "Caro"):
        world.enrol(name, since=None if name == "Caro" else SINCE)
    world.set_up()
    world.leave("ben")
    world.sync()
    world.book("caro", world.today)
    world.sync()
    assert (world.state("ben"), world.state("caro"), world.live()) == ("archived", "live", 2)
    world.book("ben", world.today)
    world.sync()
    assert world.decided("ben") == ("wait", "no-space")
    assert world.state("ben") == "archived"
    world.leave("caro")
    run = world.sync()
    assert run is not None
    assert (run.counts["archive"], run.counts["restore"]) == (1, 1)
    assert (world.state("ben"), world.live()) == ("live", 2)


def test_who_gets_the_spaces() -> None:
    """D5."""
    world = World(paid=3)
    for name in ("Ana", "Rac", "Ria"):
        world.enrol(name)
    world.set_up()
    for name in ("rac", "ria"):
        world.leave(name)
    world.sync()
    world.plan_reduced_to(1)
    world.enrol("Cac2", since=world.today + days(20))
    world.enrol("Cac1", since=world.today + days(10))
    world.enrol("Cia", until=LONG_AGO)
    world.enrol("Aaa", since=None)
    world.book("rac", world.today + days(30))
    run = world.stay()
    assert run.waiting == 6
    assert world.waiting() == ["rac", "cac1", "cac2", "ria", "cia", "aaa"]
    assert "3rd in line" in world.why("cac2").because
    world.pay_for(3)
    world.sync()
    assert [world.state(name) for name in ("rac", "cac1", "cac2", "ria")] == [
        "live",
        "live",
        None,
        "archived",
    ]
    assert world.waiting() == ["cac2", "ria", "cia", "aaa"]


def test_more_live_profiles_than_paid_children(world: World) -> None:
    """D6."""
    world.enrol_several(5)
    world.set_up()
    world.plan_reduced_to(3)
    world.enrol("New")
    run = world.sync()
    assert run is not None
    assert (run.counts["archive"], run.counts["create"], run.waiting) == (0, 0, 1)
    assert (run.live_after, run.paid_children) == (5, 3)
    assert world.live() == 5
    with pytest.raises(Refused, match=r"5 live profiles.*only 2.*Archive 3 in Manage"):
        world.pay_for(2)


def test_who_waits_is_told_the_place_in_the_queue() -> None:
    """B7."""
    world = World(paid=1)
    for number, name in enumerate(("Ana", "Ben", "Cara")):
        world.enrol(name, since=world.today + days(number))
    world.set_up()
    assert world.waiting() == ["ben", "cara"]
    assert "1st in line" in world.why("ben").because
    assert "2nd in line" in world.why("cara").because
    shown = file_plan.as_json(plan_now(world.service, world.now))
    assert [d["position"] for d in shown["decisions"]] == [None, 1, 2]
