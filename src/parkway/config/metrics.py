"""Numbers for Prometheus: what this process does, and how the fleet stands in the database.

No label ever names a service, a child or a person: their number is unbounded, and it is nobody's business
who reads the metrics. Off unless `--metrics-port` is given; on loopback unless `--metrics-host` is.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

import click
from django.db import Error, connection
from django.utils import timezone
from prometheus_client import (
    CollectorRegistry,
    Counter,
    GCCollector,
    Histogram,
    PlatformCollector,
    ProcessCollector,
    start_http_server,
)
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from parkway.config import readers
from parkway.config.queue_stats import queue_stats
from parkway.domain import Conflict
from parkway.sync.events import Event, RunEnded
from parkway.sync.models import RunState
from parkway.sync.queries import fleet_metrics
from parkway.tenancy.scope import within_all

KEPT = 30.0  # seconds for which numbers of the whole fleet are not counted again
SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)

GAUGES = {
    "parkway_database_up": "Whether the database answered.",
    "parkway_due_services": "Services whose run is due.",
    "parkway_due_asked_services": "Of these, services for which somebody asked for a run.",
    "parkway_due_oldest_seconds": "For how long the longest overdue run has been due.",
    "parkway_services": "Services by how far syncing is.",
    "parkway_held_services": "Services whose last run waits for a person.",
    "parkway_broken_services": "Services whose last run broke or stopped.",
    "parkway_not_converged_services": "Services whose last run left something to do.",
    "parkway_waiting_children": "Children who wait for a space.",
    "parkway_to_check_children": "Children who need a person, one by one.",
    "parkway_open_notices": "Matters that somebody was told of and that are open.",
    "parkway_events_left": "Rows of the outbox that were left to be carried on.",
    "parkway_events_stuck": "Of these, rows for which a reader has raised again and again.",
    "parkway_workers": "Workers that are alive.",
    "parkway_workers_silent": "Workers that gave no sign of life for some time.",
    "parkway_jobs_waiting": "Jobs that wait for a worker.",
    "parkway_jobs_working": "Jobs that a worker is at.",
}
"""What stands in the database."""


class RunMetrics:
    """Counts the runs of whose end this process has told the readers of the outbox."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.runs = Counter("parkway_runs", "Runs that ended.", ["state", "trigger"], registry=registry)
        self.took = Histogram(
            "parkway_run_seconds",
            "Seconds a run took; those of a shared transaction are divided among its runs.",
            buckets=SECONDS,
            registry=registry,
        )
        self.children = Counter(
            "parkway_children", "Children decided in runs that were applied.", ["step"], registry=registry
        )
        self.not_converged = Counter(
            "parkway_runs_not_converged",
            "Runs after which something was still left to do.",
            registry=registry,
        )

    def count(self, events: Sequence[Event]) -> None:
        """Count the runs that ended."""
        for event in events:
            if isinstance(event, RunEnded):
                self._count(event)

    def _count(self, run: RunEnded) -> None:
        self.runs.labels(run.state, run.trigger).inc()
        self.took.observe(run.seconds)
        if run.state == RunState.DONE:
            for step, number in run.counts.items():
                self.children.labels(step).inc(number)
        if not run.converged:
            self.not_converged.inc()


class FleetCollector(Collector):
    """Reads how the fleet stands, each time somebody asks; the large counts at most every half minute."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._found: fleet_metrics.FleetMetrics | None = None
        self._at = 0.0

    def collect(self) -> Iterator[Metric]:
        """The gauges of the fleet; `parkway_database_up` alone, at 0, while the database does not answer."""
        try:
            found = [*self._read()]
        except Error:
            found = []
        finally:
            connection.close()  # each answer is a thread of its own
        yield _gauge("parkway_database_up", bool(found))
        yield from found

    def _read(self) -> Iterator[Metric]:
        due, fleet, queue = fleet_metrics.due_count(timezone.now()), self._fleet(), queue_stats()
        yield _gauge("parkway_due_services", due.services)
        yield _gauge("parkway_due_asked_services", due.asked)
        yield _gauge("parkway_due_oldest_seconds", due.oldest)
        yield _gauges("parkway_services", "stage", fleet.services)
        yield _gauge("parkway_held_services", fleet.held)
        yield _gauge("parkway_broken_services", fleet.broken)
        yield _gauge("parkway_not_converged_services", fleet.not_converged)
        yield _gauge("parkway_waiting_children", fleet.waiting)
        yield _gauge("parkway_to_check_children", fleet.to_check)
        told = {"admins": fleet.told_admins, "support": fleet.told_support}
        yield _gauges("parkway_open_notices", "for", told)
        yield _gauge("parkway_events_left", fleet.events_left)
        yield _gauge("parkway_events_stuck", fleet.events_stuck)
        if queue is not None:
            yield _gauge("parkway_workers", queue.alive)
            yield _gauge("parkway_workers_silent", queue.silent)
            yield _gauge("parkway_jobs_waiting", queue.waiting)
            yield _gauge("parkway_jobs_working", queue.working)

    def _fleet(self) -> fleet_metrics.FleetMetrics:
        with self._lock:
            if self._found is None or time.monotonic() - self._at > KEPT:
                with within_all():
                    self._found = fleet_metrics.fleet_metrics()
                self._at = time.monotonic()
            return self._found


def _gauge(name: str, value: float) -> Metric:
    return GaugeMetricFamily(name, GAUGES[name], value=value)


def _gauges(name: str, label: str, values: Mapping[str, float]) -> Metric:
    """A number for each value of a label."""
    made = GaugeMetricFamily(name, GAUGES[name], labels=[label])
    for each, number in values.items():
        made.add_metric([each], number)
    return made


def publish(port: int | None, host: str, fleet: bool) -> Callable[[], None]:
    """Answer Prometheus at this address until what is returned is called; with no port, do nothing.

    `fleet`: also with how the whole fleet stands, which one process tells as well as many, and each asks the
    database for.
    Raises Conflict when nothing can listen there.
    """
    if port is None:
        return lambda: None
    registry = CollectorRegistry()
    for more in (ProcessCollector, PlatformCollector, GCCollector):
        more(registry=registry)
    counting = RunMetrics(registry)
    if fleet:
        registry.register(FleetCollector())
    try:
        server, thread = start_http_server(port, host, registry)
    except OSError as error:
        raise Conflict(
            f"Nothing can answer Prometheus at {host}:{port} ({error.strerror}). "
            "Choose another --metrics-port, or --metrics-host."
        ) from error
    readers.counters.append(counting.count)
    click.echo(f"Metrics are at http://{host}:{server.server_port}/metrics")
    return partial(_end, server, thread, counting)


def _end(server: Any, thread: threading.Thread, counting: RunMetrics) -> None:
    readers.counters.remove(counting.count)
    server.shutdown()
    server.server_close()
    thread.join()
