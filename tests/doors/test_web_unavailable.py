"""Pages while the database is busy or goes away: what happened, the way out, and nothing half done."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable

import psycopg
import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.http import HttpResponse
from django.test import Client

from parkway.config.logs import LogLine
from parkway.manage import listing
from parkway.manage.models import Child
from parkway.sync.models import Run
from parkway.tenancy.models import Person, RoleName
from parkway.tenancy.people import OPERATOR
from parkway.tenancy.scope import scope
from parkway.tenancy.verbs import give_role
from parkway.web.presenters import manage_changes
from tests import databases
from tests.stories.world import World

on_postgresql = pytest.mark.skipif(connection.vendor == "sqlite", reason="a file does not hang up")

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def world() -> World:
    made = World()
    made.enrol("Mānaia")
    made.set_up()
    return made


@pytest.fixture
def ana(world: World) -> Client:
    made = Person.objects.create_user("ana@example.org", "Ana Admin", None)
    for role in RoleName:
        give_role(made, world.service, role, by=OPERATOR, now=world.now)
    client = Client(headers={"host": "localhost"}, raise_request_exception=False)
    client.force_login(made, backend=settings.AUTHENTICATION_BACKENDS[0])
    return client


def triggers(world: World) -> set[str]:
    return set(scope(Run, world.service).values_list("trigger", flat=True))


def told(answer: HttpResponse, *parts: str) -> None:
    text = answer.content.decode()
    assert answer.status_code == 503
    assert (answer["Retry-After"], answer["Cache-Control"]) == ("60", "private, no-store")
    assert [part for part in (*parts, "support@parkway.example") if part not in text] == []


def test_what_somebody_else_holds_for_too_long_is_told_and_can_be_sent_again(
    world: World, ana: Client, caplog: pytest.LogCaptureFixture
) -> None:
    address = f"/storypark/{world.service.slug}/integrations/sync-now/"
    with databases.closed_door(), databases.impatient():
        answer = ana.post(address)
    told(answer, "has been changing the same records for too long", "send it once more")
    assert triggers(world) == {"setup"}
    (line,) = [LogLine().format(record) for record in caplog.records]
    assert "\n" not in line, "no lines of the program: nothing is wrong with it"
    assert world.service.slug not in line
    assert ana.post(address).status_code == 302
    assert triggers(world) == {"setup", "now"}


def names(world: World) -> list[str]:
    return sorted(scope(Child, world.service).values_list("first_name", flat=True))


def test_a_form_that_met_a_lock_is_carried_out_when_it_is_sent_again(world: World, ana: Client) -> None:
    address = f"/manage/{world.service.slug}/children/add/"
    mark = re.findall(r'name="once" value="([^"]+)"', ana.get(address).content.decode())[0]
    form = {"first_name": "Ida", "once": mark}
    with databases.shut("manage_child"), databases.impatient():
        answer = ana.post(address, form)
    told(answer, "may not have been saved", "nothing is done twice")
    assert names(world) == ["Mānaia"]
    assert "Ida was added" in ana.post(address, form, follow=True).content.decode()
    assert "was sent already" in ana.post(address, form, follow=True).content.decode()
    assert names(world) == ["Ida", "Mānaia"]


def test_files_whose_import_met_a_lock_still_wait_for_their_yes(world: World, ana: Client) -> None:
    address = f"/manage/{world.service.slug}/import/"
    files = {"children": SimpleUploadedFile("kids.csv", b"child_id,first_name,last_name\nida,Ida,Ng\n")}
    yes = {"waiting": ana.post(address, files).context["waiting"]}
    with databases.shut("manage_child"), databases.impatient():
        told(ana.post(f"{address}carry-out/", yes), "may not have been saved")
    assert names(world) == ["Mānaia"]
    assert "1 new child" in ana.post(f"{address}carry-out/", yes, follow=True).content.decode()
    assert "imported already" in ana.post(f"{address}carry-out/", yes, follow=True).content.decode()
    assert names(world) == ["Ida", "Mānaia"]


def hanging_up(then: Callable[..., object]) -> Callable[..., object]:
    """The same, on a connection that the server ends just before."""

    def hung_up(*args: object, **more: object) -> object:
        with psycopg.connect(databases.url(), autocommit=True) as other:
            other.execute("SELECT pg_terminate_backend(%s)", [connection.connection.info.backend_pid])
        return then(*args, **more)

    return hung_up


@on_postgresql
def test_a_form_whose_answer_was_lost_is_not_carried_out_twice(
    world: World, ana: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = f"/manage/{world.service.slug}/children/add/"
    mark = re.findall(r'name="once" value="([^"]+)"', ana.get(address).content.decode())[0]
    form = {"first_name": "Ida", "once": mark}
    monkeypatch.setattr(manage_changes, "flash_impact", hanging_up(manage_changes.flash_impact))
    told(ana.post(address, form), "the database does not answer", "may not have been saved")
    connection.close()
    assert names(world) == ["Ida", "Mānaia"]
    assert "was sent already" in ana.post(address, form, follow=True).content.decode()
    assert names(world) == ["Ida", "Mānaia"]


@on_postgresql
def test_a_database_that_goes_away_amid_a_page(
    world: World, ana: Client, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = f"/manage/{world.service.slug}/rooms/"
    monkeypatch.setattr(listing, "rooms", hanging_up(listing.rooms))
    answer = ana.get(address)
    told(answer, "the database does not answer", "Nothing is lost.")
    (line,) = [LogLine().format(record) for record in caplog.records if record.levelno >= logging.WARNING]
    assert "\n" not in line
    assert "manage/<slug:slug>/rooms/" in line
    connection.close()
    monkeypatch.undo()
    assert ana.get(address).status_code == 200
