"""The integration of a service: enable, set up, change the setting, approve, turn off and on again.

A preview is the plan that would be made if the change were already made. Confirming carries the preview's
fingerprint: the change is made, the plan is computed again, and it is applied only if it is the same plan.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from django.db import transaction

from parkway import domain
from parkway.domain import ChoiceKind, InactivePolicy, Refused, Step
from parkway.engine.plan import Plan, make_plan
from parkway.engine.wording import count
from parkway.storypark import verbs as storypark
from parkway.sync.commands import choices
from parkway.sync.ends import HERE, Connectors
from parkway.sync.integrations import (
    integration_of,
    is_on,
    lock_integration,
    require_on,
    update_integration,
)
from parkway.sync.models import Integration, Run, Stage, Trigger
from parkway.sync.queries.setup_lists import look_at_set_up, require_to_set_up
from parkway.sync.run import apply
from parkway.sync.run.gather import Snapshot, gather_one, query_for
from parkway.sync.run.pipeline import RunContext, apply_plans
from parkway.tenancy.models import Service
from parkway.tenancy.people import Actor, require_change, require_plan

Ready = Callable[[Integration], Integration]
"""Answers with the integration when it is at the stage for something; raises Refused otherwise."""


class PlanChanged(Refused):
    """What would happen is no longer what was shown: `plan` is what would happen now (B1)."""

    def __init__(self, plan: Plan) -> None:
        super().__init__(
            "Children, profiles or settings changed since this was shown, so nothing was done. "
            f"Look at what would happen now and confirm again (fingerprint {plan.fingerprint})."
        )
        self.plan = plan


# Set-up ------------------------------------------------------------------------------------------------


def start_syncing(
    service: Service, fingerprint: str, by: Actor, now: datetime, ends: Connectors = HERE
) -> Run:
    """Confirm the summary of set-up; the first run applies exactly what it showed (R1, D23).

    Raises Refused while a child listed has no choice, PlanChanged when the plan is another by now.
    """
    missing = look_at_set_up(service, now, ends).open
    if missing:
        names = ", ".join(each.child.details.called for each in missing[:5])
        more = f" and {len(missing) - 5} more" if len(missing) > 5 else ""
        many = count(len(missing), "child needs", "children need")
        raise Refused(f"{many} a choice before syncing starts: {names}{more}.")
    return _turn(service, require_to_set_up, RunContext(now, Trigger.SETUP, by, fingerprint), ends)


# Previews and confirmations ----------------------------------------------------------------------------


def preview(service: Service, now: datetime, ends: Connectors = HERE) -> Plan:
    """What a run would do now."""
    return make_plan(gather_one(integration_of(service), now, ends).plan_input)


def preview_switch(
    service: Service, inactive: InactivePolicy, now: datetime, ends: Connectors = HERE
) -> Plan:
    """What switching the setting for Inactive children would do (R9, B1)."""
    return make_plan(
        replace(gather_one(require_on(integration_of(service)), now, ends).plan_input, inactive=inactive)
    )


def confirm_switch(
    service: Service,
    inactive: InactivePolicy,
    fingerprint: str,
    by: Actor,
    now: datetime,
    ends: Connectors = HERE,
) -> Run:
    """Switch the setting and apply exactly the plan that was shown (R6 to R9).

    Raises PlanChanged, with nothing done, when the plan is another by now.
    """
    start = RunContext(now, Trigger.SWITCH, by, fingerprint)
    return _confirm(
        service, require_on, start, lambda each: update_integration(each, inactive=inactive.value), ends
    )


def preview_paid_children(service: Service, number: int, now: datetime, ends: Connectors = HERE) -> Plan:
    """What another number of paid children would do (B1, R11).

    Raises Refused below the live profiles (D6).
    """
    storypark.require_enough(service, number)
    return make_plan(
        replace(gather_one(require_on(integration_of(service)), now, ends).plan_input, paid_children=number)
    )


def change_paid_children(
    service: Service, number: int, fingerprint: str, by: Actor, now: datetime, ends: Connectors = HERE
) -> Run | None:
    """Change the paid children, which Parkway never does by itself (R11), and apply exactly the plan that was
    shown (B1). Without syncing there is no plan, no fingerprint and no run.

    Raises Refused below the live profiles (D6), PlanChanged, with nothing done, when the plan is another now.
    """
    require_plan(by, service)
    if fingerprint or is_on(service):
        start = RunContext(now, Trigger.SPACES, by, fingerprint)
        return _confirm(
            service, require_on, start, lambda each: storypark.set_paid_children(service, number), ends
        )
    storypark.set_paid_children(service, number)
    return None


def approve(service: Service, fingerprint: str, by: Actor, now: datetime, ends: Connectors = HERE) -> Run:
    """Approve a held run: apply exactly the plan that it shows (D12)."""
    return _confirm(
        service, require_on, RunContext(now, Trigger.APPROVAL, by, fingerprint), lambda each: None, ends
    )


def reject(service: Service, fingerprint: str, by: Actor, now: datetime, ends: Connectors = HERE) -> Run:
    """Reject what a held run would archive: those children are kept live, marked as kept by this person until
    somebody lets the rules decide again; the rest of the plan is applied (D12).

    Raises PlanChanged, with nothing done, when the plan is another by now.
    """
    with transaction.atomic():
        integration = require_on(lock_integration(service))
        require_change(by, service, integration.educators_may_change)
        shown = make_plan(gather_one(integration, now, ends).plan_input)
        if shown.fingerprint != fingerprint:
            raise PlanChanged(shown)
        kept = {
            d.child_id: domain.Choice(ChoiceKind.RETAINED) for d in shown.actions() if d.step is Step.ARCHIVE
        }
        choices.store(service, kept, by, now)
        integration.refresh_from_db(fields=["version"])
        gathered = gather_one(integration, now, ends)
        plan = make_plan(gathered.plan_input)
        start = RunContext(now, Trigger.REJECTION, by, plan.fingerprint)
        return apply_plans({service.pk: (gathered, plan)}, start, ends)[0]


def change_limits(service: Service, archives: int, percent: int, by: Actor) -> None:
    """Change when a run is held: above this many archives and this share of the live profiles (D12).

    Raises Refused for a share that is no percentage.
    """
    with transaction.atomic():
        integration = lock_integration(service)
        require_change(by, service, integration.educators_may_change)
        if archives < 0 or not 0 <= percent <= 100:
            raise Refused(
                f"A run cannot be held above {archives} archives and {percent} %: choose 0 to 100 %."
            )
        update_integration(integration, limit_archives=archives, limit_percent=percent)


def turn_off(service: Service, by: Actor, ends: Connectors = HERE, *, now: datetime) -> None:
    """Stop syncing: profiles, links and history stay, the read-only fields are unlocked (D15)."""
    with transaction.atomic():
        integration = require_on(lock_integration(service))
        require_change(by, service, integration.educators_may_change)
        update_integration(integration, stage=Stage.OFF)
        ends.profiles.release(query_for(integration, now))


def preview_on(service: Service, now: datetime, ends: Connectors = HERE) -> Plan:
    """What turning on again would do. Raises Refused when syncing is not turned off."""
    return make_plan(gather_one(_turned_off(integration_of(service)), now, ends).plan_input)


def _turned_off(integration: Integration) -> Integration:
    if integration.stage != Stage.OFF:
        raise Refused(
            f"Syncing is not turned off for {integration.service.name}: it is "
            f"{integration.get_stage_display()}."
        )
    return integration


def turn_on(service: Service, fingerprint: str, by: Actor, now: datetime, ends: Connectors = HERE) -> Run:
    """Sync again, with the links there were; applies exactly the plan that was shown (D15, D12)."""
    return _turn(service, _turned_off, RunContext(now, Trigger.TURNED_ON, by, fingerprint), ends)


def _turn(service: Service, ready: Ready, start: RunContext, ends: Connectors) -> Run:
    """Start syncing: profiles that are linked already are managed in Manage from now on (R14)."""

    def change(integration: Integration) -> None:
        update_integration(integration, stage=Stage.ON)
        apply.mark_linked(integration, start.now, ends)

    return _confirm(service, ready, start, change, ends)


def _confirm(
    service: Service,
    ready: Ready,
    start: RunContext,
    change: Callable[[Integration], object],
    ends: Connectors,
) -> Run:
    """Make a change and apply the plan that follows, if it is the one that was consented to; else neither.

    Raises what `ready` raises of an integration that is not at the stage for it, which it may have left since
    somebody looked.
    """
    with transaction.atomic():
        integration = ready(lock_integration(service))
        require_change(start.by, service, integration.educators_may_change)
        change(integration)
        gathered: Snapshot = gather_one(integration, start.now, ends)
        plan = make_plan(gathered.plan_input)
        if plan.fingerprint != start.consent:
            raise PlanChanged(plan)
        return apply_plans({service.pk: (gathered, plan)}, start, ends)[0]
