"""Set-up without a browser: who may, how much it asks of the database, and the draft underneath."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from parkway import domain
from parkway.domain import (
    Booking,
    BookingKind,
    BookingState,
    Child,
    ChoiceKind,
    Details,
    Refused,
    Standing,
    Status,
)
from parkway.manage.roster import ImportedBooking, take_roster
from parkway.storypark import verbs as storypark
from parkway.sync.commands import changes, setup_choices
from parkway.sync.commands.setup_choices import ChoiceObstacle, Many
from parkway.sync.models import Choice, RoomLink, Stage
from parkway.sync.queries import setup_lists
from parkway.sync.queries.setup_lists import SetUpGroup
from parkway.tenancy.models import Person, RoleName
from parkway.tenancy.people import OPERATOR, Actor
from parkway.tenancy.scope import scope
from parkway.tenancy.verbs import give_role
from tests.stories.world import BORN, SINCE, World

pytestmark = pytest.mark.django_db

NEW, OUT = domain.Choice(ChoiceKind.NEW), domain.Choice(ChoiceKind.DONT_ADD)


@pytest.fixture
def world(db: None) -> World:
    made = World()
    made.now = timezone.now()
    return made


def visitor(world: World, name: str, *roles: RoleName) -> Client:
    person = Person.objects.create_user(f"{name}@example.org", name)
    for role in roles:
        give_role(person, world.service, role, by=OPERATOR, now=world.now)
    client = Client()
    client.force_login(person, backend="allauth.account.auth_backends.AuthenticationBackend")
    return client


def address(world: World, more: str = "") -> str:
    return f"/storypark/{world.service.slug}/integrations/setup/{more}"


PAGES = ["", "many/", "refresh/", "children/noah/", "rooms/", "summary/"]


@pytest.mark.parametrize("more", PAGES)
def test_an_educator_is_refused_with_a_page_that_helps(world: World, more: str) -> None:
    """D22."""
    world.enrol("Noah")
    answer = visitor(world, "eli", RoleName.EDUCATOR).post(address(world, more), {"what": "new"})
    assert answer.status_code == 403
    assert "admin educator" in answer.content.decode()
    assert not scope(Choice, world.service).exists()


@pytest.mark.parametrize("more", [*PAGES, "done/"])
def test_another_service_does_not_exist(world: World, more: str) -> None:
    other = World("Tōtara House", organisation=world.service.organisation)
    client = visitor(world, "ana", RoleName.ADMIN_EDUCATOR)
    assert client.get(address(other, more)).status_code == 404
    assert client.post(address(other, more)).status_code == 404


def test_a_child_of_another_service_is_404(world: World) -> None:
    other = World("Tōtara House", organisation=world.service.organisation)
    other.enrol("Noah")
    client = visitor(world, "ana", RoleName.ADMIN_EDUCATOR)
    assert client.get(address(world, "children/noah/")).status_code == 404


def test_once_on_it_leads_to_the_settings_page(world: World) -> None:
    world.enrol("Noah")
    world.set_up()
    client = visitor(world, "ana", RoleName.ADMIN_EDUCATOR)
    for answer in (client.get(address(world)), client.post(address(world, "summary/"))):
        assert answer.status_code == 302
        assert answer["Location"] == f"/storypark/{world.service.slug}/integrations/"
    assert world.integration.stage == Stage.ON


@pytest.mark.parametrize("more", ["", "?show=new", "?search=kid", "children/c-1/", "rooms/", "summary/"])
def test_a_thousand_children_take_a_bounded_number_of_queries(
    world: World, more: str, django_assert_max_num_queries: Callable[..., object]
) -> None:
    standing = Standing(Status.INACTIVE)
    children = [Child(f"c-{n}", Details(f"Kid{n}", "Lee", "", BORN), standing) for n in range(1000)]
    always = ImportedBooking(Booking(BookingKind.PERMANENT, BookingState.CONFIRMED, SINCE, None), "mon")
    take_roster(
        world.service, children, {each.child_id: [always] for each in children}, by=OPERATOR, now=world.now
    )
    client = visitor(world, "ana", RoleName.ADMIN_EDUCATOR)
    client.get(address(world))
    with django_assert_max_num_queries(40):  # type: ignore[attr-defined]
        answer = client.get(address(world, more))
    assert answer.status_code == 200
    lists = setup_lists.setup_lists(world.service, world.now)
    chosen = setup_choices.concerned(lists.rows, Many.NEW)
    with django_assert_max_num_queries(60):  # type: ignore[attr-defined]
        client.post(address(world, "many/"), {"what": "new", "digest": setup_choices.digest(chosen)})
    assert scope(Choice, world.service).count() == 1000


def test_many_at_once_is_for_exactly_those_whom_the_button_counted(world: World) -> None:
    world.enrol("Noah")
    seen = setup_choices.digest(
        setup_choices.concerned(setup_lists.setup_lists(world.service, world.now).rows, Many.NEW)
    )
    world.enrol("Ida")
    client = visitor(world, "ana", RoleName.ADMIN_EDUCATOR)
    answer = client.post(address(world, "many/"), {"what": "new", "digest": seen}, follow=True)
    assert "nothing was done" in answer.content.decode()
    assert not scope(Choice, world.service).exists()


def test_a_search_stays_out_of_the_address_of_a_redirect(world: World) -> None:
    world.enrol("Noah")
    client = visitor(world, "ana", RoleName.ADMIN_EDUCATOR)
    answer = client.post(address(world), {"search": "Noah", "show": "new"})
    assert answer["Location"].startswith(address(world, "?show=new&found="))
    assert 'value="Noah"' in client.get(answer["Location"]).content.decode()


# The draft


def test_a_choice_does_not_overwrite_one_its_writer_did_not_see(world: World) -> None:
    """D23."""
    world.enrol("Noah")
    ben = world.person("Ben", RoleName.ADMIN_EDUCATOR)
    ana = world.person("Ana", RoleName.ADMIN_EDUCATOR)
    assert setup_choices.choose(world.service, {"noah": OUT}, {}, ben, world.now).stored == ["noah"]
    world.later(minutes=1)
    refused = setup_choices.choose(world.service, {"noah": NEW}, {}, ana, world.now)
    problem = refused.problems["noah"]
    assert problem.trouble is ChoiceObstacle.MEANWHILE
    assert problem.made is not None
    assert problem.made.by == "Ben"
    seen = {"noah": problem.made.stamp}
    assert setup_choices.choose(world.service, {"noah": NEW}, seen, ana, world.now).stored == ["noah"]
    assert setup_choices.choose(
        world.service, {"noah": OUT}, seen, ana, world.now
    ).problems  # a tab left open
    again = setup_choices.choose(world.service, {"noah": OUT}, seen, ana, world.now, own_gives_way=True)
    assert again.stored == ["noah"]


def test_the_same_choice_by_two_people_is_no_clash(world: World) -> None:
    world.enrol("Noah")
    setup_choices.choose(world.service, {"noah": NEW}, {}, Actor("Ben", None, True), world.now)
    outcome = setup_choices.choose(world.service, {"noah": NEW}, {}, OPERATOR, world.now)
    assert (list(outcome.stored), dict(outcome.problems)) == ([], {})
    assert scope(Choice, world.service).get().chosen_by == "Ben"


def test_two_children_may_swap_their_profiles(world: World) -> None:
    world.enrol("Ida", child_id="one")
    world.enrol("Ida", child_id="two")
    first, second = (domain.Choice(ChoiceKind.PROFILE, world.portfolio("Ida").reference) for _ in range(2))
    setup_choices.choose(world.service, {"one": first, "two": second}, {}, OPERATOR, world.now)
    seen = {row.child.child_id: row.stamp for row in setup_lists.setup_lists(world.service, world.now).rows}
    swapped = setup_choices.choose(world.service, {"one": second, "two": first}, seen, OPERATOR, world.now)
    assert sorted(swapped.stored) == ["one", "two"]


def test_who_is_refused_keeps_the_profile_and_others_cannot_have_it(world: World) -> None:
    for child_id in ("one", "two", "three"):
        world.enrol("Ida", child_id=child_id)
    a, b = (domain.Choice(ChoiceKind.PROFILE, world.portfolio("Ida").reference) for _ in range(2))
    setup_choices.choose(world.service, {"one": a, "two": b}, {}, OPERATOR, world.now)
    seen = {row.child.child_id: row.stamp for row in setup_lists.setup_lists(world.service, world.now).rows}
    # one wants what two keeps, so one keeps a, so three cannot have a
    outcome = setup_choices.choose(world.service, {"one": b, "three": a}, seen, OPERATOR, world.now)
    assert outcome.stored == []
    assert {key: problem.trouble for key, problem in outcome.problems.items()} == {
        "one": ChoiceObstacle.TAKEN,
        "three": ChoiceObstacle.TAKEN,
    }


def test_a_profile_that_is_gone_is_asked_for_again(world: World) -> None:
    world.enrol("Ida")
    profile = world.portfolio("Ida")
    setup_choices.choose(
        world.service, {"ida": domain.Choice(ChoiceKind.PROFILE, profile.reference)}, {}, OPERATOR, world.now
    )
    storypark.delete_profile(profile, by=OPERATOR, now=world.now)
    [row] = setup_lists.setup_lists(world.service, world.now).rows
    assert row.gone
    assert row.group is not SetUpGroup.CHOSEN
    with pytest.raises(Refused, match="needs a choice"):
        _start(world)


def _start(world: World) -> None:
    shown = setup_lists.look_at_set_up(world.service, world.now).plan
    changes.confirm(world.service, changes.StartSyncing(), shown.fingerprint, OPERATOR, world.now)


def test_a_match_chosen_for_somebody_else_is_not_certain_any_more(world: World) -> None:
    world.enrol("Ida")
    world.enrol("Noah")
    ida = domain.Choice(ChoiceKind.PROFILE, world.portfolio("Ida").reference)
    setup_choices.choose(world.service, {"noah": ida}, {}, OPERATOR, world.now)
    row = setup_lists.setup_lists(world.service, world.now).by_child["ida"]
    assert row.group is SetUpGroup.CHECK
    assert row.proposed is None
    assert row.alike[0].taker is not None


def test_nobody_is_chosen_for_who_is_not_listed_or_after_set_up(world: World) -> None:
    world.enrol("Noah")
    outcome = setup_choices.choose(world.service, {"nobody": NEW}, {}, OPERATOR, world.now)
    assert outcome.problems["nobody"].trouble is ChoiceObstacle.NOT_LISTED
    world.set_up()
    with pytest.raises(Refused, match="set up already"):
        setup_choices.choose(world.service, {"noah": OUT}, {}, OPERATOR, world.now)


def test_a_room_is_placed_by_hand_and_renamed_by_the_first_run(world: World) -> None:
    """D21."""
    world.enrol("Noah", rooms=["Tūī"])
    profile = world.portfolio("Some", "Body", None)
    storypark.amend_profile(profile, rooms=frozenset({"The birds"}), by=OPERATOR, now=world.now)
    lists = setup_lists.setup_lists(world.service, world.now)
    [room], [free] = setup_lists.rooms(lists), setup_lists.free_rooms(world.service, lists, world.now)
    assert room.target_id is None
    setup_choices.place_room(world.service, room.room_id, free.room_id, OPERATOR, world.now)
    [room] = setup_lists.rooms(setup_lists.setup_lists(world.service, world.now))
    assert (room.target_id, room.renamed_from) == (free.room_id, "The birds")
    with pytest.raises(Refused, match="no longer has this room"):
        setup_choices.place_room(world.service, room.room_id, "no such room", OPERATOR, world.now)
    world.set_up()
    assert world.rooms("noah") == {"Tūī"}
    assert set(profile.rooms.values_list("name", flat=True)) == {"Tūī"}
    assert scope(RoomLink, world.service).count() == 1


def test_a_new_room_instead_of_the_one_that_is_alike(world: World) -> None:
    """D21."""
    world.enrol("Noah", rooms=["Tui"])
    world.enrol("Zoë", rooms=["Kea"])
    alike, other = (
        storypark.add_room(world.service, name, by=OPERATOR, now=world.now) for name in ("Tūī", "KEA")
    )
    client, page = visitor(world, "ana", RoleName.ADMIN_EDUCATOR), address(world, "rooms/")
    steps = {step.name: step for step in setup_lists.rooms(setup_lists.setup_lists(world.service, world.now))}
    assert steps["Tui"].renamed_from == "Tūī"
    assert "A new room Tui</option>" in client.get(page).content.decode()
    for name in ("Tui", "Kea"):
        client.post(page, {"room": steps[name].room_id, "target": setup_choices.NEW})
    assert "A new room <strong>Tui</strong> is made" in client.get(page).content.decode()
    client.post(page, {"room": steps["Kea"].room_id, "target": ""})  # another thought
    world.set_up()
    other.refresh_from_db()
    assert (alike.name, other.name) == ("Tūī", "Kea")
    assert world.rooms("noah") == {"Tui"}
    assert scope(RoomLink, world.service).filter(target_id="").count() == 0
    world.sync_fully()
    assert world.rooms("noah") == {"Tui"}


def test_a_visitor_is_sent_to_sign_in(world: World) -> None:
    answer = Client().get(address(world))
    assert answer["Location"].startswith("/accounts/login/")


def test_what_is_new_since_a_snapshot(world: World) -> None:
    world.enrol("Noah")
    world.enrol("Ida")
    before = setup_lists.snapshot(setup_lists.setup_lists(world.service, world.now))
    world.amend("noah", preferred_name="Noe")
    world.archive("ida")
    world.enrol("Ari", until=world.today + timedelta(days=1))
    found = setup_lists.news(before, setup_lists.setup_lists(world.service, world.now))
    assert [child.child_id for child in found.came] == ["ari"]
    assert [child.child_id for child in found.changed] == ["noah"]
    assert found.went == 1
