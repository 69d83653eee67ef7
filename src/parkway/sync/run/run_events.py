"""What runs leave in the outbox: for each its end, and the children it concerned as lists of ids."""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

from parkway.domain import Step
from parkway.engine.plan import Plan
from parkway.sync import outbox
from parkway.sync.events import MOVED, OF_CHILDREN, WITHHELD, Happened, RunEnded
from parkway.sync.models import Run

UNFINISHED = "After this run something was still left to do. Support looks into it."

GIVING = frozenset({Step.CREATE.value, Step.LINK.value, Step.RESTORE.value})
"""The steps that may give a child another profile."""

Children = Mapping[str, Sequence[str]]
"""Ids of children, by step."""


class EndedRun(NamedTuple):
    """A run that is over but for the commit, why somebody has to know of it, and whom it concerned."""

    run: Run
    reason: str = ""
    children: Children = {}


def of_applied(run: Run, plan: Plan, written: Children) -> EndedRun:
    """Return the end of a run whose plan was applied; `written` has the children of whom the journal says
    something new.
    """
    children = {step: ids for step, ids in written.items() if step in OF_CHILDREN}
    links = plan.input.links
    if links and not GIVING.isdisjoint(written):
        moved = [
            decision.child_id
            for decision in plan.actions()
            if decision.child_id in links and links[decision.child_id] != decision.profile_id
        ]
        children |= {MOVED: moved} if moved else {}
    return EndedRun(run, "" if run.converged else UNFINISHED, children)


def of_held(run: Run, reason: str, written: Children, on_hold: Collection[str]) -> EndedRun:
    """Return the end of a held run, which would have written for those `on_hold`; others need a person."""
    children = {step: list(ids) for step, ids in written.items() if step in OF_CHILDREN}
    review = children.pop(Step.NEEDS_REVIEW.value, [])
    split = {
        WITHHELD: [child_id for child_id in review if child_id in on_hold],
        Step.NEEDS_REVIEW.value: [child_id for child_id in review if child_id not in on_hold],
    }
    return EndedRun(run, reason, children | {name: ids for name, ids in split.items() if ids})


def write(ended: Sequence[EndedRun], began: float) -> None:
    """Put the ends of these runs into the outbox, in the transaction at hand.

    `began` is the instant of `time.monotonic` at which it began. Services that go through together share a
    transaction, and its seconds are divided evenly among their runs.
    """
    seconds = round((time.monotonic() - began) / max(len(ended), 1), 6)
    outbox.write([Happened(_event(each.run, each.reason, seconds), each.children) for each in ended])


def _event(run: Run, reason: str, seconds: float) -> RunEnded:
    return RunEnded(
        id=f"run-{run.pk}/ended",
        service_id=run.service_id,
        at=run.at,
        run_id=run.pk,
        state=str(run.state),
        trigger=str(run.trigger),
        seconds=seconds,
        converged=run.converged,
        waiting=run.waiting,
        counts={step: number for step, number in run.counts.items() if number},
        reason=reason,
    )
