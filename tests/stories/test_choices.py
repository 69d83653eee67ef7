"""What a person chooses for one child: don't add, and keep until a day."""

from __future__ import annotations

from datetime import timedelta

import pytest

from parkway import domain
from parkway.domain import ChoiceKind, Refused
from parkway.sync.commands import choices
from parkway.tenancy.people import OPERATOR

from .world import World, days

pytestmark = pytest.mark.django_db


def test_dont_add_is_honoured_under_both_settings(world: World) -> None:
    """D9."""
    world.enrol("Ana")
    world.enrol("Rua")
    world.set_up({"rua": domain.Choice(ChoiceKind.DONT_ADD)})
    assert world.state("rua") is None
    assert world.decided("rua") == ("leave_out", "dont-add")
    world.leave("rua")
    world.stay()
    assert world.state("rua") is None
    world.let_leave()
    world.book("rua", world.today)
    world.sync()
    assert world.state("rua") is None
    choices.release(world.service, "rua", OPERATOR, world.now)
    world.sync()
    assert world.state("rua") == "live"


def test_dont_add_for_a_synced_child_lets_the_link_rest(world: World) -> None:
    """D9."""
    world.enrol("Ana")
    world.enrol("Rua")
    world.set_up()
    before = world.profile_of("rua")
    world.choose("rua", ChoiceKind.DONT_ADD)
    world.amend("rua", first_name="Ruaidhri")
    world.leave("rua")
    world.sync()
    after = world.profile_of("rua")
    assert (after.pk, after.state, after.first_name) == (before.pk, "live", "Rua")


def test_keep_until_a_day_that_day_included(world: World) -> None:
    """B4."""
    world.enrol("Ana")
    world.enrol("Mila")
    world.set_up()
    last = world.today + days(4)
    choices.keep_until(world.service, "mila", last, OPERATOR, world.now)
    world.leave("mila")
    world.sync()
    assert (world.state("mila"), world.decided("mila")) == ("live", ("keep", "keep-until"))
    assert f"until {last.day} November" in world.why("mila").because
    world.now = world.service.end_of(last) - timedelta(minutes=2)
    world.sync()
    assert world.state("mila") == "live"
    world.sync()
    assert (world.state("mila"), world.decided("mila")) == ("archived", ("archive", "inactive-leaves"))


def test_keep_until_brings_an_archived_profile_back_and_takes_a_space_like_everyone() -> None:
    """B4."""
    world = World(paid=1)
    world.enrol("Ana", since=None)
    world.enrol("Mila")
    world.set_up()
    world.leave("mila")
    world.enrol("Ben")
    world.sync_fully()
    assert (world.state("mila"), world.state("ben")) == ("archived", "live")
    choices.keep_until(world.service, "mila", world.today + days(9), OPERATOR, world.now)
    world.sync()
    assert world.decided("mila") == ("wait", "no-space")
    world.pay_for(2)
    world.sync()
    assert world.decided("mila") == ("restore", "keep-until")


def test_archived_in_manage_wins_over_keep_until_and_a_day_that_passed_is_refused(world: World) -> None:
    """B4."""
    world.enrol("Ana")
    world.enrol("Mila")
    world.set_up()
    with pytest.raises(Refused, match="has passed"):
        choices.keep_until(world.service, "mila", world.today - days(1), OPERATOR, world.now)
    choices.keep_until(world.service, "mila", world.today, OPERATOR, world.now)
    world.archive("mila")
    world.sync()
    assert world.decided("mila") == ("archive", "archived")


def test_keep_until_can_be_taken_back(world: World) -> None:
    """B4."""
    world.enrol("Ana")
    world.enrol("Mila")
    world.set_up()
    world.leave("mila")
    choices.keep_until(world.service, "mila", world.today + days(30), OPERATOR, world.now)
    world.sync()
    assert world.state("mila") == "live"
    choices.keep_until(world.service, "mila", None, OPERATOR, world.now)
    world.sync()
    assert world.state("mila") == "archived"
