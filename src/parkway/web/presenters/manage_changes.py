"""What a change in Manage means, as its pages tell it before and after."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.contrib import messages
from django.http import HttpRequest

from parkway.manage import preview, record
from parkway.manage.models import Child
from parkway.manage.preview import Preview
from parkway.sync.queries import impact
from parkway.sync.queries.impact import Impact
from parkway.web.access import Visit
from parkway.web.templatetags.parkway import moment


def the_record(visit: Visit, child: int, now: datetime) -> record.Record:
    """The record of a child of the visited service. Raises NotFound for another's."""
    return record.record(visit.service, child, visit.service.today(now))


def before(visit: Visit, child: Child, then: Preview, now: datetime) -> dict[str, Any]:
    """What a change will do in Manage and in Storypark, for the page that asks whether to do it."""
    today = visit.service.today(now)
    integration = impact.syncing(visit.service)
    seen = impact.impact_of(integration, child.reference, *then, now) if integration else None
    return {
        "child": child,
        "status_then": then.standing.status.value,
        "rests_on": record.rests_on(child.details.called, then.standing, visit.service, today),
        "impact": seen,
        "next_run": next_run(visit, now),
    }


def next_run(visit: Visit, now: datetime) -> str:
    """When changes reach Storypark, as the end of a sentence; nothing while syncing is not on."""
    integration = impact.syncing(visit.service)
    if integration is None:
        return ""
    at = impact.when(integration, now)
    return f"on {moment(at, visit.service)}" if at else "in a moment"


def pending(visit: Visit, child: Child, now: datetime) -> Impact | None:
    """What the next run will do for a child as things are; None while syncing is not on."""
    integration = impact.syncing(visit.service)
    if integration is None:
        return None
    return impact.impact_of(
        integration, child.reference, *preview.as_is(child, visit.service.today(now)), now
    )


def flash_impact(request: HttpRequest, visit: Visit, child: Child, done: str, now: datetime) -> None:
    """Say what was done, and what happens next."""
    seen = pending(visit, child, now)
    if seen is None:
        messages.success(request, done)
        return
    messages.success(request, f"{done} {seen.sentence} The next run is {next_run(visit, now)}.")
