"""For support staff: the services and their health."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from parkway.web.access import support_only


@support_only
def index(request: HttpRequest) -> HttpResponse:
    """All services with their health."""
    return render(request, "web/support/index.html")
