"""Facts in plain English: days, widths, places in a queue, and the bookings behind a status."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache, cached_property, lru_cache
from typing import cast

from babel import Locale
from babel.dates import format_date, format_time

from parkway.domain import EndNames, Facts, ProfileState, Standing, Step, Window

ENGLISH = Locale("en")  # its short names of months have three letters each; New Zealand's has "Sept"
NEW_ZEALAND = Locale("en", "NZ")  # its clocks say "pm", where those of plain English say "PM"

SUFFIXES = {"one": "st", "two": "nd", "few": "rd", "other": "th"}  # of ordinals, by their form in English

DONE = {
    Step.CREATE: "created",
    Step.LINK: "linked",
    Step.RESTORE: "restored",
    Step.UPDATE: "updated",
    Step.ARCHIVE: "archived",
}


def day(value: date, today: date) -> str:
    """A date as people in Australia and New Zealand write it; the year only when it is not this one."""
    # by hand: a run tells of hundreds of days, and to write each by a pattern takes a twentieth of it
    text = f"{value.day} {month(value.month)}"
    return text if value.year == today.year else f"{text} {value.year}"


@lru_cache(maxsize=8192)
def written(value: date, pattern: str) -> str:
    """A date in English by a pattern of Unicode: "d MMM y" is "4 Mar 2026", "EEEE" is "Wednesday"."""
    return format_date(value, pattern, ENGLISH)


@cache
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
    """ "Mānaia's", "James'": a name that ends with an s takes an apostrophe alone."""
    return f"{name}'" if name.endswith(("s", "S")) else f"{name}'s"


def booked(standing: Standing, window: Window, today: date) -> str:
    """The bookings that make a child Active, as the end of a sentence that names the child; nothing when
    they are not known.
    """
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


def far_bookings(standing: Standing, window: Window, today: date) -> str:
    """The booking before the active window and the one after it, as what follows "Mānaia's"; nothing when
    there is no confirmed booking.
    """
    last, following = standing.last_end, standing.next_start
    ended = f"ended on {day(last, today)}, more than {width(window.lookback)} ago" if last else ""
    away = width(window.lookahead)
    starts = f"starts on {day(following, today)}, more than {away} away" if following else ""
    if ended and starts:
        return f"last booking {ended}, and the next one {starts}"
    if ended:
        return f"last booking {ended}"
    return f"first booking {starts}" if starts else ""


def of_far_bookings(name: str, bookings: str) -> str:
    """The `far_bookings` of the child of this name, as the beginning of a sentence."""
    return f"{possessive(name)} {bookings}" if bookings else f"{name} has no confirmed booking"


@dataclass(frozen=True)
class StandingWords:
    """Where a child stands on one day, in words: each is made when a sentence first asks for it.

    `profile` is the state of the profile of a child whom the source no longer lists, `ends` the names of the
    two ends.
    """

    standing: Standing
    profile: ProfileState | None
    window: Window
    today: date
    ends: EndNames

    @cached_property
    def booked(self) -> str:
        """The bookings that make the child Active, as the end of a sentence that names the child."""
        return booked(self.standing, self.window, self.today)

    def not_booked(self, name: str) -> str:
        """Why the child of this name is Inactive, as the beginning of a sentence."""
        if not self.standing.bookings_known:
            return f"{name} is Inactive in {self.ends.roster}"
        return of_far_bookings(name, self._far_bookings)

    @cached_property
    def _far_bookings(self) -> str:
        return far_bookings(self.standing, self.window, self.today)

    @cached_property
    def archived_on(self) -> str:
        """ " on 3 May", the day of archiving; nothing when it is not known."""
        on = self.standing.archived_on
        return f" on {day(on, self.today)}" if on else ""

    def keep_until(self, facts: Facts) -> str:
        """The day through which a person keeps the profile."""
        return day(cast("date", facts["keep_until"]), self.today)


@lru_cache(maxsize=16_384)
def words_for(
    standing: Standing, profile: ProfileState | None, window: Window, today: date, ends: EndNames
) -> StandingWords:
    """The words for where a child stands: many children of a service stand alike."""
    return StandingWords(standing, profile, window, today, ends)


def kept_by(facts: Facts) -> str:
    """Who rejected the run that would have archived the profile."""
    return str(facts.get("kept_by") or "somebody")


def place(facts: Facts) -> str:
    """The place in line for a space: "3rd"."""
    return ordinal(cast("int", facts["position"]))


def paid_children(facts: Facts) -> str:
    """How many children the plan pays for: "40 children"."""
    return count(cast("int", facts["paid_children"]), "child", "children")


def alike(facts: Facts) -> int:
    """How many profiles carry the child's name."""
    profiles = facts.get("profiles")
    return len(profiles) if isinstance(profiles, list) else 0
