"""Manage's list of children in a real browser."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from parkway.tenancy.models import Person, RoleName
from tests.browser.conftest import assert_accessible
from tests.stories.world import LONG_AGO, World

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize("javascript", [True, False])
def test_every_child_has_a_status_label_and_is_found_by_name(
    world: World, person: Callable[..., Person], browse: Callable[..., Page], javascript: bool
) -> None:
    """R13."""
    world.enrol("Mānaia", "O’Hara")
    world.enrol("Ida", until=LONG_AGO)
    world.enrol("Ari", "<script>alert(1)</script>")
    world.archive("ari")
    page = browse(person("Sam Staff", RoleName.MANAGE_STAFF), javascript=javascript)
    page.goto(f"/manage/{world.service.slug}/")
    expect(page.get_by_role("row", name="Mānaia O’Hara")).to_contain_text("Active")
    expect(page.get_by_role("row", name="Ida")).to_contain_text("Inactive")
    expect(page.get_by_role("row", name="Ari <script>")).to_contain_text("Archived")
    page.get_by_role("searchbox").fill("manaia ohara")
    page.get_by_role("button", name="Find").click()
    expect(page.get_by_role("row", name="Ida")).to_have_count(0)
    expect(page.get_by_role("row", name="Mānaia")).to_be_visible()


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("phone", [False, True])
def test_the_list_is_accessible(
    world: World, person: Callable[..., Person], browse: Callable[..., Page], dark: bool, phone: bool
) -> None:
    world.enrol("Mānaia")
    world.enrol("Ida", until=LONG_AGO)
    page = browse(person("Sam Staff", RoleName.MANAGE_STAFF), phone=phone, dark=dark)
    page.goto(f"/manage/{world.service.slug}/")
    assert_accessible(page)
