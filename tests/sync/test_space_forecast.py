"""What the Account page asks of syncing: the queue, the spaces needed, changing the paid children."""

from __future__ import annotations

from datetime import timedelta

import pytest

from parkway.domain import ChoiceKind, Refused
from parkway.storypark import verbs as storypark
from parkway.sync.commands import changes, lifecycle
from parkway.sync.queries import explain, space_forecast
from parkway.tenancy.models import RoleName
from parkway.tenancy.people import OPERATOR
from tests.stories.world import LONG_AGO, WINDOW, World

pytestmark = pytest.mark.django_db


def test_the_queue_has_positions_reasons_and_since_when() -> None:
    """B7."""
    world = World(paid=1)
    for name in ("Ana", "Ben", "Caro"):
        world.enrol(name)
    world.set_up()
    began = world.now
    world.later(days=3)
    world.enrol("Dan", since=world.today + timedelta(days=9))
    world.sync()
    seen = space_forecast.space_forecast(world.service, world.now)
    assert [(w.decision.child_id, w.decision.position, w.since) for w in seen.waiting] == [
        ("ben", 1, began),
        ("caro", 2, began),
        ("dan", 3, world.now),
    ]
    assert seen.waiting[0].belongs.startswith("Ben is Active in Manage, booked from")
    assert (seen.active, seen.inactive, seen.others, seen.needed_now) == (4, 0, 0, 4)


def test_waiting_anew_counts_from_the_last_time() -> None:
    """B7."""
    world = World(paid=1)
    world.enrol("Ana")
    world.enrol("Ben")
    world.set_up()
    world.later(days=1)
    world.leave("ben")
    world.sync()
    world.later(days=1)
    world.book("ben", world.today)
    world.sync()
    [waits] = space_forecast.space_forecast(world.service, world.now).waiting
    assert waits.since == world.now


def test_counts_active_and_under_stay_inactive_children_and_every_other_live_profile() -> None:
    """R11."""
    world = World()
    world.enrol("Ana")
    world.enrol("Ida", until=LONG_AGO)
    world.enrol("Zoe")
    world.portfolio("Somebody", "Else")
    world.set_up()
    seen = space_forecast.space_forecast(world.service, world.now)
    assert (seen.active, seen.inactive, seen.others, seen.needed_now) == (2, 0, 1, 3)
    world.stay()
    world.choose("zoe", ChoiceKind.DONT_ADD)  # the profile stays as it is, and takes its space
    seen = space_forecast.space_forecast(world.service, world.now)
    assert (seen.active, seen.inactive, seen.others, seen.needed_now) == (1, 1, 2, 4)


def test_a_child_to_check_takes_no_space_yet() -> None:
    """R11."""
    world = World()
    world.enrol("Ana")
    world.set_up()
    world.portfolio("Ben", born=None)
    world.enrol("Ben")
    world.sync()
    seen = space_forecast.space_forecast(world.service, world.now)
    assert (seen.active, seen.to_check, seen.others, seen.needed_now) == (2, 1, 1, 2)


def test_the_spaces_needed_in_the_coming_weeks() -> None:
    """B7."""
    world = World(paid=2)
    world.enrol("Ana")
    world.enrol("Ben", until=world.today - timedelta(days=WINDOW - 10))
    soon = world.today + timedelta(days=WINDOW + 5)
    world.enrol("Caro", since=soon)
    world.enrol("Dan", since=soon)
    world.set_up()
    seen = space_forecast.space_forecast(world.service, world.now)
    in_five, in_eleven = world.today + timedelta(days=5), world.today + timedelta(days=11)
    assert [tuple(need) for need in seen.needs] == [(world.today, 2), (in_five, 4), (in_eleven, 3)]
    assert (seen.runs_out_on, seen.most) == (in_five, (in_five, 4))


def test_the_child_of_a_profile_is_found_at_its_own_service_alone() -> None:
    world = World()
    world.enrol("Ana")
    world.set_up()
    reference = world.profile_of("ana").reference
    assert explain.child_of(world.service, reference) == "ana"
    assert explain.child_of(world.service, world.portfolio("Ben").reference) is None
    assert explain.child_of(World("Tōtara").service, reference) is None


def test_a_plan_change_applies_what_was_shown_and_no_other() -> None:
    """B1."""
    world = World(paid=1)
    for name in ("Ana", "Ben", "Caro"):
        world.enrol(name)
    world.set_up()
    shown = changes.preview(world.service, changes.ChangePaidChildren(2), world.now)
    world.archive("ben")
    before = world.snapshot()
    with pytest.raises(changes.PlanChanged) as changed:
        changes.confirm(world.service, changes.ChangePaidChildren(2), shown.fingerprint, OPERATOR, world.now)
    assert world.snapshot() == before
    assert storypark.account(world.service).paid_children == 1
    fresh = changed.value.plan.fingerprint
    with pytest.raises(changes.PlanChanged):
        changes.confirm(world.service, changes.ChangePaidChildren(3), fresh, OPERATOR, world.now)
    run = changes.confirm(world.service, changes.ChangePaidChildren(2), fresh, OPERATOR, world.now)
    assert run is not None
    assert (world.state("caro"), run.paid_children, run.live_after) == ("live", 2, 2)


def test_below_the_live_profiles_nothing_is_shown_or_changed() -> None:
    """D6."""
    world = World(paid=3)
    world.enrol("Ana")
    world.enrol("Ben")
    world.set_up()
    with pytest.raises(Refused, match="Archive 1 in Manage first"):
        changes.preview(world.service, changes.ChangePaidChildren(1), world.now)
    with pytest.raises(Refused, match="Archive 1 in Manage first"):
        changes.confirm(world.service, changes.ChangePaidChildren(1), "", OPERATOR, world.now)


def test_without_syncing_the_number_alone_is_changed() -> None:
    """R11."""
    world = World(enabled=False)
    assert changes.confirm(world.service, changes.ChangePaidChildren(7), "", OPERATOR, world.now) is None
    assert storypark.account(world.service).paid_children == 7


def test_what_was_shown_while_syncing_is_not_confirmed_once_it_is_off() -> None:
    """B1."""
    world = World(paid=1)
    world.enrol("Ana")
    world.enrol("Ben")
    world.set_up()
    shown = changes.preview(world.service, changes.ChangePaidChildren(2), world.now)
    changes.confirm(world.service, changes.TurnOff(), "", OPERATOR, world.now)
    with pytest.raises(Refused, match="turned off"):
        changes.confirm(world.service, changes.ChangePaidChildren(2), shown.fingerprint, OPERATOR, world.now)
    assert storypark.account(world.service).paid_children == 1


def test_the_plan_is_changed_by_admin_educators_even_where_educators_may_change_the_integration() -> None:
    """R11."""
    world = World(enabled=False)
    found = lifecycle.enable(world.service, OPERATOR, world.now)
    found.educators_may_change = True
    found.save()
    educator, admin = (
        world.person("Eru", RoleName.EDUCATOR),
        world.person("Aroha", RoleName.ADMIN_EDUCATOR),
    )
    with pytest.raises(Refused, match="Ask an admin educator"):
        changes.confirm(world.service, changes.ChangePaidChildren(30), "", educator, world.now)
    changes.confirm(world.service, changes.ChangePaidChildren(30), "", admin, world.now)
    assert storypark.account(world.service).paid_children == 30
