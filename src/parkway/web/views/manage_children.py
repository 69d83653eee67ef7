"""Manage: the children of a service."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from parkway.manage import listing
from parkway.manage.models import Room
from parkway.tenancy.scope import scope
from parkway.web.access import Visit, at_service
from parkway.web.paging import page_of
from parkway.words import Status


@at_service()
def index(request: HttpRequest, visit: Visit) -> HttpResponse:
    """All children with their status label (R13), found by name, status and room."""
    asked = {name: request.GET.get(name, "") for name in ("search", "status", "room")}
    found = listing.children(visit.service, visit.service.today(timezone.now()), **asked)
    return render(
        request,
        "web/manage/children.html",
        {
            "page": page_of(request, found),
            "asked": asked,
            "statuses": [status.value for status in Status],
            "rooms": scope(Room, visit.service).order_by("name"),
        },
    )
