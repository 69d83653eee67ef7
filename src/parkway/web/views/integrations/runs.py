"""The history of a service's runs: what started each, by whom, and what it changed."""

from __future__ import annotations

from collections import defaultdict

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from parkway.domain import SourceSilent
from parkway.sync import integrations
from parkway.sync.models import Entry, Run
from parkway.sync.queries import children, explain
from parkway.tenancy.scope import scope, the_one
from parkway.web.access import Visit, at_service
from parkway.web.paging import page_of


@require_safe
@at_service()
def history(request: HttpRequest, visit: Visit) -> HttpResponse:
    """All runs, the newest first."""
    found = scope(Run, visit.service).order_by("-at", "-pk")
    return render(request, "web/integrations/runs.html", {"page": page_of(request, found)})


@require_safe
@at_service()
def detail(request: HttpRequest, visit: Visit, pk: int) -> HttpResponse:
    """What one run changed, child by child."""
    run = the_one(Run, visit.service, pk=pk)
    page = page_of(request, explain.changed_by(run).order_by("step", "child_id"))
    names = _names(visit)
    groups: dict[str, list[tuple[str, Entry]]] = defaultdict(list)
    for entry in page.object_list:
        groups[entry.step].append((names.get(entry.child_id, entry.child_id), entry))
    context = {"run": run, "page": page, "groups": dict(groups)}
    return render(request, "web/integrations/run.html", context)


def _names(visit: Visit) -> dict[str, str]:
    """The names of the children as they are now, by id; none when an end does not answer."""
    try:
        everybody = children.child_table(integrations.integration_of(visit.service), timezone.now())
    except SourceSilent:
        return {}
    return {row.child_id: row.name for row in everybody.rows}
