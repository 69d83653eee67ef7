"""The roster port onto Parkway's own Manage: it reads the standing that Manage keeps up to date."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from parkway import rows, words
from parkway.connectors.ports import Ask, RosterAnswer
from parkway.manage import standing
from parkway.manage.models import Child, ChildRoom, Room
from parkway.tenancy.scope import scope
from parkway.words import Booking, Details, Standing
from parkway.words import Child as Known

DAYS = ("next_change", "booked_from", "booked_until", "next_start", "last_end", "archived_on")
NO_ROOMS: frozenset[str] = frozenset()


class ManageHere:
    """Children, rooms and bookings of services whose Manage is in this database."""

    def versions(self, asks: Sequence[Ask]) -> Mapping[int, int | None]:
        """The versions of the ledgers, after letting days pass."""
        versions = standing.roll({ask.service_id: (ask.today, ask.window) for ask in asks})
        return {ask.service_id: versions.get(ask.service_id, 1) for ask in asks}

    def read(self, asks: Sequence[Ask]) -> Mapping[int, RosterAnswer]:
        """All children with their standing and rooms: three queries for any number of services."""
        standing.roll({ask.service_id: (ask.today, ask.window) for ask in asks})
        ids = [ask.service_id for ask in asks]
        found: dict[int, list[Known]] = {service_id: [] for service_id in ids}
        rooms = _rooms(ids)
        names = {int(room.room_id): room.name for each in rooms.values() for room in each}
        placed = _placed(ids, names)
        day, statuses = rows.as_day, standing.STATUSES
        for service_id, pk, reference, first, last, preferred, born, gender, status, *days in rows.read(
            f"""SELECT service_id, id, reference, first_name, last_name, preferred_name,
                       {rows.days("date_of_birth")}, gender, status, {rows.days(*DAYS)}
                FROM {rows.table(Child)} WHERE service_id IN ({rows.marks(len(ids))})""",
            ids,
        ):
            details = Details(first, last, preferred, day(born), gender, placed.get(pk, NO_ROOMS))
            change, booked_from, booked_until, start, end, archived = map(day, days)
            standing_ = Standing(statuses[status], change, booked_from, booked_until, start, end, archived)
            found[service_id].append(Known(reference, details, standing_))
        return {key: RosterAnswer(children, rooms.get(key, [])) for key, children in found.items()}

    def bookings(self, ask: Ask) -> Mapping[str, Sequence[Booking]]:
        """The bookings behind the standings, by child id."""
        references = dict(scope(Child, ask.service_id).values_list("pk", "reference"))
        booked = standing.periods([ask.service_id])
        return {reference: booked.get(pk, []) for pk, reference in references.items()}


def _rooms(ids: Sequence[int]) -> dict[int, list[words.Room]]:
    rooms: dict[int, list[words.Room]] = defaultdict(list)
    for service_id, pk, name in Room.objects.filter(service_id__in=ids).values_list(
        "service_id", "pk", "name"
    ):
        rooms[service_id].append(words.Room(str(pk), name))
    return rooms


def _placed(ids: Sequence[int], names: Mapping[int, str]) -> dict[int, frozenset[str]]:
    """The names of the rooms of each child, by the child's primary key."""
    alone = {pk: frozenset({name}) for pk, name in names.items()}
    placed: dict[int, frozenset[str]] = {}
    for child_id, room_id in rows.read(
        f"""SELECT cr.child_id, cr.room_id FROM {rows.table(ChildRoom)} cr
            JOIN {rows.table(Child)} c ON c.id = cr.child_id
            WHERE c.service_id IN ({rows.marks(len(ids))})""",
        ids,
    ):
        before = placed.get(child_id)
        placed[child_id] = alone[room_id] if before is None else before | alone[room_id]
    return placed
