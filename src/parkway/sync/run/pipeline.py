"""A sync run: gather, decide, apply, record.

With both ends in this database a run is one transaction: a service is applied whole or not at all, and
two runs of one service come one after the other (D13). The services of a pass over a fleet (sync.fleet) share
transactions in batches.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from django.db import transaction

from parkway.db import bulk, errors
from parkway.domain import ACTIONS, OUTCOMES, Decision, SourceSilent, Step
from parkway.engine import plan as plans
from parkway.engine import wording
from parkway.engine.outcome import nothing_left
from parkway.engine.plan import Plan
from parkway.engine.safety import Hold
from parkway.sync.ends import HERE, Connectors
from parkway.sync.integrations import lock_integrations
from parkway.sync.models import Integration, Notice, Run, RunState, Stage, Trigger
from parkway.sync.run import apply, change_detection, journal, run_log
from parkway.sync.run.gather import Snapshot, gather, gather_again
from parkway.tenancy.people import SCHEDULE, Actor
from parkway.tenancy.scope import within

DRIFTS = {
    (Step.RESTORE, "live"): "The profile had been archived by hand, and was restored.",
    (Step.ARCHIVE, "out"): "The profile had been made live by hand, and was archived again.",
}
"""What to add to a step where the last run left the child so: somebody else changed the profile (D7)."""

log = logging.getLogger("parkway.sync")


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
        """This start, or what somebody asked for since, when the schedule finds it."""
        if self.trigger is not Trigger.SCHEDULE or not integration.asked:
            return self
        by = Actor(integration.asked_by, integration.asked_person_id)
        return replace(self, trigger=Trigger(integration.asked), by=by)


def run_sync(
    service_id: int,
    start: RunContext,
    ends: Connectors = HERE,
    full: bool = False,
    still: Callable[[int], bool] = lambda service_id: True,
) -> Run | None:
    """Run one service's sync in a transaction of its own; when it breaks, a run that says so.

    None when nothing changed since its last run, unless `full`; nor where syncing is off. `still`, asked in
    each transaction, says whether it is still ours to run. Raises the database's error when that cannot work,
    or others hold for too long what the run needs: the service stays due.
    """
    start = replace(start, began=time.monotonic())
    try:
        with transaction.atomic(), within(service_id):
            planned = decide([service_id], start, ends, full) if still(service_id) else {}
            return next(iter(apply_plans(planned, start, ends)), None)
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
        run = _record_failure(integration, start, state, message)
        change_detection.schedule_retry(integration, start.now)
        run_log.log_runs([run], start.began)
    return run


def _record_failure(integration: Integration, start: RunContext, state: RunState, text: str) -> Run:
    """A run that came to nothing. It says when it is tried again; those who are told are told once."""
    service = integration.service
    again = wording.at(
        change_detection.retry_at(integration, start.now).astimezone(service.zone), service.today(start.now)
    )
    run = _new_run(integration, start, state, f"{text} It is tried again {again}.")
    _notify(run, text, for_support=state is RunState.FAILED)
    return run


PlannedServices = Mapping[int, tuple[Snapshot, Plan]]
"""What is known of each service and what follows, by service id."""


def decide(service_ids: Sequence[int], start: RunContext, ends: Connectors, full: bool) -> PlannedServices:
    """The plans of those of these services that have to be run, held by the transaction at hand."""
    bulk.disable_seqscan()
    integrations = [i for i in lock_integrations(service_ids) if i.stage == Stage.ON]
    since: Mapping[int, int | None] = {}
    if not full:  # another run may have come first
        since = change_detection.changed([i.pk for i in integrations], start.now, ends)
        change_detection.mark_unchanged([i.pk for i in integrations if i.pk not in since], start.now)
        integrations = [i for i in integrations if i.pk in since]
    if not integrations:
        return {}
    planned = _planned(gather(integrations, start.now, ends, since))
    held = [g.integration for g, plan in planned.values() if plan.held and not g.roster.complete]
    if held:  # a person looks at the plan for everybody
        planned |= _planned(gather(held, start.now, ends))
    return planned


def _planned(gathered: Mapping[int, Snapshot]) -> dict[int, tuple[Snapshot, Plan]]:
    return {key: (found, plans.make_plan(found.plan_input)) for key, found in gathered.items()}


def apply_plans(planned: PlannedServices, start: RunContext, ends: Connectors = HERE) -> list[Run]:
    """Apply and record plans in the transaction at hand: one place where decisions are executed.

    A plan is held when it is unsafe and nobody consented to it (D12), stopped when an end was silent (D8).
    """
    runs: list[Run] = []
    if not planned:
        return runs
    going = {}
    for key, (gathered, plan) in planned.items():
        if gathered.silent:
            run = _record_failure(gathered.integration, start, RunState.STOPPED, gathered.silent)
        elif (held := plan.held) and start.consent != plan.fingerprint:
            run = _record_held(gathered, plan, held, start)
        else:
            going[key] = (gathered, plan)
            continue
        runs.append(run)
    done = {key: _run_of(g.integration, start, RunState.DONE, "", plan) for key, (g, plan) in going.items()}
    Run.objects.bulk_create(done.values())
    numbers = {key: run.pk for key, run in done.items()}
    plans_going = {key: plan for key, (_, plan) in going.items()}
    with bulk.pipelined():
        made = apply.carry_out(plans_going, numbers, ends, start.trigger is Trigger.SETUP)
        journal.record(
            journal.RunRecord(done[key], plan, gathered.journal, made[key].profiles, _drifts(gathered, plan))
            for key, (gathered, plan) in going.items()
        )
    _prove(going, done, start, ends)
    change_detection.remember(planned, done, start.now, ends)
    runs += done.values()
    run_log.log_runs(runs, start.began)
    return runs


def _drifts(gathered: Snapshot, plan: Plan) -> dict[str, str]:
    """What to add to the sentences of children whose profile is not as the last run left it, by child id."""
    told = {}
    for decision in plan.decisions if gathered.journal else ():
        if (before := gathered.journal.get(decision.child_id)) is not None:
            drift = DRIFTS.get((decision.step, OUTCOMES[before.step]))
            if drift:
                told[decision.child_id] = drift
    return told


def _record_held(gathered: Snapshot, plan: Plan, hold: Hold, start: RunContext) -> Run:
    """A run that applies nothing: what it would have written is on hold, and the admins are told (D12)."""
    run = _new_run(gathered.integration, start, RunState.HELD, hold.reason, plan)
    run.live_after, run.fingerprint = run.live_before, plan.fingerprint
    run.save(update_fields=["live_after", "fingerprint"])
    told = {decision.child_id: f"On hold: {hold.reason}" for decision in plan.actions()}
    withheld = replace(plan, decisions=[_withheld(decision) for decision in plan.decisions])
    journal.record([journal.RunRecord(run, withheld, gathered.journal, {}, told)])
    _notify(run, hold.reason)
    return run


def _withheld(decision: Decision) -> Decision:
    """The same, or on hold what it would have written."""
    if decision.step not in ACTIONS:
        return decision
    return decision._replace(
        step=Step.NEEDS_REVIEW, facts={**decision.facts, "withheld": decision.step.value}, changes={}
    )


def _prove(going: PlannedServices, done: Mapping[int, Run], start: RunContext, ends: Connectors) -> None:
    """Look again where something was written: nothing may be left but what waits or is held (B6)."""
    wrote = {key: gathered for key, (gathered, plan) in going.items() if not plan.changes_nothing}
    for key, again in gather_again(wrote, start.now, ends).items():
        if not nothing_left(going[key][1], again.plan_input):
            run = done[key]
            run.converged = False
            run.save(update_fields=["converged"])
            _notify(run, "After this run something was still left to do. Support looks into it.", True)


def _new_run(
    integration: Integration, start: RunContext, state: RunState, message: str, plan: Plan | None = None
) -> Run:
    run = _run_of(integration, start, state, message, plan)
    run.save(force_insert=True)
    return run


def _run_of(
    integration: Integration, start: RunContext, state: RunState, message: str, plan: Plan | None = None
) -> Run:
    service, start = integration.service, start.of(integration)
    run = Run(
        service=service,
        trigger=start.trigger,
        started_by=start.by.label,
        person_id=start.by.person_id,
        at=start.now,
        today=service.today(start.now),
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


def _notify(run: Run, text: str, for_support: bool = False) -> None:
    """Tell the admins of a service, or support; once, for as long as the matter is open."""
    for_whom = Notice.objects.filter(service_id=run.service_id, for_support=for_support)
    if not for_whom.filter(text=text, settled_at=None).exists():
        Notice.objects.create(
            service_id=run.service_id, run=run, text=text, at=run.at, for_support=for_support
        )
