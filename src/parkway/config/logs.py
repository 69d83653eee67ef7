"""Lines of the log: they tell where something went wrong, never about whom."""

from __future__ import annotations

import logging
import traceback
from contextvars import ContextVar
from datetime import UTC, datetime
from types import TracebackType
from typing import Any

from django.http import HttpRequest
from pythonjsonlogger.core import RESERVED_ATTRS
from pythonjsonlogger.json import JsonFormatter

from parkway.db import errors

ExcInfo = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]

FIELDS = ("service_id", "run_id", "state", "trigger", "seconds", "converged", "waiting", "counts", "job_id")
"""What a line may tell besides its text: ids and numbers. Anything else a record carries is left out."""

NUMBER = "request_id"
request_id: ContextVar[str | None] = ContextVar(NUMBER, default=None)
"""The id of the request that is being answered, if any."""


class _Impersonal(logging.Formatter):
    """Writes errors without their text, which may hold a child's name or id. The kind of error and the lines
    of the program it passed are what mending it takes.
    """

    def formatException(self, ei: ExcInfo) -> str:
        """The errors that led to this one, each with the lines it passed and without its text."""
        told: list[str] = []
        error, seen = ei[1], set[int]()
        while error is not None and id(error) not in seen:
            seen.add(id(error))
            frames = traceback.extract_tb(error.__traceback__)
            where = "".join(f"  {frame.filename}:{frame.lineno} in {frame.name}\n" for frame in frames)
            told.insert(0, f"{where}{type(error).__module__}.{type(error).__qualname__}")
            error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
        return "\nwhich led to\n".join(told)


class LogLine(_Impersonal):
    """Writes addresses as the pattern they match, for they may hold a child's id. Of what was refused to a
    visitor it writes no error at all, and of a database that is away, busy or full the kind of error alone.
    """

    def format(self, record: logging.LogRecord) -> str:
        """One record as a line with what it tells at its end, and lines below it for an error."""
        record = _tidied(record)
        told = " ".join(f"{name}={_short(value)}" for name, value in _told(record).items())
        if told:
            record.msg, record.args = f"{record.getMessage()} {told}", ()
        return super().format(record)


class JsonLine(_Impersonal, JsonFormatter):
    """The same as an object of JSON on one line, for programs that collect logs."""

    def __init__(self) -> None:
        super().__init__(
            "%(asctime)s %(levelname)s %(name)s %(message)s",
            rename_fields={
                "asctime": "time",
                "levelname": "level",
                "name": "logger",
                "message": "event",
                "exc_info": "error",
            },
            json_default=str,
            json_ensure_ascii=False,
        )

    def format(self, record: logging.LogRecord) -> str:
        """One record as one line, whatever it tells."""
        record = _tidied(record)
        # the library writes everything that a record carries, and spreads a message that is a dictionary
        own = {name: value for name, value in record.__dict__.items() if name in RESERVED_ATTRS}
        own |= {"levelname": record.levelname.lower(), "msg": record.getMessage(), "args": ()}
        return super().format(logging.makeLogRecord({**own, "stack_info": None, **_told(record)}))

    def formatTime(self, record: logging.LogRecord, datefmt: str | None = None) -> str:
        """The instant of a record in UTC, to the millisecond."""
        return datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")


def _tidied(record: logging.LogRecord) -> logging.LogRecord:
    """A copy without what may be personal; other handlers get the record as it was."""
    # other handlers leave the error's text in the record
    record = logging.makeLogRecord({**record.__dict__, "exc_text": None})
    error = record.exc_info[1] if record.exc_info else None
    if getattr(record, "status_code", 500) < 500:
        record.exc_info = None
    request = getattr(record, "request", None)
    if isinstance(request, HttpRequest) and record.args:
        where = _pattern(request)
        args = record.args if isinstance(record.args, tuple) else ()
        record.args = tuple(where if isinstance(arg, str) and arg[:1] == "/" else arg for arg in args)
    found = errors.database_error(error)
    if record.exc_info and error is not None and found is not None and found.passes:
        record.exc_info = None
        record.msg, record.args = "%s (%s)", (" ".join(record.getMessage().split()), errors.error_name(error))
    return record


def _told(record: logging.LogRecord) -> dict[str, Any]:
    told = {name: getattr(record, name) for name in FIELDS if getattr(record, name, None) is not None}
    if found := request_id.get() or getattr(getattr(record, "request", None), NUMBER, None):
        told[NUMBER] = found
    return told


def _short(value: Any) -> str:
    if isinstance(value, dict):
        return ",".join(f"{name}:{number}" for name, number in value.items()) or "none"
    return str(value)


def _pattern(request: HttpRequest) -> str:
    match = getattr(request, "resolver_match", None)
    return f"/{match.route}" if match else "an address that is none of ours"
