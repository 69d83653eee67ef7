"""What outsiders, colleagues and accidents try with the pages: sessions, headers, addresses, logs, forms."""

from __future__ import annotations

import http.client
import logging
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote

import pytest
from django.conf import settings as live_settings
from django.contrib.sessions.models import Session
from django.core import mail
from django.core.cache import cache
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client, override_settings
from django.utils import timezone
from waitress.server import create_server

from parkway.cli.serve import proxied
from parkway.config.logs import LogLine
from parkway.jobs.scheduler import Scheduler
from parkway.sync.commands import changes, setup
from parkway.sync.models import Run, RunState
from parkway.tenancy.models import Person, RoleName
from parkway.tenancy.people import OPERATOR
from parkway.tenancy.scope import scope
from parkway.tenancy.verbs import give_role
from tests.stories.world import World

pytestmark = pytest.mark.django_db

PASSWORD = "a-long-kererū-sentence-42"
HOST = {"host": "localhost"}
People = Callable[..., Person]


@pytest.fixture
def world() -> World:
    made = World()
    made.now = timezone.now()
    return made


@pytest.fixture(autouse=True)
def nobody_tried_before() -> Iterator[None]:
    cache.clear()
    yield
    cache.clear()


@pytest.fixture
def person(world: World) -> People:
    def make(name: str = "ana", *roles: RoleName, password: str | None = None) -> Person:
        made = Person.objects.create_user(f"{name}@example.org", name.title(), password)
        for role in roles or [*RoleName]:
            give_role(made, world.service, role, by=OPERATOR, now=world.now)
        return made

    return make


def client_of(who: Person, **more: Any) -> Client:
    client = Client(headers=HOST, **more)
    client.force_login(who, backend=live_settings.AUTHENTICATION_BACKENDS[0])
    return client


def sign_in(client: Client, password: str = PASSWORD, email: str = "ana@example.org", **more: str) -> Any:
    return client.post("/accounts/login/", {"login": email, "password": password, **more})


# Searching ------------------------------------------------------------------------------------------------


def search_pages(world: World) -> list[str]:
    slug = world.service.slug
    return [f"/manage/{slug}/", f"/storypark/{slug}/", f"/storypark/{slug}/integrations/"]


def test_a_search_puts_no_name_into_an_address(world: World, person: People) -> None:
    for name in ("Mānaia", "Ida"):
        world.enrol(name, "Ngata")
    world.set_up()
    client = client_of(person())
    for address in search_pages(world):
        page = client.get(address).content.decode()
        assert 'name="search"' in page
        assert 'method="get"' not in page[: page.index('name="search"')].rsplit("<form", 1)[1]
        answer = client.post(address, {"look": "1", "search": "manaia", "page": "7"})
        where = answer["Location"]
        assert where.startswith(f"{address}?"), where
        assert "anaia" not in where
        found = client.get(where).content.decode()
        assert "Mānaia" in found
        assert 'value="manaia"' in found
        assert "Ida" not in found
        # the same search has the same address, and none of it works for anybody else
        assert client.post(address, {"look": "1", "search": "manaia"})["Location"] == where
        assert "Ida" in client_of(person(f"other{len(address)}")).get(where).content.decode()
        assert client.post(address, {"look": "1", "search": "  "})["Location"] == address


def test_a_name_in_an_address_is_no_search(world: World, person: People) -> None:
    world.enrol("Mānaia")
    world.enrol("Ida")
    world.set_up()
    client = client_of(person())
    for address in search_pages(world):
        assert "Ida" in client.get(f"{address}?search=manaia").content.decode()


def test_a_search_has_pages_and_keeps_the_other_filters(world: World, person: People) -> None:
    for number in range(60):
        world.enrol(f"Kid{number:02}", "Ngata")
    world.enrol("Ida")
    address, client = f"/manage/{world.service.slug}/", client_of(person())
    form = {"look": "1", "search": "ngata", "status": "Active", "room": ""}
    where = client.post(address, form)["Location"]
    assert "status=Active" in where
    page = client.get(where).content.decode()
    assert "Page 1 of 2" in page
    assert "Kid55" in client.get(f"{where}&page=2").content.decode()
    assert f"{where.removeprefix(address).replace('&', '&amp;')}&amp;page=2" in page


