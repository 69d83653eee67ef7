"""The dry run on files alone."""

from __future__ import annotations

from datetime import date

import click

from parkway.cli import output
from parkway.cli.app import EXIT_CODES
from parkway.connectors.csv_files import read_files
from parkway.connectors.csv_reading import BadFiles, NotADay, read_day
from parkway.domain import InactivePolicy, Invalid, Window
from parkway.sync.queries.file_plan import as_json, plan_files

FILE = click.Path(exists=True, dir_okay=False)
WIDTH = click.IntRange(0, 3650)


class DayParam(click.ParamType[date]):
    """A day in ISO form."""

    name = "date"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> date:
        if isinstance(value, date):
            return value
        try:
            return read_day(str(value))
        except NotADay as error:
            self.fail(str(error), param, ctx)


DAY = DayParam()


@click.command(
    "plan",
    epilog="""\b
Example:
  parkway plan --children children.csv --bookings bookings.csv \\
               --profiles profiles.csv --inactive leave --paid-children 60

\b
The files are UTF-8 CSV with a header; columns in any order, those in brackets may be missing:
  children  child_id, first_name, last_name, [preferred_name, date_of_birth, gender, rooms,
            archived_on, sync, keep_until]
  bookings  child_id, kind, state, starts_on, [ends_on, weekdays, room]
  profiles  profile_id, child_id, first_name, last_name, state, [preferred_name,
            date_of_birth, gender, rooms]
Dates are written 2026-11-24, rooms and weekdays (mon…sun) joined by ;
kind: permanent, casual. state of a booking: confirmed, offered, cancelled; of a profile: live,
archived, deleted. sync: empty or dont_add. child_id of a profile: its link, or empty.

\b
Exit codes: 0 a plan (also one that would be held) · 2 bad input ·
3 no children although profiles are linked.""",
)
@click.option("--children", required=True, type=FILE, help="Children, as CSV.")
@click.option("--bookings", required=True, type=FILE, help="Their bookings, as CSV.")
@click.option("--profiles", type=FILE, help="Profiles there are, with their links, as CSV.")
@click.option(
    "--inactive",
    required=True,
    type=click.Choice([p.value for p in InactivePolicy]),
    help="Whether profiles of Inactive children leave or stay.",
)
@click.option(
    "--paid-children", required=True, type=click.IntRange(0), help="Live profiles the plan pays for."
)
@click.option("--today", type=DAY, help="The day to plan for, as 2026-11-24; else this machine's today.")
@click.option(
    "--lookback",
    default=56,
    show_default=True,
    type=WIDTH,
    help="Days that a child stays Active after a booking.",
)
@click.option(
    "--lookahead",
    default=56,
    show_default=True,
    type=WIDTH,
    help="Days that a child is Active before a booking.",
)
@click.option("--all", "everything", is_flag=True, help="In the table, also those for whom nothing changes.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["table", "json"]),
    default="table",
    show_default=True,
    help="For people, or for programs.",
)
def command(
    children: str,
    bookings: str,
    profiles: str | None,
    inactive: str,
    paid_children: int,
    today: date | None,
    lookback: int,
    lookahead: int,
    everything: bool,
    form: str,
) -> None:
    """Say what a run would do for the children in these files, and why. Nothing is written."""
    day, window = today or date.today(), Window(lookback, lookahead)  # noqa: DTZ011 - the machine's own day
    try:
        files = read_files(children, bookings, profiles, day, window)
    except BadFiles as bad:
        for line in (*bad.warnings, *bad.problems):
            click.echo(str(line), err=True)
        raise SystemExit(EXIT_CODES[Invalid]) from None
    for warning in files.warnings:
        click.echo(warning, err=True)
    plan = plan_files(files, InactivePolicy(inactive), paid_children, day, window)
    if form == "json":
        output.as_json(as_json(plan))
    else:
        click.echo(f"{output.cell(day)}, Inactive children {inactive}.")
        output.plan(plan, everything)
