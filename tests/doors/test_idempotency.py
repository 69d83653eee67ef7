"""What somebody sends twice, by a double click or on the way back, is done once; and files wait for a yes."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.conf import settings
from django.contrib.sessions.models import Session
from django.core.cache import cache
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.utils import timezone

from parkway.manage.models import Booking, Child, Room
from parkway.storypark.models import Profile, Story
from parkway.tenancy.models import Person, RoleName
from parkway.tenancy.people import OPERATOR
from parkway.tenancy.scope import scope
from parkway.tenancy.verbs import give_role
from tests.stories.world import LONG_AGO, World

pytestmark = pytest.mark.django_db

Clients = Callable[..., Client]
SENT_BEFORE = "That was sent already"


@pytest.fixture
def world() -> World:
    made = World()
    made.now = timezone.now()
    return made


@pytest.fixture
def client_of(world: World) -> Clients:
    def make(name: str = "sam") -> Client:
        made = Person.objects.create_user(f"{name}@example.org", name.title())
        for role in RoleName:
            give_role(made, world.service, role, by=OPERATOR, now=world.now)
        client = Client(headers={"host": "localhost"})
        client.force_login(made, backend=settings.AUTHENTICATION_BACKENDS[0])
        return client

    return make


def mark(answer: Any) -> dict[str, str]:
    """What tells a form from the same form sent anew."""
    found = re.search(r'name="once" value="([^"]+)"', answer.content.decode())
    assert found is not None
    return {"once": found.group(1)}


def test_a_child_sent_twice_is_added_once(world: World, client_of: Clients) -> None:
    client, address = client_of(), f"/manage/{world.service.slug}/children/add/"
    form = {"first_name": "Ida", "last_name": "Ng", **mark(client.get(address))}
    assert "Ida was added" in client.post(address, form, follow=True).content.decode()
    assert SENT_BEFORE in client.post(address, form, follow=True).content.decode()
    assert scope(Child, world.service).count() == 1
    anew = form | mark(client.get(address))  # a namesake is typed on a page of its own
    client.post(address, anew)
    assert scope(Child, world.service).count() == 2


def test_what_was_refused_may_be_sent_again(world: World, client_of: Clients) -> None:
    client, address = client_of(), f"/manage/{world.service.slug}/children/add/"
    form = mark(client.get(address))
    refused = client.post(address, {**form, "gender": "girl"})
    assert mark(refused) == form
    assert "was added" in client.post(address, {**form, "first_name": "Ida"}, follow=True).content.decode()


def test_the_mark_of_one_person_says_nothing_of_another(world: World, client_of: Clients) -> None:
    address = f"/manage/{world.service.slug}/children/add/"
    for client in (client_of("sam"), client_of("tui")):
        client.post(address, {"first_name": "Ida", "once": "the same"})
    assert scope(Child, world.service).count() == 2


def test_a_booking_sent_again_on_the_way_back_is_made_once(world: World, client_of: Clients) -> None:
    child = world.child(world.enrol("Ida", since=None))
    client, address = client_of(), f"/manage/{world.service.slug}/children/{child.pk}/book/permanent/"
    form = {"starts_on": world.today.isoformat(), "weekdays": ["mon"], "state": "confirmed"}
    form |= mark(client.get(address))
    for _ in range(2):  # the second time by the browser's way back, which sends what was typed anew
        form |= mark(client.post(address, form))
        last = client.post(address, {**form, "sure": "1"}, follow=True)
    assert SENT_BEFORE in last.content.decode()
    assert scope(Booking, world.service).count() == 1


def test_a_profile_and_a_story_sent_twice_are_made_once(world: World, client_of: Clients) -> None:
    client, base = client_of(), f"/storypark/{world.service.slug}/"
    form = {"first_name": "Ida", **mark(client.get(f"{base}children/new/"))}
    for _ in range(2):
        client.post(f"{base}children/new/", form)
    profile = scope(Profile, world.service).get()
    form = {"children": profile.pk, "title": "A tower", **mark(client.get(f"{base}stories/new/"))}
    for _ in range(2):
        client.post(f"{base}stories/new/", {**form, "do": "draft"})
    assert scope(Story, world.service).count() == 1


def test_a_new_room_of_a_child_holds_no_separator(world: World, client_of: Clients) -> None:
    address = f"/manage/{world.service.slug}/children/add/"
    answer = client_of().post(address, {"first_name": "Ida", "new_room": "Tūī;Kiwi"})
    assert "which separates rooms in files" in answer.content.decode()
    assert not scope(Room, world.service).exists()
    assert not scope(Child, world.service).exists()


# Files wait for a yes -------------------------------------------------------------------------------------


def send(client: Client, world: World, children: str, bookings: str = "") -> Any:
    files = {"children": SimpleUploadedFile("kids.csv", children.encode())}
    if bookings:
        files["bookings"] = SimpleUploadedFile("care.csv", bookings.encode())
    return client.post(f"/manage/{world.service.slug}/import/", files)


def say_yes(client: Client, world: World, waiting: str) -> str:
    address = f"/manage/{world.service.slug}/import/carry-out/"
    return str(client.post(address, {"waiting": waiting}, follow=True).content.decode())


HEAD = "child_id,first_name,last_name,archived_on\n"


def leaving(world: World) -> tuple[str, str]:
    """A file in which one child is archived, one's care ended long ago, and one is new."""
    children = f"{HEAD}ana,Ana,Hohepa,{world.today}\nben,Ben,Hohepa,\nzoe,Zoë,Ng,\n"
    return children, f"child_id,kind,state,starts_on,ends_on\nben,permanent,confirmed,2025-01-06,{LONG_AGO}\n"


