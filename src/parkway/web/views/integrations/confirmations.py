"""What is priced before it is confirmed: the switch, a held run, turning syncing off and on (B1)."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from parkway.domain import InactivePolicy
from parkway.engine.plan import Plan
from parkway.engine.wording import DONE, what_was_done
from parkway.sync import integrations
from parkway.sync.commands import changes
from parkway.sync.commands.changes import PlanChanged
from parkway.sync.models import Run, Stage
from parkway.sync.queries.service_status import service_statuses
from parkway.tenancy.people import Permission
from parkway.web.access import Visit, at_service
from parkway.web.presenters import plans

show_and_confirm = require_http_methods(["GET", "HEAD", "POST"])


@show_and_confirm
@at_service(Permission.CHANGE_INTEGRATION)
def switch(request: HttpRequest, visit: Visit, policy: str) -> HttpResponse:
    """Change the setting for Inactive children: what it will do, and then exactly that (R6 to R9)."""
    if policy not in list(InactivePolicy):
        raise Http404(f"There is no setting {policy}.")
    to, service = InactivePolicy(policy), visit.service
    if not integrations.is_on(service):
        return _elsewhere(request, visit)
    if integrations.integration_of(service).policy is to:
        messages.info(request, "That is the setting already. Nothing was changed.")
        return redirect("integrations", service.slug)
    return show_or_do(
        request,
        visit,
        "web/integrations/switch.html",
        {"policy": to.value, "otherwise": "Change the setting"},
        changes.SwitchPolicy(to),
    )


@show_and_confirm
@at_service(Permission.CHANGE_INTEGRATION)
def held(request: HttpRequest, visit: Visit) -> HttpResponse:
    """A held run: approve exactly what it shows, or reject what it would archive (D12)."""
    service = visit.service
    if integrations.held_run(service) is None:
        messages.info(request, "No run is held any more.")
        return redirect("integrations", service.slug)
    change = changes.Reject() if request.POST.get("answer") == "reject" else changes.Approve()
    return show_or_do(
        request,
        visit,
        "web/integrations/held.html",
        {"otherwise": "Go on"},
        change,
    )


@show_and_confirm
@at_service(Permission.CHANGE_INTEGRATION)
def off(request: HttpRequest, visit: Visit) -> HttpResponse:
    """Turn syncing off: says what stays before it does (D15)."""
    if not integrations.is_on(visit.service):
        return _elsewhere(request, visit)
    if request.method == "POST":
        changes.confirm(visit.service, changes.TurnOff(), "", visit.by, timezone.now())
        messages.success(request, "Syncing is off. Profiles, links and history stayed as they were.")
        return redirect("integrations", visit.service.slug)
    return render(request, "web/integrations/off.html")


@show_and_confirm
@at_service(Permission.CHANGE_INTEGRATION)
def on(request: HttpRequest, visit: Visit) -> HttpResponse:
    """Turn syncing on again, with the links there were (D15)."""
    service = visit.service
    if service_statuses([service])[0].stage is not Stage.OFF:
        return _elsewhere(request, visit)
    return show_or_do(
        request,
        visit,
        "web/integrations/on.html",
        {"otherwise": "Turn syncing on"},
        changes.TurnOn(),
    )


def _elsewhere(request: HttpRequest, visit: Visit) -> HttpResponse:
    """Back to the settings page, which says how syncing stands and what can be done."""
    messages.info(request, "That is not what this service can do now. Here is how syncing stands.")
    return redirect("integrations", visit.service.slug)


def show_or_do(
    request: HttpRequest,
    visit: Visit,
    template: str,
    context: dict[str, object],
    change: changes.Change,
    saved_at: str = "integrations",
) -> HttpResponse:
    """Show what a change will do; when it is confirmed, do exactly that. A stale preview is shown anew (409).

    `context` has what the button says when no profile changes (`otherwise`), and may name the act (`act`).
    `saved_at` is the page that follows when nothing was done in Storypark.
    """
    service, now, stale = visit.service, timezone.now(), False
    plan: Plan | None
    if request.method == "POST":
        try:
            run = changes.confirm(service, change, request.POST.get("fingerprint", ""), visit.by, now)
        except PlanChanged as changed:
            plan, stale = changed.plan, True
        else:
            return _done(request, visit, run, saved_at)
    else:
        plan = changes.preview(service, change, now)
    otherwise = str(context["otherwise"])
    context |= {"stale": stale, "button": otherwise}
    if plan is not None:
        shown = plans.show(plan)
        act = str(context.get("act", ""))
        context |= {"plan": shown, "button": plans.button(shown, otherwise, act)}
    return render(request, template, context, status=409 if stale else 200)


def _done(request: HttpRequest, visit: Visit, run: Run | None, saved_at: str) -> HttpResponse:
    """On to the run that did it, or to `saved_at` where nothing was to sync."""
    if run is None or (saved_at != "integrations" and not any(map(run.counts.get, DONE))):
        messages.success(request, "Saved. No profile changed.")
        return redirect(saved_at, visit.service.slug)
    messages.success(request, f"Done: {what_was_done(run.counts)}.")
    return redirect("run", visit.service.slug, run.pk)
