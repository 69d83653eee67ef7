"""The forecast of a service (B3): the plan on later days."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from parkway.engine import forecast
from parkway.engine.forecast import Forecast
from parkway.sync import integrations
from parkway.sync.ends import connectors_for
from parkway.sync.run.gather import gather_one, query_for
from parkway.tenancy.models import Service


def look_ahead(service: Service, days: int, now: datetime) -> Forecast:
    """What will happen at a service through `days` days from now, if nobody changes anything."""
    found = integrations.integration_of(service)
    plan_input = gather_one(found, now).plan_input
    return forecast.look_ahead(plan_input, connectors_for(found).roster.bookings(query_for(found, now)), days)


def as_json(seen: Forecast) -> dict[str, Any]:
    """A forecast for programs."""
    return {
        "out_of_spaces_on": seen.out_of_spaces_on,
        "cannot_look_ahead_for": list(seen.blind),
        "days": [
            {
                "day": day.day,
                "turned": [
                    {"child_id": child.child_id, "status": status.value} for child, status in day.turned
                ],
                "decisions": [
                    {
                        "child_id": decision.child_id,
                        "step": decision.step.value,
                        "rule": decision.rule,
                        "because": day.plan.because(decision),
                    }
                    for decision in day.decisions
                ],
                "spaces": day.plan.spaces._asdict(),
            }
            for day in seen.days
        ],
    }
