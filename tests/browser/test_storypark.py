"""Storypark's profiles, stories and rooms in a real browser."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from parkway.storypark import verbs as storypark
from parkway.tenancy.models import Person, RoleName
from parkway.tenancy.people import OPERATOR
from tests.browser.conftest import assert_accessible
from tests.stories.world import LONG_AGO, World

pytestmark = pytest.mark.django_db(transaction=True)

People, Browse = Callable[..., Person], Callable[..., Page]


@pytest.fixture
def educator(person: People) -> Person:
    return person("Eru Educator", RoleName.EDUCATOR)


def address(world: World, rest: str = "") -> str:
    return f"/storypark/{world.service.slug}/{rest}"


@pytest.mark.parametrize("javascript", [True, False])
def test_live_and_archived_profiles_are_found_by_name(
    world: World, educator: Person, browse: Browse, javascript: bool
) -> None:
    """R14."""
    world.portfolio("Mānaia", "O’Hara")
    world.portfolio("Ari", "<script>alert(1)</script>")
    world.portfolio("=HYPERLINK(“http://x”)", "")
    storypark.archive_profile(world.portfolio("Ida"), by=OPERATOR, now=world.now)
    page = browse(educator, javascript=javascript)
    page.goto(address(world))
    expect(page.get_by_role("link", name="Ari <script>alert(1)</script>")).to_be_visible()
    expect(page.get_by_text("3 children")).to_be_visible()
    page.get_by_role("searchbox").fill("manaia ohara")
    page.get_by_role("button", name="Find").click()
    expect(page.get_by_text("1 child", exact=True)).to_be_visible()
    expect(page.get_by_role("link", name="Mānaia O’Hara")).to_be_visible()
    page.get_by_role("link", name="Archived").click()
    expect(page.get_by_role("link", name="Ida Hohepa")).to_be_visible()
    page.get_by_role("searchbox").fill("manaia")
    page.get_by_role("button", name="Find").click()
    expect(page.get_by_text("No archived profile matches")).to_be_visible()


@pytest.mark.parametrize("javascript", [True, False])
def test_a_story_is_drafted_changed_and_published(
    world: World, educator: Person, browse: Browse, javascript: bool
) -> None:
    ana = world.portfolio("Ana")
    world.portfolio("Ben")
    page = browse(educator, javascript=javascript)
    page.goto(address(world, f"children/{ana.pk}/"))
    page.get_by_role("link", name="Write the first one").click()
    expect(page.get_by_role("checkbox", name="Ana Hohepa")).to_be_checked()
    page.get_by_label("Title").fill("A <b>tower</b>")
    page.get_by_role("checkbox", name="Ana Hohepa").uncheck()
    page.get_by_role("button", name="Save as draft").click()
    expect(page.get_by_role("alert")).to_contain_text("Choose at least one child")
    expect(page.get_by_label("Title")).to_have_value("A <b>tower</b>")
    page.get_by_role("checkbox", name="Ana Hohepa").check()
    page.get_by_role("button", name="Save as draft").click()
    expect(page.get_by_text("The draft is saved")).to_be_visible()
    page.get_by_role("button", name="Go on writing").click()
    page.get_by_role("checkbox", name="Ben Hohepa").check()
    page.get_by_role("textbox", name="Story").fill("Higher and higher")
    page.get_by_role("button", name="Save as draft").click()
    expect(page.get_by_text("Once published, the families of Ana, Ben can read it")).to_be_visible()
    page.get_by_role("button", name="Publish the story").click()
    expect(page.get_by_text("The story is published")).to_be_visible()
    expect(page.get_by_role("heading", name="A <b>tower</b>")).to_be_visible()
    expect(page.get_by_role("button", name="Go on writing")).to_have_count(0)
    page.get_by_role("link", name="Ben Hohepa").click()
    expect(page.get_by_role("link", name="A <b>tower</b>")).to_be_visible()
    page.goto(address(world, "stories/?show=published"))
    expect(page.get_by_text("about Ana, Ben")).to_be_visible()


def test_synced_fields_are_read_only_with_a_lock_and_a_link_to_the_child(
    world: World, educator: Person, browse: Browse
) -> None:
    """R14."""
    world.enrol("Ana", rooms=["Kōwhai"])
    world.set_up()
    profile = world.profile_of("ana")
    page = browse(educator)
    page.goto(address(world, f"children/{profile.pk}/"))
    expect(page.get_by_text("Managed in Manage")).to_be_visible()
    link = page.get_by_role("link", name="Open Ana in Manage")
    expect(link).to_have_attribute("href", f"/manage/{world.service.pk}/children/ana")
    link.click()
    expect(page.get_by_role("heading", name="Ana Hohepa")).to_be_visible()
    page.go_back()
    for name in ("Change details", "Archive…", "Restore…"):
        expect(page.get_by_role("button", name=name)).to_have_count(0)
    for act in ("edit", "archive", "restore"):
        page.goto(address(world, f"children/{profile.pk}/{act}/"))
        expect(page.get_by_role("heading", name="That was not done")).to_be_visible()
        expect(page.get_by_text("managed in Manage")).to_be_visible()
    page.goto(address(world, "rooms/"))
    expect(page.get_by_text("Managed in Manage")).to_be_visible()
    expect(page.get_by_role("heading", name="Kōwhai")).to_be_visible()
    expect(page.get_by_role("button", name="Add the room")).to_have_count(0)


def test_a_live_profile_says_why_it_is_here(world: World, educator: Person, browse: Browse) -> None:
    """B2."""
    world.enrol("Ana")
    world.set_up()
    page = browse(educator)
    page.goto(address(world, f"children/{world.profile_of('ana').pk}/"))
    why = page.get_by_role("region", name="Why it is here")
    expect(why).to_contain_text("Ana is Active in Manage, booked from")
    expect(why).to_contain_text("started by the end of set-up (the operator of this machine)")
    expect(why.get_by_role("listitem")).to_contain_text("The profile was made")
    page.get_by_label("On another day").fill("2026-01-05")
    page.get_by_role("button", name="Look").click()
    expect(page.get_by_text("Nothing had been decided for this child")).to_be_visible()


def test_an_archived_profile_keeps_its_stories_says_why_and_takes_no_new_ones(
    world: World, educator: Person, browse: Browse
) -> None:
    """R14, D16."""
    world.enrol("Ida")
    world.set_up()
    world.write("ida", "A tower")
    draft = world.write("ida", "Half a tower", publish=False)
    world.later(minutes=1)
    world.archive("ida")
    world.enrol("Ana")
    world.sync()
    profile = world.profile_of("ida")
    page = browse(educator)
    page.goto(address(world, f"children/{profile.pk}/"))
    expect(page.get_by_text("Syncing archived this profile on")).to_be_visible()
    expect(page.get_by_text("Stories are written on live profiles only")).to_be_visible()
    expect(page.get_by_role("button", name="Write a story")).to_have_count(0)
    expect(page.get_by_role("link", name="A tower", exact=True)).to_be_visible()
    why = page.get_by_role("region", name="Why it was archived")
    expect(why).to_contain_text("Ida was archived in Manage")
    expect(why.get_by_role("listitem")).to_have_count(2)
    page.get_by_role("link", name="Half a tower").click()
    expect(page.get_by_text("This draft rests")).to_be_visible()
    expect(page.get_by_role("button", name="Publish the story")).to_have_count(0)
    page.goto(address(world, f"stories/new/?about={profile.pk}"))
    expect(
        page.get_by_text("Ida Hohepa is archived, and stories are written on live profiles only")
    ).to_be_visible()
    expect(page.get_by_role("checkbox", name="Ida")).to_have_count(0)
    draft.refresh_from_db()
    assert draft.state == "draft"


def test_an_archive_by_hand_says_so(world: World, educator: Person, browse: Browse) -> None:
    """B8."""
    profile = world.portfolio("Ida")
    page = browse(educator)
    page.goto(address(world, f"children/{profile.pk}/"))
    page.get_by_role("button", name="Archive…").click()
    page.get_by_role("button", name="Archive Ida").click()
    expect(page.get_by_text("Somebody archived this profile by hand on")).to_be_visible()


def test_restoring_by_hand_takes_a_space(world: World, educator: Person, browse: Browse) -> None:
    """D4."""
    world.pay_for(1)
    profile = world.portfolio("Ida")
    storypark.archive_profile(profile, by=OPERATOR, now=world.now)
    page = browse(educator)
    page.goto(address(world, f"children/{profile.pk}/restore/"))
    expect(page.get_by_text("It takes 1 space: 1 space is free now, 0 afterwards.")).to_be_visible()
    world.portfolio("Ana")
    page.get_by_role("button", name="Restore Ida").click()
    expect(page.get_by_text("The plan of Rimu Kindergarten pays for 1 children")).to_be_visible()
    page.goto(address(world, f"children/{profile.pk}/restore/"))
    expect(page.get_by_text("no space is free")).to_be_visible()
    world.pay_for(2)
    page.reload()
    page.get_by_role("button", name="Restore Ida").click()
    expect(page.get_by_text("Ida is live again")).to_be_visible()


def test_profiles_and_rooms_are_edited_where_nothing_is_synced(
    world: World, educator: Person, browse: Browse
) -> None:
    page = browse(educator, javascript=False)
    page.goto(address(world))
    expect(page.get_by_text("No child has a live profile yet")).to_be_visible()
    page.goto(address(world, "rooms/"))
    page.get_by_label("Name of the room").fill("Kōwhai")
    page.get_by_role("button", name="Add the room").click()
    page.get_by_role("link", name="Rename Kōwhai").click()
    page.get_by_label("Name of the room").fill("Rātā")
    page.get_by_role("button", name="Save the name").click()
    expect(page.get_by_role("heading", name="Rātā")).to_be_visible()
    page.goto(address(world))
    page.get_by_role("button", name="Add a child").click()
    page.get_by_role("checkbox", name="Rātā").check()
    page.get_by_role("button", name="Add the child").click()
    expect(page.get_by_role("alert")).to_contain_text("needs a first name or a last name")
    page.get_by_label("First name").fill("Ana")
    page.get_by_role("button", name="Add the child").click()
    expect(page.get_by_text("Ana has a profile now")).to_be_visible()
    page.get_by_role("button", name="Change details").click()
    expect(page.get_by_role("checkbox", name="Rātā")).to_be_checked()
    page.get_by_label("Preferred name").fill("Annie")
    page.get_by_role("button", name="Save details").click()
    expect(page.get_by_text("called Annie")).to_be_visible()


def test_what_was_typed_outlives_the_session(world: World, person: People, browse: Browse) -> None:
    world.portfolio("Ana")
    eru = person("Eru Educator", RoleName.EDUCATOR, password="long enough words")
    page = browse(eru)
    page.goto(address(world, "stories/new/"))
    page.get_by_role("checkbox", name="Ana Hohepa").check()
    page.get_by_label("Title").fill("A long afternoon")
    page.context.clear_cookies(name="sessionid")
    page.get_by_role("button", name="Save as draft").click()
    page.get_by_label("Email").fill(eru.email)
    page.get_by_label("Password").fill("long enough words")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_label("Title")).to_have_value("A long afternoon")
    expect(page.get_by_role("checkbox", name="Ana Hohepa")).to_be_checked()
    page.get_by_role("button", name="Save as draft").click()
    expect(page.get_by_text("The draft is saved")).to_be_visible()


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("phone", [False, True])
def test_the_pages_are_accessible(
    world: World, educator: Person, browse: Browse, dark: bool, phone: bool
) -> None:
    world.enrol("Mānaia-Anahera-Te-Rangi-o-Waikato", rooms=["Kōwhai"])
    world.enrol("Ida", until=LONG_AGO)
    by_hand = world.portfolio("Ari", "Smith", born=None)
    world.set_up()
    first = world.enrol("Ana")
    world.sync()
    world.leave("ana")
    story = world.write("mānaia-anahera-te-rangi-o-waikato", "A tower", publish=False)
    world.sync()
    archived = world.profile_of(first)
    page = browse(educator, phone=phone, dark=dark)
    pages = [
        "",
        "?show=archived",
        f"children/{by_hand.pk}/",
        f"children/{archived.pk}/",
        f"children/{by_hand.pk}/edit/",
        f"children/{by_hand.pk}/archive/",
        f"children/{by_hand.pk}/restore/",
        "children/new/",
        "stories/",
        f"stories/{story.pk}/",
        f"stories/{story.pk}/edit/",
        "stories/new/",
        "rooms/",
    ]
    for rest in pages:
        page.goto(address(world, rest))
        assert_accessible(page)
