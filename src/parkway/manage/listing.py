"""Manage's children as its pages list them."""

from __future__ import annotations

from datetime import date

from django.db.models import Count, Prefetch, Q, QuerySet

from parkway.domain import Status
from parkway.engine.folding import mentions
from parkway.manage import standing
from parkway.manage.models import Child, Room
from parkway.tenancy.models import Service
from parkway.tenancy.scope import scope

LONGEST_ID = 19  # digits that a database takes for a number


def children(
    service: Service, today: date, search: str = "", status: str = "", room: str = ""
) -> QuerySet[Child]:
    """The children of a service by name, with the status of today, filtered by name, status and room's id.

    The search looks at all names with case, accents and signs folded, and at the child's id.
    """
    standing.roll({service.pk: (today, service.window)})
    found = scope(Child, service).order_by("first_name", "last_name", "pk")
    found = found.prefetch_related(Prefetch("rooms", Room.objects.order_by("name")))
    if status:
        found = found.filter(status=status)
    if room.isdecimal() and len(room) < LONGEST_ID:
        found = found.filter(rooms__pk=int(room))
    if not search.strip():
        return found
    names = scope(Child, service).values_list("pk", "first_name", "last_name", "preferred_name", "reference")
    ids = [pk for pk, *known in names if mentions(" ".join(known), search)]
    return found.filter(pk__in=ids)


def rooms(service: Service) -> QuerySet[Room]:
    """The rooms of a service by name, each with the number of its children who are not archived."""
    there = Count("children", filter=~Q(children__status=Status.ARCHIVED.value))
    return scope(Room, service).annotate(number=there).order_by("name")


def room_names(service: Service) -> list[str]:
    """The names of the rooms of a service."""
    return list(scope(Room, service).order_by("name").values_list("name", flat=True))


def has_children(service: Service) -> bool:
    """Whether the service has any children yet."""
    return scope(Child, service).exists()
