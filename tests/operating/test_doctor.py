"""The doctor finds what is really broken, says how to mend it, and is silent about what is not."""

from __future__ import annotations

import base64
import json
import os
import re
import shutil
import socketserver
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.core import checks
from django.core.checks import ERROR, INFO, WARNING
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder
from django.utils import timezone

from parkway.cli.doctor import LEVELS
from parkway.config.doctor import clock, configuration, database, disk, ends, queue
from parkway.config.doctor.findings import Area
from parkway.sync.models import Integration
from parkway.tenancy.models import Service
from tests.operating.installation import Installation
from tests.postgres import APPLICATION, OWNER, Cluster, cluster
from tests.stories.world import World

KEY = "kX9-a-key-that-is-long-enough-and-has-many-signs"
SAFE = {"ALLOWED_HOSTS": ["parkway.org.nz", "localhost"], "BEHIND_PROXY": True, "SECURE": True}


def seen(area: Area, level: int = ERROR) -> list[str]:
    """What was found to be so bad, with how to mend it: there is always a way."""
    told = [message for message in area.run() if message.level == level]
    assert all(message.hint for message in told)
    return [f"{message.msg} {message.hint}" for message in told]


def report(installation: Installation, code: int = 1, **env: str) -> dict[str, list[str]]:
    """What `parkway doctor --json` finds, by level."""
    result = installation.run("doctor", "--json", **env)
    assert result.returncode == code, result.stdout + result.stderr
    assert "Traceback" not in result.stderr
    found: dict[str, list[str]] = {level: [] for level in LEVELS.values()}
    for finding in json.loads(result.stdout):
        found[finding["level"]].append(f"{finding['area']}: {finding['told']} {finding['mend']}")
    return found


# Configuration --------------------------------------------------------------------------------------------


class Mail(socketserver.StreamRequestHandler):
    """As much of a mail server as says good day, lets the right password in, and says good-bye."""

    def handle(self) -> None:
        self.wfile.write(b"220 here\r\n")
        for line in self.rfile:
            word, answer = line[:4].upper(), b"250 fine\r\n"
            if word == b"EHLO":
                answer = b"250-here\r\n250 AUTH PLAIN\r\n"
            elif word == b"AUTH":
                given = base64.b64decode(line.split()[2]).split(b"\0")
                answer = b"235 come in\r\n" if given[1:] == [b"ana", b"right"] else b"535 no\r\n"
            elif word == b"QUIT":
                answer = b"221 bye\r\n"
            self.wfile.write(answer)


@pytest.fixture(scope="module")
def mail_port() -> Iterator[int]:
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Mail) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_address[1]
        server.shutdown()


@pytest.fixture
def safe(settings: Any, monkeypatch: pytest.MonkeyPatch, mail_port: int) -> Any:
    """A configuration as it should be where people work."""
    for name in [name for name in os.environ if name.startswith("PARKWAY_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PARKWAY_SECRET_KEY", KEY)
    smtp = {"EMAIL_HOST": "127.0.0.1", "EMAIL_PORT": mail_port, "SUPPORT": "help@parkway.org.nz"}
    backend = {"EMAIL_BACKEND": "django.core.mail.backends.smtp.EmailBackend", "EMAIL_TIMEOUT": 5}
    for name, value in {**SAFE, **smtp, **backend, "DEBUG": False}.items():
        setattr(settings, name, value)
    return settings


def test_nothing_is_found_where_all_is_well(safe: Any) -> None:
    found = configuration.AREA.run()
    assert {message.level for message in found} == {INFO}
    assert [message.id for message in found] == [
        f"parkway.configuration.I{number}" for number in ("003", "013", "023", "044")
    ]


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"ALLOWED_HOSTS": ["*"]}, "answers to any name"),
        ({"ALLOWED_HOSTS": ["localhost"]}, "answers to no name but this machine's"),
        ({"SECURE": False}, "plain HTTP"),
        ({"BEHIND_PROXY": False}, "forms would be refused"),
        ({"DEBUG": True}, "Tracebacks"),
        ({"EMAIL_BACKEND": "django.core.mail.backends.console.EmailBackend"}, "written to the console"),
        ({"EMAIL_PORT": 1}, "does not take e-mails (Connection refused)"),
        ({"EMAIL_HOST_USER": "ana", "EMAIL_HOST_PASSWORD": "wrong"}, "Check PARKWAY_SMTP, its user"),
        ({"EMAIL_HOST_USER": "ana", "EMAIL_HOST_PASSWORD": "right"}, "travels unencrypted. Use port 587"),
    ],
)
def test_a_dangerous_setting_is_found(safe: Any, changed: dict[str, object], told: str) -> None:
    for name, value in changed.items():
        setattr(safe, name, value)
    (found,) = seen(configuration.AREA)
    assert told in found


