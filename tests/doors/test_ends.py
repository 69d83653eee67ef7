"""`parkway ends`: which ends are installed, which ones a service has, and choosing others."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from click.testing import CliRunner, Result

from parkway.cli import setup_django
from parkway.cli.app import parkway
from parkway.domain import Refused
from parkway.sync.commands import changes
from parkway.sync.models import Integration
from parkway.tenancy.models import RoleName
from parkway.tenancy.people import OPERATOR
from tests.stories.world import World

Command = Callable[..., Result]


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch, db: None) -> Command:
    """The command line on the database of the tests, which is there and up to date."""
    monkeypatch.setattr(setup_django, "ready", lambda: None)

    def run(*words: str) -> Result:
        return CliRunner().invoke(parkway, words)

    return run


@pytest.fixture
def world(db: None) -> World:
    return World()


def refusal(result: Result) -> str:
    assert isinstance(result.exception, Refused), result.output
    return str(result.exception)


def test_the_installed_ends_are_listed_with_their_settings(command: Command) -> None:
    told = command("ends").output
    assert "manage" in told
    assert "Children and bookings kept in Parkway itself." in told
    found = {each["end"]: each for each in json.loads(command("ends", "--format", "json").output)}
    assert found["storypark"]["name"] == "Storypark"
    assert found["manage"]["in_transaction"] is True
    assert found["csv-files"]["in_transaction"] is False
    assert found["csv-files"]["settings"][0] == {
        "name": "children",
        "label": "File of the children",
        "kind": "file",
        "required": True,
        "secret": False,
    }


def test_a_service_shows_its_ends_and_gets_others(command: Command, world: World) -> None:
    slug = world.service.slug
    assert "Storypark" in command("ends", slug).output
    files = ("--set", "children=/srv/c.csv", "--set", "bookings=/srv/b.csv")
    told = command("ends", slug, "--roster", "csv-files", *files).output
    assert "children=/srv/c.csv" in told
    as_json = json.loads(command("ends", slug, "--format", "json").output)
    assert as_json["roster"] == {
        "end": "csv-files",
        "name": "CSV files",
        "settings": {"bookings": "/srv/b.csv", "children": "/srv/c.csv"},
    }
    assert as_json["problem"] == ""
    both = command(
        *("ends", slug, "--roster", "csv-files", "--profiles", "storypark"),
        *("--set", "roster.children=a", "--set", "roster.bookings=b"),
    )
    assert "children=a" in both.output


def test_what_does_not_fit_is_refused_and_changes_nothing(command: Command, world: World) -> None:
    slug = world.service.slug
    world.person("Ana", RoleName.ADMIN_EDUCATOR)
    for words, told in [
        (("--roster", "gone"), "No end “gone” is installed here"),
        (("--roster", "csv-files", "--set", "children=a"), "The setting “bookings”"),
        (("--roster", "manage", "--set", "key=1"), "It has no setting “key”. It has none."),
        (("--roster", "manage", "--set", "key"), "It is not plain what “key” sets"),
        (("--set", "key=1"), "It is not plain what “key=1” sets"),
        (("--roster", "manage", "--profiles", "storypark", "--set", "a=1"), "It is not plain"),
        (("--roster", "manage", "--as", "ana@example.org"), "support"),
    ]:
        assert told in refusal(command("ends", slug, *words))
    assert "Name the service" in refusal(command("ends", "--roster", "manage"))
    assert world.integration.roster_end == "manage"


def test_ends_are_not_changed_while_syncing_is_on(command: Command, world: World) -> None:
    world.enrol("Ana")
    world.set_up()
    slug = world.service.slug
    assert "Turn syncing off first" in refusal(command("ends", slug, "--roster", "manage"))
    changes.confirm(world.service, changes.TurnOff(), "", OPERATOR, world.now)
    assert command("ends", slug, "--roster", "manage").exit_code == 0


def test_a_service_whose_end_is_not_installed_says_so(command: Command, world: World) -> None:
    Integration.objects.filter(service=world.service).update(roster_end="gone", roster_settings="no JSON")
    told = command("ends", world.service.slug)
    assert told.exit_code == 0
    assert "No end “gone” is installed here." in told.output
    assert command("status", "--format", "json").exit_code == 0
