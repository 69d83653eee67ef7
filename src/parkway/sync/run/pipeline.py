"""A sync run: start, gather, decide, apply, record, prove.

With both ends in this database a run is one transaction: a service is applied whole or not at all, and
two runs of one service come one after the other (D13). The services of a pass over a fleet (schedule.fleet)
share transactions in batches.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import NamedTuple

from django.db import transaction

from parkway.connectors.ports import WriteResult
from parkway.db import bulk, errors
from parkway.domain import ACTIONS, OUTCOMES, Decision, SourceSilent, Step
from parkway.engine import plan as plans
from parkway.engine import wording
from parkway.engine.outcome import nothing_left
from parkway.engine.plan import Plan
from parkway.engine.safety import Hold
from parkway.sync.ends import connectors_for
from parkway.sync.integrations import lock_integrations
from parkway.sync.models import Integration, Run, RunState, Stage, Trigger
from parkway.sync.outside import reading_first
from parkway.sync.run import apply as apply_
from parkway.sync.run import change_detection, journal, run_events, settled
from parkway.sync.run import gather as gather_
from parkway.sync.run.gather import Snapshot
from parkway.sync.run.run_events import EndedRun
from parkway.tenancy.people import SCHEDULE, Actor
from parkway.tenancy.scope import within

log = logging.getLogger("parkway.sync")


class PlannedRun(NamedTuple):
    """A plan that is being applied, what it was made from, and the run that applies it."""

    snapshot: Snapshot
    plan: Plan
    run: Run


@dataclass(frozen=True, slots=True)
class RunContext:
    """Who or what starts a run, when, and the fingerprint of the plan a person consented to, if any.

    `began` is for the time that the run takes, on the clock that nobody sets.
    """

    now: datetime
    trigger: Trigger = Trigger.SCHEDULE
    by: Actor = SCHEDULE
    consent: str | None = None
    began: float = field(default_factory=time.monotonic, compare=False)

    def of(self, integration: Integration) -> RunContext:
        """This context, or that of whoever asked for the run since, when the schedule finds it."""
        if self.trigger is not Trigger.SCHEDULE or not integration.asked:
            return self
        by = Actor(integration.asked_by, integration.asked_person_id)
        return replace(self, trigger=Trigger(integration.asked), by=by)


def run_sync(
    service_id: int,
    context: RunContext,
    full: bool = False,
    still: Callable[[int], bool] = lambda service_id: True,
) -> Run | None:
    """Run one service's sync in a transaction of its own; when it breaks, a run that says so.

    None when nothing changed since its last run, unless `full`; nor where syncing is off. `still`, asked in
    each transaction, says whether it is still ours to run. Raises the database's error when that cannot work,
    or others hold for too long what the run needs: the service stays due.
    """
    context = replace(context, began=time.monotonic())
    try:
        return _run_alone(service_id, context, full, still)
    except SourceSilent as silent:
        state, message = RunState.STOPPED, str(silent)
    except Exception as error:
        if errors.database_error(error):  # not the service's fault
            raise
        log.exception("A run failed", extra={"service_id": service_id})
        state = RunState.FAILED
        message = f"Something broke ({type(error).__name__}), nothing was changed."
    with transaction.atomic(), within(service_id):
        if not still(service_id):
            return None
        integration = lock_integrations([service_id])[0]
        ended = _record_failure(integration, context, state, message)
        change_detection.schedule_retry(integration, context.now)
        run_events.write([ended], context.began)
    return ended.run


@reading_first
def _run_alone(service_id: int, context: RunContext, full: bool, still: Callable[[int], bool]) -> Run | None:
    with transaction.atomic(), within(service_id):
        runs = run_together([service_id], context, full) if still(service_id) else []
        return next(iter(runs), None)


def run_together(
    service_ids: Sequence[int],
    context: RunContext,
    full: bool = False,
    writing: Callable[[], object] = lambda: None,
) -> list[Run]:
    """Run the syncs of services in the transaction at hand; their runs. `writing` is called when everything
    is read and decided, before the first row is written.
    """
    integrations, since = start(service_ids, context, full)
    planned = decide(gather(integrations, context, since), context)
    writing()
    return apply_plans(planned, context)


def start(
    service_ids: Sequence[int], context: RunContext, full: bool
) -> tuple[list[Integration], Mapping[int, int | None]]:
    """Lock the services to run. Return their integrations, and since when only their rosters changed.

    Another run may have come first: services in which nothing changed are marked so, unless `full`.
    """
    bulk.disable_seqscan()
    integrations = [each for each in lock_integrations(service_ids) if each.stage == Stage.ON]
    if full:
        return integrations, {}
    since = change_detection.changed([each.pk for each in integrations], context.now)
    change_detection.mark_unchanged([each.pk for each in integrations if each.pk not in since], context.now)
    return [each for each in integrations if each.pk in since], since


def gather(
    integrations: list[Integration], context: RunContext, since: Mapping[int, int | None]
) -> dict[int, Snapshot]:
    """Return everything the plans of these services depend on, by service id."""
    return settled.gather_changed(integrations, context.now, since)


def decide(snapshots: Mapping[int, Snapshot], context: RunContext) -> dict[int, tuple[Snapshot, Plan]]:
    """Make the plan of each service. Where a person has to look at it, it is made for all children."""
    planned = {key: (each, plans.make_plan(each.plan_input)) for key, each in snapshots.items()}
    in_part = [each.integration for each, plan in planned.values() if plan.held and not each.roster.complete]
    return planned | decide(gather_.gather(in_part, context.now), context) if in_part else planned


def apply_plans(planned: Mapping[int, tuple[Snapshot, Plan]], context: RunContext) -> list[Run]:
    """Apply, record and prove plans in the transaction at hand; their runs.

    A plan is held when it is unsafe and nobody consented to it (D12), stopped when an end was silent (D8).
    """
    if not planned:
        return []
    going, ended = _begin(planned, context)
    with bulk.pipelined():
        made = apply(going, context)
        written = record(going, made)
    prove(going, context)
    change_detection.remember(planned, {key: each.run for key, each in going.items()}, context.now)
    ended += [run_events.of_applied(run, plan, written.get(run.pk, {})) for _, plan, run in going.values()]
    run_events.write(ended, context.began)
    return [each.run for each in ended]


def _begin(
    planned: Mapping[int, tuple[Snapshot, Plan]], context: RunContext
) -> tuple[dict[int, PlannedRun], list[EndedRun]]:
    """Return the plans that are to be applied, with their runs; and the runs of others, which end here."""
    going: dict[int, PlannedRun] = {}
    others: list[EndedRun] = []
    for key, (snapshot, plan) in planned.items():
        if snapshot.silent:
            others.append(_record_failure(snapshot.integration, context, RunState.STOPPED, snapshot.silent))
        elif plan.held is not None and context.consent != plan.fingerprint:
            others.append(_record_held(snapshot, plan, plan.held, context))
        else:
            run = _run_of(snapshot.integration, context, RunState.DONE, "", plan)
            going[key] = PlannedRun(snapshot, plan, run)
    Run.objects.bulk_create([each.run for each in going.values()])
    return going, others


def apply(going: Mapping[int, PlannedRun], context: RunContext) -> Mapping[int, WriteResult]:
    """Carry plans out through the profiles' ends: the one place where decisions are executed."""
    if not going:
        return {}
    profiles = connectors_for(*(each.snapshot.integration for each in going.values())).profiles
    return apply_.carry_out(
        {key: each.plan for key, each in going.items()},
        {key: each.run.pk for key, each in going.items()},
        profiles,
        context.trigger is Trigger.SETUP,
    )


