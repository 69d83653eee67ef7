"""The door of set-up: everybody of the service may look, who may change the integration may change (D22)."""

from __future__ import annotations

from functools import wraps
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from parkway.sync.models import Stage
from parkway.sync.queries import setup_lists
from parkway.tenancy.people import Permission
from parkway.web.access import Denied, View, Visit, at_service


def in_set_up(view: View) -> View:
    """Let in while the service is being set up. Before support enabled it, a page says so; once it is set up,
    on to the settings page (R1, R12).
    """

    @require_http_methods(["GET", "HEAD", "POST"])
    @at_service()
    @wraps(view)
    def let_in(request: HttpRequest, visit: Visit, **more: Any) -> HttpResponse:
        if request.method == "POST" and not visit.may_change_integration:
            raise Denied(visit, Permission.CHANGE_INTEGRATION)
        stage = setup_lists.stage(visit.service)
        if stage == Stage.DISABLED:
            return render(request, "web/integrations/setup_disabled.html")
        if stage != Stage.ENABLED:
            messages.info(request, f"Syncing is set up already for {visit.service.name}.")
            return redirect("integrations", visit.service.slug)
        return view(request, visit, **more)

    return let_in
