"""Tables from CSV files, read strictly: every bad line is collected, none is guessed at.

A file is UTF-8 with or without a byte order mark; lines end in LF or CRLF. A value never holds a control
character, so a record is one line, and an unclosed quotation mark spoils its own line only. Nor does it hold
a sign that nobody can see and that turns or breaks the text around it.
"""

from __future__ import annotations

import csv
import re
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from datetime import date
from functools import lru_cache
from io import BufferedReader
from operator import itemgetter
from typing import NamedTuple

from parkway.domain import Invalid
from parkway.engine import wording
from parkway.engine.folding import UNSEEN, is_plain

LONGEST_LINE = 1_000_000  # bytes; a longer "line" is not a table
LONGEST_RECORD = 20  # lines; after so many an unclosed quotation mark is believed to be one
LONGEST_SHOWN = 60  # characters of a bad value in a message

BYTE_ORDER_MARK = b"\xef\xbb\xbf"
NOT_UTF8 = re.compile(r"[\udc80-\udcff]")  # bytes that did not decode, as "surrogateescape" keeps them
ISO_DAY = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})")
DAY_FIRST = re.compile(r"([0-9]{1,2})[/.-]([0-9]{1,2})[/.-]([0-9]{4})")
SAVE_AS = "save the file as “CSV UTF-8” and try again"

WHOLE_ROW = "row"
WHOLE_FILE = "file"


class CsvProblem(NamedTuple):
    """One thing that is wrong: the file as the user named it, the record's first line from 1, the column."""

    file: str
    line: int
    column: str  # or WHOLE_ROW or WHOLE_FILE
    what: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.column}: {self.what}"


class BadFiles(Invalid):
    """Files that cannot be read as they should be: every problem in them, and the warnings beside."""

    def __init__(self, problems: Sequence[CsvProblem], warnings: Sequence[str] = ()) -> None:
        more = f" ({len(problems):,} problems in all)" if len(problems) > 1 else ""
        super().__init__(f"{problems[0]}{more}")
        self.problems = tuple(problems)
        self.warnings = tuple(warnings)


class CsvReport:
    """What is wrong with some files, as it is found."""

    def __init__(self) -> None:
        self.problems: list[CsvProblem] = []
        self.warnings: list[str] = []

    def raise_if_bad(self) -> None:
        """Raise BadFiles when anything is wrong; warnings alone are not."""
        if self.problems:
            raise BadFiles(self.problems, self.warnings)


def shown(value: str) -> str:
    """A bad value as a message may quote it: cut when long, with nothing in it that a terminal obeys."""
    text = value if len(value) <= LONGEST_SHOWN else value[:LONGEST_SHOWN] + "…"
    return f"“{''.join(c if c.isprintable() else ascii(c)[1:-1] for c in text)}”"


class NotADay(ValueError):
    """A text that is not a day; its message says what is wrong and how to write it."""


@lru_cache(maxsize=65_536)
def read_day(text: str) -> date:
    """The day that an ISO date such as 2025-12-31 names. Raises NotADay."""
    parts = ISO_DAY.fullmatch(text)
    if parts is None:
        bare = text if re.fullmatch(r"[0-9/.:-]{1,30}", text) else shown(text)
        raise NotADay(f"{bare} is not a date Parkway reads; {_how_to_write(text)}")
    year, month, day = map(int, parts.groups())
    with suppress(ValueError):
        return date(year, month, day)
    if year and day and 1 <= month <= 12:
        raise NotADay(f"{text} is not a day: there is no {day} {wording.month(month)} in {year}")
    raise NotADay(
        f"{text} is not a day: there is no such {'year' if not year else 'month' if day else 'day'}"
    )


def _how_to_write(text: str) -> str:
    """The way out for a date in another form; day and month are told apart only when that is certain."""
    parts = DAY_FIRST.fullmatch(text)
    if parts is not None:
        day, month, year = map(int, parts.groups())
        with suppress(ValueError):
            if day > 12 or day == month:
                return f"write it as {date(year, month, day).isoformat()}"
    return "write it as year-month-day, such as 2025-12-31"


class _NeverClosed(Exception):
    """A record that goes on for too many lines."""


class _NeverEnds(Exception):
    """A line too long to be one."""