def test_searches_do_not_pile_up(world: World, person: People) -> None:
    client = client_of(person())
    for number in range(60):
        client.post(f"/manage/{world.service.slug}/", {"look": "1", "search": f"{number} " + "x" * 9_000})
    assert len(str(client.session["searches"])) < 40 * 300


# What was typed -------------------------------------------------------------------------------------------


def test_what_one_person_typed_is_not_shown_to_another(world: World, person: People) -> None:
    ana, ben = person("ana"), person("ben")
    client, address = client_of(ana), f"/manage/{world.service.slug}/children/add/"
    client.get(address)
    Session.objects.all().delete()
    answer = client.post(address, {"first_name": "Mānaia"})
    assert answer["Location"].startswith("/accounts/login/")
    client.force_login(ben, backend=live_settings.AUTHENTICATION_BACKENDS[0])
    assert "Mānaia" not in client.get(address).content.decode()
    assert "unsent" not in client.session


def test_a_day_sent_from_the_page_of_a_child_waits_there(world: World, person: People) -> None:
    world.enrol("Ida")
    world.set_up()
    page = f"/storypark/{world.service.slug}/integrations/children/ida/"
    client = client_of(person(password=PASSWORD))
    client.get(page)
    Session.objects.all().delete()
    form = {"answer": "keep-until", "until": "2027-01-31"}
    answer = client.post(f"{page}choose/", form, headers={"referer": f"http://localhost{page}"})
    shown = client.post(answer["Location"], {"login": "ana@example.org", "password": PASSWORD}, follow=True)
    assert shown.request["PATH_INFO"] == page
    assert 'name="until" value="2027-01-31"' in shown.content.decode()
    assert "What you typed before you were signed out is still here" in shown.content.decode()


def test_files_have_to_be_sent_again_and_the_page_says_so(world: World, person: People) -> None:
    client, page = client_of(person()), f"/manage/{world.service.slug}/import/"
    client.get(page)
    Session.objects.all().delete()
    sent = {"children": SimpleUploadedFile("kids.csv", b"child_id")}
    shown = client.post(page, sent, follow=True).content.decode()
    assert "Please sign in, and send that again." in shown


def test_what_somebody_typed_waits_for_them(world: World, person: People) -> None:
    ana = person("ana")
    client, address = client_of(ana), f"/manage/{world.service.slug}/children/add/"
    client.get(address)
    Session.objects.all().delete()
    client.post(address, {"first_name": "Mānaia"})
    client.force_login(ana, backend=live_settings.AUTHENTICATION_BACKENDS[0])
    assert "Mānaia" in client.get(address).content.decode()


def test_nothing_is_kept_of_what_strangers_send(world: World, person: People) -> None:
    address = f"/manage/{world.service.slug}/children/add/"
    stranger = Client(headers=HOST)
    stranger.post(address, {"first_name": "x" * 100_000})
    assert "unsent" not in stranger.session
    ana = client_of(person())
    ana.get(address)
    ana.post("/accounts/logout/")
    ana.post(address, {"first_name": "Mānaia"})
    assert "unsent" not in ana.session
    forged = Client(headers=HOST)
    forged.cookies["writer"] = "1"
    forged.post(address, {"first_name": "Mānaia"})
    assert "unsent" not in forged.session


def test_a_search_is_not_kept_for_after_signing_in(world: World, person: People) -> None:
    client, address = client_of(person()), f"/manage/{world.service.slug}/"
    client.get(address)
    Session.objects.all().delete()
    client.post(address, {"look": "1", "search": "Mānaia"})
    assert "unsent" not in client.session


