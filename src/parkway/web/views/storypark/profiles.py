"""Storypark: the profiles of a service, each with its stories, its synced fields, and why it is here."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.views.decorators.http import require_http_methods, require_safe

from parkway.domain import Conflict, Details, Invalid, ProfileState
from parkway.storypark import listing, verbs
from parkway.storypark.models import ArchivedBy
from parkway.sync import integrations
from parkway.sync.queries import explain
from parkway.tenancy.models import Service, Subject
from parkway.tenancy.people import Permission
from parkway.web import idempotency
from parkway.web.access import Visit, at_service
from parkway.web.details_form import DetailsForm
from parkway.web.errors import add_to
from parkway.web.middleware import typed
from parkway.web.paging import page_of
from parkway.web.presenters import change_history
from parkway.web.presenters.journal_entries import describe
from parkway.web.searching import searchable, searched
from parkway.web.views.history import STORYPARK, whole_history

OUR_TIME = range(1900, 2200)
LIVE, ARCHIVED = ProfileState.LIVE.value, ProfileState.ARCHIVED.value


@at_service(Permission.SEE_STORYPARK)
@searchable
@require_safe
def index(request: HttpRequest, visit: Visit) -> HttpResponse:
    """Live and archived profiles (R14), found by name and room."""
    state = ARCHIVED if request.GET.get("show") == ARCHIVED else LIVE
    asked = {"search": searched(request), "room": request.GET.get("room", "")}
    found = listing.profiles(visit.service, state, **asked)
    return render(
        request,
        "web/storypark/children.html",
        {
            "page": page_of(request, found),
            "asked": asked,
            "state": state,
            "counts": listing.counts(visit.service),
            "rooms": listing.rooms(visit.service),
            "syncing": integrations.is_on(visit.service),
        },
    )


@require_safe
@at_service(Permission.SEE_STORYPARK)
def profile(request: HttpRequest, visit: Visit, number: int) -> HttpResponse:
    """A profile: its stories, its fields, and for a linked child why it is here, or was archived (B2)."""
    one = listing.profile(visit.service, number)
    child_id = explain.child_of(visit.service, one.reference)
    on = parse_on(request.GET.get("on", ""))
    stood = explain.why(visit.service, child_id, on) if child_id is not None else None
    decisions = explain.history(visit.service, child_id) if child_id is not None else []
    return render(
        request,
        "web/storypark/profile.html",
        {
            "profile": one,
            "stories": listing.stories(visit.service).filter(profiles=one),
            "syncing": integrations.is_on(visit.service),
            "by_syncing": one.archived_by == ArchivedBy.INTEGRATION,
            "by_set_up": one.archived_by == ArchivedBy.SET_UP,
            "by_hand": one.archived_by == ArchivedBy.PERSON,
            "on": on,
            "child_id": child_id,
            "why": stood,
            "history": [describe(entry) for entry in decisions],
            "changes": change_history.latest(visit.service, [Subject.PROFILE], one.reference),
        },
    )


@require_safe
@at_service(Permission.SEE_STORYPARK)
def history(request: HttpRequest, visit: Visit, number: int) -> HttpResponse:
    """Everything that people changed in a profile."""
    one = listing.profile(visit.service, number)
    back = reverse("storypark-child", args=[visit.service.slug, number])
    return whole_history(
        request, visit, [Subject.PROFILE], one.reference, of=str(one), back=back, base=STORYPARK
    )


def parse_on(text: str) -> date | None:
    """The day in an address; nothing for what is no day, or none of our time."""
    try:
        found = parse_date(text)
    except ValueError:
        return None
    return found if found and found.year in OUR_TIME else None


def _form(service: Service, data: QueryDict | None, **more: Any) -> DetailsForm:
    """The form of the details of a profile of this service."""
    return DetailsForm([room.name for room in listing.rooms(service)], data, **more)


@require_http_methods(["GET", "HEAD", "POST"])
@at_service(Permission.CHANGE_PROFILES)
def add(request: HttpRequest, visit: Visit) -> HttpResponse:
    """A new profile made by hand, where no integration makes them."""
    form = _form(visit.service, request.POST if request.method == "POST" else typed(request))
    if request.method == "POST" and form.is_valid():
        try:
            with idempotency.once(request, to=reverse("storypark-children", args=[visit.service.slug])):
                made = verbs.create_profile(
                    visit.service, Details.of(form.values), by=visit.by, now=timezone.now()
                )
        except (Conflict, Invalid) as refused:
            add_to(form, refused)
        else:
            messages.success(request, f"{made} has a profile now. Write the first story.")
            return redirect("storypark-child", visit.service.slug, made.pk)
    syncing = integrations.is_on(visit.service)
    return render(request, "web/storypark/details.html", {"form": form, "syncing": syncing})


@require_http_methods(["GET", "HEAD", "POST"])
@at_service(Permission.CHANGE_PROFILES)
def edit(request: HttpRequest, visit: Visit, number: int) -> HttpResponse:
    """Change the details of a profile that is not managed elsewhere (R14)."""
    one = listing.profile(visit.service, number)
    verbs.require_unmanaged(one, "changed")
    before = {**one.details.by_name(), "rooms": [room.name for room in one.rooms.all()]}
    data = request.POST if request.method == "POST" else typed(request)
    form = _form(visit.service, data, initial=before)
    if request.method == "POST" and form.is_valid():
        try:
            verbs.amend_profile(one, by=visit.by, now=timezone.now(), **form.values)
        except (Conflict, Invalid) as refused:
            add_to(form, refused)
        else:
            messages.success(request, f"The details of {one} were saved.")
            return redirect("storypark-child", visit.service.slug, one.pk)
    return render(request, "web/storypark/details.html", {"form": form, "profile": one})


@require_http_methods(["GET", "HEAD", "POST"])
@at_service(Permission.CHANGE_PROFILES)
def archive(request: HttpRequest, visit: Visit, number: int) -> HttpResponse:
    """Archive by hand a profile that is not managed elsewhere, after saying what that does."""
    one = listing.profile(visit.service, number)
    verbs.require_unmanaged(one, "archived")
    if request.method == "POST":
        verbs.archive_profile(one, by=visit.by, now=timezone.now())
        messages.success(request, f"{one} is archived. Everything in the profile is kept.")
        return redirect("storypark-child", visit.service.slug, one.pk)
    return render(request, "web/storypark/archive.html", {"profile": one, "stories": one.stories.count()})


@require_http_methods(["GET", "HEAD", "POST"])
@at_service(Permission.CHANGE_PROFILES)
def restore(request: HttpRequest, visit: Visit, number: int) -> HttpResponse:
    """Restore by hand a profile that is not managed elsewhere; it takes a space (D4)."""
    one = listing.profile(visit.service, number)
    verbs.require_unmanaged(one, "restored")
    if request.method == "POST":
        verbs.restore_profile(one, by=visit.by, now=timezone.now())
        messages.success(request, f"{one} is live again, with everything in the profile.")
        return redirect("storypark-child", visit.service.slug, one.pk)
    free = verbs.account(visit.service).paid_children - verbs.live_profiles(visit.service)
    return render(request, "web/storypark/restore.html", {"profile": one, "free": free, "after": free - 1})
