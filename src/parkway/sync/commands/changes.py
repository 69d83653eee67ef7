"""What people change about syncing: each change is a value, and there is one way in for all of them.

`preview` makes the plan that follows once the change is made; nothing is written. `confirm` carries the
preview's fingerprint: it makes the change, makes the plan again, and applies it only if it is the same (B1).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import ClassVar
from zoneinfo import ZoneInfo, available_timezones

from django.db import transaction

from parkway import domain
from parkway.domain import ChoiceKind, Conflict, InactivePolicy, Invalid, Limits, Step, Window
from parkway.engine.plan import Plan, PlanInput, make_plan
from parkway.engine.wording import count
from parkway.sync.commands import choices
from parkway.sync.ends import names_of_service, profiles_of_service
from parkway.sync.integrations import (
    change_integration,
    integration_of,
    lock_if_any,
    require_on,
    setting_changed,
)
from parkway.sync.models import Integration, Run, Stage, Trigger
from parkway.sync.outside import reading_first
from parkway.sync.queries.previews import with_standings
from parkway.sync.queries.setup_lists import require_to_set_up, without_a_choice
from parkway.sync.run import apply
from parkway.sync.run.gather import Snapshot, gather_one, query_for
from parkway.sync.run.pipeline import RunContext, apply_plans
from parkway.tenancy.models import WIDEST_WINDOW, Service
from parkway.tenancy.people import Actor, require_change, require_plan
from parkway.tenancy.verbs import change_service


class PlanChanged(Conflict):
    """What would happen is no longer what was shown: `plan` is what would happen now (B1); None when there is
    nothing to sync any more, because syncing was turned off.
    """

    def __init__(self, plan: Plan | None) -> None:
        super().__init__(
            "Children, profiles or settings changed since this was shown, so nothing was done. "
            f"Look at what would happen now and confirm again (fingerprint {plan.fingerprint})."
            if plan is not None
            else "Syncing is turned off or not set up, so there is no plan to confirm, and nothing was done. "
            "Confirm again without a plan: then this is saved, and no profile changes."
        )
        self.plan = plan


@dataclass(frozen=True)
class Change:
    """Something that a person wants to be different about the syncing of a service.

    `needs_syncing` is False for what can also be changed while the service does not sync: then there is no
    plan, and no run.
    """

    trigger: ClassVar[Trigger]
    needs_syncing: ClassVar[bool] = True

    def check_permission(self, by: Actor, service: Service, integration: Integration | None) -> None:
        """Raise Forbidden unless `by` may make this change (D22)."""
        require_change(by, service, integration is not None and integration.educators_may_change)

    def check(self, service: Service) -> None:
        """Raise Invalid when the values make no sense, whatever the state of the integration."""

    def check_stage(self, integration: Integration, now: datetime) -> None:
        """Raise Conflict unless the integration is at the stage for this change."""
        require_on(integration)

    def on(self, snapshot: Snapshot, now: datetime) -> PlanInput:
        """Return what the plan is made from once the change is made."""
        return snapshot.plan_input

    def make(self, service: Service, integration: Integration | None, by: Actor, now: datetime) -> None:
        """Write the change in the transaction at hand, in which the integration is locked."""

    def carry_out(self, integration: Integration, context: RunContext) -> Run | None:
        """Make the change and apply the plan that follows, if it is the one that was consented to.

        Raises PlanChanged otherwise: then the transaction at hand must end with nothing done.
        """
        self.make(integration.service, integration, context.by, context.now)
        return _apply(integration, context)


def preview(service: Service, change: Change, now: datetime) -> Plan | None:
    """Return what a change will do (B1); None when there is nothing to sync because syncing is not on, and
    the change can be made all the same.

    Raises Invalid when the change makes no sense, Conflict when the integration is not at the stage for it.
    """
    change.check(service)
    integration = _syncing(service, change)
    if integration is None:
        return None
    change.check_stage(integration, now)
    return make_plan(change.on(gather_one(integration, now), now))


@reading_first
def confirm(service: Service, change: Change, fingerprint: str, by: Actor, now: datetime) -> Run | None:
    """Make a change and do exactly what its preview with this fingerprint showed (B1); the run that did it.

    Without a plan to show (`preview` gave None) there is no run, and no fingerprint. Raises PlanChanged, with
    nothing done, when the plan is another by now, Forbidden when `by` may not, and what `preview` raises.
    """
    try:
        with transaction.atomic():
            return _confirm(service, change, RunContext(now, change.trigger, by, fingerprint))
    except PlanChanged:
        service.refresh_from_db()  # which has what was taken back
        raise


def _confirm(service: Service, change: Change, context: RunContext) -> Run | None:
    integration = lock_if_any(service)
    change.check_permission(context.by, service, integration)
    change.check(service)
    if (syncing := _syncing(service, change, integration)) is not None:
        change.check_stage(syncing, context.now)
        return change.carry_out(syncing, context)
    if context.consent:
        raise PlanChanged(None)
    change.make(service, integration, context.by, context.now)
    return None


def _syncing(service: Service, change: Change, integration: Integration | None = None) -> Integration | None:
    """Return the integration that a change concerns; None when it can do without one.

    Raises Conflict when it cannot.
    """
    if change.needs_syncing:
        return integration if integration and integration.stage != Stage.DISABLED else integration_of(service)
    found = integration or Integration.objects.select_related("service").filter(service=service).first()
    return found if found is not None and found.stage == Stage.ON else None


def _apply(integration: Integration, context: RunContext) -> Run:
    """Apply what follows now, if it is what was consented to; else raise PlanChanged."""
    snapshot = gather_one(integration, context.now)
    plan = make_plan(snapshot.plan_input)
    if plan.fingerprint != context.consent:
        raise PlanChanged(plan)
    return apply_plans({integration.service_id: (snapshot, plan)}, context)[0]


# The setting, and turning syncing on and off ---------------------------------------------------------------


@dataclass(frozen=True)
class SwitchPolicy(Change):
    """Let the profiles of Inactive children go, or keep them live (R6 to R9)."""

    inactive: InactivePolicy
    trigger = Trigger.SWITCH

    def on(self, snapshot: Snapshot, now: datetime) -> PlanInput:
        return replace(snapshot.plan_input, inactive=self.inactive)

    def make(self, service: Service, integration: Integration | None, by: Actor, now: datetime) -> None:
        found = integration or integration_of(service)
        change_integration(found, by, now, inactive=self.inactive.value)


@dataclass(frozen=True)
class _TurnOn(Change):
    """Sync from now on: profiles that are linked already are managed in the roster's end (R14)."""

    def make(self, service: Service, integration: Integration | None, by: Actor, now: datetime) -> None:
        found = integration or integration_of(service)
        change_integration(found, by, now, stage=Stage.ON)
        apply.mark_linked(found, now)


