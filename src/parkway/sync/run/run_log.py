"""The end of a run as a line of the log: a reader of the outbox.

A line has ids and numbers, never a name or a reason: those stand in the journal.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence

from parkway.sync.events import Event, RunEnded

log = logging.getLogger("parkway.sync.runs")
FIELDS = ("service_id", "run_id", "state", "trigger", "seconds", "converged", "waiting", "counts")


def wanted() -> bool:
    """Whether lines about runs are written in this process."""
    return log.isEnabledFor(logging.INFO)


def log_runs(events: Sequence[Event]) -> None:
    """Write one line for each run that ended; a warning for one that left something to do."""
    for event in events:
        if isinstance(event, RunEnded):
            fields = {name: getattr(event, name) for name in FIELDS}
            log.log(logging.INFO if event.converged else logging.WARNING, "A run ended", extra=fields)
