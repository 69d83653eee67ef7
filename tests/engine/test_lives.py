"""Whole lives of children, against a small model that knows nothing of timelines, tables and plans."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, multiple, rule

from parkway.domain import (
    Booking,
    BookingKind,
    BookingState,
    Child,
    Choice,
    ChoiceKind,
    Details,
    InactivePolicy,
    ProfileState,
    Step,
    Window,
)
from parkway.engine import status
from parkway.engine.outcome import after
from parkway.engine.plan import Plan, PlanInput, make_plan
from tests.engine.builders import ARCHIVED, BORN, DELETED, ENDS, LEAVE, LIVE, STAY, TODAY

NAMES = ["Ana", "Ben", "Eve", "Mānaia", "Tāne", "Zoë"]
PLENTY = 1_000
WIDTHS = Window(lookback=20, lookahead=10)


class Lives(RuleBasedStateMachine):
    """A service, its raw bookings and what people do to it; now and then the engine makes a run."""

    paid_at_first = PLENTY
    children = Bundle("children")

    def __init__(self) -> None:
        super().__init__()
        self.today = TODAY
        self.bookings: dict[str, list[Booking]] = {}
        self.archived_on: dict[str, date] = {}
        self.dont_add: set[str] = set()
        self.keep_until: dict[str, date] = {}
        self.state = PlanInput(TODAY, LEAVE, self.paid_at_first, [], {}, {}, ends=ENDS)
        self.names: dict[str, str] = {}
        self.portfolios: dict[str, str] = {}  # the one profile of each child, for as long as it exists
        self.made = 0

    # --- what people do ---------------------------------------------------------------------------

    @initialize(target=children, number=st.integers(1, len(NAMES)))
    def enrol_everybody(self, number):
        for name in NAMES[:number]:
            self.names[name] = name
            self.bookings[name] = []
        return multiple(*NAMES[:number])

    @rule(child=children, starts=st.integers(-40, 40), length=st.none() | st.integers(0, 40))
    def book(self, child, starts, length):
        first = self.today + timedelta(days=starts)
        last = None if length is None else first + timedelta(days=length)
        kind = BookingKind.CASUAL if length == 0 else BookingKind.PERMANENT
        self.bookings[child].append(Booking(kind, BookingState.CONFIRMED, first, last))

    @rule(child=children, which=st.integers(0, 5), state=st.sampled_from(BookingState))
    def offer_confirm_or_cancel(self, child, which, state):
        if self.bookings[child]:
            which %= len(self.bookings[child])
            self.bookings[child][which] = self.bookings[child][which]._replace(state=state)

    @rule(child=children)
    def end_all_bookings_today(self, child):
        self.bookings[child] = [
            one._replace(ends_on=self.today) if one.starts_on <= self.today else one
            for one in self.bookings[child]
            if one.ends_on is None or one.ends_on > self.today
        ]

    @rule(child=children)
    def archive_in_manage(self, child):
        self.archived_on[child] = self.today

    @rule(child=children)
    def unarchive_in_manage(self, child):
        self.archived_on.pop(child, None)

    @rule(child=children, name=st.sampled_from(["Rename", "Mere", "Manu"]))
    def rename(self, child, name):
        self.names[child] = f"{name} {child}"

    @rule(child=children)
    def choose_not_to_add(self, child):
        self.dont_add.add(child)

    @rule(child=children)
    def add_after_all(self, child):
        self.dont_add.discard(child)

    @rule(child=children, days=st.integers(0, 30))
    def keep(self, child, days):
        self.keep_until[child] = self.today + timedelta(days=days)

    @rule(setting=st.sampled_from(InactivePolicy))
    def switch(self, setting):
        self.state = replace(self.state, inactive=setting)

    @rule(days=st.integers(1, 25))
    def days_pass(self, days):
        self.today += timedelta(days=days)

    def hand(self, child: str, state: ProfileState) -> None:
        """Somebody changes a profile past the sync."""
        profile = self.state.profiles.get(self.portfolios.get(child, ""))
        if profile is not None:
            changed = {profile.profile_id: profile._replace(state=state)}
            self.state = replace(self.state, profiles={**self.state.profiles, **changed})

    @rule(child=children)
    def archive_the_profile_by_hand(self, child):
        self.hand(child, ARCHIVED)

    @rule(child=children)
    def restore_the_profile_by_hand(self, child):
        self.hand(child, LIVE)

    @rule(child=children)
    def delete_the_profile(self, child):
        self.hand(child, DELETED)
        self.portfolios.pop(child, None)

    # --- the model ------------------------------------------------------------------------------------

    def is_active(self, child: str) -> bool:
        return any(
            one.state is BookingState.CONFIRMED
            and one.starts_on - timedelta(days=WIDTHS.lookahead) <= self.today
            and (one.ends_on is None or self.today <= one.ends_on + timedelta(days=WIDTHS.lookback))
            for one in self.bookings[child]
        )

    def belongs(self, child: str) -> bool:
        if child in self.archived_on:
            return False
        kept = child in self.keep_until and self.today <= self.keep_until[child]
        return self.is_active(child) or kept or self.state.inactive is STAY

    def live(self, state: PlanInput) -> set[str]:
        """The children whose own profile is live."""
        linked = {child: state.profiles.get(pid) for child, pid in state.links.items()}
        return {child for child, profile in linked.items() if profile and profile.state is LIVE}

    # --- a run ------------------------------------------------------------------------------------------

    def gather(self) -> PlanInput:
        children = [
            Child(
                child,
                Details(self.names[child], "Ngata", "", BORN[0]),
                status.standing(self.bookings[child], self.today, WIDTHS, self.archived_on.get(child)),
            )
            for child in self.bookings
        ]
        chosen = self.dont_add | self.keep_until.keys()
        choices = {
            child: Choice(
                ChoiceKind.DONT_ADD if child in self.dont_add else None, None, self.keep_until.get(child)
            )
            for child in chosen
        }
        return replace(self.state, today=self.today, children=children, choices=choices, window=WIDTHS)

    @rule()
    def run(self) -> None:
        before = self.gather()
        plan = make_plan(before)
        self.state = self.with_ids_of_their_own(after(plan))
        self.check(before, plan)

    def with_ids_of_their_own(self, state: PlanInput) -> PlanInput:
        """New profiles get an id that no other profile ever had, as a real end would give."""
        profiles, links = dict(state.profiles), dict(state.links)
        for child, pid in state.links.items():
            if pid.startswith("new:"):
                self.made += 1
                links[child] = f"p{self.made}"
                profiles[links[child]] = profiles.pop(pid)._replace(profile_id=links[child])
        return replace(state, profiles=profiles, links=links)

    def check(self, before: PlanInput, plan: Plan) -> None:
        synced = [child for child in self.bookings if child not in self.dont_add]
        live_before, live_after = self.live(before), self.live(self.state)
        waits = {d.child_id for d in plan.decisions if d.step is Step.WAIT}
        belong = {child for child in synced if self.belongs(child)}

        # Who is live: those who belong and have a space. Nobody needs a person here: all names differ.
        assert live_after & set(synced) == belong - waits
        assert waits <= belong - live_before
        assert not plan.counts()[Step.NEEDS_REVIEW]
        # Nobody is evicted, nothing is exceeded, no space is left while somebody waits.
        everyone = [p for p in self.state.profiles.values() if p.state is LIVE]
        before_all = [p for p in before.profiles.values() if p.state is LIVE]
        assert live_before & belong <= live_after
        assert len(everyone) <= max(self.state.paid_children, len(before_all))
        assert not waits or len(everyone) >= self.state.paid_children
        # A child who is not to be added is left alone.
        for child in self.dont_add:
            pid = before.links.get(child)
            assert self.state.links.get(child) == pid
            assert self.state.profiles.get(pid) == before.profiles.get(pid)
        # Each child keeps one profile for as long as it exists, and it carries the child's name when live.
        for child, pid in self.state.links.items():
            if child in live_after:
                assert self.portfolios.setdefault(child, pid) == pid
                assert (
                    child in self.dont_add or self.state.profiles[pid].details.first_name == self.names[child]
                )
        # The next run finds nothing to do.
        again = make_plan(self.gather())
        assert again.changes_nothing
        assert {d.child_id for d in again.decisions if d.step is Step.WAIT} == waits

    @invariant()
    def no_child_has_two_profiles(self) -> None:
        standing = [p for p in self.state.profiles.values() if p.state is not DELETED]
        linked = {self.state.links[child] for child in self.state.links}
        assert all(p.profile_id in linked for p in standing)
        assert len(linked) == len(self.state.links)


class ShortOfSpaces(Lives):
    """The same lives in a service that pays for too few, and changes its mind."""

    paid_at_first = 2

    @rule(paid=st.integers(0, len(NAMES)))
    def pay_for(self, paid):
        self.state = replace(self.state, paid_children=paid)


QUICK_LIVES = settings(max_examples=120, stateful_step_count=30, deadline=None)
DEEP_LIVES = settings(max_examples=200, stateful_step_count=60, deadline=None)


def case(machine: type[Lives], how: settings) -> type:
    """A machine as a test of its own."""
    test = type(machine.__name__, (machine,), {}).TestCase
    test.settings = how
    return test


TestLivesWithPlentyOfSpace = case(Lives, QUICK_LIVES)
TestLivesShortOfSpaces = case(ShortOfSpaces, QUICK_LIVES)
TestLongLivesWithPlentyOfSpace = pytest.mark.deep(case(Lives, DEEP_LIVES))
TestLongLivesShortOfSpaces = pytest.mark.deep(case(ShortOfSpaces, DEEP_LIVES))
