"""Facts in plain English: days, widths, places in a queue, and the bookings behind a status."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from functools import lru_cache

from babel import Locale
from babel.dates import format_date, format_time

from parkway.domain import Standing, Step, Window

ENGLISH = Locale("en")  # its short names of months have three letters each; New Zealand's has "Sept"
NEW_ZEALAND = Locale("en", "NZ")  # its clocks say "pm", where those of plain English say "PM"

SUFFIXES = {"one": "st", "two": "nd", "few": "rd", "other": "th"}  # of ordinals, by their form in English
HISSING = ("s", "S")  # a name that ends so takes an apostrophe alone

DONE = {
    Step.CREATE: "created",
    Step.LINK: "linked",
    Step.RESTORE: "restored",
    Step.UPDATE: "updated",
    Step.ARCHIVE: "archived",
}


def day(value: date, today: date) -> str:
    """A date as people in Australia and New Zealand write it; the year only when it is not this one."""
    return written(value, "d MMMM" if value.year == today.year else "d MMMM y")


@lru_cache(maxsize=8192)  # the sentences of a run tell the same days again and again
def written(value: date, pattern: str) -> str:
    """A date in English by a pattern of Unicode: "d MMM y" is "4 Mar 2026", "EEEE" is "Wednesday"."""
    return format_date(value, pattern, ENGLISH)


def month(number: int) -> str:
    """The name of a month, from 1 for January to 12."""
    return str(ENGLISH.months["format"]["wide"][number])


def weekday(number: int) -> str:
    """The name of a day of the week, from 0 for Monday to 6."""
    return str(ENGLISH.days["format"]["wide"][number])


def at(moment: datetime, today: date) -> str:
    """An instant on a service's clock, in a sentence: "at 2:05 pm", with the day when it is not today."""
    then = f"at {clock(moment)}"
    return then if moment.date() == today else f"on {day(moment.date(), today)} {then}"


def clock(moment: datetime) -> str:
    """What a clock shows: "2:05 pm"."""
    return format_time(moment, "h:mm a", locale=NEW_ZEALAND)


def width(days: int) -> str:
    """A number of days, in weeks where it is whole weeks: "8 weeks", "10 days"."""
    number, unit = (days // 7, "week") if days and days % 7 == 0 else (days, "day")
    return f"{number} {unit}" if number == 1 else f"{number} {unit}s"


def count(number: int, singular: str, plural: str | None = None) -> str:
    """ "1 space", "3 spaces", "2 children"."""
    return f"{number:,} {singular if number == 1 else plural or singular + 's'}"


def what_was_done(counts: Mapping[str, int]) -> str:
    """What a run did, from its counts by step: "2 created, 1 archived", or "nothing changed"."""
    done = [f"{counts[step]:,} {word}" for step, word in DONE.items() if counts.get(step)]
    return ", ".join(done) or "nothing changed"


@lru_cache(maxsize=1024)  # the same places are told in every line for spaces
def ordinal(number: int) -> str:
    """ "1st", "2nd", "3rd", "11th"."""
    return f"{number}{SUFFIXES[ENGLISH.ordinal_form(number)]}"


def possessive(name: str) -> str:
    """ "Mānaia's", "James'"."""
    return f"{name}'" if name.endswith(HISSING) else f"{name}'s"


def booked(standing: Standing, window: Window, today: date) -> str:
    """The bookings that make a child Active, as the end of a sentence that names the child."""
    first, last = standing.booked_from, standing.booked_until
    if first is None:
        return ""
    if last is None:
        text = f", booked from {day(first, today)} with no end date"
    elif first == last:
        text = f", booked on {day(first, today)}"
    else:
        text = f", booked from {day(first, today)} to {day(last, today)}"
    if last is not None and last < today:
        return f"{text}, and stays Active for {width(window.lookback)} after that"
    if first > today:
        return f"{text}, which is within the next {width(window.lookahead)}"
    return text


def not_booked(name: str, standing: Standing, window: Window, today: date) -> str:
    """Why a child is Inactive, as the beginning of a sentence."""
    last, following = standing.last_end, standing.next_start
    if not standing.bookings_known:
        return f"{name} is Inactive in Manage"
    if last is None and following is None:
        return f"{name} has no confirmed booking"
    ended = f"ended on {day(last, today)}, more than {width(window.lookback)} ago" if last else ""
    away = width(window.lookahead)
    starts = f"starts on {day(following, today)}, more than {away} away" if following else ""
    if ended and starts:
        return f"{possessive(name)} last booking {ended}, and the next one {starts}"
    if ended:
        return f"{possessive(name)} last booking {ended}"
    return f"{possessive(name)} first booking {starts}"
