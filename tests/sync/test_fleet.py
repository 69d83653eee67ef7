"""Passes over a fleet: what is due is claimed and run in batches, and nobody holds up anybody."""

from __future__ import annotations

import threading
import time
from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime, timedelta

import psycopg
import pytest
from django.db import OperationalError, connection, transaction
from django.db.models import F
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from parkway.connectors.manage_here import ManageHere
from parkway.connectors.ports import Profiles, ProfileWrites, Roster, RosterAnswer, ServiceQuery, WriteResult
from parkway.connectors.storypark_here import StoryparkHere
from parkway.db import bulk, errors
from parkway.domain import ChoiceKind, SourceSilent
from parkway.manage import verbs as manage
from parkway.manage.models import RosterVersion
from parkway.storypark.models import Account
from parkway.sync.commands import lifecycle
from parkway.sync.models import Integration, Notice, Run, Trigger
from parkway.sync.queries import fleet_metrics
from parkway.sync.schedule import due
from parkway.sync.schedule.fleet import AllServices, DueServices, Pass
from parkway.tenancy.people import OPERATOR
from parkway.tenancy.scope import scope, within
from tests import databases
from tests.ends import give
from tests.stories.world import World, due_worlds

pytestmark = pytest.mark.django_db


class Breaks(StoryparkHere):
    """Storypark in which something breaks whenever it writes for one service."""

    def __init__(self, service_id: int) -> None:
        self.service_id = service_id

    def write(
        self, orders: Mapping[int, ProfileWrites], today: Mapping[int, date]
    ) -> Mapping[int, WriteResult]:
        if self.service_id in orders:
            raise ZeroDivisionError
        return super().write(orders, today)


class SilentFor(ManageHere):
    """Manage that has no answer for one service, not even whether anything changed."""

    def __init__(self, service_id: int) -> None:
        self.service_id = service_id

    def versions(self, asks: Sequence[ServiceQuery]) -> Mapping[int, int | None]:
        self._hear(asks)
        return super().versions(asks)

    def read(self, asks: Sequence[ServiceQuery]) -> Mapping[int, RosterAnswer]:
        self._hear(asks)
        return super().read(asks)

    def _hear(self, asks: Sequence[ServiceQuery]) -> None:
        if any(ask.service_id == self.service_id for ask in asks):
            raise SourceSilent("Manage does not answer.")


@pytest.fixture
def worlds() -> list[World]:
    """Services that are on, with a child each that the next run adds; all are due."""
    return due_worlds("Rimu", "Miro", "Tawa", "Kauri", "Totara")


def a_pass(
    worlds: Sequence[World], roster: Roster | None = None, profiles: Profiles | None = None, **more: object
) -> Pass:
    """A pass over what is due, on the clock of these worlds, which have these ends from now on."""
    give(*(world.service for world in worlds), roster=roster, profiles=profiles)
    return Pass(clock=lambda: worlds[0].now, **more)  # type: ignore[arg-type]


def test_what_is_due_is_run_in_one_batch_and_then_nothing_is_left(worlds: list[World]) -> None:
    assert fleet_metrics.due_count(worlds[0].now).services == 5
    [done] = a_pass(worlds)
    assert (done.services, len(done.runs)) == (5, 5)
    assert {world.state("ben") for world in worlds} == {"live"}
    assert fleet_metrics.due_count(worlds[0].now).services == 0
    assert list(a_pass(worlds)) == []


def test_services_in_which_nothing_changed_are_done_at_a_glance(worlds: list[World]) -> None:
    list(a_pass(worlds))
    for world in worlds:
        world.later(hours=12)
    worlds[1].enrol("Cara")
    [done] = a_pass(worlds)
    assert (done.services, [run.service_id for run in done.runs]) == (5, [worlds[1].service.pk])


def test_who_asked_comes_before_all_others_and_alone(worlds: list[World]) -> None:
    """R15."""
    worlds[3].choose("ana", ChoiceKind.DONT_ADD)
    first, others = a_pass(worlds)
    assert [(run.service_id, run.trigger) for run in first.runs] == [
        (worlds[3].service.pk, Trigger.CHOICE.value)
    ]
    assert (others.services, len(others.runs)) == (4, 4)
    assert first.runs[0].started_by == OPERATOR.label


