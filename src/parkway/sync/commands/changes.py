"""The integration of a service: enable, set up, change the setting, approve, turn off and on again.

A preview is a plan of a situation in which the change is already made. Confirming carries the preview's
fingerprint: the change is made, the plan is computed again, and it is applied only if it is the same plan.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import NamedTuple

from django.db import transaction

from parkway import domain
from parkway.domain import Child, ChoiceKind, InactivePolicy, ProfileState, Refused, Step
from parkway.engine import matching, plan
from parkway.engine.matching import Certainty, Proposal
from parkway.engine.plan import Plan, PlanInput, make_plan
from parkway.engine.wording import count
from parkway.storypark import verbs as storypark
from parkway.sync.commands import choices
from parkway.sync.commands.lifecycle import allow_educators, ask_to_sync, enable, sync_now
from parkway.sync.commands.setup import accept_proposals
from parkway.sync.ends import HERE, Connectors
from parkway.sync.integrations import (
    held_run,
    integration_of,
    is_on,
    latest_run,
    lock_integration,
    lock_integrations,
    require_on,
    stages,
)
from parkway.sync.models import Integration, Run, RunState, Stage, Trigger
from parkway.sync.queries.setup_lists import Listed, SetUp, look_at_set_up, require_to_set_up
from parkway.sync.run import apply
from parkway.sync.run.gather import Snapshot, gather_one, query_for
from parkway.sync.run.pipeline import RunContext, apply_plans, run_sync
from parkway.sync.schedule import run_requests
from parkway.tenancy.models import Service
from parkway.tenancy.people import Actor, require_change, require_plan, require_support
from parkway.tenancy.scope import scope

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


def integration_of(service: Service) -> Integration:
    """The integration of a service. Raises Refused when support has not enabled it."""
    found = Integration.objects.select_related("service").filter(service=service).first()
    if found is None or found.stage == Stage.DISABLED:
        raise Refused(
            f"Syncing is not enabled for {service.name}. Support enables it: `parkway enable {service.slug}`."
        )
    return found


def stages() -> list[tuple[int, str]]:
    """How far each service that has an integration is, by service id."""
    return list(Integration.objects.values_list("pk", "stage"))


def is_on(service: Service) -> bool:
    """Whether the service syncs."""
    return Integration.objects.filter(service=service, stage=Stage.ON).exists()


def lock_integration(service: Service) -> Integration:
    """A service's integration, held by the transaction at hand: what it says now, nobody else changes."""
    return lock_integrations([integration_of(service).pk])[0]


def require_on(integration: Integration) -> Integration:
    if integration.stage != Stage.ON:
        way = "turn it on again" if integration.stage == Stage.OFF else "set it up first"
        raise Refused(f"Syncing is {integration.get_stage_display()} for {integration.service.name}; {way}.")
    return integration


def enable(service: Service, by: Actor) -> Integration:
    """Let a service set the integration up (set-up, step 1). Raises Refused unless `by` is support."""
    require_support(by)
    integration, _ = Integration.objects.get_or_create(service=service)
    if integration.stage == Stage.DISABLED:
        integration.stage = Stage.ENABLED
        integration.save(update_fields=["stage"])
    return integration


# Set-up ------------------------------------------------------------------------------------------------


class Listed(NamedTuple):
    """One child listed at set-up: the proposal, and what a person chose so far."""

    child: Child
    proposal: Proposal
    choice: domain.Choice | None


class SetUp(NamedTuple):
    """The children available at set-up, those without a choice yet, and the plan of the choices."""

    listed: Sequence[Listed]
    open: Sequence[Listed]
    plan: Plan


def look_at_set_up(service: Service, now: datetime, ends: Connectors = HERE) -> SetUp:
    """The children available, proposals and choices, and what starting would do (set-up, steps 3 to 5).

    Raises Refused when the service is set up already.
    """
    return _set_up(gather_one(require_to_set_up(integration_of(service)), now, ends).situation)


def require_to_set_up(integration: Integration) -> Integration:
    if integration.stage != Stage.ENABLED:
        service = integration.service
        raise Refused(
            f"{service.name} is set up already, and syncing is {integration.get_stage_display()}. "
            f"See `parkway status {service.slug}`."
        )
    return integration


def _set_up(situation: PlanInput) -> SetUp:
    """Listed is every child who belongs under the setting, or would but for "don't add" (R2, R3)."""
    without = {
        key: wish._replace(kind=None) if wish.kind is ChoiceKind.DONT_ADD else wish
        for key, wish in situation.choices.items()
    }
    belonging = plan.belonging(replace(situation, choices=without))
    linked = set(situation.links.values())
    unlinked = [profile for key, profile in situation.profiles.items() if key not in linked]
    seekers = [child for child in belonging if child.child_id not in situation.links]
    takers = {wish.profile_id: key for key, wish in situation.choices.items() if wish.profile_id}
    proposals = [_still_free(each, takers) for each in matching.propose(seekers, unlinked)]
    listed = [
        Listed(child, proposal, situation.choices.get(child.child_id))
        for child, proposal in zip(seekers, proposals, strict=True)
    ]
    there = {profile.profile_id for profile in unlinked if profile.state is not ProfileState.DELETED}
    undecided = [each for each in listed if not _decided(each.choice, there)]
    return SetUp(listed, undecided, make_plan(situation))


