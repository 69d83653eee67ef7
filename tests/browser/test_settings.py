"""The page Settings in a real browser: what syncing goes by, and changing it as it was shown."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from parkway.domain import Limits, Window
from parkway.sync.commands import changes
from parkway.tenancy.models import Person, RoleName
from parkway.tenancy.people import OPERATOR
from tests.browser.conftest import assert_accessible
from tests.stories.world import World, days

pytestmark = pytest.mark.django_db(transaction=True)

Someone = Callable[..., Person]
Browse = Callable[..., Page]


def base(world: World) -> str:
    return f"/storypark/{world.service.slug}/integrations/settings/"


@pytest.fixture
def some_left(world: World) -> World:
    """Two children stay, two left a month ago and are Active still."""
    world.enrol_several(2)
    world.enrol_several(2, until=world.today - days(30), prefix="Left")
    world.set_up()
    return world


def window_of(world: World) -> Window:
    world.service.refresh_from_db()
    return world.service.window


@pytest.mark.parametrize("javascript", [True, False])
def test_an_admin_educator_changes_the_window_and_the_limits(
    some_left: World, ana: Person, browse: Browse, javascript: bool
) -> None:
    """D33, D1, D12."""
    world = some_left
    page = browse(ana, javascript=javascript)
    page.goto(f"/storypark/{world.service.slug}/integrations/")
    page.get_by_label("Syncing", exact=True).get_by_role("link", name="Settings").click()
    expect(page.get_by_text("56 days (8 weeks)")).to_have_count(2)
    page.get_by_role("button", name="Change… the active window").click()
    page.get_by_label("Days back").fill("14")
    page.get_by_label("Days ahead").fill("-3")
    page.get_by_role("button", name="See what would happen").click()
    expect(page.get_by_role("alert")).to_contain_text("Days ahead: Type a number of days")
    page.get_by_label("Days ahead").fill("28")
    page.get_by_role("button", name="See what would happen").click()
    expect(page.get_by_text("2 weeks back and 4 weeks ahead, instead of 8 weeks back")).to_be_visible()
    expect(page.get_by_text("2 children will be archived", exact=True)).to_be_visible()
    expect(page.get_by_role("link", name="Left00 Hohepa")).to_be_visible()
    assert (window_of(world), world.live()) == (Window(), 4)  # seeing it changes nothing
    page.get_by_role("link", name="Back").click()
    expect(page.get_by_label("Days back")).to_have_value("14")
    page.get_by_role("button", name="See what would happen").click()
    page.get_by_role("button", name="Change the window: archive 2 profiles and keep 2").click()
    expect(page.get_by_role("status").first).to_contain_text("Done: 2 archived.")
    assert (window_of(world), world.state("left00"), world.live()) == (Window(14, 28), "archived", 2)

    page.goto(base(world))
    expect(page.get_by_text("14 days (2 weeks)")).to_be_visible()
    page.get_by_role("button", name="Change… when a run waits for a person").click()
    page.get_by_label("Profiles", exact=True).fill("5")
    page.get_by_label("Share of the live profiles").fill("30")
    page.get_by_role("button", name="See what would happen").click()
    expect(page.get_by_text("No profile changes.")).to_be_visible()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("status").first).to_contain_text("Saved. No profile changed.")
    expect(page.get_by_text("30 % of the live profiles")).to_be_visible()
    assert world.integration.limits == Limits(5, 30)


@pytest.mark.parametrize("javascript", [True, False])
def test_a_time_zone_is_found_by_its_place(
    some_left: World, ana: Person, browse: Browse, javascript: bool
) -> None:
    """D33, D1."""
    world = some_left
    page = browse(ana, javascript=javascript)
    page.goto(base(world))
    page.get_by_role("button", name="Change… the time zone").click()
    zones = page.get_by_label("Time zone", exact=True)
    expect(zones).to_have_value("Pacific/Auckland")
    expect(zones.locator("optgroup").first).to_have_attribute("label", "Australia")
    search = page.get_by_label("Find a place or country")
    search.press_sequentially("fiji")
    if not javascript:
        search.press("Enter")
    expect(zones.locator("option")).to_have_count(1)
    expect(page.get_by_text("1 place found for “fiji”.")).to_be_visible()
    page.get_by_role("button", name="See what would happen").click()
    expect(page.get_by_text("Fiji. There it is")).to_be_visible()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("(Pacific/Fiji)")).to_be_visible()
    expect(page.get_by_text("from “Pacific/Auckland” to “Pacific/Fiji”")).to_be_visible()
    world.service.refresh_from_db()
    assert world.service.time_zone == "Pacific/Fiji"


@pytest.mark.parametrize("javascript", [True, False])
def test_a_preview_that_became_stale_is_shown_anew(
    some_left: World, ana: Person, browse: Browse, javascript: bool
) -> None:
    """D33, B1."""
    world = some_left
    first, second = browse(ana, javascript=javascript), browse(ana, javascript=javascript)
    for tab in (first, second):
        tab.goto(f"{base(world)}window/?see=1&lookback=14&lookahead=56")
    world.archive("kid00")
    first.get_by_role("button", name="Change the window: archive 2 profiles").click()
    expect(first.get_by_role("alert")).to_contain_text("nothing was done")
    assert (window_of(world), world.live()) == (Window(), 4)
    first.get_by_role("button", name="Change the window: archive 3 profiles and keep 1").click()
    expect(first.get_by_role("status").first).to_contain_text("Done: 3 archived.")
    second.get_by_role("button", name="Change the window").click()
    expect(second.get_by_role("status").first).to_contain_text("That is the setting already")
    assert world.live() == 1


def test_without_syncing_it_is_only_saved(world: World, ana: Person, browse: Browse) -> None:
    """D33."""
    world.enrol("Ana")
    page = browse(ana)
    page.goto(base(world))
    page.get_by_role("button", name="Change… the active window").click()
    page.get_by_label("Days back").fill("42")
    page.get_by_role("button", name="See what would happen").click()
    expect(page.get_by_text("Syncing is not on, so no profile in Storypark changes.")).to_be_visible()
    assert_accessible(page)
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("42 days (6 weeks)")).to_be_visible()
    assert window_of(world) == Window(42, 56)


def test_an_educator_sees_the_settings_and_is_refused_a_change(
    some_left: World, person: Someone, browse: Browse
) -> None:
    """D33, D22."""
    world = some_left
    page = browse(person("Eddie Educator", RoleName.EDUCATOR))
    page.goto(base(world))
    expect(page.get_by_text("Changing it is for an admin educator")).to_be_visible()
    expect(page.get_by_text("56 days (8 weeks)").first).to_be_visible()
    expect(page.get_by_role("button", name="Change…")).to_have_count(0)
    for part in ("window/?see=1&lookback=1&lookahead=1", "time-zone/", "limits/"):
        page.goto(f"{base(world)}{part}")
        expect(page.get_by_role("heading", name="You can't do that here")).to_be_visible()
        expect(page.get_by_role("main").get_by_text("admin educator")).to_be_visible()
    assert window_of(world) == Window()


@pytest.mark.parametrize("phone", [False, True], ids=["desktop, light", "phone, dark"])
def test_the_pages_are_accessible(some_left: World, ana: Person, browse: Browse, phone: bool) -> None:
    """D33."""
    world = some_left
    page = browse(ana, phone=phone, dark=phone)
    for part in (
        "window/?see=1&lookback=&lookahead=9999",
        "window/?see=1&lookback=1&lookahead=1",
        "time-zone/?find=nowhere+at+all",
        "time-zone/?see=1&time_zone=Pacific/Fiji",
        "limits/?see=1&archives=5&percent=30",
    ):
        page.goto(f"{base(world)}{part}")
        assert_accessible(page)
    changes.confirm(world.service, changes.TurnOff(), "", OPERATOR, world.now)
    page.goto(base(world))
    assert_accessible(page)


def test_the_keyboard_alone_changes_the_limits(some_left: World, ana: Person, browse: Browse) -> None:
    """D33."""
    world = some_left
    page = browse(ana)
    page.goto(f"{base(world)}limits/")
    page.get_by_label("Profiles", exact=True).focus()
    page.keyboard.press("Control+A")
    page.keyboard.type("7")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Change when a run waits for a person?")).to_be_visible()
    page.get_by_role("button", name="Save").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("status").first).to_contain_text("Saved.")
    assert world.integration.limits == Limits(7, 20)
