"""Storypark's own verbs: stories as drafts and published, rooms, and what its pages list."""

from __future__ import annotations

import pytest

from parkway.domain import Details, Refused
from parkway.storypark import listing, verbs
from parkway.storypark.models import Room
from parkway.tenancy.people import OPERATOR
from tests.stories.world import World

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> World:
    return World()


def test_a_draft_is_changed_until_it_is_published(world: World) -> None:
    ana, ben = world.portfolio("Ana"), world.portfolio("Ben")
    draft = verbs.write_story([ana], "Tower", "Up", by=OPERATOR, now=world.now)
    verbs.amend_story(draft, [ana, ben], " Two towers ", "Up and up", by=OPERATOR, now=world.now)
    assert (draft.title, draft.text, set(draft.profiles.all())) == ("Two towers", "Up and up", {ana, ben})
    verbs.publish_story(draft, by=OPERATOR, now=world.now)
    with pytest.raises(Refused, match="is published"):
        verbs.amend_story(draft, [ana], "Other", "", by=OPERATOR, now=world.now)


def test_a_stale_copy_of_a_published_story_is_not_changed(world: World) -> None:
    ana = world.portfolio("Ana")
    draft = verbs.write_story([ana], "Tower", "Up", by=OPERATOR, now=world.now)
    other = listing.story(world.service, draft.pk)
    assert other is not None
    verbs.publish_story(other, by=OPERATOR, now=world.now)
    with pytest.raises(Refused, match="is published"):
        verbs.amend_story(draft, [ana], "Other", "", by=OPERATOR, now=world.now)


def test_archived_children_stay_in_a_draft_and_none_is_added(world: World) -> None:
    """D16, R14."""
    ana, ben, caro = world.portfolio("Ana"), world.portfolio("Ben"), world.portfolio("Caro")
    draft = verbs.write_story([ana, ben], "Tower", "Up", by=OPERATOR, now=world.now)
    verbs.archive_profile(ben, by=OPERATOR, now=world.now)
    verbs.archive_profile(caro, by=OPERATOR, now=world.now)
    verbs.amend_story(draft, [ana], "Tower", "Higher", by=OPERATOR, now=world.now)
    assert set(draft.profiles.all()) == {ana, ben}
    with pytest.raises(Refused, match="Caro is archived"):
        verbs.amend_story(draft, [ana, caro], "Tower", "", by=OPERATOR, now=world.now)
    with pytest.raises(Refused, match="at least one child"):
        verbs.amend_story(draft, [], "Tower", "", by=OPERATOR, now=world.now)
    with pytest.raises(Refused, match="needs a title"):
        verbs.amend_story(draft, [ana], " ", "", by=OPERATOR, now=world.now)


def test_a_story_stays_at_its_service(world: World) -> None:
    draft = verbs.write_story([world.portfolio("Ana")], "Tower", "", by=OPERATOR, now=world.now)
    stranger = World("Tōtara").portfolio("Eru")
    with pytest.raises(Refused, match="its own service"):
        verbs.amend_story(draft, [stranger], "Tower", "", by=OPERATOR, now=world.now)


def test_rooms_are_added_and_renamed_where_nothing_is_managed_elsewhere(world: World) -> None:
    room = verbs.add_room(world.service, " Kōwhai ", by=OPERATOR, now=world.now)
    verbs.rename_room(room, "Rātā", by=OPERATOR, now=world.now)
    verbs.rename_room(room, "Rātā", by=OPERATOR, now=world.now)
    assert [each.name for each in listing.rooms(world.service)] == ["Rātā"]
    with pytest.raises(Refused, match="already has a room"):
        verbs.add_room(world.service, "Rātā", by=OPERATOR, now=world.now)
    with pytest.raises(Refused, match="needs a name"):
        verbs.add_room(world.service, "  ", by=OPERATOR, now=world.now)


def test_rooms_are_managed_elsewhere_once_a_profile_is(world: World) -> None:
    """R14."""
    room = verbs.add_room(world.service, "Kōwhai", by=OPERATOR, now=world.now)
    world.enrol("Ana", rooms=["Kōwhai"])
    world.set_up()
    with pytest.raises(Refused, match="managed in Manage"):
        verbs.rename_room(room, "Rātā", by=OPERATOR, now=world.now)
    with pytest.raises(Refused, match="managed in Manage"):
        verbs.add_room(world.service, "Tūī", by=OPERATOR, now=world.now)
    assert Room.objects.count() == 1


def test_profiles_are_found_by_folded_names_state_and_room(world: World) -> None:
    manaia = verbs.create_profile(
        world.service, Details("Mānaia", "O’Hara", rooms=frozenset({"Kōwhai"})), by=OPERATOR, now=world.now
    )
    ida = verbs.create_profile(
        world.service, Details("Ida", "Smith", rooms=frozenset({"Kōwhai", "Tūī"})), by=OPERATOR, now=world.now
    )
    World("Tōtara").portfolio("Mānaia", "O’Hara")
    verbs.archive_profile(world.portfolio("Manaia"), by=OPERATOR, now=world.now)
    world.service.refresh_from_db()
    assert list(listing.profiles(world.service, search="manaia ohara")) == [manaia]
    [kowhai, tui] = listing.rooms(world.service)
    assert (kowhai.live, tui.live) == (2, 1)  # type: ignore[attr-defined]
    assert list(listing.profiles(world.service, room=str(tui.pk))) == [ida]
    assert list(listing.profiles(world.service, room="x")) == [ida, manaia]
    assert listing.counts(world.service) == {"live": 2, "archived": 1, "deleted": 0}
