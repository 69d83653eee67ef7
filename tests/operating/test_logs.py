"""Lines of the log: who or what, by number; never about whom."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.conf import settings as live_settings
from django.db import connection, transaction
from django.db.migrations.recorder import MigrationRecorder
from django.test import Client
from django.urls import reverse

from parkway.config import logs
from parkway.connectors.ports import ProfileWrites
from parkway.sync.models import Run, RunState
from parkway.tenancy.models import Person, RoleName
from parkway.tenancy.people import OPERATOR
from parkway.tenancy.verbs import give_role
from tests.operating.installation import Installation
from tests.stories.world import StoryparkDouble, World


class Lines(logging.Handler):
    """What a formatter makes of every record."""

    def __init__(self, formatter: logging.Formatter) -> None:
        super().__init__()
        self.setFormatter(formatter)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(self.format(record))


@pytest.fixture(params=[logs.JsonLine, logs.LogLine], ids=["json", "lines"])
def said(request: pytest.FixtureRequest) -> Iterator[list[str]]:
    heard = Lines(request.param())
    root, runs = logging.getLogger(), logging.getLogger("parkway")
    before = runs.level
    root.addHandler(heard)
    runs.setLevel(logging.INFO)
    yield heard.lines
    root.removeHandler(heard)
    runs.setLevel(before)


def test_warnings_of_the_driver_which_quote_rows_are_left_out(said: list[str]) -> None:
    logging.getLogger("psycopg").warning("error ignored: Failing row contains (%s)", "Mānaia")
    assert said == []


@pytest.mark.django_db(transaction=True)
def test_every_run_leaves_one_line_with_its_ids_and_numbers(said: list[str]) -> None:
    world = World()
    world.enrol("Mānaia", "Ngata")
    world.set_up()
    (run,) = Run.objects.all()
    (line,) = said
    if line.startswith("{"):
        told = json.loads(line)
        assert told.pop("time").endswith("+00:00")
        assert isinstance(told.pop("seconds"), float)
        assert told == {
            "level": "info",
            "logger": "parkway.sync.runs",
            "event": "A run ended",
            "service_id": world.service.pk,
            "run_id": run.pk,
            "state": "done",
            "trigger": "setup",
            "converged": True,
            "waiting": 0,
            "counts": {"create": 1},
        }
    else:
        assert f"service_id={world.service.pk} run_id={run.pk} state=done trigger=setup" in line
        assert "counts=create:1" in line
    assert "naia" not in line
    assert "Rimu" not in line


@pytest.mark.django_db(transaction=True)
def test_a_run_that_is_undone_leaves_no_line(said: list[str]) -> None:
    world = World()
    world.enrol("Ida")
    with transaction.atomic():
        world.set_up()
        transaction.set_rollback(True)
    assert not Run.objects.exists()
    assert said == []


@pytest.mark.django_db(transaction=True)
def test_a_run_that_breaks_leaves_its_line_and_the_kind_of_error(said: list[str]) -> None:
    def broken(orders: ProfileWrites) -> ProfileWrites:
        raise RuntimeError("Mānaia Ngata cannot be written")

    world = World()
    world.set_up()
    world.enrol("Mānaia", "Ngata")
    said.clear()
    run = world.sync_fully(profiles=StoryparkDouble(order=broken))
    assert run.state == RunState.FAILED
    (ended,) = [line for line in said if "A run ended" in line]
    assert "failed" in ended
    assert any("builtins.RuntimeError" in line for line in said)
    assert "naia" not in "".join(said)


@pytest.mark.django_db
def test_what_is_refused_leaves_a_line_without_a_traceback(said: list[str]) -> None:
    world = World()
    person = Person.objects.create_user("ana@example.org", "Ana")
    give_role(person, world.service, RoleName.EDUCATOR, by=OPERATOR, now=world.now)
    client = Client(headers={"host": "localhost"})
    client.force_login(person, backend=live_settings.AUTHENTICATION_BACKENDS[0])
    answer = client.get(f"/manage/{world.service.slug}/children/add/")
    assert answer.status_code == 403
    assert client.get("/nowhere/mānaia/").status_code == 404
    assert len(said) == 2
    assert "Forbidden" in said[0]
    for line in said:
        assert "\n" not in line
        assert "PermissionDenied" not in line
        assert "error" not in line
        assert world.service.slug not in line
        assert "naia" not in line
    assert answer["X-Request-ID"] in said[0]


@pytest.mark.django_db
def test_what_a_verb_refuses_leaves_a_line_with_the_id_of_the_request(said: list[str]) -> None:
    """Django writes it when every middleware has gone."""
    world = World()
    person = Person.objects.create_user("ana@example.org", "Ana")
    give_role(person, world.service, RoleName.ADMIN_EDUCATOR, by=OPERATOR, now=world.now)
    client = Client(headers={"host": "localhost"})
    client.force_login(person, backend=live_settings.AUTHENTICATION_BACKENDS[0])
    answer = client.post(reverse("sync-now", args=[world.service.slug]))
    assert answer.status_code == 409
    (line,) = said
    assert "Conflict" in line
    assert answer["X-Request-ID"] in line
    assert world.service.slug not in line


@pytest.mark.django_db
def test_a_database_that_is_behind_is_told_in_one_line(said: list[str]) -> None:
    MigrationRecorder(connection).record_unapplied("sync", "0001_initial")
    assert Client().get("/readyz").status_code == 503
    (line,) = said
    assert "Not ready: the database is 1 migration behind" in line
    assert Client().post("/readyz").status_code == 405
    assert len(said) == 1


@pytest.mark.django_db
def test_an_id_of_the_proxy_is_believed_as_the_proxy_is(settings: object) -> None:
    given = "0123456789abcdef-from-the-proxy"
    for behind, number in ((True, given), (False, None)):
        settings.BEHIND_PROXY = behind  # type: ignore[attr-defined]
        answer = Client(headers={"host": "localhost", "x-request-id": given}).get("/healthz")
        assert (answer["X-Request-ID"] == number) is behind
    settings.BEHIND_PROXY = True  # type: ignore[attr-defined]
    for bad in ("short", "x" * 65, "Ana Ngata, 2022-03-04", "a\tb-and-more"):
        answer = Client(headers={"host": "localhost", "x-request-id": bad}).get("/healthz")
        assert answer["X-Request-ID"] != bad


def test_only_known_fields_and_no_text_of_an_error_are_told(said: list[str]) -> None:
    try:
        raise ValueError("Mānaia Ngata, born 2022-03-04")
    except ValueError:
        logging.getLogger("parkway.x").exception("It broke", extra={"service_id": 7, "child": "Mānaia"})
    (line,) = said
    assert "naia" not in line
    assert "2022" not in line.split("It broke")[1].split("service_id")[0]
    assert "builtins.ValueError" in line
    if line.startswith("{"):
        assert "\n" not in line
        assert json.loads(line)["service_id"] == 7


def test_an_object_of_json_has_the_documented_fields_in_one_line_and_no_others() -> None:
    record = logging.makeLogRecord(
        {
            "name": "parkway.x",
            "levelname": "WARNING",
            "msg": {"a": "message"},
            "created": 1772582400.1239,
            "service_id": 7,
            "job_id": None,
            "child": "Mānaia",
            "stack_info": "Stack: Mānaia",
        }
    )
    assert logs.JsonLine().format(record) == (
        '{"time": "2026-03-04T00:00:00.123+00:00", "level": "warning", "logger": "parkway.x", '
        '"event": "{\'a\': \'message\'}", "service_id": 7}'
    )
    assert record.msg == {"a": "message"}
    assert record.levelname == "WARNING"


def test_an_object_of_json_tells_the_kind_of_error_and_where_it_passed() -> None:
    heard = Lines(logs.JsonLine())
    log = logging.getLogger("parkway.x")
    log.addHandler(heard)
    try:
        try:
            raise ValueError("Mānaia")
        except ValueError as error:
            raise RuntimeError("Ngata") from error
    except RuntimeError:
        log.exception("It broke at %s", "once")
    finally:
        log.removeHandler(heard)
    (line,) = heard.lines
    told = json.loads(line)
    assert set(told) == {"time", "level", "logger", "event", "error"}
    assert (told["level"], told["event"]) == ("error", "It broke at once")
    first, second = told["error"].split("\nwhich led to\n")
    assert first.endswith("\nbuiltins.ValueError")
    assert second.endswith("\nbuiltins.RuntimeError")
    assert "test_logs.py:" in first


@pytest.mark.deep
@pytest.mark.parametrize("form", ["json", "lines"])
def test_a_command_logs_as_the_environment_says(tmp_path: Path, form: str) -> None:
    installation = Installation(tmp_path)
    installation.done("demo")
    quiet = installation.run("sync", "grevillea-street-kindy")
    assert quiet.stderr == ""
    told = installation.run("fleet", "--all", "--full", PARKWAY_LOGS=form).stderr.splitlines()
    ended = [line for line in told if "A run ended" in line]
    assert len(ended) == len(told) == 18
    reads: Callable[[str], int] = (
        (lambda line: json.loads(line)["run_id"])
        if form == "json"
        else (lambda line: int(line.split("run_id=")[1].split()[0]))
    )
    assert len({reads(line) for line in ended}) == 18
    wrong = installation.run("status", PARKWAY_LOGS="xml")
    assert (wrong.returncode, wrong.stderr) == (2, "parkway: PARKWAY_LOGS is either json or lines.\n")
