"""Passes over a fleet: services are claimed a batch at a time, in the transaction that runs them.

Any number of processes may do so at once, on any number of machines. What one of them holds the others pass
over; when it dies, the database gives up its claim with its transaction, and the services are still due.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import NamedTuple, Protocol

from django.utils import timezone

from parkway.db import bulk, errors, locking
from parkway.db.gc_pause import gc_paused
from parkway.sync import outbox
from parkway.sync.ends import apart
from parkway.sync.models import Run
from parkway.sync.run import change_detection
from parkway.sync.run.pipeline import RunContext, run_sync, run_together
from parkway.sync.schedule import due
from parkway.tenancy.scope import within

log = logging.getLogger("parkway.sync")


class BatchResult(NamedTuple):
    """What one step of a pass did: how many services it finished, many of them at a glance, and the runs."""

    services: int
    runs: list[Run]


class ServiceSelection(Protocol):
    """Which services a pass is for. Both questions are asked in a transaction, which then holds them.

    Nothing is done before `since`, even where a clock was set back: so it shows what the pass has done.
    """

    since: datetime

    def claim(self, now: datetime, but: Collection[int], number: int) -> list[int]:
        """The next services, at most so many and none of `but`; an empty list when the pass is over."""

    def still(self, service_id: int, now: datetime) -> bool:
        """Whether this one is still to be run, and nobody else holds it."""


class DueServices:
    """The services that are due: first, and alone, one that a run was asked for, else the longest overdue."""

    since = datetime.min.replace(tzinfo=UTC)

    def claim(self, now: datetime, but: Collection[int], number: int) -> list[int]:
        """One that was asked for, or some of those due at once, most of which are new, or some others."""
        others, values = _excluding(but)
        at_once, late = f"next_run_at IS NULL{others}", f"next_run_at <= %s{others}"
        return (
            due.claim(f"{at_once} AND asked <> '' ORDER BY service_id", values, 1)
            or due.claim(f"{at_once} ORDER BY service_id", values, min(number, due.batch_size()))
            or due.claim(f"{late} ORDER BY next_run_at", [bulk.as_instant(now), *values], number)
        )

    def still(self, service_id: int, now: datetime) -> bool:
        """Whether it is due."""
        which = "service_id = %s AND (next_run_at IS NULL OR next_run_at <= %s)"
        return bool(due.claim(which, [service_id, bulk.as_instant(now)], 1))


@dataclass
class AllServices:
    """All that are on, but for those that somebody looked at since the pass began."""

    since: datetime
    after: int = 0

    def claim(self, now: datetime, but: Collection[int], number: int) -> list[int]:
        """The next ones, in the order of their ids."""
        others, values = _excluding(but)
        which = f"service_id > %s AND {NOT_CHECKED}{others} ORDER BY service_id"
        found = due.claim(which, [self.after, bulk.as_instant(self.since), *values], number)
        self.after = min(found, default=0) - 1  # not all of them need be run by one step
        return found

    def still(self, service_id: int, now: datetime) -> bool:
        """Whether nobody looked at it meanwhile."""
        which = f"service_id = %s AND {NOT_CHECKED}"
        return bool(due.claim(which, [service_id, bulk.as_instant(self.since)], 1))


NOT_CHECKED = "(checked_at IS NULL OR checked_at < %s)"


def _excluding(but: Collection[int]) -> tuple[str, list[int]]:
    chosen, values = bulk.in_clause(but)
    return (f" AND NOT service_id {chosen}", values) if but else ("", [])


@dataclass
class Pass:
    """One pass over the wanted services, batch by batch, until nothing is left or `stopping`, which is asked
    between two batches, says so. `full` reads everything everywhere. `busy` hears of each batch to be run.

    A service that breaks gets a run that says so, and holds up no other. One that cannot even be recorded is
    left to a later pass. Raises the database's error when it cannot work at all; what is due stays due.
    """

    wanted: ServiceSelection = field(default_factory=DueServices)
    stopping: Callable[[], bool] = lambda: False
    full: bool = False
    clock: Callable[[], datetime] = timezone.now
    given_up: set[int] = field(default_factory=set)
    turns: locking.Turns = field(default_factory=locking.Turns)
    busy: Callable[[], object] = lambda: None
    at_once: int = field(default_factory=due.batch_size)

    def __iter__(self) -> Iterator[BatchResult]:
        """Run; what each step did."""
        began = time.monotonic()
        while not self.stopping() and (done := self._step(self._context())):
            self.turns.give_way(time.monotonic() - began)
            yield done
            began = time.monotonic()
        outbox.remove_delivered()

    def _context(self) -> RunContext:
        return RunContext(max(self.clock(), self.wanted.since))

    def _step(self, context: RunContext) -> BatchResult | None:
        """Claim services and run them in one transaction; when one of them breaks, each alone. Services
        that are not run together with others come alone first, and the others are claimed again.
        """
        batch: list[int] = []
        try:
            with gc_paused(), outbox.removing_later():
                return self.turns.take(lambda: self._together(batch, context))
        except Exception as error:
            if not batch or errors.database_unusable(error):
                raise
        return self._one_by_one(apart(batch) or batch, context)

    def _together(self, batch: list[int], context: RunContext) -> BatchResult | None:
        """Claim services and run them in the transaction at hand; `batch` holds those that are being run.

        At first, and where so many changed that some are left, no more are claimed than can be run: what is
        claimed is held until the transaction ends. Where nothing changed, nobody waits for the disk: a server
        that dies could forget no more than that.
        """
        number = due.batch_size() if self.full else self.at_once
        batch[:] = claimed = self.wanted.claim(context.now, list(self.given_up), number)
        if not claimed:
            return None
        with within(*claimed):
            to_run = self._to_run(claimed, context)
            unchanged = [key for key in claimed if key not in to_run]
            batch[:] = next(due.batches(to_run), [])
            runs: list[Run] = []

            def writing() -> None:
                self.turns.writing()
                change_detection.mark_unchanged(unchanged, context.now)

            if batch:
                self.busy()
                runs = run_together(batch, context, self.full, writing)
            else:
                writing()
                locking.commit_unawaited()
            self.at_once = due.to_claim_next(to_run)
            return BatchResult(len(unchanged) + len(batch), runs)

    def _to_run(self, claimed: Sequence[int], context: RunContext) -> Mapping[int, int | None]:
        """Return the services to run. Nothing is locked meanwhile, so people go on working there."""
        if self.full:
            return dict.fromkeys(claimed)
        with locking.without_row_locks():
            return change_detection.changed(claimed, context.now)

    def _one_by_one(self, batch: Sequence[int], context: RunContext) -> BatchResult:
        ours: set[int] = set()
        runs: list[Run] = []

        def still(service_id: int) -> bool:
            ours.discard(service_id)
            if self.wanted.still(service_id, context.now):
                ours.add(service_id)
            return service_id in ours

        for service_id in batch:
            if self.stopping():
                break
            try:
                run = run_sync(service_id, context, self.full, still)
                runs += [run] if run else []
            except Exception as error:
                if errors.database_unusable(error):
                    raise
                text = "A run came to nothing; the service stays due"
                log.error(text, exc_info=error, extra={"service_id": service_id})
                self.given_up.add(service_id)
                ours.discard(service_id)
        return BatchResult(len(ours), runs)