@pytest.mark.parametrize("key", ["hunter2-hunter2", "x" * 60])
def test_a_weak_secret_key_is_found(safe: Any, monkeypatch: pytest.MonkeyPatch, key: str) -> None:
    monkeypatch.setenv("PARKWAY_SECRET_KEY", key)
    (found,) = seen(configuration.AREA)
    assert "to be guessed" in found
    assert key not in found


def test_a_misspelt_setting_and_an_unreal_address_are_worth_a_look(
    safe: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PARKWAY_SMPT", "mail.example.org")
    safe.SUPPORT = "support@parkway.example"
    address, variable = seen(configuration.AREA, WARNING)
    assert "PARKWAY_SUPPORT" in address
    assert "Did you mean PARKWAY_SMTP?" in variable
    assert seen(configuration.AREA) == []


def test_settings_that_cannot_be_read_are_told_like_the_rest(tmp_path: Path) -> None:
    for env in ({"DATABASE_URL": "nonsense"}, {"PARKWAY_SMTP": "mail:smtp"}, {"PARKWAY_LOGS": "xml"}):
        (told,) = report(Installation(tmp_path), **env)["bad"]
        assert told.startswith(f"configuration: {next(iter(env))}")


# Django's system checks ------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_the_checks_run_only_when_they_are_asked_for(django_assert_num_queries: Any) -> None:
    reading = (database.REACHABLE, database.AREA, clock.AREA, queue.AREA, ends.AREA)
    areas = (configuration.AREA, *reading, disk.AREA)
    tags = [area.tag for area in areas]
    assert checks.registry.registry.tags_available(deployment_checks=True) >= set(tags)
    assert checks.run_checks(tags=tags) == []
    with django_assert_num_queries(0):
        found = checks.run_checks(tags=tags, include_deployment_checks=True)
    assert {message.obj for message in found} == {"configuration", "disk"}
    found = checks.run_checks(tags=tags, include_deployment_checks=True, databases=["default"])
    areas_told = {"configuration", "database", "clock", "queue", "ends", "disk"}
    assert {message.obj for message in found} == areas_told
    assert all(re.fullmatch(rf"parkway\.{m.obj}\.[DIWE]\d{{3}}", str(m.id)) for m in found)


def test_no_other_command_loads_them(tmp_path: Path) -> None:
    told = "import sys, parkway.cli.setup_django; print([m for m in sys.modules if 'doctor' in m])"
    env = {**os.environ, "DATABASE_URL": f"sqlite:///{tmp_path}/none.sqlite3"}
    assert subprocess.check_output([sys.executable, "-c", told], text=True, env=env) == "[]\n"


@pytest.fixture
def area() -> Iterator[Area]:
    """An area of the test's own, whose checks are forgotten afterwards."""
    known = checks.registry.registry.deployment_checks
    before = set(known)
    yield Area("test", "parkway.test")
    known &= before


def test_what_breaks_is_told_once_and_last_and_the_others_go_on(area: Area) -> None:
    @area.check
    def second() -> Iterator[checks.CheckMessage]:
        yield area.look(12, "Second.", "Look.")
        yield area.fine(11, "Third.")
        raise RuntimeError("Mānaia")

    @area.check
    def first() -> Iterator[checks.CheckMessage]:
        yield area.bad(2, "First.", "Mend.")
        raise RuntimeError("Ngata")

    assert [(message.id, message.msg) for message in area.run()] == [
        ("parkway.test.E002", "First."),
        ("parkway.test.W012", "Second."),
        ("parkway.test.I011", "Third."),
        ("parkway.test.E999", "Looking at it broke (RuntimeError)."),
    ]


# The database ---------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    installation = Installation(tmp_path_factory.mktemp("demo"))
    installation.done("demo")
    installation.done("fleet")
    return installation.database


@pytest.fixture
def installation(tmp_path: Path, demo: Path) -> Installation:
    made = Installation(tmp_path)
    shutil.copy(demo, made.database)
    made.database.chmod(0o600)
    return made


def test_a_sound_database_passes_and_the_table_says_the_same(installation: Installation) -> None:
    found = report(installation, code=0)
    assert found["bad"] == []
    assert not [told for told in found["look"] if not told.startswith(("configuration", "disk"))]
    told = installation.run("doctor", PARKWAY_DEBUG="1")
    assert told.returncode == 1
    assert "✗ Tracebacks" in told.stdout
    assert "  → Unset PARKWAY_DEBUG" in told.stdout
    assert "1 to mend" in told.stdout


def test_a_new_database_is_closed_to_others_and_an_open_one_is_found(
    installation: Installation, tmp_path: Path
) -> None:
    fresh = Installation(tmp_path / "..", f"sqlite:///{tmp_path}/fresh.sqlite3")
    fresh.done("migrate")
    assert (tmp_path / "fresh.sqlite3").stat().st_mode & 0o777 == 0o600
    installation.database.chmod(0o640)
    assert any("Other users" in told for told in report(installation, code=0)["look"])


def test_no_database_and_no_database_of_ours(installation: Installation) -> None:
    installation.database.write_text("children,bookings\n" * 100)
    (told,) = report(installation)["bad"]
    assert "not a database of Parkway" in told
    installation.database.unlink()
    found = report(installation)
    assert "There is no database" in found["bad"][0]
    assert len(found["not seen"]) == 3
    assert not installation.database.exists()


@pytest.mark.skipif(os.geteuid() != 0 or not Path("/usr/bin/setpriv").exists(), reason="needs setpriv")
def test_a_read_only_folder(installation: Installation) -> None:
    powerless = ("setpriv", "--bounding-set=-dac_override,-dac_read_search")
    installation.folder.chmod(0o555)
    installation.database.chmod(0o400)
    try:
        result = installation.run("doctor", "--json", before=powerless)
    finally:
        installation.folder.chmod(0o755)
    assert result.returncode == 1
    bad = [each for each in json.loads(result.stdout) if each["level"] == "bad"]
    assert {each["area"] for each in bad} == {"database", "disk"}
    assert any("read-only" in each["told"] or "cannot be opened" in each["told"] for each in bad)
    assert any(f"may not write the database in {installation.folder}" in each["told"] for each in bad)


def test_migrations_that_are_missing_or_newer(installation: Installation) -> None:
    with sqlite3.connect(installation.database) as db:
        db.execute("DELETE FROM django_migrations WHERE app = 'sync' AND name LIKE '0001%'")
        db.execute("INSERT INTO django_migrations (app, name, applied) VALUES ('sync', '9999_new', 'x')")
        db.execute("DROP TABLE web_cache")
    db.close()
    found = report(installation)
    assert any("lacks sync.0001_initial. Run `parkway migrate`." in told for told in found["bad"])
    assert any("web_cache is missing" in told for told in found["bad"])
    assert any("sync.9999_new" in told and "newer Parkway" in told for told in found["look"])


@contextmanager
def a_little_disk(folder: Path, size: str) -> Iterator[Path]:
    folder.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "none", folder], check=False).returncode:
        pytest.skip("no disk can be mounted here")
    try:
        yield folder
    finally:
        subprocess.run(["umount", folder], check=True)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root mounts disks")
