"""For support staff: the services and how they stand, and switching the integration on."""

from __future__ import annotations

from typing import cast

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from parkway.engine.folding import mentions
from parkway.sync import integrations
from parkway.sync.commands import lifecycle
from parkway.sync.models import Notice, Stage
from parkway.sync.queries.service_status import service_statuses
from parkway.tenancy.models import Person
from parkway.tenancy.people import Permission, services_of
from parkway.tenancy.scope import within
from parkway.web.access import Visit, at_service, support_only
from parkway.web.paging import page_of
from parkway.web.searching import searchable, searched


@support_only
@searchable
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """All services and how they stand, found by name and stage, and what support has been told."""
    search, stage = searched(request), request.GET.get("stage", "")
    services = services_of(cast("Person", request.user))
    found = [s for s in services if mentions(f"{s.name} {s.organisation.name}", search)]
    if stage in Stage.values:
        at = dict(integrations.stages())
        found = [s for s in found if at.get(s.pk, Stage.DISABLED.value) == stage]
    page = page_of(request, found)
    notices = Notice.objects.filter(for_support=True, settled_at=None).select_related("service")
    with within(*services):
        context = {
            "page": page,
            "lines": service_statuses(page.object_list),
            "search": search,
            "stage": stage,
            "stages": Stage.choices,
            "notices": list(notices.order_by("-at")[:20]),
        }
    return render(request, "web/support/index.html", context)


@require_POST
@at_service(Permission.ENABLE)
def enable(request: HttpRequest, visit: Visit) -> HttpResponse:
    """Let a service set syncing up (set-up, step 1)."""
    lifecycle.enable(visit.service, visit.by, timezone.now())
    messages.success(request, f"{visit.service.name} may set syncing up now. Tell its admin educators.")
    return redirect("support")
