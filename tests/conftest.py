"""Which tests run on which database."""

from __future__ import annotations

import os
import signal

import pytest
from django.db import connection

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
