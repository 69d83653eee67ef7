"""Manage: rooms."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from parkway.domain import Conflict, Invalid
from parkway.manage import listing, verbs
from parkway.manage.models import Room
from parkway.sync.queries import impact
from parkway.tenancy.people import Permission
from parkway.tenancy.scope import the_one
from parkway.web.access import Denied, Visit, at_service
from parkway.web.errors import add_to
from parkway.web.middleware import typed
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
            room = verbs.add_room(visit.service, form.cleaned_data["name"])
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
            verbs.rename_room(found, form.cleaned_data["name"])
        except (Conflict, Invalid) as refused:
            add_to(form, refused)
        else:
            messages.success(request, f"The room is called {found} now.")
            return redirect("manage-rooms", visit.service.slug)
    context = {"form": form, "room": found, "syncing": impact.syncing(visit.service) is not None}
    return render(request, "web/manage/room.html", context)
