"""The outbox: what happened reaches every reader at least once, in order, and only what really happened."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from hypothesis import given, settings

from parkway.config.doctor import queue as doctor_of_queue
from parkway.domain import ACTIONS, Step
from parkway.jobs.cleanup import remove_expired
from parkway.jobs.scheduler import Scheduler
from parkway.sync import events, outbox
from parkway.sync.events import (
    ChildArchived,
    ChildCreated,
    ChildEvent,
    Event,
    Happened,
    LinkChanged,
    NoticeGiven,
    RunEnded,
    RunRequested,
    SettingChanged,
    happened_of,
)
from parkway.sync.models import Integration, Link, Notice, Outbox, Run, Trigger
from parkway.sync.queries import fleet_metrics
from parkway.sync.schedule import run_requests
from parkway.sync.schedule.fleet import Pass
from parkway.tenancy.people import OPERATOR
from parkway.tenancy.scope import scope
from parkway.tenancy.verbs import change_service
from tests.stories.world import BORN, SilentManage, World
from tests.sync.recording import heard, reading
from tests.sync.test_skipping import LIVES, NAMES, RUNS_ON_A_DATABASE, one_pass
from tests.sync.test_skipping import Event as Happening

committing = pytest.mark.django_db(transaction=True)


def age(minutes: int = 2, **found: object) -> None:
    """Let time pass for rows of the outbox."""
    moment = timezone.now() - timedelta(minutes=minutes)
    Outbox.objects.filter(**found).update(not_before=moment)


def ids(told: Sequence[Event]) -> list[str]:
    return [event.id for event in told]


class Raising:
    """A reader that raises a number of times before it takes anything."""

    def __init__(self, times: int) -> None:
        self.times, self.told = times, list[Event]()

    def __call__(self, told: Sequence[Event]) -> None:
        if self.times:
            self.times -= 1
            raise ValueError("not now")
        self.told.extend(told)


@pytest.fixture
def left_behind(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], None]]:
    """Processes that die right after they commit; until what is returned is called."""
    with monkeypatch.context() as patched:
        patched.setattr(outbox, "_deliver_soon", lambda known: None)
        yield patched.undo


@pytest.fixture
def told() -> Iterator[list[Event]]:
    """What a reader hears of ends of runs."""
    with heard(RunEnded) as events:
        yield events


# What readers hear ---------------------------------------------------------------------------------------


@committing
def test_readers_hear_when_the_transaction_is_over_and_the_rows_are_gone(world: World) -> None:
    with heard() as told:
        with transaction.atomic():
            run = world.sync_fully()
            assert told == []
            assert Outbox.objects.count() == 1, "a row a run, however many children"
        assert Outbox.objects.count() == 0
    assert ids(told) == [f"run-{run.pk}/ended", f"run-{run.pk}/create/ben"]
    ended, created = told
    assert isinstance(ended, RunEnded)
    assert (ended.run_id, ended.state, ended.trigger, ended.counts["create"]) == (
        run.pk,
        "done",
        "schedule",
        1,
    )
    assert isinstance(created, ChildCreated)
    assert (created.child_id, created.run_id, created.at) == ("ben", run.pk, run.at)


@committing
def test_a_reader_hears_of_the_kinds_it_asks_for(world: World) -> None:
    world.archive("ana")
    with heard(ChildArchived) as archived, heard(RunEnded, name="other") as ended:
        world.sync_fully()
    assert [type(each) for each in archived] == [ChildArchived]
    assert [type(each) for each in ended] == [RunEnded]


@pytest.mark.django_db
def test_what_no_reader_asks_for_is_not_kept(world: World) -> None:
    Outbox.objects.all().delete()
    with heard(RunEnded):
        world.stay()
    [row] = Outbox.objects.all()
    assert json.loads(row.events)["kind"] == "RunEnded", "and no row of the change of the setting"
    assert json.loads(row.events)["children"] == {}
    world.let_leave()
    assert Outbox.objects.count() == 1, "nobody logs or counts runs here"


@committing
def test_what_is_undone_never_leaves(world: World) -> None:
    with heard() as told:
        with transaction.atomic():
            world.sync_fully()
            transaction.set_rollback(True)
        outbox.carry_on()
    assert (told, Outbox.objects.count()) == ([], 0)


@committing
def test_a_pass_in_which_nothing_changed_writes_nothing(world: World) -> None:
    world.sync_fully()
    world.later(hours=13)
    with CaptureQueriesContext(connection) as asked, heard() as told:
        assert [done.services for done in Pass(clock=lambda: world.now)] == [1]
    assert told == []
    assert not [query for query in asked if "sync_outbox" in query["sql"]]


@committing
def test_settings_and_calls_for_runs_are_events_without_words(world: World) -> None:
    with heard() as told:
        world.stay()
        run_requests.request_run(world.service.pk, Trigger.NOW, OPERATOR)
    kinds = [type(each) for each in told if not isinstance(each, ChildEvent)]
    assert kinds == [SettingChanged, RunEnded, RunRequested, RunEnded]
    assert isinstance(told[0], SettingChanged)
    assert told[0].names == ("inactive",)


@pytest.mark.django_db
def test_a_row_tells_ids_and_numbers_alone(world: World) -> None:
    """A held run has a reason in words, and its children have names: neither stands in the outbox."""
    for name in ("Kea", "Kaka", "Tui", "Weka", "Moa"):
        world.enrol(name)
    world.sync_fully()
    for child in ("kea", "kaka", "tui", "weka", "moa"):
        world.archive(child)
    Outbox.objects.all().delete()
    with heard():
        run = world.sync_fully()
    assert run.state == "held"
    [notice] = Notice.objects.filter(settled_at=None)
    ended, given_ = Outbox.objects.order_by("pk")
    values = json.loads(ended.events)
    assert values["children"] == {"withheld": ["kaka", "kea", "moa", "tui", "weka"]}
    assert run.message not in ended.events
    assert "Hohepa" not in ended.events + given_.events
    assert given_.event_id == f"notice-{notice.pk}/given"
    assert json.loads(given_.events)["notice_id"] == notice.pk


@committing
def test_a_notice_is_written_in_the_transaction_of_the_run(
    world: World, left_behind: Callable[[], None]
) -> None:
    with heard(NoticeGiven) as told:
        with transaction.atomic():
            world.sync_fully(roster=SilentManage())
            assert Notice.objects.filter(settled_at=None).count() == 1
        world.sync_fully(roster=SilentManage())
        left_behind()
        age()
        outbox.carry_on()
    assert Notice.objects.count() == len(told) == 1, "once, for as long as the matter is open"


@committing
def test_a_reader_inside_that_raises_undoes_what_it_heard_of(world: World) -> None:
    def refuse(told: Sequence[Event]) -> Iterator[Event]:
        raise RuntimeError

    before = Run.objects.count()
    outbox.subscribe(outbox.ReaderInside("refusing", (SettingChanged,), refuse))
    try:
        with pytest.raises(RuntimeError):
            world.stay()
    finally:
        outbox.unsubscribe("refusing")
    assert (world.integration.inactive, Run.objects.count()) == ("leave", before)


@committing
def test_what_a_reader_causes_comes_after_what_it_heard_of(world: World) -> None:
    """The run at once is run by a reader, before others hear that it was asked for."""
    with heard(RunRequested, RunEnded) as told:
        run_requests.request_run(world.service.pk, Trigger.NOW, OPERATOR)
    assert [type(each) for each in told] == [RunRequested, RunEnded]


# What was left -------------------------------------------------------------------------------------------


@committing
def test_what_a_process_that_died_left_is_carried_on_once_its_time_has_come(
    world: World, left_behind: Callable[[], None], told: list[Event]
) -> None:
    run = world.sync_fully()
    left_behind()
    outbox.carry_on()
    assert told == [], "whoever wrote it is left alone with it"
    age()
    assert fleet_metrics.fleet_metrics().events_left == 1
    Scheduler().look()
    Scheduler().look()
    assert ids(told) == [f"run-{run.pk}/ended"]
    assert fleet_metrics.fleet_metrics().events_left == 0


@committing
def test_what_a_reader_of_another_process_waits_for_stays_for_it(
    world: World, left_behind: Callable[[], None]
) -> None:
    """As the log of a `serve` that died, beside a command whose log is off, and which carries on."""
    with heard(RunEnded, name="elsewhere"):
        run = world.sync_fully()
    left_behind()
    for _ in range(2):
        age()
        outbox.carry_on()
        world.sync_fully()
    assert "elsewhere" in Outbox.objects.earliest("pk").waiting_for
    with heard(RunEnded, name="elsewhere") as told:
        age()
        outbox.carry_on()
    assert ids(told)[0] == f"run-{run.pk}/ended"


@committing
def test_a_reader_that_raises_is_told_again_and_disturbs_nobody(world: World) -> None:
    raising = Raising(2)
    with reading(raising, name="raising"), heard() as told:
        run = world.sync_fully()
        assert run.state == "done"
        assert len(told) == 2, "others have heard"
        [row] = Outbox.objects.all()
        assert (row.waiting_for, row.tries) == ("raising", 1)
        outbox.carry_on()
        assert raising.times == 1, "not before its time"
        for tries, minutes in ((2, 2), (None, None)):
            age()
            outbox.carry_on()
            row = Outbox.objects.first()
            assert (row and row.tries) == tries
            if row and minutes:
                assert timedelta(minutes=minutes - 1) < row.not_before - timezone.now()
    assert ids(raising.told) == ids(told)
    assert Outbox.objects.count() == 0


@committing
def test_a_reader_that_raises_again_and_again_is_told_of_and_given_up_after_a_month(world: World) -> None:
    raising = Raising(99)
    with reading(raising, name="raising"):
        world.sync_fully()
        for _ in range(outbox.STUCK - 1):
            assert fleet_metrics.fleet_metrics().events_stuck == 0
            age()
            outbox.carry_on()
        found = fleet_metrics.fleet_metrics()
        assert (found.events_left, found.events_stuck) == (1, 1)
        [message] = [each for each in doctor_of_queue.AREA.run() if "event" in each.msg]
        assert message.id == "parkway.queue.W021"
        remove_expired()
        assert Outbox.objects.count() == 1
        Outbox.objects.update(at=timezone.now() - timedelta(days=31))
        remove_expired()
        assert Outbox.objects.count() == 0


@committing
def test_the_order_of_a_service_is_kept_and_no_other_waits(world: World) -> None:
    other = World("Miro")
    other.set_up()
    raising = Raising(2)
    with reading(raising, RunEnded, name="raising"), heard(RunEnded) as told:
        first = world.sync_fully()
        second = world.sync_fully()
        theirs = other.sync_fully()
        assert [each.run_id for each in told if isinstance(each, RunEnded)] == [
            first.pk,
            second.pk,
            theirs.pk,
        ]
        assert raising.told == [], "the first of the other service was refused, too"
        assert raising.times == 0
        age(service=world.service, event_id=f"run-{second.pk}/ended")
        outbox.carry_on()
        assert raising.told == [], "the second waits for the first"
        age(service=world.service)
        outbox.carry_on()
        assert ids(raising.told) == [f"run-{first.pk}/ended", f"run-{second.pk}/ended"]
        age()
        outbox.carry_on()
    assert raising.told[-1].service_id == other.service.pk
    assert Outbox.objects.count() == 0


@committing
def test_what_another_process_left_comes_before_what_follows(
    world: World, left_behind: Callable[[], None], told: list[Event]
) -> None:
    first = world.sync_fully()
    left_behind()
    second = world.sync_fully()
    assert ids(told) == [f"run-{first.pk}/ended", f"run-{second.pk}/ended"]
    assert Outbox.objects.count() == 0


@committing
def test_a_pass_removes_what_it_delivered_with_what_it_writes(world: World) -> None:
    others = [World(name) for name in ("Miro", "Tawa", "Rata")]
    for each in others:
        each.enrol("Ana")
        each.set_up()
    Integration.objects.update(next_run_at=None, version=99)
    with heard(RunEnded) as told, CaptureQueriesContext(connection) as asked:
        for _ in Pass(clock=lambda: world.now, full=True):
            pass
    assert len(told) == 4
    assert Outbox.objects.count() == 0
    removed = [each for each in asked if each["sql"].startswith('DELETE FROM "sync_outbox"')]
    assert len(removed) == 1


@committing
def test_what_was_delivered_and_not_removed_is_not_told_again_here(world: World) -> None:
    with heard() as told, outbox.removing_later():
        world.sync_fully()
        assert Outbox.objects.count() == 1
        number = len(told)
        age()
        outbox.carry_on()
        outbox.remove_delivered()
    assert len(told) == number
    assert Outbox.objects.count() == 0


@committing
def test_a_row_of_another_version_waits_for_it_and_holds_up_nobody_else(world: World) -> None:
    Outbox.objects.create(
        service=World("Miro").service,
        event_id="unknown",
        at=timezone.now(),
        events='{"kind": "SomethingNew", "children": {}}',
        waiting_for="run-at-once",
        not_before=timezone.now(),
    )
    with heard() as told:
        world.sync_fully()
        outbox.carry_on()
    assert told
    assert Outbox.objects.get().tries == 1


# The events are what the journal says --------------------------------------------------------------------


def links_of(world: World) -> dict[str, str]:
    return dict(scope(Link, world.service).values_list("child_id", "profile_id"))


def taken(world: World) -> list[Event]:
    """The events in the outbox, as they unfold from what is kept there; it is empty afterwards."""
    rows = list(scope(Outbox, world.service).order_by("pk"))
    scope(Outbox, world.service).delete()
    return [
        event
        for row in rows
        for event in happened_of(row.event_id, row.service_id, row.at, row.events).events()
    ]


def journal_says(run: Run) -> Counter[tuple[type[Event], str]]:
    """What the entries of a run say happened to children."""
    said = Counter[tuple[type[Event], str]]()
    for child_id, step, facts in run.entries.values_list("child_id", "step", "facts"):
        withheld = step == Step.NEEDS_REVIEW and "withheld" in json.loads(facts)
        name = events.WITHHELD if withheld else step
        if name in events.OF_CHILDREN:
            said[events.OF_CHILDREN[name], child_id] += 1
    return said


def compare(world: World, happens: Callable[[World], object]) -> None:
    last = Run.objects.order_by("pk").last()
    before = links_of(world)
    happens(world)
    told = taken(world)
    moved = {each.child_id for each in told if isinstance(each, LinkChanged) and each.run_id}
    after = links_of(world)
    runs = list(Run.objects.filter(service=world.service, pk__gt=last.pk if last else 0))
    for run in runs:
        [ended] = [each for each in told if isinstance(each, RunEnded) and each.run_id == run.pk]
        assert (ended.state, ended.trigger, ended.waiting) == (run.state, run.trigger, run.waiting)
        assert (ended.converged, ended.at) == (run.converged, run.at)
        assert ended.counts == {step: number for step, number in run.counts.items() if number}
        theirs = [each for each in told if isinstance(each, ChildEvent) and each.run_id == run.pk]
        found = Counter((type(each), each.child_id) for each in theirs if type(each) is not LinkChanged)
        assert found == journal_says(run)
    assert moved == {child for child in after if runs and before.get(child, after[child]) != after[child]}
    assert len({each.id for each in told}) == len(told)


@pytest.mark.django_db
@settings(max_examples=40, deadline=None, suppress_health_check=RUNS_ON_A_DATABASE)
@given(LIVES)
def test_events_are_what_the_journal_says(life: list[tuple[Happening, list[int]]]) -> None:
    with transaction.atomic(), heard():  # what nobody hears is not kept
        world = World(paid=1)
        change_service(world.service, lookback_days=3, lookahead_days=4, by=OPERATOR, now=world.now)
        for place, name in enumerate(NAMES):
            first = world.today + timedelta(days=3 - place)
            world.enrol(name, born=BORN, since=first, until=first + timedelta(days=5))
        compare(world, lambda world: world.set_up())
        for happens, quiet in life:
            compare(world, happens)
            for hours in quiet or [6]:
                world.later(hours=hours)
                compare(world, lambda world: one_pass(world, full=False))
        transaction.set_rollback(True)


def test_every_step_that_writes_is_an_event() -> None:
    assert {step.value for step in ACTIONS} <= events.OF_CHILDREN.keys()


@pytest.mark.parametrize("kind", events.ALONE)
def test_what_is_kept_reads_back(kind: type[Event]) -> None:
    values = {
        RunEnded: {
            "run_id": 1,
            "state": "done",
            "trigger": "now",
            "seconds": 0.1,
            "converged": True,
            "waiting": 2,
            "counts": {"create": 3},
        },
        NoticeGiven: {"notice_id": 4, "run_id": 1, "for_support": True},
        RunRequested: {"trigger": "now", "person_id": None},
        SettingChanged: {"names": ("inactive", "stage")},
        LinkChanged: {"child_id": "ana", "run_id": None},
    }
    event = kind(id="this", service_id=7, at=timezone.now(), **values[kind])
    happened = Happened(event, {"create": ["ana", "“ben”"]} if kind is RunEnded else {})
    assert happened_of(event.id, 7, event.at, happened.text()) == happened
