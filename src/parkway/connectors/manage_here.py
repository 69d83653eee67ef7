"""The roster port onto Parkway's own Manage: it reads the standing that Manage keeps up to date."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from parkway import domain
from parkway.connectors.fields_here import NO_ROOMS, columns_of, details_of, names_of_rooms, rooms_of
from parkway.connectors.ports import RosterAnswer, RosterTaken, ServiceQuery, TakenBooking
from parkway.connectors.registry import OWN_NAMES, End
from parkway.db import bulk
from parkway.domain import ALL_FIELDS, Booking, Standing
from parkway.manage import roster, standing
from parkway.manage.models import Child, ChildRoom, Room
from parkway.tenancy.models import Service
from parkway.tenancy.people import Actor
from parkway.tenancy.scope import scope

DAYS = [
    f"c.{name}"
    for name in ("next_change", "booked_from", "booked_until", "next_start", "last_end", "archived_on")
]
CHANGED = f"""FROM wanted
    JOIN {Child._meta.db_table} c ON c.service_id = wanted.a AND c.version > wanted.b"""


class ManageHere:
    """Children, rooms and bookings of services whose Manage is in this database."""

    def versions(self, queries: Sequence[ServiceQuery]) -> Mapping[int, int | None]:
        """The versions of the rosters, after letting days pass."""
        versions = _roll(queries)
        return {key: versions[key].latest if key in versions else 1 for key, *_ in queries}

    def read(self, queries: Sequence[ServiceQuery]) -> Mapping[int, RosterAnswer]:
        """The children with their standing and rooms: three queries for any number of services."""
        versions = _roll(queries)
        since = {
            query.service_id: query.since
            for query in queries
            if query.since
            and query.service_id in versions
            and versions[query.service_id].whole <= query.since
        }
        asked = [(query.service_id, since.get(query.service_id, 0)) for query in queries]
        found: dict[int, list[domain.Child]] = {service_id: [] for service_id, _ in asked}
        rooms = rooms_of(Room, list(found))
        places = (
            f"SELECT cr.child_id, cr.room_id {CHANGED} JOIN {bulk.table(ChildRoom)} cr ON cr.child_id = c.id"
        )
        placed = names_of_rooms(bulk.read_by(asked, places), rooms)
        day, new, statuses = bulk.as_day, bulk.unchecked_tuple, standing.STATUSES
        for (
            service_id,
            pk,
            reference,
            status,
            next_change,
            booked_from,
            booked_until,
            next_start,
            last_end,
            archived_on,
            *values,
        ) in bulk.read_by(
            asked,
            f"""SELECT c.service_id, c.id, c.reference, c.status, {bulk.days(*DAYS)}, {columns_of("c")}
                {CHANGED}""",
        ):
            details = details_of(values, placed.get(pk, NO_ROOMS))
            standing_ = new(
                Standing,
                (
                    statuses[status],
                    day(next_change),
                    day(booked_from),
                    day(booked_until),
                    day(next_start),
                    day(last_end),
                    day(archived_on),
                    True,
                ),
            )
            found[service_id].append(new(domain.Child, (reference, details, standing_, ALL_FIELDS)))
        return {
            key: RosterAnswer(children, rooms.get(key, []), complete=key not in since)
            for key, children in found.items()
        }

    def bookings(self, query: ServiceQuery) -> Mapping[str, Sequence[Booking]]:
        """The bookings behind the standings, by child id."""
        references = dict(scope(Child, query.service_id).values_list("pk", "reference"))
        booked = standing.periods([query.service_id])
        return {reference: booked.get(pk, []) for pk, reference in references.items()}

    def take_roster(
        self,
        service_id: int,
        children: Sequence[domain.Child],
        bookings: Mapping[str, Sequence[TakenBooking]],
        untold: Collection[str],
        by: Actor,
        now: datetime,
    ) -> RosterTaken:
        """Take children and bookings over into Manage."""
        service = Service.objects.get(pk=service_id)
        booked = {key: [roster.ImportedBooking(*each) for each in many] for key, many in bookings.items()}
        return RosterTaken(*roster.take_roster(service, children, booked, untold, by=by, now=now))


def _roll(queries: Sequence[ServiceQuery]) -> Mapping[int, standing.Versions]:
    return standing.roll({query.service_id: (query.today, query.window) for query in queries})


END = End(
    OWN_NAMES.roster,
    lambda settings: ManageHere(),
    in_transaction=True,
    about="Children and bookings kept in Parkway itself.",
)
