"""The list of time zones on the page Settings: all of them, by the names of their places."""

from __future__ import annotations

from collections import Counter
from zoneinfo import available_timezones

import pytest

from parkway.web.presenters import time_zones


def test_every_time_zone_is_listed_once_with_australia_and_new_zealand_first() -> None:
    """D33."""
    groups = time_zones.grouped(time_zones.places())
    listed = [zone for _, zones in groups for zone, _ in zones]
    assert sorted(listed) == sorted(available_timezones())
    assert [group for group, _ in groups[:2]] == ["Australia", "New Zealand"]
    names = Counter((group, name) for group, zones in groups for _, name in zones)
    assert {each for each, number in names.items() if number > 1} == set()


@pytest.mark.parametrize(
    ("zone", "group", "name"),
    [
        ("Pacific/Auckland", "New Zealand", "Auckland, New Zealand"),
        ("Australia/Broken_Hill", "Australia", "Broken Hill, Australia"),
        ("Pacific/Port_Moresby", "Pacific", "Port Moresby, Papua New Guinea"),
        ("Pacific/Fiji", "Pacific", "Fiji"),
        ("Australia/NSW", "Older and technical names", "Australia/NSW"),
        ("Etc/GMT+5", "Older and technical names", "Etc/GMT+5"),
        ("NZ", "Older and technical names", "NZ"),
    ],
)
def test_a_time_zone_has_the_name_of_its_place(zone: str, group: str, name: str) -> None:
    """D33."""
    assert time_zones.place(zone) == (group, name, zone)


@pytest.mark.parametrize(
    ("search", "zone"),
    [
        ("fiji", "Pacific/Fiji"),
        ("  PAPUA moresby", "Pacific/Port_Moresby"),
        ("lord_howe", "Australia/Lord_Howe"),
    ],
)
def test_a_search_finds_places_countries_and_names(search: str, zone: str) -> None:
    """D33."""
    assert [each.zone for each in time_zones.found(search)] == [zone]


def test_no_search_finds_all_and_nonsense_finds_none() -> None:
    """D33."""
    assert time_zones.found(" ") == time_zones.places()
    assert time_zones.found("nowhere at all") == []
