"""Why a child has a live profile or not, from the journal (B2)."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from datetime import date, datetime

from django.db.models import QuerySet

from parkway.domain import NotFound, Step
from parkway.engine import wording
from parkway.sync.ends import connectors_for, names_of
from parkway.sync.models import Entry, Integration, Link, Run
from parkway.sync.run.gather import query_for
from parkway.tenancy.models import Service
from parkway.tenancy.scope import scope


def why(service: Service, child_id: str, on: date | None = None) -> Entry | None:
    """The entry that stood for a child at the end of a day in the service's time zone, or now.

    None when the journal did not know the child by then (B2).
    """
    entries = scope(Entry, service).filter(child_id=child_id).select_related("run")
    if on is not None:
        entries = entries.filter(at__lt=service.end_of(on))
    return entries.order_by("-at", "-pk").first()


def why_unknown(service: Service, child_id: str, on: date | None, now: datetime) -> NotFound:
    """Why `why` has no answer: no run yet, a child whom no run has seen, a day too early, or a wrong id."""
    entries = scope(Entry, service)
    first = entries.filter(child_id=child_id).order_by("at", "pk").first()
    if first is not None and on is not None:
        day, asked = first.at.astimezone(service.zone).date(), wording.day(on, now.date())
        told = f"The first decision for {child_id} was on {wording.day(day, now.date())}, after {asked}."
        return NotFound(told)
    integration = Integration.objects.select_related("service").filter(service=service).first()
    if integration is None or not entries.exists():
        return NotFound(f"Nothing was decided at {service.name} yet: no run has ended there. Sync it first.")
    query = query_for(integration, now)
    listed = {
        child.child_id for child in connectors_for(integration).roster.read([query])[service.pk].children
    }
    if child_id in listed:
        return NotFound(
            f"No run of {service.name} has seen {child_id} yet. Sync it: `parkway sync {service.slug}`."
        )
    known = sorted(listed.union(entries.values_list("child_id", flat=True)))
    alike = difflib.get_close_matches(child_id.upper(), known, n=3, cutoff=0.75)
    roster = names_of(integration).roster
    hint = f"Did you mean {' or '.join(alike)}?" if alike else f"{roster} shows the ids of its children."
    return NotFound(f"{service.name} has no child with the id {child_id}, and never had. {hint}")


def history(service: Service, child_id: str) -> QuerySet[Entry]:
    """Every entry of a child, the newest first."""
    return scope(Entry, service).filter(child_id=child_id).select_related("run").order_by("-at", "-pk")


def child_of(service: Service, profile_id: str) -> str | None:
    """The child whom a profile is linked to; None for a profile that was never linked."""
    return scope(Link, service).filter(profile_id=profile_id).values_list("child_id", flat=True).first()


def since(service: Service, step: Step, child_ids: Iterable[str]) -> dict[str, datetime]:
    """Since when each of these children stands at a step without a break, by child id."""
    began: dict[str, datetime] = {}
    told = scope(Entry, service).filter(child_id__in=list(child_ids)).order_by("at", "pk")
    for child_id, at, stood in told.values_list("child_id", "at", "step"):
        if stood == step.value:
            began.setdefault(child_id, at)
        else:
            began.pop(child_id, None)
    return began


def changed_by(run: Run) -> QuerySet[Entry]:
    """What a run wrote about children, by child."""
    return scope(Entry, run.service_id).filter(run=run).order_by("child_id")
