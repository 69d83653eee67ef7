"""Skipping equals running: a pass that skips what did not change leaves what a full one leaves."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from functools import partial
from typing import TypeVar

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, note, settings
from hypothesis import strategies as st

from parkway.domain import BookingState, ChoiceKind, InactivePolicy, Limits, Refused, Status
from parkway.manage import verbs as manage
from parkway.manage.models import Booking, Child
from parkway.manage.models import Room as ManageRoom
from parkway.storypark import verbs as storypark
from parkway.storypark.models import Profile
from parkway.sync import integrations
from parkway.sync.commands import changes, choices
from parkway.sync.models import Entry, Integration, Link, Run, RunState
from parkway.sync.run.pipeline import RunContext, run_sync
from parkway.tenancy.people import OPERATOR
from parkway.tenancy.scope import scope
from parkway.tenancy.verbs import change_service
from tests.stories.world import BORN, World

pytestmark = pytest.mark.django_db

T = TypeVar("T")
Event = Callable[[World], object]

NAMES = ["Ana", "Ben", "Cara"]
ZONES = ["Pacific/Auckland", "Australia/Perth", "America/Santiago", "Pacific/Kiritimati"]
CHOSEN = [
    ChoiceKind.PROFILE,
    ChoiceKind.NEW,
    ChoiceKind.DONT_ADD,
    ChoiceKind.KEEP,
    ChoiceKind.ARCHIVE,
]


# --- what may happen to a service ---------------------------------------------------------------------


def nth(things: list[T], number: int) -> T:
    """One of these; Refused when there is none, as a person would see."""
    if not things:
        raise Refused("There is none.")
    return things[number % len(things)]


def a_child(world: World, number: int) -> Child:
    return nth(list(scope(Child, world.service).order_by("reference")), number)


def a_child_id(world: World, number: int) -> str:
    """A child of Manage, or one that syncing alone still knows."""
    here = scope(Child, world.service).values_list("reference", flat=True)
    return nth(sorted({*here, *scope(Link, world.service).values_list("child_id", flat=True)}), number)


def a_booking(world: World, number: int) -> Booking:
    return nth(list(scope(Booking, world.service).order_by("pk")), number)


def a_profile(world: World, number: int) -> Profile:
    return nth(list(scope(Profile, world.service).order_by("pk")), number)


def enrol(world: World, name: str) -> None:
    number = scope(Child, world.service).count() + Run.objects.count()
    world.enrol(name, since=None, child_id=f"c{number}", rooms=["Kiwi"])


def book(world: World, number: int, starts: int, length: int | None, offered: bool) -> None:
    first = world.today + timedelta(days=starts)
    last = None if length is None else first + timedelta(days=length)
    state = BookingState.OFFERED if offered else BookingState.CONFIRMED
    manage.book(a_child(world, number), first, last, state=state, by=OPERATOR, now=world.now)


def cancel(world: World, number: int) -> None:
    manage.cancel(a_booking(world, number), by=OPERATOR, now=world.now)


def confirm(world: World, number: int) -> None:
    manage.confirm(a_booking(world, number), by=OPERATOR, now=world.now)


def end_booking(world: World, number: int, offset: int | None) -> None:
    last = None if offset is None else world.today + timedelta(days=offset)
    manage.end_booking(a_booking(world, number), last, by=OPERATOR, now=world.now)


def archive(world: World, number: int) -> None:
    manage.archive_child(a_child(world, number), by=OPERATOR, now=world.now)


def unarchive(world: World, number: int) -> None:
    manage.unarchive_child(a_child(world, number), by=OPERATOR, now=world.now)


def remove(world: World, number: int) -> None:
    manage.remove_child(a_child(world, number), by=OPERATOR, now=world.now)


def amend(world: World, number: int, name: str, room: str) -> None:
    manage.amend(a_child(world, number), first_name=name, rooms=frozenset({room}), by=OPERATOR, now=world.now)


def rename_room(world: World, number: int, name: str) -> None:
    manage.rename_room(
        nth(list(scope(ManageRoom, world.service).order_by("pk")), number), name, by=OPERATOR, now=world.now
    )


def switch(world: World, to: InactivePolicy) -> None:
    world.switch(to)


def pay_for(world: World, number: int) -> None:
    world.plan_reduced_to(number)


def choose(world: World, number: int, kind: ChoiceKind, which: int) -> None:
    profile = a_profile(world, which) if kind is ChoiceKind.PROFILE else None
    world.choose(a_child_id(world, number), kind, profile)


def release(world: World, number: int) -> None:
    choices.release(world.service, a_child_id(world, number), OPERATOR, world.now)


def keep_until(world: World, number: int, days: int) -> None:
    day = world.today + timedelta(days=days)
    choices.keep_until(world.service, a_child_id(world, number), day, OPERATOR, world.now)


def move_link(world: World, number: int, other: int) -> None:
    missing, child = a_child_id(world, number), a_child_id(world, other)
    choices.move_link(world.service, missing, child, OPERATOR, world.now)


def change_window(world: World, lookback: int, lookahead: int) -> None:
    change_service(
        world.service, lookback_days=lookback, lookahead_days=lookahead, by=OPERATOR, now=world.now
    )


def move_to(world: World, zone: str) -> None:
    change_service(world.service, time_zone=zone, by=OPERATOR, now=world.now)


def change_limits(world: World, archives: int, percent: int) -> None:
    world.change(changes.ChangeLimits(Limits(archives, percent)))


def approve(world: World) -> None:
    held = integrations.held_run(world.service)
    if held is not None:
        changes.confirm(world.service, changes.Approve(), held.fingerprint, OPERATOR, world.now)


def reject(world: World) -> None:
    held = integrations.held_run(world.service)
    if held is not None:
        changes.confirm(world.service, changes.Reject(), held.fingerprint, OPERATOR, world.now)


def by_hand(world: World, number: int, deed: str) -> None:
    profile = a_profile(world, number)
    if deed == "archive":
        storypark.archive_profile(profile, by=OPERATOR, now=world.now)
    elif deed == "restore":
        storypark.restore_profile(profile, by=OPERATOR, now=world.now)
    else:
        storypark.delete_profile(profile, by=OPERATOR, now=world.now)


def portfolio(world: World, name: str) -> None:
    world.portfolio(name)


NUMBER = st.integers(0, 4)
OFFSET = st.integers(-9, 9)


def event(what: Callable[..., object], *drawn: st.SearchStrategy[object]) -> st.SearchStrategy[Event]:
    return st.tuples(*drawn).map(lambda given: partial(_told, what, given))


def _told(what: Callable[..., object], given: tuple[object, ...], world: World) -> None:
    """Let it happen; what the verb refuses does not happen."""
    note(f"{world.today}: {what.__name__}{given}")
    with suppress(Refused):
        what(world, *given)


EVENTS = st.one_of(
    event(enrol, st.sampled_from(NAMES)),
    event(book, NUMBER, OFFSET, st.none() | st.integers(0, 6), st.booleans()),
    event(book, NUMBER, OFFSET, st.integers(0, 4), st.just(False)),
    event(cancel, NUMBER),
    event(confirm, NUMBER),
    event(end_booking, NUMBER, st.none() | OFFSET),
    event(archive, NUMBER),
    event(unarchive, NUMBER),
    event(remove, NUMBER),
    event(amend, NUMBER, st.sampled_from(NAMES), st.sampled_from(["Kiwi", "Tūī"])),
    event(rename_room, NUMBER, st.sampled_from(["Kea", "Tui"])),
    event(switch, st.sampled_from(InactivePolicy)),
    event(pay_for, st.integers(0, 3)),
    event(choose, NUMBER, st.sampled_from(CHOSEN), NUMBER),
    event(release, NUMBER),
    event(keep_until, NUMBER, st.integers(0, 9)),
    event(move_link, NUMBER, NUMBER),
    event(change_window, st.integers(0, 9), st.integers(0, 9)),
    event(move_to, st.sampled_from(ZONES)),
    event(change_limits, st.integers(0, 5), st.integers(0, 100)),
    event(approve),
    event(reject),
    event(by_hand, NUMBER, st.sampled_from(["archive", "restore", "delete"])),
    event(portfolio, st.sampled_from(NAMES)),
)
QUIET = st.lists(st.sampled_from([6, 13, 24, 24, 24, 24, 50]), max_size=4)  # hours until the next pass
LIVES = st.lists(st.tuples(EVENTS, QUIET), min_size=2, max_size=7)


# --- the two passes -------------------------------------------------------------------------------------


def left_behind(world: World) -> dict[str, list[tuple[object, ...]]]:
    """What the next pass, a person or a page can see: profiles, links and the decisions in force.

    Profiles are numbered: on PostgreSQL a pass that was rolled back has used up the ids it gave.
    """
    profiles = scope(Profile, world.service).order_by("pk")
    number = {pid: place for place, pid in enumerate(profiles.values_list("reference", flat=True))}
    kept = [f.name for f in Profile._meta.concrete_fields if f.name not in ("id", "reference", "created_key")]
    links = scope(Link, world.service).order_by("child_id").values_list("child_id", "profile_id")
    entries = scope(Entry, world.service).filter(current=True).order_by("child_id")
    said = ("profile_id", "child_id", "step", "rule", "facts", "status", "next_change", "changes")
    return {
        "profiles": list(profiles.values_list(*kept)),
        "links": [(child_id, number[profile_id]) for child_id, profile_id in links],
        "journal": [(number.get(pid), *entry) for pid, *entry in entries.values_list(*said)],
    }


def one_pass(world: World, full: bool) -> Run | None:
    return run_sync(world.service.pk, RunContext(world.now), full=full)


def a_pass_that_skips_equals_a_full_one(world: World) -> None:
    world.later(minutes=1)
    # a run that was asked for reads everything, and would hide a version that was not bumped
    Integration.objects.filter(service=world.service).update(asked="")
    before = transaction.savepoint()
    ran = one_pass(world, full=True)
    assert ran is not None
    everything = left_behind(world)
    transaction.savepoint_rollback(before)
    skipped = not one_pass(world, full=False)
    note(f"{world.today}: {'skipped' if skipped else ran.state}")
    assert left_behind(world) == everything
    assert ran.state in (RunState.DONE, RunState.HELD, RunState.STOPPED)
    assert ran.converged


def labels_are_as_defined(world: World) -> None:
    """D1 and D3 in plain words, for every child on the service's own today."""
    service = world.service
    first = world.today - timedelta(days=service.lookback_days)
    last = world.today + timedelta(days=service.lookahead_days)
    for child in scope(Child, service):
        counts = [
            one
            for one in child.bookings.filter(state="confirmed")
            if one.starts_on <= last and (one.ends_on is None or one.ends_on >= first)
        ]
        expected = Status.ACTIVE if counts else Status.INACTIVE
        assert child.status == (Status.ARCHIVED if child.archived_on else expected), child.reference


