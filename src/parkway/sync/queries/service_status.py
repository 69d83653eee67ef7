"""How syncing stands at services, at one glance: for the settings page, support and the command line."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, OuterRef, Q, QuerySet, Subquery

from parkway.domain import InactivePolicy, Step
from parkway.sync.ends import accounts_of
from parkway.sync.models import Entry, Integration, Notice, Run, RunState, Stage
from parkway.tenancy.models import Service


@dataclass(frozen=True, slots=True)
class ServiceStatus:
    """One service: its integration (None when support never enabled it), spaces, last run, and what is open.

    `to_check` counts the children who need a person one by one; those withheld by a held run are not in it.
    """

    service: Service
    integration: Integration | None
    paid_children: int
    live: int
    waiting: int
    to_check: int
    last: Run | None
    notices: Sequence[Notice]

    @property
    def stage(self) -> Stage:
        return Stage(self.integration.stage) if self.integration else Stage.DISABLED

    @property
    def on(self) -> bool:
        return self.stage is Stage.ON

    @property
    def inactive(self) -> InactivePolicy:
        return self.integration.policy if self.integration else InactivePolicy.LEAVE

    @property
    def stays(self) -> bool:
        """Whether the service keeps its Inactive children."""
        return self.inactive is InactivePolicy.STAY

    @property
    def checked_at(self) -> datetime | None:
        """When a run last looked at the service, also when there was nothing to read."""
        return self.integration.checked_at if self.integration else None

    @property
    def held(self) -> Run | None:
        """The held run that waits for a person, if the last one is (D12)."""
        return self.last if self.on and self.last and self.last.state == RunState.HELD else None

    @property
    def over_by(self) -> int:
        """How many live profiles the plan does not pay for (D6)."""
        return max(0, self.live - self.paid_children)

    @property
    def free(self) -> int:
        return max(0, self.paid_children - self.live)

    @property
    def trouble(self) -> bool:
        """Whether the last run broke or stopped, or did not converge: support looks into it."""
        return self.last is not None and (
            self.last.state in (RunState.FAILED, RunState.STOPPED) or not self.last.converged
        )

    @property
    def needs_you(self) -> bool:
        """Whether somebody of the service has something to do."""
        return self.on and bool(self.held or self.to_check or self.waiting or self.over_by or self.trouble)

    @property
    def next_run_at(self) -> datetime | None:
        return self.integration.next_run_at if self.integration and self.on else None

    @property
    def asked(self) -> bool:
        """Whether a run was asked for that has not begun (R15)."""
        return self.on and self.integration is not None and self.integration.next_run_at is None


def service_statuses(services: Iterable[Service]) -> list[ServiceStatus]:
    """How these services stand, in a handful of queries for any number of them."""
    found = list(services)
    ids = [service.pk for service in found]
    newest = Run.objects.filter(service=OuterRef("pk")).order_by("-at", "-pk").values("pk")[:1]
    known = Integration.objects.select_related("service").annotate(last_run=Subquery(newest))
    integrations = {each.pk: each for each in known.filter(pk__in=ids)}
    runs = Run.objects.in_bulk([each.last_run for each in integrations.values() if each.last_run])
    last = {run.service_id: run for run in runs.values()}
    accounts = accounts_of(found)
    current = Entry.objects.filter(service__in=ids, current=True)
    waiting = _count(current.filter(step=Step.WAIT.value))
    to_check = _count(current.filter(step=Step.NEEDS_REVIEW.value).exclude(WITHHELD))
    notices = defaultdict(list)
    for notice in Notice.objects.filter(service__in=ids, settled_at=None).order_by("at", "pk"):
        notices[notice.service_id].append(notice)
    return [
        ServiceStatus(
            service,
            integrations.get(service.pk),
            *accounts[service.pk],
            waiting[service.pk],
            to_check[service.pk],
            last.get(service.pk),
            notices[service.pk],
        )
        for service in found
    ]


WITHHELD = Q(facts__contains='"withheld"')
"""The entries of a held run: what it would have done stands in their facts."""


def _count(rows: QuerySet[Entry]) -> Counter[int]:
    """How many rows there are, by service."""
    return Counter(dict(rows.values_list("service").annotate(number=Count("pk"))))
