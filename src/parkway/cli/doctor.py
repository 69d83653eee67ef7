"""The command: look at everything, tell what was found, and how to mend it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from itertools import chain

import click

from parkway.config.doctor.findings import Finding, Level
from parkway.domain import Refused

MARKS = {
    Level.FINE: ("✓", "green"),
    Level.LOOK: ("!", "yellow"),
    Level.BAD: ("✗", "red"),
    Level.UNSEEN: ("–", None),
}


@click.command(
    epilog="""\b
Examples:
  parkway doctor
  parkway doctor --json

\b
Exit codes: 0 nothing is in the way · 1 something is, and stands there with a cross."""
)
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def doctor(as_json: bool) -> None:
    """Look at configuration, database, clock, queue and disk, and say how to mend what is wrong."""
    found = list(examine())
    bad = sum(finding.level is Level.BAD for finding in found)
    if as_json:
        from parkway.cli import output

        output.as_json([{**finding._asdict(), "level": finding.level.value} for finding in found])
    else:
        _show(found)
        look = sum(finding.level is Level.LOOK for finding in found)
        click.echo(f"\n{bad} to mend, {look} worth a look, {len(found)} looked at.")
    raise SystemExit(1 if bad else 0)


def examine() -> Iterator[Finding]:
    """Everything there is to look at; what needs the database only when it answers."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "parkway.config.settings")
    try:
        import django

        django.setup()
    except Refused as refused:
        yield Finding("configuration", Level.BAD, str(refused), "Nothing else can be looked at before.")
        return
    from parkway.config.doctor import clock, configuration, database, disk, queue

    reached = database.reachable()
    yield from chain(_safely("configuration", configuration.look), [reached])
    if reached.level is Level.BAD:
        yield Finding("clock", Level.UNSEEN, "Not looked at without the database.")
        yield Finding("queue", Level.UNSEEN, "Not looked at without the database.")
    else:
        for look in (database, clock, queue):
            yield from _safely(look.AREA, look.look)
    yield from _safely("disk", disk.look)


def _safely(area: str, look: Callable[[], Iterator[Finding]]) -> Iterator[Finding]:
    """What one look finds. One that breaks is a finding too, and the others go on."""
    try:
        yield from look()
    except Exception as error:
        from parkway.db import errors

        told = errors.explain(error) or f"Looking at it broke ({type(error).__name__})."
        yield Finding(area, Level.BAD, told, "Mend what stands above it first, then look again.")


def _show(found: list[Finding]) -> None:
    from parkway.cli import output

    area = ""
    for finding in found:
        if finding.area != area:
            area = finding.area
            click.secho(f"\n{area.capitalize()}", bold=True)
        mark, colour = MARKS[finding.level]
        click.secho(f"  {mark} ", fg=colour, nl=False)
        output.say(finding.told)
        if finding.mend and finding.level is not Level.FINE:
            output.say(finding.mend, indent="    → ")
