"""Commands about the database as a whole: migrate, demo, first-run."""

from __future__ import annotations

from collections.abc import Sequence

import click

from parkway.cli import fleet, output, setup_django, sync_status
from parkway.cli.migrating import bring_up_to_date
from parkway.demo.fleet import FLEET, load
from parkway.demo.people import SignIn
from parkway.sync.models import Entry, Integration, Stage
from parkway.tenancy import row_level_security
from parkway.tenancy.models import Service
from parkway.tenancy.scope import within_all


@click.command(
    epilog="""\b
Examples:
  DATABASE_URL=sqlite:///centre.sqlite3 parkway migrate
  DATABASE_URL=postgres://owner@127.0.0.1/parkway parkway migrate --application-role parkway"""
)
@click.option(
    "--application-role",
    metavar="NAME",
    help="Let this role of PostgreSQL work with the tables, without owning them. Needed once.",
)
def migrate(application_role: str | None) -> None:
    """Make the database, or bring it up to date. Safe to repeat."""
    if application_role is not None:
        row_level_security.require_admissible(application_role)
    bring_up_to_date()
    if application_role is not None:
        row_level_security.admit(application_role)
    click.echo("The database is up to date.")


@click.command(
    epilog="""\b
Example:
  DATABASE_URL=sqlite:///demo.sqlite3 parkway demo --seed 7"""
)
@click.option("--seed", default=1, show_default=True, help="Another number makes other children.")
def demo(seed: int) -> None:
    """Load three organisations with twenty services and a few thousand made-up children.

    Everything is anchored on today, and the same for the same seed. Needs a database without services.
    """
    bring_up_to_date()
    _tell(_load(seed))


def _load(seed: int) -> Sequence[SignIn]:
    with output.progress() as bar:
        task = bar.add_task("Making the demo", total=sum(map(len, FLEET.values())))
        made = load(setup_django.now(), seed, lambda name: bar.advance(task))
    click.echo(
        f"Made {made.organisations} organisations with {made.services} services "
        f"and {made.children:,} children."
    )
    return made.sign_ins


def _tell(sign_ins: Sequence[SignIn]) -> None:
    """Show how to sign in: the passwords are kept nowhere, and are shown this once."""
    output.table("To sign in (shown only now)", ("e-mail", "password", "who"), sign_ins)


@click.command(hidden=True)
@click.pass_context
def first_run(ctx: click.Context) -> None:
    """Load the demo when the database is new, sync, and show how things stand."""
    bring_up_to_date()
    new = not Service.objects.exists()
    sign_ins = _load(1) if new else []
    click.echo(fleet.pass_over(everybody=not new).sentence())
    ctx.with_resource(within_all())
    sync_status.print_status()
    sync_status.print_people_to_see()
    entry = (
        Entry.objects.filter(current=True, step="archive").select_related("service").order_by("pk").first()
    )
    if entry is not None:
        command = f"parkway why {entry.service.slug} {entry.child_id}"
        click.echo(f"\nWhy? For example, `{command}` answers:")
        output.say(entry.because, indent="  ")
    waiting = Integration.objects.filter(stage=Stage.ENABLED).select_related("service").first()
    if waiting is not None:
        click.echo(f"\nTry next: parkway setup {waiting.service.slug}\n")
    if sign_ins:
        _tell(sign_ins)
    else:
        click.echo("Sign in as you did before. Lost the passwords? Remove the database and start again.")
