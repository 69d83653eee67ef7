"""Choosing the ends of a service: where its children come from, and where its profiles are."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from django.db import transaction

from parkway.connectors import registry
from parkway.connectors.end_settings import from_text
from parkway.connectors.registry import End
from parkway.domain import Conflict, EndUnusable, Invalid
from parkway.sync.integrations import change_integration, lock_integration
from parkway.sync.models import RoomLink, Stage
from parkway.tenancy.models import Service
from parkway.tenancy.people import Actor, require_support
from parkway.tenancy.scope import scope


class ChosenEnd(NamedTuple):
    """An end by its slug, with its settings as somebody wrote them."""

    slug: str
    settings: Mapping[str, str]


def choose_ends(
    service: Service, roster: ChosenEnd | None, profiles: ChosenEnd | None, by: Actor, now: datetime
) -> None:
    """Let a service have another roster, or another end for its profiles; None leaves it as it is.

    Links and choices stay; which room is which is asked again. Raises Forbidden unless `by` is support;
    Conflict while syncing is on, unless an end of the service is not installed any more; and Invalid when no
    such end is installed, its settings do not fit, or profiles would be kept outside our database, which is
    not yet possible.
    """
    require_support(by, service)
    columns = {}
    if roster is not None:
        columns["roster_end"] = roster.slug
        columns["roster_settings"] = _settings(registry.find_roster, roster)
    if profiles is not None:
        columns["profiles_end"] = profiles.slug
        columns["profiles_settings"] = _settings(registry.find_profiles, profiles)
    with transaction.atomic():
        integration = lock_integration(service)
        if integration.stage == Stage.ON and registry.has(integration.roster_end, integration.profiles_end):
            raise Conflict(
                f"{service.name} is syncing, so its ends stay as they are. Turn syncing off first: "
                f"`parkway off {service.slug}`."
            )
        if columns != {name: getattr(integration, name) for name in columns}:
            change_integration(integration, by, now, "choose_ends", **columns)
            scope(RoomLink, service).delete()


def _settings(find: Callable[[str], End[Any]], chosen: ChosenEnd) -> str:
    """The settings of an end as an integration keeps them. Raises Invalid."""
    try:
        end = find(chosen.slug)
    except EndUnusable as unusable:
        raise Invalid(str(unusable)) from unusable
    return registry.as_stored(end, from_text(end.settings, chosen.settings))
