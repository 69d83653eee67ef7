"""The second wall between tenants, tried with raw queries by the role that Parkway works as."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any
from urllib.request import Request, urlopen

import psycopg
import pytest
from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.db import DatabaseError, connection, connections, transaction
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.http import HttpResponse
from django.test import Client, RequestFactory
from django.urls import reverse
from psycopg.types.json import Jsonb
from pytest_django.live_server_helper import LiveServer

from parkway.config.concurrency import pool_connections
from parkway.domain import Choice, ChoiceKind, Refused
from parkway.manage.models import Child
from parkway.sync.models import Notice, Outbox, Run
from parkway.tenancy import row_level_security
from parkway.tenancy.models import Person, RoleName, SupportAccess
from parkway.tenancy.people import OPERATOR
from parkway.tenancy.scope import scope, within, within_all
from parkway.tenancy.verbs import give_role
from parkway.web.middleware import Doorkeeper
from tests.databases import url
from tests.stories.world import World, days

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(connection.vendor == "sqlite", reason="SQLite has no row-level security"),
]
NAMED = "SELECT current_setting('parkway.services', true)"


@pytest.fixture
def rimu() -> World:
    """A service with a row in every table."""
    world = World()
    fill(world)
    return world


@pytest.fixture
def miro(rimu: World) -> World:
    world = World("Miro", organisation=rimu.service.organisation)
    fill(world)
    return world


def fill(world: World) -> None:
    world.enrol("Ana", rooms=["Kiwi"])
    world.enrol("Ben")
    world.set_up({"ben": Choice(ChoiceKind.DONT_ADD)})
    world.write("ana", "A tower")
    person = Person.objects.create_user(f"{world.service.slug}@example.org", "Aroha Admin")
    give_role(person, world.service, RoleName.MANAGE_STAFF, by=OPERATOR, now=world.now)
    look = {"person": person, "address": "/", "at": world.now}
    SupportAccess.objects.create(service=world.service, **look)
    run = scope(Run, world.service).latest("pk")
    Notice.objects.create(service=world.service, run=run, text="Look", at=world.now)
    left = {"event_id": "left", "events": "{}", "at": world.now, "not_before": world.now + days(9)}
    Outbox.objects.create(service=world.service, **left)


@pytest.fixture
def raw() -> Iterator[psycopg.Connection[Any]]:
    """The application's role, past Django and past every `scope`."""
    with psycopg.connect(url(), autocommit=True) as made:
        yield made


def name(raw: psycopg.Connection[Any], services: str) -> None:
    raw.execute("SELECT set_config('parkway.services', %s, false)", [services])


def services_in(raw: psycopg.Connection[Any], table: str) -> set[int]:
    return {key for (key,) in raw.execute(f"SELECT DISTINCT service_id FROM {table}")}


WITH_A_SERVICE = sorted(row_level_security.tables() - {"storypark_story_profiles"})


def test_the_role_at_work_neither_owns_the_tables_nor_passes_the_wall(raw: psycopg.Connection[Any]) -> None:
    me, *powers = (
        raw.execute(
            """SELECT current_user, rolsuper, rolbypassrls, rolcreaterole, rolcreatedb
           FROM pg_roles WHERE rolname = current_user"""
        ).fetchone()
        or ()
    )
    assert powers == [False] * 4
    owners = raw.execute("SELECT DISTINCT tableowner FROM pg_tables WHERE schemaname = 'public'").fetchall()
    assert (me,) not in owners
    for beyond in (
        "ALTER TABLE sync_entry DISABLE ROW LEVEL SECURITY",
        "DROP POLICY wall ON sync_entry",
        "CREATE TABLE mine (id int)",
        "UPDATE django_migrations SET app = app",
        "SET ROLE postgres",
    ):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            raw.execute(beyond)


