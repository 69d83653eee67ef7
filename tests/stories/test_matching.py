"""Which profile is whose: the certain one, or the one that a person chooses."""

from __future__ import annotations

from datetime import date

import pytest

from parkway import domain
from parkway.domain import ChoiceKind, Refused
from parkway.storypark import verbs as storypark
from parkway.sync.commands import choices
from parkway.sync.models import Choice
from parkway.tenancy.people import OPERATOR
from parkway.tenancy.scope import scope

from .world import World

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("archived", [False, True])
def test_exactly_one_alike_with_the_same_birthday_is_linked(world: World, archived: bool) -> None:
    """D19."""
    world.enrol("Ana")
    world.set_up()
    theirs = world.portfolio("mania", "HOHEPA")
    if archived:
        storypark.archive_profile(theirs, by=OPERATOR, now=world.now)
    world.enrol("Mānia")
    run = world.sync()
    assert run is not None
    assert run.counts["create"] == 0
    assert world.profile_of("mānia").pk == theirs.pk
    assert world.state("mānia") == "live"
    assert world.profile_of("mānia").first_name == "Mānia"
    assert world.decided("mānia")[0] == ("restore" if archived else "link")


@pytest.mark.parametrize("born", [None, date(2022, 4, 3)])
def test_please_check_sticks_until_somebody_chooses(world: World, born: date | None) -> None:
    """D19."""
    world.enrol("Ana")
    world.set_up()
    alike = world.portfolio("Mila", born=born)
    world.enrol("Mila")
    for _ in range(3):
        world.sync_fully()
        assert world.decided("mila") == ("hold", "please-check")
    storypark.amend_profile(alike, first_name="Somebody", last_name="Else", by=OPERATOR, now=world.now)
    world.later(days=2)
    world.sync_fully()
    assert world.decided("mila") == ("hold", "please-check")
    assert world.profile("mila") is None
    world.choose("mila", ChoiceKind.NEW)
    world.sync()
    assert world.state("mila") == "live"
    assert world.profile_of("mila").pk != alike.pk


def test_two_seekers_alike_to_one_profile_are_both_asked(world: World) -> None:
    """D19."""
    world.enrol("Ana")
    world.set_up()
    alike = world.portfolio("Mila")
    for child_id in ("mila-1", "mila-2"):
        world.enrol("Mila", child_id=child_id)
    world.sync()
    assert [world.decided(f"mila-{n}")[0] for n in (1, 2)] == ["hold", "hold"]
    world.choose("mila-1", ChoiceKind.PROFILE, alike)
    world.choose("mila-2", ChoiceKind.NEW)
    world.sync()
    assert world.profile_of("mila-1").pk == alike.pk
    assert world.profile_of("mila-2").pk != alike.pk


def test_twins_with_different_first_names_are_not_alike(world: World) -> None:
    """D19."""
    world.enrol("Ana")
    world.set_up()
    world.portfolio("Tama")
    world.enrol("Hana")
    world.sync()
    assert world.decided("hana")[0] == "create"


def test_a_choice_is_kept_while_the_child_waits_and_beats_what_is_alike(world: World) -> None:
    """D23."""
    world.enrol("Ana")
    world.set_up()
    alike = world.portfolio("Mila")
    world.plan_reduced_to(2)
    choices.store(world.service, {"mila": domain.Choice(ChoiceKind.NEW)}, OPERATOR, world.now)
    world.enrol("Mila")
    for _ in range(2):
        world.sync_fully()
        assert world.decided("mila") == ("wait", "no-space")
        assert scope(Choice, world.service).get().kind == "new"
    world.pay_for(3)
    world.sync()
    assert world.decided("mila")[0] == "create"
    assert world.profile_of("mila").pk != alike.pk
    assert not scope(Choice, world.service).exists()


def test_two_children_cannot_take_one_profile(world: World) -> None:
    """D23."""
    world.enrol("Ana")
    world.set_up()
    world.enrol("Ben")
    world.enrol("Caro")
    theirs = world.portfolio("Somebody", "Else")
    world.choose("ben", ChoiceKind.PROFILE, theirs)
    with pytest.raises(Refused, match="Two children"):
        world.choose("caro", ChoiceKind.PROFILE, theirs)
    with pytest.raises(Refused, match="Two children"):
        world.choose("caro", ChoiceKind.PROFILE, world.profile_of("ana"))
