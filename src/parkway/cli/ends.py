"""The ends that are installed, those of a service, and choosing others."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

import click

from parkway.cli import output, setup_django
from parkway.cli.setup_django import SERVICE, acting, as_format
from parkway.connectors import registry
from parkway.connectors.registry import End
from parkway.domain import Invalid
from parkway.sync.commands.choose_ends import ChosenEnd, choose_ends
from parkway.sync.ends import EndKeys, keys_of_service, problem_with
from parkway.tenancy.models import Service
from parkway.tenancy.people import Actor

ROSTER, PROFILES = "roster", "profiles"


@click.command(
    epilog="""\b
Examples:
  parkway ends                                  which ends are installed, and their settings
  parkway ends rimu-kindergarten                which ends a service has
  parkway ends rimu-kindergarten --roster csv-files \\
      --set children=/srv/children.csv --set bookings=/srv/bookings.csv
  parkway ends rimu-kindergarten --roster manage

\b
A setting belongs to the end that is named. Where both are, write --set roster.KEY=VALUE and
--set profiles.KEY=VALUE. A secret is set to the name of a variable of the environment that
holds it. Ends are chosen while syncing is off; only support may."""
)
@click.argument("service", type=SERVICE, required=False)
@click.option("--roster", metavar="SLUG", help="Where the service's children come from.")
@click.option("--profiles", metavar="SLUG", help="Where the service's profiles are.")
@click.option("--set", "values", metavar="KEY=VALUE", multiple=True, help="A setting of the end; repeat it.")
@acting
@as_format
def ends(
    service: Service | None,
    roster: str | None,
    profiles: str | None,
    values: tuple[str, ...],
    by: Actor,
    form: str,
) -> None:
    """List the ends that are installed, show those of a service, or choose others for it."""
    if service is None:
        if roster or profiles or values:
            raise Invalid(
                "Name the service whose ends shall be others: `parkway ends SERVICE --roster SLUG`."
            )
        _list_installed(form)
        return
    if roster or profiles or values:
        named = {ROSTER: roster, PROFILES: profiles}
        settings = _settings(values, [side for side, slug in named.items() if slug])
        chosen = {side: ChosenEnd(slug, settings[side]) for side, slug in named.items() if slug}
        choose_ends(service, chosen.get(ROSTER), chosen.get(PROFILES), by, setup_django.now())
    _show(service, keys_of_service(service), form)


def _settings(values: Iterable[str], sides: list[str]) -> dict[str, dict[str, str]]:
    """The settings of each end that is named. Raises Invalid when it is not plain which one is meant."""
    found: dict[str, dict[str, str]] = {ROSTER: {}, PROFILES: {}}
    for value in values:
        key, equals, text = value.partition("=")
        side, dot, name = key.partition(".")
        if not dot:
            side, name = sides[0] if len(sides) == 1 else "", key
        if not equals or side not in sides:
            raise Invalid(
                f"It is not plain what “{value}” sets. Name the end with --roster or --profiles, and write "
                "--set KEY=VALUE; where both are named, --set roster.KEY=VALUE or --set profiles.KEY=VALUE."
            )
        found[side][name] = text
    return found


def _list_installed(form: str) -> None:
    listed: list[tuple[str, str, End[Any]]] = [
        *((ROSTER, slug, end) for slug, end in registry.rosters().items()),
        *((PROFILES, slug, end) for slug, end in registry.profiles().items()),
    ]
    if form == "json":
        output.as_json([_as_json(side, slug, end) for side, slug, end in listed])
        return
    lines = [
        (
            slug,
            side,
            end.name,
            "ours" if end.in_transaction else "outside",
            ", ".join(setting.name + ("" if setting.required else "?") for setting in end.settings),
            end.about,
        )
        for side, slug, end in listed
    ]
    output.table("Ends", ("end", "side", "name", "database", "settings", "what it is"), lines)


def _as_json(side: str, slug: str, end: End[Any]) -> Mapping[str, object]:
    return {
        "end": slug,
        "side": side,
        "name": end.name,
        "about": end.about,
        "in_transaction": end.in_transaction,
        "settings": [
            {
                "name": each.name,
                "label": each.label,
                "kind": each.kind.value,
                "required": each.required,
                "secret": each.secret,
            }
            for each in end.settings
        ],
    }


def _show(service: Service, keys: EndKeys, form: str) -> None:
    names = registry.names(keys.roster, keys.profiles)
    lines = [
        (ROSTER, keys.roster, names.roster, _read(keys.roster_settings)),
        (PROFILES, keys.profiles, names.profiles, _read(keys.profiles_settings)),
    ]
    problem = problem_with(keys)
    if form == "json":
        shown_ends = {
            side: {"end": slug, "name": name, "settings": stored} for side, slug, name, stored in lines
        }
        output.as_json({"service": service.slug, **shown_ends, "problem": problem})
        return
    columns = ("side", "end", "name", "settings")
    shown = [(*line, " ".join(f"{key}={value}" for key, value in stored.items())) for *line, stored in lines]
    output.table(f"Ends of {service.name}", columns, shown)
    if problem:
        output.say(problem)


def _read(settings: str) -> Mapping[str, object]:
    """The settings of an end; none where what is stored cannot be read, which its problem tells."""
    try:
        stored = json.loads(settings)
    except ValueError:
        return {}
    return stored if isinstance(stored, dict) else {}
