"""What somebody meets who has never seen Parkway: the way in, what comes next, the same words everywhere."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from parkway.storypark import verbs as storypark
from parkway.sync.run.pipeline import RunContext, run_sync
from parkway.tenancy.models import Person, RoleName, Service
from parkway.tenancy.people import OPERATOR
from parkway.tenancy.verbs import give_role
from tests.browser.conftest import assert_accessible
from tests.stories.world import World

pytestmark = pytest.mark.django_db(transaction=True)

Someone = Callable[..., Person]
Browse = Callable[..., Page]


def base(world: World) -> str:
    return f"/storypark/{world.service.slug}/integrations/"


def run_now(world: World) -> None:
    run_sync(world.service.pk, RunContext(timezone.now()), full=True)


@pytest.mark.parametrize("phone", [False, True])
def test_the_first_page_says_how_each_service_stands(
    world: World, ana: Person, browse: Browse, phone: bool
) -> None:
    world.pay_for(1)
    world.enrol("Ana")
    world.enrol("Mila")
    world.set_up()
    new, never = World("Tōtara House"), World("Kauri House", enabled=False)
    for other in (new, never):
        give_role(ana, other.service, RoleName.ADMIN_EDUCATOR, by=OPERATOR, now=other.now)
    page = browse(ana, phone=phone)
    page.goto("/")
    expect(page.get_by_text("1 service needs somebody to look")).to_be_visible()
    waiting = page.get_by_role("link", name="1 child waits for a space at Rimu Kindergarten")
    expect(page.get_by_role("listitem").filter(has_text="Kauri House")).to_contain_text("no syncing")
    expect(page.get_by_role("listitem").filter(has_text="Tōtara House")).to_contain_text("not set up")
    assert_accessible(page)
    waiting.click()
    expect(page.get_by_role("heading", name="Syncing with Storypark Manage")).to_be_visible()


@pytest.mark.parametrize("javascript", [True, False])
def test_a_long_preview_is_confirmed_at_the_top(
    world: World, ana: Person, browse: Browse, javascript: bool
) -> None:
    """B1."""
    world.pay_for(40)
    world.enrol("Ana")
    world.set_up()
    for name in world.enrol_several(15):
        world.leave(name)
    page = browse(ana, phone=True, javascript=javascript)
    page.goto(f"{base(world)}switch/stay/")
    top = page.get_by_role("button", name="Create 15 profiles").first
    group = page.get_by_text("15 children will get a new profile", exact=True).last
    assert _y(page, top) < _y(page, group)
    if javascript:  # axe is a script itself
        assert_accessible(page)
    group.click()
    expect(page.get_by_role("link", name="Kid07 Hohepa")).to_be_visible()
    top.click()
    expect(page.get_by_role("status").first).to_contain_text("Done: 15 created")


def _y(page: Page, found: object) -> float:
    box = found.bounding_box()  # type: ignore[attr-defined]
    assert box is not None
    return float(box["y"])


def test_the_forecast_says_each_child_once(world: World, ana: Person, browse: Browse) -> None:
    """B3."""
    world.enrol("Ana")
    world.enrol("Mila", until=world.today - timedelta(days=50))
    world.enrol("Nora", since=world.today + timedelta(days=80))
    world.set_up()
    page = browse(ana)
    page.goto(f"{base(world)}forecast/")
    lines = page.locator("main li")
    expect(lines.filter(has_text="Mila Hohepa")).to_have_count(1)
    expect(lines.filter(has_text="Mila Hohepa")).to_contain_text("Inactive and has the profile archived.")
    expect(lines.filter(has_text="Nora Hohepa")).to_contain_text("Active and gets a new profile.")
    expect(page.get_by_role("heading", name=re.compile("^(This week|Next week|.* to )"))).not_to_have_count(0)


def test_no_forecast_before_syncing_is_on(world: World, ana: Person, browse: Browse) -> None:
    """B3."""
    world.enrol("Ana")
    page = browse(ana)
    page.goto(f"{base(world)}forecast/")
    expect(page.get_by_text("Syncing is not on")).to_be_visible()
    assert_accessible(page)


@pytest.mark.parametrize("address", ["on/", "off/", "switch/stay/", "progress/"])
def test_pages_that_make_no_sense_yet_lead_to_the_settings_page(
    world: World, ana: Person, browse: Browse, address: str
) -> None:
    page = browse(ana)
    page.goto(f"{base(world)}{address}")
    expect(page.get_by_role("heading", name="Ready to set up")).to_be_visible()
    expect(page.get_by_role("link", name="Contact support").first).to_be_visible()


def test_both_pages_of_a_child_tell_the_same(world: World, ana: Person, browse: Browse) -> None:
    """B2."""
    world.enrol("Ana")
    world.enrol("Mila")
    world.set_up()
    world.leave("mila")
    run_now(world)
    page = browse(ana)
    page.goto(f"{base(world)}children/mila/")
    told = page.locator(".timeline").inner_text()
    assert "The profile was archived" in told
    decided = (
        page.locator("section", has=page.get_by_role("heading", name="Why?")).locator(".facts").inner_text()
    )
    page.get_by_role("link", name="The profile in Storypark").click()
    assert page.locator(".timeline").inner_text() == told
    assert (
        page.locator("section", has=page.get_by_role("heading", name="Why it was archived"))
        .locator(".facts")
        .inner_text()
        == decided
    )
    page.get_by_role("link", name="Inactive children leave").click()
    expect(page.locator("dt:target")).to_contain_text("Inactive children leave")


def test_when_a_child_changes_the_table_says_to_what(world: World, ana: Person, browse: Browse) -> None:
    world.enrol("Mila", until=world.today)
    world.set_up()
    page = browse(ana)
    page.goto(base(world))
    expect(page.get_by_role("cell", name=re.compile("Inactive from"))).to_be_visible()
    assert storypark.live_profiles(world.service) == 1


@pytest.mark.parametrize("width", [320, 600, 800, 1100, 1280])
def test_no_page_touches_the_edge(world: World, ana: Person, browse: Browse, width: int) -> None:
    page = browse(ana)
    page.set_viewport_size({"width": width, "height": 800})
    page.goto(base(world))
    box = page.get_by_role("heading", level=1).bounding_box()
    assert box is not None
    assert 12 <= box["x"] <= 64


@pytest.mark.parametrize("phone", [False, True])
def test_a_part_of_a_page_that_is_not_answered_is_told_until_one_is(
    world: World, ana: Person, browse: Browse, phone: bool
) -> None:
    world.enrol("Mānaia")
    world.enrol("Zoë")
    page = browse(ana, phone=phone)
    page.goto(f"/manage/{world.service.slug}/")
    search, trouble = page.get_by_role("searchbox"), page.get_by_role("alert")
    expect(trouble).to_have_count(0)
    page.context.set_offline(True)
    search.fill("mana")
    expect(trouble).to_have_text("Parkway cannot be reached. Check the connection and try again.")
    page.context.set_offline(False)
    Service.objects.filter(pk=world.service.pk).update(time_zone="Nowhere/Land")  # as no verb would
    search.fill("manai")
    expect(trouble).to_contain_text("could not do that just now. Wait a minute")
    assert_accessible(page)
    Service.objects.filter(pk=world.service.pk).update(time_zone=world.service.time_zone)
    search.fill("manaia")
    expect(page.get_by_text("1 child", exact=True)).to_be_visible()
    expect(trouble).to_have_count(0)
