"""Reading only the children who changed leaves the same behind as reading everybody."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import timedelta
from random import Random

import pytest

from parkway.connectors.manage_here import ManageHere
from parkway.connectors.ports import RosterAnswer, ServiceQuery
from parkway.domain import OUTCOMES, ChoiceKind, InactivePolicy, Refused
from parkway.engine.plan import Plan
from parkway.manage import verbs as manage
from parkway.manage.models import Child
from parkway.storypark import verbs as storypark
from parkway.storypark.models import Profile
from parkway.sync.commands import changes, choices
from parkway.sync.models import Entry, Run, RunState
from parkway.sync.queries.previews import plan_now
from parkway.sync.run import journal
from parkway.tenancy.people import OPERATOR
from parkway.tenancy.scope import scope
from tests.ends import give
from tests.stories.world import World

pytestmark = pytest.mark.django_db


class Watched(ManageHere):
    """Manage, noting how much each answer told."""

    def __init__(self) -> None:
        self.told: list[tuple[bool, int]] = []

    def read(self, asks: Sequence[ServiceQuery]) -> Mapping[int, RosterAnswer]:
        answers = super().read(asks)
        self.told += [(answer.complete, len(answer.children)) for answer in answers.values()]
        return answers


@pytest.fixture
def roster() -> Watched:
    return Watched()


@pytest.fixture
def world(roster: Watched) -> World:
    world = World(paid=30)
    world.enrol_several(12)
    world.enrol("Gone", until=world.today - timedelta(days=200))
    give(world.service, roster=roster)
    world.set_up()
    return world


def test_only_the_child_who_changed_is_read(world: World, roster: Watched) -> None:
    roster.told.clear()
    world.amend("kid03", last_name="Ngata")
    run = world.sync()

    assert roster.told == [(False, 1)]
    assert run is not None
    assert {step: number for step, number in run.counts.items() if number} == {
        "update": 1,
        "keep": 11,
        "leave_out": 1,
    }
    assert (run.live_before, run.live_after) == (12, 12)


def test_a_new_child_is_created_alone_while_no_profile_is_unlinked(world: World, roster: Watched) -> None:
    roster.told.clear()
    world.enrol("Aroha")
    world.sync()

    assert roster.told == [(False, 1)]
    assert world.state("aroha") == "live"


def test_a_new_child_who_may_have_a_profile_is_compared_with_all(world: World, roster: Watched) -> None:
    """D19."""
    world.portfolio("Aroha")
    world.sync()
    roster.told.clear()
    world.enrol("Aroha")
    world.sync()

    assert [whole for whole, _ in roster.told] == [False, True]
    assert world.decided("aroha") == ("link", "active")
    assert scope(Profile, world.service).filter(first_name="Aroha").count() == 1


@pytest.mark.parametrize("change", ["room", "removed", "profile", "setting", "waiting"])
def test_everybody_is_read_when_more_than_children_changed(
    world: World, roster: Watched, change: str
) -> None:
    if change == "waiting":
        world.plan_reduced_to(12)
        world.enrol("Aroha")
        world.sync()
    world.amend("kid03", last_name="Ngata")
    match change:
        case "room":
            manage.add_room(world.service, "Tūī", by=OPERATOR, now=world.now)
        case "removed":
            manage.remove_child(world.child("kid04"), by=OPERATOR, now=world.now)
        case "profile":
            storypark.archive_profile(world.profile_of("kid05"), by=OPERATOR, now=world.now)
        case "setting":
            choices.choose(world.service, "kid06", ChoiceKind.DONT_ADD, OPERATOR, world.now)
    roster.told.clear()
    world.sync()

    assert [whole for whole, _ in roster.told] == [True]


def a_day(world: World, random: Random) -> None:
    """Something that happens at a service on any day."""
    children = sorted(scope(Child, world.service).values_list("reference", flat=True))
    child_id, today = random.choice(children), world.today
    archived = world.status(child_id) == "Archived"
    match random.choice(["new", "amend", "amend", "room", "book", "leave", "archive", "days"]):
        case "new":
            name = f"New{len(children):02}"
            world.enrol(name, since=random.choice([None, today]), rooms=random.choice([[], ["Tūī"]]))
        case "amend":
            world.amend(child_id, last_name=random.choice(["Ngata", "Walker", "O'Brien"]))
        case "room":
            world.amend(child_id, rooms=frozenset(random.sample(["Tūī", "Kea", "Kiwi"], 2)))
        case "book":
            world.book(child_id, today + timedelta(days=random.choice([-3, 40, 80])))
        case "leave":
            world.leave(child_id)
        case "archive":
            world.unarchive(child_id) if archived else world.archive(child_id)
        case "days":
            world.later(days=random.choice([1, 7, 30]))


def a_rare_day(world: World, random: Random) -> None:
    """Something that happens now and then, and of which more than the roster hears."""
    children = sorted(scope(Child, world.service).values_list("reference", flat=True))
    child_id, today = random.choice(children), world.today
    profile = world.profile(child_id)
    match random.choice(["by hand", "delete", "choose", "keep", "remove", "pay", "portfolio", "switch"]):
        case "by hand" if profile is not None and profile.state == "live":
            storypark.archive_profile(profile, by=OPERATOR, now=world.now)
        case "delete" if profile is not None and profile.state != "deleted":
            storypark.delete_profile(profile, by=OPERATOR, now=world.now)
        case "choose":
            world.choose(child_id, ChoiceKind.DONT_ADD)
        case "keep":
            day = today + timedelta(days=random.choice([2, 9]))
            choices.keep_until(world.service, child_id, day, OPERATOR, world.now)
        case "remove":
            manage.remove_child(world.child(child_id), by=OPERATOR, now=world.now)
        case "pay":
            world.plan_reduced_to(world.live() + random.choice([0, 1, 20]))
        case "portfolio":
            world.portfolio(random.choice(["Someone", f"New{len(children):02}"]))
        case "switch":
            world.switch(random.choice(list(InactivePolicy)))


def outcomes(counts: Mapping[str, int]) -> Counter[str]:
    found: Counter[str] = Counter()
    for step, number in counts.items():
        found[OUTCOMES[step]] += number
    return +found


def as_after_reading_everybody(world: World, run: Run) -> None:
    """What a run left is what a plan of everything says."""
    plan: Plan = plan_now(world.service, world.now)
    assert plan.changes_nothing
    assert run.converged
    assert outcomes(run.counts) == outcomes(plan.counts())
    assert run.live_after == plan.spaces.live
    settled = plan.settled()
    assert world.integration.settled == (list(settled) if settled else None)
    entries = {entry.child_id: entry for entry in scope(Entry, world.service).filter(current=True)}
    for decision in plan.decisions:
        entry = entries[decision.child_id]
        assert OUTCOMES[entry.step] == OUTCOMES[decision.step]
        assert (entry.rule, entry.facts) == (decision.rule, journal.facts_text(decision.facts))
        assert (entry.status, entry.next_change) == (decision.status or "", decision.next_change)
        assert entry.profile_id == (decision.profile_id or "")


@pytest.mark.deep
@pytest.mark.parametrize("seed", range(12))
def test_whatever_happens_the_run_leaves_what_reading_everybody_leaves(
    world: World, roster: Watched, seed: int
) -> None:
    random = Random(seed)
    for _ in range(60):
        for _ in range(random.choice([1, 1, 3])):
            try:
                (a_rare_day if random.random() < 0.05 else a_day)(world, random)
            except Refused:
                continue
        run = world.sync()
        if run is not None and run.state == RunState.HELD:
            shown = plan_now(world.service, world.now)
            run = changes.confirm(world.service, changes.Approve(), shown.fingerprint, OPERATOR, world.now)
        if run is not None and run.state == RunState.DONE:
            as_after_reading_everybody(world, run)
    assert not all(whole for whole, _ in roster.told)
