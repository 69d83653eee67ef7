"""The switch of the setting for Inactive children, priced before it is confirmed."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from parkway.domain import ChoiceKind, InactivePolicy, Step
from parkway.storypark import verbs as storypark
from parkway.storypark.models import Profile
from parkway.sync.commands import changes, choices
from parkway.sync.commands.changes import PlanChanged
from parkway.sync.models import Run, Trigger
from parkway.tenancy.people import OPERATOR
from parkway.tenancy.scope import scope

from .world import LONG_AGO, World, days

pytestmark = pytest.mark.django_db

STAY, LEAVE = InactivePolicy.STAY, InactivePolicy.LEAVE


def test_from_leave_to_stay(world: World) -> None:
    """R6."""
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
    storypark.delete_profile(world.profile_of("gone"), by=OPERATOR, now=world.now)
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


def test_under_stay_only_archiving_in_manage_archives_the_profile(world: World) -> None:
    """R7."""
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


def test_from_stay_to_leave_and_back_to_the_same_profile(world: World) -> None:
    """R8."""
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


@pytest.fixture
def before_a_switch() -> World:
    """One child to be restored, one to be created and one who will wait, if the service lets them stay."""
    world = World(paid=3)
    world.enrol("Ana")
    world.enrol("Rua", until=world.today)
    world.set_up()
    world.leave("rua")
    world.sync()
    world.enrol("Nia", until=LONG_AGO)
    world.enrol("Wai", until=LONG_AGO - days(1))
    world.sync()
    return world


def test_the_switch_is_priced_child_by_child_before_it_is_confirmed(before_a_switch: World) -> None:
    """R9, B1."""
    world = before_a_switch
    before = world.snapshot()
    shown = changes.preview(world.service, changes.SwitchPolicy(STAY), world.now)
    steps = {decision.child_id: decision.step for decision in shown.decisions}
    assert steps == {"ana": Step.NO_CHANGE, "rua": Step.RESTORE, "nia": Step.CREATE, "wai": Step.WAIT}
    assert shown.spaces == (3, 1, 3, 1)
    assert world.snapshot() == before, "looking changes nothing"
    run = changes.confirm(world.service, changes.SwitchPolicy(STAY), shown.fingerprint, OPERATOR, world.now)
    assert run.counts == {step.value: number for step, number in shown.counts().items()}
    assert (run.live_after, run.waiting, world.live()) == (3, 1, 3)
    back = changes.preview(world.service, changes.SwitchPolicy(LEAVE), world.now)
    assert [d.child_id for d in back.decisions if d.step is Step.ARCHIVE] == ["nia", "rua"]


def child_amended(world: World) -> None:
    world.amend("nia", first_name="Nyah")


def child_enrolled(world: World) -> None:
    world.enrol("Zoe")


def child_archived(world: World) -> None:
    world.archive("ana")


def profile_changed(world: World) -> None:
    storypark.amend_profile(world.portfolio("Nia"), last_name="Hohepa", by=OPERATOR, now=world.now)


def spaces_changed(world: World) -> None:
    world.pay_for(9)


def choice_changed(world: World) -> None:
    choices.choose(world.service, "nia", ChoiceKind.DONT_ADD, OPERATOR, world.now)


CHANGES = [child_amended, child_enrolled, child_archived, profile_changed, spaces_changed, choice_changed]


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
def test_what_changed_since_is_shown_and_confirmed_again(
    before_a_switch: World, change: Callable[[World], None]
) -> None:
    """B1."""
    world = before_a_switch
    shown = changes.preview(world.service, changes.SwitchPolicy(STAY), world.now)
    change(world)
    before = world.snapshot()
    with pytest.raises(PlanChanged) as changed:
        changes.confirm(world.service, changes.SwitchPolicy(STAY), shown.fingerprint, OPERATOR, world.now)
    assert world.snapshot() == before
    assert Run.objects.filter(trigger=Trigger.SWITCH).count() == 0
    now_shown = changed.value.plan
    assert now_shown.fingerprint != shown.fingerprint
    run = changes.confirm(
        world.service, changes.SwitchPolicy(STAY), now_shown.fingerprint, OPERATOR, world.now
    )
    assert run.counts == {step.value: number for step, number in now_shown.counts().items()}


def test_a_day_that_passes_alone_does_not_ask_again(before_a_switch: World) -> None:
    """B1."""
    world = before_a_switch
    shown = changes.preview(world.service, changes.SwitchPolicy(STAY), world.now)
    world.later(days=1)
    run = changes.confirm(world.service, changes.SwitchPolicy(STAY), shown.fingerprint, OPERATOR, world.now)
    assert run.counts["restore"] == 1
