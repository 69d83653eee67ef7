"""Builders and Hypothesis strategies for tests of the engine: people, bookings, profiles, whole worlds."""

from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import product

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from parkway.domain import (
    ALL_FIELDS,
    Booking,
    BookingKind,
    BookingState,
    Child,
    Choice,
    ChoiceKind,
    Details,
    EndNames,
    InactivePolicy,
    Profile,
    ProfileState,
    Standing,
    Status,
    Window,
)
from parkway.engine import status
from parkway.engine.outcome import after as after_plan
from parkway.engine.plan import Plan, PlanInput, make_plan

TODAY = date(2025, 11, 24)
WINDOW = Window()
ENDS = EndNames("Manage", "Storypark")
LEAVE, STAY = InactivePolicy.LEAVE, InactivePolicy.STAY
LIVE, ARCHIVED, DELETED = ProfileState.LIVE, ProfileState.ARCHIVED, ProfileState.DELETED

_SLOW_IS_FINE = [HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large]
QUICK = settings(max_examples=100, deadline=None, suppress_health_check=_SLOW_IS_FINE)
DEEP = settings(max_examples=400, deadline=None, suppress_health_check=_SLOW_IS_FINE)


# --- builders -----------------------------------------------------------------------------------


def day(offset: int) -> date:
    """The day so many days after TODAY."""
    return TODAY + timedelta(days=offset)


def booking(
    starts: int | date,
    ends: int | date | None = None,
    state: BookingState = BookingState.CONFIRMED,
    kind: BookingKind = BookingKind.PERMANENT,
) -> Booking:
    """A booking from a day to a day, given as dates or as offsets from TODAY."""
    first = day(starts) if isinstance(starts, int) else starts
    last = day(ends) if isinstance(ends, int) else ends
    return Booking(kind, state, first, last)


def details(
    first: str = "Mānaia", last: str = "Ngata", born: date | None = date(2021, 3, 4), preferred: str = ""
) -> Details:
    return Details(first, last, preferred, born)


ACTIVE = Standing(Status.ACTIVE, booked_from=day(-30), next_start=day(-30))
INACTIVE = Standing(Status.INACTIVE, last_end=day(-57))
GONE = Standing(Status.ARCHIVED, archived_on=day(-3))


def child(
    child_id: str = "c1", person: Details | None = None, standing: Standing = ACTIVE, **more: frozenset[str]
) -> Child:
    return Child(child_id, person or details(), standing, **more)


def profile(
    profile_id: str = "p1", person: Details | None = None, state: ProfileState = LIVE, **more: frozenset[str]
) -> Profile:
    return Profile(profile_id, state, person or details(), **more)


def plan_input(
    children: list[Child] | None = None,
    profiles: list[Profile] | None = None,
    links: dict[str, str] | None = None,
    *,
    inactive: InactivePolicy = LEAVE,
    paid: int = 100,
    **more,
) -> PlanInput:
    """A service on TODAY, with plenty of spaces unless told otherwise."""
    by_id = {p.profile_id: p for p in profiles or []}
    return PlanInput(TODAY, inactive, paid, children or [], by_id, links or {}, ends=ENDS, **more)


# --- reading plans --------------------------------------------------------------------------------


def live_profiles(of: PlanInput) -> set[str]:
    return {pid for pid, profile in of.profiles.items() if profile.state is LIVE}


def waiting(plan: Plan) -> list[str]:
    """The children who wait, in the order of the queue."""
    placed = [d for d in plan.decisions if d.position is not None]
    return [d.child_id for d in sorted(placed, key=lambda d: d.position)]


def gist(plan: Plan) -> list[tuple]:
    """What a plan decides, without the values that it looked at."""
    return [
        (d.child_id, d.step, d.rule, d.profile_id, dict(d.changes), dict(d.facts), d.position)
        for d in plan.decisions
    ]


def settled(start: PlanInput) -> PlanInput:
    """The situation after one run."""
    return after_plan(make_plan(start))


# --- strategies: days and bookings ----------------------------------------------------------------

EDGES = [-120, -113, -58, -57, -56, -55, -1, 0, 1, 55, 56, 57, 58, 113]
offsets = st.sampled_from(EDGES) | st.integers(-150, 150)
days = offsets.map(day)
windows = st.just(WINDOW) | st.builds(Window, st.integers(0, 70), st.integers(0, 70))
counted = st.just(BookingState.CONFIRMED)
any_state = st.sampled_from([BookingState.CONFIRMED, *BookingState])


@st.composite
def a_booking(draw: st.DrawFn) -> Booking:
    """A permanent booking, open-ended or not, or a casual day."""
    starts = draw(days)
    state = draw(any_state)
    length = draw(st.none() | st.sampled_from([0, 0, 1, 5, 56, 112]) | st.integers(0, 120))
    if length == 0:
        return Booking(BookingKind.CASUAL, state, starts, starts)
    ends = None if length is None else starts + timedelta(days=length)
    return Booking(BookingKind.PERMANENT, state, starts, ends)


booking_lists = st.lists(a_booking(), max_size=4)

# The same in one draw, for worlds.
PERIODS = [
    booking(starts, None if length is None else starts + length, state)
    for starts, length, state in product(
        [*EDGES, -200, -90, -30, 10, 30, 70, 90],
        [None, 0, 1, 20, 56, 80, 112],
        [*[BookingState.CONFIRMED] * 3, *BookingState],
    )
]
periods = st.lists(st.sampled_from(PERIODS), max_size=3)

