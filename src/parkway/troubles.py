"""What to tell when a database or an output fails: what happened, and the way out."""

from __future__ import annotations

from collections.abc import Iterator

BUSY = {
    "database is locked": "Another process has been writing to the database for too long. Try again when it "
    "is done.",
    "lock timeout": "Another process has been changing the same service for too long. Try again when "
    "it is done.",
    "deadlock detected": "Another process was changing the same service at the same moment. Try again.",
}
"""Errors of a database that works: somebody else holds what was to be changed."""

UNREACHED = "The database cannot be reached"

KNOWN = BUSY | {
    "readonly database": "The database or its folder is read-only for this user. Let this user write "
    "there, or name another database with DATABASE_URL.",
    "unable to open database file": "The database file cannot be opened. Its folder must exist, and "
    "this user must be allowed to write there; DATABASE_URL names another place.",
    "disk is full": "The disk is full. Make space and try again.",
    "No space left on device": "The disk of the database is full. Make space there and try again.",
    "file is not a database": "The file is not a database of Parkway. DATABASE_URL names another one.",
    "image is malformed": "The database file is damaged. Put a copy back in its place.",
    "must be owner of": "Only the role that owns the tables may do that. Run `parkway migrate` "
    "with that role in DATABASE_URL.",
    "permission denied for schema": "This role may not make tables there. Run `parkway migrate` with the "
    "role that owns the database in DATABASE_URL.",
    "permission denied for": "This role may not do that. Run `parkway migrate --application-role` with its "
    "name, as the role that owns the tables.",
    "invalid connection option": "DATABASE_URL has a parameter that PostgreSQL does not know ({}).",
    "failed to resolve host": f"{UNREACHED}: {{}}. Check DATABASE_URL.",
}

# kinds of errors in Python's drivers of databases, and whatever wraps them
OF_DATABASES, OF_ROWS, OF_CONNECTIONS = "DatabaseError", {"IntegrityError", "DataError"}, "OperationalError"


def sentence(error: BaseException) -> str | None:
    """What to tell a person about an error of the database or of the operating system; None for others."""
    if isinstance(error, OSError):
        place = f" ({error.filename})" if error.filename else ""
        return f"The machine refused: {error.strerror or error}{place}. Mend that and try again."
    told = of_a_database(error)
    return f"{told} What was not finished was not changed." if told else None


def of_a_database(error: BaseException) -> str | None:
    """What to tell an operator about an error of a database that is away, busy, full, or not what Parkway
    needs; None for others, which are defects of the program.
    """
    for each in _led_to(error):
        kinds = {kind.__name__ for kind in type(each).__mro__}
        if OF_DATABASES not in kinds or kinds & OF_ROWS:
            continue
        text = str(each).strip()
        first = text.removeprefix("connection failed: ").partition("\n")[0]
        for part, told in KNOWN.items():
            if part in text:
                return told.format(first)
        if OF_CONNECTIONS in kinds and "connection" in text:
            return f"{UNREACHED}: {first}. Check DATABASE_URL."
    return None


def is_busy(error: BaseException) -> bool:
    """Whether the database works, and somebody else holds what was to be changed."""
    return of_a_database(error) in BUSY.values()


def _led_to(error: BaseException | None) -> Iterator[BaseException]:
    """An error and those that were raised again as it."""
    while error is not None:
        yield error
        error = error.__cause__
