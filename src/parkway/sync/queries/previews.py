"""What a run would do now, with nothing changed: for what a change is shown in commands.changes."""

from __future__ import annotations

from datetime import datetime

from parkway.engine.plan import Plan, make_plan
from parkway.sync.integrations import integration_of
from parkway.sync.run.gather import gather_one
from parkway.tenancy.models import Service


def plan_now(service: Service, now: datetime) -> Plan:
    """Return what a run would do now.

    Raises Conflict when support has not enabled syncing, SourceSilent when an end must not be believed.
    """
    return make_plan(gather_one(integration_of(service), now).plan_input)
