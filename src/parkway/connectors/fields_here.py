"""The synced fields of either end in this database, in bulk: columns, rooms, and who is in them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.db import models

from parkway.db import bulk
from parkway.domain import COLUMN_FIELDS, SYNCED_FIELDS, Details, FieldKind, Room, column_values

NO_ROOMS: frozenset[str] = frozenset()
DAYS = tuple(COLUMN_FIELDS.index(field.name) for field in SYNCED_FIELDS if field.kind is FieldKind.DAY)
"""The places of days among COLUMN_FIELDS."""


def columns_of(table: str) -> str:
    """COLUMN_FIELDS to select from a table by its name in the statement; `details_of` takes what comes."""
    return ", ".join(
        bulk.days(f"{table}.{name}") if place in DAYS else f"{table}.{name}"
        for place, name in enumerate(COLUMN_FIELDS)
    )


def details_of(values: list[Any], rooms: frozenset[str]) -> Details:
    """Details from the values of COLUMN_FIELDS as a driver hands them over; the list is changed."""
    for place in DAYS:
        values[place] = bulk.as_day(values[place])
    return bulk.unchecked_tuple(Details, (*values, rooms, ()))


def values_of(details: Details) -> list[Any]:
    """The values of COLUMN_FIELDS as a driver takes them soonest."""
    values: list[Any] = [*column_values(details)]
    for place in DAYS:
        values[place] = bulk.from_day(values[place])
    return values


def rooms_of(model: type[models.Model], ids: Sequence[int]) -> defaultdict[int, list[Room]]:
    """The rooms of these services, by service id; `model` is the room of one of the ends."""
    found: defaultdict[int, list[Room]] = defaultdict(list)
    chosen, values = bulk.in_clause(ids)
    query = f"SELECT service_id, id, name FROM {bulk.table(model)} WHERE service_id {chosen}"
    for service_id, pk, name in bulk.read(query, values):
        found[service_id].append(Room(str(pk), name))
    return found


def names_of_rooms(
    places: Iterable[bulk.Row], rooms: Mapping[int, Sequence[Room]]
) -> dict[int, frozenset[str]]:
    """The names of the rooms of each child or profile; `places` are pairs of its primary key and a room's."""
    alone = {int(room.room_id): frozenset({room.name}) for each in rooms.values() for room in each}
    placed: dict[int, frozenset[str]] = {}
    for pk, room_id in places:
        before = placed.get(pk)
        name = alone.get(room_id, NO_ROOMS)  # a room made since the names were read
        placed[pk] = name if before is None else before | name
    return placed