def test_a_service_that_breaks_holds_up_no_other_and_is_told(worlds: list[World]) -> None:
    broken = worlds[2]
    [done] = a_pass(worlds, profiles=Breaks(broken.service.pk))
    assert done.services == 5
    assert sorted(run.state for run in done.runs) == ["done"] * 4 + ["failed"]
    assert [world.state("ben") for world in worlds] == ["live", "live", None, "live", "live"]
    [notice] = Notice.objects.filter(for_support=True, settled_at=None)
    assert (notice.service_id, "ZeroDivisionError" in notice.text) == (broken.service.pk, True)
    assert broken.now < broken.integration.next_run_at <= broken.now + timedelta(minutes=5)
    assert list(a_pass(worlds)) == [], "it is left alone until then"
    broken.now = worlds[0].now = broken.integration.next_run_at
    assert [run.state for done in a_pass(worlds) for run in done.runs] == ["done"]
    assert broken.state("ben") == "live"


def test_an_end_that_is_silent_for_one_service_stops_only_that_one(worlds: list[World]) -> None:
    """D8."""
    silent = worlds[0]
    [done] = a_pass(worlds, roster=SilentFor(silent.service.pk))
    assert sorted(run.state for run in done.runs) == ["done"] * 4 + ["stopped"]
    assert [world.state("ben") for world in worlds] == [None, "live", "live", "live", "live"]
    assert silent.integration.failures == 1


def test_a_service_that_another_process_took_meanwhile_counts_there(worlds: list[World]) -> None:
    broken = worlds[2].service.pk

    class Taken(DueServices):
        """Somebody else took all but one, when each is to be run alone."""

        def still(self, service_id: int, now: datetime) -> bool:
            return service_id == broken

    done = a_pass(worlds, wanted=Taken(), profiles=Breaks(broken))
    assert [each.services for each in done] == [1, 4]


def test_a_service_that_cannot_even_be_recorded_is_left_to_a_later_pass(worlds: list[World]) -> None:
    class Unheld(DueServices):
        """Everybody is still ours, until one question goes wrong."""

        def still(self, service_id: int, now: object) -> bool:
            if service_id == worlds[2].service.pk:
                raise ZeroDivisionError
            return True

    ends = {"profiles": Breaks(worlds[2].service.pk)}
    [done] = a_pass(worlds, wanted=Unheld(), **ends)
    assert (done.services, len(done.runs)) == (4, 4)
    assert [world.is_due(worlds[0].now) for world in worlds] == [False, False, True, False, False]


def test_a_pass_that_is_asked_to_stop_ends_between_two_batches(worlds: list[World]) -> None:
    for world in worlds:
        world.choose("ana", ChoiceKind.DONT_ADD)  # each comes alone
    done = []
    for step in a_pass(worlds, stopping=lambda: len(done) == 2):
        done.append(step)
    assert len(done) == 2
    assert fleet_metrics.due_count(worlds[0].now).services == 3


@pytest.mark.parametrize("full", [False, True])
def test_a_pass_over_everybody_looks_at_each_once(worlds: list[World], full: bool) -> None:
    list(a_pass(worlds))
    for world in worlds:
        world.later(minutes=1)
    before = Run.objects.count()
    wanted = AllServices(worlds[0].now)
    assert sum(done.services for done in a_pass(worlds, wanted=wanted, full=full)) == 5
    assert Run.objects.count() - before == (5 if full else 0)
    assert set(Integration.objects.values_list("checked_at", flat=True)) == {worlds[0].now}
    assert list(a_pass(worlds, wanted=AllServices(worlds[0].now))) == []


def test_a_pass_over_everybody_ends_though_the_clock_is_set_back(worlds: list[World]) -> None:
    since = worlds[0].now + timedelta(hours=1)
    clock = iter([since - timedelta(minutes=5)] * 3)
    [done] = Pass(AllServices(since), clock=lambda: next(clock), full=True)
    assert done.services == 5
    assert set(Integration.objects.values_list("checked_at", flat=True)) == {since}


