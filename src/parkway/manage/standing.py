"""The standing that Manage keeps of each child as bookings change and days pass."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple

from django.db import transaction
from django.db.models import DateField, F, OuterRef, Subquery, Value
from django.db.models.functions import Coalesce, Greatest

from parkway import domain
from parkway.db import bulk, locking
from parkway.domain import BookingKind, BookingState, Standing, Status, Window
from parkway.engine import status
from parkway.manage.models import Booking, Child, RosterVersion
from parkway.tenancy.models import Service

COLUMNS = ("status", "next_change", "booked_from", "booked_until", "next_start", "last_end")
KINDS = {kind.value: kind for kind in BookingKind}
STATES = {state.value: state for state in BookingState}
STATUSES = {status_.value: status_ for status_ in Status}
SOONEST = Subquery(
    Child.objects.filter(service=OuterRef("pk"), stale_on__isnull=False)
    .order_by("stale_on")
    .values("stale_on")[:1]
)
"""Of a roster version: the first day on which a standing is out of date by itself."""


def lock_roster(service: Service) -> RosterVersion:
    """The service's roster version, opened when it has none, and held by the transaction at hand until it
    ends. The service is seen with its active window as it is now.

    Who changes a service's Manage holds this first. So changes come one after the other, a run sees all
    of one or nothing of it, and nobody waits for two things in the other order.
    """
    found = RosterVersion.objects.select_for_update().get_or_create(
        service=service,
        defaults={"lookback_days": service.lookback_days, "lookahead_days": service.lookahead_days},
    )[0]
    service.refresh_from_db(fields=["lookback_days", "lookahead_days"])
    return found


def increment_version(
    service: Service, today: date | None = None, child_ids: Sequence[int] | None = None
) -> None:
    """Say that something changed that others may depend on, in the transaction of the change, which holds the
    roster version: these children, by primary key, or anything at all. `today` is the day that standings were
    worked out for, if any were.
    """
    values: dict[str, Any] = {"version": F("version") + 1, "stale_on": SOONEST}
    if today is not None:
        day = Value(today, DateField())
        values["worked_out_for"] = Greatest(Coalesce("worked_out_for", day), day)
    if child_ids is None:
        values["whole_version"] = F("version") + 1
    RosterVersion.objects.filter(service=service).update(**values)
    _mark(child_ids or ())


def _mark(child_ids: Sequence[int]) -> None:
    """Note that these children changed with the present versions of their services."""
    versions, children = bulk.table(RosterVersion), bulk.table(Child)
    for batch in bulk.batches(child_ids, 500):
        chosen, values = bulk.in_clause(batch)
        bulk.write(
            f"""UPDATE {children} SET version =
                  (SELECT v.version FROM {versions} v WHERE v.service_id = {children}.service_id)
                WHERE id {chosen}""",
            values,
        )


def periods(
    service_ids: Sequence[int], child_ids: Iterable[int] | None = None
) -> dict[int, list[domain.Booking]]:
    """Bookings as values by child, for some children or all of the services."""
    found = Booking.objects.filter(service_id__in=service_ids)
    if child_ids is not None:
        found = found.filter(child_id__in=list(child_ids))
    by_child: dict[int, list[domain.Booking]] = defaultdict(list)
    for child_id, kind, state, starts_on, ends_on in found.values_list(
        "child_id", "kind", "state", "starts_on", "ends_on"
    ).iterator():
        by_child[child_id].append(domain.Booking(KINDS[kind], STATES[state], starts_on, ends_on))
    return by_child


Days = Mapping[int, tuple[date, Window]]
"""Today and the active window, by service id."""


def refresh(days: Days, child_ids: Sequence[int]) -> list[tuple[int, int]]:
    """Work the standing of these children of these services out anew and store it; who stands differently
    than before, by service id and primary key.

    Days over which only the queue for spaces moves (`next_start`, `last_end`) do not count as different.
    """
    different = []
    for batch in bulk.batches(child_ids, 500):
        booked = periods(list(days), batch)
        found = Child.objects.filter(service_id__in=days, pk__in=batch)
        changed = []
        for key, child_id, archived_on, *before in found.values_list(
            "service_id", "pk", "archived_on", *COLUMNS
        ):
            today, window = days[key]
            standing = status.standing(booked[child_id], today, window, archived_on)
            now = stored(standing)
            stale_on = None if archived_on else status.stale_on(booked[child_id], today, window)
            if now[:4] != tuple(before[:4]):
                different.append((key, child_id))
            changed.append((*now, stale_on, key, child_id))
        bulk.update(Child, [*COLUMNS, "stale_on"], ["service_id", "id"], changed)
    return different


def stored(standing: Standing) -> tuple[str | date | None, ...]:
    """A standing in the order of COLUMNS."""
    return (standing.status.value, *standing[1:6])


class Versions(NamedTuple):
    """A service's version, and the one with which something besides single children last changed."""

    latest: int
    whole: int


