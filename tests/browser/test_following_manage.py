"""What follows in Storypark from what Manage says, as people do it and see it."""

from __future__ import annotations

import csv
from collections.abc import Callable
from datetime import timedelta

import pytest
from playwright.sync_api import Page, expect

from parkway.jobs.scheduler import Scheduler
from parkway.tenancy.models import Person, RoleName
from parkway.tenancy.people import OPERATOR
from parkway.tenancy.verbs import give_role
from parkway.web.templatetags.parkway import day
from tests.stories.world import LONG_AGO, WINDOW, World

pytestmark = pytest.mark.django_db(transaction=True)

Someone = Callable[..., Person]
Browse = Callable[..., Page]


@pytest.fixture
def ana(person: Someone) -> Person:
    """Who does everything at a small service: Manage, and the integration."""
    return person("Ana Admin", RoleName.ADMIN_EDUCATOR, RoleName.MANAGE_STAFF)


def in_manage(world: World, child_id: str) -> str:
    return f"/manage/{world.service.slug}/children/{world.child(child_id).pk}/"


def sync_now(page: Page, world: World) -> None:
    page.goto(f"/storypark/{world.service.slug}/integrations/")
    page.get_by_role("button", name="Sync now").click()
    expect(page.get_by_role("heading", name="Done")).to_be_visible()


def live_and_archived(page: Page, world: World) -> tuple[list[str], list[str]]:
    """The names on the two tabs of Storypark."""
    found = []
    for show in ("", "?show=archived"):
        page.goto(f"/storypark/{world.service.slug}/{show}")
        found.append(sorted(page.locator(".people a").all_inner_texts()))
    return found[0], found[1]


def test_set_up_lists_the_active_children_and_no_others(world: World, ana: Person, browse: Browse) -> None:
    """R2, R3."""
    world.enrol("Now")
    world.enrol("Soon", since=world.today + timedelta(days=WINDOW))
    world.enrol("Lately", until=world.today - timedelta(days=WINDOW))
    world.enrol("Gone", until=LONG_AGO)
    world.enrol("Never", since=None)
    world.enrol("Away")
    world.archive("away")
    page = browse(ana)
    page.goto(f"/storypark/{world.service.slug}/integrations/setup/")
    expect(page.get_by_text("0 of 3 chosen", exact=True)).to_be_visible()
    listed = sorted(page.locator("[data-row] .side:first-child strong").all_inner_texts())
    assert listed == ["Lately Hohepa", "Now Hohepa", "Soon Hohepa"]
    page.get_by_role("button", name="Create new profiles for all 3 with nothing alike").click()
    page.goto(f"/storypark/{world.service.slug}/integrations/setup/summary/")
    expect(
        page.get_by_text("3 children in Manage who are Inactive or Archived are not available")
    ).to_be_visible()
    page.get_by_role("button", name="Start syncing").click()
    assert live_and_archived(page, world) == (["Lately Hohepa", "Now Hohepa", "Soon Hohepa"], [])


def test_who_leaves_in_manage_is_archived_in_storypark(
    world: World, ana: Person, browse: Browse, scheduler: Scheduler
) -> None:
    """R4."""
    for name in ("Ana", "Ida", "Mila", "Noah"):
        world.enrol(name)
    world.set_up()
    page = browse(ana)
    page.goto(in_manage(world, "ida"))
    page.get_by_role("button", name="Archive …").click()
    page.get_by_role("button", name="Archive Ida in Manage").click()
    page.goto(in_manage(world, "mila"))
    page.get_by_role("link", name="Change the end").click()
    page.get_by_label("Last day").fill(LONG_AGO.isoformat())
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_label("What will happen")).to_contain_text("Mila's profile will be archived")
    page.get_by_role("button", name="End the booking on").click()
    sync_now(page, world)
    expect(page.locator("#progress")).to_contain_text("2 archived.", ignore_case=True)
    assert live_and_archived(page, world) == (["Ana Hohepa", "Noah Hohepa"], ["Ida Hohepa", "Mila Hohepa"])
    page.get_by_role("link", name="Mila Hohepa").click()
    why = page.get_by_role("region", name="Why it was archived")
    expect(why).to_contain_text("this service lets Inactive children leave Storypark")


def test_who_becomes_active_after_set_up_comes_by_itself(
    world: World, ana: Person, browse: Browse, scheduler: Scheduler
) -> None:
    """R5."""
    world.enrol("Ana")
    world.enrol("Zoë", until=LONG_AGO)
    world.set_up()
    page = browse(ana)
    assert live_and_archived(page, world) == (["Ana Hohepa"], [])
    page.goto(in_manage(world, "zoë"))
    page.get_by_role("button", name="Add a casual booking").click()
    page.get_by_label("Day", exact=True).fill((world.today + timedelta(days=WINDOW)).isoformat())
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_label("What will happen")).to_contain_text("Zoë gets a new profile at the next run")
    page.get_by_role("button", name="Add this booking").click()
    sync_now(page, world)
    assert live_and_archived(page, world) == (["Ana Hohepa", "Zoë Hohepa"], [])


