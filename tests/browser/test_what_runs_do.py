"""What a run does in Storypark when something else happened there, as people see it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from parkway.connectors.ports import ProfileWrites
from parkway.engine.wording import ordinal
from parkway.jobs.scheduler import Scheduler
from parkway.storypark import verbs as storypark
from parkway.sync.models import Link
from parkway.sync.run.pipeline import RunContext, run_sync
from parkway.tenancy.models import Person
from parkway.tenancy.people import OPERATOR
from parkway.tenancy.scope import scope
from tests.browser.test_following_manage import live_and_archived, sync_now
from tests.ends import given
from tests.stories.world import LONG_AGO, WINDOW, StoryparkDouble, World

pytestmark = pytest.mark.django_db(transaction=True)

Someone = Callable[..., Person]
Browse = Callable[..., Page]


def settings(world: World, rest: str = "") -> str:
    return f"/storypark/{world.service.slug}/integrations/{rest}"


def in_storypark(world: World, child_id: str) -> str:
    return f"/storypark/{world.service.slug}/children/{world.profile_of(child_id).pk}/"


def test_who_waits_is_listed_in_the_order_in_which_spaces_are_given(
    world: World, ana: Person, browse: Browse
) -> None:
    """Active children first, restores before new profiles, and within that the nearest care first (D5)."""
    for name in ("Ana", "Rua", "Ida"):
        world.enrol(name)
    world.set_up()
    world.archive("rua")
    world.leave("ida")
    world.sync()
    world.pay_for(1)
    world.unarchive("rua")
    world.leave("rua")
    world.book("rua", world.today + timedelta(days=40))
    world.enrol("Later", since=world.today + timedelta(days=30))
    world.enrol("Sooner", since=world.today + timedelta(days=5))
    world.enrol("Lately", until=world.today - timedelta(days=WINDOW + 5))
    world.enrol("Never", since=None)
    page = browse(ana)
    page.goto(settings(world, "switch/stay/"))
    page.get_by_role("button", name="Change the setting").first.click()
    page.goto(f"/storypark/{world.service.slug}/account/")
    rows = page.get_by_role("region", name="Waiting for a space").get_by_role("row")
    for number, name in enumerate(("Rua", "Sooner", "Later", "Ida", "Lately", "Never"), start=1):
        expect(rows.nth(number)).to_contain_text(ordinal(number))
        expect(rows.nth(number)).to_contain_text(name)
    page.get_by_role("spinbutton", name="Paid children").fill("3")
    page.get_by_role("button", name="See what would happen").click()
    page.get_by_role("button", name="Pay for 3 children").click()
    assert live_and_archived(page, world)[0] == ["Ana Hohepa", "Rua Hohepa", "Sooner Hohepa"]


def test_what_was_archived_by_hand_comes_back_and_is_told_as_that(
    world: World, ana: Person, browse: Browse, scheduler: Scheduler
) -> None:
    """B8, D7."""
    world.enrol("Ana")
    world.enrol("Rua")
    never_linked = world.portfolio("Some", "Body", None)
    storypark.archive_profile(never_linked, by=OPERATOR, now=world.now)
    world.set_up()
    storypark.archive_profile(world.profile_of("rua"), by=OPERATOR, now=world.now)
    page = browse(ana)
    page.goto(in_storypark(world, "rua"))
    expect(page.get_by_text("Somebody archived this profile by hand on")).to_be_visible()
    sync_now(page, world)
    expect(page.locator("#progress")).to_contain_text("1 restored.", ignore_case=True)
    page.goto(in_storypark(world, "rua"))
    expect(page.get_by_role("region", name="Why it is here")).to_contain_text(
        "The profile had been archived by hand, and was restored."
    )
    assert live_and_archived(page, world) == (["Ana Hohepa", "Rua Hohepa"], ["Some Body"])
    page.get_by_role("link", name="Some Body").click()
    expect(page.get_by_text("syncing leaves it alone")).to_be_visible()


def test_each_archive_says_where_it_came_from(world: World, ana: Person, browse: Browse) -> None:
    """From set-up, where a child was linked before; from a run; and each is restored as itself (B8)."""
    world.enrol("Ana")
    world.enrol("Ida")
    world.enrol("Mila", until=LONG_AGO)
    profile = world.portfolio("Mila")
    Link.objects.create(service=world.service, child_id="mila", profile_id=profile.reference)
    world.set_up()
    world.leave("ida")
    world.sync()
    page = browse(ana)
    page.goto(in_storypark(world, "mila"))
    expect(page.get_by_text("Setting syncing up archived this profile on")).to_be_visible()
    expect(page.get_by_text("syncing restores this same profile")).to_be_visible()
    page.goto(in_storypark(world, "ida"))
    expect(page.get_by_text("Syncing archived this profile on")).to_be_visible()
    page.goto(settings(world, "switch/stay/"))
    page.get_by_role("button", name="Restore 2 profiles").click()
    page.goto(in_storypark(world, "mila"))
    expect(page.get_by_role("region", name="Why it is here")).to_contain_text(
        "this service keeps Inactive children in Storypark"
    )
    assert world.profile_of("mila").pk == profile.pk


def test_a_deleted_profile_of_a_child_who_belongs_is_made_anew(
    world: World, ana: Person, browse: Browse, scheduler: Scheduler
) -> None:
    """D10."""
    world.enrol("Ana")
    world.enrol("Rua")
    world.set_up()
    before = world.profile_of("rua")
    storypark.delete_profile(before, by=OPERATOR, now=world.now)
    page = browse(ana)
    assert live_and_archived(page, world)[0] == ["Ana Hohepa"]
    sync_now(page, world)
    expect(page.locator("#progress")).to_contain_text("1 created.", ignore_case=True)
    page.goto(settings(world, "children/rua/"))
    page.get_by_role("link", name="The profile in Storypark").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Rua Hohepa")
    assert world.profile_of("rua").pk != before.pk
    assert page.goto(f"/storypark/{world.service.slug}/children/{before.pk}/").status == 404  # type: ignore[union-attr]


def test_sync_now_in_two_tabs_at_once_does_everything_once(
    world: World, ana: Person, browse: Browse, scheduler: Scheduler
) -> None:
    """D13."""
    world.enrol("Ana")
    world.set_up()
    world.enrol("Mila")
    first = browse(ana)
    second = first.context.new_page()
    for tab in (first, second):
        tab.goto(settings(world))
    for tab in (first, second):
        tab.get_by_role("button", name="Sync now").click(no_wait_after=True)
    for tab in (first, second):
        expect(tab.get_by_role("heading", name="Done")).to_be_visible()
    first.goto(settings(world, "runs/"))
    runs = first.get_by_role("row").filter(has_text="Sync now")
    assert runs.count() in (1, 2)
    assert runs.filter(has_text="1 created").count() == 1
    assert live_and_archived(first, world)[0] == ["Ana Hohepa", "Mila Hohepa"]


def deaf(order: ProfileWrites) -> ProfileWrites:
    return order._replace(changes=())


def test_each_run_says_whether_anything_was_left_to_do(
    world: World, ana: Person, browse: Browse, scheduler: Scheduler
) -> None:
    """B6."""
    world.enrol("Ana")
    world.enrol("Mila")
    world.set_up()
    page = browse(ana)
    page.goto(settings(world, "runs/"))
    page.get_by_role("row").nth(1).get_by_role("link").click()
    expect(page.get_by_role("main")).to_contain_text("nothing was left to do")
    world.archive("mila")
    end = StoryparkDouble(order=deaf)  # takes its orders and does not carry them out
    with given(world.service, profiles=end):
        run_sync(world.service.pk, RunContext(timezone.now()), full=True)
    page.goto(settings(world))
    expect(page.get_by_text("After the last run something was still left to do.")).to_be_visible()
    expect(page.get_by_role("heading", name="How it stands")).to_contain_text("needs you")
    page.goto(settings(world, "runs/"))
    row = page.get_by_role("row").filter(has_text="not finished")
    row.get_by_role("link").click()
    expect(page.get_by_role("main")).to_contain_text("something was left to do; support is told")
    sync_now(page, world)
    page.goto(settings(world))
    expect(page.get_by_role("heading", name="How it stands")).to_contain_text("healthy")
    assert scope(Link, world.service).count() == 2
