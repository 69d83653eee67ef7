"""How the whole fleet stands, in a few numbers that name no service and no child."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Min, OuterRef, Q, QuerySet, Subquery

from parkway.domain import Step
from parkway.sync import outbox
from parkway.sync.models import Entry, Integration, Notice, Run, RunState, Stage
from parkway.sync.queries.service_status import WITHHELD


@dataclass(frozen=True, slots=True)
class DueCount:
    """How many services are due for a run, how many of them because somebody asked, and for how many seconds
    the longest overdue has been due (R15); 0.0 when none is. A run that somebody asked for has no instant.
    """

    services: int
    asked: int
    oldest: float


@dataclass(frozen=True, slots=True)
class FleetMetrics:
    """Services by stage; those whose last run is held (D12), broke or stopped, or did not converge (B6);
    children who wait for a space and who need a person; open matters that somebody has been told of; rows of
    the outbox that were left, and that are stuck (sync.outbox).
    """

    services: Mapping[str, int]
    held: int
    broken: int
    not_converged: int
    waiting: int
    to_check: int
    told_admins: int
    told_support: int
    events_left: int
    events_stuck: int


def due_count(now: datetime) -> DueCount:
    """What is due at the instant `now`: one query along an index."""
    asked = Count("pk", filter=Q(next_run_at=None))
    numbers = due_now(now).aggregate(services=Count("pk"), asked=asked, first=Min("next_run_at"))
    oldest = (now - numbers["first"]).total_seconds() if numbers["first"] else 0.0
    return DueCount(numbers["services"], numbers["asked"], oldest)


def fleet_metrics() -> FleetMetrics:
    """How the fleet stands now. Reads every decision in force: ask every minute, not every second."""
    newest = Run.objects.filter(service=OuterRef("pk")).order_by("-at", "-pk").values("pk")[:1]
    last = Integration.objects.filter(stage=Stage.ON).values(run=Subquery(newest))
    broken = Q(state__in=[RunState.FAILED, RunState.STOPPED])
    runs = Run.objects.filter(pk__in=last).aggregate(
        held=Count("pk", filter=Q(state=RunState.HELD)),
        broken=Count("pk", filter=broken),
        not_converged=Count("pk", filter=Q(converged=False)),
    )
    children = Entry.objects.filter(current=True).aggregate(
        waiting=Count("pk", filter=Q(step=Step.WAIT.value)),
        to_check=Count("pk", filter=Q(step=Step.NEEDS_REVIEW.value) & ~WITHHELD),
    )
    told = Notice.objects.filter(settled_at=None).aggregate(
        told_admins=Count("pk", filter=Q(for_support=False)),
        told_support=Count("pk", filter=Q(for_support=True)),
    )
    stages = Integration.objects.values_list("stage").annotate(number=Count("pk"))
    services = dict.fromkeys(Stage.values, 0) | dict(stages)
    events = outbox.left()
    return FleetMetrics(
        services, **runs, **children, **told, events_left=events.rows, events_stuck=events.stuck
    )


def due_now(now: datetime) -> QuerySet[Integration]:
    """Return the integrations whose run is due, also because somebody asked for it (R15)."""
    return Integration.objects.filter(stage=Stage.ON).filter(Q(next_run_at=None) | Q(next_run_at__lte=now))
