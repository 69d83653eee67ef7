"""Commands that only ask: why, forecast, rules."""

from __future__ import annotations

import json
from datetime import date

import click

from parkway.cli import history as history_of
from parkway.cli import output, setup_django
from parkway.cli.plan import DAY
from parkway.cli.setup_django import SERVICE, as_format
from parkway.connectors.registry import OWN_NAMES
from parkway.domain import label_of
from parkway.engine.wording import count
from parkway.sync.models import Entry
from parkway.sync.queries import explain
from parkway.sync.queries import forecast as forecasts
from parkway.sync.queries.rulebook import rulebook
from parkway.tenancy.models import Service


@click.command(
    epilog="""\b
Examples:
  parkway why rimu-kindergarten RIM1-001
  parkway why rimu-kindergarten RIM1-001 --on 2026-10-01"""
)
@click.argument("service", type=SERVICE)
@click.argument("child")
@click.option("--on", type=DAY, help="At the end of this day; else now.")
@click.option("--history", is_flag=True, help="Everything that was ever decided for the child.")
@as_format
def why(service: Service, child: str, on: date | None, history: bool, form: str) -> None:
    """Why a child has a live profile or not: the rule that decided, with the facts it used."""
    stood = explain.why(service, child, on)
    if stood is None:
        raise explain.why_unknown(service, child, on, setup_django.now())
    entries = list(explain.history(service, child)) if history else [stood]
    if form == "json":
        found = [history_of.entry_as_json(entry) for entry in entries]
        output.as_json(found if history else found[0])
        return
    for entry in entries:
        when = output.cell(output.local(entry.at, service.zone))
        output.say(entry.because)
        output.say(
            f"{entry.step.replace('_', ' ')} · rule {entry.rule} · {when} · {_started(entry)}", indent="  "
        )
        for name, (before, after) in (json.loads(entry.changes) if entry.changes else {}).items():
            click.echo(f"  {label_of(name).lower()}: {_value(before)} → {_value(after)}")


def _started(entry: Entry) -> str:
    return f"run {entry.run_id}, started by {entry.run.started_by} ({entry.run.get_trigger_display()})"


def _value(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value or "nothing")


@click.command(
    epilog="""\b
Example:
  parkway forecast rimu-kindergarten --weeks 6"""
)
@click.argument("service", type=SERVICE)
@click.option("--weeks", default=8, show_default=True, type=click.IntRange(1, 104), help="How far to look.")
@as_format
def forecast(service: Service, weeks: int, form: str) -> None:
    """Who will become Active or Inactive on which day, and what that does to profiles and spaces."""
    seen = forecasts.look_ahead(service, weeks * 7, setup_django.now())
    if form == "json":
        output.as_json(forecasts.as_json(seen))
        return
    lines = []
    for day in seen.days:
        names = ", ".join(f"{child.details.called} → {status.value}" for child, status in day.turned)
        steps = ", ".join(f"{d.called}: {d.step.value.replace('_', ' ')}" for d in day.decisions)
        spaces = day.plan.spaces
        lines.append(
            (day.day, names, steps, f"{spaces.live_after} of {spaces.paid_children}", spaces.waiting)
        )
    columns = ("day", "status changes", "profiles", "live of paid", "waiting")
    output.table(f"The next {weeks} weeks at {service.name}", columns, lines)
    if seen.out_of_spaces_on:
        click.echo(f"The spaces run out on {output.cell(seen.out_of_spaces_on)}.")
    if seen.blind:
        click.echo(
            f"Nothing can be foreseen of {count(len(seen.blind), 'child', 'children')}: "
            "the source gives a bare status."
        )


@click.command(
    epilog="""\b
Example:
  parkway rules --format markdown"""
)
@click.option("--format", "form", type=click.Choice(["table", "markdown"]), default="table")
def rules(form: str) -> None:
    """The rules in words, from the table that decides."""
    book = rulebook(OWN_NAMES)
    if form == "markdown":
        click.echo(book.markdown(), nl=False)
        return
    output.table("Who belongs", ("rule", "then the child", "meaning"), book.rules)
    output.table("What follows", ("the child", "no profile", "live profile", "archived profile"), book.steps)
    output.table("What can stand in the way", ("rule", "step", "meaning"), book.obstacles)
