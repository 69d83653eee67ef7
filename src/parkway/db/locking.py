"""What transactions hold, and how a long pass leaves room for others.

PostgreSQL holds single rows; SQLite has one lock for everything that is written.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TypeVar

from django.db import OperationalError, connection, transaction

T = TypeVar("T")

# of each connection to PostgreSQL: who waits for a lock is a person, or holds up others; whoever holds one
# and says nothing for longer than any batch takes to decide loses it
LIMITS = {"lock_timeout": "20s", "idle_in_transaction_session_timeout": "1min"}

_without_row_locks: ContextVar[bool] = ContextVar("parkway.at_a_glance", default=False)


@contextmanager
def without_row_locks(at_a_glance: bool = True) -> Iterator[None]:
    """While this lasts, `for_update` locks nothing: for a look after which whoever acts looks again."""
    token = _without_row_locks.set(at_a_glance)
    try:
        yield
    finally:
        _without_row_locks.reset(token)


def for_update(alias: str = "") -> str:
    """The end of a query in a transaction whose rows (those of this table) nobody else changes until it ends.

    Outside a transaction and while `without_row_locks` it locks nothing, and neither does it on SQLite, where
    whoever writes after others have is turned away.
    """
    if single_writer() or not connection.in_atomic_block or _without_row_locks.get():
        return ""
    return f" FOR NO KEY UPDATE OF {alias}" if alias else " FOR NO KEY UPDATE"


def skip_locked() -> str:
    """The end of a query that takes those rows that no other transaction holds, without waiting."""
    return "" if single_writer() else " FOR NO KEY UPDATE SKIP LOCKED"


def single_writer() -> bool:
    """Whether a transaction that writes keeps everybody else from writing, whatever they write."""
    return bool(connection.vendor == "sqlite")


def commit_unawaited() -> None:
    """Let the transaction at hand end before PostgreSQL has it on the disk, a moment later: for what may be
    forgotten when the server dies in that moment.
    """
    if connection.vendor == "postgresql":
        connection.cursor().execute("SET LOCAL synchronous_commit = off")


class Turns:
    """The turns that a long pass takes at the database, a transaction each, so that others get theirs.

    On SQLite a turn holds the lock only from its first write on, and until then others may write. One whom
    somebody else forestalled begins again, holding the lock from the beginning, and so do the following ones
    for a while: else many who write would keep the pass from getting on. Whoever waits for the lock looks
    again after a tenth of a second at most, so turns that left it free too seldom are followed by a pause.
    """

    EACH, FREE, PAUSE = 1.0, 0.2, 0.125  # seconds: of each so many, so many are left free; else a pause

    def __init__(self) -> None:
        self.forestalled = False
        self.began, self.changes = 0.0, 0
        self.taken = self.free = 0.0

    def take(self, work: Callable[[], T]) -> T:
        """One turn: what `work` does in a transaction, for which it may be called twice."""
        if single_writer() and not self.forestalled:
            try:
                with _reading_first(), transaction.atomic():
                    self.began, self.changes = time.monotonic(), connection.connection.total_changes
                    return work()
            except OperationalError as error:
                if getattr(error.__cause__, "sqlite_errorcode", 0) & 0xFF != sqlite3.SQLITE_BUSY:
                    raise
                self.forestalled = True
        with transaction.atomic():
            return work()

    def writing(self) -> None:
        """Note that from here on the turn writes."""
        if single_writer() and not self.forestalled and connection.connection.total_changes == self.changes:
            self.free += time.monotonic() - self.began

    def give_way(self, taken: float) -> None:
        """Note that a turn took so many seconds, and wait if others were left too little of them."""
        self.taken += taken
        if single_writer() and self.taken >= self.EACH:
            if self.free < self.FREE * self.taken:
                time.sleep(self.PAUSE)
            self.taken, self.free, self.forestalled = 0.0, 0.0, False


@contextmanager
def _reading_first() -> Iterator[None]:
    """While this lasts, transactions begin without SQLite's lock. Their first write raises OperationalError
    when somebody else holds it, or has written since they began to read.
    """
    connection.ensure_connection()  # which sets the mode
    mode = connection.transaction_mode  # type: ignore[attr-defined]
    connection.transaction_mode = "DEFERRED"  # type: ignore[attr-defined]
    try:
        yield
    finally:
        connection.transaction_mode = mode  # type: ignore[attr-defined]