def compare(world: World) -> None:
    a_pass_that_skips_equals_a_full_one(world)
    labels_are_as_defined(world)


def live_through(life: list[tuple[Event, list[int]]]) -> None:
    """One event at a time and time alone between them, in a service with too few spaces and a narrow window,
    so that something turns on most days.
    """
    with transaction.atomic():
        world = World(paid=1)
        change_service(world.service, lookback_days=3, lookahead_days=4, by=OPERATOR, now=world.now)
        for place, name in enumerate(NAMES):
            first = world.today + timedelta(days=3 - place)
            born = None if name == "Cara" else BORN
            world.enrol(name, born=born, since=first, until=first + timedelta(days=5), rooms=["Kiwi"])
        world.set_up()
        for happens, quiet in life:
            happens(world)
            compare(world)
            for hours in quiet:
                world.later(hours=hours)
                compare(world)
        transaction.set_rollback(True)


RUNS_ON_A_DATABASE = [HealthCheck.too_slow, HealthCheck.function_scoped_fixture, HealthCheck.data_too_large]


@settings(max_examples=25, deadline=None, suppress_health_check=RUNS_ON_A_DATABASE)
@given(LIVES)
def test_skipping_equals_running(life: list[tuple[Event, list[int]]]) -> None:
    """R15."""
    live_through(life)


