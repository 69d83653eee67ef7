"""Set-up in a real browser: two lists, a choice for every child, and the first run."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta

import pytest
from playwright.sync_api import Locator, Page, expect

from parkway.storypark import verbs as storypark
from parkway.sync.models import Choice, Run, Stage
from parkway.tenancy.models import Person, RoleName
from parkway.tenancy.people import OPERATOR
from parkway.tenancy.scope import scope
from parkway.tenancy.verbs import give_role
from tests.browser.conftest import assert_accessible
from tests.stories.world import LONG_AGO, World

pytestmark = pytest.mark.django_db(transaction=True)

People = Callable[..., Person]
Browse = Callable[..., Page]
OTHER_DAY = date(2021, 5, 6)


def address(world: World, more: str = "") -> str:
    return f"/storypark/{world.service.slug}/integrations/setup/{more}"


def row(page: Page, name: str) -> Locator:
    """The row of one child, found by the name on its left side."""
    return page.locator("[data-row]").filter(has=page.locator(f"strong:text-is('{name}')"))


def saved(page: Page, name: str) -> None:
    expect(row(page, name)).to_contain_text("Chosen by Ana Admin")


def chosen(world: World) -> dict[str, str]:
    return dict(scope(Choice, world.service).values_list("child_id", "kind"))


@pytest.mark.parametrize("javascript", [True, False])
def test_set_up_from_scratch(world: World, ana: Person, browse: Browse, javascript: bool) -> None:
    """Twins, equal names, near misses, macrons, an archived profile: nobody is matched unseen (R1)."""
    world.enrol("Mānaia", rooms=["Tūī"])
    world.enrol("Ari", "Ngata", child_id="twin-1")
    world.enrol("Tama", "Ngata", child_id="twin-2")
    world.enrol("Ida", "Smith", child_id="ida-1")
    world.enrol("Ida", "Smith", child_id="ida-2")
    world.enrol("Zoë", "Chen")
    world.enrol("Noah", "Patel")
    world.enrol("Gone", until=LONG_AGO)
    manaia = world.portfolio("Manaia")
    world.portfolio("Aria", "Ngata")
    world.portfolio("Ida", "Smith")
    zoe = world.portfolio("Zoe", "Chen")
    storypark.archive_profile(zoe, by=OPERATOR, now=world.now)
    world.portfolio("Somebody", "Else", OTHER_DAY)

    page = browse(ana, javascript=javascript)
    page.goto(address(world))
    expect(page.get_by_text("0 of 7 chosen", exact=True)).to_be_visible()
    expect(page.get_by_role("list", name="Children with their profiles")).not_to_contain_text("Gone")
    first = page.locator("[data-row]").first
    expect(first).to_contain_text("Please check")
    for name in ("Ari Ngata", "Tama Ngata", "Ida Smith"):
        for each in row(page, name).all():
            expect(each).to_contain_text("Please check")
            assert each.locator("input[type=radio]:checked").count() == 0
    expect(row(page, "Mānaia Hohepa").get_by_label("Manaia Hohepa")).to_be_checked()
    expect(row(page, "Noah Patel").get_by_label("Create a new profile")).to_be_checked()

    page.get_by_role("button", name="Take all 2 certain matches").click()
    expect(page.get_by_text("2 choices saved.")).to_be_visible()
    page.get_by_role("button", name="Create new profiles for the one child with nothing alike").click()
    expect(page.get_by_text("3 of 7 chosen", exact=True)).to_be_visible()

    page.get_by_role("link", name="Please check 4").click()
    row(page, "Ari Ngata").get_by_label("Create a new profile").check()
    row(page, "Tama Ngata").get_by_label("Don’t add").check()
    row(page, "Ida Smith").first.locator("input[type=radio]").first.check()
    row(page, "Ida Smith").last.get_by_label("Create a new profile").check()
    if javascript:
        expect(page.get_by_text("7 of 7 chosen", exact=True)).to_be_visible()
    else:
        page.get_by_role("button", name="Save this page").click()
        expect(page.get_by_text("4 choices saved.")).to_be_visible()

    page.get_by_role("link", name="Rooms", exact=True).first.click()
    expect(page.get_by_text("A new room Tūī is made")).to_be_visible()
    page.get_by_role("button", name="Check your answers").click()
    spaces = page.get_by_label("Spaces")
    expect(spaces).to_contain_text("Spaces needed4")
    happening = page.get_by_label("What will happen")
    expect(happening).to_contain_text("2 · Linked to a live profile")
    expect(happening).to_contain_text("1 · Archived profile restored")
    expect(happening).to_contain_text("3 · New profile created")
    expect(happening).to_contain_text("1 · Not added")
    expect(page.get_by_text("They leave Storypark.")).to_be_visible()
    page.get_by_role("button", name="Start syncing").click()
    expect(page.get_by_role("heading", name="Syncing has started")).to_be_visible()
    expect(page.get_by_text("every 12 hours")).to_be_visible()

    assert world.integration.stage == Stage.ON
    assert world.profile_of("mānaia").pk == manaia.pk
    assert world.profile_of("zoë").pk == zoe.pk
    assert world.state("zoë") == "live"
    assert world.profile("twin-2") is None
    page.goto(address(world))
    page.wait_for_url("**/integrations/")


def test_keyboard_alone_does_set_up(world: World, ana: Person, browse: Browse) -> None:
    world.enrol("Ari", "Ngata")
    world.enrol("Ida", "Smith")
    world.enrol("Noah", "Patel")
    world.portfolio("Ari", "Ngata", OTHER_DAY)
    page = browse(ana)
    page.goto(address(world))
    _tab_to(page, "input[value=new]")  # the first child's first answer is reached with Tab
    page.keyboard.press("m")
    saved(page, "Ari Ngata")
    expect(row(page, "Ari Ngata")).to_be_focused()
    page.keyboard.press("j")
    expect(row(page, "Ida Smith")).to_be_focused()
    page.keyboard.press("n")
    saved(page, "Ida Smith")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("d")
    saved(page, "Noah Patel")
    page.keyboard.press("k")
    expect(row(page, "Ida Smith")).to_be_focused()
    assert chosen(world) == {"ari": "profile", "ida": "new", "noah": "dont_add"}
    expect(page.locator("#announce")).to_contain_text("Saved for Noah Patel. 3 of 3 chosen.")
    page.goto(address(world, "summary/"))
    _tab_to(page, "main form button")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Syncing has started")).to_be_visible()


def _tab_to(page: Page, selector: str) -> None:
    for _ in range(80):
        page.keyboard.press("Tab")
        inside = "document.activeElement.closest('[data-row]') !== null" if "input" in selector else "false"
        if page.evaluate(f"document.activeElement.matches({selector!r}) || {inside}"):
            return
    raise AssertionError(f"{selector} is not reached with Tab")


@pytest.mark.parametrize("javascript", [True, False])
def test_two_people_do_not_overwrite_each_other(
    world: World, ana: Person, person: People, browse: Browse, javascript: bool
) -> None:
    """D23."""
    world.enrol("Noah", "Patel")
    ben = person("Ben Boss", RoleName.ADMIN_EDUCATOR)
    hers, his = browse(ana, javascript=javascript), browse(ben, javascript=javascript)
    hers.goto(address(world))
    his.goto(address(world))
    _pick(his, "Noah Patel", "Don’t add", javascript)
    expect(row(his, "Noah Patel")).to_contain_text("Chosen by Ben Boss")
    _pick(hers, "Noah Patel", "Create a new profile", javascript)
    problem = row(hers, "Noah Patel").get_by_role("alert")
    expect(problem).to_contain_text("Ben Boss chose “don't add”")
    expect(row(hers, "Noah Patel").get_by_label("Create a new profile")).to_be_checked()
    assert chosen(world) == {"noah": "dont_add"}
    problem.get_by_role("button", name="Use mine").click()
    saved(hers, "Noah Patel")
    assert chosen(world) == {"noah": "new"}


def _pick(page: Page, name: str, answer: str, javascript: bool) -> None:
    box = row(page, name).get_by_label(answer)
    if box.is_checked():  # proposed already: choosing it means saving the page
        page.get_by_role("button", name="Save this page").click()
        return
    box.check()
    if not javascript:
        page.get_by_role("button", name="Save this page").click()


@pytest.mark.parametrize("javascript", [True, False])
def test_two_children_cannot_take_one_profile(
    world: World, ana: Person, browse: Browse, javascript: bool
) -> None:
    world.enrol("Ida", "Smith", OTHER_DAY, child_id="ida-1")
    world.enrol("Ida", "Smith", child_id="ida-2")
    world.portfolio("Ida", "Smith", None)
    page = browse(ana, javascript=javascript)
    page.goto(address(world))
    for each in row(page, "Ida Smith").all():
        each.locator("input[type=radio]").first.check()
        if javascript:
            expect(page.get_by_text("1 of 2 chosen", exact=True)).to_be_visible()
    if javascript:
        expect(row(page, "Ida Smith").last).to_contain_text("Two children cannot take one profile.")
        expect(row(page, "Ida Smith").last).to_contain_text("born 6 May 2021")
        assert chosen(world) == {"ida-1": "profile"}
    else:
        page.get_by_role("button", name="Save this page").click()
        expect(page.get_by_text("2 choices were not saved.")).to_be_visible()
        expect(row(page, "Ida Smith").last).to_contain_text("Two children cannot take one profile.")
        assert chosen(world) == {}
    expect(row(page, "Ida Smith").last.locator("input[type=radio]").first).to_be_checked()


def test_a_stale_confirmation_shows_what_changed(world: World, ana: Person, browse: Browse) -> None:
    """B1."""
    world.enrol("Noah", "Patel")
    page = browse(ana)
    page.goto(address(world))
    page.get_by_role("button", name="Create new profiles for the one child").click()
    page.goto(address(world, "summary/"))
    world.amend("noah", preferred_name="Noe")
    page.get_by_role("button", name="Start syncing").click()
    expect(page.get_by_role("alert")).to_contain_text("Something changed since you looked")
    expect(page.get_by_role("alert")).to_contain_text("Noe still gets a new profile, but with other details")
    assert not scope(Run, world.service).exists()
    page.get_by_role("button", name="Start syncing").click()
    expect(page.get_by_role("heading", name="Syncing has started")).to_be_visible()


def test_who_waits_is_said_before(world: World, ana: Person, browse: Browse) -> None:
    """R10, R11."""
    world.enrol_several(4, prefix="Kid")
    world.pay_for(1)
    page = browse(ana)
    page.goto(address(world))
    page.get_by_role("button", name="Create new profiles for all 4 with nothing alike").click()
    page.goto(address(world, "summary/"))
    expect(page.get_by_label("Spaces")).to_contain_text("3 children will wait for a space")
    expect(page.get_by_label("Spaces").get_by_role("link", name="Account page")).to_be_visible()
    waiting = page.locator("details").filter(has_text="Wait for a space").get_by_role("listitem")
    expect(waiting).to_have_text(["Kid01 Hohepa", "Kid02 Hohepa", "Kid03 Hohepa"])
    page.get_by_role("button", name="Start syncing").click()
    expect(page.get_by_text("3 children wait for a space")).to_be_visible()


def test_a_profile_that_is_not_alike_is_found_by_search(world: World, ana: Person, browse: Browse) -> None:
    world.enrol("Wiremu", "Ōta")
    profile = world.portfolio("Billy", "Brown", OTHER_DAY)
    page = browse(ana)
    page.goto(address(world))
    page.get_by_role("link", name="Find another profile for Wiremu Ōta").click()
    page.get_by_role("searchbox").fill("billy")
    page.keyboard.press("Enter")
    assert "billy" not in page.url
    page.get_by_label("Billy Brown").check()
    page.get_by_role("button", name="Save for Wiremu Ōta").click()
    expect(page.get_by_text("1 of 1 chosen", exact=True)).to_be_visible()
    saved(page, "Wiremu Ōta")
    assert scope(Choice, world.service).get().profile_id == profile.reference


def test_refresh_says_what_is_new(world: World, ana: Person, browse: Browse) -> None:
    world.enrol("Noah", "Patel")
    page = browse(ana)
    page.goto(address(world))
    world.enrol("Ari", "<script>alert(1)</script>")
    world.amend("noah", preferred_name='=HYPERLINK("http://x")')
    page.goto(address(world))
    expect(page.get_by_text("1 child came (Ari <script>alert(1)</script>)")).to_be_visible()
    page.get_by_role("button", name="Refresh information from Storypark Manage").click()
    expect(page.get_by_text("1 new, 1 changed.")).to_be_visible()
    page.get_by_role("button", name="Refresh information from Storypark Manage").click()
    expect(page.get_by_text("nothing is new")).to_be_visible()


@pytest.mark.parametrize("javascript", [True, False])
def test_a_session_that_expired_loses_nothing(
    world: World, person: People, browse: Browse, javascript: bool
) -> None:
    password = "a long walk to the beach"
    ana = person("Ana Admin", RoleName.ADMIN_EDUCATOR, password=password)
    world.enrol("Noah", "Patel")
    page = browse(ana, javascript=javascript)
    page.goto(address(world))
    page.context.clear_cookies(name="sessionid")
    # `check` would look at the box again afterwards, on a page that may have gone by then
    row(page, "Noah Patel").get_by_label("Don’t add").click()
    if not javascript:
        page.get_by_role("button", name="Save this page").click()
    page.get_by_label("E-mail").or_(page.get_by_label("Email")).first.fill(ana.email)
    page.get_by_label("Password", exact=False).first.fill(password)
    page.get_by_role("button", name="Sign in").click()
    expect(row(page, "Noah Patel").get_by_label("Don’t add")).to_be_checked()
    assert chosen(world) == {}
    page.get_by_role("button", name="Save this page").click()
    saved(page, "Noah Patel")


def test_an_educator_may_look_and_change_nothing(world: World, person: People, browse: Browse) -> None:
    world.enrol("Mānaia")
    world.portfolio("Manaia")
    page = browse(person("Eli Educator", RoleName.EDUCATOR))
    page.goto(address(world))
    expect(page.get_by_text("Only an admin educator can choose.")).to_be_visible()
    expect(row(page, "Mānaia Hohepa")).to_contain_text("Proposed")
    expect(page.locator("main button:not(.secondary)")).to_have_count(0)
    page.goto(address(world, "summary/"))
    expect(page.get_by_role("button", name="Start syncing")).to_have_count(0)


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("phone", [False, True])
def test_every_page_of_set_up_is_accessible(
    world: World, ana: Person, browse: Browse, dark: bool, phone: bool
) -> None:
    world.enrol("Mānaia", rooms=["Tūī", "Kiwi"])
    world.enrol("Ari", "Ngata-With-A-Long-Name")
    world.enrol("Noah", "Patel", until=world.today + timedelta(days=3))
    world.portfolio("Manaia")
    world.portfolio("Ari", "Ngata-With-A-Long-Name", None)
    world.portfolio("Some", "Body", OTHER_DAY)
    page = browse(ana, dark=dark, phone=phone)
    for more in ("", "?show=check", "?show=chosen", "children/ari/", "rooms/", "summary/"):
        page.goto(address(world, more))
        assert_accessible(page)
    page.goto(address(world))
    page.get_by_role("button", name="Take the certain match").click()
    row(page, "Ari Ngata-With-A-Long-Name").locator("input[type=radio]").first.check()
    saved(page, "Ari Ngata-With-A-Long-Name")
    page.get_by_role("button", name="Create new profiles").click()
    assert_accessible(page)
    page.goto(address(world, "summary/"))
    assert_accessible(page)
    page.get_by_role("button", name="Start syncing").click()
    expect(page.get_by_role("heading", name="Syncing has started")).to_be_visible()
    assert_accessible(page)


def test_before_support_enabled_it(browse: Browse, person: People, world: World) -> None:
    """R12."""
    other = World("Tōtara House", organisation=world.service.organisation, enabled=False)
    ana = person("Ana Admin", RoleName.ADMIN_EDUCATOR)
    give_role(ana, other.service, RoleName.ADMIN_EDUCATOR, by=OPERATOR, now=other.now)
    page = browse(ana)
    page.goto(address(other))
    expect(page.get_by_role("heading", name="Syncing is not enabled yet")).to_be_visible()
    expect(page.get_by_role("main").get_by_role("button", name="Contact support")).to_be_visible()
    assert_accessible(page)
