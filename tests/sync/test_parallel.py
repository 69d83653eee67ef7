"""A pass in lanes: they share the services, and what goes wrong in one of them ends the pass."""

from __future__ import annotations

import gc
import threading
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from itertools import count

import psycopg
import pytest
from django.db import OperationalError, connection, transaction
from django.db.backends.signals import connection_created

from parkway.connectors.manage_here import ManageHere
from parkway.connectors.ports import Profiles, ProfileWrites, Roster, RosterAnswer, ServiceQuery, WriteResult
from parkway.connectors.storypark_here import StoryparkHere
from parkway.db.gc_pause import gc_paused
from parkway.sync.models import Integration
from parkway.sync.schedule import due
from parkway.sync.schedule.fleet import AllServices, DueServices, Pass
from parkway.sync.schedule.parallel import LANES, run_in_parallel
from tests.ends import give
from tests.stories.world import World, due_worlds

pytestmark = pytest.mark.django_db(transaction=True)
on_postgresql = pytest.mark.skipif(connection.vendor == "sqlite", reason="SQLite has one writer at a time")

PATIENCE = 60.0  # seconds for the other lane to come; whoever waits in vain fails


@pytest.fixture
def worlds(monkeypatch: pytest.MonkeyPatch) -> list[World]:
    """Four services that are due, with a child each that the next run adds; each lane claims two at once."""
    monkeypatch.setattr(due, "SERVICES_CHECKED", 2)
    monkeypatch.setattr(due, "SERVICES_READ", 2)
    return due_worlds("Rimu", "Miro", "Tawa", "Kauri")


def a_pass(
    worlds: Sequence[World], roster: Roster | None = None, profiles: Profiles | None = None, **more: object
) -> Pass:
    give(*(world.service for world in worlds), roster=roster, profiles=profiles)
    return Pass(clock=lambda: worlds[0].now, at_once=2, **more)  # type: ignore[arg-type]


def others() -> list[threading.Thread]:
    """The threads that are lanes."""
    return [thread for thread in threading.enumerate() if "_walk" in thread.name]


class ManageThatWaits(ManageHere):
    """Manage that answers its first questions when it was asked by both lanes."""

    def __init__(self) -> None:
        self.both, self.times = threading.Barrier(LANES), count()

    def read(self, asks: Sequence[ServiceQuery]) -> Mapping[int, RosterAnswer]:
        if next(self.times) < LANES:
            self.both.wait(PATIENCE)
        return super().read(asks)


@on_postgresql
def test_lanes_work_at_the_same_time_and_share_the_services(worlds: list[World]) -> None:
    ends = {"roster": ManageThatWaits()}
    done = list(run_in_parallel(a_pass(worlds, **ends)))
    assert [each.services for each in done] == [2, 2]
    assert sorted(run.service_id for each in done for run in each.runs) == [w.service.pk for w in worlds]
    assert {world.state("ben") for world in worlds} == {"live"}
    assert others() == []
    assert gc.isenabled()


