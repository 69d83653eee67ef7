"""The integrations settings page in a real browser: the switch, held runs, choices, and who may do what."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from parkway.domain import ChoiceKind
from parkway.jobs.scheduler import Scheduler
from parkway.manage import verbs as manage
from parkway.storypark import verbs as storypark
from parkway.sync.commands import changes
from parkway.sync.models import Integration, Run, Trigger
from parkway.sync.run.pipeline import RunContext, run_sync
from parkway.tenancy.models import Person, RoleName, SupportAccess
from parkway.tenancy.people import OPERATOR
from parkway.tenancy.scope import scope
from tests.browser.conftest import assert_accessible
from tests.stories.world import LONG_AGO, World

pytestmark = pytest.mark.django_db(transaction=True)

Someone = Callable[..., Person]
Browse = Callable[..., Page]


def base(world: World) -> str:
    return f"/storypark/{world.service.slug}/integrations/"


def run_now(world: World) -> Run:
    run = run_sync(world.service.pk, RunContext(timezone.now()), full=True)
    assert run is not None
    return run


@pytest.mark.parametrize("javascript", [True, False])
def test_the_switch_there_and_back(world: World, ana: Person, browse: Browse, javascript: bool) -> None:
    """R6, R7, R8, R9."""
    world.enrol("Ana")
    world.enrol("Mānaia")
    world.enrol("Nora", since=None)
    world.set_up()
    world.write("mānaia", "A tower")
    world.leave("mānaia")
    run_now(world)
    before = world.profile_of("mānaia").reference
    page = browse(ana, javascript=javascript)
    page.goto(base(world))
    page.get_by_role("button", name="Change to this: see what happens").click()
    expect(page.get_by_role("link", name="1 child will be restored")).to_be_visible()
    expect(page.get_by_role("link", name="1 child will get a new profile")).to_be_visible()
    assert world.state("mānaia") == "archived"  # seeing it changes nothing
    page.get_by_role("button", name="Create 1 profile and restore 1").click()
    expect(page.get_by_role("status").first).to_contain_text("Done: 1 created, 1 restored.")
    assert (world.profile_of("mānaia").reference, world.state("mānaia")) == (before, "live")
    assert world.stories("mānaia") == [("A tower", "published")]

    page.goto(base(world))
    page.get_by_role("button", name="Change to this: see what happens").click()
    page.get_by_role("button", name="Archive 2 profiles").click()
    assert world.state("mānaia") == "archived"
    page.goto(base(world))
    expect(page.get_by_role("link", name="Mānaia Hohepa")).to_have_count(0)
    page.get_by_role("link", name=re.compile("No longer available")).click()
    expect(page.get_by_role("link", name="Mānaia Hohepa")).to_be_visible()


@pytest.mark.parametrize("javascript", [True, False])
def test_a_confirmation_that_became_stale_shows_the_new_plan(
    world: World, ana: Person, browse: Browse, javascript: bool
) -> None:
    """B1."""
    world.enrol("Ana")
    world.enrol("Ida", until=LONG_AGO)
    world.set_up()
    first, second = browse(ana, javascript=javascript), browse(ana, javascript=javascript)
    for tab in (first, second):
        tab.goto(f"{base(world)}switch/stay/")
    world.enrol("Nora", since=None)
    first.get_by_role("button", name="Create 1 profile").click()
    expect(first.get_by_role("alert")).to_contain_text("nothing was done")
    expect(first.get_by_text("2 children will get a new profile", exact=True)).to_be_visible()
    assert world.integration.inactive == "leave"
    first.get_by_role("button", name="Create 2 profiles").click()
    expect(first.get_by_role("status").first).to_contain_text("Done: 2 created")
    second.get_by_role("button", name="Create 1 profile").click()
    expect(second.get_by_role("status").first).to_contain_text("That is the setting already")


@pytest.mark.parametrize("javascript", [True, False])
def test_a_held_run_is_approved(world: World, ana: Person, browse: Browse, javascript: bool) -> None:
    """D12."""
    names = world.enrol_several(5)
    world.set_up()
    for name in names:
        world.leave(name)
    run_now(world)
    page = browse(ana, javascript=javascript)
    page.goto(base(world))
    expect(page.get_by_text("A run waits for your decision.")).to_be_visible()
    page.get_by_role("link", name="Look at it").click()
    page.get_by_role("button", name="Approve: archive 5 profiles").click()
    expect(page.get_by_role("status").first).to_contain_text("5 archived")
    assert world.live() == 0


@pytest.mark.parametrize("javascript", [True, False])
def test_a_held_run_is_rejected_and_released(
    world: World, ana: Person, browse: Browse, javascript: bool
) -> None:
    """D12."""
    names = world.enrol_several(5)
    world.set_up()
    for name in names:
        world.leave(name)
    run_now(world)
    page = browse(ana, javascript=javascript)
    page.goto(f"{base(world)}held/")
    page.get_by_role("button", name="Reject: keep them live").click()
    expect(page.get_by_role("status").first).to_contain_text("nothing changed")
    assert world.live() == 5
    page.goto(f"{base(world)}children/{names[0]}/")
    expect(page.get_by_text("Ana Admin rejected that").first).to_be_visible()
    page.get_by_role("button", name="Let the rules decide again").click()
    expect(page.get_by_role("status").first).to_contain_text("The rules decide again")
    assert world.state(names[0]) == "archived"


@pytest.mark.parametrize("javascript", [True, False])
def test_a_missing_child_is_shown_with_its_choices(
    world: World, ana: Person, browse: Browse, javascript: bool
) -> None:
    """D8."""
    world.enrol("Ana")
    world.enrol("Mila")
    world.set_up()
    manage.remove_child(world.child("mila"), by=OPERATOR, now=world.now)
    run_now(world)
    page = browse(ana, javascript=javascript)
    page.goto(base(world))
    page.get_by_role("link", name="Show them").click()
    page.get_by_role("link", name="Mila Hohepa").click()
    expect(page.get_by_text("Manage no longer lists Mila").first).to_be_visible()
    page.get_by_role("button", name="Archive the profile").click()
    assert world.state("mila") == "archived"


def test_the_link_moves_to_another_child(world: World, ana: Person, browse: Browse) -> None:
    """D8."""
    world.enrol("Ana")
    world.enrol("Mila")
    world.set_up()
    profile = world.profile_of("mila").reference
    manage.remove_child(world.child("mila"), by=OPERATOR, now=world.now)
    world.enrol("Milla", child_id="m2", since=None)
    run_now(world)
    page = browse(ana)
    page.goto(f"{base(world)}children/mila/")
    page.get_by_label("It belongs to another child").select_option("m2")
    page.get_by_role("button", name="Give the profile to that child").click()
    expect(page.get_by_role("status").first).to_contain_text("belongs to the other child")
    assert world.profile_of("m2").reference == profile


@pytest.mark.parametrize("javascript", [True, False])
def test_please_check_is_answered(world: World, ana: Person, browse: Browse, javascript: bool) -> None:
    """D19."""
    world.enrol("Ana")
    world.set_up()
    old = world.portfolio("Mila", born=date(2020, 1, 1))
    world.enrol("Mila")
    run_now(world)
    page = browse(ana, javascript=javascript)
    page.goto(f"{base(world)}children/mila/")
    expect(page.get_by_text("Born 1 January 2020")).to_be_visible()
    page.get_by_role("button", name="This is the one").click()
    assert world.profile_of("mila").reference == old.reference


@pytest.mark.parametrize("javascript", [True, False])
def test_dont_add_and_sync_again(world: World, ana: Person, browse: Browse, javascript: bool) -> None:
    """D9."""
    world.enrol("Ana")
    world.enrol("Mila")
    world.set_up()
    page = browse(ana, javascript=javascript)
    page.goto(f"{base(world)}children/mila/")
    page.get_by_role("button", name="Don't add: stop syncing this child").click()
    expect(page.get_by_text("Somebody chose not to sync Mila").first).to_be_visible()
    world.leave("mila")
    run_now(world)
    assert world.state("mila") == "live"
    page.get_by_role("button", name="Sync again").click()
    expect(page.get_by_role("status").first).to_contain_text("The rules decide again")
    assert world.state("mila") == "archived"


@pytest.mark.parametrize("javascript", [True, False])
def test_keep_until_a_day(world: World, ana: Person, browse: Browse, javascript: bool) -> None:
    """B4."""
    world.enrol("Ana")
    world.enrol("Mila")
    world.set_up()
    page = browse(ana, javascript=javascript)
    page.goto(f"{base(world)}children/mila/")
    page.get_by_label("Keep the profile live until").fill((world.today + timedelta(days=9)).isoformat())
    page.get_by_role("button", name="Keep until that day").click()
    world.leave("mila")
    run_now(world)
    assert world.state("mila") == "live"
    page.reload()
    expect(page.get_by_text("somebody chose to keep the profile until").first).to_be_visible()
    page.get_by_role("button", name="Keep no longer").click()
    assert world.state("mila") == "archived"


@pytest.mark.parametrize("javascript", [True, False])
def test_syncing_is_turned_off_and_on_again(
    world: World, ana: Person, browse: Browse, javascript: bool
) -> None:
    """D15."""
    world.enrol("Ana")
    world.set_up()
    page = browse(ana, javascript=javascript)
    page.goto(base(world))
    page.get_by_role("link", name="Turn syncing off").click()
    page.get_by_role("button", name="Turn syncing off").click()
    expect(page.get_by_text("turned off").first).to_be_visible()
    storypark.amend_profile(world.profile_of("ana"), first_name="Anna", by=OPERATOR, now=world.now)
    page.get_by_role("button", name="Turn syncing on again").click()
    expect(page.get_by_text("1 child will be updated", exact=True)).to_be_visible()
    page.get_by_role("button", name="Turn syncing on").click()
    assert world.profile_of("ana").first_name == "Ana"


def test_sync_now_shows_its_progress(world: World, ana: Person, browse: Browse, scheduler: Scheduler) -> None:
    """R15."""
    world.enrol("Ana")
    world.set_up()
    world.enrol("Mila")
    page = browse(ana)
    page.goto(base(world))
    page.get_by_role("button", name="Sync now").click()
    expect(page.get_by_role("heading", name="Done")).to_be_visible()
    expect(page.locator("#progress")).to_contain_text("1 created.", ignore_case=True)
    expect(page.locator("#progress")).to_contain_text("started by Ana Admin")
    assert world.state("mila") == "live"
    assert scope(Run, world.service).latest("pk").trigger == Trigger.NOW


def test_waiting_is_told_and_support_is_offered(world: World, ana: Person, browse: Browse) -> None:
    """R10, R12."""
    world.pay_for(1)
    world.enrol("Ana")
    world.enrol("Mila")
    world.set_up()
    page = browse(ana)
    page.goto(base(world))
    expect(page.get_by_text("1 child waits for a space.")).to_be_visible()
    page.get_by_role("link", name="Show them in order").click()
    expect(page.get_by_text("1st in line for a space").first).to_be_visible()
    expect(page.get_by_role("link", name="Contact support").first).to_be_visible()
    expect(page.get_by_role("link", name="Account page")).to_be_visible()


def test_why_on_a_past_day(world: World, ana: Person, browse: Browse) -> None:
    """B2."""
    world.now -= timedelta(days=30)
    world.enrol("Ana")
    world.enrol("Mila", until=world.today)
    world.set_up()
    world.now += timedelta(days=30)
    world.archive("mila")
    run_now(world)
    page = browse(ana)
    page.goto(f"{base(world)}children/mila/")
    expect(page.locator("section", has=page.get_by_role("heading", name="Why?"))).to_contain_text(
        "Mila was archived in Manage"
    )
    page.get_by_label("At the end of").fill((world.today - timedelta(days=3)).isoformat())
    page.get_by_role("button", name="Show").click()
    expect(page.locator("section", has=page.get_by_role("heading", name="On another day"))).to_contain_text(
        "Mila is Active in Manage"
    )


def test_educators_see_and_may_be_let_to_change(
    world: World, ana: Person, person: Someone, browse: Browse
) -> None:
    """D22."""
    world.enrol("Ana")
    world.set_up()
    eddie = person("Eddie Educator", RoleName.EDUCATOR)
    page = browse(eddie)
    page.goto(base(world))
    expect(page.get_by_role("heading", name="How it stands")).to_be_visible()
    expect(page.get_by_role("button", name="Sync now")).to_have_count(0)
    page.goto(f"{base(world)}switch/stay/")
    expect(page.get_by_role("heading", name="You can't do that here")).to_be_visible()
    expect(page.get_by_text("admin educator").first).to_be_visible()
    expect(page.get_by_role("link", name="Contact support").first).to_be_visible()
    admin = browse(ana)
    admin.goto(f"{base(world)}settings/")
    admin.get_by_text("Change… who may change this").click()
    admin.get_by_label(re.compile("All educators of")).check()
    admin.get_by_role("button", name="Save").click()
    expect(admin.get_by_role("status").first).to_contain_text("All educators of")
    page.goto(f"{base(world)}switch/stay/")
    expect(page.get_by_role("heading", name="Let Inactive children stay")).to_be_visible()


def test_another_service_does_not_exist(world: World, ana: Person, browse: Browse) -> None:
    other = World("Tōtara House")
    page = browse(ana)
    page.goto(base(other))
    expect(page.get_by_role("heading", name="Page not found")).to_be_visible()


def test_looks_of_support_are_recorded_and_shown(
    world: World, ana: Person, person: Someone, browse: Browse
) -> None:
    world.enrol("Ana")
    world.set_up()
    page = browse(person("Sol Support", support=True))
    page.goto("/support/")
    page.get_by_role("link", name=world.service.name, exact=True).click()
    expect(page.get_by_role("heading", name="How it stands")).to_be_visible()
    assert [look.person.name for look in SupportAccess.objects.all()] == ["Sol Support"]
    admin = browse(ana)
    admin.goto(base(world))
    admin.get_by_text("Support looked at this service").click()
    expect(admin.get_by_text("Sol Support")).to_be_visible()


def test_support_switches_the_integration_on(ana: Person, person: Someone, browse: Browse) -> None:
    """R1."""
    there = World("Kauri House", enabled=False)
    page = browse(person("Sol Support", support=True))
    page.goto("/support/")
    page.get_by_role("button", name="Switch on for Kauri House").click()
    expect(page.get_by_role("status").first).to_contain_text("may set syncing up now")
    assert Integration.objects.get(pk=there.service.pk).stage == "enabled"


def test_the_forecast_shows_who_comes_and_goes(world: World, ana: Person, browse: Browse) -> None:
    """B3."""
    world.enrol("Ana")
    world.enrol("Mila", until=world.today - timedelta(days=50))
    world.set_up()
    page = browse(ana)
    page.goto(f"{base(world)}forecast/")
    expect(page.get_by_role("img", name=re.compile("Live profiles from day to day"))).to_be_visible()
    expect(page.get_by_text("Mila Hohepa becomes Inactive")).to_be_visible()


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("phone", [False, True])
def test_the_pages_are_accessible(world: World, ana: Person, browse: Browse, dark: bool, phone: bool) -> None:
    world.pay_for(6)
    names = world.enrol_several(5)
    world.set_up()
    world.portfolio("Mila", born=date(2020, 1, 1))
    world.enrol("Mila")
    world.enrol("Waits")
    manage.remove_child(world.child(names[0]), by=OPERATOR, now=world.now)
    run_now(world)
    page = browse(ana, phone=phone, dark=dark)
    run = scope(Run, world.service).latest("pk").pk
    parts = ["", "?show=", "switch/stay/", "off/", "runs/", f"runs/{run}/", "forecast/", "progress/"]
    for part in [*parts, f"children/{names[0]}/", "children/mila/", f"children/{names[1]}/"]:
        page.goto(f"{base(world)}{part}")
        assert_accessible(page)
    for name in names[1:]:
        world.leave(name)
    run_now(world)
    page.goto(f"{base(world)}held/")
    assert_accessible(page)
    changes.confirm(world.service, changes.TurnOff(), "", OPERATOR, timezone.now())
    for address in ("/help/", "/help/contact/", "/", base(world), f"{base(world)}on/"):
        page.goto(address)
        assert_accessible(page)


def test_markup_in_a_name_is_shown_as_text(world: World, ana: Person, browse: Browse) -> None:
    world.enrol("<script>alert(1)</script>", '=HYPERLINK("http://x")', child_id="../<b>")
    world.set_up()
    page = browse(ana)
    page.goto(base(world))
    page.get_by_role("link", name="<script>alert(1)</script>").click()
    expect(
        page.get_by_role("heading", name='<script>alert(1)</script> =HYPERLINK("http://x")')
    ).to_be_visible()
    page.get_by_role("button", name="Don't add").click()
    expect(page.get_by_role("button", name="Sync again")).to_be_visible()
    assert world.integration.service_id == world.service.pk
    assert ChoiceKind.DONT_ADD in {each.kind for each in _choices(world)}


def _choices(world: World) -> list[object]:
    from parkway.sync.models import Choice

    return list(scope(Choice, world.service))
