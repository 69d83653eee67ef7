"""The queue on PostgreSQL: it carries calls for runs to the workers, and nothing that could be lost.

What is due stands in the data. A job says no more than "run what is due" or "run this service": when it is
lost, the dispatcher of the next minute sends another; when it comes twice, the second finds nothing to do.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta

from django.db.models import Count, Q
from django.db.models.functions import Now
from django.utils import timezone
from procrastinate import JobContext
from procrastinate.contrib.django import app
from procrastinate.contrib.django.models import ProcrastinateJob, ProcrastinateWorker
from procrastinate.exceptions import AlreadyEnqueued
from procrastinate.jobs import Status
from procrastinate.tasks import Task

from parkway.db import errors
from parkway.jobs.cleanup import remove_expired
from parkway.sync import outbox
from parkway.sync.queries import fleet_metrics
from parkway.sync.run.pipeline import RunContext, run_sync
from parkway.sync.schedule import due, fleet
from parkway.sync.schedule.run_requests import RunRequestSubscriber

AT_MOST = 16  # jobs that wait for workers to run what is due; each runs batch after batch
AT_ONCE = 10  # the priority of what a person waits for
QUIET = timedelta(seconds=40)  # without a sign of life, and a worker counts no longer; one comes every 10
SILENT = timedelta(hours=1)  # … and it is forgotten; until then metrics and the doctor tell of it
ALIVE = Q(last_heartbeat__gt=Now() - QUIET)  # by the clock of the database, which notes the signs of life
KEPT = 24  # hours for which jobs that are done can be looked at

log = logging.getLogger("parkway.jobs")


@app.task(name="parkway.run_due", pass_context=True)
def run_due(context: JobContext) -> None:
    """Run what is due, batch by batch, until nothing is left or the worker is asked to end."""
    with _due_otherwise():
        for _ in fleet.Pass(stopping=context.should_abort):
            pass


@app.task(name="parkway.run_one", priority=AT_ONCE)
def run_one(service_id: int) -> None:
    """Run one service that somebody asked for, after the run that may be under way (D13)."""
    with _due_otherwise():
        run_sync(service_id, RunContext(timezone.now()))


@contextmanager
def _due_otherwise() -> Iterator[None]:
    """A database that cannot work now, or others who hold a service, are no failure of a job."""
    try:
        yield
    except Exception as error:
        if not errors.database_error(error):
            raise
        log.warning("The database cannot do that now (%s). What is due stays due", errors.error_name(error))


@app.periodic(cron="* * * * *")
@app.task(name="parkway.dispatch", queueing_lock="dispatch", priority=AT_ONCE)
def dispatch(timestamp: int) -> None:
    """Every minute: as many jobs as there are batches due, each waiting in the queue only once."""
    services = fleet_metrics.due_count(timezone.now()).services
    for slot in range(min(-(-services // due.SERVICES_READ), AT_MOST)):
        _send(run_due, f"due-{slot}")


@app.periodic(cron="* * * * *")
@app.task(name="parkway.carry_on", queueing_lock="carry-on")
def carry_on(timestamp: int) -> None:
    """Every minute: carry on what was left in the outbox."""
    with _due_otherwise():
        outbox.carry_on()


@app.periodic(cron="*/5 * * * *")
@app.task(name="parkway.tidy_queue", queueing_lock="tidy-queue", pass_context=True)
async def tidy_queue(context: JobContext, timestamp: int) -> None:
    """Forget the jobs of workers that died, whose services are still due, those workers after a while, and
    jobs done long ago.
    """
    jobs = context.app.job_manager
    for job in await jobs.get_stalled_jobs():
        log.warning("A worker died or sleeps; its job is dropped", extra={"job_id": job.id})
        await jobs.finish_job(job, Status.ABORTED, delete_job=True)
    await jobs.prune_stalled_workers(SILENT.total_seconds())
    await jobs.delete_old_jobs(KEPT, include_failed=True, include_cancelled=True, include_aborted=True)


@app.periodic(cron="17 3 * * *")
@app.task(name="parkway.forget_sessions", queueing_lock="forget-sessions")
def forget_sessions(timestamp: int) -> None:
    """Once a day, forget what has run out."""
    remove_expired()


class Queue:
    """Carries calls for runs asked for at once to the workers, or `otherwise` while there are none (R15)."""

    def __init__(self, otherwise: RunRequestSubscriber | None = None) -> None:
        self._otherwise = otherwise

    def wake(self, service_id: int) -> None:
        """Send a job, unless one for this service waits already. A call that cannot be sent is only late."""
        try:
            if self._otherwise is None or anybody_works():
                _send(run_one, f"service-{service_id}", service_id=service_id)
            else:
                self._otherwise.wake(service_id)
        except Exception:
            log.exception("A call was lost; the service stays due", extra={"service_id": service_id})


def anybody_works() -> bool:
    """Whether some worker is alive, here or on another machine."""
    return ProcrastinateWorker.objects.filter(ALIVE).exists()


def count_workers() -> tuple[int, int]:
    """Return how many workers are alive, and how many gave no sign of life for too long."""
    found = ProcrastinateWorker.objects.aggregate(
        alive=Count("pk", filter=ALIVE), silent=Count("pk", filter=~ALIVE)
    )
    return found["alive"], found["silent"]


def count_jobs() -> tuple[int, int]:
    """Return how many jobs wait for a worker, and how many a worker is at."""
    waits, works = Q(status=Status.TODO.value), Q(status=Status.DOING.value)
    found = ProcrastinateJob.objects.filter(waits | works).aggregate(
        waiting=Count("pk", filter=waits), working=Count("pk", filter=works)
    )
    return found["waiting"], found["working"]


def _send(task: Task[..., None, ...], once: str, **values: int) -> None:
    with suppress(AlreadyEnqueued):
        task.configure(queueing_lock=once).defer(**values)
