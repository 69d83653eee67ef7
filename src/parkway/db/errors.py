"""What to tell when a database or an output fails: what happened, and the way out."""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum
from functools import cache
from typing import NamedTuple


class ErrorKind(Enum):
    """What is the matter with a database: others hold the rows that were to be changed, or keep everybody
    from writing, it is away, or full or takes no writes, which all pass; or it is not what Parkway needs.
    """

    HELD = "held"
    LOCKED = "locked"
    AWAY = "away"
    FULL = "full"
    WRONG = "wrong"


class KnownError(NamedTuple):
    """What is the matter with a database, and what to tell an operator."""

    kind: ErrorKind
    message: str

    @property
    def passes(self) -> bool:
        """Whether waiting is the remedy."""
        return self.kind is not ErrorKind.WRONG


# by what SQLite calls an error
OF_SQLITE = {
    "SQLITE_BUSY": KnownError(
        ErrorKind.LOCKED,
        "Another process has been writing to the database for too long. Try again when it is done.",
    ),
    "SQLITE_FULL": KnownError(ErrorKind.FULL, "The disk is full. Make space and try again."),
    "SQLITE_READONLY": KnownError(
        ErrorKind.WRONG,
        "The database or its folder is read-only for this user. Let this user write there, or name another "
        "database with DATABASE_URL.",
    ),
    "SQLITE_CANTOPEN": KnownError(
        ErrorKind.WRONG,
        "The database file cannot be opened. Its folder must exist, and this user must be allowed to write "
        "there; DATABASE_URL names another place.",
    ),
    "SQLITE_NOTADB": KnownError(
        ErrorKind.WRONG, "The file is not a database of Parkway. DATABASE_URL names another one."
    ),
    "SQLITE_CORRUPT": KnownError(
        ErrorKind.WRONG, "The database file is damaged. Put a copy back in its place."
    ),
}


def explain(error: BaseException) -> str | None:
    """What to tell a person about an error of the database or of the operating system; None for others."""
    if isinstance(error, OSError):
        place = f" ({error.filename})" if error.filename else ""
        return f"The machine refused: {error.strerror or error}{place}. Mend that and try again."
    found = database_error(error)
    if found is None and type(error).__name__ == "ImproperlyConfigured":  # by Django, where it is loaded
        return f"The settings cannot be used: {str(error).rstrip('.')}."
    return f"{found.message} What was not finished was not changed." if found else None


def database_error(error: BaseException | None) -> KnownError | None:
    """What is the matter with the database from which an error came, by the driver's own error below it; None
    when nothing is, as with a defect of the program, or no error.
    """
    for each in _causes(error):
        if name := getattr(each, "sqlite_errorname", ""):
            return OF_SQLITE.get("_".join(name.split("_")[:2]))
        if type(each).__module__.partition(".")[0] in ("psycopg", "psycopg_pool"):
            return _of_postgresql(each)
    return None


@cache
def _kinds_of_postgresql() -> tuple[dict[type[BaseException], KnownError], tuple[type[BaseException], ...]]:
    """Return what is the matter by the driver's class of an error, and the classes of those that say that the
    server is away.
    """
    # loading the driver is slow, so it waits for one of its errors, whose program has loaded it already
    from psycopg import errors  # noqa: PLC0415

    known: dict[type[BaseException], KnownError] = {
        errors.LockNotAvailable: KnownError(
            ErrorKind.HELD,
            "Another process has been changing the same service for too long. Try again when it is done.",
        ),
        errors.DeadlockDetected: KnownError(
            ErrorKind.HELD, "Another process was changing the same service at the same moment. Try again."
        ),
        errors.DiskFull: KnownError(
            ErrorKind.FULL, "The disk of the database is full. Make space there and try again."
        ),
        errors.ReadOnlySqlTransaction: KnownError(
            ErrorKind.FULL,
            "The database server takes no writes: it is a standby, or set to be read-only. Name another one "
            "with DATABASE_URL, or let it take writes.",
        ),
        errors.InsufficientPrivilege: KnownError(
            ErrorKind.WRONG,
            "This role may not do that. The role that owns the database makes its tables: run `parkway "
            "migrate` with it in DATABASE_URL. It lets another role work with them: `parkway migrate "
            "--application-role NAME`.",
        ),
    }
    of_connections = (
        errors.ConnectionException,
        errors.ConnectionDoesNotExist,
        errors.ConnectionFailure,
        errors.SqlclientUnableToEstablishSqlconnection,
        errors.SqlserverRejectedEstablishmentOfSqlconnection,
        errors.TransactionResolutionUnknown,
        errors.ProtocolViolation,
        errors.IdleInTransactionSessionTimeout,
    )
    of_resources = (
        errors.InsufficientResources,
        errors.OutOfMemory,
        errors.TooManyConnections,
        errors.ConfigurationLimitExceeded,
    )
    of_operators = (  # without QueryCanceled, which ends a statement and not the connection
        errors.OperatorIntervention,
        errors.AdminShutdown,
        errors.CrashShutdown,
        errors.CannotConnectNow,
        errors.DatabaseDropped,
        errors.IdleSessionTimeout,
    )
    of_machines = (
        errors.SystemError,
        errors.IoError,
        errors.UndefinedFile,
        errors.DuplicateFile,
        errors.FileNameTooLong,
    )
    return known, (*of_connections, *of_resources, *of_operators, *of_machines)


def _of_postgresql(error: BaseException) -> KnownError | None:
    from psycopg import InterfaceError, OperationalError  # noqa: PLC0415 - as above

    known, away = _kinds_of_postgresql()
    text = str(error).strip().removeprefix("connection failed: ")
    first = text.partition("\n")[0] or type(error).__name__
    state = getattr(error, "sqlstate", None)
    if type(error) in known:
        return known[type(error)]
    if state is None and text.startswith(("invalid connection option", "bad value for")):
        return KnownError(
            ErrorKind.WRONG, f"DATABASE_URL has a parameter that PostgreSQL cannot use: {first}."
        )
    of_a_connection = state is None and isinstance(error, (OperationalError, InterfaceError))
    of_a_proxy = type(error) is OperationalError  # its numbers may be unknown to the driver
    if of_a_connection or of_a_proxy or isinstance(error, away):
        message = f"The database cannot be reached: {first}. Check DATABASE_URL, and the server."
        return KnownError(ErrorKind.AWAY, message)
    return None


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """An error and those that were raised again as it."""
    while error is not None:
        yield error
        error = error.__cause__


def database_unusable(error: BaseException) -> bool:
    """Whether an error says that the database as a whole cannot work now: it is away, full, or locked. Then
    nothing is wrong with the rows at hand. One that others hold for too long is not such an error.
    """
    return database_error(error) is not None and not locked_by_others(error)


def locked_by_others(error: BaseException) -> bool:
    """Whether an error says that others hold the rows that were to be changed, for too long or crosswise."""
    found = database_error(error)
    return found is not None and found.kind is ErrorKind.HELD


def error_name(error: BaseException) -> str:
    """What the database calls an error (SQLITE_BUSY, DiskFull), for logs: its text may quote people."""
    while error.__cause__ is not None:
        error = error.__cause__
    return getattr(error, "sqlite_errorname", None) or type(error).__name__
