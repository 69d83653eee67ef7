"""Lines of the log: they tell where something went wrong, never about whom."""

from __future__ import annotations

import logging
import traceback
from types import TracebackType

from django.http import HttpRequest

ExcInfo = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]


class Line(logging.Formatter):
    """Writes addresses as the pattern they match, and errors without their text: either may hold a child's
    name or id. The kind of error and the lines of the program it passed are what mending it takes.
    """

    def format(self, record: logging.LogRecord) -> str:
        """One record as a line, and lines below it for an error."""
        record = logging.makeLogRecord(
            {**record.__dict__, "exc_text": None}
        )  # others keep the error's text there
        request = getattr(record, "request", None)
        if isinstance(request, HttpRequest) and record.args:
            where = _pattern(request)
            args = record.args if isinstance(record.args, tuple) else ()
            record.args = tuple(where if isinstance(arg, str) and arg[:1] == "/" else arg for arg in args)
        return super().format(record)

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


def _pattern(request: HttpRequest) -> str:
    match = getattr(request, "resolver_match", None)
    return f"/{match.route}" if match else "an address that is none of ours"