@dataclass(frozen=True)
class StartSyncing(_TurnOn):
    """Confirm the summary of set-up; the first run applies exactly what it showed (R1, D23)."""

    trigger = Trigger.SETUP

    def check_stage(self, integration: Integration, now: datetime) -> None:
        """Raise Conflict also while a child listed has no choice."""
        require_to_set_up(integration)
        missing = without_a_choice(integration, now)
        if missing:
            names = ", ".join(child.details.called for child in missing[:5])
            more = f" and {len(missing) - 5} more" if len(missing) > 5 else ""
            many = count(len(missing), "child needs", "children need")
            raise Conflict(f"{many} a choice before syncing starts: {names}{more}.")


@dataclass(frozen=True)
class TurnOn(_TurnOn):
    """Sync again, with the links there were (D15)."""

    trigger = Trigger.TURNED_ON

    def check_stage(self, integration: Integration, now: datetime) -> None:
        if integration.stage != Stage.OFF:
            raise Conflict(
                f"Syncing is not turned off for {integration.service.name}: it is "
                f"{integration.get_stage_display()}."
            )


@dataclass(frozen=True)
class TurnOff(Change):
    """Stop syncing: profiles, links and history stay, the read-only fields are unlocked (D15).

    Nothing is done to anybody, so there is no plan to consent to, and no run.
    """

    trigger = Trigger.TURNED_ON

    def on(self, snapshot: Snapshot, now: datetime) -> PlanInput:
        return replace(snapshot.plan_input, children=(), links={}, choices={}, asked={}, rooms=())

    def make(self, service: Service, integration: Integration | None, by: Actor, now: datetime) -> None:
        found = integration or integration_of(service)
        change_integration(found, by, now, stage=Stage.OFF)
        profiles_of_service(service).release(query_for(found, now))

    def carry_out(self, integration: Integration, context: RunContext) -> None:
        self.make(integration.service, integration, context.by, context.now)


# Held runs -------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Approve(Change):
    """Approve a held run: apply exactly the plan that it shows (D12)."""

    trigger = Trigger.APPROVAL


@dataclass(frozen=True)
class Reject(Change):
    """Reject what a held run would archive: those children stay live, marked as kept by this person until
    somebody lets the rules decide again; the rest of the plan is applied (D12). The plan that a person
    looks at, and says no to, is the one that is held.
    """

    trigger = Trigger.REJECTION

    def carry_out(self, integration: Integration, context: RunContext) -> Run:
        shown = make_plan(gather_one(integration, context.now).plan_input)
        if shown.fingerprint != context.consent:
            raise PlanChanged(shown)
        retained = domain.Choice(ChoiceKind.RETAINED)
        archived = [each.child_id for each in shown.actions() if each.step is Step.ARCHIVE]
        choices.store(integration.service, dict.fromkeys(archived, retained), context.by, context.now)
        integration.refresh_from_db(fields=["version"])
        plan = make_plan(gather_one(integration, context.now).plan_input)
        return _apply(integration, replace(context, consent=plan.fingerprint))


