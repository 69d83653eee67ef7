"""Storypark: the profiles of a service."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from parkway.tenancy.people import Permission
from parkway.web.access import Visit, at_service


@at_service(Permission.SEE_STORYPARK)
def index(request: HttpRequest, visit: Visit) -> HttpResponse:
    """Live and archived profiles (R14)."""
    return render(request, "web/storypark/children.html")
