"""`make screenshots`: a picture of every page of the demo, into the folder `screenshots`, to be looked at.

Each page on a desktop and on a phone, in light and in dark. Names of pages as arguments take only those.
`--readme` takes the three of the README, into `docs/pictures`.
"""

from __future__ import annotations

import os
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, FilePayload, Page

FOLDER = Path("screenshots")
SIZES = {"desktop": {"width": 1280, "height": 900}, "phone": {"width": 390, "height": 844}}
SERVICE = "rimu-kindergarten"
README_FOLDER, README_WIDTH = Path("docs/pictures"), 1100
README = {
    "syncing": (f"/storypark/{SERVICE}/integrations/", 880),
    "set-up": ("/storypark/lighthouse-preschool/integrations/setup/", 1100),
    "why": (f"/storypark/{SERVICE}/integrations/children/RIM1-015/", 900),
}
"""The pictures of the README: their pages, and how much of each from the top."""


BEFORE = {"sign-in", "password-forgotten"}
"""What people see before they are signed in."""


def addresses() -> dict[str, str]:
    """The pages by the name of their picture."""
    window = f"/storypark/{SERVICE}/integrations/settings/window/"
    return {
        "sign-in": "/accounts/login/",
        "password-forgotten": "/accounts/password/reset/",
        "password-change": "/accounts/password/change/",
        "two-step": "/accounts/two-step/",
        "two-step-begin": "/accounts/two-step/totp/activate/",
        "services": "/",
        "help": "/help/",
        "contact": "/help/contact/",
        "not-found": "/manage/nowhere/",
        "manage-children": f"/manage/{SERVICE}/",
        "manage-child": f"/manage/{SERVICE}/children/221/",
        "manage-history": f"/manage/{SERVICE}/children/{_amended()}/",
        "manage-history-all": f"/manage/{SERVICE}/children/{_amended()}/history/",
        "manage-child-edit": f"/manage/{SERVICE}/children/221/edit/",
        "manage-archive": f"/manage/{SERVICE}/children/221/archive/",
        "manage-book": f"/manage/{SERVICE}/children/221/book/permanent/",
        "manage-rooms": f"/manage/{SERVICE}/rooms/",
        "manage-import": f"/manage/{SERVICE}/import/",
        "manage-import-check": f"/manage/{SERVICE}/import/",
        "syncing": f"/storypark/{SERVICE}/integrations/",
        "syncing-full": "/storypark/kauri-street-childcare/integrations/",
        "syncing-held": "/storypark/nikau-nursery/integrations/",
        "syncing-to-set-up": "/storypark/lighthouse-preschool/integrations/",
        "switch": f"/storypark/{SERVICE}/integrations/switch/stay/",
        "settings": f"/storypark/{SERVICE}/integrations/settings/",
        "settings-to-set-up": "/storypark/lighthouse-preschool/integrations/settings/",
        "change-window": window,
        "change-window-see": f"{window}?see=1&lookback=14&lookahead=28",
        "change-window-wrong": f"{window}?see=1&lookback=-1&lookahead=",
        "change-time-zone": f"/storypark/{SERVICE}/integrations/settings/time-zone/?find=fiji",
        "change-time-zone-see": f"/storypark/{SERVICE}/integrations/settings/time-zone/"
        "?see=1&time_zone=Australia/Perth",
        "change-limits": f"/storypark/{SERVICE}/integrations/settings/limits/",
        "change-limits-see": "/storypark/nikau-nursery/integrations/settings/limits/"
        "?see=1&archives=60&percent=50",
        "held": "/storypark/nikau-nursery/integrations/held/",
        "turn-off": f"/storypark/{SERVICE}/integrations/off/",
        "runs": f"/storypark/{SERVICE}/integrations/runs/",
        "forecast": f"/storypark/{SERVICE}/integrations/forecast/",
        "why": f"/storypark/{SERVICE}/integrations/children/RIM1-015/",
        "why-missing": f"/storypark/{SERVICE}/integrations/children/RIM1-079/",
        "why-please-check": "/storypark/totara-house/integrations/children/TOT2N-001/",
        "setup": "/storypark/lighthouse-preschool/integrations/setup/",
        "setup-check": "/storypark/lighthouse-preschool/integrations/setup/?show=check",
        "setup-child": "/storypark/lighthouse-preschool/integrations/setup/children/LIG18-001/",
        "setup-rooms": "/storypark/lighthouse-preschool/integrations/setup/rooms/",
        "setup-summary": "/storypark/lighthouse-preschool/integrations/setup/summary/",
        "support": "/support/",
        **_storypark(),
    }


def _amended() -> int:
    """A child whom somebody gave another name."""
    from parkway.manage.models import Child
    from parkway.tenancy.models import ChangeLogEntry

    entry = ChangeLogEntry.objects.filter(service__slug=SERVICE, verb="amend").order_by("-pk")[0]
    return Child.objects.get(service__slug=SERVICE, reference=entry.subject_id).pk


