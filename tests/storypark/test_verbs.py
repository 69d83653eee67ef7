"""What people do in Storypark to profiles and the plan, and how it says that it changed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import pytest
from django.db import transaction

from parkway.connectors.ports import ServiceQuery
from parkway.connectors.storypark_here import StoryparkHere
from parkway.domain import Details, Refused
from parkway.storypark import verbs
from parkway.storypark.models import Account, Profile, Room, Story
from parkway.tenancy.models import RoleName
from parkway.tenancy.people import OPERATOR, Actor
from parkway.tenancy.scope import scope
from tests.stories.world import World

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> World:
    world = World(paid=4)
    world.portfolio("Ana")
    verbs.archive_profile(world.portfolio("Rua"), by=OPERATOR, now=world.now)
    verbs.delete_profile(world.portfolio("Gone"), by=OPERATOR, now=world.now)
    verbs.add_room(world.service, "Kiwi", by=OPERATOR, now=world.now)
    return world


def version(world: World) -> int:
    return verbs.account(world.service).version


def everything(world: World) -> list[object]:
    models = (Account, Room, Profile, Story)
    return [list(scope(model, world.service).order_by("pk").values_list()) for model in models]


def found(world: World, state: str) -> Profile:
    return scope(Profile, world.service).get(state=state)


def live(world: World) -> Profile:
    return found(world, "live")


def archived(world: World) -> Profile:
    return found(world, "archived")


def kiwi(world: World) -> Room:
    return scope(Room, world.service).get()


DEEDS: dict[str, Callable[[World], object]] = {
    "set_paid_children": lambda w: verbs.set_paid_children(w.service, 9, by=OPERATOR, now=w.now),
    "create_profile": lambda w: verbs.create_profile(w.service, Details("Ben"), by=OPERATOR, now=w.now),
    "amend_profile": lambda w: verbs.amend_profile(live(w), gender="female", by=OPERATOR, now=w.now),
    "archive_profile": lambda w: verbs.archive_profile(live(w), by=OPERATOR, now=w.now),
    "restore_profile": lambda w: verbs.restore_profile(archived(w), by=OPERATOR, now=w.now),
    "delete_profile": lambda w: verbs.delete_profile(live(w), by=OPERATOR, now=w.now),
    "add_room": lambda w: verbs.add_room(w.service, "Tūī", by=OPERATOR, now=w.now),
    "rename_room": lambda w: verbs.rename_room(kiwi(w), "Kea", by=OPERATOR, now=w.now),
}


def crowded(deed: Callable[[World], object]) -> Callable[[World], object]:
    """The deed when the plan has no space left."""

    def done(world: World) -> None:
        world.plan_reduced_to(1)
        deed(world)

    return done


REFUSED: dict[str, Callable[[World], object]] = {
    "fewer paid children than live profiles": lambda w: verbs.set_paid_children(
        w.service, 0, by=OPERATOR, now=w.now
    ),
    "a profile without a name": lambda w: verbs.create_profile(
        w.service, Details(" "), by=OPERATOR, now=w.now
    ),
    "an id that is taken": lambda w: verbs.create_profile(
        w.service, Details("Ben"), live(w).reference, by=OPERATOR, now=w.now
    ),
    "a profile without a space": crowded(DEEDS["create_profile"]),
    "a restore without a space": crowded(DEEDS["restore_profile"]),
    "no name left": lambda w: verbs.amend_profile(
        live(w), first_name="", last_name="", by=OPERATOR, now=w.now
    ),
    "a detail that there is not": lambda w: verbs.amend_profile(live(w), custody="…", by=OPERATOR, now=w.now),
    "archiving what is archived": lambda w: verbs.archive_profile(archived(w), by=OPERATOR, now=w.now),
    "restoring what is live": lambda w: verbs.restore_profile(live(w), by=OPERATOR, now=w.now),
    "restoring a tombstone": lambda w: verbs.restore_profile(found(w, "deleted"), by=OPERATOR, now=w.now),
    "naming a tombstone": lambda w: verbs.amend_profile(
        found(w, "deleted"), first_name="Gone", by=OPERATOR, now=w.now
    ),
    "a story on an archived profile": lambda w: verbs.write_story(
        [archived(w)], "A", "", by=OPERATOR, now=w.now
    ),
    "a story on a tombstone": lambda w: verbs.write_story(
        [found(w, "deleted")], "A", "", by=OPERATOR, now=w.now
    ),
    "a story about nobody": lambda w: verbs.write_story([], "A", "", by=OPERATOR, now=w.now),
    "a story without a title": lambda w: verbs.write_story([live(w)], " ", "", by=OPERATOR, now=w.now),
}


@pytest.mark.parametrize("deed", DEEDS)
def test_each_verb_bumps_the_version_of_its_service_only(world: World, deed: str) -> None:
    other = World("Tōtara")
    other.portfolio("Olivia")
    before, elsewhere = version(world), everything(other)
    DEEDS[deed](world)
    assert version(world) > before
    assert everything(other) == elsewhere


@pytest.mark.parametrize("deed", DEEDS)
def test_the_version_is_bumped_in_the_transaction_of_the_change(world: World, deed: str) -> None:
    before = everything(world)
    with transaction.atomic():
        DEEDS[deed](world)
        assert everything(world) != before
        transaction.set_rollback(True)
    assert everything(world) == before


@pytest.mark.parametrize("deed", REFUSED)
def test_what_is_refused_changes_nothing(world: World, deed: str) -> None:
    before = everything(world)
    with pytest.raises(Refused), transaction.atomic():
        REFUSED[deed](world)
    assert everything(world) == before


def test_looking_and_writing_stories_bump_nothing(world: World) -> None:
    before = version(world)
    here = StoryparkHere()
    ask = ServiceQuery(world.service.pk, world.today, world.service.window)
    here.versions([ask])
    here.read([ask])
    verbs.publish_story(
        verbs.write_story([live(world)], "A tower", "", by=OPERATOR, now=world.now),
        by=OPERATOR,
        now=world.now,
    )
    assert version(world) == before


R14_DEEDS: dict[str, Callable[[Profile, Actor, datetime], object]] = {
    "changed": lambda profile, by, now: verbs.amend_profile(profile, first_name="Anna", by=by, now=now),
    "archived": lambda profile, by, now: verbs.archive_profile(profile, by=by, now=now),
}


@pytest.mark.parametrize("deed", R14_DEEDS)
def test_what_is_managed_in_manage_is_read_only_and_leads_there(deed: str) -> None:
    """R14."""
    world = World()
    world.enrol("Ana")
    world.set_up()
    profile, educator = world.profile_of("ana"), world.person("Eru", RoleName.EDUCATOR)
    with pytest.raises(Refused, match=f"managed in Manage and cannot be {deed} here") as refused:
        R14_DEEDS[deed](profile, educator, world.now)
    assert profile.managed_link in str(refused.value)
    assert profile.managed_link.endswith("/children/ana")
    world.archive("ana")
    world.enrol("Ben")
    world.sync()
    with pytest.raises(Refused, match="cannot be restored here"):
        verbs.restore_profile(world.profile_of("ana"), by=educator, now=world.now)


def test_stories_are_written_on_live_profiles_also_in_an_integrated_service() -> None:
    """R14."""
    world = World()
    world.enrol("Ana")
    world.enrol("Ben")
    world.set_up()
    world.write("ana", "A tower")
    world.archive("ana")
    world.sync()
    with pytest.raises(Refused, match="Ana is archived"):
        world.write("ana", "Another")
    assert world.stories("ana") == [("A tower", "published")]


def test_a_deleted_profile_leaves_a_tombstone_that_tells_nothing(world: World) -> None:
    """D16."""
    tombstone = found(world, "deleted")
    assert tombstone.details == Details()
    assert (tombstone.archived_on, tombstone.archived_by, tombstone.managed_link) == (None, "", "")
    assert not tombstone.rooms.exists()
    assert verbs.find_profile(world.service, tombstone.reference) == tombstone