def record(going: Mapping[int, PlannedRun], made: Mapping[int, WriteResult]) -> journal.Written:
    """Write what was decided for each child into the journal, where that is another decision than before."""
    return journal.record(
        journal.RunRecord(run, plan, each.journal, made[key].profiles, dict(_drifts(each, plan)))
        for key, (each, plan, run) in going.items()
    )


def prove(going: Mapping[int, PlannedRun], context: RunContext) -> None:
    """Look again where something was written: nothing may be left but what waits or is held (B6)."""
    wrote = {key: each.snapshot for key, each in going.items() if not each.plan.changes_nothing}
    for key, again in gather_.gather_again(wrote, context.now).items():
        _, plan, run = going[key]
        if not nothing_left(plan, again.plan_input):
            run.converged = False
            run.save(update_fields=["converged"])


# What is recorded of a run -------------------------------------------------------------------------------

DRIFTS = {
    (Step.RESTORE, "live"): "The profile had been archived by hand, and was restored.",
    (Step.ARCHIVE, "out"): "The profile had been made live by hand, and was archived again.",
}
"""What to add to a step where the last run left the child so: somebody else changed the profile (D7)."""


def _drifts(snapshot: Snapshot, plan: Plan) -> Iterator[tuple[str, str]]:
    """What to add to the sentences of children whose profile is not as the last run left it, by child id."""
    for decision in plan.decisions if snapshot.journal else ():
        before = snapshot.journal.get(decision.child_id)
        drift = DRIFTS.get((decision.step, OUTCOMES[before.step])) if before is not None else None
        if drift:
            yield decision.child_id, drift


def _record_failure(integration: Integration, context: RunContext, state: RunState, text: str) -> EndedRun:
    """A run that came to nothing. It says when it is tried again; those who are told are told once."""
    service, now = integration.service, context.now
    retry = change_detection.retry_at(integration, now).astimezone(service.zone)
    again = wording.at(retry, service.today(now))
    run = _run_of(integration, context, state, f"{text} It is tried again {again}.")
    run.save(force_insert=True)
    return EndedRun(run, text)


def _record_held(snapshot: Snapshot, plan: Plan, hold: Hold, context: RunContext) -> EndedRun:
    """A run that applies nothing: what it would have written is on hold, and the admins are told (D12)."""
    run = _run_of(snapshot.integration, context, RunState.HELD, hold.reason, plan)
    run.live_after, run.fingerprint = run.live_before, plan.fingerprint
    run.save(force_insert=True)
    on_hold = {decision.child_id: f"On hold: {hold.reason}" for decision in plan.actions()}
    withheld = replace(plan, decisions=[_withheld(decision) for decision in plan.decisions])
    written = journal.record([journal.RunRecord(run, withheld, snapshot.journal, {}, on_hold)])
    return run_events.of_held(run, hold.reason, written.get(run.pk, {}), on_hold)


def _withheld(decision: Decision) -> Decision:
    """The same, or on hold what it would have written."""
    if decision.step not in ACTIONS:
        return decision
    return decision._replace(
        step=Step.NEEDS_REVIEW, facts={**decision.facts, "withheld": decision.step.value}, changes={}
    )


def _run_of(
    integration: Integration, context: RunContext, state: RunState, message: str, plan: Plan | None = None
) -> Run:
    service, context = integration.service, context.of(integration)
    run = Run(
        service=service,
        trigger=context.trigger,
        started_by=context.by.label,
        person_id=context.by.person_id,
        at=context.now,
        today=service.today(context.now),
        state=state,
        message=message,
        inactive=integration.inactive,
    )
    if plan is not None:
        spaces = plan.spaces
        run.paid_children, run.live_before = spaces.paid_children, spaces.live
        run.live_after, run.waiting = spaces.live_after, spaces.waiting
        run.counts = {step.value: number for step, number in plan.counts().items()}
    return run