def test_every_table_of_a_tenant_is_behind_the_wall(raw: psycopg.Connection[Any]) -> None:
    """What the database says of itself, not what the models say."""
    found = raw.execute(
        """SELECT table_name FROM information_schema.columns
           WHERE table_schema = 'public' AND column_name = 'service_id'"""
    )
    assert {table for (table,) in found} - row_level_security.OPEN == set(WITH_A_SERVICE)
    behind = raw.execute(
        """SELECT c.relname, p.polcmd, pg_get_expr(p.polqual, c.oid), p.polwithcheck IS NULL
           FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid
           WHERE p.polname = 'wall' AND c.relrowsecurity AND c.relforcerowsecurity"""
    ).fetchall()
    assert {table for table, *_ in behind} == row_level_security.tables()
    for table, commands, condition, same_for_writing in behind:
        assert (commands, same_for_writing) == ("*", True), table
        asks = "parkway.services" if table in WITH_A_SERVICE else "storypark_story"
        assert asks in condition, table
    assert row_level_security.gaps() == []


def test_what_refers_to_a_tenant_s_rows_is_behind_the_wall_or_has_none(raw: psycopg.Connection[Any]) -> None:
    """A table without service_id that points behind the wall has to stand behind it."""
    pointing = raw.execute(
        """SELECT DISTINCT c.conrelid::regclass::text FROM pg_constraint c
           WHERE c.contype = 'f' AND c.confrelid::regclass::text = ANY(%s)""",
        [sorted(row_level_security.tables())],
    )
    assert {table for (table,) in pointing} <= row_level_security.tables()


@pytest.mark.parametrize("named", [None, "", "0", "999999999"])
def test_with_nobody_named_nothing_is_seen_or_touched(
    rimu: World, raw: psycopg.Connection[Any], named: str | None
) -> None:
    if named is not None:
        name(raw, named)
    for table in sorted(row_level_security.tables()):
        assert raw.execute(f"SELECT count(*) FROM {table}").fetchone() == (0,), table
        assert raw.execute(f"DELETE FROM {table}").rowcount == 0, table
    with within(rimu.service):
        assert Child.objects.count() == 2


@pytest.mark.parametrize("table", WITH_A_SERVICE)
def test_another_service_s_rows_are_out_of_reach(
    rimu: World, miro: World, raw: psycopg.Connection[Any], table: str
) -> None:
    theirs, ours = miro.service.pk, rimu.service.pk
    name(raw, f"{ours},{theirs}")
    assert services_in(raw, table) == {ours, theirs}
    before = raw.execute(f"SELECT count(*) FROM {table} WHERE service_id = {theirs}").fetchone()
    row = raw.execute(f"SELECT to_jsonb(t) FROM {table} t WHERE service_id = {theirs} LIMIT 1").fetchone()
    assert row is not None
    name(raw, str(ours))
    assert services_in(raw, table) == {ours}
    assert raw.execute(f"SELECT 1 FROM {table} WHERE service_id = {theirs}").fetchone() is None
    assert (
        raw.execute(f"UPDATE {table} SET service_id = service_id WHERE service_id = {theirs}").rowcount == 0
    )
    assert raw.execute(f"DELETE FROM {table} WHERE service_id = {theirs}").rowcount == 0
    for write in (
        f"INSERT INTO {table} SELECT * FROM jsonb_populate_record(NULL::{table}, %s)",
        f"UPDATE {table} SET service_id = {theirs}",
    ):
        with pytest.raises(psycopg.errors.InsufficientPrivilege, match="row-level security"):
            raw.execute(write, [Jsonb(row[0])] if "%s" in write else None)
    name(raw, str(theirs))
    assert raw.execute(f"SELECT count(*) FROM {table}").fetchone() == before


def test_a_story_and_a_profile_of_two_services_cannot_be_tied(
    rimu: World, miro: World, raw: psycopg.Connection[Any]
) -> None:
    name(raw, f"{rimu.service.pk},{miro.service.pk}")
    assert raw.execute("SELECT count(*) FROM storypark_story_profiles").fetchone() == (2,)
    story = raw.execute("SELECT id FROM storypark_story WHERE service_id = %s", [rimu.service.pk]).fetchone()
    profile = raw.execute("SELECT max(id) FROM storypark_profile WHERE service_id = %s", [miro.service.pk])
    pair = [*(story or ()), *(profile.fetchone() or ())]
    name(raw, str(rimu.service.pk))
    assert raw.execute("SELECT count(*) FROM storypark_story_profiles").fetchone() == (1,)
    with pytest.raises(psycopg.errors.InsufficientPrivilege, match="row-level security"):
        raw.execute("INSERT INTO storypark_story_profiles (story_id, profile_id) VALUES (%s, %s)", pair)


