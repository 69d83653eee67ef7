"""One child on the integrations settings page: why, the history, and what a person may choose."""

from __future__ import annotations

import json
from datetime import date

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from parkway.domain import ChoiceKind, Conflict, Invalid, NotFound
from parkway.manage.models import Child
from parkway.storypark.models import Profile
from parkway.sync import integrations
from parkway.sync.commands import choices
from parkway.sync.models import Entry
from parkway.sync.queries import children, explain
from parkway.sync.queries.children import ChildRow
from parkway.tenancy.people import Permission
from parkway.tenancy.scope import scope
from parkway.web.access import Visit, at_service
from parkway.web.errors import flash_refused
from parkway.web.middleware import typed
from parkway.web.presenters.journal_entries import describe

KINDS = {
    "new": ChoiceKind.NEW,
    "dont-add": ChoiceKind.DONT_ADD,
    "keep": ChoiceKind.KEEP,
    "archive": ChoiceKind.ARCHIVE,
}


class OnDay(forms.Form):
    """A day in the past to ask about."""

    on = forms.DateField(label="On", widget=forms.DateInput(attrs={"type": "date"}))


@require_safe
@at_service()
def why(request: HttpRequest, visit: Visit, child_id: str) -> HttpResponse:
    """Why the child has a live profile or not, now or at the end of a day; and what a person may do (B2)."""
    everybody = children.child_table(integrations.integration_of(visit.service), timezone.now())
    row = next((row for row in everybody.rows if row.child_id == child_id), None)
    known = explain.why(visit.service, child_id)
    if row is None and known is None:
        raise NotFound("There is no such child at this service.")
    on = OnDay(request.GET if "on" in request.GET else None)
    asked = on.cleaned_data["on"] if on.is_bound and on.is_valid() else None
    context = {
        "row": row,
        "child_id": child_id,
        "entry": known,
        "on": on,
        "asked": asked,
        "then": explain.why(visit.service, child_id, asked) if asked else None,
        "history": [describe(entry) for entry in explain.history(visit.service, child_id)],
        "profile": _profile(visit, row),
        "child": _child(visit, child_id),
    }
    if row is not None:
        context |= _answers(visit, row, known, everybody)
        context["typed"] = typed(request, reverse("choose", args=[visit.service.slug, child_id]))
    return render(request, "web/integrations/why.html", context)


def _child(visit: Visit, child_id: str) -> Child | None:
    """The child in Manage, where the service's children are there."""
    if not visit.roster_here:
        return None
    return scope(Child, visit.service).filter(reference=child_id).first()


def _profile(visit: Visit, row: ChildRow | None) -> Profile | None:
    """The profile in Storypark, where the service's profiles are there, for who may see it."""
    if row is None or not row.profile_id or not visit.may_see_storypark or not visit.profiles_here:
        return None
    return scope(Profile, visit.service).filter(reference=row.profile_id).first()


def _answers(
    visit: Visit, row: ChildRow, entry: Entry | None, everybody: children.ChildTable
) -> dict[str, object]:
    """What there is to choose from: the profiles alike, or the children a lost one may be."""
    if not row.needs_a_person or entry is None:
        return {}
    if row.missing:
        free = [other for other in everybody.rows if not other.profile_id and not other.missing]
        return {"others": free}
    asked = json.loads(entry.facts).get("profiles") or []
    found = scope(Profile, visit.service).filter(reference__in=asked).prefetch_related("rooms")
    return {"alike": found.exclude(state="deleted").order_by("reference")}


@require_POST
@at_service(Permission.CHANGE_INTEGRATION)
def choose(request: HttpRequest, visit: Visit, child_id: str) -> HttpResponse:
    """Carry out what a person chose for the child; the next run, asked for at once, does the rest."""
    try:
        said = _choose(request, visit, child_id)
    except (NotFound, Conflict, Invalid) as refused:
        flash_refused(request, refused)
    else:
        messages.success(request, said)
    return redirect("why", visit.service.slug, child_id)


def _choose(request: HttpRequest, visit: Visit, child_id: str) -> str:
    service, by, now = visit.service, visit.by, timezone.now()
    answer, _, rest = request.POST.get("answer", "").partition(":")
    if answer == "release":
        choices.release(service, child_id, by, now)
        return "The rules decide again, from the next run on."
    if answer == "keep-until":
        day = _day(request.POST.get("until", ""))
        choices.keep_until(service, child_id, day, by, now)
        return "The profile is kept until that day, that day included."
    if answer == "no-longer":
        choices.keep_until(service, child_id, None, by, now)
        return "The profile is kept no longer than the rules say."
    if answer == "profile":
        choices.choose(service, child_id, ChoiceKind.PROFILE, by, now, rest)
        return "This profile is the child's now."
    if answer == "move":
        choices.move_link(service, child_id, request.POST.get("to", ""), by, now)
        return "The profile belongs to the other child now."
    if answer not in KINDS:
        raise Invalid("Choose one of the answers first. Nothing was changed.", fields=("answer",))
    choices.choose(service, child_id, KINDS[answer], by, now)
    return "Your choice is saved. The next run carries it out."


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Invalid("Choose the day until which the profile is to be kept.", fields=("until",)) from None