def test_more_services_than_share_a_transaction_are_all_run(
    worlds: list[World], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(due, "SERVICES_READ", 2)
    monkeypatch.setattr(due, "SERVICES_READ_SQLITE", 2)
    for wanted in (DueServices, lambda: AllServices(worlds[0].now)):
        steps = list(a_pass(worlds, wanted=wanted(), full=True))
        assert [done.services for done in steps] == [2, 2, 1]
        assert {run.service_id for done in steps for run in done.runs} == {each.service.pk for each in worlds}
        for world in worlds:
            world.later(hours=12)


def test_no_more_are_claimed_than_are_run_together_where_all_is_read(
    worlds: list[World], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(due, "SERVICES_READ", 2)
    monkeypatch.setattr(due, "SERVICES_READ_SQLITE", 2)

    def claimed() -> int:
        with transaction.atomic():
            return len(DueServices().claim(worlds[0].now, (), due.SERVICES_CHECKED))

    for world in worlds:
        world.later(hours=13)
    assert claimed() == 5  # to look whether anything changed
    Integration.objects.update(next_run_at=None)
    assert claimed() == 2
    Integration.objects.update(next_run_at=worlds[0].now)
    asked = []

    class Asked(DueServices):
        def claim(self, now: datetime, but: Collection[int], number: int) -> list[int]:
            asked.append(number)
            return super().claim(now, but, number)

    list(a_pass(worlds, wanted=Asked(), full=True))
    assert set(asked) == {2}
    asked.clear()
    for world in worlds:
        world.later(hours=13)
    Integration.objects.update(settled=None, seen_version=0)  # as after a change of all services
    assert [done.services for done in a_pass(worlds, wanted=Asked())] == [2, 2, 1]
    assert asked == [2, 2, 2, due.SERVICES_CHECKED], "few had to be read at last"
    asked.clear()
    for world in worlds:
        world.later(hours=13)
    assert [done.services for done in a_pass(worlds, wanted=Asked())] == [2, 3]
    assert asked == [2, due.SERVICES_UNCHANGED, due.SERVICES_UNCHANGED], "nothing changed in the first"


@pytest.mark.skipif(connection.vendor == "sqlite", reason="SQLite waits for the disk at no commit")
def test_only_where_nothing_changed_a_commit_does_not_wait_for_the_disk(worlds: list[World]) -> None:
    def unawaited() -> bool:
        with CaptureQueriesContext(connection) as asked:
            [_] = a_pass(worlds)
        return any("synchronous_commit" in each["sql"] for each in asked)

    assert not unawaited(), "everybody is run"
    for world in worlds:
        world.later(hours=13)
    assert unawaited()
    for world in worlds:
        world.later(hours=13)
    worlds[1].enrol("Cara")
    assert not unawaited(), "one is run beside those in which nothing changed"


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(connection.vendor == "sqlite", reason="SQLite has one writer at a time")
def test_what_another_holds_is_passed_over_and_run_by_nobody_twice() -> None:
    worlds = due_worlds("Rimu", "Miro", "Tawa")
    everybody = {"wanted": AllServices(worlds[0].now), "profiles": Breaks(worlds[1].service.pk)}
    first, full = a_pass(worlds), a_pass(worlds, **everybody, full=True)
    held, go_on = threading.Event(), threading.Event()

    def hold() -> None:
        with transaction.atomic():
            due.claim("service_id = %s", [worlds[1].service.pk], 1)
            held.set()
            assert go_on.wait(60)
        connection.close()

    another = threading.Thread(target=hold)
    another.start()
    assert held.wait(60)
    try:
        [done] = first
        assert {run.service_id for run in done.runs} == {worlds[0].service.pk, worlds[2].service.pk}
        assert list(full) == []
    finally:
        go_on.set()
        another.join(60)
    [done] = a_pass(worlds)
    assert [run.service_id for run in done.runs] == [worlds[1].service.pk]
    assert scope(Run, worlds[1].service).count() == 2


class Asks(StoryparkHere):
    """Storypark that asks the database, before it writes, whether it may read whole tables."""

    def write(
        self, orders: Mapping[int, ProfileWrites], today: Mapping[int, date]
    ) -> Mapping[int, WriteResult]:
        [(self.may,)] = bulk.read("SHOW enable_seqscan")
        return super().write(orders, today)


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(connection.vendor == "sqlite", reason="SQLite checks foreign keys by index anyway")
def test_a_run_has_its_foreign_keys_checked_by_index_and_nothing_after_it(worlds: list[World]) -> None:
    asks = Asks()
    list(a_pass(worlds, profiles=asks))
    assert asks.may == "off"
    assert bulk.read("SHOW enable_seqscan") == [("on",)]


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(connection.vendor == "sqlite", reason="SQLite has one writer at a time")
def test_a_glance_waits_for_nobody_who_works_in_a_service_that_is_not_run(worlds: list[World]) -> None:
    list(a_pass(worlds))
    for world in worlds:
        world.later(hours=12)
    worlds[1].enrol("Cara")
    held, go_on = threading.Event(), threading.Event()

    def work() -> None:
        with transaction.atomic(), within(worlds[0].service, worlds[2].service):
            assert scope(RosterVersion, worlds[0].service).update(version=F("version") + 1)
            assert scope(Account, worlds[2].service).update(version=F("version") + 1)
            held.set()
            assert go_on.wait(60)
        connection.close()

    somebody = threading.Thread(target=work)
    somebody.start()
    assert held.wait(60)
    try:
        [done] = a_pass(worlds)
        assert (done.services, [run.service_id for run in done.runs]) == (5, [worlds[1].service.pk])
    finally:
        go_on.set()
        somebody.join(60)
    for world in worlds:
        world.later(hours=12)
    run = [run.service_id for done in a_pass(worlds) for run in done.runs]
    assert sorted(run) == [worlds[0].service.pk, worlds[2].service.pk], "what they did is seen by the next"


class Slow(ManageHere):
    """Manage that takes its time to answer, while the run holds what it claimed; it says when it begins."""

    def __init__(self) -> None:
        self.asked = threading.Semaphore(0)
        self.times = 0

    def read(self, asks: Sequence[ServiceQuery]) -> Mapping[int, RosterAnswer]:
        self.times += 1
        self.asked.release()
        time.sleep(0.3)
        return super().read(asks)

    def wait_until_asked(self) -> None:
        """Until the next answer is being waited for."""
        while self.asked.acquire(blocking=False):
            pass
        assert self.asked.acquire(timeout=60)


@pytest.mark.django_db(transaction=True)
def test_people_get_their_turn_during_a_long_pass(worlds: list[World]) -> None:
    ending, slow, waited_for = threading.Event(), Slow(), 0

    def pass_after_pass() -> None:
        ends = {"roster": slow}
        give(*(world.service for world in worlds), **ends)
        while not ending.is_set():
            list(Pass(AllServices(timezone.now()), ending.is_set, full=True))
        connection.close()

    passing = threading.Thread(target=pass_after_pass)
    passing.start()
    try:
        for number in range(6):
            slow.wait_until_asked()
            before = slow.times
            manage.add_room(worlds[0].service, f"Room {number}", by=OPERATOR, now=worlds[0].now)
            waited_for += slow.times - before
    finally:
        ending.set()
        passing.join()
    assert waited_for <= 6 * 4, "people waited for more than the steps of a second or so"


class Refuses(StoryparkHere):
    """Storypark whose database refuses to write for one service."""

    def __init__(self, service_id: int, because: psycopg.Error) -> None:
        self.service_id, self.because = service_id, because

    def write(
        self, orders: Mapping[int, ProfileWrites], today: Mapping[int, date]
    ) -> Mapping[int, WriteResult]:
        if self.service_id in orders:
            raise OperationalError from self.because
        return super().write(orders, today)


def test_a_database_that_cannot_work_is_no_failure_of_a_service(worlds: list[World]) -> None:
    ends = {"profiles": Refuses(worlds[2].service.pk, psycopg.errors.DiskFull())}
    runs = Run.objects.count()
    with pytest.raises(OperationalError):
        list(a_pass(worlds, **ends))
    assert (Run.objects.count(), Notice.objects.count()) == (runs, 0)
    assert {world.integration.failures for world in worlds} == {0}
    assert fleet_metrics.due_count(worlds[0].now).services == 5, "everybody stays due"
    list(a_pass(worlds))
    assert {world.state("ben") for world in worlds} == {"live"}


@pytest.mark.django_db(transaction=True)
def test_a_run_that_waits_too_long_for_others_is_no_failure(worlds: list[World]) -> None:
    world, runs = worlds[2], Run.objects.count()
    with databases.closed_door(), databases.impatient(), pytest.raises(OperationalError) as told:
        lifecycle.sync_now(world.service, OPERATOR, world.now)
    assert str(errors.explain(told.value)).startswith("Another process has been")
    assert (Run.objects.count(), world.integration.failures) == (runs, 0)
    assert not Notice.objects.exists()


def test_a_statement_that_somebody_cancels_is_a_failure_that_support_is_told_of(worlds: list[World]) -> None:
    """As a limit of the server does each time: it would be tried again for ever."""
    slow = worlds[2]
    ends = {"profiles": Refuses(slow.service.pk, psycopg.errors.QueryCanceled())}
    [done] = a_pass(worlds, **ends)
    assert sorted(run.state for run in done.runs) == ["done"] * 4 + ["failed"]
    assert (slow.integration.failures, Notice.objects.get().for_support) == (1, True)


def test_a_row_that_somebody_holds_too_long_holds_up_no_other_service(worlds: list[World]) -> None:
    held = worlds[2]
    ends = {"profiles": Refuses(held.service.pk, psycopg.errors.LockNotAvailable())}
    [done] = a_pass(worlds, **ends)
    assert (done.services, [run.state for run in done.runs]) == (4, ["done"] * 4)
    assert (held.state("ben"), held.integration.failures) == (None, 0), "no failure of the service either"
    assert fleet_metrics.due_count(worlds[0].now).services == 1, "it stays due"
    assert not Notice.objects.exists()
    list(a_pass(worlds))
    assert held.state("ben") == "live"