def roll(services: Days) -> dict[int, Versions]:
    """Let days pass: bring the standings of these services up to `today`, by service id; their versions.

    A service is touched only when one of its standings is out of date by itself, its window was widened or
    narrowed, or today is an earlier day than before because its time zone was changed; its version grows when
    a child stands differently (D2).
    """
    found, some, everybody = _look(services)
    if some or everybody:
        late = {key: services[key] for key in (*some, *everybody)}
        with transaction.atomic(savepoint=False), locking.without_row_locks(False):
            again, some, everybody = _look(late)  # held now; another may have been here first
            found |= again
            for key in _catch_up(services, some, everybody):
                found[key] = found[key]._replace(latest=found[key].latest + 1)
    return found


def _look(services: Days) -> tuple[dict[int, Versions], list[int], list[int]]:
    """The versions of these services, those with standings that are out of date by themselves, and those
    where everybody's may be. Roster versions are opened where there is none, and held by a transaction at
    hand.
    """
    found: dict[int, Versions] = {}
    some, everybody = [], []
    versions = _roster_versions(services)
    if len(versions) < len(services):
        _open(services.keys() - {service_id for service_id, *_ in versions})
        versions = _roster_versions(services)
    day, new = bulk.as_day, bulk.unchecked_tuple
    for service_id, version, whole, lookback, lookahead, stale, worked_out in versions:
        today, window = services[service_id]
        stale_on, worked_out_for = day(stale), day(worked_out)
        found[service_id] = new(Versions, (version, whole))
        if (lookback, lookahead) != window or (worked_out_for is not None and today < worked_out_for):
            everybody.append(service_id)
        elif stale_on is not None and stale_on <= today:
            some.append(service_id)
    return found, some, everybody


def _roster_versions(services: Days) -> list[bulk.Row]:
    chosen, values = bulk.in_clause(services)
    return bulk.read(
        f"""SELECT service_id, version, whole_version, lookback_days, lookahead_days,
                   {bulk.days("stale_on", "worked_out_for")}
            FROM {bulk.table(RosterVersion)} WHERE service_id {chosen}
            ORDER BY service_id{locking.for_update()}""",
        values,
    )


def _open(service_ids: Collection[int]) -> None:
    """Roster versions for services that have none: a run must find one to hold."""
    widths = Service.objects.filter(pk__in=service_ids).values_list("pk", "lookback_days", "lookahead_days")
    new = [
        RosterVersion(service_id=pk, lookback_days=back, lookahead_days=ahead) for pk, back, ahead in widths
    ]
    RosterVersion.objects.bulk_create(new, ignore_conflicts=True)


def _catch_up(services: Days, some: Sequence[int], everybody: Sequence[int]) -> set[int]:
    """Work out anew the standings that are out of date by themselves, and those of everybody elsewhere; the
    services whose version grew.
    """
    ids = [*some, *everybody]
    if not ids:
        return set()
    children = bulk.read_by(
        [(key, services[key][0]) for key in some],
        f"""SELECT c.id FROM wanted
            JOIN {bulk.table(Child)} c ON c.service_id = wanted.a AND c.stale_on <= wanted.b""",
    )
    children += Child.objects.filter(service_id__in=everybody).values_list("pk")
    different = refresh({key: services[key] for key in ids}, [pk for (pk,) in children])
    grown = {key for key, _ in different}
    RosterVersion.objects.filter(pk__in=grown).update(version=F("version") + 1)
    _mark([pk for _, pk in different])
    columns = ["worked_out_for", "lookback_days", "lookahead_days"]
    values = [(services[key][0], *services[key][1], key) for key in ids]
    bulk.update(RosterVersion, columns, ["service_id"], values)
    RosterVersion.objects.filter(pk__in=ids).update(stale_on=SOONEST)
    return grown
