"""Manage: bookings. What a change will do in Manage and in Storypark is shown before it is made."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

from django import forms
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from parkway import domain
from parkway.domain import BookingKind, BookingState, Conflict, Invalid
from parkway.manage import listing, preview, record, verbs
from parkway.manage.models import Booking
from parkway.manage.preview import Preview
from parkway.tenancy.people import Permission
from parkway.web import idempotency
from parkway.web.access import Visit, at_service
from parkway.web.errors import add_to
from parkway.web.middleware import typed
from parkway.web.presenters import manage_changes
from parkway.web.templatetags.parkway import day
from parkway.web.views.manage.child import row
from parkway.web.views.manage.forms import BookingForm, EndForm

CHANGE, SURE = "change", "sure"
"""The buttons of the page between typing and doing."""


@require_http_methods(["GET", "HEAD", "POST"])
@at_service(Permission.CHANGE_MANAGE)
def book(request: HttpRequest, visit: Visit, child: int, kind: str) -> HttpResponse:
    """A new booking: typed, then shown with what follows from it, then made."""
    if kind not in list(BookingKind):
        raise Http404("There is no such kind of booking.")
    now, kind_ = timezone.now(), BookingKind(kind)
    today = visit.service.today(now)
    found = manage_changes.the_record(visit, child, now).child
    rooms = listing.rooms(visit.service)
    form = BookingForm(kind_, rooms, request.POST if request.method == "POST" else typed(request))
    title = f"Add a {kind} booking for {found}"
    if request.method == "POST" and form.is_valid() and CHANGE not in request.POST:
        wanted = _wanted(kind_, form.cleaned_data)
        try:
            period = verbs.check_period(*wanted)
            if SURE not in request.POST:
                context = manage_changes.before(visit, found, preview.booked(found, today, period), now)
                context |= {"title": title, "button": "Add this booking", "facts": _facts(form)}
                return render(request, "web/manage/change.html", context | _sent_again(request, form))
            more = {"weekdays": form.cleaned_data.get("weekdays", ()), "room": form.cleaned_data["room"]}
            more |= {"by": visit.by, "now": now}
            with idempotency.once(request, to=reverse("manage-child", args=[visit.service.slug, child])):
                verbs.book(found, wanted.starts_on, wanted.ends_on, kind_, wanted.state, **more)
        except (Conflict, Invalid) as refused:
            add_to(form, refused)
        else:
            manage_changes.flash_impact(request, visit, found, "The booking was added.", now)
            return redirect("manage-child", visit.service.slug, child)
    context = {"form": form, "child": found, "title": title, "button": "Continue"}
    return render(request, "web/manage/typing.html", context)


def _wanted(kind: BookingKind, typed_: dict[str, Any]) -> domain.Booking:
    return domain.Booking(kind, BookingState(typed_["state"]), typed_["starts_on"], typed_["ends_on"])


@require_http_methods(["GET", "HEAD", "POST"])
@at_service(Permission.CHANGE_MANAGE)
def end(request: HttpRequest, visit: Visit, child: int, booking: int) -> HttpResponse:
    """Let a booking end on another day."""
    now = timezone.now()
    today = visit.service.today(now)
    found = record.find_booking(visit.service, child, booking)
    given = request.POST if request.method == "POST" else typed(request)
    form = EndForm(found, given, initial={"ends_on": found.ends_on})
    title = f"End a booking of {found.child}"
    if request.method == "POST" and form.is_valid() and CHANGE not in request.POST:
        ends_on = form.cleaned_data["ends_on"]
        try:
            verbs.check_period(*preview.period(found)._replace(ends_on=ends_on))
            if SURE not in request.POST:
                context = manage_changes.before(
                    visit, found.child, preview.ending(found, ends_on, today), now
                )
                context |= {"title": title, "button": _end_button(ends_on), "facts": _facts(form)}
                return render(request, "web/manage/change.html", context | _sent_again(request, form))
            verbs.end_booking(found, ends_on, by=visit.by, now=now)
        except (Conflict, Invalid) as refused:
            add_to(form, refused)
        else:
            manage_changes.flash_impact(request, visit, found.child, "The booking was changed.", now)
            return redirect("manage-child", visit.service.slug, child)
    context = {"form": form, "child": found.child, "title": title, "button": "Continue", "row": row(found)}
    return render(request, "web/manage/typing.html", context)


def _end_button(ends_on: date | None) -> str:
    return f"End the booking on {day(ends_on)}" if ends_on else "Let the booking go on without an end"


@require_http_methods(["GET", "HEAD", "POST"])
@at_service(Permission.CHANGE_MANAGE)
def confirm(request: HttpRequest, visit: Visit, child: int, booking: int) -> HttpResponse:
    """Confirm an offered booking."""
    found = record.find_booking(visit.service, child, booking)
    title = f"Confirm a booking of {found.child}?"
    return _ask(
        request, visit, found, preview.confirmed, verbs.confirm, (title, "Confirm this booking", "confirmed")
    )


@require_http_methods(["GET", "HEAD", "POST"])
@at_service(Permission.CHANGE_MANAGE)
def cancel(request: HttpRequest, visit: Visit, child: int, booking: int) -> HttpResponse:
    """Cancel a booking."""
    found = record.find_booking(visit.service, child, booking)
    title = f"Cancel a booking of {found.child}?"
    return _ask(
        request, visit, found, preview.cancelled, verbs.cancel, (title, "Cancel this booking", "cancelled")
    )


def _ask(
    request: HttpRequest,
    visit: Visit,
    booking: Booking,
    foresee: Callable[[Booking, date], Preview],
    verb: Callable[..., None],
    words: tuple[str, str, str],
) -> HttpResponse:
    """Show what will happen; do it when it is sent."""
    now = timezone.now()
    today = visit.service.today(now)
    title, button, done = words
    if request.method == "POST":
        verb(booking, by=visit.by, now=now)
        manage_changes.flash_impact(request, visit, booking.child, f"The booking was {done}.", now)
        return redirect("manage-child", visit.service.slug, booking.child_id)
    context = manage_changes.before(visit, booking.child, foresee(booking, today), now)
    context |= {"title": title, "button": button, "row": row(booking), "danger": done == "cancelled"}
    return render(request, "web/manage/change.html", context)


def _sent_again(request: HttpRequest, form: forms.Form) -> dict[str, Any]:
    """What was typed, to go along with the answer."""
    sent = [(name, value) for name in form.fields for value in request.POST.getlist(name)]
    return {"sent": sent, "sure": SURE, "change": CHANGE}


def _facts(form: forms.Form) -> list[tuple[str, str]]:
    """What was typed, to be read once more."""
    facts = []
    for name, field in form.fields.items():
        value = form.cleaned_data[name]
        if isinstance(field, forms.ChoiceField) and not isinstance(field, forms.ModelChoiceField):
            chosen = value if isinstance(value, list) else [value]
            text = ", ".join(str(label) for key, label in field.choices if key in chosen)  # type: ignore[union-attr, misc]
        elif isinstance(value, date):
            text = day(value)
        else:
            text = str(value) if value else ""
        label = "State" if name == "state" else field.label or name.replace("_", " ").capitalize()
        facts.append((str(label), text or "none"))
    return facts
