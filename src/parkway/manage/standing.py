"""The standing that Manage keeps of each child as bookings change and days pass."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date

from django.db.models import F, Min

from parkway import rows
from parkway.engine import status
from parkway.manage.models import Booking, Child, Ledger
from parkway.tenancy.models import Service
from parkway.tenancy.scope import scope
from parkway.words import Booking as Period
from parkway.words import BookingKind, BookingState, Standing, Status, Window

COLUMNS = ("status", "next_change", "booked_from", "booked_until", "next_start", "last_end")
KINDS = {kind.value: kind for kind in BookingKind}
STATES = {state.value: state for state in BookingState}
STATUSES = {status_.value: status_ for status_ in Status}


def ledger(service: Service) -> Ledger:
    """The service's ledger, opened when it has none."""
    return Ledger.objects.get_or_create(
        service=service,
        defaults={"lookback_days": service.lookback_days, "lookahead_days": service.lookahead_days},
    )[0]


def bump(service: Service, today: date | None = None) -> None:
    """Say that something changed that others may depend on; in the transaction of the change.

    `today` is the day that standings were worked out for, if any were.
    """
    opened = ledger(service)
    Ledger.objects.filter(service=service).update(
        version=F("version") + 1,
        stale_on=scope(Child, service).aggregate(day=Min("stale_on"))["day"],
        worked_out_for=max(filter(None, (today, opened.worked_out_for)), default=None),
    )


def periods(service_ids: Sequence[int], child_ids: Iterable[int] | None = None) -> dict[int, list[Period]]:
    """Bookings as values by child, for some children or all of the services."""
    found = Booking.objects.filter(service_id__in=service_ids)
    if child_ids is not None:
        found = found.filter(child_id__in=list(child_ids))
    by_child: dict[int, list[Period]] = defaultdict(list)
    for child_id, kind, state, starts_on, ends_on in found.values_list(
        "child_id", "kind", "state", "starts_on", "ends_on"
    ).iterator():
        by_child[child_id].append(Period(KINDS[kind], STATES[state], starts_on, ends_on))
    return by_child


def refresh(service: Service, child_ids: Sequence[int], today: date, window: Window) -> int:
    """Work the standing of these children out anew and store it; how many stand differently than before.

    Days over which only the queue for spaces moves (`next_start`, `last_end`) do not count as different.
    """
    different = 0
    for batch in rows.batches(child_ids, 500):
        booked = periods([service.pk], batch)
        found = scope(Child, service).filter(pk__in=batch).values_list("pk", "archived_on", *COLUMNS)
        changed = []
        for child_id, archived_on, *before in found:
            standing = status.standing(booked[child_id], today, window, archived_on)
            now = stored(standing)
            stale_on = None if archived_on else status.stale_on(booked[child_id], today, window)
            different += now[:4] != tuple(before[:4])
            changed.append((*now, stale_on, service.pk, child_id))
        rows.update(Child, [*COLUMNS, "stale_on"], ["service_id", "id"], changed)
    return different


def stored(standing: Standing) -> tuple[str | date | None, ...]:
    """A standing in the order of COLUMNS."""
    return (standing.status.value, *standing[1:6])


def roll(services: Mapping[int, tuple[date, Window]]) -> dict[int, int]:
    """Let days pass: bring the standings of these services up to `today`, by service id; their versions.

    A service is touched only when one of its standings is out of date by itself, its window was widened or
    narrowed, or today is an earlier day than before because its time zone was changed; its version grows when
    a child stands differently (D2).
    """
    versions: dict[int, int] = {}
    for service_id, version, lookback, lookahead, *days in rows.read(
        f"""SELECT service_id, version, lookback_days, lookahead_days,
                   {rows.days("stale_on", "worked_out_for")}
            FROM {rows.table(Ledger)} WHERE service_id IN ({rows.marks(len(services))})""",
        list(services),
    ):
        today, window = services[service_id]
        stale_on, worked_out_for = map(rows.as_day, days)
        earlier = worked_out_for is not None and today < worked_out_for
        everybody = earlier or (lookback, lookahead) != window
        different = False
        if everybody or (stale_on is not None and stale_on <= today):
            different = _roll_one(Service.objects.get(pk=service_id), today, window, everybody)
        versions[service_id] = version + different
    return versions


def _roll_one(service: Service, today: date, window: Window, everybody: bool) -> bool:
    """Bring the standings of one service up to `today`; whether a child stands differently."""
    children = scope(Child, service)
    if not everybody:
        children = children.filter(stale_on__lte=today)
    different = bool(refresh(service, list(children.values_list("pk", flat=True)), today, window))
    Ledger.objects.filter(service=service).update(
        version=F("version") + different,
        worked_out_for=today,
        stale_on=scope(Child, service).aggregate(day=Min("stale_on"))["day"],
        lookback_days=window.lookback,
        lookahead_days=window.lookahead,
    )
    return different
