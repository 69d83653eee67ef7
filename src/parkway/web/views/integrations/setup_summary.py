"""Set-up, steps 2 and 3: the rooms; then check your answers, priced in spaces, and start (R1, B1, D23)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone

from parkway.domain import ChoiceKind, Conflict, Decision, EndNames, Step
from parkway.sync.commands import changes, setup_choices
from parkway.sync.models import Run, RunState, Trigger
from parkway.sync.queries import plan_diff, setup_lists
from parkway.tenancy.scope import scope
from parkway.web.access import Visit, at_service
from parkway.web.errors import flash_refused
from parkway.web.views.integrations.setup_access import in_set_up

SHOWN = "setup-shown"


@dataclass(frozen=True, slots=True)
class SummaryPart:
    """The children of the plan for whom the same happens."""

    title: str
    text: str
    decisions: Sequence[Decision]
    takes_space: bool = False


PARTS = {
    Step.LINK: ("Linked to a live profile", "Everything in the profile stays. It takes no new space.", False),
    Step.RESTORE: ("Archived profile restored", "The same profile comes back with everything in it.", True),
    Step.CREATE: (
        "New profile created",
        "Nothing in {0.profiles} is alike, or you asked for a new one.",
        True,
    ),
    Step.WAIT: ("Wait for a space", "In this order. They come in as soon as the plan has spaces.", False),
    Step.NEEDS_REVIEW: ("Need a person", "Nothing happens for them until somebody chooses.", False),
    Step.UPDATE: ("Updated", "Linked already; details change to what {0.roster} says.", False),
    Step.NO_CHANGE: ("Stay as they are", "Linked already and up to date.", False),
    Step.ARCHIVE: ("Profile archived", "Linked already, and no longer available.", False),
}


class RoomMatchForm(forms.Form):
    """Which room of the profiles' end a room of the roster is."""

    room = forms.CharField(max_length=64)
    target = forms.CharField(max_length=64, required=False)


@in_set_up
def rooms(request: HttpRequest, visit: Visit) -> HttpResponse:
    """The rooms of the roster, each with what happens to it (D21)."""
    now = timezone.now()
    if request.method == "POST":
        form = RoomMatchForm(request.POST)
        if form.is_valid():
            room, target = form.cleaned_data["room"], form.cleaned_data["target"]
            try:
                setup_choices.place_room(visit.service, room, target, visit.by, now)
                there = visit.names.profiles
                messages.success(request, f"Saved. The room changes in {there} when syncing starts.")
            except Conflict as refused:
                flash_refused(request, refused)
        return redirect("setup-rooms", visit.service.slug)
    lists = setup_lists.setup_lists(visit.service, now)
    context = {
        "at": "rooms",
        "rooms": setup_lists.rooms(lists),
        "free": setup_lists.free_rooms(visit.service, lists, now),
        "new": setup_choices.NEW,
        "editable": visit.may_change_integration,
    }
    return render(request, "web/integrations/setup_rooms.html", context)


@in_set_up
def summary(request: HttpRequest, visit: Visit) -> HttpResponse:
    """Check your answers; starting applies exactly what this page showed, or shows what changed (B1)."""
    if request.method != "POST":
        return _show(request, visit, setup_lists.setup_lists(visit.service, timezone.now()))
    now, fingerprint = timezone.now(), request.POST.get("fingerprint", "")
    try:
        changes.confirm(visit.service, changes.StartSyncing(), fingerprint, visit.by, now)
    except changes.PlanChanged as changed:
        shown = request.session.get(SHOWN, {})
        known = shown.get("fingerprint") == fingerprint
        differences = plan_diff.differences(shown, changed.plan) if known and changed.plan else []
        return _show(request, visit, setup_lists.setup_lists(visit.service, now), differences, stale=True)
    except Conflict as refused:
        flash_refused(request, refused)
        return redirect("setup-summary", visit.service.slug)
    request.session.pop(SHOWN, None)
    return redirect("setup-done", visit.service.slug)


def _show(
    request: HttpRequest,
    visit: Visit,
    lists: setup_lists.SetUpLists,
    differences: Sequence[plan_diff.Difference] = (),
    stale: bool = False,
) -> HttpResponse:
    missing = [row for row in lists.rows if not row.chosen]
    shown = None if missing else changes.preview(visit.service, changes.StartSyncing(), timezone.now())
    plan = shown or lists.plan  # which cannot be confirmed yet
    spaces = plan.spaces
    request.session[SHOWN] = plan_diff.outline(plan)
    parts = _parts(plan.decisions, visit.names)
    needed = sum(len(part.decisions) for part in parts if part.takes_space) + spaces.waiting
    not_added = [row.child for row in lists.rows if row.made and row.made.choice.kind is ChoiceKind.DONT_ADD]
    listed = {row.child.child_id for row in lists.rows}
    away = [d for d in plan.decisions if d.step is Step.LEAVE_OUT and d.child_id not in listed]
    context = {
        "at": "summary",
        "plan": plan,
        "parts": parts,
        "not_added": not_added,
        "away": len(away),
        "missing": missing,
        "total": len(lists.rows),
        "spaces": spaces,
        "needed": needed,
        "free": max(0, spaces.paid_children - spaces.live),
        "short": spaces.waiting,
        "new_rooms": [room for room in setup_lists.rooms(lists) if room.target_id is None],
        "renamed_rooms": [room for room in setup_lists.rooms(lists) if room.renamed_from],
        "untouched": len(lists.untouched),
        "differences": differences,
        "stale": stale,
        "editable": visit.may_change_integration,
    }
    return render(request, "web/integrations/setup_summary.html", context)


def _parts(decisions: Sequence[Decision], names: EndNames) -> list[SummaryPart]:
    found = []
    for step, (title, text, takes_space) in PARTS.items():
        these = [decision for decision in decisions if decision.step is step]
        if step is Step.WAIT:
            these.sort(key=lambda decision: decision.position or 0)
        else:
            these.sort(key=lambda decision: decision.called.casefold())
        if these:
            found.append(SummaryPart(title, text.format(names), these, takes_space))
    return found


@at_service()
def done(request: HttpRequest, visit: Visit) -> HttpResponse:
    """What the first run did, and what happens next (R15)."""
    run = scope(Run, visit.service).filter(trigger=Trigger.SETUP).order_by("-at", "-pk").first()
    if run is None:
        return redirect("setup", visit.service.slug)
    context = {
        "run": run,
        "went_well": run.state == RunState.DONE,
        "did": [
            (PARTS[step][0], run.counts.get(step.value, 0)) for step in PARTS if run.counts.get(step.value, 0)
        ],
    }
    return render(request, "web/integrations/setup_done.html", context)
