"""Rooms of either end in this database, and who is in them, in bulk."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from django.db import models

from parkway.db import bulk
from parkway.domain import Room

NO_ROOMS: frozenset[str] = frozenset()


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
