"""What a run would do now, and what plans are made from when days or windows are others."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime

from parkway.domain import Window
from parkway.engine import status
from parkway.engine.plan import Plan, PlanInput, make_plan
from parkway.sync.ends import connectors_for
from parkway.sync.integrations import integration_of
from parkway.sync.run.gather import Snapshot, gather_one, query_for
from parkway.tenancy.models import Service


def plan_now(service: Service, now: datetime) -> Plan:
    """Return what a run would do now.

    Raises Conflict when support has not enabled syncing, SourceSilent when an end must not be believed.
    """
    return make_plan(gather_one(integration_of(service), now).plan_input)


def with_standings(snapshot: Snapshot, now: datetime, today: date, window: Window) -> PlanInput:
    """Return a plan input in which every child stands as the bookings say on another day, or with another
    window. A child of whom only a bare status is known stays as the source says.
    """
    integration = snapshot.integration
    query = query_for(integration, now)._replace(today=today, window=window)
    bookings = connectors_for(integration).roster.bookings(query)
    children = [
        child._replace(
            standing=status.standing(
                bookings.get(child.child_id, ()), today, window, child.standing.archived_on
            )
        )
        if child.standing.bookings_known
        else child
        for child in snapshot.plan_input.children
    ]
    return replace(snapshot.plan_input, today=today, window=window, children=children)