def _still_free(proposal: Proposal, takers: Mapping[str, str]) -> Proposal:
    """A match that somebody chose for another child meanwhile is not certain any more."""
    certain = proposal.certainty is Certainty.CERTAIN
    if certain and takers.get(proposal.profile_ids[0], proposal.child_id) != proposal.child_id:
        return proposal._replace(certainty=Certainty.PLEASE_CHECK)
    return proposal


def _decided(choice: domain.Choice | None, there: Collection[str]) -> bool:
    """Whether a person chose for a child, and a profile that was chosen is still there."""
    if choice is None or choice.kind is None:
        return False
    return choice.kind is not ChoiceKind.PROFILE or choice.profile_id in there


def accept_proposals(service: Service, by: Actor, now: datetime, ends: Connectors = HERE) -> int:
    """Choose what is proposed for every child who needs no check: the certain match, or a new profile when
    nothing is alike. How many choices were made; "please check" is left to a person.
    """
    with transaction.atomic():
        require_change(by, service, lock_integration(service).educators_may_change)
        wishes: dict[str, domain.Choice] = {}
        for child, proposal, _ in look_at_set_up(service, now, ends).open:
            if proposal.certainty is Certainty.CERTAIN:
                wishes[child.child_id] = domain.Choice(ChoiceKind.PROFILE, proposal.profile_ids[0])
            elif proposal.certainty is Certainty.NO_MATCH:
                wishes[child.child_id] = domain.Choice(ChoiceKind.NEW)
        choices.store(service, wishes, by, now)
    return len(wishes)


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
    return make_plan(gather_one(integration_of(service), now, ends).situation)


def preview_switch(
    service: Service, inactive: InactivePolicy, now: datetime, ends: Connectors = HERE
) -> Plan:
    """What switching the setting for Inactive children would do (R9, B1)."""
    return make_plan(
        replace(gather_one(require_on(integration_of(service)), now, ends).situation, inactive=inactive)
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
    return _confirm(service, require_on, start, lambda each: _set(each, inactive=inactive.value), ends)


def preview_paid_children(service: Service, number: int, now: datetime, ends: Connectors = HERE) -> Plan:
    """What another number of paid children would do (B1, R11).

    Raises Refused below the live profiles (D6).
    """
    storypark.require_enough(service, number)
    return make_plan(
        replace(gather_one(require_on(integration_of(service)), now, ends).situation, paid_children=number)
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
        shown = make_plan(gather_one(integration, now, ends).situation)
        if shown.fingerprint != fingerprint:
            raise PlanChanged(shown)
        kept = {
            d.child_id: domain.Choice(ChoiceKind.RETAINED) for d in shown.actions() if d.step is Step.ARCHIVE
        }
        choices.store(service, kept, by, now)
        integration.refresh_from_db(fields=["version"])
        gathered = gather_one(integration, now, ends)
        plan = make_plan(gathered.situation)
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
        _set(integration, limit_archives=archives, limit_percent=percent)


def allow_educators(service: Service, allowed: bool, by: Actor) -> None:
    """Let all educators of a service change its integration, or its admin educators only (D22)."""
    require_change(by, service, False)
    with transaction.atomic():
        _set(lock_integration(service), educators_may_change=allowed)


def turn_off(service: Service, by: Actor, ends: Connectors = HERE, *, now: datetime) -> None:
    """Stop syncing: profiles, links and history stay, the read-only fields are unlocked (D15)."""
    with transaction.atomic():
        integration = require_on(lock_integration(service))
        require_change(by, service, integration.educators_may_change)
        _set(integration, stage=Stage.OFF)
        ends.profiles.release(query_for(integration, now))


def preview_on(service: Service, now: datetime, ends: Connectors = HERE) -> Plan:
    """What turning on again would do. Raises Refused when syncing is not turned off."""
    return make_plan(gather_one(_turned_off(integration_of(service)), now, ends).situation)


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
        _set(integration, stage=Stage.ON)
        apply.mark_linked(integration, start.now, ends)

    return _confirm(service, ready, start, change, ends)


def ask_to_sync(service: Service, by: Actor) -> None:
    """Ask for a run at once and do not wait for it (R15)."""
    require_change(by, service, require_on(integration_of(service)).educators_may_change)
    with transaction.atomic():
        run_requests.request_run(service.pk, Trigger.NOW, by)


def sync_now(service: Service, by: Actor, now: datetime, ends: Connectors = HERE) -> Run | None:
    """Run this service at once, also when nothing seems to have changed (R15)."""
    require_change(by, service, require_on(integration_of(service)).educators_may_change)
    return run_sync(service.pk, RunContext(now, Trigger.NOW, by), ends, full=True)


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
        plan = make_plan(gathered.situation)
        if plan.fingerprint != start.consent:
            raise PlanChanged(plan)
        return apply_plans({service.pk: (gathered, plan)}, start, ends)[0]


def _set(integration: Integration, **values: str | int) -> None:
    for name, value in values.items():
        setattr(integration, name, value)
    integration.version += 1
    integration.save(update_fields=[*values, "version"])


def latest_run(service: Service) -> Run | None:
    """The run of the service that came last."""
    return scope(Run, service).order_by("-at", "-pk").first()


def held_run(service: Service) -> Run | None:
    """The held run that waits for a person, if the latest run is one."""
    latest = latest_run(service)
    return latest if latest is not None and latest.state == RunState.HELD else None
