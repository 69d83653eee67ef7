"""Every time zone with the name of its place, grouped as people at a service look for theirs."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache, lru_cache
from typing import NamedTuple
from zoneinfo import available_timezones

from babel.core import get_global

from parkway.engine.wording import ENGLISH


class Place(NamedTuple):
    """A time zone as people know it: `name` is "Suva, Fiji", `zone` is "Pacific/Fiji"."""

    group: str
    name: str
    zone: str


NEW_ZEALAND, AUSTRALIA, OTHERS = "New Zealand", "Australia", "Older and technical names"
GROUPS = {
    "Pacific": "Pacific",
    "Asia": "Asia",
    "Africa": "Africa",
    "America": "America",
    "Europe": "Europe",
    "Arctic": "Europe",
    "Atlantic": "Atlantic",
    "Indian": "Indian Ocean",
    "Antarctica": "Antarctica",
}
"""The groups after Australia and New Zealand, by what the names of their time zones begin with."""

ORDER = [AUSTRALIA, NEW_ZEALAND, *dict.fromkeys(GROUPS.values()), OTHERS]


@lru_cache(maxsize=1)
def places() -> Sequence[Place]:
    """Return all time zones, in the order of the groups and by name within each."""
    return sorted(map(place, available_timezones()), key=lambda p: (ORDER.index(p.group), p.name.casefold()))


@cache
def place(zone: str) -> Place:
    """Return a time zone as people know it. An older name, such as Australia/ACT, and one that is no place,
    such as Etc/GMT+5, stand for themselves.
    """
    area, _, rest = zone.partition("/")
    code = get_global("zone_territories").get(zone)
    if not code or not rest or area not in (*GROUPS, AUSTRALIA) or zone in get_global("zone_aliases"):
        return Place(OTHERS, zone.replace("_", " "), zone)
    country = ENGLISH.territories.get(code, "")
    group = NEW_ZEALAND if country == NEW_ZEALAND else GROUPS.get(area, area)
    town = rest.split("/")[-1].replace("_", " ")
    return Place(group, f"{town}, {country}" if country != town else town, zone)


def found(search: str) -> Sequence[Place]:
    """Return the time zones whose place, country or name has every word of a search; all for none."""
    words = search.casefold().split()
    return [each for each in places() if all(word in f"{each.name} {each.zone}".casefold() for word in words)]


def grouped(these: Sequence[Place]) -> list[tuple[str, list[tuple[str, str]]]]:
    """Return time zones as the choices of a select, in groups."""
    groups: dict[str, list[tuple[str, str]]] = {}
    for each in these:
        groups.setdefault(each.group, []).append((each.zone, each.name))
    return list(groups.items())
