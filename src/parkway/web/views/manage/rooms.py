"""Manage: rooms."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from parkway.domain import Conflict, Invalid
from parkway.manage import listing, verbs
from parkway.manage.models import Room
from parkway.sync.queries import impact
from parkway.tenancy.models import Subject
from parkway.tenancy.people import Permission
from parkway.tenancy.scope import the_one
from parkway.web.access import Denied, Visit, at_service
from parkway.web.errors import add_to
from parkway.web.middleware import typed
from parkway.web.presenters import change_history
from parkway.web.views.history import MANAGE, whole_history
from parkway.web.views.manage.forms import ManageRoomForm


@require_http_methods(["GET", "HEAD", "POST"])
@at_service()
def index(request: HttpRequest, visit: Visit) -> HttpResponse:
    """The rooms and how many children are in each; adding one."""
    if request.method == "POST" and not visit.may_change_manage:
        raise Denied(visit, Permission.CHANGE_MANAGE)
    form = ManageRoomForm(request.POST if request.method == "POST" else typed(request))
    if request.method == "POST" and form.is_valid():
        try:
            room = verbs.add_room(visit.service, form.cleaned_data["name"], by=visit.by, now=timezone.now())
        except (Conflict, Invalid) as refused:
            add_to(form, refused)
        else:
            messages.success(request, f"The room {room} was added.")
            return redirect("manage-rooms", visit.service.slug)
    rooms = listing.rooms(visit.service)
    return render(request, "web/manage/rooms.html", {"rooms": rooms, "form": form})


@require_http_methods(["GET", "HEAD", "POST"])
@at_service(Permission.CHANGE_MANAGE)
def rename(request: HttpRequest, visit: Visit, room: int) -> HttpResponse:
    """Another name for a room; in Storypark the room is renamed too (D21)."""
    found = the_one(Room, visit.service, pk=room)
    form = ManageRoomForm(
        request.POST if request.method == "POST" else typed(request), initial={"name": found.name}
    )
    if request.method == "POST" and form.is_valid():
        try:
            verbs.rename_room(found, form.cleaned_data["name"], by=visit.by, now=timezone.now())
        except (Conflict, Invalid) as refused:
            add_to(form, refused)
        else:
            messages.success(request, f"The room is called {found} now.")
            return redirect("manage-rooms", visit.service.slug)
    context = {
        "form": form,
        "room": found,
        "syncing": impact.syncing(visit.service) is not None,
        "changes": change_history.latest(visit.service, [Subject.MANAGE_ROOM], str(room)),
    }
    return render(request, "web/manage/room.html", context)


@require_safe
@at_service(Permission.CHANGE_MANAGE)
def history(request: HttpRequest, visit: Visit, room: int) -> HttpResponse:
    """Everything that people changed in a room."""
    found = the_one(Room, visit.service, pk=room)
    back = reverse("manage-room", args=[visit.service.slug, room])
    return whole_history(
        request, visit, [Subject.MANAGE_ROOM], str(room), of=found.name, back=back, base=MANAGE
    )
