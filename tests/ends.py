"""Ends of the tests' own, found as those of any package are: by a slug in the registry."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count

from parkway.connectors import registry
from parkway.connectors.ports import Profiles, Roster
from parkway.domain import EndNames
from parkway.sync.models import MANAGE, STORYPARK, Integration
from parkway.tenancy.models import Service

NAMES = EndNames("Manage", "Storypark")

_numbers = count(1)


def install(
    roster: Roster | None = None,
    profiles: Profiles | None = None,
    called: EndNames = NAMES,
    in_transaction: bool = True,
) -> dict[str, str]:
    """Install ends; the columns of an integration that has them."""
    columns = {}
    if roster is not None:
        columns["roster_end"] = slug = f"test-{next(_numbers)}"
        registry.rosters()[slug] = registry.End(called.roster, lambda settings: roster, in_transaction)
    if profiles is not None:
        columns["profiles_end"] = slug = f"test-{next(_numbers)}"
        registry.profiles()[slug] = registry.End(called.profiles, lambda settings: profiles, in_transaction)
    return columns


def give(
    *services: Service,
    roster: Roster | None = None,
    profiles: Profiles | None = None,
    called: EndNames = NAMES,
    in_transaction: bool = True,
) -> None:
    """Let services have these ends from now on, and Parkway's own where none is named."""
    own = {"roster_end": MANAGE, "profiles_end": STORYPARK}
    found = Integration.objects.filter(service__in=services)
    assert found.update(**own | install(roster, profiles, called, in_transaction)) == len(services)


@contextmanager
def given(service: Service, roster: Roster | None = None, profiles: Profiles | None = None) -> Iterator[None]:
    """Let a service have these ends for a while."""
    columns = install(roster, profiles)
    found = Integration.objects.filter(service=service)
    before = found.values(*columns).get() if columns else {}
    if columns:
        found.update(**columns)
    try:
        yield
    finally:
        if before:
            found.update(**before)
