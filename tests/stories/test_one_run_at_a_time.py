"""Two requests at once give one run, or one after the other: with real processes on one database."""

from __future__ import annotations

import os
import select
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from django.db import connection
from django.utils import timezone

from parkway.domain import InactivePolicy
from parkway.storypark.models import Profile
from parkway.sync.commands import changes
from parkway.sync.models import Entry, Link, Run, RunState
from parkway.tenancy.scope import scope
from tests.databases import closed_door, is_locked, shut, url

from .world import LONG_AGO, World

DEADLINE = 120.0  # seconds after which a process counts as stuck; nothing is said about how fast it is

pytestmark = pytest.mark.django_db(transaction=True)


class Process:
    """A process that says how far it is."""

    def __init__(self, world: World, *words: str) -> None:
        command = [sys.executable, "-m", "tests.stories.sync_process", str(world.service.pk)]
        env = {**os.environ, "DATABASE_URL": url()}
        env["DJANGO_SETTINGS_MODULE"] = "parkway.config.settings"
        pipe = subprocess.PIPE
        self.popen = subprocess.Popen(
            [*command, world.now.isoformat(), *words],
            cwd=Path(__file__).parents[2],
            env=env,
            stdin=pipe,
            stdout=pipe,
            bufsize=0,  # what select says is then true of every single word
        )

    def hear(self) -> str:
        """The next word that it says."""
        assert self.popen.stdout is not None
        readable, _, _ = select.select([self.popen.stdout], [], [], DEADLINE)
        assert readable, "it says nothing any more"
        return self.popen.stdout.readline().decode().strip()

    def go_on(self) -> None:
        """Let it go on, as often as it wants to wait."""
        assert self.popen.stdin is not None
        self.popen.stdin.close()

    def finish(self) -> list[str]:
        """Wait until it is over; what it said last."""
        assert self.popen.stdout is not None
        said = []
        while word := self.hear():
            said.append(word)
        assert self.popen.wait(DEADLINE) == 0
        return said

    def stop(self) -> None:
        self.popen.kill()
        self.popen.wait()
        for stream in (self.popen.stdin, self.popen.stdout):
            if stream is not None:
                stream.close()


@pytest.fixture
def start() -> Iterator[type[Process]]:
    """Starts processes, of which none is left behind."""
    with ExitStack() as stack:

        class Started(Process):
            def __init__(self, world: World, *words: str) -> None:
                super().__init__(world, *words)
                stack.callback(self.stop)

        yield Started


@pytest.fixture
def world() -> World:
    world = World()
    world.enrol("Ana")
    world.enrol("Ida", until=LONG_AGO)
    world.set_up()
    world.enrol("Ben")
    world.later(hours=12)
    return world


def nothing_is_doubled(world: World) -> None:
    service = world.service
    assert scope(Profile, service).count() == scope(Link, service).count()
    assert scope(Entry, service).filter(current=True).count() == 3
    assert set(scope(Run, service).values_list("state", "converged")) == {(RunState.DONE, True)}


def test_two_processes_at_once_give_one_run(world: World, start: type[Process]) -> None:
    """D13."""
    with closed_door():
        both = [start(world, "due") for _ in range(2)]
        assert [each.hear() for each in both] == ["ready", "ready"]
        for each in both:
            each.go_on()
        assert scope(Run, world.service).count() == 1, "the first run of set-up alone"
    assert [each.finish() for each in both] == [["done"], ["done"]]
    assert scope(Run, world.service).count() == 2
    assert world.state("ben") == "live"
    nothing_is_doubled(world)


@pytest.mark.skipif(connection.vendor == "sqlite", reason="on SQLite it waits for its turn")
def test_a_pass_tells_of_what_others_are_at(world: World) -> None:
    """D13."""
    words = [sys.executable, "-m", "parkway", "fleet", "--all"]
    with closed_door():
        done = subprocess.run(
            words, env={**os.environ, "DATABASE_URL": url()}, capture_output=True, text=True, check=True
        )
    assert done.stdout == (
        "Synced 0 services: nothing changed.\n1 service was passed over: others are at work there.\n"
    )
    assert scope(Run, world.service).count() == 1