def named() -> str:
    with connection.cursor() as cursor:
        cursor.execute(NAMED)
        return str(cursor.fetchone()[0] or "")


def test_a_naming_inside_another_takes_its_place_until_it_ends(rimu: World, miro: World) -> None:
    ours, theirs = str(rimu.service.pk), str(miro.service.pk)
    with within(rimu.service):
        assert named() == ours
        with within(rimu.service.pk, miro.service):
            assert named() == f"{ours},{theirs}"
            with within():
                assert (named(), Child.objects.count()) == ("0", 0)
        assert named() == ours
        with within_all():
            assert named() == f"{ours},{theirs}"
        assert named() == ours
    assert named() == ""


def test_a_naming_lasts_as_long_as_its_block_however_transactions_end(rimu: World, miro: World) -> None:
    ours, theirs = str(rimu.service.pk), str(miro.service.pk)
    with within(rimu.service):
        with transaction.atomic():
            with within(miro.service):
                assert named() == theirs
            assert named() == ours
        with pytest.raises(ValueError, match="over"), transaction.atomic(), within(miro.service):
            raise ValueError("over")
        assert named() == ours
        for savepoint in (True, False):
            with pytest.raises(DatabaseError):  # noqa: PT012, SIM117
                with transaction.atomic():
                    with transaction.atomic(savepoint=savepoint), within(miro.service):
                        connection.cursor().execute("SELECT 1 / 0")
            assert named() == ours
        with transaction.atomic():
            with pytest.raises(DatabaseError), transaction.atomic(), within(miro.service):
                connection.cursor().execute("SELECT 1 / 0")
            assert named() == ours
    assert named() == ""


def test_a_naming_that_nobody_ends_ends_with_its_transaction(rimu: World) -> None:
    lost = within(rimu.service)
    with transaction.atomic():
        lost.__enter__()
        assert named() == str(rimu.service.pk)
    assert named() == ""
    lost.__exit__(None, None, None)


def test_a_request_begins_with_nobody(rimu: World, rf: RequestFactory) -> None:
    """Also in the thread of the tests, where without the door all would be seen."""
    request = rf.get("/")
    request.user = AnonymousUser()
    assert Child.objects.count() == 2
    door = Doorkeeper(lambda request: HttpResponse(str(Child.objects.count())))
    assert door(request).content == b"0"


def test_a_connection_that_is_opened_or_lost_meanwhile_names_the_same(rimu: World, miro: World) -> None:
    connection.close()
    with within(rimu.service):
        assert named() == str(rimu.service.pk)
        connection.close()
        assert named() == str(rimu.service.pk)
        end_connection()
        with within(miro.service):
            assert named() == str(miro.service.pk)
        assert named() == str(rimu.service.pk)
        end_connection()
    assert named() == ""


def end_connection() -> None:
    """As when the server is started anew."""
    with psycopg.connect(url(), autocommit=True) as other:
        other.execute("SELECT pg_terminate_backend(%s, 10000)", [connection.connection.info.backend_pid])


def in_a_thread(act: Callable[[], object]) -> object:
    """As a request does: what another thread finds, on a connection from the pool."""
    found: list[object] = []

    def run() -> None:
        try:
            found.append(act())
        finally:
            connections.close_all()

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    return found[0]


@pytest.fixture
def pooled() -> Iterator[None]:
    """Connections are shared, as in `parkway serve`."""
    pool_connections(8)
    yield
    connection.close()
    connection.close_pool()  # type: ignore[attr-defined]
    del connection.settings_dict["OPTIONS"]["pool"]


