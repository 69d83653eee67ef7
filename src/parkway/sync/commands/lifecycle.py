"""Enabling a service's integration, who may change it, and runs that people ask for."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from parkway.sync.integrations import (
    change_integration,
    integration_of,
    lock_integration,
    require_on,
)
from parkway.sync.models import Integration, Run, Stage, Trigger
from parkway.sync.run.pipeline import RunContext, run_sync
from parkway.sync.schedule import run_requests
from parkway.tenancy.models import Service
from parkway.tenancy.people import Actor, require_change, require_support


@transaction.atomic
def enable(service: Service, by: Actor, now: datetime) -> Integration:
    """Let a service set the integration up (set-up, step 1). Raises Forbidden unless `by` is support."""
    require_support(by, service)
    integration, _ = Integration.objects.get_or_create(service=service)
    if integration.stage == Stage.DISABLED:
        change_integration(integration, by, now, "enable", stage=Stage.ENABLED.value)
    return integration


def allow_educators(service: Service, allowed: bool, by: Actor, now: datetime) -> None:
    """Let all educators of a service change its integration, or its admin educators only (D22)."""
    require_change(by, service, False)
    with transaction.atomic():
        integration = lock_integration(service)
        change_integration(integration, by, now, educators_may_change=allowed)


def ask_to_sync(service: Service, by: Actor) -> None:
    """Ask for a run at once and do not wait for it (R15)."""
    require_change(by, service, require_on(integration_of(service)).educators_may_change)
    with transaction.atomic():
        run_requests.request_run(service.pk, Trigger.NOW, by)


def sync_now(service: Service, by: Actor, now: datetime) -> Run | None:
    """Run this service at once, also when nothing seems to have changed (R15)."""
    require_change(by, service, require_on(integration_of(service)).educators_may_change)
    return run_sync(service.pk, RunContext(now, Trigger.NOW, by), full=True)
