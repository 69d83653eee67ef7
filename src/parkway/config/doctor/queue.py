"""The queue: is what is due being run?"""

from __future__ import annotations

from collections.abc import Iterator

from django.core.checks import CheckMessage
from django.utils import timezone

from parkway.config.doctor.findings import Area
from parkway.config.queue_stats import queue_stats
from parkway.engine.wording import count
from parkway.sync import outbox
from parkway.sync.queries import fleet_metrics
from parkway.tenancy.scope import within_all

AREA = Area("queue", "parkway.queue", on_database=True)
LATE = 15 * 60  # seconds; what is due is looked for every half minute


@AREA.check
def runs() -> Iterator[CheckMessage]:
    """Look for runs that should be under way."""
    due = fleet_metrics.due_count(timezone.now())
    if due.oldest > LATE:
        number = count(due.services, "service is", "services are")
        text = f"{number} due for a run, the first for {_long(due.oldest)}."
        mend = "Let `parkway serve` or a worker run. `parkway fleet` runs them now."
        yield AREA.bad(1, text, mend)
    else:
        yield AREA.fine(2, f"{count(due.services, 'service is', 'services are')} due for a run.")


@AREA.check
def workers() -> Iterator[CheckMessage]:
    """Look for workers that are gone; there are none on SQLite."""
    if (found := queue_stats()) is None:
        return
    if found.silent:
        text = f"{count(found.silent, 'worker')} gave no sign of life for some time: ended hard, or asleep."
        yield AREA.look(11, text, "Start it again where it ran; nothing is lost meanwhile.")
    jobs = count(found.waiting, "job waits", "jobs wait")
    alive = count(found.alive, "worker is", "workers are") if found.alive else "No worker is"
    serve = "" if found.alive else " Then `parkway serve` runs the syncs, where it runs."
    yield AREA.fine(12, f"{alive} alive, {jobs}.{serve}")


@AREA.check
def events() -> Iterator[CheckMessage]:
    """Look for events that a reader does not take."""
    with within_all():
        left = outbox.left()
    rows = count(left.rows, "event waits", "events wait")
    if left.stuck:
        told = f"{rows} to be carried on; for {left.stuck:,} of them a reader raises again and again."
        yield AREA.look(21, told, "The log names the reader, and the error. Nothing is lost meanwhile.")
    else:
        yield AREA.fine(22, f"{rows} to be carried on.")


def _long(seconds: float) -> str:
    minutes = int(seconds // 60)
    if minutes < 120:
        return count(minutes, "minute")
    return count(minutes // 60, "hour") if minutes < 48 * 60 else count(minutes // (24 * 60), "day")
