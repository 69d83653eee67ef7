"""Where people arrive: their services, help, and how to reach support."""

from __future__ import annotations

from typing import cast

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from parkway.connectors.registry import OWN_NAMES
from parkway.sync.queries.rulebook import rulebook
from parkway.sync.queries.service_status import service_statuses
from parkway.tenancy.models import Person
from parkway.tenancy.people import services_of
from parkway.tenancy.scope import within
from parkway.web.access import Visit, at_service


@login_required
def home(request: HttpRequest) -> HttpResponse:
    """The person's services; with one alone, straight to it."""
    services = services_of(cast("Person", request.user))
    if len(services) == 1:
        return redirect("service", services[0].slug)
    with within(*services):
        standing = service_statuses(services)
    needing = sum(each.needs_you for each in standing)
    return render(request, "web/home.html", {"status": standing, "needing": needing})


@at_service()
def service(request: HttpRequest, visit: Visit) -> HttpResponse:
    """To the app that the person works in: Storypark for educators, Manage for its staff."""
    app = "storypark-children" if visit.may_see_storypark else "manage-children"
    return redirect(app, visit.service.slug)


def no_such_page(request: HttpRequest) -> HttpResponse:
    """A page of the sign-in library that Parkway does without."""
    raise Http404("There is no such page.")


def help_page(request: HttpRequest) -> HttpResponse:
    """How syncing works, in plain words; in part from the rules themselves."""
    return render(request, "web/help.html", {"book": rulebook(OWN_NAMES)})


def contact(request: HttpRequest) -> HttpResponse:
    """How to reach support (R12)."""
    return render(request, "web/contact.html")
