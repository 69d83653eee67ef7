"""The end of a run as a line of the log, for people and for whoever counts (config.metrics does).

A line has ids and numbers, never a name or a reason: those stand in the journal.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence

from django.db import transaction

from parkway.sync.models import Run

log = logging.getLogger("parkway.sync.runs")


def log_runs(runs: Sequence[Run], began: float) -> None:
    """One line for each of these runs when their transaction is over; none when it is undone.

    `began` is the instant of `time.monotonic` at which it began. Services that go through together share a
    transaction, and its seconds are divided evenly among their runs.
    """
    if runs and log.isEnabledFor(logging.INFO):
        transaction.on_commit(lambda: _log_runs(runs, (time.monotonic() - began) / len(runs)), robust=True)


def _log_runs(runs: Sequence[Run], seconds: float) -> None:
    for run in runs:
        fields = {
            "service_id": run.service_id,
            "run_id": run.pk,
            "state": str(run.state),
            "trigger": str(run.trigger),
            "seconds": round(seconds, 6),
            "converged": run.converged,
            "waiting": run.waiting,
            "counts": {step: number for step, number in run.counts.items() if number},
        }
        log.log(logging.INFO if run.converged else logging.WARNING, "A run ended", extra=fields)
