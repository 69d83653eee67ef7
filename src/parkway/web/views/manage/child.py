"""Manage: one child's page, adding a child, changing the details."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from parkway.domain import ACTIONS, Conflict, Invalid, NotFound, Status, Step
from parkway.engine import wording
from parkway.manage import listing, verbs
from parkway.manage.models import Booking
from parkway.sync.queries import impact
from parkway.tenancy.models import Service
from parkway.tenancy.people import Permission
from parkway.web import idempotency
from parkway.web.access import Visit, at_service
from parkway.web.errors import add_to
from parkway.web.middleware import typed
from parkway.web.presenters import change_history, manage_changes
from parkway.web.presenters.booking_timeline import booking_timeline
from parkway.web.views.history import MANAGE, whole_history
from parkway.web.views.manage.forms import DAYS, ChildForm

KEY = (
    ("booked", "confirmed"),
    ("offered", "offered"),
    ("cancelled", "cancelled"),
    ("window", "active window"),
)
TELLS = {*ACTIONS, Step.WAIT, Step.NEEDS_REVIEW}
"""What the next run does that is worth a line on the child's page."""


@require_safe
@at_service()
def show(request: HttpRequest, visit: Visit, child: int) -> HttpResponse:
    """The child's record: status and what it rests on, details, bookings, and Storypark beside (R13)."""
    now = timezone.now()
    today = visit.service.today(now)
    found = manage_changes.the_record(visit, child, now)
    integration = impact.syncing(visit.service)
    pending = manage_changes.pending(visit, found.child, now)
    return render(
        request,
        "web/manage/child.html",
        {
            "record": found,
            "child": found.child,
            "bookings": [row(booking) for booking in found.bookings],
            "strip": booking_timeline(found.bookings, today, visit.service.window, found.child.next_change),
            "key": KEY,
            "becomes": (Status.INACTIVE if found.child.status == Status.ACTIVE else Status.ACTIVE).value,
            "back": wording.width(visit.service.window.lookback),
            "ahead": wording.width(visit.service.window.lookahead),
            "today": today,
            "here": impact.in_storypark(integration, found.child.reference, now) if integration else None,
            "pending": pending if pending and (pending.step is None or pending.step in TELLS) else None,
            "next_run": manage_changes.next_run(visit, now),
            "changes": change_history.latest(visit.service, change_history.CHILD, found.child.reference),
        },
    )


@require_safe
@at_service()
def history(request: HttpRequest, visit: Visit, child: int) -> HttpResponse:
    """Everything that people changed in the child's details and bookings."""
    found = manage_changes.the_record(visit, child, timezone.now()).child
    back = reverse("manage-child", args=[visit.service.slug, child])
    return whole_history(
        request, visit, change_history.CHILD, found.reference, of=str(found), back=back, base=MANAGE
    )


def row(booking: Booking) -> dict[str, Any]:
    """A booking as the table shows it."""
    return {
        "booking": booking,
        "kind": booking.kind,
        "days": _listed([DAYS[day] for day in booking.weekdays.split(";") if day]),
        "one_day": booking.starts_on == booking.ends_on,
        "state": booking.state,
        "offered": booking.state == "offered",
        "counts": booking.state != "cancelled",
    }


def _listed(words: Sequence[str]) -> str:
    """Monday, Tuesday and Friday."""
    return " and ".join(filter(None, [", ".join(words[:-1]), *words[-1:]]))


@require_http_methods(["GET", "HEAD", "POST"])
@at_service(Permission.CHANGE_MANAGE)
def add(request: HttpRequest, visit: Visit) -> HttpResponse:
    """A new child."""
    now = timezone.now()
    rooms = listing.room_names(visit.service)
    form = ChildForm(rooms, request.POST if request.method == "POST" else typed(request))
    if request.method == "POST" and form.is_valid():
        try:
            with idempotency.once(request, to=reverse("manage-children", args=[visit.service.slug])):
                child = verbs.enrol(visit.service, form.details(), by=visit.by, now=now)
        except (Conflict, Invalid) as refused:
            add_to(form, refused, name="new_room")
        else:
            manage_changes.flash_impact(
                request,
                visit,
                child,
                f"{child} was added. Add a booking next, so that {child} is Active.",
                now,
            )
            return redirect("manage-child", visit.service.slug, child.pk)
    return render(request, "web/manage/child_form.html", {"form": form})


@require_http_methods(["GET", "HEAD", "POST"])
@at_service(Permission.CHANGE_MANAGE)
def edit(request: HttpRequest, visit: Visit, child: int) -> HttpResponse:
    """Change a child's details; what is synced reaches the profile at the next run (D11)."""
    now = timezone.now()
    found = manage_changes.the_record(visit, child, now)
    rooms = listing.room_names(visit.service)
    before = found.child.details.by_name() | {"rooms": found.rooms}
    form = ChildForm(rooms, request.POST if request.method == "POST" else typed(request), initial=before)
    if request.method == "POST" and form.is_valid():
        try:
            verbs.amend(found.child, by=visit.by, now=now, **form.details().by_name())
        except (Conflict, Invalid) as refused:
            add_to(form, refused, name="new_room")
        else:
            manage_changes.flash_impact(request, visit, found.child, "The details were saved.", now)
            return redirect("manage-child", visit.service.slug, child)
    context = {"form": form, "child": found.child, "next_run": manage_changes.next_run(visit, now)}
    return render(request, "web/manage/child_form.html", context)


@require_safe
@login_required
def managed(request: HttpRequest, service_id: int, child_id: str) -> HttpResponse:
    """To the child that a profile's "managed in Manage" leads to (R14)."""
    service = Service.objects.filter(pk=service_id).first()
    if service is None:
        raise Http404("There is no such service.")
    return _send_on(request, slug=service.slug, child_id=child_id)


@at_service()
def _send_on(request: HttpRequest, visit: Visit, child_id: str) -> HttpResponse:
    try:
        child = verbs.find_child(visit.service, child_id)
    except NotFound:
        messages.warning(
            request, "Manage no longer lists the child of this profile. The Syncing page shows what to do."
        )
        return redirect("manage-children", visit.service.slug)
    return redirect("manage-child", visit.service.slug, child.pk)