class _Lines:
    """The lines of a file for the csv module: decoded, without their ends, counted, given again on demand.

    `odd` says that the record at hand holds something other than printable text, or more than one line.
    """

    def __init__(self, stream: BufferedReader) -> None:
        self._readline = stream.readline
        self._again: deque[str] = deque()
        self._record: list[str] = []
        self._number = 0
        self.odd = False

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        if self._again:
            text = self._again.popleft()
        else:
            raw = self._readline(LONGEST_LINE)
            if not raw:
                raise StopIteration
            if raw[-1:] == b"\n":
                raw = raw[:-2] if raw[-2:-1] == b"\r" else raw[:-1]
            elif len(raw) == LONGEST_LINE:
                raise _NeverEnds
            text = raw.decode("utf-8", "surrogateescape")
        self._number += 1
        record = self._record
        record.append(text)
        if len(record) == 1:
            self.odd = not text.isprintable()
            return text
        if len(record) > LONGEST_RECORD:
            raise _NeverClosed
        self.odd = True
        return "\n" + text

    def begin(self) -> int:
        """Start a new record; the number of its first line, from 1."""
        self._record.clear()
        return self._number + 1

    @property
    def several(self) -> bool:
        """Whether the record at hand has taken more than one line."""
        return len(self._record) > 1

    def give_again(self) -> str:
        """Take a spoilt record back but for its first line, which is returned."""
        first, *rest = self._record
        self._again.extendleft(reversed(rest))
        self._number -= len(rest)
        return first


class CsvColumns(NamedTuple):
    """The columns a table may have, in the order in which its values are handed over; `key` names a row."""

    key: str
    required: tuple[str, ...]
    known: tuple[str, ...]


class CsvRow(NamedTuple):
    """A record of the right shape: its first line's number, and its trimmed values in the order of
    `Columns.known`, "" where the file has no such column. `record` is the line's values as they stand there.
    """

    line: int
    values: tuple[str, ...]
    record: list[str]


