"""The scheduler beside the web server runs what is due, unless others do."""

from __future__ import annotations

import threading

import pytest
from django.utils import timezone

from parkway.jobs.scheduler import Scheduler
from parkway.sync.models import Integration
from parkway.sync.queries import fleet_metrics
from tests.stories.world import World

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def world() -> World:
    """A service that is due by the clock on the wall, with a child whom the run adds."""
    world = World()
    world.now = timezone.now()
    world.enrol("Ana")
    world.set_up()
    world.enrol("Ben")
    Integration.objects.update(next_run_at=world.now)
    return world


def test_what_is_due_is_run(world: World) -> None:
    """R15."""
    Scheduler().look()
    assert world.state("ben") == "live"
    assert fleet_metrics.due_count(timezone.now()).services == 0


def test_what_others_run_is_left_to_them_for_as_long_as_they_live(world: World) -> None:
    others = [True]
    scheduler = Scheduler(others=lambda: others[0])
    scheduler.look()
    assert world.state("ben") is None
    others[0] = False
    scheduler.look()
    assert world.state("ben") == "live"


def test_a_scheduler_that_ends_leaves_what_is_due(world: World) -> None:
    scheduler = Scheduler()
    scheduler.end()
    scheduler.look()
    assert fleet_metrics.due_count(timezone.now()).services == 1


class AskedToEnd(threading.Event):
    """What a scheduler waits for, which is asked to end right before it forgets who called before."""

    def __init__(self, scheduler: Scheduler) -> None:
        super().__init__()
        self.scheduler, self.waits = scheduler, 0

    def clear(self) -> None:
        self.scheduler.end()
        super().clear()

    def wait(self, timeout: float | None = None) -> bool:
        self.waits += 1
        return True


def test_a_scheduler_that_is_asked_to_end_at_any_moment_waits_for_nothing_more() -> None:
    scheduler = Scheduler()
    scheduler._called = called = AskedToEnd(scheduler)
    scheduler.run()
    assert called.waits == 0
