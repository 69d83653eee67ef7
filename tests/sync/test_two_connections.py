"""Two at once at one service, on PostgreSQL, where only what they hold makes them wait for each other."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import timedelta
from functools import partial

import pytest
from django.db import connection, transaction

from parkway import domain
from parkway.connectors.manage_here import ManageHere
from parkway.connectors.ports import ProfilesAnswer, RosterAnswer, ServiceQuery
from parkway.connectors.storypark_here import StoryparkHere
from parkway.domain import BookingState, Details, InactivePolicy, Refused
from parkway.manage import standing
from parkway.manage import verbs as manage
from parkway.manage.models import Booking, RosterVersion
from parkway.storypark import verbs as storypark
from parkway.storypark.models import Account, Profile, Story
from parkway.sync.commands import changes, choices
from parkway.sync.models import Run
from parkway.sync.queries.previews import plan_now
from parkway.sync.run.pipeline import RunContext, run_sync, run_together
from parkway.tenancy.people import OPERATOR
from parkway.tenancy.scope import scope, within_all
from parkway.tenancy.verbs import change_service
from tests.databases import waiting
from tests.ends import given
from tests.stories.world import World

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(connection.vendor == "sqlite", reason="SQLite has one writer at a time"),
]
DEADLINE = 60.0  # seconds after which something counts as stuck


class Meanwhile:
    """Something that somebody else does, in a thread and on a connection of its own."""

    def __init__(self, act: Callable[[], object]) -> None:
        self.act, self.refused = act, ""
        self.thread = threading.Thread(target=self._run)

    def _run(self) -> None:
        try:
            with within_all():
                self.act()
        except Refused as refused:
            self.refused = str(refused)
        finally:
            connection.close()

    def start(self) -> None:
        """Begin, and wait until it is done or has to wait."""
        before = waiting()
        self.thread.start()
        while self.thread.is_alive() and waiting() == before:
            self.thread.join(0.01)

    def finish(self) -> None:
        self.thread.join(DEADLINE)
        assert not self.thread.is_alive(), "it is stuck"


@contextmanager
def meanwhile(act: Callable[[], object]) -> Iterator[Meanwhile]:
    doing = Meanwhile(act)
    try:
        yield doing
    finally:
        if doing.thread.ident is not None:
            doing.finish()


@contextmanager
def made_to_wait(act: Callable[[], object]) -> Iterator[Meanwhile]:
    """Somebody acts once what is done here is done, and hears how it ends only when it is committed."""
    with meanwhile(act) as somebody:
        with transaction.atomic():
            yield somebody
            somebody.start()
            assert somebody.thread.is_alive(), "it waits to hear how this ends"
        somebody.finish()


class ManageThatChanges(ManageHere):
    """Manage in which somebody changes something right after it was read."""

    def __init__(self, doing: Meanwhile) -> None:
        self.doing = doing

    def read(self, asks: Sequence[ServiceQuery]) -> Mapping[int, RosterAnswer]:
        found = super().read(asks)
        if self.doing.thread.ident is None:
            self.doing.start()
        return found


class StoryparkThatChanges(StoryparkHere):
    """Storypark in which somebody changes something right after it was read."""

    def __init__(self, doing: Meanwhile) -> None:
        self.doing = doing

    def read(self, asks: Sequence[ServiceQuery]) -> Mapping[int, ProfilesAnswer]:
        found = super().read(asks)
        if self.doing.thread.ident is None:
            self.doing.start()
        return found


def test_a_child_enrolled_between_the_reads_of_a_run_is_found_by_the_next(world: World) -> None:
    def enrol() -> None:
        child = manage.enrol(
            world.service,
            Details("Cara", "Hohepa", rooms=frozenset({"New"})),
            "cara",
            by=OPERATOR,
            now=world.now,
        )
        manage.book(child, world.today, by=OPERATOR, now=world.now)

    with meanwhile(enrol) as somebody, given(world.service, roster=ManageThatChanges(somebody)):
        run = run_sync(world.service.pk, RunContext(world.now))
    assert (run.state, run.counts["create"], run.converged) == ("done", 1, True)
    assert (world.state("ben"), world.state("cara")) == ("live", None)
    assert world.integration.seen_roster < RosterVersion.objects.get(service=world.service).version

    world.later(hours=12)
    run = run_sync(world.service.pk, RunContext(world.now))
    assert run.counts["create"] == 1
    assert world.state("cara") == "live"


def test_paid_children_lowered_while_a_run_fills_the_spaces_are_refused(world: World) -> None:
    """D6."""
    with (
        meanwhile(
            lambda: storypark.set_paid_children(world.service, 1, by=OPERATOR, now=world.now)
        ) as somebody,
        given(world.service, profiles=StoryparkThatChanges(somebody)),
    ):
        run = run_sync(world.service.pk, RunContext(world.now))
    assert (run.counts["create"], world.live()) == (1, 2)
    assert "has 2 live profiles" in somebody.refused
    assert Account.objects.get(service=world.service).paid_children == 20


def test_the_last_space_is_taken_once(world: World) -> None:
    storypark.set_paid_children(world.service, 2, by=OPERATOR, now=world.now)
    with (
        meanwhile(
            lambda: storypark.create_profile(world.service, Details("Dan"), by=OPERATOR, now=world.now)
        ) as somebody,
        given(world.service, profiles=StoryparkThatChanges(somebody)),
    ):
        run_sync(world.service.pk, RunContext(world.now))
    assert "pays for 2 children, and 2 profiles are live" in somebody.refused
    assert scope(Profile, world.service).filter(state="live").count() == 2


CONFIRMATIONS: Mapping[str, Callable[[World, str], object]] = {
    "approve": lambda world, mark: changes.confirm(
        world.service, changes.Approve(), mark, OPERATOR, world.now
    ),
    "reject": lambda world, mark: changes.confirm(world.service, changes.Reject(), mark, OPERATOR, world.now),
    "switch": lambda world, mark: changes.confirm(
        world.service, changes.SwitchPolicy(InactivePolicy.STAY), mark, OPERATOR, world.now
    ),
    "turn off": lambda world, mark: changes.confirm(
        world.service, changes.TurnOff(), "", OPERATOR, world.now
    ),
}


@pytest.mark.parametrize("what", CONFIRMATIONS)
def test_nothing_is_confirmed_any_more_once_somebody_turned_syncing_off(world: World, what: str) -> None:
    """D15."""
    mark = plan_now(world.service, world.now).fingerprint
    runs = Run.objects.count()
    with made_to_wait(lambda: CONFIRMATIONS[what](world, mark)) as somebody:
        changes.confirm(world.service, changes.TurnOff(), "", OPERATOR, world.now)
    assert "Syncing is turned off for Rimu Kindergarten" in somebody.refused
    assert (world.integration.stage, world.state("ben"), Run.objects.count()) == ("off", None, runs)


def test_turning_on_is_confirmed_once(world: World) -> None:
    """D15."""
    changes.confirm(world.service, changes.TurnOff(), "", OPERATOR, world.now)
    mark = changes.preview(world.service, changes.TurnOn(), world.now).fingerprint
    again = partial(changes.confirm, world.service, changes.TurnOn(), mark, OPERATOR, world.now)
    with meanwhile(again) as somebody:
        with transaction.atomic():
            again()
            somebody.start()
        somebody.finish()
    assert "Syncing is not turned off for Rimu Kindergarten" in somebody.refused
    assert (world.state("ben"), scope(Run, world.service).filter(trigger="turned_on").count()) == ("live", 1)


def test_a_booking_that_somebody_cancels_is_not_confirmed_any_more(world: World) -> None:
    offered = manage.book(
        world.child("ben"), world.today, state=BookingState.OFFERED, by=OPERATOR, now=world.now
    )
    seen = Booking.objects.get(pk=offered.pk)
    with made_to_wait(lambda: manage.confirm(seen, by=OPERATOR, now=world.now)) as somebody:
        manage.cancel(offered, by=OPERATOR, now=world.now)
    assert "This booking was cancelled" in somebody.refused
    assert Booking.objects.get(pk=offered.pk).state == "cancelled"


@pytest.mark.parametrize("what", ["amend", "book", "cancel", "end", "archive", "remove"])
def test_nothing_is_done_to_a_child_whom_somebody_removes(world: World, what: str) -> None:
    child, today = world.child("ben"), world.today
    booking = Booking.objects.get(child=child)
    acts: Mapping[str, Callable[[], object]] = {
        "amend": lambda: manage.amend(child, last_name="Reid", by=OPERATOR, now=world.now),
        "book": lambda: manage.book(child, today, by=OPERATOR, now=world.now),
        "cancel": lambda: manage.cancel(booking, by=OPERATOR, now=world.now),
        "end": lambda: manage.end_booking(booking, today, by=OPERATOR, now=world.now),
        "archive": lambda: manage.archive_child(child, by=OPERATOR, now=world.now),
        "remove": lambda: manage.remove_child(child, by=OPERATOR, now=world.now),
    }
    with made_to_wait(acts[what]) as somebody:
        manage.remove_child(world.child("ben"), by=OPERATOR, now=world.now)
    assert "Ben was removed from Manage meanwhile" in somebody.refused


def test_a_booking_made_while_the_window_is_widened_counts_in_the_wider_one(world: World) -> None:
    """D1."""
    child = world.child(world.enrol("Cara", since=None))
    far = world.today + timedelta(days=70)
    with made_to_wait(lambda: manage.book(child, far, by=OPERATOR, now=world.now)):
        change_service(world.service, lookahead_days=84, by=OPERATOR, now=world.now)
        standing.roll({world.service.pk: (world.today, world.service.window)})
    assert world.status("cara") == "Active"


def test_a_draft_that_somebody_publishes_is_not_changed_any_more(world: World) -> None:
    ana = world.profile_of("ana")
    draft = storypark.write_story([ana], "A tower", "Ana built it.", by=OPERATOR, now=world.now)
    with made_to_wait(
        lambda: storypark.amend_story(draft, [ana], "A house", "Ana built it.", by=OPERATOR, now=world.now)
    ) as somebody:
        storypark.publish_story(Story.objects.get(pk=draft.pk), by=OPERATOR, now=world.now)
    assert "“A tower” is published" in somebody.refused
    assert Story.objects.get(pk=draft.pk).title == "A tower"


@pytest.mark.parametrize("what", ["amend", "publish"])
def test_nothing_is_done_to_a_draft_that_goes_with_its_profile(world: World, what: str) -> None:
    """D16."""
    ana = world.profile_of("ana")
    draft = storypark.write_story([ana], "A tower", "Ana built it.", by=OPERATOR, now=world.now)
    acts: Mapping[str, Callable[[], object]] = {
        "amend": lambda: storypark.amend_story(
            draft, [ana], "A house", "Ana built it.", by=OPERATOR, now=world.now
        ),
        "publish": lambda: storypark.publish_story(draft, by=OPERATOR, now=world.now),
    }
    with made_to_wait(acts[what]) as somebody:
        storypark.delete_profile(world.profile_of("ana"), by=OPERATOR, now=world.now)
    assert "“A tower” is there no longer" in somebody.refused


def test_a_name_is_left_though_two_people_take_one_away_each(world: World) -> None:
    child = world.child("ben")
    with made_to_wait(lambda: manage.amend(child, first_name="", by=OPERATOR, now=world.now)) as somebody:
        world.amend("ben", last_name="")
    assert "needs a first name or a last name" in somebody.refused


def test_changes_and_runs_of_many_services_never_lock_each_other_out() -> None:
    """Everybody changes everything at once; nobody is ended by the database as one side of a deadlock."""
    worlds = [World(name) for name in ("Rimu", "Miro", "Tawa")]
    for world in worlds:
        world.enrol("Ana")
        world.set_up()
    ids = [world.service.pk for world in worlds]
    failed: list[BaseException] = []

    def often(act: Callable[[World, int], object], order: int) -> Callable[[], None]:
        def acts() -> None:
            try:
                for turn in range(8):
                    for world in worlds[::order]:
                        act(world, turn)
            except BaseException as error:
                failed.append(error)

        return acts

    def enrol(world: World, turn: int) -> None:
        child = manage.enrol(world.service, Details(f"Child {turn}", "Hohepa"), by=OPERATOR, now=world.now)
        manage.book(child, world.today, by=OPERATOR, now=world.now)

    def choose(world: World, turn: int) -> None:
        until = world.today + timedelta(days=turn)
        choices.store(world.service, {"ana": domain.Choice(keep_until=until)}, OPERATOR, world.now)

    def sync(world: World, turn: int) -> None:
        with transaction.atomic():
            runs = run_together(ids, RunContext(world.now), full=True)
        assert {run.state for run in runs} == {"done"}

    acts = [
        often(enrol, 1),
        often(enrol, -1),
        often(choose, -1),
        often(
            lambda world, turn: storypark.set_paid_children(
                world.service, 100 + turn, by=OPERATOR, now=world.now
            ),
            -1,
        ),
        often(sync, 1),
        often(sync, -1),
    ]
    everybody = [Meanwhile(act) for act in acts]
    for each in everybody:
        each.thread.start()
    for each in everybody:
        each.finish()
    assert failed == []
    for world in worlds:
        world.later(hours=12)
        run_sync(world.service.pk, RunContext(world.now))
        assert world.live() == 17
