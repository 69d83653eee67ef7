"""The second wall between tenants: row-level security of PostgreSQL, which asks what `within` named."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from django.apps import apps
from django.db import connection, migrations
from django.db.models import Model

from parkway.db import bulk
from parkway.domain import Conflict, Forbidden, Invalid, NotFound
from parkway.tenancy.models import Service

OPEN = {"tenancy_role", "sync_integration"}
"""Tables with a service that are read before a service is known: who works where, and what is due."""

NAMED = (
    "service_id IN (SELECT unnest(string_to_array(current_setting('parkway.services', true), ','))::bigint)"
)
"""Of the services that `within` named, and when it named none, of none: a list made once a statement."""


def walled(*tables: str) -> migrations.RunPython:
    """A step of a migration: these tables, which have a service_id, show the rows of the named services
    alone, to their owner too.
    """
    return _step(dict.fromkeys(tables, NAMED))


def walled_through(table: str, **parents: str) -> migrations.RunPython:
    """The same for a table without service_id: its rows are seen with those that these columns point to."""
    # a value for each row, and not EXISTS, for which the planner may choose to read all rows of a parent
    seen = [
        f"(SELECT true FROM {parent} p WHERE p.id = {table}.{column})" for column, parent in parents.items()
    ]
    return _step({table: " AND ".join(seen)})


def _step(policies: dict[str, str]) -> migrations.RunPython:
    up, down = [], []
    for table, seen in policies.items():
        up += [
            f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY",
            f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY",
            f"CREATE POLICY wall ON {table} USING ({seen})",
        ]
        down += [
            f"DROP POLICY wall ON {table}",
            f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY",
            f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY",
        ]
    return migrations.RunPython(_on_postgresql(up), _on_postgresql(down))


def _on_postgresql(statements: Sequence[str]) -> Callable[[Any, Any], None]:
    def run(apps: Any, editor: Any) -> None:
        for statement in statements if editor.connection.vendor == "postgresql" else ():
            editor.execute(statement)

    return run


def tables() -> set[str]:
    """The tables that must be behind the wall: those with a service, and those that tie their rows."""
    models = list(apps.get_models(include_auto_created=True))
    own = {model._meta.db_table for model in models if Service in _points_to(model, "service")}
    ties = {
        model._meta.db_table
        for model in models
        if model._meta.auto_created and any(to._meta.db_table in own for to in _points_to(model))
    }
    return (own | ties) - OPEN


def _points_to(model: type[Model], name: str = "") -> set[type[Model]]:
    """The models to which its rows belong, by all columns or the one of this name."""
    fields = [field for field in model._meta.concrete_fields if not name or field.name == name]
    return {field.related_model for field in fields if isinstance(field.related_model, type)}


def gaps() -> list[str]:
    """Why the wall does not hold back whoever works on this database, in sentences; empty when it does.

    On SQLite, which has no such wall, empty too.
    """
    if connection.vendor != "postgresql":
        return []
    found = []
    [(role, passes)] = bulk.read(
        "SELECT current_user, rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user"
    )
    if passes:
        found.append(
            f"The role {role} passes row-level security: it is a superuser or has BYPASSRLS. "
            "Let Parkway work as a role that is neither."
        )
    standing = bulk.read(
        """SELECT c.relname FROM pg_class c JOIN pg_policy p ON p.polrelid = c.oid
           WHERE p.polname = 'wall' AND c.relrowsecurity AND c.relforcerowsecurity
             AND pg_table_is_visible(c.oid)"""
    )
    missing = sorted(tables() - {table for (table,) in standing})
    if missing:
        found.append(f"No row-level security on {', '.join(missing)}. Run `parkway migrate`.")
    return found


def require_admissible(role: str) -> None:
    """Raise Invalid on SQLite, or when `role` owns the tables; NotFound when it is not there; Conflict when
    it, or who asks, would pass the wall; Forbidden when not their owner asks: what is said of tables to come
    holds for those of whoever says it.
    """
    if connection.vendor != "postgresql":
        raise Invalid("SQLite has no roles: leave --application-role out.", fields=("application_role",))
    passing: dict[str, bool] = dict(bulk.read("SELECT rolname, rolsuper OR rolbypassrls FROM pg_roles"))
    [(ours, owner)] = bulk.read(
        """SELECT current_user, (SELECT tableowner FROM pg_tables
                                 WHERE schemaname = current_schema() AND tablename = %s)""",
        [Service._meta.db_table],
    )
    way = "Run `parkway migrate --application-role` with the role that owns the tables in DATABASE_URL"
    if role not in passing:
        raise NotFound(f"The server has no role {role}. Make it first: createuser --pwprompt {role}")
    if owner not in (None, ours):
        raise Forbidden(f"The tables belong to {owner}, and DATABASE_URL names {ours}. {way}.")
    for each, which in ((role, "Name a role"), (ours, "Let a role own the tables")):
        if passing[each]:
            raise Conflict(
                f"The role {each} passes row-level security: it is a superuser or has BYPASSRLS. "
                f"{which} that does neither."
            )
    if role == ours:
        raise Invalid(
            f"{role} is the role in DATABASE_URL, which owns what it makes. Name another.",
            fields=("application_role",),
        )


def admit(role: str) -> None:
    """Let another role than the tables' owner work with them, also with those to come: rows, and no more.

    Raises the same as `require_admissible` does.
    """
    require_admissible(role)
    [(schema,)] = bulk.read("SELECT quote_ident(current_schema())")
    name, ours = connection.ops.quote_name(role), f"IN SCHEMA {schema}"
    for statement in (
        f"GRANT USAGE ON SCHEMA {schema} TO {name}",
        f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES {ours} TO {name}",
        f"REVOKE INSERT, UPDATE, DELETE ON django_migrations FROM {name}",
        f"GRANT USAGE, SELECT ON ALL SEQUENCES {ours} TO {name}",
        f"ALTER DEFAULT PRIVILEGES {ours} GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO {name}",
        f"ALTER DEFAULT PRIVILEGES {ours} GRANT USAGE, SELECT ON SEQUENCES TO {name}",
    ):
        bulk.write(statement)
