"""Storypark: the rooms of a service."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from parkway.domain import Conflict, Invalid
from parkway.storypark import listing, verbs
from parkway.storypark.models import Room
from parkway.tenancy.models import Subject
from parkway.tenancy.people import Permission
from parkway.tenancy.scope import the_one
from parkway.web.access import Visit, at_service
from parkway.web.errors import add_to
from parkway.web.middleware import typed
from parkway.web.presenters import change_history
from parkway.web.views.history import STORYPARK, whole_history


class StoryparkRoomForm(forms.Form):
    """A room's name."""

    name = forms.CharField(label="Name of the room", max_length=100)


@require_http_methods(["GET", "HEAD", "POST"])
@at_service(Permission.SEE_STORYPARK)
def index(request: HttpRequest, visit: Visit) -> HttpResponse:
    """The rooms, with a form for a new one where they are not managed elsewhere (R14)."""
    form = StoryparkRoomForm(request.POST if request.method == "POST" else typed(request))
    if request.method == "POST" and form.is_valid():
        name = form.cleaned_data["name"]
        try:
            verbs.add_room(visit.service, name, by=visit.by, now=timezone.now())
        except (Conflict, Invalid) as refused:
            add_to(form, refused)
        else:
            messages.success(request, f"The room {name} was added.")
            return redirect("storypark-rooms", visit.service.slug)
    more = {"form": form, "rooms": listing.rooms(visit.service)}
    return render(request, "web/storypark/rooms.html", {**more, **_managed(visit)})


@require_http_methods(["GET", "HEAD", "POST"])
@at_service(Permission.CHANGE_PROFILES)
def rename(request: HttpRequest, visit: Visit, number: int) -> HttpResponse:
    """Give a room another name."""
    room = the_one(Room, visit.service, pk=number)
    data = request.POST if request.method == "POST" else typed(request)
    form = StoryparkRoomForm(data, initial={"name": room.name})
    if request.method == "POST" and form.is_valid():
        try:
            verbs.rename_room(room, form.cleaned_data["name"], by=visit.by, now=timezone.now())
        except (Conflict, Invalid) as refused:
            add_to(form, refused)
        else:
            messages.success(request, f"The room is called {room.name} now.")
            return redirect("storypark-rooms", visit.service.slug)
    changes = change_history.latest(visit.service, [Subject.STORYPARK_ROOM], str(number))
    context = {"form": form, "room": room, "changes": changes, **_managed(visit)}
    return render(request, "web/storypark/room.html", context)


@require_safe
@at_service(Permission.CHANGE_PROFILES)
def history(request: HttpRequest, visit: Visit, number: int) -> HttpResponse:
    """Everything that people changed in a room."""
    room = the_one(Room, visit.service, pk=number)
    back = reverse("storypark-room", args=[visit.service.slug, number])
    return whole_history(
        request, visit, [Subject.STORYPARK_ROOM], str(number), of=room.name, back=back, base=STORYPARK
    )


def _managed(visit: Visit) -> dict[str, Any]:
    return {"managed": verbs.is_managed_elsewhere(visit.service)}
