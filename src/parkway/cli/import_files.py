"""Taking children, bookings and profiles over from CSV files."""

from __future__ import annotations

import click

from parkway.cli import output, setup_django
from parkway.cli.app import EXIT_CODES
from parkway.cli.plan import FILE
from parkway.cli.setup_django import SERVICE, acting, as_format
from parkway.connectors.csv_files import read_files
from parkway.connectors.csv_reading import BadFiles
from parkway.domain import Invalid
from parkway.engine.wording import count
from parkway.sync.commands.file_import import LONGEST, take_files
from parkway.tenancy.models import Service
from parkway.tenancy.people import Actor


@click.command(
    "import",
    epilog="""\b
Example:
  parkway import rimu-kindergarten --children children.csv --bookings bookings.csv

\b
Children and profiles are found by their ids and brought up to date. The bookings of each child
in the file of bookings replace the child's bookings before. What a column leaves empty is
cleared; what a file has no column for stays as it was. Nobody is removed, and links last.
The columns are those of `parkway plan`.

\b
Exit codes: 0 all was taken over · 2 something is wrong, and nothing was ·
5 you may not do it · 6 a link stands against it, and nothing was.""",
)
@click.argument("service", type=SERVICE)
@click.option("--children", required=True, type=FILE, help="Children, as CSV.")
@click.option("--bookings", required=True, type=FILE, help="Their bookings, as CSV.")
@click.option("--profiles", type=FILE, help="Profiles, with their links, as CSV.")
@acting
@as_format
def import_files(
    service: Service, children: str, bookings: str, profiles: str | None, by: Actor, form: str
) -> None:
    """Take children, bookings and profiles over from CSV files: all of it, or nothing.

    Every bad line is reported.
    """
    now = setup_django.now()
    try:
        files = read_files(children, bookings, profiles, service.today(now), service.window, longest=LONGEST)
    except BadFiles as bad:
        for line in (*bad.warnings, *bad.problems):
            click.echo(str(line), err=True)
        click.echo("Nothing was taken over.", err=True)
        raise SystemExit(EXIT_CODES[Invalid]) from None
    for warning in files.warnings:
        click.echo(warning, err=True)
    taken = take_files(service, files, by, now)
    if form == "json":
        output.as_json(taken._asdict())
        return
    click.echo(
        f"{count(taken.new_children, 'new child', 'new children')}, {taken.known_children:,} brought up to "
        f"date, {count(taken.bookings, 'booking')}, {count(taken.profiles, 'profile')}, "
        f"{count(taken.links, 'new link')}, {count(taken.choices, 'changed choice')}."
    )
