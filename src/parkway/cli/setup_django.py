"""An opened database: imported before the models by every command that needs one."""

from __future__ import annotations

import os
from datetime import datetime

import click
import django
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from parkway.cli.migrating import require_a_known_start
from parkway.db import errors
from parkway.domain import Conflict, Invalid, NotFound
from parkway.engine.wording import count

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "parkway.config.settings")
django.setup()

from django.utils import timezone  # noqa: E402

from parkway.tenancy.models import Person, Service  # noqa: E402
from parkway.tenancy.people import OPERATOR, Actor, actor  # noqa: E402
from parkway.tenancy.scope import within  # noqa: E402
from parkway.tenancy.verbs import find_service  # noqa: E402


def now() -> datetime:
    """The instant it is."""
    return timezone.now()


def ready() -> None:
    """Raise NotFound when there is no database, Invalid when it is not one of Parkway, Conflict when it is
    behind.
    """
    name = str(connection.settings_dict["NAME"])
    if connection.vendor == "sqlite" and not os.path.exists(name):
        raise NotFound(f"There is no database at {name}. Make one with `parkway migrate` or `parkway demo`.")
    try:
        require_a_known_start()
        executor = MigrationExecutor(connection)
        behind = executor.migration_plan(executor.loader.graph.leaf_nodes())
    except django.db.DatabaseError as error:
        if errors.database_error(error):
            raise  # told in one place, with the way out
        raise Invalid(f"{name} is not a database of Parkway: {error}.", fields=("DATABASE_URL",)) from error
    if behind and not executor.loader.applied_migrations:
        raise NotFound(
            f"The database {name} has no tables of Parkway where DATABASE_URL looks for them. "
            "Make them with `parkway migrate` or `parkway demo`."
        )
    if behind:
        steps = count(len(behind), "migration")
        raise Conflict(f"The database is {steps} behind. Bring it up to date with `parkway migrate`.")


class ServiceName(click.ParamType[Service]):
    """A service by its short name: the one whose records the command sees."""

    name = "service"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> Service:
        if isinstance(value, Service):
            return value
        ready()
        found = find_service(str(value))
        if ctx is not None:
            ctx.with_resource(within(found))
        return found


SERVICE = ServiceName()


def _acting(ctx: click.Context, param: click.Parameter, email: str | None) -> Actor:
    if email is None:
        return OPERATOR
    ready()
    person = Person.objects.filter(email__iexact=email).first()
    if person is None:
        raise NotFound(f"Nobody here has the e-mail address {email}.")
    return actor(person)


acting = click.option(
    "--as",
    "by",
    metavar="EMAIL",
    callback=_acting,
    help="Act as this person, with their permissions; without it, as the operator of this machine.",
)
as_format = click.option(
    "--format",
    "form",
    type=click.Choice(["table", "json"]),
    default="table",
    help="For people, or for programs.",
)