@pytest.mark.django_db(transaction=True)
def test_sessions_that_are_over_are_forgotten(world: World) -> None:
    Session.objects.create(session_key="old", session_data="x", expire_date=timezone.now())
    Scheduler().look()
    assert not Session.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_what_waited_in_vain_is_forgotten(world: World) -> None:
    cache.set("import.old", "children", -1)
    cache.set("import.new", "children", 60)
    Scheduler().look()
    with connection.cursor() as cursor:
        cursor.execute("SELECT cache_key FROM web_cache WHERE cache_key LIKE '%%import.%%'", [])
        assert [key.split("import.")[1] for (key,) in cursor.fetchall()] == ["new"]


# Headers --------------------------------------------------------------------------------------------------


def answers(world: World, client: Client) -> dict[str, Any]:
    """Answers of every kind."""
    slug = world.service.slug
    child = world.child("mānaia")
    return {
        "page": client.get(f"/manage/{slug}/children/{child.pk}/"),
        "home": client.get("/"),
        "help": client.get("/help/"),
        "file": client.get(f"/manage/{slug}/children.csv"),
        "not found": client.get("/nothing/"),
        "not theirs": client.get("/manage/elsewhere/"),
        "forbidden": client.get(f"/storypark/{slug}/account/paid-children/"),
        "refused": client.post(f"/storypark/{slug}/integrations/off/"),
        "wrong method": client.put(f"/manage/{slug}/"),
        "redirect": client.get(f"/services/{slug}/"),
    }


def test_every_answer_has_its_headers(world: World, person: People) -> None:
    world.enrol("Mānaia")
    client = client_of(person("ben", RoleName.EDUCATOR, RoleName.MANAGE_STAFF), raise_request_exception=False)
    found = answers(world, client)
    found["bad host"] = client.get("/", headers={"host": "evil.example"})
    for kind, answer in found.items():
        policy = answer.headers.get("Content-Security-Policy", "")
        assert "default-src 'self'" in policy, kind
        assert "unsafe" not in policy, kind
        assert answer.headers["X-Content-Type-Options"] == "nosniff", kind
        assert answer.headers["Referrer-Policy"] == "same-origin", kind
        if kind != "bad host":
            assert "no-store" in answer.headers["Cache-Control"], kind
    assert found["bad host"].status_code == 400
    assert "evil" not in found["bad host"].content.decode()


@pytest.mark.django_db(transaction=True)
def test_files_of_the_program_have_the_headers_too() -> None:
    answer = Client(headers=HOST).get("/static/web/icon.svg")
    answer.close()
    assert "default-src 'self'" in answer.headers["Content-Security-Policy"]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_a_broken_page_tells_nobody_how_it_broke(
    world: World, person: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*args: object, **more: object) -> None:
        raise ValueError("Mānaia Hohepa, born 4 March 2022")

    monkeypatch.setattr("parkway.manage.listing.has_children", broken)
    client = client_of(person(), raise_request_exception=False)
    answer = client.get(f"/manage/{world.service.slug}/")
    assert answer.status_code == 500
    assert "Mānaia" not in answer.content.decode()
    assert "Traceback" not in answer.content.decode()
    assert "default-src 'self'" in answer.headers["Content-Security-Policy"]
    assert "no-store" in answer.headers["Cache-Control"]


def test_who_is_asked_to_wait_is_told_so_on_a_page_of_ours() -> None:
    """R12."""
    cache.clear()
    client, form = Client(headers=HOST), {"login": "nobody@example.org", "password": "a guess"}
    answers = [client.post("/accounts/login/", form) for _ in range(31)]
    cache.clear()
    assert {answer.status_code for answer in answers[:-1]} == {200}
    assert answers[-1].status_code == 429
    text = answers[-1].content.decode()
    assert "Wait a minute, then try again." in text
    assert "Contact support" in text


