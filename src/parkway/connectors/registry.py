"""The ends that services can be synced between, found through entry points.

A package brings an end under a slug in one of two groups; the slug and the end's settings stand in the
integration of each service that uses it. `docs/connectors.md` shows one.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.metadata import EntryPoint, entry_points
from typing import Any, Generic, TypeVar

from parkway.connectors.end_settings import Setting, require_fitting, with_secrets
from parkway.connectors.ports import Profiles, Roster
from parkway.domain import EndNames, EndUnusable, Invalid, Refused

Port = TypeVar("Port")

ROSTERS, PROFILES = "parkway.rosters", "parkway.profiles"
"""The groups of entry points."""


@dataclass(frozen=True)
class End(Generic[Port]):
    """An end that is installed.

    `name` is what people call the system, and `about` says in a sentence what it is. `connect` makes the port
    of a service's settings, as `settings` describes them; it opens nothing yet, and one port may serve many
    services. An end that takes part `in_transaction` keeps its rows in the database of Parkway: what a run
    does there is undone with the run. Any other end is never called inside a transaction.
    """

    name: str
    connect: Callable[[Mapping[str, Any]], Port]
    in_transaction: bool = False
    about: str = ""
    settings: tuple[Setting, ...] = ()


OWN_NAMES = EndNames("Manage", "Storypark")
"""What people call Parkway's own ends, and what sentences say where no service, and so no end, is known."""


@cache
def rosters() -> dict[str, End[Roster]]:
    """The systems that say which children there are, by slug."""
    return {point.name: _load(point) for point in sorted(entry_points(group=ROSTERS))}


@cache
def profiles() -> dict[str, End[Profiles]]:
    """The platforms that keep the profiles, by slug."""
    return {point.name: _load(point) for point in sorted(entry_points(group=PROFILES))}


def _load(point: EntryPoint) -> End[Any]:
    """Load an end. One that cannot be loaded is in the way of the services that use it, and of no others."""
    try:
        found = point.load()
        problem = "" if isinstance(found, End) else "it is no End of parkway.connectors.registry"
    except Exception as error:
        problem = f"{type(error).__name__}: {error}"
    if not problem:
        return found  # type: ignore[no-any-return]  # what an entry point names is known when it is loaded

    def refuse(settings: Mapping[str, Any]) -> object:
        raise Invalid(f"Its package cannot be loaded ({problem}).")

    return End(point.name, refuse, about=f"Cannot be loaded: {problem}.")


def find_roster(slug: str) -> End[Roster]:
    """The roster with this slug. Raises EndUnusable when no such end is installed."""
    return _find(rosters(), slug)


def find_profiles(slug: str) -> End[Profiles]:
    """The profiles' end with this slug. Raises EndUnusable when no such end is installed, and, for now, when
    it takes no part in our transaction.
    """
    found = _find(profiles(), slug)
    if not found.in_transaction:
        raise EndUnusable(
            f"{found.name} keeps its profiles outside the database of Parkway, which is not yet possible. "
            "Support chooses another end for the profiles with `parkway ends`."
        )
    return found


def has(roster: str, profiles_end: str) -> bool:
    """Whether ends with these slugs are installed."""
    return roster in rosters() and profiles_end in profiles()


def names(roster: str, profiles_end: str) -> EndNames:
    """What people call the ends with these slugs. One that is not installed is called by its slug."""
    found = rosters().get(roster), profiles().get(profiles_end)
    return EndNames(found[0].name if found[0] else roster, found[1].name if found[1] else profiles_end)


def _find(installed: Mapping[str, End[Port]], slug: str) -> End[Port]:
    if slug not in installed:
        known = ", ".join(installed)
        raise EndUnusable(
            f"No end “{slug}” is installed here. There are {known}. Support sees more with `parkway ends`."
        )
    return installed[slug]


@lru_cache(maxsize=4096)
def connect_roster(slug: str, settings: str) -> Roster:
    """The roster with these settings, as JSON text.

    Raises EndUnusable when no such end is installed, or the settings do not fit.
    """
    return _connect(find_roster(slug), settings)


@lru_cache(maxsize=4096)
def connect_profiles(slug: str, settings: str) -> Profiles:
    """The profiles' end with these settings, as JSON text. Raises EndUnusable as `connect_roster` does, and
    `find_profiles`.
    """
    return _connect(find_profiles(slug), settings)


def as_stored(end: End[Port], settings: Mapping[str, Any]) -> str:
    """Settings as an integration keeps them. Raises Invalid when they do not fit."""
    require_fitting(end.settings, settings)
    return json.dumps(settings, sort_keys=True, ensure_ascii=False)


def _connect(end: End[Port], settings: str) -> Port:
    try:
        stored = json.loads(settings)
        if not isinstance(stored, dict):
            raise Invalid("They are no settings.")
        return end.connect(with_secrets(end.settings, stored))
    except EndUnusable:
        raise
    except Exception as error:
        # the text of any other error may quote a secret of the settings
        why = str(error) if isinstance(error, Refused) else f"It broke ({type(error).__name__})."
        raise EndUnusable(
            f"{end.name} cannot be used with its settings here. {why} Support sees more with `parkway ends`."
        ) from error
