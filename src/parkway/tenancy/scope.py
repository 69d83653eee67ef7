"""The wall between tenants: every query of a service's data goes through `scope`."""

from __future__ import annotations

from typing import TypeVar

from django.db import models

from parkway.tenancy.models import Service
from parkway.words import Refused

M = TypeVar("M", bound=models.Model)


def scope(model: type[M], service: Service | int) -> models.QuerySet[M]:
    """The rows of `model` that belong to one service, and no others."""
    service_id = service.pk if isinstance(service, Service) else service
    return model._default_manager.filter(service_id=service_id)


def the_one(model: type[M], service: Service, **named: object) -> M:
    """The one row of a service with these values.

    Raises Refused when the service has none; that another service may have one makes no difference.
    """
    found = scope(model, service).filter(**named).first()
    if found is None:
        what = ", ".join(f"{value}" for value in named.values())
        kind = model._meta.verbose_name
        raise Refused(f"{service.name} has no {kind} “{what}”. Check the id and the service.")
    return found
