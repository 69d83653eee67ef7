"""What a change in Manage will do in Storypark, told before: the same as what then happens."""

from __future__ import annotations

from datetime import timedelta

import pytest

from parkway.domain import ChoiceKind, Step
from parkway.manage import preview, verbs
from parkway.manage.preview import Preview
from parkway.sync.queries import impact
from parkway.sync.queries.impact import Impact
from parkway.tenancy.people import OPERATOR
from tests.stories.world import LONG_AGO, World

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> World:
    return World()


def told(world: World, child_id: str, then: Preview) -> Impact:
    integration = impact.syncing(world.service)
    assert integration is not None
    return impact.impact_of(integration, child_id, *then, world.now)


def archived(world: World, child_id: str) -> Impact:
    return told(world, child_id, preview.archived(world.child(child_id), world.today))


def unarchived(world: World, child_id: str) -> Impact:
    return told(world, child_id, preview.unarchived(world.child(child_id), world.today))


def test_archiving_and_taking_back_are_told_as_they_happen(world: World) -> None:
    """D3."""
    world.enrol("Mānaia")
    world.enrol_several(5)
    world.set_up()
    seen = archived(world, "mānaia")
    assert seen.sentence == "Mānaia's profile will be archived at the next run; everything in it is kept."
    assert seen.step is Step.ARCHIVE
    assert world.status("mānaia") == "Active"
    world.archive("mānaia")
    world.sync()
    assert world.decided("mānaia")[0] == "archive"
    back = unarchived(world, "mānaia")
    assert back.step is Step.RESTORE
    assert "the same profile with everything in it, and takes a space" in back.sentence
    world.unarchive("mānaia")
    world.sync()
    assert world.decided("mānaia")[0] == "restore"


def test_taking_back_with_a_full_plan_names_the_place_in_the_queue(world: World) -> None:
    """D5."""
    world.enrol("Mānaia")
    world.enrol_several(5)
    world.set_up()
    world.archive("mānaia")
    world.sync()
    world.pay_for(5)
    seen = unarchived(world, "mānaia")
    assert seen.sentence == (
        "Mānaia waits for a space, 1st in line: the plan pays for 5 children, and no space is free."
    )
    world.unarchive("mānaia")
    world.sync()
    assert world.waiting() == ["mānaia"]
    assert archived(world, "mānaia").sentence == "Nothing changes: Mānaia's profile stays archived."
    freed = archived(world, "kid00")
    assert list(freed.more) == ["The space that becomes free goes to Mānaia, who waits for one."]


def test_a_run_that_would_be_held_says_so(world: World) -> None:
    """D12."""
    world.enrol("Mānaia")
    world.enrol("Ida")
    world.set_up()
    world.archive("ida")
    assert "2" in archived(world, "mānaia").held


def test_a_booking_says_what_will_be_made_and_when_it_ends(world: World) -> None:
    """R5."""
    world.enrol("Ida", until=LONG_AGO)
    world.enrol("Ari")
    world.set_up()
    child = world.child("ida")
    last = world.today + timedelta(days=9)
    period = preview.period(world.child("ari").bookings.get())._replace(ends_on=last)
    seen = told(world, "ida", preview.booked(child, world.today, period))
    assert seen.sentence == "Ida gets a new profile at the next run, which takes a space."
    [later] = seen.more
    assert "Ida becomes Inactive, and a run soon after that archives the profile." in later


def test_a_child_not_to_be_added_stays_out(world: World) -> None:
    """D9."""
    world.enrol("Ida")
    world.enrol("Ari")
    world.set_up()
    world.choose("ida", ChoiceKind.DONT_ADD)
    world.archive("ida")
    assert unarchived(world, "ida").sentence.startswith("Somebody chose not to sync Ida")


def test_an_answer_that_must_not_be_believed_tells_nothing(world: World) -> None:
    """D8."""
    world.enrol("Ida")
    world.set_up()
    child = world.child("ida")
    then = preview.archived(child, world.today)
    verbs.remove_child(child, by=OPERATOR, now=world.now)
    seen = told(world, "ida", then)
    assert seen.step is None
    assert "no children at all" in seen.sentence


def test_nothing_reaches_storypark_while_syncing_is_not_on(world: World) -> None:
    assert impact.syncing(world.service) is None
