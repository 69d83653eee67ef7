"""The integrations settings page: how syncing stands, at one glance, and everybody whom it concerns."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from parkway.domain import SourceSilent, Status, Step
from parkway.sync import integrations
from parkway.sync.commands import lifecycle
from parkway.sync.models import Integration, Run, Stage
from parkway.sync.queries import children
from parkway.sync.queries.forecast import look_ahead
from parkway.sync.queries.service_status import service_statuses
from parkway.tenancy.models import SupportAccess
from parkway.tenancy.people import Permission
from parkway.tenancy.scope import scope
from parkway.web.access import Visit, at_service
from parkway.web.paging import page_of
from parkway.web.presenters import forecast_chart, forecast_weeks
from parkway.web.searching import searchable, searched

STEPS = [step.value for step in Step]
STATUSES = [*(status.value for status in Status), "missing"]
ASKED = ("status", "step", "show")
A_PAGE = 25  # children with their reasons: the page is to be read on a phone too


@at_service()
@searchable
@require_safe
def index(request: HttpRequest, visit: Visit) -> HttpResponse:
    """How syncing stands at the service; everybody there may see it (D22)."""
    [status] = service_statuses([visit.service])
    context = {"status": status, "stage": status.stage, "Stage": Stage}
    if status.integration is not None and status.stage in (Stage.ON, Stage.OFF):
        context |= _table(request, status.integration)
        context["runs"] = scope(Run, visit.service).order_by("-at", "-pk")[:5]
        context["looks"] = scope(SupportAccess, visit.service).select_related("person").order_by("-at")[:5]
    return render(request, "web/integrations/index.html", context)


def _table(request: HttpRequest, of: Integration) -> dict[str, object]:
    asked = {name: request.GET.get(name, "available" if name == "show" else "") for name in ASKED}
    asked["search"] = searched(request)
    try:
        everybody = children.child_table(of, timezone.now())
    except SourceSilent as silent:
        return {"silent": str(silent)}
    found = everybody.find(**asked)
    page = page_of(request, found, A_PAGE)
    entries = children.reasons(of, list(page.object_list))
    available = sum(row.available for row in everybody.rows)
    return {
        "page": page,
        "lines": [(row, entries.get(row.child_id)) for row in page.object_list],
        "asked": asked,
        "available": available,
        "no_longer": len(everybody.rows) - available,
        "everybody": len(everybody.rows),
        "missing": sum(row.missing and row.needs_a_person for row in everybody.rows),
        "unlinked": everybody.unlinked,
        "statuses": STATUSES,
        "steps": STEPS,
    }


@require_POST
@at_service(Permission.CHANGE_INTEGRATION)
def sync_now(request: HttpRequest, visit: Visit) -> HttpResponse:
    """Ask for a run at once (R15); the page shows how it goes."""
    lifecycle.ask_to_sync(visit.service, visit.by)
    return redirect("sync-progress", visit.service.slug)


@require_safe
@at_service()
def progress(request: HttpRequest, visit: Visit) -> HttpResponse:
    """How the run that was asked for goes; asks again by itself until it is done."""
    [status] = service_statuses([visit.service])
    if status.last is None and not status.asked:
        return redirect("integrations", visit.service.slug)
    return render(request, "web/integrations/progress.html", {"status": status})


@require_POST
@at_service(Permission.LET_EDUCATORS)
def who_may_change(request: HttpRequest, visit: Visit) -> HttpResponse:
    """Let all educators change the integration, or only the admin educators (D22)."""
    allowed = request.POST.get("educators") == "on"
    lifecycle.allow_educators(visit.service, allowed, visit.by, timezone.now())
    who = "All educators" if allowed else "Only admin educators"
    messages.success(request, f"{who} of {visit.service.name} may change how syncing works now.")
    return redirect("settings", visit.service.slug)


@require_safe
@at_service()
def forecast(request: HttpRequest, visit: Visit) -> HttpResponse:
    """Who will come and go in the weeks ahead, and the day on which the spaces run out (B3)."""
    if not integrations.is_on(visit.service):
        return render(request, "web/integrations/forecast_none.html")
    ahead = {"4": 4, "8": 8, "16": 16, "26": 26}.get(request.GET.get("weeks", ""), 8)
    now = timezone.now()
    today = visit.service.today(now)
    seen = look_ahead(visit.service, ahead * 7, now)
    context = {
        "seen": seen,
        "weeks": forecast_weeks.weeks(seen, today),
        "ahead": ahead,
        "chart": forecast_chart.live_profiles(seen, today, ahead * 7),
        "choices": [4, 8, 16, 26],
    }
    return render(request, "web/integrations/forecast.html", context)
