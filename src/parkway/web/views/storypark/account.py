"""The Account page: the plan, its spaces, who waits for one, and how many will be needed (R11, D6, B7)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from parkway.domain import Conflict, Decision, Invalid, ProfileState, SourceSilent, Step
from parkway.engine.plan import Plan
from parkway.engine.wording import count
from parkway.storypark import listing, verbs
from parkway.sync import integrations
from parkway.sync.commands import changes
from parkway.sync.models import Integration, Stage
from parkway.sync.queries import space_forecast
from parkway.sync.queries.space_forecast import SpaceForecast
from parkway.tenancy.models import Subject
from parkway.tenancy.people import Permission
from parkway.web.access import Visit, at_service
from parkway.web.errors import add_to
from parkway.web.middleware import typed
from parkway.web.presenters import change_history, spaces_chart
from parkway.web.views.history import STORYPARK, whole_history

FIRST = 10  # of those who wait, told at once


class PaidForm(forms.Form):
    """The number of paid children."""

    number = forms.IntegerField(
        label="Paid children",
        min_value=0,
        max_value=1_000_000,
        help_text="How many live profiles your plan pays for.",
    )
    fingerprint = forms.CharField(required=False, widget=forms.HiddenInput)


class PricedChild(NamedTuple):
    """A child in a preview, with the reason."""

    name: str
    because: str


@dataclass(frozen=True, slots=True)
class PriceGroup:
    """The children of a preview for whom the same is done; those who wait in their order."""

    title: str
    colour: str
    children: list[PricedChild]
    waits: bool


GROUPS = (
    (Step.RESTORE, "Restored, with everything in the profile", "good"),
    (Step.CREATE, "Given a new profile", "good"),
    (Step.LINK, "Linked to the profile that is there", "good"),
    (Step.UPDATE, "Brought up to date", "plain"),
    (Step.ARCHIVE, "Archived; everything in the profile is kept", "gone"),
    (Step.WAIT, "Still waiting for a space", "waiting"),
)


@require_safe
@at_service(Permission.SEE_STORYPARK)
def index(request: HttpRequest, visit: Visit) -> HttpResponse:
    """The plan, the spaces, the queue, the weeks to come, and the integrations of the service."""
    paid = verbs.account(visit.service).paid_children
    return _page(request, visit, PaidForm(initial={"number": paid}))


def _page(request: HttpRequest, visit: Visit, form: PaidForm) -> HttpResponse:
    """The Account page; with the form as it was typed when something was wrong with it."""
    service = visit.service
    paid, live = verbs.account(service).paid_children, listing.counts(service)[ProfileState.LIVE.value]
    found = Integration.objects.filter(service=service).first()
    seen, silent = None, ""
    if found is not None and found.stage == Stage.ON:
        try:
            seen = space_forecast.space_forecast(service, timezone.now())
        except SourceSilent as refused:
            silent = str(refused)
    waiting = len(seen.waiting) if seen else 0
    return render(
        request,
        "web/storypark/account.html",
        {
            "form": form,
            "paid": paid,
            "live": live,
            "free": max(0, paid - live),
            "over": max(0, live - paid),
            "bar": spaces_chart.bar(paid, live, waiting),
            "seen": seen,
            "first": seen.waiting[:FIRST] if seen else [],
            "rest": seen.waiting[FIRST:] if seen else [],
            "silent": silent,
            "integration": found,
            "run": integrations.latest_run(service),
            "changes": change_history.latest(service, [Subject.ACCOUNT], service.slug),
            **_ahead(seen, paid),
        },
    )


@require_safe
@at_service(Permission.SEE_STORYPARK)
def history(request: HttpRequest, visit: Visit) -> HttpResponse:
    """Every change of the number of paid children."""
    slug = visit.service.slug
    back = reverse("storypark-account", args=[slug])
    return whole_history(request, visit, [Subject.ACCOUNT], slug, of="the account", back=back, base=STORYPARK)


def _ahead(seen: SpaceForecast | None, paid: int) -> dict[str, Any]:
    """The weeks to come: the picture and the list, and how many more spaces the most of it takes."""
    if seen is None:
        return {}
    rows = [(need.day, need.number, paid - need.number, need.number - paid) for need in seen.needs]
    line = spaces_chart.line(seen.needs, paid, space_forecast.WEEKS * 7)
    return {
        "line": line,
        "rows": rows,
        "weeks": space_forecast.WEEKS,
        "short": max(0, seen.most.number - paid),
    }


@require_http_methods(["GET", "HEAD", "POST"])
@at_service(Permission.CHANGE_PLAN)
def paid_children(request: HttpRequest, visit: Visit) -> HttpResponse:
    """What another number of paid children would do, and doing exactly that (B1, R11)."""
    data = request.POST if request.method == "POST" else typed(request) or request.GET
    form = PaidForm(data)
    if "number" not in data:
        return redirect("storypark-account", visit.service.slug)
    if not form.is_valid():
        return _page(request, visit, form)
    number, now = form.cleaned_data["number"], timezone.now()
    try:
        if request.method != "POST":
            plan = changes.preview(visit.service, changes.ChangePaidChildren(number), now)
            return _preview(request, visit, number, plan)
        fingerprint = form.cleaned_data["fingerprint"]
        run = changes.confirm(visit.service, changes.ChangePaidChildren(number), fingerprint, visit.by, now)
    except changes.PlanChanged as changed:
        return _preview(request, visit, number, changed.plan, changed=True)
    except (Conflict, Invalid) as refused:
        add_to(form, refused)
        return _page(request, visit, form)
    came = sum(run.counts[step.value] for step in (Step.CREATE, Step.RESTORE)) if run else 0
    what = f" {count(came, 'child', 'children')} came in." if came else ""
    left = f" {count(run.waiting, 'child', 'children')} still waiting." if run and run.waiting else ""
    messages.success(
        request, f"Your plan pays for {count(number, 'child', 'children')} from now on.{what}{left}"
    )
    return redirect("storypark-account", visit.service.slug)


def _preview(
    request: HttpRequest, visit: Visit, number: int, plan: Plan | None, changed: bool = False
) -> HttpResponse:
    """The page that lists what the change will do (B1); anew when it would be something else by now."""
    live = listing.counts(visit.service)[ProfileState.LIVE.value]
    more: dict[str, Any] = {"groups": [], "after": live, "free": number - live}
    if plan is not None:
        spaces = plan.spaces
        more = {"groups": groups_of(plan), "after": spaces.live_after, "free": spaces.free_after}
    return render(
        request,
        "web/storypark/paid_children.html",
        {
            "number": number,
            "paid": verbs.account(visit.service).paid_children,
            "live": live,
            "plan": plan,
            "changed": changed,
            "does": does(number, plan),
            **more,
        },
        status=409 if changed else 200,
    )


def groups_of(plan: Plan) -> list[PriceGroup]:
    """The children of a plan by what is done for them."""
    found = []
    for step, title, colour in GROUPS:
        theirs = [decision for decision in plan.decisions if decision.step is step]
        theirs.sort(key=lambda decision: decision.position or 0)
        children = [PricedChild(full_name(d), plan.because(d)) for d in theirs]
        if children:
            found.append(PriceGroup(title, colour, children, step is Step.WAIT))
    return found


def full_name(decision: Decision) -> str:
    """A child's name as a list of people has it; for a missing child the profile's."""
    source = decision.child or decision.profile
    return f"{source.details.first_name} {source.details.last_name}".strip() if source else ""


def does(number: int, plan: Plan | None) -> str:
    """What the button says."""
    text = f"Pay for {count(number, 'child', 'children')}"
    if plan is None:
        return text
    counts = plan.counts()
    parts = [
        (counts[Step.CREATE], "create {} profile", "create {} profiles"),
        (counts[Step.RESTORE], "restore {}", "restore {}"),
        (counts[Step.ARCHIVE], "archive {}", "archive {}"),
    ]
    said = [(one if n == 1 else many).format(n) for n, one, many in parts if n]
    return ", ".join([text, *said[:-1]]) + f" and {said[-1]}" if said else text
