"""What is archived, restored or deleted by hand, and what an archived profile keeps."""

from __future__ import annotations

from datetime import date

import pytest

from parkway.storypark import verbs as storypark
from parkway.storypark.models import Profile, Story
from parkway.sync.models import Link
from parkway.tenancy.people import OPERATOR
from parkway.tenancy.scope import scope

from .world import LONG_AGO, World

pytestmark = pytest.mark.django_db


def test_archiving_keeps_stories_and_deleting_leaves_a_tombstone(world: World) -> None:
    """D16."""
    world.enrol("Ana")
    world.enrol("Mila")
    world.set_up()
    world.write("mila", "Alone")
    world.write("mila", "Draft", publish=False)
    both = [world.profile_of("ana"), world.profile_of("mila")]
    storypark.write_story(both, "Together", "…", publish=True, by=OPERATOR, now=world.now)
    world.archive("mila")
    world.sync()
    kept = [("Alone", "published"), ("Draft", "draft"), ("Together", "published")]
    assert world.stories("mila") == kept
    storypark.delete_profile(world.profile_of("mila"), by=OPERATOR, now=world.now)
    tombstone = world.profile_of("mila")
    assert (tombstone.state, tombstone.first_name, tombstone.date_of_birth) == ("deleted", "", None)
    assert list(Story.objects.values_list("title", flat=True)) == ["Together"]
    assert world.stories("ana") == [("Together", "published")]
    world.sync()
    assert world.state("mila") == "deleted"
    assert scope(Profile, world.service).count() == 2


@pytest.mark.parametrize("stays", [False, True])
def test_a_deleted_profile_is_replaced_by_a_new_one(world: World, stays: bool) -> None:
    """D10."""
    world.enrol("Ana")
    world.enrol("Mila")
    world.set_up()
    if stays:
        world.stay()
        world.leave("mila")
        world.sync()
    old = world.profile_of("mila").reference
    storypark.delete_profile(world.profile_of("mila"), by=OPERATOR, now=world.now)
    run = world.sync()
    assert run is not None
    assert run.counts["create"] == 1
    new = world.profile_of("mila")
    assert (new.state, new.first_name) == ("live", "Mila")
    assert new.reference != old
    assert storypark.find_profile(world.service, old).state == "deleted"


def test_a_profile_archived_by_hand_is_restored_and_drift_is_told(world: World) -> None:
    """D7."""
    world.enrol("Ana")
    world.set_up()
    storypark.archive_profile(world.profile_of("ana"), by=OPERATOR, now=world.now)
    world.sync()
    assert world.state("ana") == "live"
    assert world.why("ana").because.endswith("The profile had been archived by hand, and was restored.")


def test_a_profile_made_live_by_hand_is_archived_again(world: World) -> None:
    """D7."""
    world.enrol("Ana")
    world.enrol("Mila")
    world.set_up()
    world.leave("mila")
    world.sync()
    storypark.restore_profile(world.profile_of("mila"), by=OPERATOR, now=world.now)
    world.sync()
    assert world.state("mila") == "archived"
    assert "made live by hand" in world.why("mila").because


def test_profiles_that_were_never_linked_are_never_touched(world: World) -> None:
    """D7."""
    world.enrol("Ana")
    born = date(2021, 5, 6)  # not Ana's, or set-up would ask whether the second profile is hers
    world.enrol("Ida", born=born, until=LONG_AGO)
    alone = world.portfolio("Somebody", "Else")
    alike = world.portfolio("Ida", born=born)
    world.set_up()
    world.sync_fully()
    assert storypark.find_profile(world.service, alone.reference) == alone
    assert storypark.find_profile(world.service, alike.reference).state == "live"
    assert not Link.objects.filter(profile_id__in=[alone.reference, alike.reference]).exists()


def test_the_origin_of_an_archive_is_kept(world: World) -> None:
    """B8."""
    world.enrol("Ana")
    world.enrol("Mila")
    theirs = world.portfolio("Somebody", "Else", born=None)
    storypark.archive_profile(theirs, by=OPERATOR, now=world.now)
    world.set_up()
    world.leave("mila")
    world.sync()
    origin = dict(scope(Profile, world.service).values_list("reference", "archived_by"))
    assert origin == {
        theirs.reference: "person",
        world.profile_of("mila").reference: "integration",
        world.profile_of("ana").reference: "",
    }


def test_what_set_up_archived_is_told_from_what_a_run_archived(world: World) -> None:
    """A child who was linked before, as by files taken over, and does not belong any more (B8)."""
    world.enrol("Ana")
    world.enrol("Mila", until=LONG_AGO)
    profile = world.portfolio("Mila")
    Link.objects.create(service=world.service, child_id="mila", profile_id=profile.reference)
    world.set_up()
    assert (world.state("mila"), world.profile_of("mila").archived_by) == ("archived", "set-up")
    world.leave("ana")
    world.sync()
    assert world.profile_of("ana").archived_by == "integration"


def test_restoring_undoes_what_the_sync_did_or_a_rule_demands_and_says_so(world: World) -> None:
    """B8."""
    world.enrol("Ana")
    world.enrol("Mila")
    world.enrol("Rua")
    theirs = world.portfolio("Somebody", "Else", born=None)
    storypark.archive_profile(theirs, by=OPERATOR, now=world.now)
    world.set_up()
    world.leave("mila")
    world.sync()
    storypark.archive_profile(world.profile_of("rua"), by=OPERATOR, now=world.now)
    assert world.profile_of("rua").archived_by == "person"
    world.book("mila", world.today)
    world.sync()
    assert (world.state("mila"), world.state("rua")) == ("live", "live")
    assert "by hand" in world.why("rua").because
    assert "by hand" not in world.why("mila").because
    assert storypark.find_profile(world.service, theirs.reference).state == "archived"
