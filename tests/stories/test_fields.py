"""What a run writes into a profile, and what it never does."""

from __future__ import annotations

import json

import pytest
from django.core import mail

from parkway.connectors.ports import NewProfile, ProfileChange
from parkway.domain import FIELDS
from parkway.sync.queries import file_plan
from parkway.sync.queries.previews import plan_now

from .world import World

pytestmark = pytest.mark.django_db


def test_only_fields_that_changed_are_written(world: World) -> None:
    """D11."""
    assert FIELDS == ("first_name", "last_name", "preferred_name", "date_of_birth", "gender", "rooms")
    world.enrol("Ana", rooms=["Kiwi"])
    world.set_up()
    world.amend("ana", last_name="Tūhoe", gender="female")
    run = world.sync()
    assert run is not None
    assert run.counts["update"] == 1
    assert json.loads(world.why("ana").changes) == {
        "last_name": ["Hohepa", "Tūhoe"],
        "gender": ["", "female"],
    }
    profile = world.profile_of("ana")
    assert (profile.first_name, profile.last_name, profile.gender) == ("Ana", "Tūhoe", "female")
    assert world.rooms("ana") == {"Kiwi"}


@pytest.mark.parametrize("way", ["update", "restore", "link"])
def test_a_cleared_field_is_cleared(world: World, way: str) -> None:
    """D20."""
    world.enrol("Ana")
    if way == "link":
        theirs = world.portfolio("Mila", preferred="Mimi")
        world.enrol("Mila")
        world.set_up()
        assert world.profile_of("mila").pk == theirs.pk
    else:
        world.enrol("Mila", preferred="Mimi", rooms=["Kiwi"])
        world.set_up()
        assert world.profile_of("mila").preferred_name == "Mimi"
        if way == "restore":
            world.archive("mila")
            world.sync()
            world.unarchive("mila")
        world.amend("mila", preferred_name="", rooms=frozenset(), date_of_birth=None)
        world.sync()
        assert world.profile_of("mila").date_of_birth is None
    assert world.decided("mila")[0] == way
    assert world.profile_of("mila").preferred_name == ""
    assert world.rooms("mila") == set()


def test_ids_are_strings_wherever_they_leave(world: World) -> None:
    """D17."""
    world.enrol("Ana", child_id="007")
    world.set_up()
    shown = file_plan.as_json(plan_now(world.service, world.now))
    [decision] = shown["decisions"]
    assert decision["child_id"] == "007"
    assert isinstance(decision["profile_id"], str)
    entry = world.why("007")
    assert isinstance(entry.child_id, str)
    assert entry.profile_id == world.profile_of("007").reference


def test_guardians_are_never_invited(world: World) -> None:
    """D18."""
    world.enrol("Ana")
    world.set_up()
    assert not getattr(mail, "outbox", [])
    assert NewProfile._fields == ("child_id", "details", "managed_link", "key")
    assert ProfileChange._fields == ("profile_id", "details", "archive", "managed_link")