@pytest.mark.deep
@settings(max_examples=150, deadline=None, suppress_health_check=RUNS_ON_A_DATABASE)
@given(LIVES)
def test_skipping_equals_running_for_longer(life: list[tuple[Event, list[int]]]) -> None:
    """R15."""
    live_through(life)


def test_a_service_that_moves_east_reaches_the_end_of_a_keep_until_earlier() -> None:
    """B4."""
    world = World(zone="America/Santiago")
    world.enrol("Ana")
    world.enrol("Mila")
    world.set_up()
    choices.keep_until(world.service, "mila", world.today, OPERATOR, world.now)
    world.leave("mila")
    world.sync()
    assert world.state("mila") == "live"
    move_to(world, "Pacific/Auckland")  # where it is the next day already
    world.sync()
    assert world.state("mila") == "archived"


def test_a_service_that_moves_west_gets_back_the_labels_of_the_day_before() -> None:
    """D1."""
    world = World()
    world.enrol("Ana")
    world.enrol("Mila", until=world.today - timedelta(days=56))
    world.set_up()
    world.now = world.service.end_of(world.today)
    world.sync()
    assert world.state("mila") == "archived"
    move_to(world, "Australia/Perth")  # where it is still the day before
    world.sync()
    assert (world.status("mila"), world.state("mila")) == ("Active", "live")
