"""Which tests run on which database, and as whom."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from typing import Any

import dj_database_url
import pytest
from django.db import connection
from django.db.backends.signals import connection_created
from django.dispatch import receiver
from pytest_django.plugin import DjangoDbBlocker

from parkway.tenancy import row_level_security

# pytest-xdist tells its processes a width, which the programs that tests start would believe in
os.environ.pop("COLUMNS", None)

# a run of the tests in the background begins deaf to Ctrl-C, and so would the programs that tests start
signal.signal(signal.SIGINT, signal.default_int_handler)

ON_A_DATABASE = {"db", "transactional_db", "live_server"}


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """On PostgreSQL only what touches the database runs: the rest has run beside SQLite."""
    if connection.vendor == "sqlite":
        return
    chosen = [item for item in items if _touches_the_database(item)]
    config.hook.pytest_deselected(items=[item for item in items if item not in set(chosen)])
    items[:] = chosen


def _touches_the_database(item: pytest.Item) -> bool:
    names = set(getattr(item, "fixturenames", ()))
    marked = any(item.get_closest_marker(name) for name in ("django_db", "each_database"))
    return marked or bool(names & ON_A_DATABASE)


APPLICATION = os.environ.get("PARKWAY_TEST_APPLICATION")
TESTS = """current_setting('parkway.tests', true) = 'on'
    AND coalesce(current_setting('parkway.services', true), '') = ''"""


@pytest.fixture(scope="session")
def django_db_modify_db_settings(
    django_db_modify_db_settings_parallel_suffix: None, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """On SQLite tests use a real file, as people do: one for each process of each run."""
    if connection.vendor == "sqlite":
        connection.settings_dict["TEST"]["NAME"] = str(tmp_path_factory.getbasetemp() / "parkway.sqlite3")


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """On PostgreSQL the owner made the tables, and everybody works as a role that owns nothing.

    A test itself sees all rows as long as nothing is named, so that it can set up and look; what it starts
    (requests, servers, commands, runs) does not.
    """
    if connection.vendor == "sqlite":
        yield
        return
    owner = {name: connection.settings_dict[name] for name in ("USER", "PASSWORD")}
    with django_db_blocker.unblock():
        _let_tests_through()
        if APPLICATION:
            application = dj_database_url.parse(APPLICATION)
            row_level_security.admit(application["USER"])
            with (
                connection.cursor() as cursor
            ):  # to empty the tables after a test, and to be a step behind or ahead
                cursor.execute(f"GRANT TRUNCATE ON ALL TABLES IN SCHEMA public TO {application['USER']}")
                cursor.execute(f"GRANT INSERT, DELETE ON django_migrations TO {application['USER']}")
            _become({name: application[name] for name in owner})
    yield
    with django_db_blocker.unblock():
        _become(owner)


def _let_tests_through() -> None:
    with connection.cursor() as cursor:
        for table in sorted(row_level_security.tables()):
            cursor.execute(f"CREATE POLICY tests ON {table} USING ({TESTS})")


def _become(role: dict[str, Any]) -> None:
    connection.close()
    connection.settings_dict.update(role)


@receiver(connection_created)
def _tell_who_asks(connection: Any, **more: object) -> None:
    """Only the thread of the tests is a test; a connection may come from a pool, and from another thread."""
    if connection.vendor == "postgresql":
        here = "on" if threading.current_thread() is threading.main_thread() else "off"
        connection.connection.execute("SELECT set_config('parkway.tests', %s, false)", [here])
