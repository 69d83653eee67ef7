"""What to tell when a database or an output fails: what happened, and the way out."""

from __future__ import annotations

import sys

KNOWN = {
    "database is locked": "Another process has been writing to the database for too long. Try again when it "
    "is done.",
    "lock timeout": "Another process has been changing the same service for too long. Try again when "
    "it is done.",
    "readonly database": "The database or its folder is read-only for this user. Let this user write "
    "there, or name another database with DATABASE_URL.",
    "unable to open database file": "The database file cannot be opened. Its folder must exist, and "
    "this user must be allowed to write there; DATABASE_URL names another place.",
    "disk is full": "The disk is full. Make space and try again.",
    "file is not a database": "The file is not a database of Parkway. DATABASE_URL names another one.",
    "malformed": "The database file is damaged. Put a copy back in its place.",
    "must be owner of": "Only the role that owns the tables may do that. Run `parkway migrate` "
    "with that role in DATABASE_URL.",
    "permission denied for": "This role may not do that. Run `parkway migrate --application-role` with its "
    "name, as the role that owns the tables.",
}


def sentence(error: BaseException) -> str | None:
    """What to tell a person about an error of the database or of the operating system; None for others."""
    if isinstance(error, OSError):
        place = f" ({error.filename})" if error.filename else ""
        return f"The machine refused: {error.strerror or error}{place}. Mend that and try again."
    database = sys.modules.get("django.db")  # a command that opens no database has not loaded it
    if database is None or not isinstance(error, (database.OperationalError, database.ProgrammingError)):
        return None
    text = str(error)
    told = next((told for part, told in KNOWN.items() if part in text), None)
    if told is None and isinstance(error, database.OperationalError) and "connection" in text:
        told = f"The database server does not answer: {text.splitlines()[0]}. Check DATABASE_URL."
    return f"{told} What was not finished was not changed." if told else None
