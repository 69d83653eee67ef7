"""A real Chromium in front of the real pages, on a real database."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from datetime import timedelta
from weakref import WeakSet

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.conf import settings as django_settings
from django.core.cache import cache
from django.test import Client
from django.utils import timezone
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from parkway.jobs.scheduler import Scheduler
from parkway.sync.schedule import run_requests
from parkway.tenancy.models import Person, RoleName
from parkway.tenancy.people import OPERATOR
from parkway.tenancy.verbs import give_role
from tests.stories.world import World

os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"  # Playwright's loop runs in the thread of the tests
PATIENCE = timedelta(seconds=30) / timedelta(milliseconds=1)  # on a machine that has other work to do
expect.set_options(timeout=PATIENCE)
DESKTOP, PHONE = {"width": 1280, "height": 900}, {"width": 320, "height": 700}
QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def chromium_here() -> str:
    """Where this machine has Chromium."""
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    assert found, "The browser tests need Chromium: on Debian and Ubuntu, apt-get install chromium"
    return found


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """One browser for all tests."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_here(), args=QUIET)
        yield browser
        browser.close()


@pytest.fixture
def world(transactional_db: None) -> World:
    """A service whose clock is the real one, because the pages look at it."""
    made = World()
    made.now = timezone.now()
    return made


@pytest.fixture
def person(world: World) -> Callable[..., Person]:
    """Makes a person with roles at the world's service."""

    def make(name: str, *roles: RoleName, password: str | None = None, support: bool = False) -> Person:
        email = f"{name.split(maxsplit=1)[0].lower()}@example.org"
        made = Person.objects.create_user(email, name, password, is_support=support)
        for role in roles:
            give_role(made, world.service, role, by=OPERATOR, now=world.now)
        return made

    return make


@pytest.fixture
def ana(person: Callable[..., Person]) -> Person:
    """The admin educator."""
    return person("Ana Admin", RoleName.ADMIN_EDUCATOR)


@pytest.fixture
def scheduler() -> Iterator[Scheduler]:
    """The scheduler as `parkway serve` wires it: what the pages ask for is run."""
    before, made = run_requests._subscribers[0], Scheduler()
    run_requests.subscribe(made)
    made.start()
    yield made
    made.end()
    run_requests.subscribe(before)


without_javascript: WeakSet[BrowserContext] = WeakSet()


@pytest.fixture
def browse(chromium: Browser, live_server: object, settings: object) -> Iterator[Callable[..., Page]]:
    """Opens a page of a new visitor: signed in as a person, or nobody; on a phone, in the dark, without
    JavaScript. Fails the test when a page wrote an error to the console, as a broken script or a violated
    content security policy does.
    """
    settings.SESSION_COOKIE_SECURE = settings.CSRF_COOKIE_SECURE = False  # type: ignore[attr-defined]
    cache.clear()  # failed sign-ins that an earlier test counted
    contexts: list[BrowserContext] = []
    errors: list[str] = []

    def open_page(
        who: Person | None = None, *, phone: bool = False, dark: bool = False, javascript: bool = True
    ) -> Page:
        context = chromium.new_context(
            base_url=live_server.url,  # type: ignore[attr-defined]
            viewport=PHONE if phone else DESKTOP,
            color_scheme="dark" if dark else "light",
            java_script_enabled=javascript,
            locale="en-NZ",
        )
        if not javascript:
            without_javascript.add(context)
        context.set_default_timeout(PATIENCE)
        contexts.append(context)
        if who is not None:
            client = Client()
            client.force_login(who, backend=django_settings.AUTHENTICATION_BACKENDS[0])
            cookie = client.cookies[django_settings.SESSION_COOKIE_NAME].value
            name = django_settings.SESSION_COOKIE_NAME
            context.add_cookies([{"name": name, "value": cookie, "url": live_server.url}])  # type: ignore[attr-defined]
        page = context.new_page()
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("console", lambda said: errors.append(said.text) if said.type == "error" else None)
        return page

    yield open_page
    for context in contexts:
        context.close()
    # the browser, and htmx, tell of every answer that is not 200, or none, which some tests ask for
    theirs = ("Failed to load resource", "htmx:afterRequest", "htmx:sendError", "Response Status Error Code")
    mine = [text for text in errors if not text.startswith(theirs)]
    assert mine == []


def assert_accessible(page: Page) -> None:
    """Axe, which is a script itself, finds nothing, and the page does not scroll sideways."""
    assert page.context not in without_javascript, "Axe would wait for ever on a page without JavaScript."
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()
    wide = page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth")
    assert not wide, "the page scrolls sideways"


def tab_to(page: Page, name: str, most: int) -> None:
    """Press Tab, at most so often, until what has this text has the focus, and can be seen to have it."""
    for _ in range(most):
        page.keyboard.press("Tab")
        focused = page.locator(":focus")
        if focused.count() and focused.inner_text().strip() == name:
            assert focused.evaluate("e => getComputedStyle(e).outlineStyle") != "none"
            return
    raise AssertionError(f"{name} is not reached with Tab")
