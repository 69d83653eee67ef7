"""Connections to PostgreSQL: what they give up, and when, whatever stands between Parkway and the server."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import connection
from django.db.backends.base.base import BaseDatabaseWrapper

from parkway.cli.migrating import bring_up_to_date

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(connection.vendor == "sqlite", reason="SQLite is a file"),
]


@contextmanager
def another(**options: Any) -> Iterator[BaseDatabaseWrapper]:
    """A connection of its own whose address has these parameters."""
    made = connection.copy()
    made.settings_dict["OPTIONS"].update(options)
    try:
        yield made
    finally:
        made.close()


def shown(made: BaseDatabaseWrapper, *names: str) -> list[str]:
    with made.cursor() as cursor:
        cursor.execute(f"SELECT {', '.join(['current_setting(%s)'] * len(names))}", names)
        return list(cursor.fetchone())


@pytest.mark.parametrize(
    "options", [{}, {"options": "-c work_mem=5MB"}], ids=["a plain address", "options in the address"]
)
def test_a_lock_is_not_waited_for_long_and_a_silent_transaction_is_ended(options: dict[str, str]) -> None:
    with another(**options) as made:
        assert shown(made, "lock_timeout", "idle_in_transaction_session_timeout") == ["20s", "1min"]
        assert (shown(made, "work_mem") == ["5MB"]) == bool(options)


def test_whoever_migrated_waits_for_a_lock_as_long_as_others() -> None:
    bring_up_to_date()
    assert shown(connection, "lock_timeout") == ["20s"]


def test_a_server_whose_machine_vanished_is_given_up() -> None:
    """The system asks a server that says nothing, and closes the connection when it does not answer."""
    connection.ensure_connection()
    with socket.socket(fileno=os.dup(connection.connection.fileno())) as wire:
        assert wire.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
        names = (socket.TCP_KEEPIDLE, socket.TCP_KEEPINTVL, socket.TCP_USER_TIMEOUT)
        assert [wire.getsockopt(socket.IPPROTO_TCP, name) for name in names] == [10, 5, 15_000]


def test_an_address_may_say_otherwise() -> None:
    with another(keepalives_idle=60) as made:
        made.ensure_connection()
        with socket.socket(fileno=os.dup(made.connection.fileno())) as wire:
            assert wire.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE) == 60
