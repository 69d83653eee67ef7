"""Which errors are a database's own trouble, by class or code and not by words, and which are defects."""

from __future__ import annotations

import subprocess
import sys

import psycopg
import pytest
from django.db import DatabaseError, OperationalError, connection
from psycopg_pool import PoolTimeout

from parkway.db import errors
from parkway.db.errors import ErrorKind


def raised(cause: Exception) -> BaseException:
    """An error as Django raises it."""
    with pytest.raises(OperationalError) as found:
        raise OperationalError(str(cause)) from cause
    return found.value


TROUBLES = [
    (psycopg.errors.LockNotAvailable("verklemmt"), ErrorKind.HELD),
    (psycopg.errors.DeadlockDetected(), ErrorKind.HELD),
    (psycopg.errors.AdminShutdown(), ErrorKind.AWAY),
    (psycopg.errors.CannotConnectNow(), ErrorKind.AWAY),
    (psycopg.errors.CrashShutdown(), ErrorKind.AWAY),
    (psycopg.errors.DatabaseDropped(), ErrorKind.AWAY),
    (psycopg.errors.IdleSessionTimeout(), ErrorKind.AWAY),
    (psycopg.errors.OperatorIntervention(), ErrorKind.AWAY),
    (psycopg.errors.ConnectionFailure(), ErrorKind.AWAY),
    (psycopg.errors.ProtocolViolation("no more connections allowed"), ErrorKind.AWAY),
    (psycopg.errors.TooManyConnections(), ErrorKind.AWAY),
    (psycopg.errors.OutOfMemory(), ErrorKind.AWAY),
    (psycopg.errors.IoError(), ErrorKind.AWAY),
    (psycopg.errors.IdleInTransactionSessionTimeout(), ErrorKind.AWAY),
    (psycopg.OperationalError("the connection is closed"), ErrorKind.AWAY),
    (PoolTimeout("couldn't get a connection after 2.00 sec"), ErrorKind.AWAY),
    (psycopg.errors.DiskFull(), ErrorKind.FULL),
    (psycopg.errors.ReadOnlySqlTransaction(), ErrorKind.FULL),
    (psycopg.errors.InsufficientPrivilege("permission denied for table x"), ErrorKind.WRONG),
]
DEFECTS = [
    psycopg.errors.QueryCanceled(),
    psycopg.errors.SerializationFailure(),
    psycopg.errors.StatementTooComplex(),
    psycopg.errors.InternalError_(),
    psycopg.errors.UndefinedTable("relation connection does not exist"),
    psycopg.errors.UniqueViolation("Key (name)=(lock timeout) already exists"),
    ValueError("lock timeout"),
    OperationalError("connection"),
]


@pytest.mark.parametrize(("error", "kind"), TROUBLES)
def test_trouble_of_a_server_is_known_by_its_class(error: Exception, kind: ErrorKind) -> None:
    for each in (error, raised(error)):
        found = errors.database_error(each)
        assert found is not None
        assert found.kind is kind
        assert errors.database_unusable(each) == (kind is not ErrorKind.HELD)
        assert errors.locked_by_others(each) == (kind is ErrorKind.HELD)
        assert str(errors.explain(each)).endswith("What was not finished was not changed.")


def test_every_error_of_a_server_that_is_away_is_known() -> None:
    """All of PostgreSQL's errors of connections, resources, operators and machines that the driver has."""
    classes = {each for each in vars(psycopg.errors).values() if isinstance(each, type)}
    for each in classes:
        state = getattr(each, "sqlstate", None)
        if isinstance(state, str) and state[:2] in ("08", "53", "57", "58"):
            found = errors.database_error(each())
            if each is psycopg.errors.QueryCanceled:
                assert found is None
            else:
                assert found is not None, each
                assert found.kind is (ErrorKind.FULL if each is psycopg.errors.DiskFull else ErrorKind.AWAY)


def test_an_error_that_the_driver_has_no_class_for_is_one_of_a_proxy_or_a_connection() -> None:
    class Unknown(psycopg.Error):
        sqlstate = "XX999"

    error = psycopg.OperationalError("server is draining")
    error.sqlstate = "57X99"
    found = errors.database_error(error)
    assert found is not None
    assert found.kind is ErrorKind.AWAY
    assert "server is draining" in found.message
    assert errors.database_error(Unknown()) is None


def test_the_driver_is_not_loaded_before_it_is_needed() -> None:
    told = "import sys, parkway.db.errors as t; t.explain(ValueError()); print('psycopg' in sys.modules)"
    assert subprocess.check_output([sys.executable, "-c", told], text=True) == "False\n"


@pytest.mark.parametrize("error", DEFECTS)
def test_a_defect_is_no_trouble_of_a_database(error: Exception) -> None:
    for each in (error, raised(error)):
        assert errors.explain(each) is None
        assert not errors.database_unusable(each)
        assert not errors.locked_by_others(each)


@pytest.mark.django_db
@pytest.mark.skipif(connection.vendor != "sqlite", reason="what SQLite says")
@pytest.mark.parametrize("statement", ["SELECT json('{')", "SELECT nothing FROM nowhere", "SELEKT 1"])
def test_a_wrong_statement_is_no_trouble_of_a_file(statement: str) -> None:
    with pytest.raises(DatabaseError) as told, connection.cursor() as cursor:
        cursor.execute(statement)
    assert errors.database_error(told.value) is None
    assert not errors.database_unusable(told.value)