@on_postgresql
def test_what_one_lane_has_to_leave_is_not_forgotten_though_the_other_is_beyond_it(
    worlds: list[World], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(due, "SERVICES_READ", 1)
    Integration.objects.update(settled=None)  # so that one looks at three services, and runs one of them
    everybody = AllServices(worlds[0].now)
    whole = replace(a_pass(worlds, wanted=everybody, roster=ManageThatWaits()), at_once=3)
    done = list(run_in_parallel(whole))
    assert [each.services for each in done] == [1, 1, 1, 1]
    assert {world.state("ben") for world in worlds} == {"live"}


class StoryparkThatIsFull(StoryparkHere):
    """Storypark whose disk is full, as one lane finds out while the other is under way."""

    def __init__(self) -> None:
        self.both, self.full = threading.Barrier(LANES), threading.Event()

    def write(
        self, orders: Mapping[int, ProfileWrites], today: Mapping[int, date]
    ) -> Mapping[int, WriteResult]:
        if self.both.wait(PATIENCE) == 0:
            self.full.set()
            raise OperationalError from psycopg.errors.DiskFull()
        assert self.full.wait(PATIENCE)
        return super().write(orders, today)


@on_postgresql
def test_when_the_database_cannot_work_the_other_lane_ends_its_batch_and_all_is_told(
    worlds: list[World],
) -> None:
    with pytest.raises(OperationalError):
        list(run_in_parallel(a_pass(worlds, profiles=StoryparkThatIsFull())))
    assert others() == []
    assert sorted(world.state("ben") or "" for world in worlds) == ["", "", "live", "live"]
    assert {world.integration.failures for world in worlds} == {0}


@on_postgresql
def test_where_nothing_changed_the_other_lane_opens_no_connection(worlds: list[World]) -> None:
    list(run_in_parallel(a_pass(worlds)))
    opened: list[object] = []

    def note(**more: object) -> None:
        opened.append(more)

    connection_created.connect(note)
    try:
        done = list(run_in_parallel(a_pass(worlds, wanted=AllServices(worlds[0].now + timedelta(minutes=1)))))
    finally:
        connection_created.disconnect(note)
    assert sum(each.services for each in done) == len(worlds)
    assert not any(each.runs for each in done)
    assert len(opened) == 1
    assert others() == []


class StoryparkThatIsHeld(StoryparkHere):
    """Storypark in which somebody holds the rows of one service, each time."""

    def __init__(self, service_id: int) -> None:
        self.service_id = service_id

    def write(
        self, orders: Mapping[int, ProfileWrites], today: Mapping[int, date]
    ) -> Mapping[int, WriteResult]:
        if self.service_id in orders:
            raise OperationalError from psycopg.errors.LockNotAvailable()
        return super().write(orders, today)


@on_postgresql
def test_what_others_hold_is_left_by_both_lanes_and_not_counted(
    worlds: list[World], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(due, "SERVICES_READ", 1)
    ends = {"profiles": StoryparkThatIsHeld(worlds[1].service.pk)}
    done = list(run_in_parallel(a_pass(worlds, wanted=AllServices(worlds[0].now), **ends)))
    assert sum(each.services for each in done) == len(worlds) - 1
    assert [world.integration.failures for world in worlds] == [0] * len(worlds)


@on_postgresql
def test_a_pass_that_is_asked_to_stop_ends_in_all_lanes(worlds: list[World]) -> None:
    assert list(run_in_parallel(a_pass(worlds, stopping=lambda: True))) == []
    assert others() == []


class ManageThatHangs(ManageHere):
    """Manage that answers one lane at once, and the other when it is allowed to."""

    def __init__(self) -> None:
        self.times, self.allowed = count(), threading.Event()

    def read(self, asks: Sequence[ServiceQuery]) -> Mapping[int, RosterAnswer]:
        if next(self.times) == 0:
            assert self.allowed.wait(PATIENCE)
        return super().read(asks)


@on_postgresql
def test_whoever_interrupts_waits_for_no_lane(worlds: list[World]) -> None:
    manage = ManageThatHangs()
    steps = run_in_parallel(a_pass(worlds, roster=manage))
    next(steps)
    with pytest.raises(KeyboardInterrupt):
        steps.throw(KeyboardInterrupt())  # type: ignore[attr-defined]
    left = others()
    assert left
    manage.allowed.set()
    for thread in left:
        thread.join(PATIENCE)
    assert others() == []


class Endless(DueServices):
    """A pass that is never over."""

    def claim(self, now: datetime, but: Collection[int], number: int) -> list[int]:
        return due.claim("TRUE ORDER BY service_id", [], number)


@on_postgresql
def test_whoever_listens_no_longer_leaves_no_lane_behind(worlds: list[World]) -> None:
    steps = run_in_parallel(a_pass(worlds, wanted=Endless(), full=True))
    next(steps)
    assert len(others()) == LANES
    steps.close()  # type: ignore[attr-defined]
    assert others() == []


def test_in_a_transaction_a_pass_sees_what_is_done_there(worlds: list[World]) -> None:
    with transaction.atomic():
        for world in worlds:
            world.enrol("Cara")
        list(run_in_parallel(a_pass(worlds)))
        assert {world.state("cara") for world in worlds} == {"live"}


def test_a_batch_leaves_next_to_nothing_for_a_search_for_garbage(worlds: list[World]) -> None:
    whole, left = a_pass(worlds), []
    gc.collect()
    with gc_paused():
        for step in whole:
            assert len(step.runs) in (2, 4)
            left.append(gc.collect())
    assert max(left) <= 4, "not something of every service, let alone of every row"


def test_no_search_for_garbage_while_any_thread_works_with_rows_and_again_after_the_last() -> None:
    first, second = gc_paused(), gc_paused()
    searched: Callable[[], bool] = gc.isenabled
    assert searched()
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    assert not searched()
    second.__exit__(None, None, None)
    assert searched()
