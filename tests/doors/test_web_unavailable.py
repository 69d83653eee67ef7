"""Pages while the database is busy or goes away: what happened, the way out, and nothing half done."""

from __future__ import annotations

import logging

import psycopg
import pytest
from django.conf import settings
from django.db import connection
from django.http import HttpResponse
from django.test import Client

from parkway.config.logs import Line
from parkway.manage import listing
from parkway.sync.models import Run
from parkway.tenancy.models import Person, RoleName
from parkway.tenancy.scope import scope
from parkway.tenancy.verbs import give_role
from tests import databases
from tests.stories.world import World

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
    give_role(made, world.service, RoleName.ADMIN_EDUCATOR)
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
    (line,) = [Line().format(record) for record in caplog.records]
    assert "\n" not in line, "no lines of the program: nothing is wrong with it"
    assert world.service.slug not in line
    assert ana.post(address).status_code == 302
    assert triggers(world) == {"setup", "now"}


@pytest.mark.skipif(connection.vendor == "sqlite", reason="a file does not hang up")
def test_a_database_that_goes_away_amid_a_page(
    world: World, ana: Client, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    address, rooms = f"/manage/{world.service.slug}/rooms/", listing.rooms

    def hung_up(*args: object, **more: object) -> object:
        with psycopg.connect(databases.url(), autocommit=True) as other:
            other.execute("SELECT pg_terminate_backend(%s)", [connection.connection.info.backend_pid])
        return rooms(*args, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(listing, "rooms", hung_up)
    answer = ana.get(address)
    told(answer, "the database does not answer", "Nothing is lost.")
    (line,) = [Line().format(record) for record in caplog.records if record.levelno >= logging.WARNING]
    assert "\n" not in line
    assert "manage/<slug:slug>/rooms/" in line
    connection.close()
    monkeypatch.undo()
    assert ana.get(address).status_code == 200