def test_a_full_disk(installation: Installation, tmp_path: Path) -> None:
    with a_little_disk(tmp_path / "disk", "32m") as disk:
        shutil.copy(installation.database, disk / "small.sqlite3")
        with pytest.raises(OSError, match="No space left"):
            (disk / "filler").write_bytes(bytes(32_000_000))
        full = {"DATABASE_URL": f"sqlite:///{disk}/small.sqlite3", "TMPDIR": str(disk)}
        bad = report(installation, **full)["bad"]
        assert any(f"0 MB free for the database in {disk}" in told for told in bad)
    with a_little_disk(tmp_path / "temporary", "900m") as disk:
        found = report(installation, code=0, TMPDIR=str(disk))["look"]
        assert any("MB free for temporary files" in told and "Make room soon" in told for told in found)


# Clock and queue ------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_a_run_ahead_of_this_clock() -> None:
    world = World()
    world.now = timezone.now() + timedelta(hours=3)
    world.enrol("Ida")
    world.set_up()
    (told,) = seen(clock.AREA)
    assert "recorded 10,800 seconds ahead" in told or "recorded 10,799 seconds ahead" in told


@pytest.mark.django_db
def test_a_time_zone_that_nobody_knows() -> None:
    assert seen(clock.AREA) == []
    World()
    Service.objects.update(time_zone="Pacific/Nowhere")
    (told,) = seen(clock.AREA)
    assert "1 service has the time zone Pacific/Nowhere" in told


def test_old_time_zone_data(installation: Installation, tmp_path: Path) -> None:
    old = tmp_path / "zones"
    (old / "Pacific").mkdir(parents=True)
    for name in ("Auckland",):
        shutil.copy(Path("/usr/share/zoneinfo/Pacific") / name, old / "Pacific" / name)
    (old / "tzdata.zi").write_text("# version 2019c\n")
    bad = report(installation, PYTHONTZPATH=str(old))["bad"]
    assert any(f"are of 2019c ({old})" in told for told in bad)
    assert any("the package tzdata" in told for told in report(installation, code=0, PYTHONTZPATH="")["ok"])


