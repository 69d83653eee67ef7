"""Choosing the ends of a service: where its children come from, and where its profiles are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from django.db import transaction

from parkway.connectors import registry
from parkway.connectors.end_settings import from_text
from parkway.domain import Refused
from parkway.sync.ends import keys_of, problem_with
from parkway.sync.integrations import lock_integration, update_integration
from parkway.sync.models import RoomLink, Stage
from parkway.tenancy.models import Service
from parkway.tenancy.people import Actor, require_support
from parkway.tenancy.scope import scope


class ChosenEnd(NamedTuple):
    """An end by its slug, with its settings as somebody wrote them."""

    slug: str
    settings: Mapping[str, str]


def choose_ends(service: Service, by: Actor, roster: ChosenEnd | None, profiles: ChosenEnd | None) -> None:
    """Let a service have another roster, or another end for its profiles; None leaves it as it is.

    Links and choices stay; which room is which is asked again. Raises Refused unless `by` is support; while
    syncing is on, unless an end that cannot be used stands in its way; when no such end is installed; when
    its settings do not fit; and when profiles would be kept outside our database, which is not yet possible.
    """
    require_support(by)
    columns = {}
    if roster is not None:
        end = registry.find_roster(roster.slug)
        columns["roster_end"] = roster.slug
        columns["roster_settings"] = registry.as_stored(end, from_text(end.settings, roster.settings))
    if profiles is not None:
        there = registry.find_profiles(profiles.slug)
        columns["profiles_end"] = profiles.slug
        columns["profiles_settings"] = registry.as_stored(there, from_text(there.settings, profiles.settings))
    with transaction.atomic():
        integration = lock_integration(service)
        if integration.stage == Stage.ON and not problem_with(keys_of(integration)):
            raise Refused(
                f"{service.name} is syncing, so its ends stay as they are. Turn syncing off first: "
                f"`parkway off {service.slug}`."
            )
        update_integration(integration, **columns)
        scope(RoomLink, service).delete()
