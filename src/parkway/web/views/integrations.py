"""The integrations settings page: how syncing stands, at one glance."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from parkway.web.access import Visit, at_service


@at_service()
def index(request: HttpRequest, visit: Visit) -> HttpResponse:
    """How syncing stands at the service; everybody there may see it (D22)."""
    return render(request, "web/integrations/index.html")