def test_the_next_user_of_a_pooled_connection_sees_nothing(rimu: World, pooled: None) -> None:
    def look(*services: World) -> tuple[int, str, int]:
        count = Child.objects.count()
        return connection.connection.info.backend_pid, named(), count

    def leave_named() -> tuple[int, str, int]:
        """Somebody who is ended before their naming does."""
        naming = within(rimu.service)
        naming.__enter__()
        return look()

    pid, services, count = in_a_thread(leave_named)  # type: ignore[misc]
    assert (services, count) == (str(rimu.service.pk), 2)
    pool = connection.pool
    for _ in range(20):  # every connection of the pool
        held = [pool.getconn() for _ in range(pool.get_stats()["pool_size"])]
        pids = {each.info.backend_pid for each in held}
        for each in held:
            pool.putconn(each)
        if pid in pids:
            break
    assert pid in pids
    seen: set[object] = set()
    while pid not in seen:
        again, services, count = in_a_thread(look)  # type: ignore[misc]
        assert (services, count) == ("", 0)
        seen.add(again)


def test_a_page_that_forgets_its_scope_shows_nothing_of_others(
    rimu: World, miro: World, monkeypatch: pytest.MonkeyPatch, client: Client, live_server: LiveServer
) -> None:
    """What `scope` would have held back, the wall does; in the thread of the tests and in one of a server."""
    miro.enrol("Zoe")
    client.force_login(rimu.service.roles.get().person, backend=settings.AUTHENTICATION_BACKENDS[0])
    monkeypatch.setattr("parkway.manage.listing.scope", lambda model, service: model.objects.all())
    address = reverse("manage-children", args=[rimu.service.slug])
    cookie = f"{settings.SESSION_COOKIE_NAME}={client.cookies[settings.SESSION_COOKIE_NAME].value}"
    with urlopen(Request(f"{live_server.url}{address}", headers={"Cookie": cookie})) as answer:
        pages = [answer.read().decode(), client.get(address, secure=True).content.decode()]
    for shown in pages:
        assert "Ana" in shown
        assert "Zoe" not in shown
    assert {child.service_id for child in Child.objects.all()} == {rimu.service.pk, miro.service.pk}


def parkway(*words: str) -> subprocess.CompletedProcess[str]:
    """A command, by the role that owns nothing."""
    command = [sys.executable, "-m", "parkway", *words]
    environment = {**os.environ, "DATABASE_URL": url()}
    return subprocess.run(command, env=environment, check=False, capture_output=True, text=True)


def test_commands_name_what_they_show(rimu: World, miro: World) -> None:
    """In a process of their own, where nothing but the product itself names anything."""

    def told(*words: str) -> str:
        done = parkway(*words)
        assert done.returncode == 0, done.stderr
        return done.stdout

    both = json.loads(told("status", "--format", "json"))
    assert [(each["service"], each["live"]) for each in both] == [
        ("miro", 1),
        ("rimu-kindergarten", 1),
    ]
    assert "Synced 2 services" in told("fleet", "--all")
    assert "is Active in Manage" in told("why", "miro", "ana")
    assert "1 of 20" in told("status", "miro")


def test_only_the_owner_migrates_and_that_is_told(rimu: World) -> None:
    recorder = MigrationRecorder(connection)
    [latest] = MigrationLoader(connection).graph.leaf_nodes("mfa")
    recorder.record_unapplied(*latest)
    try:
        done = parkway("migrate")
    finally:
        recorder.record_applied(*latest)
    assert done.returncode == 2
    assert "The role that owns the database makes its tables" in done.stderr
    assert "Traceback" not in done.stderr


def test_what_is_missing_of_the_wall_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(row_level_security, "OPEN", set())
    [gap] = row_level_security.gaps()
    assert gap.startswith("No row-level security on sync_integration, tenancy_role.")


def test_a_role_that_is_not_there_is_not_admitted() -> None:
    with pytest.raises(Refused, match="no role nobody"):
        row_level_security.admit("nobody")
    with pytest.raises(Refused, match="belong to "):
        row_level_security.admit("postgres")
