"""What holds on every page: support is near, axe finds nothing, a keyboard is enough, changes are told."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect

from parkway.storypark import verbs as storypark
from parkway.tenancy.models import Person, RoleName, Service
from parkway.tenancy.people import OPERATOR
from parkway.tenancy.verbs import give_role
from tests.browser.conftest import assert_accessible, tab_to
from tests.doors.test_web_doors import ADDRESSES, ELSEWHERE, PUBLIC, WHO, Place
from tests.stories.world import World

pytestmark = pytest.mark.django_db(transaction=True)

Someone = Callable[..., Person]
Browse = Callable[..., Page]

NO_PAGES = {"manage-export", "manage-example", "managed", "service", "setup-many", "setup-refresh"}
"""Addresses that give a file, or send on to a page."""

NOT_WHEN_ON = {"setup", "setup-child", "setup-rooms", "setup-summary"}
OWN_STATE = {"held", "turn-on"}
"""Pages that need something to have happened: Axe looks at them in the tests of the settings page."""

WITH_A_PAGE = {name for name, may in (WHO | ELSEWHERE).items() if may.get is not None} | PUBLIC
PAGES = sorted(WITH_A_PAGE - NO_PAGES - OWN_STATE)


@pytest.fixture
def everybody(person: Someone) -> Person:
    """Somebody with every role, and support staff too."""
    return person("Ana Admin", *RoleName, support=True)


def places(everybody: Person) -> tuple[Place, Place]:
    """A service that syncs and one that is still to be set up, with one of everything in each."""
    on, new = Place("Rimu House", on=True), Place("Kauri House", on=False)
    for place in (on, new):
        for role in RoleName:
            give_role(everybody, place.world.service, role, by=OPERATOR, now=place.world.now)
    storypark.archive_profile(on.hand_made, by=OPERATOR, now=on.world.now)
    return on, new


def address(name: str, on: Place, new: Place) -> str:
    place = new if name in NOT_WHEN_ON else on
    return place.address(name)


@pytest.mark.parametrize("phone", [False, True], ids=["desktop, light", "phone, dark"])
def test_support_is_near_and_axe_finds_nothing_on_every_page(
    world: World, everybody: Person, browse: Browse, phone: bool
) -> None:
    """R12."""
    on, new = places(everybody)
    page = browse(everybody, phone=phone, dark=phone)
    for name in PAGES:
        answer = page.goto(address(name, on, new))
        assert answer is not None
        assert answer.status == 200, f"{name}: {answer.status}"
        assert_accessible(page)
        expect(page.get_by_role("link", name="Contact support").last, name).to_be_visible()


def test_every_address_is_a_page_that_was_looked_at_or_says_why_not() -> None:
    only_forms = {name for name, may in WHO.items() if may.get is None}
    assert set(PAGES) | NO_PAGES | OWN_STATE | only_forms == set(ADDRESSES)


@pytest.mark.parametrize(
    "name", ["integrations", "setup", "setup-rooms", "setup-summary", "storypark-account"]
)
def test_from_integrations_set_up_and_account_to_the_address_of_support(
    world: World, everybody: Person, browse: Browse, name: str
) -> None:
    """R12."""
    on, new = places(everybody)
    page = browse(everybody)
    page.goto(address(name, on, new))
    page.get_by_role("link", name="Contact support").last.click()
    write = page.get_by_role("main").get_by_role("link", name="support@parkway.example")
    expect(write).to_have_attribute("href", "mailto:support@parkway.example")


def test_every_error_page_leads_to_support(
    world: World,
    everybody: Person,
    person: Someone,
    browse: Browse,
) -> None:
    """R12."""
    on, _ = places(everybody)
    educator = person("Eru Educator")
    give_role(educator, on.world.service, RoleName.EDUCATOR, by=OPERATOR, now=on.world.now)
    slug = on.world.service.slug
    not_theirs = f"/manage/{world.service.slug}/"
    page = browse(educator)
    seen = []
    for where in (
        *("/nowhere/", not_theirs, f"/storypark/{slug}/integrations/switch/stay/"),
        *(f"/storypark/{slug}/children/{on.profile.pk}/edit/", f"/manage/{slug}/?page=%00"),
    ):
        answer = page.goto(where)
        assert answer is not None
        seen.append(answer.status)
        _leads_to_support(page)
    assert seen == [404, 404, 403, 409, 400]
    page.goto(f"/storypark/{slug}/stories/new/")
    page.context.clear_cookies(name="csrftoken")
    page.get_by_role("checkbox", name="Mānaia").check()
    page.get_by_label("Title").fill("A tower")
    page.get_by_role("button", name="Save as draft").click()
    expect(page.get_by_role("heading", name="Please send that again")).to_be_visible()
    _leads_to_support(page)

    Service.objects.filter(pk=on.world.service.pk).update(time_zone="Nowhere/Land")  # as no verb would
    answer = page.goto(f"/storypark/{slug}/account/")
    assert answer is not None
    assert answer.status == 500
    expect(page.get_by_role("heading", name="Something broke on our side")).to_be_visible()
    _leads_to_support(page)


def _leads_to_support(page: Page) -> None:
    assert_accessible(page)
    expect(page.get_by_role("main").get_by_role("button", name="Contact support")).to_be_visible()


def test_the_keyboard_alone_switches_the_setting(world: World, person: Someone, browse: Browse) -> None:
    """R9."""
    world.enrol("Ana")
    world.enrol("Nora", since=None)
    world.set_up()
    page = browse(person("Ana Admin", RoleName.ADMIN_EDUCATOR))
    page.goto(f"/storypark/{world.service.slug}/integrations/")
    for name, key in (("Change to this: see what happens", "Space"), ("Create 1 profile", "Enter")):
        tab_to(page, name, most=80)
        page.keyboard.press(key)
        page.wait_for_load_state()
    expect(page.get_by_role("status").first).to_contain_text("Done: 1 created")
    assert world.integration.inactive == "stay"


def _lists(world: World) -> dict[str, str]:
    slug = world.service.slug
    return {
        f"/manage/{slug}/": "1 child found.",
        f"/storypark/{slug}/": "1 child found.",
        f"/storypark/{slug}/integrations/": "1 child listed.",
    }


def test_after_a_part_is_renewed_it_is_told_and_the_focus_stays(
    world: World, everybody: Person, browse: Browse
) -> None:
    for name in ("Ana", "Mila"):
        world.enrol(name)
    world.set_up()
    page = browse(everybody)
    for where, told in _lists(world).items():
        page.goto(where)
        box = page.get_by_role("searchbox")
        box.press_sequentially("mil")
        expect(page.locator("#announce"), where).to_have_text(told)
        expect(page.locator("#announce")).to_have_attribute("aria-live", "polite")
        expect(box).to_be_focused()
        expect(box).to_have_value("mil")
        _only(page, "Mila Hohepa", "Ana Hohepa")


def _only(page: Page, there: str, gone: str) -> None:
    main: Locator = page.get_by_role("main")
    expect(main.get_by_role("link", name=there)).to_be_visible()
    expect(main.get_by_role("link", name=gone)).to_have_count(0)
