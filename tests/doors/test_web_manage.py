"""Manage's pages without a browser: who may, whose service, what is stored, how many queries."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable
from datetime import timedelta
from html import unescape
from typing import Any
from urllib.parse import quote

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from parkway.manage.models import Booking, Child, Room
from parkway.sync.models import Choice
from parkway.tenancy.models import Person, RoleName
from parkway.tenancy.people import OPERATOR
from parkway.tenancy.scope import scope
from parkway.tenancy.verbs import add_service, give_role
from tests.stories.world import LONG_AGO, World

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> World:
    made = World()
    made.now = timezone.now()
    return made


@pytest.fixture
def client_of(world: World) -> Callable[..., Client]:
    """A signed-in client of a person with these roles."""

    def make(*roles: RoleName) -> Client:
        name = "-".join(roles) or "nobody"
        made = Person.objects.create_user(f"{name}@example.org", f"A {name}", None)
        for role in roles:
            give_role(made, world.service, role, by=OPERATOR, now=world.now)
        client = Client(headers={"host": "localhost"})
        client.force_login(made, backend=settings.AUTHENTICATION_BACKENDS[0])
        return client

    return make


@pytest.fixture
def staff(client_of: Callable[..., Client]) -> Client:
    return client_of(RoleName.MANAGE_STAFF)


def changing(world: World, child: Child, booking: Booking, room: Room) -> list[str]:
    """Every address that changes something."""
    base = f"/manage/{world.service.slug}"
    one, it = f"{base}/children/{child.pk}", f"{base}/children/{child.pk}/bookings/{booking.pk}"
    return [
        *(f"{base}/children/add/", f"{base}/import/", f"{base}/rooms/{room.pk}/", f"{base}/children.csv"),
        *(f"{one}/edit/", f"{one}/archive/", f"{one}/unarchive/", f"{one}/book/permanent/"),
        *(f"{one}/book/casual/", f"{it}/confirm/", f"{it}/end/", f"{it}/cancel/"),
    ]


def test_an_educator_sees_but_changes_nothing(world: World, client_of: Callable[..., Client]) -> None:
    """D22."""
    child = world.child(world.enrol("Mānaia", rooms=["Tūī"]))
    educator = client_of(RoleName.EDUCATOR)
    page = educator.get(f"/manage/{world.service.slug}/children/{child.pk}/").content.decode()
    assert "changed by people with the role “Manage staff”" in page
    assert "Archive" not in page
    booking, room = child.bookings.get(), Room.objects.get()
    for address in changing(world, child, booking, room):
        for answer in (educator.get(address), educator.post(address)):
            if answer.status_code != 405:
                assert answer.status_code == 403, address
                assert "Manage staff" in answer.content.decode() or "manage staff" in answer.content.decode()
    assert educator.post(f"/manage/{world.service.slug}/rooms/", {"name": "Kiwi"}).status_code == 403
    assert world.status("mānaia") == "Active"


def test_another_services_children_bookings_and_rooms_do_not_exist(world: World, staff: Client) -> None:
    other = World("Other Place")
    child = other.child(other.enrol("Ida", rooms=["Kōwhai"]))
    booking, room = child.bookings.get(), scope(Room, other.service).get()
    general = ("/children/add/", "/import/", "/children.csv")
    for address in changing(world, child, booking, room):
        if not address.endswith(general):
            assert staff.get(address).status_code == 404, address
            assert staff.post(address).status_code == 404, address
    assert staff.get(f"/manage/{world.service.slug}/children/{child.pk}/").status_code == 404
    assert staff.get(f"/manage/{other.service.slug}/").status_code == 404
    assert staff.get(f"/manage/{other.service.pk}/children/ida").status_code == 404
    mine = world.child(world.enrol("Ari"))
    address = f"/manage/{world.service.slug}/children/{mine.pk}/bookings/{booking.pk}/cancel/"
    assert staff.post(address).status_code == 404


@pytest.mark.parametrize("child_id", ["M-1", "a/b?c#d%20 é", "名前/", "=HYPERLINK()", "%2F", "x" * 64])
def test_the_link_of_a_profile_leads_to_the_child_whatever_the_id(
    world: World, staff: Client, child_id: str
) -> None:
    """R14."""
    world.enrol("Mānaia", child_id=child_id)
    world.set_up()
    link = world.profile_of(child_id).managed_link
    answer = staff.get(link)
    assert answer.status_code == 302
    assert answer["Location"] == f"/manage/{world.service.slug}/children/{world.child(child_id).pk}/"
    assert link == f"/manage/{world.service.pk}/children/{quote(child_id, safe='')}"


def test_the_link_of_a_missing_child_says_so(world: World, staff: Client) -> None:
    """R14."""
    answer = staff.get(f"/manage/{world.service.pk}/children/nobody", follow=True)
    assert "Manage no longer lists the child" in answer.content.decode()
    assert staff.get("/manage/999999/children/nobody").status_code == 404
    assert Client(headers={"host": "localhost"}).get("/manage/999999/children/x").status_code == 302


def test_a_services_address_is_never_a_bare_number(world: World) -> None:
    assert (
        add_service(world.service.organisation, "2026", "Pacific/Auckland", by=OPERATOR, now=world.now).slug
        == "service-2026"
    )


def test_a_child_is_added_with_a_new_room_and_markup_stays_text(world: World, staff: Client) -> None:
    base = f"/manage/{world.service.slug}/children"
    nameless = staff.post(f"{base}/add/", {"gender": "girl"})
    assert "A child needs a first name or a last name." in nameless.content.decode()
    sent = {"first_name": "<script>alert(1)</script>", "date_of_birth": "2023-01-02", "new_room": "Tūī"}
    page = staff.post(f"{base}/add/", sent, follow=True).content.decode()
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt; was added" in page
    child = scope(Child, world.service).get()
    assert [room.name for room in child.rooms.all()] == ["Tūī"]
    edited = {"first_name": "Mānaia", "last_name": "Hohepa", "rooms": ["Tūī"], "new_room": "Kiwi"}
    staff.post(f"{base}/{child.pk}/edit/", edited)
    child.refresh_from_db()
    assert (child.first_name, child.date_of_birth) == ("Mānaia", None)
    assert sorted(room.name for room in child.rooms.all()) == ["Kiwi", "Tūī"]


def test_a_day_to_come_is_refused_and_an_earlier_one_taken(world: World, staff: Client) -> None:
    """D3."""
    child = world.child(world.enrol("Mānaia"))
    address = f"/manage/{world.service.slug}/children/{child.pk}/archive/"
    tomorrow, before = world.today + timedelta(days=1), world.today - timedelta(days=9)
    assert "still to come" in staff.post(address, {"on": tomorrow}).content.decode()
    staff.post(address, {"on": before})
    child.refresh_from_db()
    assert (child.status, child.archived_on) == ("Archived", before)
    assert staff.get(address).status_code == 302


def test_a_booking_is_shown_before_it_is_made(world: World, staff: Client) -> None:
    child = world.child(world.enrol("Ida", since=None))
    address = f"/manage/{world.service.slug}/children/{child.pk}/book/permanent/"
    sent = {"weekdays": ["mon", "tue"], "starts_on": world.today, "state": "confirmed"}
    wrong = staff.post(address, sent | {"ends_on": world.today - timedelta(days=1)}).content.decode()
    assert "before it starts" in wrong
    shown = staff.post(address, sent).content.decode()
    assert "Monday, Tuesday" in shown
    assert not child.bookings.exists()
    back = staff.post(address, sent | {"change": "1"}).content.decode()
    assert 'value="mon" id="id_weekdays_0" checked' in back
    assert staff.post(address, sent | {"sure": "1"}).status_code == 302
    booking = child.bookings.get()
    assert (booking.weekdays, booking.ends_on, booking.kind) == ("mon;tue", None, "permanent")
    assert staff.get(address.replace("permanent", "odd")).status_code == 404


def test_an_offered_booking_is_confirmed_ended_and_cancelled(world: World, staff: Client) -> None:
    child = world.child(world.enrol("Ida", since=None))
    base = f"/manage/{world.service.slug}/children/{child.pk}"
    sent = {"starts_on": world.today, "state": "offered", "sure": "1"}
    staff.post(f"{base}/book/casual/", sent)
    booking = child.bookings.get()
    assert (booking.state, booking.ends_on, world.status("ida")) == ("offered", world.today, "Inactive")
    staff.post(f"{base}/bookings/{booking.pk}/confirm/")
    assert world.status("ida") == "Active"
    later = world.today + timedelta(days=3)
    assert (
        "End the booking on"
        in staff.post(f"{base}/bookings/{booking.pk}/end/", {"ends_on": later}).content.decode()
    )
    staff.post(f"{base}/bookings/{booking.pk}/end/", {"ends_on": later, "sure": "1"})
    booking.refresh_from_db()
    assert booking.ends_on == later
    staff.post(f"{base}/bookings/{booking.pk}/cancel/")
    assert world.status("ida") == "Inactive"
    again = staff.post(f"{base}/bookings/{booking.pk}/confirm/")
    assert again.status_code == 409
    assert "was cancelled" in again.content.decode()


def test_rooms_are_named_once_and_hold_no_separator(world: World, staff: Client) -> None:
    base = f"/manage/{world.service.slug}/rooms/"
    staff.post(base, {"name": "Tūī"})
    assert "empty or taken" in staff.post(base, {"name": "Tūī"}).content.decode()
    assert "separates rooms" in staff.post(base, {"name": "a;b"}).content.decode()
    room = scope(Room, world.service).get()
    assert staff.post(f"{base}{room.pk}/", {"name": "Kiwi"}).status_code == 302
    room.refresh_from_db()
    assert room.name == "Kiwi"


def carried_out(client: Client, answer: Any) -> Any:
    """Say yes to what the page before an import shows."""
    assert answer.status_code == 200
    address = answer.wsgi_request.path + "carry-out/"
    return client.post(address, {"waiting": answer.context["waiting"]}, follow=True)


def upload(text: str, name: str = "children.csv") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, text.encode(), content_type="text/csv")


def test_bad_lines_are_told_and_change_nothing(world: World, staff: Client) -> None:
    bad = "child_id,first_name,last_name,date_of_birth\nA,<b>Ana</b>,Ng,31/12/2025\nB,,,\n"
    sent = {"children": upload(bad, "Our children.csv"), "bookings": upload("child_id,kind\n", "b.csv")}
    answer = staff.post(f"/manage/{world.service.slug}/import/", sent)
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "Our children.csv" in page
    assert "31/12/2025 is not a date" in page
    assert "the header lacks this column" in page
    assert "/tmp" not in page
    assert not scope(Child, world.service).exists()


def test_the_examples_can_be_imported_as_they_are(world: World, staff: Client) -> None:
    base = f"/manage/{world.service.slug}/import/"
    files = {
        kind: SimpleUploadedFile(f"{kind}.csv", staff.get(f"{base}example-{kind}.csv").content)
        for kind in ("children", "bookings")
    }
    shown = staff.post(base, files)
    assert "1 new child, Archived" in shown.content.decode()
    assert not scope(Child, world.service).exists()
    page = carried_out(staff, shown).content.decode()
    assert "3 new children, 0 children brought up to date, 3 bookings." in page
    assert staff.get(f"{base}example-secrets.csv").status_code == 404
    alone = staff.post(base, {"children": upload("child_id,first_name,last_name\nA-9,Zoë,Ng\n")})
    alone = carried_out(staff, alone)
    assert "1 new child, " in alone.content.decode()
    assert scope(Booking, world.service).count() == 3


def test_a_file_that_is_too_large_is_refused(
    world: World, staff: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("parkway.web.views.manage.forms.LARGEST", 10)
    page = staff.post(
        f"/manage/{world.service.slug}/import/", {"children": upload("x" * 11)}
    ).content.decode()
    assert "at most" in page
    assert 'role="alert"' in page


def test_staff_choose_nothing_for_syncing_by_way_of_a_file(
    world: World, staff: Client, client_of: Callable[..., Client]
) -> None:
    """D22."""
    text = "child_id,first_name,last_name,sync\nA,Ana,Ng,dont_add\n"
    address = f"/manage/{world.service.slug}/import/"
    assert "but not change it" in staff.post(address, {"children": upload(text)}).content.decode()
    assert not scope(Child, world.service).exists()
    both = client_of(RoleName.MANAGE_STAFF, RoleName.ADMIN_EDUCATOR)
    carried_out(both, both.post(address, {"children": upload(text)}))
    assert scope(Choice, world.service).get().kind == "dont_add"


def test_an_export_has_no_formulas_and_can_be_imported(world: World, staff: Client) -> None:
    world.enrol('=HYPERLINK("http://x")', "+1", preferred="@SUM(1)", rooms=["-Tūī"], child_id="A-1")
    world.enrol("Ida", until=LONG_AGO)
    answer = staff.get(f"/manage/{world.service.slug}/children.csv")
    assert "attachment" in answer["Content-Disposition"]
    lines = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert lines[0]["first_name"] == '\'=HYPERLINK("http://x")'
    assert (lines[0]["last_name"], lines[0]["preferred_name"]) == ("'+1", "'@SUM(1)")
    assert lines[0]["rooms"] == "'-Tūī"
    assert all(not value.startswith(("=", "+", "-", "@")) for line in lines for value in line.values())
    assert lines[1]["status"] == "Inactive"
    back = {"children": SimpleUploadedFile("children.csv", answer.content)}
    shown = staff.post(f"/manage/{world.service.slug}/import/", back)
    assert "2 children brought up to date" in carried_out(staff, shown).content.decode()


def test_the_pages_ask_the_database_a_bounded_number_of_times(
    world: World, staff: Client, django_assert_max_num_queries: Callable[..., object]
) -> None:
    world.enrol_several(30)
    child = world.child(world.enrol("Mānaia", rooms=["Tūī"]))
    for day in range(30):
        world.book("mānaia", world.today + timedelta(days=day), world.today + timedelta(days=day))
    world.set_up()
    base = f"/manage/{world.service.slug}"
    for address in (f"{base}/", f"{base}/children/{child.pk}/", f"{base}/children/{child.pk}/archive/"):
        with django_assert_max_num_queries(45):  # type: ignore[attr-defined]
            assert staff.get(address).status_code == 200


@pytest.mark.parametrize("child_id", ["M-1", "a/b?c#d%20 é", "=HYPERLINK()"])
def test_a_childs_page_leads_to_the_why(world: World, staff: Client, child_id: str) -> None:
    """B2."""
    child = world.child(world.enrol("Mānaia", child_id=child_id))
    world.set_up()
    page = staff.get(f"/manage/{world.service.slug}/children/{child.pk}/").content.decode()
    found = re.search(r'<a href="([^"]+)">Why, and what was decided before</a>', page)
    assert found is not None
    assert staff.get(unescape(found[1])).status_code == 200
