"""The ends that services can be synced between, found through entry points.

A package brings an end under a slug in one of two groups; the slug and the end's settings stand in the
integration of each service that uses it. `docs/connectors.md` shows one.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.metadata import entry_points
from typing import Any, Generic, TypeVar

from parkway.connectors.ports import Profiles, Roster
from parkway.domain import EndNames, NotFound

Port = TypeVar("Port")

ROSTERS, PROFILES = "parkway.rosters", "parkway.profiles"
"""The groups of entry points."""


@dataclass(frozen=True)
class End(Generic[Port]):
    """An end that is installed.

    `name` is what people call the system. `connect` makes the port of a service's settings, which are plain
    JSON; one port may serve many services. An end that takes part `in_transaction` keeps its rows in the
    database of Parkway: what a run does there is undone with the run.
    """

    name: str
    connect: Callable[[Mapping[str, Any]], Port]
    in_transaction: bool = False
    about: str = ""


OWN_NAMES = EndNames("Manage", "Storypark")
"""What people call Parkway's own ends, and what sentences say where no service, and so no end, is known."""


@cache
def rosters() -> dict[str, End[Roster]]:
    """The systems that say which children there are, by slug."""
    return {point.name: point.load() for point in sorted(entry_points(group=ROSTERS))}


@cache
def profiles() -> dict[str, End[Profiles]]:
    """The platforms that keep the profiles, by slug."""
    return {point.name: point.load() for point in sorted(entry_points(group=PROFILES))}


@lru_cache(maxsize=4096)
def connect_roster(slug: str, settings: str) -> Roster:
    """The roster with these settings, as JSON text. Raises NotFound when no such end is installed."""
    return _find(rosters(), slug).connect(json.loads(settings))


@lru_cache(maxsize=4096)
def connect_profiles(slug: str, settings: str) -> Profiles:
    """The profiles' end with these settings, as JSON text. Raises NotFound when no such end is installed."""
    return _find(profiles(), slug).connect(json.loads(settings))


def names(roster: str, profiles_end: str) -> EndNames:
    """What people call the ends with these slugs. Raises NotFound when one of them is not installed."""
    return EndNames(_find(rosters(), roster).name, _find(profiles(), profiles_end).name)


def _find(installed: Mapping[str, End[Port]], slug: str) -> End[Port]:
    if slug not in installed:
        known = ", ".join(installed)
        raise NotFound(f"No end “{slug}” is installed here. There are {known}: see `parkway ends`.")
    return installed[slug]
