"""Who hears of what happens: one line for each reader of the outbox, the same in every process.

To hear of something, write a function that takes events, and add a line. What was written before every
process knew of the line, it does not hear.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from parkway.sync.events import Event, RunEnded, RunRequested
from parkway.sync.outbox import Reader, ReaderInside
from parkway.sync.run import notices, run_log
from parkway.sync.schedule import run_requests

counters: list[Callable[[Sequence[Event]], object]] = []
"""Who counts runs in this process (config.metrics, whose library most commands need not load)."""


def count(events: Sequence[Event]) -> None:
    """Let whoever counts here hear of runs that ended."""
    for counter in counters:
        counter(events)


READERS: tuple[Reader | ReaderInside, ...] = (
    # in the transaction that caused it, so that pages show both or neither
    ReaderInside("notices", (RunEnded,), notices.give),
    # when it is over, at least once
    Reader("log", (RunEnded,), run_log.log_runs, awake=run_log.wanted),
    Reader("metrics", (RunEnded,), count, awake=lambda: bool(counters)),
    Reader("run-at-once", (RunRequested,), run_requests.call),
)