def test_both_edges_of_the_active_window_and_the_day_on_which_the_label_changes(
    world: World, ana: Person, browse: Browse
) -> None:
    """D1, D2."""
    tomorrow = day(world.today + timedelta(days=1))
    world.enrol("Inside", until=world.today - timedelta(days=WINDOW))
    world.enrol("Outside", until=world.today - timedelta(days=WINDOW + 1))
    world.enrol("Ahead", since=None)
    page = browse(ana)
    page.goto(in_manage(world, "inside"))
    expect(page.get_by_role("heading", level=1)).to_contain_text("Active")
    expect(page.get_by_role("main")).to_contain_text(f"becomes Inactive on {tomorrow}")
    page.goto(in_manage(world, "outside"))
    expect(page.get_by_role("heading", level=1)).to_contain_text("Inactive")
    for ahead, label in ((WINDOW + 1, "Inactive"), (WINDOW, "Active")):
        page.goto(in_manage(world, "ahead"))
        page.get_by_role("button", name="Add a casual booking").click()
        page.get_by_label("Day", exact=True).fill((world.today + timedelta(days=ahead)).isoformat())
        page.get_by_role("button", name="Continue").click()
        page.get_by_role("button", name="Add this booking").click()
        expect(page.get_by_role("heading", level=1).locator(".label")).to_have_text(label)
        if label == "Inactive":
            expect(page.get_by_role("main")).to_contain_text(f"becomes Active on {tomorrow}")


def test_what_changes_in_manage_changes_in_storypark_and_nothing_else_is_copied(
    world: World, ana: Person, browse: Browse, scheduler: Scheduler
) -> None:
    """D11, D20."""
    world.enrol("Ana", preferred="Annie", rooms=["Tūī"])
    world.set_up()
    page = browse(ana)
    page.goto(f"{in_manage(world, 'ana')}edit/")
    page.get_by_label("Last name").fill("Wi-Repa")
    page.get_by_label("Preferred name").fill("")
    page.get_by_role("checkbox", name="Tūī").uncheck()
    page.get_by_label("New room").fill("Kea")
    page.get_by_role("button", name="Save").click()
    sync_now(page, world)
    expect(page.locator("#progress")).to_contain_text("1 updated.", ignore_case=True)
    page.goto(f"/storypark/{world.service.slug}/")
    page.get_by_role("link", name="Ana Wi-Repa").click()
    details = page.get_by_role("region", name="Details")
    assert details.locator("dt").all_inner_texts() == [
        *("First name", "Last name", "Preferred name", "Born", "Gender", "Rooms"),
    ]
    assert details.locator("dd").all_inner_texts() == ["Ana", "Wi-Repa", "–", "4 March 2022", "–", "Kea"]
    over_time = page.locator(".timeline")
    expect(over_time).to_contain_text("Preferred name: Annie → nothing")
    expect(over_time).to_contain_text("Rooms: Tūī → Kea")


def test_two_services_each_have_the_child_and_each_their_own_profile(
    world: World, ana: Person, browse: Browse, scheduler: Scheduler
) -> None:
    """D14."""
    other = World("Tōtara House", organisation=world.service.organisation)
    other.now = world.now
    for each in (world, other):
        for name in ("Ana", "Ben"):
            each.enrol(name)
        each.set_up()
    for role in (RoleName.ADMIN_EDUCATOR, RoleName.MANAGE_STAFF):
        give_role(ana, other.service, role, by=OPERATOR, now=other.now)
    page = browse(ana)
    page.goto(in_manage(world, "ana"))
    page.get_by_role("button", name="Archive …").click()
    page.get_by_role("button", name="Archive Ana in Manage").click()
    sync_now(page, world)
    assert live_and_archived(page, world) == (["Ben Hohepa"], ["Ana Hohepa"])
    page.locator("summary").filter(has_text="Rimu Kindergarten").click()
    page.get_by_role("link", name="Tōtara House").click()
    expect(page.locator(".top")).to_contain_text("Tōtara House")
    assert live_and_archived(page, other) == (["Ana Hohepa", "Ben Hohepa"], [])


def test_an_id_stays_as_it_was_written(world: World, ana: Person, browse: Browse) -> None:
    """Noughts in front stay, and a number too long for a number (D17)."""
    ids = ["007", "00000000000000000000012345678901234567890"]
    for number, child_id in enumerate(ids):
        world.enrol(f"Kid{number}", child_id=child_id)
    world.set_up()
    page = browse(ana)
    for child_id in ids:
        page.goto(in_manage(world, child_id))
        expect(page.get_by_role("region", name="Details").get_by_text(child_id, exact=True)).to_be_visible()
        page.get_by_role("link", name="Why, and what was decided before").click()
        assert page.url.endswith(f"/children/{child_id}/")
        expect(page.get_by_role("heading", name="Why?")).to_be_visible()
    page.goto(f"/manage/{world.service.slug}/")
    with page.expect_download() as download:
        page.get_by_role("button", name="Export as CSV").click()
    text = download.value.path().read_text(encoding="utf-8-sig")
    assert [row["child_id"] for row in csv.DictReader(text.splitlines())] == ids


def test_archived_in_manage_wins_over_a_day_to_keep_the_profile_until_and_dont_add_over_both(
    world: World, ana: Person, browse: Browse, scheduler: Scheduler
) -> None:
    """D24."""
    for name in ("Ana", "Ida", "Mila", "Noah"):
        world.enrol(name)
    world.set_up()
    page = browse(ana)
    settings = f"/storypark/{world.service.slug}/integrations/"
    for child_id in ("ida", "mila"):
        page.goto(f"{settings}children/{child_id}/")
        page.get_by_label("Keep the profile live until").fill((world.today + timedelta(days=9)).isoformat())
        page.get_by_role("button", name="Keep until that day").click()
    page.get_by_role("button", name="Don't add: stop syncing this child").click()
    for child_id in ("ida", "mila"):
        world.archive(child_id)
    sync_now(page, world)
    why = page.locator("section", has=page.get_by_role("heading", name="Why?"))
    page.goto(f"{settings}children/ida/")
    expect(why).to_contain_text("Ida was archived in Manage")
    page.goto(f"{settings}children/mila/")
    expect(why).to_contain_text("Somebody chose not to sync Mila")
    assert live_and_archived(page, world) == (
        ["Ana Hohepa", "Mila Hohepa", "Noah Hohepa"],
        ["Ida Hohepa"],
    )
