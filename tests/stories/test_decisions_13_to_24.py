"""The decisions D14 to D24 as stories of one service, through real runs."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.core import mail

from parkway import domain
from parkway.connectors.ports import NewProfile, ProfileChange
from parkway.domain import ChoiceKind, InactivePolicy, Refused
from parkway.manage import verbs as manage
from parkway.manage.models import Room as ManageRoom
from parkway.storypark import verbs as storypark
from parkway.storypark.models import Profile, Room, Story
from parkway.sync.commands import changes, choices, lifecycle
from parkway.sync.models import Choice, Entry, Integration, Link, Run
from parkway.sync.queries import explain, file_plan
from parkway.tenancy.models import RoleName
from parkway.tenancy.people import OPERATOR
from parkway.tenancy.scope import scope

from .world import LONG_AGO, World

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> World:
    return World()


def days(number: int) -> timedelta:
    return timedelta(days=number)


def test_d14_two_services_of_one_organisation_may_both_have_a_child(world: World) -> None:
    other = World("Tōtara House", organisation=world.service.organisation)
    for each in (world, other):
        each.enrol("Ana")
        each.enrol("Ben")
        each.set_up()
    world.archive("ana")
    world.sync()
    assert (world.state("ana"), other.state("ana")) == ("archived", "live")
    assert world.profile_of("ana").pk != other.profile_of("ana").pk


def test_d15_turning_off_stops_runs_and_unlocks_and_on_again_uses_the_links(world: World) -> None:
    world.enrol("Ana")
    world.enrol("Mila")
    world.set_up()
    before = world.snapshot()
    with pytest.raises(Refused, match="managed in Manage"):
        storypark.amend_profile(world.profile_of("ana"), first_name="Anna")

    changes.turn_off(world.service, OPERATOR, now=world.now)
    storypark.amend_profile(world.profile_of("ana"), first_name="Anna")
    world.leave("mila")
    world.later(days=3)
    assert world.sync() is None
    assert world.state("mila") == "live"
    after = world.snapshot()
    assert (after["links"], after["entries"]) == (before["links"], before["entries"])

    world.book("mila", world.today)
    shown = changes.preview(world.service, world.now)
    changes.turn_on(world.service, shown.fingerprint, OPERATOR, world.now)
    assert world.snapshot()["links"] == before["links"]
    assert world.profile_of("ana").first_name == "Ana"
    assert scope(Profile, world.service).count() == 2
    for name in ("ana", "mila"):
        with pytest.raises(Refused, match="managed in Manage"):
            storypark.amend_profile(world.profile_of(name), first_name="Anna")


def test_d16_archiving_keeps_stories_and_deleting_leaves_a_tombstone(world: World) -> None:
    world.enrol("Ana")
    world.enrol("Mila")
    world.set_up()
    world.write("mila", "Alone")
    world.write("mila", "Draft", publish=False)
    both = [world.profile_of("ana"), world.profile_of("mila")]
    storypark.write_story(both, "Together", "…", world.today, publish=True)
    world.archive("mila")
    world.sync()
    kept = [("Alone", "published"), ("Draft", "draft"), ("Together", "published")]
    assert world.stories("mila") == kept
    storypark.delete_profile(world.profile_of("mila"))
    tombstone = world.profile_of("mila")
    assert (tombstone.state, tombstone.first_name, tombstone.date_of_birth) == ("deleted", "", None)
    assert list(Story.objects.values_list("title", flat=True)) == ["Together"]
    assert world.stories("ana") == [("Together", "published")]
    world.sync()
    assert world.state("mila") == "deleted"
    assert scope(Profile, world.service).count() == 2


def test_d17_ids_are_strings_wherever_they_leave(world: World) -> None:
    world.enrol("Ana", child_id="007")
    world.set_up()
    shown = file_plan.as_json(changes.preview(world.service, world.now))
    [decision] = shown["decisions"]
    assert decision["child_id"] == "007"
    assert isinstance(decision["profile_id"], str)
    entry = world.why("007")
    assert isinstance(entry.child_id, str)
    assert entry.profile_id == world.profile_of("007").reference


def test_d18_guardians_are_never_invited(world: World) -> None:
    world.enrol("Ana")
    world.set_up()
    assert not getattr(mail, "outbox", [])
    assert NewProfile._fields == ("child_id", "details", "managed_link", "key")
    assert ProfileChange._fields == ("profile_id", "details", "archive", "managed_link")


@pytest.mark.parametrize("archived", [False, True])
def test_d19_exactly_one_alike_with_the_same_birthday_is_linked(world: World, archived: bool) -> None:
    world.enrol("Ana")
    world.set_up()
    theirs = world.portfolio("mania", "HOHEPA")
    if archived:
        storypark.archive_profile(theirs, world.today)
    world.enrol("Mānia")
    run = world.sync()
    assert run is not None
    assert run.counts["create"] == 0
    assert world.profile_of("mānia").pk == theirs.pk
    assert world.state("mānia") == "live"
    assert world.profile_of("mānia").first_name == "Mānia"
    assert world.decided("mānia")[0] == ("restore" if archived else "link")


@pytest.mark.parametrize("born", [None, date(2022, 4, 3)])
def test_d19_please_check_sticks_until_somebody_chooses(world: World, born: date | None) -> None:
    world.enrol("Ana")
    world.set_up()
    alike = world.portfolio("Mila", born=born)
    world.enrol("Mila")
    for _ in range(3):
        world.sync_fully()
        assert world.decided("mila") == ("hold", "please-check")
    storypark.amend_profile(alike, first_name="Somebody", last_name="Else")
    world.later(days=2)
    world.sync_fully()
    assert world.decided("mila") == ("hold", "please-check")
    assert world.profile("mila") is None
    world.choose("mila", ChoiceKind.NEW)
    world.sync()
    assert world.state("mila") == "live"
    assert world.profile_of("mila").pk != alike.pk


def test_d19_two_seekers_alike_to_one_profile_are_both_asked(world: World) -> None:
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


def test_d19_twins_with_different_first_names_are_not_alike(world: World) -> None:
    world.enrol("Ana")
    world.set_up()
    world.portfolio("Tama")
    world.enrol("Hana")
    world.sync()
    assert world.decided("hana")[0] == "create"


@pytest.mark.parametrize("way", ["update", "restore", "link"])
def test_d20_a_cleared_field_is_cleared(world: World, way: str) -> None:
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


def storypark_rooms(world: World) -> dict[int, str]:
    return dict(scope(Room, world.service).values_list("pk", "name"))


def room(world: World, name: str) -> ManageRoom:
    return scope(ManageRoom, world.service).get(name=name)


def test_d21_rooms_are_created_linked_and_renamed_and_none_is_deleted(world: World) -> None:
    world.portfolio("Somebody", "Else")
    theirs = Room.objects.create(service=world.service, name="TUI")
    extra = Room.objects.create(service=world.service, name="Theirs alone")
    world.enrol("Ana", rooms=["Tūī"])
    world.enrol("Ben", rooms=["Kiwi"])
    world.set_up()
    assert storypark_rooms(world)[theirs.pk] == "Tūī"
    assert sorted(storypark_rooms(world).values()) == ["Kiwi", "Theirs alone", "Tūī"]
    assert world.rooms("ana") == {"Tūī"}
    manage.rename_room(room(world, "Kiwi"), "Kākāpō")
    world.sync()
    assert sorted(storypark_rooms(world).values()) == ["Kākāpō", "Theirs alone", "Tūī"]
    assert world.rooms("ben") == {"Kākāpō"}
    assert storypark_rooms(world)[extra.pk] == "Theirs alone"


def test_d21_two_rooms_may_swap_their_names(world: World) -> None:
    world.enrol("Ana", rooms=["Kiwi"])
    world.enrol("Ben", rooms=["Tui"])
    world.set_up()
    before = storypark_rooms(world)
    kiwi, tui = room(world, "Kiwi"), room(world, "Tui")
    manage.rename_room(kiwi, "between")
    manage.rename_room(tui, "Kiwi")
    manage.rename_room(kiwi, "Tui")
    run = world.sync()
    assert run is not None
    assert run.converged
    swap = {"Kiwi": "Tui", "Tui": "Kiwi"}
    assert storypark_rooms(world) == {pk: swap[name] for pk, name in before.items()}
    assert (world.rooms("ana"), world.rooms("ben")) == ({"Tui"}, {"Kiwi"})


def test_d22_admin_educators_change_and_educators_see(world: World) -> None:
    world.enrol("Ana")
    world.enrol("Ida", until=LONG_AGO)
    world.set_up()
    admin = world.person("Aroha", RoleName.ADMIN_EDUCATOR)
    educator = world.person("Eru", RoleName.EDUCATOR)
    elsewhere = World("Tōtara").person("Olivia", RoleName.ADMIN_EDUCATOR)
    before = world.snapshot()
    for nobody in (educator, elsewhere, world.person("Mere", RoleName.MANAGE_STAFF)):
        with pytest.raises(Refused, match="Ask an admin educator"):
            world.switch(InactivePolicy.STAY, by=nobody)
        with pytest.raises(Refused, match="Ask an admin educator"):
            choices.choose(world.service, "ana", ChoiceKind.DONT_ADD, nobody, world.now)
        with pytest.raises(Refused, match="Ask an admin educator"):
            changes.change_paid_children(world.service, 30, "", nobody, world.now)
        with pytest.raises(Refused, match="Ask an admin educator"):
            changes.turn_off(world.service, nobody, now=world.now)
        with pytest.raises(Refused, match="Only support"):
            lifecycle.enable(world.service, nobody)
    assert world.snapshot() == before
    assert not Choice.objects.exists()
    run = world.switch(InactivePolicy.STAY, by=admin)
    assert (run.started_by, run.person_id) == ("Aroha", admin.person_id)
    Integration.objects.filter(service=world.service).update(educators_may_change=True)
    assert world.switch(InactivePolicy.LEAVE, by=educator).started_by == "Eru"


def test_d23_start_syncing_needs_a_choice_for_every_child(world: World) -> None:
    world.enrol("Ana")
    world.enrol("Mila")
    theirs = world.portfolio("Mila", born=None)
    with pytest.raises(Refused, match="1 child needs a choice"):
        world.set_up()
    assert world.integration.stage == "enabled"
    assert world.live() == 1
    world.set_up({"mila": domain.Choice(ChoiceKind.PROFILE, theirs.reference)})
    assert world.profile_of("mila").pk == theirs.pk


def test_d23_a_choice_is_kept_while_the_child_waits_and_beats_d19(world: World) -> None:
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


def test_d23_two_children_cannot_take_one_profile(world: World) -> None:
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


def test_d24_precedence(world: World) -> None:
    world.enrol("Ana")
    world.enrol("Mila")
    world.set_up()
    rules = []

    def run() -> None:
        world.sync()
        rules.append(world.decided("mila")[1])

    run()
    world.leave("mila")
    run()
    choices.keep_until(world.service, "mila", world.today + days(9), OPERATOR, world.now)
    run()
    world.stay()
    run()
    world.book("mila", world.today)
    run()
    world.archive("mila")
    run()
    world.choose("mila", ChoiceKind.DONT_ADD)
    run()
    manage.remove_child(world.child("mila"))
    run()
    assert rules == [
        "active",
        "inactive-leaves",
        "keep-until",
        "inactive-stays",
        "active",
        "archived",
        "dont-add",
        "missing-from-source",
    ]
    assert explain.history(world.service, "mila").count() >= len(rules)
    assert Entry.objects.filter(current=True, child_id="mila").count() == 1
    assert Run.objects.filter(converged=False).count() == 0


def test_d22_an_admin_educator_may_allow_all_educators(world: World) -> None:
    world.enrol("Ana")
    world.set_up()
    admin = world.person("Aroha", RoleName.ADMIN_EDUCATOR)
    educator = world.person("Eru", RoleName.EDUCATOR)
    with pytest.raises(Refused):
        lifecycle.allow_educators(world.service, True, educator)
    lifecycle.allow_educators(world.service, True, admin)
    assert world.switch(InactivePolicy.STAY, by=educator).started_by == "Eru"
    with pytest.raises(Refused, match="Ask an admin educator"):
        lifecycle.allow_educators(world.service, False, educator)
    lifecycle.allow_educators(world.service, False, admin)
    with pytest.raises(Refused, match="Ask an admin educator"):
        world.switch(InactivePolicy.LEAVE, by=educator)


def test_d15_r14_links_that_were_taken_over_are_marked_when_syncing_starts(world: World) -> None:
    world.enrol("Ana")
    theirs = world.portfolio("Ana")
    Link.objects.create(service=world.service, child_id="ana", profile_id=theirs.reference)
    assert world.profile_of("ana").managed_link == ""
    world.set_up()
    assert world.profile_of("ana").managed_link.endswith("/children/ana")