@pytest.mark.django_db
def test_services_that_nobody_runs() -> None:
    world = World()
    world.set_up()
    for overdue, found in ((timedelta(minutes=14), 0), (timedelta(hours=5), 1), (timedelta(days=9), 1)):
        Integration.objects.update(next_run_at=timezone.now() - overdue)
        assert len(told := seen(queue.AREA)) == found
    assert "1 service is due for a run, the first for 9 days." in told[0]


# PostgreSQL -----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def server() -> Iterator[Cluster]:
    with cluster() as made:
        yield made


@pytest.fixture(scope="module")
def on_a_server(server: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Installation:
    made = Installation(tmp_path_factory.mktemp("server"), server.url(OWNER), PARKWAY_SECRET_KEY=KEY)
    made.done("migrate")
    return made


@pytest.mark.deep
def test_without_a_secret_key_each_process_would_make_its_own(on_a_server: Installation) -> None:
    assert report(on_a_server, code=0)["bad"] == []
    (told,) = report(on_a_server, PARKWAY_SECRET_KEY="")["bad"]
    assert "There is no secret key" in told


@pytest.mark.deep
def test_the_clock_of_the_server_an_hour_ahead(on_a_server: Installation, server: Cluster) -> None:
    """Its clock as this program sees it: a function found before the server's own."""
    with psycopg.connect(server.url(OWNER), autocommit=True) as db:
        db.execute("CREATE SCHEMA odd")
        db.execute(
            "CREATE FUNCTION odd.clock_timestamp() RETURNS timestamptz LANGUAGE sql AS "
            "$$ SELECT pg_catalog.clock_timestamp() + interval '1 hour' $$"
        )
    odd = f"{server.url(OWNER)}?options=-csearch_path%3Dodd,pg_catalog,public"
    (told,) = report(on_a_server, DATABASE_URL=odd)["bad"]
    assert "3,600 seconds apart" in told or "3,599 seconds apart" in told


@pytest.mark.deep
def test_a_server_that_takes_no_writes(on_a_server: Installation, server: Cluster) -> None:
    url = f"{server.url(OWNER)}?options=-cdefault_transaction_read_only%3Don"
    (told,) = report(on_a_server, DATABASE_URL=url)["bad"]
    assert "takes no writes" in told


@pytest.mark.deep
def test_a_superuser_a_role_without_rights_and_a_wrong_encoding(
    on_a_server: Installation, server: Cluster
) -> None:
    assert not any("walled" in told for told in report(on_a_server, code=0)["look"])
    look = report(on_a_server, code=0, DATABASE_URL=server.url("postgres"))["look"]
    assert any("The role postgres passes row-level security" in told for told in look)
    bad = report(on_a_server, DATABASE_URL=server.url(APPLICATION))["bad"]
    assert any("may not change the tables" in told for told in bad)
    on_a_server.done("migrate", "--application-role", APPLICATION)
    assert report(on_a_server, code=0, DATABASE_URL=server.url(APPLICATION))["bad"] == []
    with psycopg.connect(server.url("postgres"), autocommit=True) as db:
        db.execute(
            f"CREATE DATABASE latin OWNER {OWNER} ENCODING 'LATIN1' LOCALE_PROVIDER libc LOCALE 'C' "
            "TEMPLATE template0"
        )
    latin = f"{server.url(OWNER).rpartition('/')[0]}/latin"
    bad = report(on_a_server, DATABASE_URL=latin)["bad"]
    assert any("encoding is LATIN1" in told for told in bad)
    assert any("lacks account.0001_initial" in told for told in bad)


@pytest.mark.deep
def test_a_server_that_is_stopped(on_a_server: Installation, server: Cluster) -> None:
    server.stop("fast")
    found = report(on_a_server)
    assert any("cannot be reached" in told for told in found["bad"])
    assert len(found["bad"]) == 1
    server.go_on()
    assert report(on_a_server, code=0)["bad"] == []


@pytest.mark.django_db
def test_the_database_at_hand_is_as_it_should_be() -> None:
    assert [message.level for message in database.REACHABLE.run()] == [INFO]
    assert seen(database.AREA) == []
    MigrationRecorder(connection).record_unapplied("manage", "0001_initial")
    (told,) = seen(database.AREA)
    assert "manage.0001_initial" in told


# Ends -----------------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_services_whose_ends_cannot_be_used_are_told() -> None:
    rimu, miro = World("Rimu"), World("Miro")
    assert seen(ends.AREA) == []
    Integration.objects.filter(service=rimu.service).update(roster_end="gone")
    Integration.objects.filter(service=miro.service).update(profiles_settings='{"key": 1}')

    first, second = seen(ends.AREA)
    assert first.startswith("Miro does not sync: Storypark cannot be used with its settings here.")
    assert second.startswith("Rimu does not sync: No end “gone” is installed here.")
    assert second.endswith("Install the end, or choose another: `parkway ends rimu`.")
