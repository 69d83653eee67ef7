"""History: who changed what and when, as people read it on a child's page and on a profile's."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from parkway.domain import Details
from parkway.manage import verbs as manage
from parkway.storypark import verbs as storypark
from parkway.tenancy.models import Person, RoleName
from parkway.tenancy.people import OPERATOR, actor
from tests.browser.conftest import assert_accessible
from tests.stories.world import World

pytestmark = pytest.mark.django_db(transaction=True)

WHEN = r", \d{1,2} \w+ 20\d\d, \d{1,2}:\d\d\s[ap]m\.$"
"""On the service's clock, at the end of a line: 3 March 2026, 2:05 pm."""


def line(words: str) -> re.Pattern[str]:
    return re.compile(f"^{re.escape(words)}{WHEN}")


@pytest.mark.parametrize("javascript", [True, False])
def test_staff_see_who_changed_a_child(
    world: World, person: Callable[..., Person], browse: Callable[..., Page], javascript: bool
) -> None:
    world.enrol("Ana", "Ngata", since=None)
    page = browse(person("Mere Hohepa", RoleName.MANAGE_STAFF), javascript=javascript)
    page.goto(f"/manage/{world.service.slug}/children/{world.child('ana').pk}/")
    page.get_by_role("button", name="Edit details").click()
    page.get_by_label("Last name").fill("Ngata-Reid")
    page.get_by_label("Gender").fill("girl")
    page.get_by_role("button", name="Save").click()
    history = page.get_by_role("region", name="History").get_by_role("listitem")
    expect(history).to_have_count(2)
    expect(history.nth(0)).to_have_text(
        line("Mere Hohepa changed the last name from “Ngata” to “Ngata-Reid” and set the gender to “girl”")
    )
    expect(history.nth(1)).to_have_text(
        line(
            "The operator of this machine added the child, with the first name “Ana”, the last name “Ngata” "
            "and the date of birth 4 March 2022"
        )
    )


@pytest.mark.parametrize("phone", [False, True])
def test_educators_see_who_changed_a_profile(
    world: World, person: Callable[..., Person], browse: Callable[..., Page], phone: bool
) -> None:
    profile = storypark.create_profile(world.service, Details("Ida", "Ng"), by=OPERATOR, now=world.now)
    page = browse(person("Eru Educator", RoleName.EDUCATOR), phone=phone)
    page.goto(f"/storypark/{world.service.slug}/children/{profile.pk}/")
    page.get_by_role("button", name="Change details").click()
    page.get_by_label("Preferred name").fill("Idy")
    page.get_by_role("button", name="Save").click()
    page.get_by_role("button", name="Archive…").click()
    page.get_by_role("button", name="Archive Idy").click()
    history = page.get_by_role("region", name="History").get_by_role("listitem")
    expect(history).to_have_text(
        [
            line("Eru Educator archived the profile"),
            line("Eru Educator set the preferred name to “Idy”"),
            line(
                "The operator of this machine made the profile, with the first name “Ida” "
                "and the last name “Ng”"
            ),
        ]
    )
    assert_accessible(page)


def test_the_latest_changes_lead_to_all_of_them(
    world: World, person: Callable[..., Person], browse: Callable[..., Page]
) -> None:
    world.enrol("Ana", since=None)
    mere = person("Mere Hohepa", RoleName.MANAGE_STAFF)
    for number in range(55):
        manage.amend(world.child("ana"), gender=f"g{number}", by=actor(mere), now=world.now)
    page = browse(mere, phone=True)
    page.goto(f"/manage/{world.service.slug}/children/{world.child('ana').pk}/")
    history = page.get_by_role("region", name="History")
    expect(history.get_by_role("listitem")).to_have_count(20)
    expect(history.get_by_role("listitem").first).to_contain_text("from “g53” to “g54”")
    history.get_by_role("link", name="All changes").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("History of Ana")
    expect(page.get_by_role("main").get_by_role("listitem")).to_have_count(50)
    assert_accessible(page)
    page.get_by_role("link", name="Next").click()
    expect(page.get_by_role("main").get_by_role("listitem").last).to_contain_text("added the child")
    page.get_by_role("link", name="Back to Ana").click()
    expect(page.get_by_role("region", name="History")).to_be_visible()
