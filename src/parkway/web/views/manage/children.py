"""Manage: the children of a service."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from parkway.domain import Status
from parkway.manage import listing
from parkway.web.access import Visit, at_service
from parkway.web.paging import page_of
from parkway.web.searching import searchable, searched


@at_service()
@searchable
@require_safe
def index(request: HttpRequest, visit: Visit) -> HttpResponse:
    """All children with their status label (R13), found by name, status and room."""
    asked = {name: request.GET.get(name, "") for name in ("status", "room")} | {"search": searched(request)}
    found = listing.children(visit.service, visit.service.today(timezone.now()), **asked)
    page = page_of(request, found)
    return render(
        request,
        "web/manage/children.html",
        {
            "page": page,
            "asked": asked,
            "empty": not page.paginator.count and not listing.has_children(visit.service),
            "statuses": [status.value for status in Status],
            "rooms": listing.rooms(visit.service),
        },
    )
