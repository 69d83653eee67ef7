"""Signing in, locking out, a forgotten password and two-step sign-in, in a real browser."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value, yield_hotp_counters_from_time
from django.contrib.sessions.models import Session
from django.core import mail
from playwright.sync_api import Page, expect

from parkway.tenancy.models import Person, RoleName
from tests.browser.conftest import assert_accessible
from tests.stories.world import World

pytestmark = pytest.mark.django_db(transaction=True)

PASSWORD = "koru-otter-4711-lamp"
Someone = Callable[..., Person]
Browse = Callable[..., Page]


@pytest.fixture
def ana(person: Someone) -> Person:
    return person("Ana Admin", RoleName.ADMIN_EDUCATOR, password=PASSWORD)


def sign_in(page: Page, password: str = PASSWORD) -> None:
    page.get_by_label("Email").fill("ana@example.org")
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()


@pytest.mark.parametrize("javascript", [True, False])
def test_a_person_signs_in_and_out(world: World, ana: Person, browse: Browse, javascript: bool) -> None:
    page = browse(javascript=javascript)
    page.goto(f"/storypark/{world.service.slug}/")
    sign_in(page)
    expect(page).to_have_url(re.compile(f"/storypark/{world.service.slug}/$"))
    page.get_by_text("Ana Admin", exact=True).click()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    page.goto(f"/storypark/{world.service.slug}/")
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


def test_after_five_wrong_passwords_the_right_one_has_to_wait(
    world: World, ana: Person, browse: Browse
) -> None:
    page = browse()
    page.goto("/accounts/login/")
    for _ in range(5):
        sign_in(page, "not-the-password")
        expect(page.get_by_text("not correct")).to_be_visible()
    sign_in(page)
    expect(page.get_by_text("Too many failed login attempts")).to_be_visible()
    other = browse()  # another browser is no way around it
    other.goto("/accounts/login/")
    sign_in(other)
    expect(other.get_by_text("Too many failed login attempts")).to_be_visible()


def test_a_forgotten_password_is_reset_by_e_mail(world: World, ana: Person, browse: Browse) -> None:
    page = browse()
    page.goto("/accounts/login/")
    page.get_by_role("link", name="Forgot your password?").click()
    page.get_by_label("Email").fill("ana@example.org")
    page.get_by_role("button", name="Send me the link").click()
    expect(page.get_by_text(re.compile("e-?mail", re.I)).first).to_be_visible()
    [letter] = mail.outbox
    assert letter.subject == "Choose a new password for Parkway"
    assert "example.com" not in str(letter.body)
    link = re.search(r"http://\S+(/accounts/password/reset/key/\S+)", str(letter.body))
    assert link is not None
    page.goto(link.group(1))
    for field in page.locator("input[type=password]").all():
        field.fill("another-otter-0815-lamp")
    page.get_by_role("button", name="Save the new password").click()
    page.goto("/accounts/login/")
    sign_in(page, "another-otter-0815-lamp")
    expect(page.get_by_text("Ana Admin", exact=True)).to_be_visible()


def test_an_unknown_address_is_answered_like_a_known_one(world: World, browse: Browse) -> None:
    page = browse()
    page.goto("/accounts/password/reset/")
    page.get_by_label("Email").fill("nobody@example.org")
    page.get_by_role("button", name="Send me the link").click()
    expect(page.get_by_text(re.compile("sent", re.I)).first).to_be_visible()
    assert mail.outbox == []


def test_nobody_signs_up(browse: Browse, transactional_db: None) -> None:
    page = browse()
    page.goto("/accounts/signup/")
    expect(page.get_by_role("heading", name="Support adds people")).to_be_visible()


def test_two_step_sign_in(world: World, ana: Person, browse: Browse) -> None:
    page = browse()
    page.goto("/accounts/login/")
    sign_in(page)
    page.get_by_text("Ana Admin", exact=True).click()
    page.get_by_role("link", name="Two-step sign-in").click()
    page.get_by_role("button", name="Set it up").click()
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Confirm").click()
    secret = page.get_by_label("Or type this secret into the app").input_value()
    page.get_by_label(re.compile("code", re.I)).fill(code(secret))
    page.get_by_role("button", name="Turn two-step sign-in on").click()
    expect(page.get_by_role("heading", name="Recovery codes")).to_be_visible()
    expect(page.locator(".codes li")).to_have_count(10)
    assert_accessible(page)
    for name in ("Back to two-step sign-in", "Sign in with the password alone again"):
        page.get_by_role("link", name=name).click()
        assert_accessible(page)
    page.goto("/accounts/two-step/recovery-codes/generate/")
    expect(page.get_by_text("The 10 codes you have now will not work any more.")).to_be_visible()
    assert_accessible(page)
    other = browse()
    other.goto("/accounts/login/")
    sign_in(other)
    expect(other.get_by_text("Ana Admin", exact=True)).to_have_count(0)
    assert_accessible(other)
    other.get_by_label(re.compile("code", re.I)).fill("000000")
    other.get_by_role("button", name=re.compile("Sign in", re.I)).click()
    expect(other.get_by_text(re.compile("incorrect", re.I)).first).to_be_visible()


def code(secret: str) -> str:
    """What an authenticator app shows now."""
    counter = next(yield_hotp_counters_from_time())
    return format_hotp_value(hotp_value(secret, counter))


def test_the_pages_are_accessible(world: World, ana: Person, browse: Browse) -> None:
    for dark, phone in ((False, True), (True, False)):
        page = browse(dark=dark, phone=phone)
        for address in ("/accounts/login/", "/accounts/password/reset/", "/accounts/signup/"):
            page.goto(address)
            assert_accessible(page)
        page.goto("/accounts/login/")
        sign_in(page)
        for address in (
            "/accounts/two-step/",
            "/accounts/password/change/",
            "/accounts/two-step/totp/activate/",
        ):
            page.goto(address)
            assert_accessible(page)


def test_pages_about_people_are_never_kept_by_a_browser(world: World, ana: Person, browse: Browse) -> None:
    page = browse(ana)
    answer = page.goto(f"/storypark/{world.service.slug}/")
    assert answer is not None
    assert "no-store" in answer.headers["cache-control"]
    policy = answer.headers["content-security-policy"]
    assert "unsafe" not in policy
    assert "default-src 'self'" in policy
    assert Session.objects.count() == 1
