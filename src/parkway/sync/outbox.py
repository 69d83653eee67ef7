"""The outbox: what happened leaves it, once its transaction is over, at least once.

Whoever writes puts what happened into the outbox in the transaction that caused it, and carries it on to the
readers right after the commit. What was left by a process that died, or by a reader that raised, is carried
on by whoever runs (`carry_on`). What every reader has heard of is removed.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.db import transaction
from django.db.models import Count, Q
from django.utils import timezone

from parkway.db import bulk, errors, locking
from parkway.sync.events import Event, Happened, children_of, happened_of
from parkway.sync.models import Outbox
from parkway.tenancy.scope import within, within_all

OURS = timedelta(minutes=1)  # for which whoever wrote, or carries on, is left alone with it
BACKOFF = timedelta(minutes=1)  # after a reader raised for the first time; each time twice as long
LONGEST = timedelta(hours=6)
STUCK = 5  # tries, after which doctor and metrics tell of it
FORGOTTEN = timedelta(days=30)  # after which nobody needs to hear of it any more
TOGETHER = 500  # rows that are carried on at once

log = logging.getLogger("parkway.sync.outbox")


# Readers --------------------------------------------------------------------------------------------------


class Reader(NamedTuple):
    """Somebody who hears of events of some kinds. The name must stay: rows remember it.

    `hear` gets what one row has of these kinds. After the commit it may be called again with the same, in
    this process or another, and always in the order in which things happened at a service. It should hand on
    quickly what takes long. What it raises is logged, and it is tried again. While it is not `awake` in a
    process, nothing is kept for it there.
    """

    name: str
    kinds: tuple[type[Event], ...]
    hear: Callable[[Sequence[Event]], object]
    awake: Callable[[], bool] = lambda: True


class ReaderInside(NamedTuple):
    """Somebody who hears of events in the transaction that caused them: of all that are written together,
    once. What it raises undoes the transaction. The events that it returns are written too.
    """

    name: str
    kinds: tuple[type[Event], ...]
    hear: Callable[[Sequence[Event]], Iterable[Event]]


_readers: dict[str, Reader] = {}
_inside: dict[str, ReaderInside] = {}


def subscribe(*readers: Reader | ReaderInside) -> None:
    """Add readers, each in the place of one of the same name; done once, when the program starts."""
    for reader in readers:
        if isinstance(reader, Reader):
            _readers[reader.name] = reader
        else:
            _inside[reader.name] = reader


def unsubscribe(*names: str) -> None:
    """Forget readers."""
    for name in names:
        _readers.pop(name, None)
        _inside.pop(name, None)


# Writing --------------------------------------------------------------------------------------------------

COLUMNS = ["service_id", "event_id", "at", "events", "waiting_for", "tries", "not_before"]


def write(happened: Sequence[Happened]) -> None:
    """Put what happened into the outbox, in the transaction at hand, which holds the integrations of these
    services; when it is over, the readers hear of it. What no reader asks for is not kept.
    """
    awake = _awake()
    more = _heard_inside([each.event for each in happened])
    readers = [
        (each, [reader.name for reader in awake if each.concerns(reader.kinds)])
        for each in (*happened, *more)
    ]
    kept = [(each, " ".join(names)) for each, names in readers if names]
    if not kept:
        return
    remove_delivered()
    tail = (0, bulk.as_instant(timezone.now() + OURS))
    instants = {at: bulk.as_instant(at) for at in {each.event.at for each, _ in kept}}
    lists = any(children_of(reader.kinds) for reader in awake)
    rows = [
        (each.event.service_id, each.event.id, instants[each.event.at], each.text(lists), names, *tail)
        for each, names in kept
    ]
    bulk.insert(Outbox, COLUMNS, rows)
    known = {each.event.id: each for each, _ in kept}
    transaction.on_commit(lambda: _deliver_soon(known), robust=True)


def _awake() -> list[Reader]:
    return [reader for reader in _readers.values() if reader.awake()]


def _heard_inside(events: Sequence[Event]) -> Iterator[Happened]:
    for reader in _inside.values():
        if wanted := [event for event in events if isinstance(event, reader.kinds)]:
            yield from map(Happened, reader.hear(wanted))


# Delivering -----------------------------------------------------------------------------------------------


class _Row(NamedTuple):
    """A row of the outbox, without what happened. `until` is when it is tried again, as the driver tells it;
    `due`: it has come.
    """

    row_id: int
    service_id: int
    event_id: str
    waiting_for: str
    tries: int
    until: Any
    due: bool


class _OfThread(threading.local):
    """What a thread has still to carry on when it has carried on what it is at."""

    def __init__(self) -> None:
        self.next: list[dict[str, Happened]] = []
        self.busy = False


_thread = _OfThread()
_turn = threading.RLock()  # one thread of a process at a time carries on, so that none repeats another's
_delivered: dict[int, tuple[int, int]] = {}
"""The rows that every reader has heard of and that are still there, with their service, and the thread that
removes them with what it writes next.
"""
_later: ContextVar[bool] = ContextVar("parkway.outbox_later", default=False)


@contextmanager
def removing_later() -> Iterator[None]:
    """While this lasts, what was delivered stays until this thread writes the next time, or calls
    `remove_delivered`: so a pass over a fleet needs no transactions beside those of its batches.
    """
    token = _later.set(True)
    try:
        yield
    finally:
        _later.reset(token)


def remove_delivered() -> None:
    """Remove the rows that this thread has delivered."""
    me = threading.get_ident()
    mine = {row_id: service for row_id, (service, thread) in list(_delivered.items()) if thread == me}
    if mine:
        with within(*set(mine.values())):
            _remove(list(mine))


def _remove(row_ids: Sequence[int]) -> None:
    chosen, values = bulk.in_clause(row_ids)
    bulk.write(f"DELETE FROM {bulk.table(Outbox)} WHERE id {chosen}", values)
    # not before: a transaction that is undone brings them back
    transaction.on_commit(lambda: [_delivered.pop(row_id, None) for row_id in row_ids])


def _deliver_soon(known: dict[str, Happened]) -> None:
    """Carry on what this thread has just committed. What a reader causes meanwhile comes after, in order."""
    _thread.next.append(known)
    if _thread.busy:
        return
    _thread.busy = True
    try:
        while _thread.next:
            happened = _thread.next.pop(0)
            services = {each.event.service_id for each in happened.values()}
            _deliver(services, happened, lambda row: row.tries == 0)
    except Exception as error:
        log.warning("What happened could not be carried on yet (%s)", errors.error_name(error))
        _thread.next.clear()
    finally:
        _thread.busy = False


def _deliver(services: Collection[int], known: Mapping[str, Happened], ours: Callable[[_Row], bool]) -> None:
    """Tell the readers what the outbox still has of these services, in its order, and note who has to be told
    again. A row that is neither `ours` nor due holds up the later ones, for those who wait for it.
    """
    with _turn, within(*services):
        now, awake = timezone.now(), {reader.name: reader for reader in _awake()}
        blocked: dict[tuple[int, str], Any] = {}
        again: list[bulk.Row] = []
        rows = [row for row in _rows(services, now) if row.row_id not in _delivered]
        known = {**known, **_read([row for row in rows if row.event_id not in known])}
        for row in rows:
            mine, happened = row.due or ours(row), known.get(row.event_id)
            left, tried, until = [], False, row.until
            for name in row.waiting_for.split():
                key = (row.service_id, name)
                if name not in awake:
                    pass  # a process in which this reader is awake carries it on
                elif key in blocked:
                    until = max(until, blocked[key])
                elif mine and happened is not None and _told(awake[name], happened):
                    continue
                else:
                    tried = mine
                left.append(name)
            if not left:
                _delivered[row.row_id] = (row.service_id, threading.get_ident())
                continue
            if mine:
                until = bulk.as_instant(now + _wait(row.tries)) if tried else until
                again.append((" ".join(left), row.tries + tried or 1, until, row.row_id))
            blocked.update({(row.service_id, name): until for name in left})
        bulk.update(Outbox, ["waiting_for", "tries", "not_before"], ["id"], again)
        if not _later.get():
            remove_delivered()


def _wait(tries: int) -> timedelta:
    """For how long to leave a reader alone that raised, after so many tries before."""
    return min(BACKOFF * (1 << min(tries, 20)), LONGEST)


def _told(reader: Reader, happened: Happened) -> bool:
    """Whether a reader has heard of what concerns it."""
    try:
        if happened.concerns(reader.kinds) and (wanted := list(happened.events(reader.kinds))):
            reader.hear(wanted)
    except Exception:
        text = f"The reader {reader.name} raised; it is told again"
        log.exception(text, extra={"service_id": happened.event.service_id})
        return False
    return True


def _rows(services: Collection[int], now: datetime) -> list[_Row]:
    chosen, values = bulk.in_clause(services)
    found = bulk.read(
        f"""SELECT id, service_id, event_id, waiting_for, tries, {bulk.days("not_before")},
                   not_before <= %s
            FROM {bulk.table(Outbox)} WHERE service_id {chosen} ORDER BY id""",
        [bulk.as_instant(now), *values],
    )
    return [_Row(*row) for row in found]


def _read(rows: Sequence[_Row]) -> dict[str, Happened]:
    """What happened by these rows. One that another version wrote, and this one cannot read, stays."""
    found = {}
    for row in Outbox.objects.filter(pk__in=[row.row_id for row in rows]) if rows else ():
        try:
            found[row.event_id] = happened_of(row.event_id, row.service_id, row.at, row.events)
        except (KeyError, TypeError, ValueError):
            log.exception("An event cannot be read", extra={"service_id": row.service_id})
    return found


# What was left --------------------------------------------------------------------------------------------


class Left(NamedTuple):
    """How many rows wait though their time has come, or because a reader raised; and how many of them are
    stuck: a reader has raised again and again.
    """

    rows: int
    stuck: int


def carry_on() -> None:
    """Carry on what was left: by processes that died, and by readers that raised and whose time has come.

    Any number of processes may do so at once: each claims what it carries on, for a minute. Raises the
    database's error when that cannot work; what was left stays.
    """
    with within_all():
        while claimed := _claim():
            me = threading.get_ident()
            # what this process has delivered, and could not remove, is only removed
            _delivered.update({key: (claimed[key], me) for key in claimed.keys() & _delivered.keys()})
            ours = frozenset(claimed)
            _deliver(set(claimed.values()), {}, lambda row, ours=ours: row.row_id in ours)  # type: ignore[misc]


def _claim() -> dict[int, int]:
    """Take some rows whose time has come, so that nobody else does; their services, by row."""
    now = timezone.now()
    due = f"FROM {bulk.table(Outbox)} WHERE not_before <= %s ORDER BY id LIMIT {TOGETHER}"
    if not bulk.read(f"SELECT id {due}", [bulk.as_instant(now)]):
        return {}  # most of the time, and on SQLite nobody was kept from writing
    with transaction.atomic():
        found = bulk.read(f"SELECT id, service_id {due}{locking.skip_locked()}", [bulk.as_instant(now)])
        chosen, values = bulk.in_clause([row_id for row_id, _ in found])
        if found:
            bulk.write(
                f"UPDATE {bulk.table(Outbox)} SET not_before = %s WHERE id {chosen}",
                [bulk.as_instant(now + OURS), *values],
            )
    return dict(found)


def left() -> Left:
    """Count what was left, of the services that may be seen."""
    found = Outbox.objects.aggregate(
        rows=Count("pk", filter=Q(tries__gt=0) | Q(not_before__lte=timezone.now())),
        stuck=Count("pk", filter=Q(tries__gte=STUCK)),
    )
    return Left(**found)


def forget_old() -> None:
    """Remove what nobody could be told of for a month."""
    with within_all():
        gone, _ = Outbox.objects.filter(at__lt=timezone.now() - FORGOTTEN).delete()
    if gone:
        log.error("%d rows of the outbox were given up: no reader took them for a month", gone)
