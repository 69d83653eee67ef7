"""The wall between tenants: every query of a service's data goes through `scope`, and what a query forgets
PostgreSQL remembers, which shows only the rows of the services that `within` names.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from itertools import chain
from typing import Any, TypeVar

from django.db import Error, connection, models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created
from django.dispatch import receiver

from parkway.db import locking
from parkway.domain import NotFound
from parkway.tenancy.models import Service

M = TypeVar("M", bound=models.Model)

NAMED = "parkway.services"  # the setting of a connection that says which ones may be seen
NOBODY = "0"  # services are numbered from 1 on
TELLING = ("IDLE", "INTRANS")  # states of a connection in which it can be told something

_named: ContextVar[str] = ContextVar("parkway.services", default="")


def scope(model: type[M], service: Service | int) -> models.QuerySet[M]:
    """The rows of `model` that belong to one service, and no others."""
    return model._default_manager.filter(service_id=_id(service))


def the_one(model: type[M], service: Service, **named: object) -> M:
    """The one row of a service with these values.

    Raises NotFound when the service has none; that another service may have one makes no difference.
    """
    found = scope(model, service).filter(**named).first()
    if found is None:
        what = ", ".join(f"{value}" for value in named.values())
        kind = model._meta.verbose_name
        raise NotFound(f"{service.name} has no {kind} “{what}”. Check the id and the service.")
    return found


@contextmanager
def within(*services: Service | int) -> Iterator[None]:
    """While this lasts, PostgreSQL shows the rows of these services; with none, of nobody.

    One naming inside another takes its place until it ends. Made in a transaction, a naming ends with it at
    the latest, however it ends. SQLite has no such wall.
    """
    token = _named.set(",".join(str(_id(service)) for service in services) or NOBODY)
    try:
        _apply_setting()
        yield
    finally:
        _named.reset(token)
        _apply_setting()


def within_all() -> AbstractContextManager[None]:
    """As `within`, of every service there is now: for what an operator or support sees of the whole fleet."""
    return within(*Service.objects.values_list("pk", flat=True))


def _apply_setting() -> None:
    """Tell an open connection what is named now; one that is opened later is told then.

    A transaction that failed is not told: its end brings back what was named before it. A connection that
    cannot be told is not used again.
    """
    if connection.vendor != "postgresql" or connection.connection is None:
        return
    if connection.connection.info.transaction_status.name in TELLING:
        try:
            _set(connection, {NAMED: _named.get()}, connection.in_atomic_block)
        except Error:
            connection.close()


@receiver(connection_created)
def _on_connect(connection: BaseDatabaseWrapper, **more: Any) -> None:
    """A connection may come from a pool, and from somebody else's work: it is told first of all, its limits
    too, which a pooler before the server would not pass on.
    """
    if connection.vendor == "postgresql":
        _set(connection, {NAMED: _named.get(), **locking.LIMITS}, in_transaction=False)


def _set(connection: Any, settings: Mapping[str, str], in_transaction: bool) -> None:
    each = ", ".join(["set_config(%s, %s, %s)"] * len(settings))
    with connection.wrap_database_errors:
        values = [(name, value, in_transaction) for name, value in settings.items()]
        connection.connection.execute(f"SELECT {each}", [*chain(*values)])


def _id(service: Service | int) -> int:
    return service.pk if isinstance(service, Service) else service
