"""Manage as its staff use it: adding, booking, archiving, rooms, files; by keyboard, without JavaScript."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.contrib.sessions.models import Session
from playwright.sync_api import FilePayload, Page, expect

from parkway.domain import BookingKind, BookingState
from parkway.manage import verbs
from parkway.manage.models import Child
from parkway.tenancy.models import Person, RoleName
from parkway.tenancy.people import OPERATOR
from parkway.tenancy.scope import scope
from tests.browser.conftest import assert_accessible, tab_to
from tests.stories.world import LONG_AGO, World

pytestmark = pytest.mark.django_db(transaction=True)

STAFF = RoleName.MANAGE_STAFF


def base(world: World) -> str:
    return f"/manage/{world.service.slug}/"


def at(world: World, child_id: str) -> str:
    return f"{base(world)}children/{world.child(child_id).pk}/"


@pytest.mark.parametrize("javascript", [True, False])
def test_a_child_is_added_and_booked_and_then_active(
    world: World, person: Callable[..., Person], browse: Callable[..., Page], javascript: bool
) -> None:
    """R13."""
    page = browse(person("Sam Staff", STAFF), javascript=javascript)
    page.goto(base(world))
    expect(page.get_by_role("heading", name="No children yet")).to_be_visible()
    page.get_by_role("button", name="Add a child").click()
    page.get_by_label("First name").fill("Mānaia")
    page.get_by_label("Last name").fill("=HYPERLINK('x')")
    page.get_by_label("Date of birth").fill("2023-04-05")
    page.get_by_label("New room").fill("Tūī")
    page.get_by_role("button", name="Add this child").click()
    expect(page.get_by_role("status").first).to_contain_text("Mānaia was added")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Inactive")
    expect(page.get_by_role("main")).to_contain_text("5 April 2023")
    page.get_by_role("button", name="Add a permanent booking").click()
    page.get_by_label("First day").fill(world.today.isoformat())
    page.get_by_label("Monday").check()
    page.get_by_label("Wednesday").check()
    page.get_by_label("Room").select_option("Tūī")
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_label("What will happen")).to_contain_text("Active with no end in sight")
    expect(page.get_by_role("main")).to_contain_text("Monday, Wednesday")
    page.get_by_role("button", name="Add this booking").click()
    expect(page.get_by_role("status").first).to_contain_text("The booking was added")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Active")
    expect(page.get_by_role("img", name="The bookings of Mānaia around today")).to_be_visible()
    row = page.get_by_role("row", name="no end date")
    expect(row).to_contain_text("Monday and Wednesday")
    row.get_by_role("link", name="Change the end").click()
    page.get_by_label("Last day").fill((world.today + timedelta(days=10)).isoformat())
    page.get_by_role("button", name="Continue").click()
    page.get_by_role("button", name="End the booking on").click()
    expect(page.get_by_role("main")).to_contain_text("becomes Inactive on")


@pytest.mark.parametrize("javascript", [True, False])
def test_archiving_says_before_what_it_does_in_storypark(
    world: World, person: Callable[..., Person], browse: Callable[..., Page], javascript: bool
) -> None:
    """D3."""
    world.enrol("Mānaia")
    world.enrol_several(4)
    world.set_up()
    page = browse(person("Sam Staff", STAFF), javascript=javascript)
    page.goto(at(world, "mānaia"))
    expect(page.get_by_role("region", name="In Storypark")).to_contain_text("live profile")
    page.get_by_role("button", name="Archive …").click()
    expect(page.get_by_label("What will happen")).to_contain_text(
        "Mānaia's profile will be archived at the next run; everything in it is kept."
    )
    assert world.status("mānaia") == "Active"
    page.get_by_role("button", name="Archive Mānaia in Manage").click()
    expect(page.get_by_role("status").first).to_contain_text("Mānaia is archived in Manage.")
    expect(page.get_by_role("status").first).to_contain_text("The next run is on")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Archived")
    world.sync()
    assert world.state("mānaia") == "archived"
    world.pay_for(4)
    page.reload()
    page.get_by_role("button", name="Unarchive …").click()
    expect(page.get_by_label("What will happen")).to_contain_text("Mānaia waits for a space, 1st in line")
    page.get_by_role("button", name="Unarchive Mānaia in Manage").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Active")
    expect(page.get_by_role("region", name="In Storypark")).to_contain_text("1st in line")


def test_an_offered_casual_booking_is_confirmed_and_cancelled(
    world: World, person: Callable[..., Person], browse: Callable[..., Page]
) -> None:
    world.enrol("Ida", since=None)
    page = browse(person("Sam Staff", STAFF))
    page.goto(at(world, "ida"))
    expect(page.get_by_role("main")).to_contain_text("Ida has no confirmed booking")
    page.get_by_role("button", name="Add a casual booking").click()
    page.get_by_label("Day", exact=True).fill((world.today + timedelta(days=3)).isoformat())
    page.get_by_label("Offered").check()
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_label("What will happen")).to_contain_text("stays as it is")
    page.get_by_role("button", name="Change what I typed").click()
    expect(page.get_by_label("Offered")).to_be_checked()
    page.get_by_role("button", name="Continue").click()
    page.get_by_role("button", name="Add this booking").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Inactive")
    page.get_by_role("link", name="Confirm the booking").click()
    page.get_by_role("button", name="Confirm this booking").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Active")
    page.get_by_role("link", name="Cancel the booking").click()
    expect(page.get_by_label("What will happen")).to_contain_text("Inactive")
    page.get_by_role("button", name="Cancel this booking").click()
    expect(page.get_by_role("row", name="casual")).to_contain_text("cancelled")


def test_a_room_is_renamed(world: World, person: Callable[..., Person], browse: Callable[..., Page]) -> None:
    """D21."""
    world.enrol("Mānaia", rooms=["Tūī"])
    world.set_up()
    page = browse(person("Sam Staff", STAFF))
    page.goto(f"{base(world)}rooms/")
    page.get_by_label("Name").fill("Tūī")
    page.get_by_role("button", name="Add this room").click()
    expect(page.get_by_role("alert")).to_contain_text("empty or taken")
    page.get_by_label("Name").fill("Weka")
    page.get_by_role("button", name="Add this room").click()
    page.get_by_role("link", name="Rename Tūī").click()
    page.get_by_label("Name").fill("Kererū")
    page.get_by_role("button", name="Rename this room").click()
    expect(page.get_by_role("heading", name="Kererū")).to_be_visible()
    world.sync()
    assert world.rooms("mānaia") == {"Kererū"}


@pytest.mark.parametrize("javascript", [True, False])
def test_an_import_is_all_or_nothing(
    world: World, person: Callable[..., Person], browse: Callable[..., Page], javascript: bool
) -> None:
    page = browse(person("Sam Staff", STAFF), javascript=javascript)
    page.goto(f"{base(world)}import/")
    head = "child_id,first_name,last_name,date_of_birth\n"
    page.get_by_label("Children (CSV)").set_input_files(
        csv("kids.csv", head + "A,<script>alert(1)</script>,Ng,2025-02-29\nA,Ben,Ng,\n")
    )
    page.get_by_role("button", name="See what happens").click()
    expect(page.get_by_role("alert")).to_contain_text("Nothing was imported. 2 things are wrong")
    expect(page.get_by_role("row", name="no 29 February")).to_contain_text("date_of_birth")
    expect(page.get_by_role("row", name="is on line 2 already")).to_contain_text("kids.csv")
    if javascript:
        assert_accessible(page)
    page.get_by_label("Children (CSV)").set_input_files(csv("kids.csv", head + "A,Zoë,Ng,2025-02-28\n"))
    booked = f"child_id,kind,state,starts_on\nA,permanent,confirmed,{world.today}\n"
    page.get_by_label("Bookings (CSV)").set_input_files(csv("bookings.csv", booked))
    page.get_by_role("button", name="See what happens").click()
    expect(page.get_by_text("1 new child, Active", exact=True)).to_be_visible()
    if javascript:
        assert_accessible(page)
    assert not scope(Child, world.service).exists()
    page.get_by_role("button", name="Import these files").click()
    expect(page.get_by_role("status").first).to_contain_text("1 new child")
    expect(page.get_by_role("row", name="Zoë Ng")).to_contain_text("Active")


def csv(name: str, text: str) -> FilePayload:
    return {"name": name, "mimeType": "text/csv", "buffer": text.encode()}


@pytest.mark.parametrize("javascript", [True, False])
def test_nothing_typed_is_lost_when_the_session_expired(
    world: World, person: Callable[..., Person], browse: Callable[..., Page], javascript: bool
) -> None:
    sam = person("Sam Staff", STAFF, password="a long way to the sea")
    page = browse(sam, javascript=javascript)
    page.goto(f"{base(world)}children/add/")
    page.get_by_label("First name").fill("Mānaia")
    page.get_by_label("New room").fill("Tūī & Kiwi")
    Session.objects.all().delete()
    page.get_by_role("button", name="Add this child").click()
    expect(page.get_by_role("status").first).to_contain_text("what you typed is still there")
    page.get_by_label("Email").fill(sam.email)
    page.get_by_label("Password").fill("a long way to the sea")
    page.get_by_role("main").get_by_role("button", name="Sign in").click()
    expect(page.get_by_label("First name")).to_have_value("Mānaia")
    expect(page.get_by_label("New room")).to_have_value("Tūī & Kiwi")
    assert not scope(Child, world.service).exists()
    page.get_by_role("button", name="Add this child").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Mānaia")


def test_the_keyboard_alone_archives_a_child(
    world: World, person: Callable[..., Person], browse: Callable[..., Page]
) -> None:
    world.enrol("Mānaia")
    page = browse(person("Sam Staff", STAFF))
    page.goto(base(world))
    for name in ("Mānaia Hohepa", "Archive …", "Archive Mānaia in Manage"):
        tab_to(page, name, most=60)
        page.keyboard.press("Enter")
        page.wait_for_load_state()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Archived")


def test_an_educator_reads_and_is_told_who_may_change(
    world: World, person: Callable[..., Person], browse: Callable[..., Page]
) -> None:
    """D22."""
    world.enrol("Mānaia")
    page = browse(person("Edie Educator", RoleName.EDUCATOR))
    page.goto(base(world))
    page.get_by_role("link", name="Mānaia").click()
    expect(page.get_by_role("main")).to_contain_text("role “Manage staff”")
    expect(page.get_by_role("button", name="Archive")).to_have_count(0)
    page.goto(f"{at(world, 'mānaia')}archive/")
    expect(page.get_by_role("heading", level=1)).to_have_text("You can't do that here")
    expect(page.get_by_role("main")).to_contain_text("only the role “manage staff” may change children")


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("phone", [False, True])
def test_every_page_is_accessible(
    world: World, person: Callable[..., Person], browse: Callable[..., Page], dark: bool, phone: bool
) -> None:
    page = browse(person("Sam Staff", STAFF), phone=phone, dark=dark)
    page.goto(base(world))
    assert_accessible(page)
    child = world.child(world.enrol("Mānaia", "Wolfeschlegelsteinhausenbergerdorff", rooms=["Tūī"]))
    world.enrol("Ida", until=LONG_AGO)
    soon = world.today + timedelta(days=20)
    verbs.book(child, soon, kind=BookingKind.CASUAL, state=BookingState.OFFERED, by=OPERATOR, now=world.now)
    verbs.cancel(verbs.book(child, world.today, soon, by=OPERATOR, now=world.now), by=OPERATOR, now=world.now)
    world.set_up()
    one, it = at(world, "mānaia"), child.bookings.order_by("pk")[0].pk
    room = child.rooms.get().pk
    pages = [one, f"{one}edit/", f"{one}archive/", f"{one}book/permanent/", f"{one}book/casual/"]
    pages += [f"{one}bookings/{it}/{name}/" for name in ("end", "confirm", "cancel")]
    pages += [f"{base(world)}{name}/" for name in ("children/add", "rooms", f"rooms/{room}", "import")]
    for address in (base(world), at(world, "ida"), *pages):
        page.goto(address)
        assert_accessible(page)
    page.goto(f"{one}book/casual/")
    page.get_by_label("Day", exact=True).fill(soon.isoformat())
    page.get_by_label("Last day").fill(world.today.isoformat())
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_role("alert")).to_contain_text("before it starts")
    assert_accessible(page)
    page.get_by_label("Last day").fill(soon.isoformat())
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_label("What will happen")).to_be_visible()
    assert_accessible(page)
    world.archive("mānaia")
    page.goto(f"{one}unarchive/")
    assert_accessible(page)