class CsvTable:
    """The rows of one file, read once. Problems and warnings go into the report.

    After the first row, or the last: `header` are the columns of the file, None when the header is bad;
    `spoilt` the keys that can still be made out in records that were refused as a whole.
    """

    def __init__(self, file: str, columns: CsvColumns, report: CsvReport) -> None:
        self.file = file
        self.columns = columns
        self.header: list[str] | None = None
        self.spoilt: set[str] = set()
        self._report = report

    @property
    def supplied(self) -> frozenset[str]:
        """The known columns that the file has."""
        return frozenset(self.columns.known).intersection(self.header or ())

    def bad(self, line: int, column: str, what: str) -> None:
        """Report something wrong in this file."""
        self._report.problems.append(CsvProblem(self.file, line, column, what))

    def __iter__(self) -> Iterator[CsvRow]:
        try:
            with open(self.file, "rb") as stream:
                yield from self._rows(stream)
        except (OSError, ValueError) as error:  # ValueError: a NUL in the file's name
            self.bad(1, WHOLE_FILE, f"it cannot be read ({getattr(error, 'strerror', None) or error})")

    def _rows(self, stream: BufferedReader) -> Iterator[CsvRow]:
        if other := _other_format(stream.peek(4)[:4]):
            self.bad(1, WHOLE_FILE, f"it is not UTF-8 text but {other}; {SAVE_AS}")
            return
        if stream.peek(3).startswith(BYTE_ORDER_MARK):
            stream.read(3)
        records = self._records(_Lines(stream))
        pick = self._read_header(next(records, None))
        if self.header is None or pick is None:
            return
        for line, record in records:
            if record is None:
                continue
            if len(record) != len(self.header):
                self._misshapen(line, record)
                continue
            yield CsvRow(line, pick([*map(str.strip, record), ""]), record)

    def _records(self, lines: _Lines) -> Iterator[tuple[int, list[str] | None]]:
        """The records but for blank ones, each with its first line's number; None for a refused one."""
        reader = csv.reader(lines, strict=True)
        while True:
            line = lines.begin()
            try:
                record = next(reader)
            except StopIteration:
                return
            except _NeverEnds:
                self.bad(
                    line,
                    WHOLE_ROW,
                    f"the line is longer than {LONGEST_LINE:,} bytes; nothing after it was read",
                )
                return
            except (csv.Error, _NeverClosed) as error:
                several = lines.several
                self._unreadable(line, lines.give_again(), "" if several else str(error))
                yield line, None
                continue
            if lines.odd and self._has_odd_values(line, record):
                self._remember(record)
                yield line, None
            elif len(record) > 1 or (record and record[0].strip()):
                yield line, record

    def _read_header(
        self, first: tuple[int, list[str] | None] | None
    ) -> Callable[[list[str]], tuple[str, ...]] | None:
        """Take in the header; what picks the known values out of a record with one "" added at its end."""
        if first is None:
            self.bad(
                1,
                WHOLE_FILE,
                f"it is empty; its first line names the columns: {', '.join(self.columns.known)}",
            )
            return None
        line, record = first
        if record is None:
            return None
        names = [name.strip() for name in record]
        if len(names) == 1 and ";" in names[0]:
            self.bad(line, WHOLE_FILE, "its columns are separated by semicolons; Parkway reads commas")
            return None
        twice = [name for name, times in Counter(names).items() if name and times > 1]
        missing = [name for name in self.columns.required if name not in names]
        for name in twice:
            self.bad(line, shown(name)[1:-1], "the header names this column more than once")
        for name in missing:
            alike = next((given for given in names if given.lower().replace(" ", "_") == name), None)
            hint = f"; the header has {shown(alike)}" if alike else ""
            self.bad(line, name, f"the header lacks this column{hint}")
        if twice or missing:
            return None
        for number, name in enumerate(names, start=1):
            if name not in self.columns.known:
                what = f"the column {shown(name)} is unknown" if name else f"column {number} has no name"
                self._report.warnings.append(f"{self.file}: {what} and is ignored")
        self.header = names
        places = [names.index(name) if name in names else -1 for name in self.columns.known]
        return itemgetter(*places)

    def _column(self, number: int) -> str:
        """The name of a column by its number from 0, for a message."""
        return self.header[number] or WHOLE_ROW if self.header and number < len(self.header) else WHOLE_ROW

    def _remember(self, record: Sequence[str]) -> None:
        """Note the key of a record that is refused as a whole, if it can be made out."""
        if self.header is not None:
            place = self.header.index(self.columns.key)
            if place < len(record):
                self.spoilt.add(record[place].strip().strip('"'))

    def _misshapen(self, line: int, record: list[str]) -> None:
        self._remember(record)
        width = len(self.header or ())
        few = len(record) < width
        hint = "" if few else "; a value with a comma in it goes between quotation marks"
        self.bad(
            line,
            WHOLE_ROW,
            f"it is too {'short' if few else 'long'}: it has {len(record)} values "
            f"where the header has {width}{hint}",
        )

    def _has_odd_values(self, line: int, record: list[str]) -> bool:
        """Report the values that are not UTF-8 or hold what nobody can see; whether there are any."""
        found = False
        for number, value in enumerate(record):
            if NOT_UTF8.search(value):
                what = f"it is not UTF-8{_guess(value)}; {SAVE_AS}"
            elif control := UNSEEN.search(value):
                name = {"\n": "a line break", "\t": "a tab"}.get(control[0], f"U+{ord(control[0]):04X}")
                what = f"it holds a control character ({name}); take it out"
            elif not is_plain(value):
                what = "it holds only signs that nobody can see; take them out"
            else:
                continue
            self.bad(line, self._column(number), what)
            found = True
        return found

    def _unreadable(self, line: int, text: str, error: str) -> None:
        """Report a line that the csv module refuses, as the likeliest cause; `error` "" for a quotation mark
        that is not closed on its line."""
        cells = text.split(",")
        self._remember(cells)
        if self._has_odd_values(line, cells):
            return
        if "field limit" in error:
            what = f"a value is longer than {csv.field_size_limit():,} characters"
        elif "expected after" in error:
            what = "a closing quotation mark is not followed by a comma; inside a value, write it twice"
        else:
            what = "a quotation mark is opened and not closed on this line"
        self.bad(line, WHOLE_ROW, what)


def _other_format(start: bytes) -> str | None:
    """What a file is that certainly is no UTF-8 text, from its first four bytes."""
    if start.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "UTF-16"
    if start == b"PK\x03\x04":
        return "an Excel workbook or another archive"
    return "UTF-16 or no text at all" if b"\0" in start else None


def _guess(value: str) -> str:
    """What a value that is not UTF-8 seems to be, for a message."""
    with suppress(UnicodeDecodeError):
        guess = value.encode("utf-8", "surrogateescape").decode("cp1252")
        return f" (it looks like Windows-1252, {shown(guess)})"
    return ""