IMPATIENTLY = """
from parkway.db import locking
from parkway.cli import setup_django, app
locking.LIMITS["lock_timeout"] = "100ms"
app.main()
"""


@pytest.mark.skipif(connection.vendor == "sqlite", reason="on SQLite it waits for its turn")
def test_a_pass_tells_of_runs_that_others_kept_from_being_done(world: World) -> None:
    """D13."""
    words = [sys.executable, "-c", IMPATIENTLY, "fleet"]
    with shut("sync_entry"):
        done = subprocess.run(
            words, env={**os.environ, "DATABASE_URL": url()}, capture_output=True, text=True, check=False
        )
    assert (done.returncode, done.stdout) == (
        70,
        "Synced 0 services: nothing changed.\n1 service was left as it was, still due: the log tells why.\n",
    )
    assert "the service stays due (LockNotAvailable)" in done.stderr
    assert scope(Run, world.service).count() == 1
    assert world.integration.next_run_at <= timezone.now()


def test_a_run_asked_for_while_another_works_comes_after_it(world: World, start: type[Process]) -> None:
    """D13."""
    first = start(world, "slowly")
    assert [first.hear(), first.hear()] == ["ready", "working"]
    assert is_locked()
    second = start(world, "now")
    assert second.hear() == "ready"
    assert scope(Run, world.service).count() == 1
    first.go_on()
    first.finish()
    assert second.finish() == ["done"]
    _, one, other = scope(Run, world.service).order_by("pk")
    assert (one.trigger, one.counts["create"], one.live_after) == ("schedule", 1, 2)
    assert (other.trigger, other.counts["create"], other.live_before) == ("now", 0, 2)
    assert world.state("ben") == "live"
    nothing_is_doubled(world)


def test_a_setting_confirmed_while_a_run_works_is_used_by_the_next(
    world: World, start: type[Process]
) -> None:
    """D13."""
    world.archive("ben")  # so that the run under way leaves what was shown as it is
    shown = changes.preview(world.service, changes.SwitchPolicy(InactivePolicy.STAY), world.now)
    first = start(world, "slowly")
    assert [first.hear(), first.hear()] == ["ready", "working"]
    second = start(world, "stay", shown.fingerprint)
    assert second.hear() == "ready"
    assert is_locked()
    assert world.integration.inactive == "leave"
    first.go_on()
    first.finish()
    assert second.finish() == ["done"]
    _, one, other = scope(Run, world.service).order_by("pk")
    assert (one.trigger, one.inactive, one.counts["create"]) == ("schedule", "leave", 0)
    assert (other.trigger, other.inactive, other.counts["create"]) == ("switch", "stay", 1)
    assert (world.integration.inactive, world.state("ida")) == ("stay", "live")
    nothing_is_doubled(world)


def test_a_consent_that_the_run_under_way_overtakes_is_asked_for_again(
    world: World, start: type[Process]
) -> None:
    """D13."""
    shown = changes.preview(world.service, changes.SwitchPolicy(InactivePolicy.STAY), world.now)
    first = start(world, "slowly")
    assert [first.hear(), first.hear()] == ["ready", "working"]
    second = start(world, "stay", shown.fingerprint)
    assert second.hear() == "ready"
    first.go_on()
    first.finish()
    fingerprint, done = second.finish()
    assert done == "done"
    assert (world.integration.inactive, world.state("ben"), world.state("ida")) == ("leave", "live", None)
    now_shown = changes.preview(world.service, changes.SwitchPolicy(InactivePolicy.STAY), world.now)
    assert fingerprint == now_shown.fingerprint != shown.fingerprint