def test_an_import_says_first_what_it_does_in_manage_and_in_storypark(
    world: World, client_of: Clients
) -> None:
    """B1."""
    world.enrol_several(8, prefix="Kid")
    for name in ("Ana", "Ben", "Caro"):
        world.enrol(name)
    world.set_up()
    before, client = world.snapshot(), client_of()
    answer = send(client, world, *leaving(world))
    page = answer.content.decode()
    for said in ("1 child becomes Inactive", "1 child becomes Archived", "1 new child, Inactive"):
        assert said in page
    assert "2 children will be archived" in page
    assert world.snapshot() == before
    assert (world.status("ana"), world.status("ben")) == ("Active", "Active")
    said = say_yes(client, world, answer.context["waiting"])
    assert "1 new child, 2 children brought up to date, 1 booking." in said
    assert (world.status("ana"), world.status("ben")) == ("Archived", "Inactive")
    run = world.sync()
    assert run is not None
    assert run.counts["archive"] == 2


def test_an_import_that_would_empty_storypark_says_that_somebody_has_to_look(
    world: World, client_of: Clients
) -> None:
    """D12."""
    world.enrol("Ana")
    world.enrol("Ben")
    world.set_up()
    page = send(client_of(), world, *leaving(world)).content.decode()
    assert "An admin educator will have to look at that run first." in page


def test_files_are_imported_once_by_their_sender_and_are_not_kept(world: World, client_of: Clients) -> None:
    client, other = client_of("sam"), client_of("tui")
    waiting = send(client, world, f"{HEAD}zoe,Zoë,Ng,\n").context["waiting"]
    assert "sent already" not in say_yes(other, world, waiting)
    assert not scope(Child, world.service).exists()
    assert "1 new child" in say_yes(client, world, waiting)
    scope(Child, world.service).delete()
    assert "were imported already" in say_yes(client, world, waiting)
    assert not scope(Child, world.service).exists()


def test_files_wait_for_who_has_to_sign_in_before_the_answer(world: World, client_of: Clients) -> None:
    client, page = client_of(), f"/manage/{world.service.slug}/import/"
    waiting = send(client, world, f"{HEAD}zoe,Zoë,Ng,\n").context["waiting"]
    sam = Person.objects.get(email="sam@example.org")
    Session.objects.all().delete()
    answer = client.post(
        f"{page}carry-out/", {"waiting": waiting}, headers={"referer": f"http://localhost{page}"}
    )
    assert answer["Location"].endswith("import%2F")
    unsent = client.session["unsent"]
    client.force_login(sam, backend=settings.AUTHENTICATION_BACKENDS[0])
    session = client.session
    session["unsent"] = unsent  # as signing in on the page keeps it
    session.save()
    shown = client.get(page)
    assert "1 new child, Inactive" in shown.content.decode()
    assert not scope(Child, world.service).exists()
    assert "1 new child" in say_yes(client, world, shown.context["waiting"])
    assert scope(Child, world.service).count() == 1


def test_files_that_have_become_wrong_are_told_and_can_be_sent_anew(world: World, client_of: Clients) -> None:
    """A file is read anew when it is imported: by then the day, or the window, may be another."""
    client = client_of()
    world.service.time_zone = "Pacific/Kiritimati"
    world.service.save()
    waiting = send(client, world, f"{HEAD}zoe,Zoë,Ng,{world.today}\n").context["waiting"]
    world.service.time_zone = "Pacific/Pago_Pago"  # 25 hours behind
    world.service.save()
    shown = say_yes(client, world, waiting)
    assert "is after today" in shown
    assert f'action="/manage/{world.service.slug}/import/"' in shown
    assert not scope(Child, world.service).exists()


def test_files_go_with_the_answer(world: World, client_of: Clients) -> None:
    client = client_of()
    waiting = send(client, world, f"{HEAD}zoe,Zoë,Ng,\n").context["waiting"]
    [key] = [key for key in _keys() if "import." in key]
    packed = cache.get(key.split(":", 2)[2])
    assert packed is not None
    assert b"Zo" not in packed[0]  # packed, not written out
    say_yes(client, world, waiting)
    assert [key for key in _keys() if "import." in key] == []


def _keys() -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT cache_key FROM web_cache")
        return [row[0] for row in cursor.fetchall()]


def test_who_was_signed_out_on_a_button_comes_back_to_its_page(world: World, client_of: Clients) -> None:
    world.enrol("Ana")
    world.set_up()
    client, page = client_of(), f"/storypark/{world.service.slug}/integrations/"
    client.logout()
    answer = client.post(f"{page}sync-now/", headers={"referer": f"http://localhost{page}"})
    assert answer["Location"].endswith(f"next=%2Fstorypark%2F{world.service.slug}%2Fintegrations%2F")
    answer = client.post(f"{page}sync-now/", headers={"referer": f"http://elsewhere{page}x"})
    assert answer["Location"].endswith("sync-now%2F")