def _storypark() -> dict[str, str]:
    from parkway.storypark.models import Profile, Story
    from parkway.tenancy.models import Service

    here, full = f"/storypark/{SERVICE}", Service.objects.get(slug="kauri-street-childcare")
    profiles = Profile.objects.filter(service__slug=SERVICE).order_by("pk")
    by_hand = profiles.filter(managed_link="").exclude(state="deleted")
    live, archived = profiles.filter(state="live"), profiles.filter(archived_by="integration")
    story = Story.objects.filter(service__slug=SERVICE, state="draft").order_by("pk")[0]
    return {
        "storypark-children": f"{here}/",
        "storypark-archived": f"{here}/?show=archived",
        "storypark-profile": f"{here}/children/{live.exclude(managed_link='').exclude(stories=None)[0].pk}/",
        "storypark-profile-archived": f"{here}/children/{archived[0].pk}/",
        "storypark-edit": f"{here}/children/{by_hand[0].pk}/edit/",
        "storypark-restore": f"{here}/children/{by_hand.filter(state='archived')[0].pk}/restore/",
        "storypark-stories": f"{here}/stories/",
        "storypark-story": f"{here}/stories/{story.pk}/",
        "storypark-write": f"{here}/stories/new/",
        "storypark-rooms": f"{here}/rooms/",
        "storypark-account": f"{here}/account/",
        "storypark-account-full": f"/storypark/{full.slug}/account/",
        "storypark-account-new": "/storypark/lighthouse-preschool/account/",
        "storypark-paid-children": f"/storypark/{full.slug}/account/paid-children/"
        f"?number={full.account.paid_children + 5}",
    }


def main() -> None:
    """Make the demo in a database of its own, serve it, and take the pictures."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ["DATABASE_URL"] = f"sqlite:///{folder}/demo.sqlite3"
        os.environ["DJANGO_SETTINGS_MODULE"] = "parkway.config.settings"
        os.environ["PARKWAY_PLAIN_HTTP"] = "1"
        os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
        import django

        django.setup()
        _fill()
        with _served() as url:
            if "--readme" in sys.argv:
                _take_for_readme(url)
            else:
                _take(url, set(sys.argv[1:]))


def _fill() -> None:
    from parkway.cli.database import first_run

    first_run.main([], standalone_mode=False)


@contextmanager
def _served() -> Iterator[str]:
    from waitress.server import create_server

    from parkway.config.wsgi import application

    server = create_server(application, host="127.0.0.1", port=0, threads=4)
    threading.Thread(target=server.run, daemon=True).start()
    yield f"http://127.0.0.1:{server.effective_port}"
    server.close()


def _take(url: str, wanted: set[str]) -> None:
    from playwright.sync_api import sync_playwright

    from tests.browser.conftest import QUIET, chromium_here

    FOLDER.mkdir(exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_here(), args=[*QUIET, "--lang=en-NZ"])
        for size, viewport in SIZES.items():
            for scheme in ("light", "dark"):
                look = {"base_url": url, "viewport": viewport, "color_scheme": scheme, "locale": "en-NZ"}
                visitor = browser.new_context(**look)
                signed_in = browser.new_context(**look)
                _sign_in(signed_in, url)
                for name, address in addresses().items():
                    if wanted and name not in wanted:
                        continue
                    page = (visitor if name in BEFORE else signed_in).new_page()
                    page.goto(address)
                    if name == "manage-import-check":
                        _send_files(page)
                    page.screenshot(path=FOLDER / f"{name}-{size}-{scheme}.png", full_page=True)
                    page.close()
        browser.close()


def _send_files(page: Page) -> None:
    """Children who leave, and a new one, sent for an import."""
    from django.utils import timezone

    from parkway.manage.models import Child
    from parkway.tenancy.models import Service

    service = Service.objects.get(slug=SERVICE)
    active = Child.objects.filter(service=service, status="Active").order_by("pk")[:4]
    today = service.today(timezone.now())
    lines = [f"{child.reference},{child.first_name},{child.last_name},{today}" for child in active]
    text = "\n".join(["child_id,first_name,last_name,archived_on", *lines, "NEW-1,Mānaia,Hohepa,\n"])
    file: FilePayload = {"name": "leavers.csv", "mimeType": "text/csv", "buffer": text.encode()}
    page.get_by_label("Children (CSV)").set_input_files(file)
    page.get_by_role("button", name="See what happens").click()


def _take_for_readme(url: str) -> None:
    from playwright.sync_api import sync_playwright

    from tests.browser.conftest import QUIET, chromium_here

    README_FOLDER.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_here(), args=[*QUIET, "--lang=en-NZ"])
        context = browser.new_context(base_url=url, color_scheme="light", locale="en-NZ")
        _sign_in(context, url)
        for name, (address, height) in README.items():
            page = context.new_page()
            page.set_viewport_size({"width": README_WIDTH, "height": height})
            page.goto(address)
            page.screenshot(path=README_FOLDER / f"{name}.png")
            page.close()
        browser.close()


def _sign_in(context: BrowserContext, url: str) -> None:
    from django.conf import settings
    from django.test import Client
    from django.utils import timezone

    from parkway.tenancy.models import Person, RoleName, Service
    from parkway.tenancy.people import OPERATOR
    from parkway.tenancy.verbs import give_role

    person = Person.objects.filter(email="ana@example.org").first()
    if person is None:
        person = Person.objects.create_user("ana@example.org", "Ana Admin", is_support=True)
        for service in Service.objects.all():
            for role in RoleName:
                give_role(person, service, role, by=OPERATOR, now=timezone.now())
    client = Client()
    client.force_login(person, backend=settings.AUTHENTICATION_BACKENDS[0])
    value = client.cookies[settings.SESSION_COOKIE_NAME].value
    context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": value, "url": url}])


if __name__ == "__main__":
    main()
