"""Enabling a service's integration, who may change it, and runs that people ask for."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from parkway.sync.integrations import (
    integration_of,
    lock_integration,
    require_on,
    update_integration,
)
from parkway.sync.models import Integration, Run, Stage, Trigger
from parkway.sync.run.pipeline import RunContext, run_sync
from parkway.sync.schedule import run_requests
from parkway.tenancy.models import Service
from parkway.tenancy.people import Actor, require_change, require_support


def enable(service: Service, by: Actor) -> Integration:
    """Let a service set the integration up (set-up, step 1). Raises Forbidden unless `by` is support."""
    require_support(by, service)
    integration, _ = Integration.objects.get_or_create(service=service)
    if integration.stage == Stage.DISABLED:
        integration.stage = Stage.ENABLED
        integration.save(update_fields=["stage"])
    return integration


def allow_educators(service: Service, allowed: bool, by: Actor) -> None:
    """Let all educators of a service change its integration, or its admin educators only (D22)."""
    require_change(by, service, False)
    with transaction.atomic():
        update_integration(lock_integration(service), educators_may_change=allowed)


def ask_to_sync(service: Service, by: Actor) -> None:
    """Ask for a run at once and do not wait for it (R15)."""
    require_change(by, service, require_on(integration_of(service)).educators_may_change)
    with transaction.atomic():
        run_requests.request_run(service.pk, Trigger.NOW, by)


def sync_now(service: Service, by: Actor, now: datetime) -> Run | None:
    """Run this service at once, also when nothing seems to have changed (R15)."""
    require_change(by, service, require_on(integration_of(service)).educators_may_change)
    return run_sync(service.pk, RunContext(now, Trigger.NOW, by), full=True)
