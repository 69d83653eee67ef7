"""SQLite has one lock for whoever writes: what a pass over a fleet leaves to others."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Mapping, Sequence
from contextlib import closing
from datetime import timedelta

import pytest
from django.db import connection

from parkway.connectors.manage_here import ManageHere
from parkway.connectors.ports import RosterAnswer, ServiceQuery
from parkway.db import locking
from parkway.sync.schedule.fleet import Pass
from tests.ends import give
from tests.stories.world import World

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL locks rows"),
]


class ManageThatOthersUse(ManageHere):
    """Manage in which somebody else names a child after each time it is read, where the lock is free."""

    def __init__(self) -> None:
        self.renamed: list[bool] = []

    def read(self, asks: Sequence[ServiceQuery]) -> Mapping[int, RosterAnswer]:
        found = super().read(asks)
        path = connection.settings_dict["NAME"]
        with closing(sqlite3.connect(path, timeout=0, isolation_level=None)) as other:
            try:
                other.execute("UPDATE manage_child SET preferred_name = 'Annie' WHERE first_name = 'Ana'")
                self.renamed.append(True)
            except sqlite3.OperationalError:
                self.renamed.append(False)
        return found


def test_others_write_while_a_pass_reads_and_it_begins_again_once(world: World) -> None:
    manage = ManageThatOthersUse()
    give(world.service, roster=manage)
    [done] = Pass(clock=lambda: world.now, full=True)
    assert manage.renamed == [True, False]
    assert [(run.counts["create"], run.counts["update"]) for run in done.runs] == [(1, 1)]
    assert world.profile_of("ana").preferred_name == "Annie"


def test_others_write_while_a_pass_reads_also_where_some_services_did_not_change(world: World) -> None:
    quiet = World("Miro")
    quiet.enrol("Hana")
    quiet.set_up()
    quiet.now = world.now = quiet.now + timedelta(hours=13)
    manage = ManageThatOthersUse()
    give(world.service, quiet.service, roster=manage)
    [done] = Pass(clock=lambda: world.now)
    assert (done.services, [run.service_id for run in done.runs]) == (2, [world.service.pk])
    assert manage.renamed == [True, False]
    assert not quiet.is_due(world.now)


def test_a_pass_that_finds_nothing_changed_left_the_lock_free_while_it_looked(world: World) -> None:
    list(Pass(clock=lambda: world.now))
    world.later(hours=13)
    one = Pass(clock=lambda: world.now)
    assert [(done.services, done.runs) for done in one] == [(1, [])]
    assert one.turns.free > 0


@pytest.mark.parametrize(("free", "pauses"), [(0.0, [0.125]), (0.1, [0.125]), (0.25, [])])
def test_a_pass_that_left_the_lock_free_too_seldom_pauses(
    world: World, monkeypatch: pytest.MonkeyPatch, free: float, pauses: list[float]
) -> None:
    slept: list[float] = []
    monkeypatch.setattr(time, "sleep", slept.append)
    turns = locking.Turns()
    turns.free = free
    turns.give_way(0.9)
    assert slept == []
    turns.give_way(0.1)
    assert slept == pauses
    assert (turns.taken, turns.free) == (0.0, 0.0)


def test_a_turn_counts_as_free_until_its_first_write(world: World) -> None:
    turns = locking.Turns()
    turns.take(turns.writing)
    left_free = turns.free
    assert left_free > 0

    def writes_twice() -> None:
        world.service.save()
        turns.writing()

    turns.take(writes_twice)
    assert turns.free == left_free