# --- strategies: people ---------------------------------------------------------------------------

# Few names, so that equal ones, twins and near misses are common; drawn in one go, because worlds hold many.
BORN = [date(2021, 3, 4), date(2021, 3, 4), date(2022, 8, 9), None]
FIRST_NAMES = ["Mānaia", "manaia", "Zoe-Ann", "Zoë Ann", ""]
LAST_NAMES = ["O'Brien", "O’Brien", "Kaʻaihue"]
PREFERRED = ["", "", "Manaia"]
ROOMS = [frozenset(), frozenset({"Tui"}), frozenset({"Tui", "Kōwhai"})]
PEOPLE = [
    Details(*fields) for fields in product(FIRST_NAMES, LAST_NAMES, PREFERRED, BORN, ["", "female"], ROOMS)
]
people = st.sampled_from(PEOPLE)
FORGETFUL = [frozenset({"first_name", "last_name"}), ALL_FIELDS - {"gender"}, ALL_FIELDS - {"date_of_birth"}]
supplied = st.sampled_from([ALL_FIELDS, ALL_FIELDS, ALL_FIELDS, *FORGETFUL])


# --- strategies: whole worlds ---------------------------------------------------------------------


@dataclass(frozen=True)
class World:
    """A situation, and the bookings behind it (none for a child of whom the source gives a bare status)."""

    plan_input: PlanInput
    bookings: dict[str, list[Booking]]


@st.composite
def a_child(draw: st.DrawFn, child_id: str, window: Window) -> tuple[Child, list[Booking] | None]:
    person, known = draw(people), draw(supplied)
    kind = draw(st.sampled_from(["booked"] * 5 + ["bare", "archived"]))
    if kind == "bare":
        bare = Standing(draw(st.sampled_from(Status)), bookings_known=False)
        return Child(child_id, person, bare, known), None
    booked = draw(periods)
    gone = draw(days) if kind == "archived" else None
    return Child(child_id, person, status.standing(booked, TODAY, window, gone), known), booked


@st.composite
def a_link(draw: st.DrawFn, child_id: str, person: Details) -> tuple[str | None, Profile | None]:
    """A linked profile in any state, equal or different; a link to an unknown one; or no link."""
    kind = draw(st.sampled_from([None, LIVE, ARCHIVED] * 3 + [DELETED, "unknown"]))
    if kind is None:
        return None, None
    profile_id = f"p{child_id}"
    if kind == "unknown":
        return profile_id, None
    written = draw(st.just(person) | people)
    return profile_id, Profile(profile_id, kind, written, draw(supplied))


def a_choice(profile_ids: list[str]) -> st.SearchStrategy[Choice]:
    """No choice, mostly; else any, also of a profile that is gone or somebody else's."""
    kinds = [None, None, None, *ChoiceKind]
    keep = [None, None, day(-1), day(0), day(1), day(30)]

    def build(drawn: tuple[ChoiceKind | None, str, date | None]) -> Choice:
        kind, pid, until = drawn
        return Choice(kind, pid if kind is ChoiceKind.PROFILE else None, until)

    return st.sampled_from(list(product(kinds, [*profile_ids, "nowhere"], keep))).map(build)


@st.composite
def worlds(draw: st.DrawFn, max_children: int = 7, choosing: bool = True) -> World:
    """A service in any condition: as found in the field, not as a run leaves it."""
    window = draw(windows)
    children, bookings, profiles, links = [], {}, {}, {}
    for number in range(draw(st.integers(0, max_children))):
        someone, booked = draw(a_child(f"c{number}", window))
        children.append(someone)
        if booked is not None:
            bookings[someone.child_id] = booked
        _add(draw(a_link(someone.child_id, someone.details)), someone.child_id, profiles, links)
    for number in range(draw(st.integers(0, 2))):
        _add(draw(a_link(f"m{number}", draw(people))), f"m{number}", profiles, links)
    for number in range(draw(st.integers(0, 4))):
        state = draw(st.sampled_from([LIVE, ARCHIVED, ARCHIVED, DELETED]))
        profiles[f"u{number}"] = Profile(f"u{number}", state, draw(people), draw(supplied))
    choices = {}
    if choosing:
        choice = a_choice(sorted(profiles))
        ids = [*(c.child_id for c in children), *(i for i in links if i.startswith("m"))]
        choices = {i: chosen for i in ids if (chosen := draw(st.none() | choice)) is not None}
    start = PlanInput(
        TODAY,
        draw(st.sampled_from(InactivePolicy)),
        draw(st.integers(0, 9)),
        children,
        profiles,
        links,
        choices,
        window=window,
        ends=ENDS,
    )
    if draw(st.booleans()):  # some are asked about from an earlier run
        start = replace(start, asked=settled(start).asked)
    return World(start, bookings)


def _add(drawn: tuple[str | None, Profile | None], child_id: str, profiles: dict, links: dict) -> None:
    profile_id, found = drawn
    if profile_id is not None:
        links[child_id] = profile_id
    if found is not None:
        profiles[profile_id] = found


plan_inputs = worlds().map(lambda world: world.plan_input)
unchosen = worlds(choosing=False).map(lambda world: world.plan_input)
