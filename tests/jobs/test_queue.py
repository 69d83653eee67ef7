"""The queue on PostgreSQL carries calls and nothing else: a job lost or doubled loses and doubles no run."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.utils import timezone

from parkway.sync.models import Integration, Run, Trigger
from parkway.sync.queries import fleet_metrics
from parkway.sync.schedule import run_requests
from parkway.tenancy.people import OPERATOR
from parkway.tenancy.scope import scope
from tests.stories.world import World

if connection.vendor != "postgresql":
    pytest.skip("the queue is on PostgreSQL", allow_module_level=True)

from procrastinate.contrib.django import app
from procrastinate.contrib.django.models import ProcrastinateJob

from parkway.config.queue_stats import QueueStats, queue_stats
from parkway.db import bulk
from parkway.jobs import queue

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def empty_queue(transactional_db: None) -> None:
    """Begin without jobs and workers: their tables are the library's, and outlast a test."""
    bulk.write("DELETE FROM procrastinate_jobs")
    bulk.write("DELETE FROM procrastinate_workers")


@pytest.fixture
def worlds() -> list[World]:
    """Three services that are on, and due by the clock on the wall."""
    made = [World(name) for name in ("Rimu", "Miro", "Tawa")]
    for world in made:
        world.now = timezone.now()
        world.enrol("Ana")
        world.set_up()
        world.enrol("Ben")
    Integration.objects.update(next_run_at=timezone.now())
    return made


class Elsewhere:
    """Somebody else who carries calls."""

    def __init__(self) -> None:
        self.heard: list[int] = []

    def wake(self, service_id: int) -> None:
        self.heard.append(service_id)


def jobs(status: str = "todo") -> list[str]:
    found = ProcrastinateJob.objects.filter(status=status).order_by("-priority", "pk")
    return [job.task_name.removeprefix("parkway.") for job in found]


def work() -> None:
    """A worker that ends when the queue is empty, in a thread of its own: Playwright may have left this one
    with the loop that it waits in.
    """

    async def serve() -> None:
        async with app.open_async():
            await app.run_worker_async(wait=False, install_signal_handlers=False, listen_notify=False)

    with app.replace_connector(app.connector.get_worker_connector()), ThreadPoolExecutor(1) as thread:
        thread.submit(lambda: asyncio.run(serve())).result()


def test_what_is_due_is_dispatched_once_and_run(worlds: list[World]) -> None:
    for _ in range(2):
        queue.dispatch(0)
    assert jobs() == ["run_due"]
    work()
    assert {world.state("ben") for world in worlds} == {"live"}
    assert fleet_metrics.due_count(timezone.now()).services == 0
    assert "run_due" in jobs("succeeded")


def test_nothing_due_is_nothing_to_carry() -> None:
    queue.dispatch(0)
    assert jobs() == []


def test_a_job_that_is_lost_is_sent_again_and_one_that_comes_twice_finds_nothing(worlds: list[World]) -> None:
    queue.dispatch(0)
    bulk.write("DELETE FROM procrastinate_jobs")
    queue.dispatch(60)
    queue.run_due.configure(queueing_lock="another").defer()
    assert jobs() == ["run_due", "run_due"]
    before = Run.objects.count()
    work()
    assert Run.objects.count() - before == 3


def test_a_run_asked_for_comes_first_and_waits_once(worlds: list[World]) -> None:
    """R15."""
    queue.dispatch(0)
    carrier, before = queue.Queue(), run_requests._subscribers[0]
    run_requests.subscribe(carrier)
    try:
        with transaction.atomic():
            run_requests.request_run(worlds[2].service.pk, Trigger.NOW, OPERATOR)
            assert jobs() == ["run_due"], "the call goes out when the transaction is over"
        run_requests.request_run(worlds[2].service.pk, Trigger.NOW, OPERATOR)
    finally:
        run_requests.subscribe(before)
    assert jobs() == ["run_one", "run_due"]
    work()
    run = scope(Run, worlds[2].service).latest("pk")
    assert (run.trigger, run.started_by, worlds[2].state("ben")) == ("now", OPERATOR.label, "live")


def test_without_a_worker_somebody_else_carries_the_call(worlds: list[World]) -> None:
    elsewhere = Elsewhere()
    carrier = queue.Queue(otherwise=elsewhere)
    carrier.wake(7)
    assert (elsewhere.heard, jobs()) == ([7], [])
    bulk.write("INSERT INTO procrastinate_workers DEFAULT VALUES")
    assert queue.anybody_works()
    carrier.wake(7)
    assert (elsewhere.heard, jobs()) == ([7], ["run_one"])
    bulk.write("UPDATE procrastinate_workers SET last_heartbeat = last_heartbeat - interval '2 minutes'")
    assert not queue.anybody_works()


def test_workers_and_jobs_are_counted_by_how_they_are(worlds: list[World]) -> None:
    assert queue_stats() == (0, 0, 0, 0)
    queue.dispatch(0)
    for world in worlds:
        queue.run_one.configure(queueing_lock=f"one-{world.service.pk}").defer(service_id=world.service.pk)
    bulk.write("INSERT INTO procrastinate_workers DEFAULT VALUES")
    bulk.write(
        "INSERT INTO procrastinate_workers(last_heartbeat) VALUES (now() - %s), (now() - %s), (now() - %s)",
        [queue.QUIET / 2, queue.QUIET * 2, queue.SILENT],
    )
    bulk.write(
        "UPDATE procrastinate_jobs SET status = 'doing' WHERE id = (SELECT max(id) FROM procrastinate_jobs)"
    )
    bulk.write(
        "UPDATE procrastinate_jobs SET status = 'failed' WHERE id = (SELECT min(id) FROM procrastinate_jobs)"
    )
    assert queue_stats() == QueueStats(alive=2, silent=2, waiting=2, working=1)


def test_the_job_of_a_worker_that_died_is_dropped_and_old_ones_are_forgotten(worlds: list[World]) -> None:
    queue.dispatch(0)
    work()
    long_ago = timezone.now() - timedelta(hours=queue.KEPT + 1)
    bulk.write("UPDATE procrastinate_events SET at = %s", [long_ago])
    assert jobs("succeeded") != []
    [(dead,)] = bulk.read(
        "INSERT INTO procrastinate_workers(last_heartbeat) VALUES (%s) RETURNING id", [long_ago]
    )
    queue.run_one.configure(queueing_lock="dead").defer(service_id=worlds[0].service.pk)
    bulk.write("UPDATE procrastinate_jobs SET status = 'doing', worker_id = %s WHERE status = 'todo'", [dead])
    assert jobs("doing") == ["run_one"]
    queue.tidy_queue.defer(timestamp=0)
    work()
    assert jobs("doing") == []
    assert set(jobs("succeeded")) <= {"tidy_queue", "dispatch", "run_due"}
    assert not ProcrastinateJob.objects.filter(task_name="parkway.run_one").exists()