@dataclass(frozen=True)
class ChangePaidChildren(Change):
    """Pay for another number of live profiles, which Parkway never does by itself (R11)."""

    number: int
    trigger = Trigger.SPACES
    needs_syncing = False

    def check_permission(self, by: Actor, service: Service, integration: Integration | None) -> None:
        require_plan(by, service)

    def check(self, service: Service) -> None:
        """Raise Invalid below the live profiles (D6)."""
        live = profiles_of_service(service).accounts([service.pk])[service.pk].live
        if self.number < live:
            roster, over = names_of_service(service).roster, live - self.number
            raise Invalid(
                f"{service.name} has {count(live, 'live profile')}, so the plan cannot pay for only "
                f"{self.number}. Archive {over} in {roster} first, or choose {live} or more.",
                fields=("number",),
            )

    def on(self, snapshot: Snapshot, now: datetime) -> PlanInput:
        return replace(snapshot.plan_input, paid_children=self.number)

    def make(self, service: Service, integration: Integration | None, by: Actor, now: datetime) -> None:
        profiles_of_service(service).set_paid_children(service.pk, self.number, by, now)
        setting_changed(service.pk, "paid_children")


# What belonging and safety depend on (D33) -----------------------------------------------------------------


@dataclass(frozen=True)
class ChangeWindow(Change):
    """Other widths of the active window, in days (D1): children become Active and Inactive by it."""

    window: Window
    trigger = Trigger.WINDOW
    needs_syncing = False

    def check(self, service: Service) -> None:
        for name, days in self.window._asdict().items():
            if not 0 <= days <= WIDEST_WINDOW:
                raise Invalid(
                    f"A window cannot be {days} days wide: choose 0 to {WIDEST_WINDOW:,} days.",
                    fields=(name,),
                )

    def on(self, snapshot: Snapshot, now: datetime) -> PlanInput:
        return with_standings(snapshot, now, snapshot.plan_input.today, self.window)

    def make(self, service: Service, integration: Integration | None, by: Actor, now: datetime) -> None:
        widths = {"lookback_days": self.window.lookback, "lookahead_days": self.window.lookahead}
        _change(service, integration, by, now, **widths)


@dataclass(frozen=True)
class ChangeTimeZone(Change):
    """Another time zone, in which days begin and end at the service (D1)."""

    time_zone: str
    trigger = Trigger.TIME_ZONE
    needs_syncing = False

    def check(self, service: Service) -> None:
        if self.time_zone not in available_timezones():
            raise Invalid(
                f"“{self.time_zone}” is not a time zone. Write one such as Pacific/Auckland.",
                fields=("time_zone",),
            )

    def on(self, snapshot: Snapshot, now: datetime) -> PlanInput:
        today = now.astimezone(ZoneInfo(self.time_zone)).date()
        return with_standings(snapshot, now, today, snapshot.plan_input.window)

    def make(self, service: Service, integration: Integration | None, by: Actor, now: datetime) -> None:
        _change(service, integration, by, now, time_zone=self.time_zone)


@dataclass(frozen=True)
class ChangeLimits(Change):
    """Hold a run above other numbers of archives: so many, and this share of the live profiles (D12)."""

    limits: Limits
    trigger = Trigger.LIMITS
    needs_syncing = False

    def check(self, service: Service) -> None:
        """Raise Invalid for a share that is no percentage, Conflict where support has not enabled syncing."""
        archives, percent = self.limits
        if archives < 0 or not 0 <= percent <= 100:
            raise Invalid(
                f"A run cannot be held above {archives} archives and {percent} %: choose 0 to 100 %.",
                fields=("archives", "percent"),
            )
        integration_of(service)

    def on(self, snapshot: Snapshot, now: datetime) -> PlanInput:
        return replace(snapshot.plan_input, limits=self.limits)

    def make(self, service: Service, integration: Integration | None, by: Actor, now: datetime) -> None:
        archives, percent = self.limits
        found = integration or integration_of(service)
        change_integration(found, by, now, limit_archives=archives, limit_percent=percent)


def _change(
    service: Service, integration: Integration | None, by: Actor, now: datetime, **values: str | int
) -> None:
    """Change the service as the caller and the integration at hand know it."""
    educators_may = integration is not None and integration.educators_may_change
    change_service(service, by=by, now=now, educators_may=educators_may, **values)
    if integration is not None:
        integration.service = service
    setting_changed(service.pk, *values)
