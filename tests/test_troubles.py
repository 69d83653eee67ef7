"""Which errors are a database's own trouble, by its codes and not its words, and which are defects."""

from __future__ import annotations

import psycopg
import pytest
from django.db import DatabaseError, OperationalError, connection
from psycopg_pool import PoolTimeout

from parkway import locks, troubles
from parkway.troubles import Kind


def raised(cause: Exception) -> BaseException:
    """An error as Django raises it."""
    with pytest.raises(OperationalError) as found:
        raise OperationalError(str(cause)) from cause
    return found.value


TROUBLES = [
    (psycopg.errors.LockNotAvailable("verklemmt"), Kind.HELD),
    (psycopg.errors.DeadlockDetected(), Kind.HELD),
    (psycopg.errors.AdminShutdown(), Kind.AWAY),
    (psycopg.errors.CannotConnectNow(), Kind.AWAY),
    (psycopg.errors.TooManyConnections(), Kind.AWAY),
    (psycopg.errors.IdleInTransactionSessionTimeout(), Kind.AWAY),
    (psycopg.OperationalError("the connection is closed"), Kind.AWAY),
    (PoolTimeout("couldn't get a connection after 2.00 sec"), Kind.AWAY),
    (psycopg.errors.DiskFull(), Kind.FULL),
    (psycopg.errors.ReadOnlySqlTransaction(), Kind.FULL),
    (psycopg.errors.InsufficientPrivilege("permission denied for table x"), Kind.WRONG),
]
DEFECTS = [
    psycopg.errors.QueryCanceled(),
    psycopg.errors.UndefinedTable("relation connection does not exist"),
    psycopg.errors.UniqueViolation("Key (name)=(lock timeout) already exists"),
    ValueError("lock timeout"),
    OperationalError("connection"),
]


@pytest.mark.parametrize(("error", "kind"), TROUBLES)
def test_trouble_of_a_server_is_known_by_its_number(error: Exception, kind: Kind) -> None:
    for each in (error, raised(error)):
        found = troubles.of_a_database(each)
        assert found is not None
        assert found.kind is kind
        assert locks.cannot_work(each) == (kind is not Kind.HELD)
        assert locks.forestalled(each) == (kind is Kind.HELD)
        assert str(troubles.sentence(each)).endswith("What was not finished was not changed.")


@pytest.mark.parametrize("error", DEFECTS)
def test_a_defect_is_no_trouble_of_a_database(error: Exception) -> None:
    for each in (error, raised(error)):
        assert troubles.sentence(each) is None
        assert not locks.cannot_work(each)
        assert not locks.forestalled(each)


@pytest.mark.django_db
@pytest.mark.skipif(connection.vendor != "sqlite", reason="what SQLite says")
@pytest.mark.parametrize("statement", ["SELECT json('{')", "SELECT nothing FROM nowhere", "SELEKT 1"])
def test_a_wrong_statement_is_no_trouble_of_a_file(statement: str) -> None:
    with pytest.raises(DatabaseError) as told, connection.cursor() as cursor:
        cursor.execute(statement)
    assert troubles.of_a_database(told.value) is None
    assert not locks.cannot_work(told.value)
