"""The Account page in a real browser: the plan, the queue for spaces, and changing the paid children."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from playwright.sync_api import Page, expect

from parkway.storypark import verbs as storypark
from parkway.sync.commands import changes, choices, lifecycle
from parkway.tenancy.models import Person, RoleName
from parkway.tenancy.people import OPERATOR
from tests.browser.conftest import assert_accessible
from tests.stories.world import LONG_AGO, WINDOW, World

pytestmark = pytest.mark.django_db(transaction=True)

People, Browse = Callable[..., Person], Callable[..., Page]


@pytest.fixture
def admin(person: People) -> Person:
    return person("Aroha Admin", RoleName.ADMIN_EDUCATOR)


def address(world: World, rest: str = "") -> str:
    return f"/storypark/{world.service.slug}/account/{rest}"


def ask_for(page: Page, number: int) -> None:
    page.get_by_role("spinbutton", name="Paid children").fill(str(number))
    page.get_by_role("button", name="See what would happen").click()


def full(world: World) -> None:
    """Two spaces, and four children for them."""
    world.pay_for(2)
    for name in ("Ana", "Ben", "Caro", "Dan"):
        world.enrol(name)
    world.set_up()


@pytest.mark.parametrize("javascript", [True, False])
def test_a_full_plan_shows_the_queue_and_new_spaces_are_filled_in_its_order(
    world: World, admin: Person, browse: Browse, javascript: bool
) -> None:
    """R10, R11."""
    full(world)
    page = browse(admin, javascript=javascript)
    page.goto(address(world))
    rows = page.get_by_role("region", name="Waiting for a space").get_by_role("row")
    expect(rows.nth(1)).to_contain_text("1st")
    expect(rows.nth(1)).to_contain_text("Caro Hohepa")
    expect(rows.nth(1)).to_contain_text("Caro is Active in Manage, booked from")
    expect(rows.nth(2)).to_contain_text("2nd")
    expect(rows.nth(2)).to_contain_text("Dan Hohepa")
    expect(
        page.get_by_text("Everybody who belongs in Storypark today needs 4 spaces: 4 Active")
    ).to_be_visible()
    expect(page.get_by_text("The spaces have run out already.")).to_be_visible()
    ask_for(page, 3)
    expect(page.get_by_text("This changes your plan from 2 to 3 paid children.")).to_be_visible()
    expect(page.get_by_text("Caro is Active in Manage")).to_be_visible()
    expect(page.get_by_role("heading", name="Still waiting for a space 1")).to_be_visible()
    page.get_by_role("button", name="Pay for 3 children and create 1 profile").click()
    expect(page.get_by_text("1 child came in. 1 child still waiting.")).to_be_visible()
    assert (world.state("caro"), world.state("dan"), world.live()) == ("live", None, 3)


def test_under_stay_inactive_children_are_counted(world: World, admin: Person, browse: Browse) -> None:
    """R11."""
    world.enrol("Ana")
    world.enrol("Ida", until=LONG_AGO)
    world.set_up()
    world.stay()
    page = browse(admin)
    page.goto(address(world))
    expect(
        page.get_by_text("1 Active child and 1 Inactive, because your service keeps Inactive children")
    ).to_be_visible()


def test_a_child_kept_until_a_day_is_counted_as_that(world: World, admin: Person, browse: Browse) -> None:
    """B4."""
    world.enrol("Ana")
    world.enrol("Ida")
    world.set_up()
    choices.keep_until(world.service, "ida", world.today + timedelta(days=9), OPERATOR, world.now)
    world.leave("ida")
    page = browse(admin)
    page.goto(address(world))
    counted = "1 Active child and 1 Inactive, kept until a day that somebody chose"
    expect(page.get_by_text(counted)).to_be_visible()


def test_a_number_below_the_live_profiles_is_refused(world: World, admin: Person, browse: Browse) -> None:
    """D6."""
    full(world)
    page = browse(admin)
    page.goto(address(world))
    ask_for(page, 1)
    expect(page.get_by_role("alert")).to_contain_text("Archive 1 in Manage first")
    expect(page.get_by_role("spinbutton", name="Paid children")).to_have_value("1")
    page.get_by_role("spinbutton", name="Paid children").fill("")
    page.get_by_role("button", name="See what would happen").click()
    expect(page.get_by_role("alert")).to_contain_text("This field is required")
    assert storypark.account(world.service).paid_children == 2


def test_over_the_plan_the_page_says_by_how_many(world: World, admin: Person, browse: Browse) -> None:
    """D6."""
    full(world)
    world.plan_reduced_to(1)
    page = browse(admin)
    page.goto(address(world))
    expect(page.get_by_text("1 live profile is more than your plan pays for.")).to_be_visible()
    assert_accessible(page)


def test_a_preview_that_became_stale_in_one_of_two_tabs_is_shown_anew(
    world: World, admin: Person, browse: Browse
) -> None:
    """B1."""
    full(world)
    first = browse(admin)
    first.goto(address(world))
    ask_for(first, 3)
    second = first.context.new_page()
    second.goto(address(world))
    ask_for(second, 3)
    second.get_by_role("button", name="Pay for 3 children").click()
    expect(second.get_by_text("1 child came in")).to_be_visible()
    world.archive("dan")
    first.get_by_role("button", name="Pay for 3 children and create 1 profile").click()
    expect(first.get_by_role("alert")).to_contain_text("so nothing was done")
    expect(first.get_by_text("No profile changes")).to_be_visible()
    assert_accessible(first)
    first.get_by_role("button", name="Pay for 3 children", exact=True).click()
    expect(first.get_by_text("Your plan pays for 3 children from now on.")).to_be_visible()
    assert world.live() == 3


def test_the_page_looks_eight_weeks_ahead(world: World, admin: Person, browse: Browse) -> None:
    """B7."""
    world.pay_for(2)
    world.enrol("Ana")
    for name in ("Ben", "Caro"):
        world.enrol(name, since=world.today + timedelta(days=WINDOW + 5))
    world.set_up()
    page = browse(admin)
    page.goto(address(world))
    ahead = page.get_by_role("region", name="Spaces needed in the next 8 weeks")
    expect(ahead).to_contain_text("The spaces run out on")
    expect(ahead).to_contain_text("The most that will be needed is 3")
    ahead.get_by_text("Day by day").click()
    expect(ahead.get_by_role("row").nth(2)).to_contain_text("1 too few")


def test_without_syncing_the_number_alone_is_changed(world: World, admin: Person, browse: Browse) -> None:
    """R11."""
    page = browse(admin)
    page.goto(address(world))
    page.get_by_role("spinbutton", name="Paid children").fill("30")
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_text("Syncing is not on, so no profile changes by itself.")).to_be_visible()
    page.get_by_role("button", name="Pay for 30 children").click()
    expect(page.get_by_text("Your plan pays for 30 children from now on.")).to_be_visible()
    assert storypark.account(world.service).paid_children == 30


def test_the_integrations_section_points_to_the_next_step_and_to_support(
    world: World, admin: Person, browse: Browse
) -> None:
    """R12."""
    page = browse(admin)
    page.goto(address(world))
    section = page.get_by_role("region", name="Integrations")
    expect(section.get_by_role("button", name="Set up syncing")).to_be_visible()
    expect(section.get_by_role("link", name="Contact support")).to_be_visible()
    world.integration.delete()
    page.reload()
    expect(section.get_by_role("button", name="Ask support to enable it")).to_be_visible()
    lifecycle.enable(world.service, OPERATOR, world.now)
    world.enrol("Ana")
    world.set_up()
    page.reload()
    expect(section).to_contain_text("Last run on")
    changes.confirm(world.service, changes.TurnOff(), "", OPERATOR, world.now)
    page.reload()
    expect(section).to_contain_text("turned off")


def test_an_educator_sees_the_plan_and_may_not_change_it(
    world: World, person: People, browse: Browse
) -> None:
    """D22."""
    full(world)
    page = browse(person("Eru Educator", RoleName.EDUCATOR))
    page.goto(address(world))
    expect(page.get_by_role("region", name="Waiting for a space")).to_contain_text("Caro Hohepa")
    expect(page.get_by_text("Only an admin educator may change the number")).to_be_visible()
    expect(page.get_by_role("button", name="See what would happen")).to_have_count(0)
    page.goto(address(world, "paid-children/?number=9"))
    expect(
        page.get_by_text("only the role “admin educator” may change the number of paid children")
    ).to_be_visible()


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("phone", [False, True])
def test_the_account_is_accessible(
    world: World, admin: Person, browse: Browse, dark: bool, phone: bool
) -> None:
    full(world)
    page = browse(admin, phone=phone, dark=dark)
    for rest in ("", "paid-children/?number=3", "paid-children/?number=1"):
        page.goto(address(world, rest))
        assert_accessible(page)
