"""Storypark's pages: whose they are, who may, and how many queries they take."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest
from django.test import Client

from parkway.storypark import verbs as storypark
from parkway.tenancy.models import Person, RoleName
from parkway.tenancy.people import OPERATOR
from parkway.tenancy.verbs import give_role
from tests.stories.world import LONG_AGO, World

pytestmark = pytest.mark.django_db

Queries = Callable[[int], AbstractContextManager[object]]


@pytest.fixture
def world() -> World:
    return World()


def signed_in(world: World, *roles: RoleName) -> Client:
    someone = Person.objects.create_user(f"p{Person.objects.count()}@example.org", "Somebody")
    for role in roles:
        give_role(someone, world.service, role, by=OPERATOR, now=world.now)
    client = Client()
    client.force_login(someone, backend="allauth.account.auth_backends.AuthenticationBackend")
    return client


def paths_of(world: World) -> list[str]:
    """An address of each kind for something at this service."""
    profile = world.portfolio("Ana")
    story = storypark.write_story([profile], "Tower", "", by=OPERATOR, now=world.now)
    room = storypark.add_room(world.service, "Kōwhai", by=OPERATOR, now=world.now)
    child = f"children/{profile.pk}/"
    return [
        *(child, f"{child}edit/", f"{child}archive/", f"{child}restore/"),
        *(f"stories/{story.pk}/", f"stories/{story.pk}/edit/", f"rooms/{room.pk}/"),
    ]


def test_the_ids_of_another_service_are_not_found(world: World) -> None:
    mine, theirs = World("Mataī"), paths_of(world)
    client = signed_in(mine, RoleName.ADMIN_EDUCATOR)
    for path in theirs:
        assert client.get(f"/storypark/{mine.service.slug}/{path}").status_code == 404
        assert client.get(f"/storypark/{world.service.slug}/{path}").status_code == 404
        assert client.post(f"/storypark/{mine.service.slug}/{path}").status_code in (404, 405)
    publish = f"/storypark/{mine.service.slug}/{theirs[4]}publish/"
    assert client.post(publish).status_code == 404
    for path in ("", "stories/", "rooms/", "account/", "account/paid-children/"):
        assert client.get(f"/storypark/{world.service.slug}/{path}").status_code == 404
    about = client.post(
        f"/storypark/{mine.service.slug}/stories/new/",
        {"children": [world.portfolio("Eru").pk], "title": "Theirs", "do": "publish"},
    )
    assert about.status_code == 200


def test_a_deleted_profile_has_no_page(world: World) -> None:
    profile = world.portfolio("Ana")
    storypark.delete_profile(profile, by=OPERATOR, now=world.now)
    client = signed_in(world, RoleName.EDUCATOR)
    assert client.get(f"/storypark/{world.service.slug}/children/{profile.pk}/").status_code == 404


def test_manage_staff_get_a_page_that_helps(world: World) -> None:
    client = signed_in(world, RoleName.MANAGE_STAFF)
    answer = client.get(f"/storypark/{world.service.slug}/account/")
    assert answer.status_code == 403
    assert "see the children&#x27;s profiles and stories" in answer.content.decode()


def test_an_educator_cannot_change_the_plan_by_hand(world: World) -> None:
    """D22."""
    client = signed_in(world, RoleName.EDUCATOR)
    answer = client.post(f"/storypark/{world.service.slug}/account/paid-children/", {"number": "99"})
    assert answer.status_code == 403
    assert storypark.account(world.service).paid_children == 20


def test_a_form_sent_by_hand_changes_nothing_that_is_managed(world: World) -> None:
    """R14."""
    world.enrol("Ana")
    world.set_up()
    profile = world.profile_of("ana")
    before, client = world.snapshot(), signed_in(world, RoleName.ADMIN_EDUCATOR)
    for act in ("edit", "archive", "restore"):
        path = f"/storypark/{world.service.slug}/children/{profile.pk}/{act}/"
        assert client.post(path, {"first_name": "Other"}).status_code == 409
    assert client.post(f"/storypark/{world.service.slug}/rooms/", {"name": "Tūī"}).status_code == 200
    assert world.snapshot() == before


def test_a_story_about_an_archived_profile_is_refused_in_the_form(world: World) -> None:
    """R14."""
    ida, ana = world.portfolio("Ida"), world.portfolio("Ana")
    storypark.archive_profile(ida, by=OPERATOR, now=world.now)
    path = f"/storypark/{world.service.slug}/stories/new/"
    answer = signed_in(world, RoleName.EDUCATOR).post(
        path, {"children": [ida.pk, ana.pk], "title": "Kept words", "text": "Kept text"}
    )
    page = answer.content.decode()
    assert answer.status_code == 200
    assert "has no live profile any more" in page
    assert "Kept words" in page
    assert "Kept text" in page
    assert not ida.stories.exists()


@pytest.mark.parametrize("number", ["x", "-1", "", "9" * 30, "1e3"])
def test_a_number_that_is_none_is_answered_in_the_form(world: World, number: str) -> None:
    client = signed_in(world, RoleName.ADMIN_EDUCATOR)
    answer = client.get(f"/storypark/{world.service.slug}/account/paid-children/", {"number": number})
    assert answer.status_code == 200
    assert "Please look at this again" in answer.content.decode()


@pytest.mark.parametrize("query", ["?room=abc", "?page=999", "?show=else", f"?room={'9' * 30}"])
def test_odd_addresses_are_answered(world: World, query: str) -> None:
    client = signed_in(world, RoleName.EDUCATOR)
    world.portfolio("Ana")
    assert client.get(f"/storypark/{world.service.slug}/{query}").status_code == 200


@pytest.mark.parametrize("query", ["on=x", "on=2026-02-31", "on=0001-01-01", "on=9999-12-31"])
def test_odd_days_are_answered(world: World, query: str) -> None:
    world.enrol("Ana")
    world.set_up()
    path = f"/storypark/{world.service.slug}/children/{world.profile_of('ana').pk}/?{query}"
    assert signed_in(world, RoleName.EDUCATOR).get(path).status_code == 200


def test_the_number_of_queries_does_not_grow_with_the_children(
    world: World, django_assert_max_num_queries: Queries
) -> None:
    world.enrol_several(60)
    world.enrol_several(5, until=LONG_AGO, prefix="Old")
    world.pay_for(30)
    world.set_up()
    client = signed_in(world, RoleName.ADMIN_EDUCATOR)
    here = f"/storypark/{world.service.slug}"
    profile = world.profile_of("kid00")
    for path, number in (
        ("/", 16),
        ("/stories/", 14),
        ("/rooms/", 14),
        (f"/children/{profile.pk}/", 18),
        ("/account/", 36),
        ("/account/paid-children/?number=40", 32),
    ):
        with django_assert_max_num_queries(number):
            assert client.get(f"{here}{path}").status_code == 200


def test_an_end_that_is_silent_leaves_the_account_page_standing(world: World) -> None:
    world.enrol("Ana")
    world.set_up()
    world.child("ana").delete()
    page = signed_in(world, RoleName.ADMIN_EDUCATOR).get(f"/storypark/{world.service.slug}/account/")
    assert page.status_code == 200
    assert "no children at all" in page.content.decode()
