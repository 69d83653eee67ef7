"""Rooms of Manage and their rooms in Storypark."""

from __future__ import annotations

import pytest

from parkway.manage import verbs as manage
from parkway.manage.models import Room as ManageRoom
from parkway.storypark.models import Room
from parkway.tenancy.people import OPERATOR
from parkway.tenancy.scope import scope

from .world import World

pytestmark = pytest.mark.django_db


def storypark_rooms(world: World) -> dict[int, str]:
    return dict(scope(Room, world.service).values_list("pk", "name"))


def room(world: World, name: str) -> ManageRoom:
    return scope(ManageRoom, world.service).get(name=name)


def test_rooms_are_created_linked_and_renamed_and_none_is_deleted(world: World) -> None:
    """D21."""
    world.portfolio("Somebody", "Else")
    theirs = Room.objects.create(service=world.service, name="TUI")
    extra = Room.objects.create(service=world.service, name="Theirs alone")
    world.enrol("Ana", rooms=["Tūī"])
    world.enrol("Ben", rooms=["Kiwi"])
    world.set_up()
    assert storypark_rooms(world)[theirs.pk] == "Tūī"
    assert sorted(storypark_rooms(world).values()) == ["Kiwi", "Theirs alone", "Tūī"]
    assert world.rooms("ana") == {"Tūī"}
    manage.rename_room(room(world, "Kiwi"), "Kākāpō", by=OPERATOR, now=world.now)
    world.sync()
    assert sorted(storypark_rooms(world).values()) == ["Kākāpō", "Theirs alone", "Tūī"]
    assert world.rooms("ben") == {"Kākāpō"}
    assert storypark_rooms(world)[extra.pk] == "Theirs alone"


def test_two_rooms_may_swap_their_names(world: World) -> None:
    """D21."""
    world.enrol("Ana", rooms=["Kiwi"])
    world.enrol("Ben", rooms=["Tui"])
    world.set_up()
    before = storypark_rooms(world)
    kiwi, tui = room(world, "Kiwi"), room(world, "Tui")
    manage.rename_room(kiwi, "between", by=OPERATOR, now=world.now)
    manage.rename_room(tui, "Kiwi", by=OPERATOR, now=world.now)
    manage.rename_room(kiwi, "Tui", by=OPERATOR, now=world.now)
    run = world.sync()
    assert run is not None
    assert run.converged
    swap = {"Kiwi": "Tui", "Tui": "Kiwi"}
    assert storypark_rooms(world) == {pk: swap[name] for pk, name in before.items()}
    assert (world.rooms("ana"), world.rooms("ben")) == ({"Tui"}, {"Kiwi"})