SAYS = """
from parkway.config import settings as s
print(s.SESSION_COOKIE_SECURE, s.CSRF_COOKIE_SECURE, s.SECURE_HSTS_SECONDS > 0, s.SECURE_SSL_REDIRECT,
      s.SESSION_COOKIE_HTTPONLY, s.DEBUG, s.ALLOWED_HOSTS)
"""


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({}, "True True True False True False"),
        ({"PARKWAY_PLAIN_HTTP": "1"}, "False False False False True False"),
        ({"PARKWAY_BEHIND_PROXY": "1"}, "True True True True True False"),
        ({"PARKWAY_BEHIND_PROXY": "1", "PARKWAY_PLAIN_HTTP": "1"}, "False False False False True False"),
    ],
)
def test_cookies_travel_over_https_unless_told_otherwise(more: dict[str, str], said: str) -> None:
    plain = {key: value for key, value in os.environ.items() if not key.startswith("PARKWAY_")}
    done = subprocess.run(
        [sys.executable, "-c", SAYS], env=plain | more, capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith(said)
    assert "'*'" not in done.stdout


@pytest.mark.parametrize("behind", [True, False])
def test_the_proxy_is_believed_only_when_told_to(monkeypatch: pytest.MonkeyPatch, behind: bool) -> None:
    monkeypatch.setenv("PARKWAY_BEHIND_PROXY", "1" if behind else "")
    seen: dict[str, str] = {}

    def application(environ: dict[str, Any], start: Callable[..., object]) -> list[bytes]:
        seen.update({key: str(environ.get(key)) for key in ("wsgi.url_scheme", "REMOTE_ADDR")})
        start("200 OK", [("Content-Type", "text/plain")])
        return [b"ok"]

    server = create_server(application, host="127.0.0.1", port=0, **proxied())
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        asking = http.client.HTTPConnection("127.0.0.1", server.effective_port, timeout=20)
        headers = {"X-Forwarded-Proto": "https", "X-Forwarded-For": "6.6.6.6, 203.0.113.9"}
        asking.request("GET", "/", headers=headers)
        assert asking.getresponse().status == 200
        asking.close()
    finally:
        server.trigger.pull_trigger(
            server.close
        )  # by the thread that waits for its sockets, and not under it
        thread.join(20)
        server.task_dispatcher.shutdown()
    assert not thread.is_alive()
    expected = ("https", "203.0.113.9") if behind else ("http", "127.0.0.1")
    assert (seen["wsgi.url_scheme"], seen["REMOTE_ADDR"]) == expected


# Signing in -----------------------------------------------------------------------------------------------


def test_signing_in_makes_a_new_session(world: World, person: People) -> None:
    person(password=PASSWORD)
    client = Client(headers=HOST)
    client.get("/accounts/login/")
    planted = client.session
    planted["planted"] = True
    planted.save()
    client.cookies["sessionid"] = planted.session_key or ""
    assert sign_in(client).status_code == 302
    assert client.cookies["sessionid"].value != planted.session_key
    assert not Session.objects.filter(session_key=planted.session_key).exists()


@pytest.mark.parametrize(
    "where", ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:1"]
)
def test_nobody_is_sent_elsewhere_after_signing_in(world: World, person: People, where: str) -> None:
    person(password=PASSWORD)
    answer = sign_in(Client(headers=HOST), next=where)
    assert answer.status_code == 302
    assert answer["Location"] == "/"


def test_a_link_signs_nobody_out(world: World, person: People) -> None:
    client = client_of(person())
    client.get("/accounts/logout/")
    assert client.get(f"/manage/{world.service.slug}/").status_code == 200
    client.post("/accounts/logout/")
    assert client.get(f"/manage/{world.service.slug}/").status_code == 302


def test_forms_from_elsewhere_are_refused(world: World, person: People) -> None:
    client = client_of(person(), enforce_csrf_checks=True)
    address = f"/manage/{world.service.slug}/children/add/"
    answer = client.post(address, {"first_name": "Ida"})
    assert answer.status_code == 403
    assert "Please send that again" in answer.content.decode()
    stranger = Client(headers=HOST, enforce_csrf_checks=True)
    assert stranger.post(address, {"first_name": "Ida"}).status_code == 403
    assert not stranger.cookies.get("sessionid")


def test_guessing_a_password_is_stopped(world: World, person: People) -> None:
    person(password=PASSWORD)
    for _ in range(8):
        sign_in(Client(headers=HOST), "wrong")
    answer = sign_in(Client(headers=HOST))
    assert answer.status_code != 302
    assert "too many" in answer.content.decode().lower()


def test_a_header_does_not_start_the_count_anew(world: World, person: People) -> None:
    for number in range(14):
        client = Client(headers={**HOST, "x-forwarded-for": f"10.0.0.{number}"})
        answer = sign_in(client, "wrong", email=f"nobody{number}@example.org")
    assert "too many" in answer.content.decode().lower()


def test_whether_an_address_is_known_is_not_told(world: World, person: People) -> None:
    person(password=PASSWORD)
    told = []
    for email in ("ana@example.org", "nobody@example.org"):
        client = Client(headers=HOST)
        wrong = sign_in(client, "wrong", email=email).content.decode()
        reset = client.post("/accounts/password/reset/", {"email": email}, follow=True).content.decode()
        told.append([text.replace(email, "") for text in (wrong, reset)])
        told[-1] = [_without_tokens(text) for text in told[-1]]
    assert told[0] == told[1]


def _without_tokens(page: str) -> str:
    return "\n".join(line for line in page.splitlines() if "csrfmiddlewaretoken" not in line)


def test_a_reset_letter_leads_here_and_nowhere_else(world: World, person: People) -> None:
    person(password=PASSWORD)
    evil = {"host": "evil.example"}
    assert (
        Client(headers=evil).post("/accounts/password/reset/", {"email": "ana@example.org"}).status_code
        == 400
    )
    assert mail.outbox == []
    forwarded = Client(headers={**HOST, "x-forwarded-host": "evil.example"})
    forwarded.post("/accounts/password/reset/", {"email": "ana@example.org"})
    assert "evil" not in mail.outbox[0].body
    assert "//localhost/accounts/password/reset/key/" in mail.outbox[0].body


def test_a_new_password_ends_the_other_visits(world: World, person: People) -> None:
    person(password=PASSWORD)
    here, there = Client(headers=HOST), Client(headers=HOST)
    sign_in(here)
    sign_in(there)
    new = "another-otter-0815-lamp"
    form = {"oldpassword": PASSWORD, "password1": new, "password2": new}
    assert here.post("/accounts/password/change/", form).status_code == 302
    assert here.get("/help/").context["user"].is_authenticated
    assert not there.get("/help/").context["user"].is_authenticated


@pytest.mark.parametrize("address", ["/accounts/email/", "/accounts/signup/", "/accounts/confirm-email/"])
def test_people_neither_sign_up_nor_take_another_address(world: World, person: People, address: str) -> None:
    """Support adds people and knows under which address each signs in."""
    client = client_of(person(password=PASSWORD))
    form = {"email": "head@example.org", "action_add": "", "password1": PASSWORD}
    client.post(address, form)
    Client(headers=HOST).post(address, form)
    assert Person.objects.count() == 1
    assert not Person.objects.filter(email="head@example.org").exists()
    from allauth.account.models import EmailAddress

    assert not EmailAddress.objects.filter(email="head@example.org").exists()


# The log --------------------------------------------------------------------------------------------------


def test_the_log_names_nobody(
    world: World, person: People, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = client_of(person(), raise_request_exception=False)
    slug = world.service.slug
    child_id = quote("Mānaia/1")
    client.get(f"/manage/{slug}/?search=Mānaia")
    client.get(f"/storypark/{slug}/integrations/children/M~C4~81naia/")
    client.get(f"/manage/{world.service.pk}/children/{child_id}", follow=True)
    client.get("/Mānaia/")
    client.put(f"/storypark/{slug}/integrations/children/M~C4~81naia/")

    def broken(*args: object, **more: object) -> None:
        try:
            raise KeyError("Mānaia")
        except KeyError as error:
            raise ValueError("Mānaia Hohepa") from error

    monkeypatch.setattr("parkway.manage.listing.rooms", broken)
    client.get(f"/manage/{slug}/rooms/?who=Mānaia")
    lines = "\n".join(LogLine("%(levelname)s %(name)s %(message)s").format(r) for r in caplog.records)
    assert "naia" not in lines
    assert "Hohepa" not in lines
    assert "manage/<slug:slug>/rooms/" in lines
    assert "builtins.ValueError" in lines
    assert "builtins.KeyError\nwhich led to" in lines
    assert "manage/rooms.py" in lines


def test_the_console_writes_lines_that_name_nobody() -> None:
    handler = logging.getLogger().handlers
    ours = live_settings.LOGGING["formatters"]["line"]["()"]
    assert ours == f"{LogLine.__module__}.{LogLine.__qualname__}"
    assert handler


# What people send -----------------------------------------------------------------------------------------


NASTY = [
    "\0",
    "a\0b",
    "\x07",
    "a\nb",
    "\u202eabc",
    "\u200b",
    "x" * 10_000,
    "👩‍👩‍👧",
    "   ",
    "\ud7ff",
    "%s{}{{ 1 }}",
    "'; --",
]


@pytest.mark.parametrize("text", NASTY, ids=range(len(NASTY)))
def test_strange_text_breaks_no_page(world: World, person: People, text: str) -> None:
    child = world.child(world.enrol("Ida", rooms=["Tūī"]))
    world.set_up()
    client, slug = client_of(person()), world.service.slug
    manage, story, sync = f"/manage/{slug}/", f"/storypark/{slug}/", f"/storypark/{slug}/integrations/"
    names = {"first_name": text, "last_name": text, "preferred_name": text, "gender": text, "new_room": text}
    for address, form in [
        (f"{manage}children/add/", names),
        (f"{manage}children/{child.pk}/edit/", names),
        (f"{manage}rooms/", {"name": text}),
        (f"{story}stories/new/", {"title": text, "text": text, "children": [text]}),
        (f"{story}rooms/", {"name": text}),
        (f"{story}account/paid-children/", {"number": text, "fingerprint": text}),
        (f"{sync}children/ida/choose/", {"answer": f"profile:{text}"}),
        (f"{sync}children/ida/choose/", {"answer": "move", "to": text}),
        (f"{sync}children/ida/choose/", {"answer": "keep-until", "until": text}),
        (f"{sync}switch/stay/", {"fingerprint": text}),
        *((page, {"look": "1", "search": text}) for page in search_pages(world)),
    ]:
        assert client.post(address, form, follow=True).status_code < 500, address
    shown = quote(text[:50], safe="")
    for address in [
        *(
            f"{page}?found={shown}&page={shown}&room={shown}&status={shown}&step={shown}&show={shown}"
            for page in search_pages(world)
        ),
        f"{sync}children/ida/?on={shown}",
        f"{sync}forecast/?weeks={shown}",
        f"{story}stories/?show={shown}&page={shown}",
        f"{story}stories/new/?about={shown}",
        f"/manage/{world.service.pk}/children/{shown}",
    ]:
        assert client.get(address, follow=True).status_code < 500, address
    run = world.sync()
    assert run is None or run.state == RunState.DONE


@pytest.mark.parametrize("text", ["a\nb", "\x07ell", "ab\u202ecd", "\u200b", "\u2066x"])
def test_a_name_has_no_signs_that_nobody_sees(world: World, person: People, text: str) -> None:
    client, slug = client_of(person()), world.service.slug
    answer = client.post(f"/manage/{slug}/children/add/", {"first_name": text})
    assert answer.status_code == 200
    answer = client.post(f"/storypark/{slug}/children/new/", {"first_name": text})
    assert answer.status_code == 200
    for address in (f"/manage/{slug}/rooms/", f"/storypark/{slug}/rooms/"):
        assert client.post(address, {"name": text}).status_code == 200, address


NUMBERS = ["99999999999999999999", "9" * 5_000, "-1", "0", "1e9", "٣", "²"]


@pytest.mark.parametrize("number", NUMBERS, ids=range(len(NUMBERS)))
def test_strange_numbers_break_no_page(world: World, person: People, number: str) -> None:
    world.enrol("Ida", rooms=["Tūī"])
    world.set_up()
    client, slug, shown = client_of(person()), world.service.slug, quote(number)
    story, sync = f"/storypark/{slug}/", f"/storypark/{slug}/integrations/"
    for address in [
        *(f"{page}?page={shown}&room={shown}" for page in search_pages(world)),
        *(f"/manage/{slug}/children/{shown}/", f"/manage/{slug}/children/1/bookings/{shown}/end/"),
        *(f"/manage/{slug}/rooms/{shown}/", f"{story}children/{shown}/", f"{story}stories/{shown}/"),
        *(f"{story}rooms/{shown}/", f"{sync}runs/{shown}/", f"{sync}runs/?page={shown}"),
        *(f"/manage/{shown}/children/x", f"{story}stories/new/?about={shown}", f"/manage/{shown}/"),
        *(f"{story}account/paid-children/?number={shown}", f"{sync}forecast/?weeks={shown}"),
    ]:
        assert client.get(address, follow=True).status_code < 500, address
    client.post(f"{story}account/paid-children/", {"number": number})
    book = {"starts_on": "2026-02-03", "weekdays": ["mon"], "state": "confirmed", "room": number, "sure": "1"}
    assert client.post(f"/manage/{slug}/children/1/book/permanent/", book).status_code < 500


DAYS = ["0001-01-01", "9999-12-31", "9999-12-30", "31/12/2025", "2025-02-29", "0000-00-00", "-1-01-01"]


@pytest.mark.parametrize("day", DAYS)
def test_strange_days_break_no_page(world: World, person: People, day: str) -> None:
    child = world.child(world.enrol("Ida", until=None))
    world.set_up()
    client, slug = client_of(person()), world.service.slug
    manage, story, sync = f"/manage/{slug}/", f"/storypark/{slug}/", f"/storypark/{slug}/integrations/"
    profile, booking = world.profile_of("ida"), child.bookings.get()
    book = {"starts_on": day, "ends_on": day, "weekdays": ["mon"], "state": "confirmed"}
    for address, form in [
        (f"{sync}children/ida/choose/", {"answer": "keep-until", "until": day}),
        (f"{manage}children/{child.pk}/book/permanent/", book),
        (f"{manage}children/{child.pk}/book/permanent/", {**book, "sure": "1"}),
        (f"{manage}children/{child.pk}/book/casual/", {**book, "sure": "1"}),
        (f"{manage}children/{child.pk}/bookings/{booking.pk}/end/", {"ends_on": day, "sure": "1"}),
        (f"{manage}children/{child.pk}/edit/", {"first_name": "Ida", "date_of_birth": day}),
        (f"{manage}children/{child.pk}/archive/", {"on": day}),
    ]:
        assert client.post(address, form, follow=True).status_code < 500, address
        for page in (
            *(f"{sync}children/ida/?on={day}", f"{sync}forecast/", sync, f"{story}account/"),
            *(f"{manage}children/{child.pk}/", f"{story}children/{profile.pk}/?on={day}"),
        ):
            assert client.get(page).status_code < 500, (address, page)
        run = world.sync()
        assert run is None or run.state == RunState.DONE, (address, run.message)


def test_a_double_click_starts_syncing_once(world: World, person: People) -> None:
    world.enrol("Ida")
    setup.accept_proposals(world.service, changes.Actor("x", None, True), world.now)
    client, address = client_of(person()), f"/storypark/{world.service.slug}/integrations/setup/summary/"
    mark = client.get(address).context["plan"].fingerprint
    for _ in range(2):
        assert client.post(address, {"fingerprint": mark}, follow=True).status_code == 200
    assert scope(Run, world.service).count() == 1
    assert world.live() == 1


@override_settings(DATA_UPLOAD_MAX_NUMBER_FIELDS=10)
def test_a_form_with_too_many_fields_gets_a_page(world: World, person: People) -> None:
    client = client_of(person())
    answer = client.post(f"/manage/{world.service.slug}/rooms/", {f"n{n}": "x" for n in range(20)})
    assert answer.status_code == 400
    assert "Traceback" not in answer.content.decode()
