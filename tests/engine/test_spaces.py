"""Who gets a space when the plan is full (D4, D5, D6)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parkway.domain import Decision, Standing, Status, Step
from parkway.engine import spaces
from parkway.engine.plan import make_plan
from tests.engine.builders import (
    ACTIVE,
    ARCHIVED,
    GONE,
    INACTIVE,
    QUICK,
    STAY,
    TODAY,
    child,
    day,
    details,
    plan_input,
    profile,
    settled,
    waiting,
)

A, IN = Status.ACTIVE, Status.INACTIVE
CREATE, RESTORE = Step.CREATE, Step.RESTORE


def claim(child_id: str, step: Step = CREATE, status: Status = A, start=None, end=None) -> Decision:
    """A create or restore of a child whose next booking starts, or whose last one ended, so many days off."""
    stands = Standing(
        status,
        next_start=None if start is None else day(start),
        last_end=None if end is None else day(end),
    )
    return Decision(child_id, child(child_id, standing=stands), None, step, "active", {}, {})


# Each claim comes before the next one, and for no other reason than the one named.
QUEUE = [
    ("restores of Active children first, one whose booking runs", claim("a", RESTORE, A, start=-2)),
    ("runs, whenever it began: then the id", claim("b", RESTORE, A, start=-400)),
    ("started today, so it runs", claim("x", RESTORE, A, start=0)),
    ("starts later", claim("w", RESTORE, A, start=40, end=-1)),
    ("over, the latest first", claim("v", RESTORE, A, end=-1)),
    ("over for longer", claim("u", RESTORE, A, end=-50)),
    ("no confirmed booking: last of the group", claim("t", RESTORE, A)),
    ("then creates of Active children", claim("s", CREATE, A, start=1)),
    ("the child's id decides: 1", claim("r1", CREATE, A, start=5)),
    ("the child's id decides: 2", claim("r2", CREATE, A, start=5)),
    ("no confirmed booking, Active create", claim("q", CREATE, A)),
    ("then restores of Inactive children", claim("p", RESTORE, IN, start=60, end=-60)),
    ("Inactive, over", claim("o", RESTORE, IN, end=-60)),
    ("Inactive, over for longer", claim("n", RESTORE, IN, end=-600)),
    ("Inactive, never booked", claim("m", RESTORE, IN)),
    ("then creates of Inactive children", claim("l", CREATE, IN, start=57)),
    ("Inactive create, over", claim("k", CREATE, IN, end=-57)),
    ("Inactive create, never booked", claim("a", CREATE, IN)),
]


@pytest.mark.parametrize("place", range(len(QUEUE) - 1), ids=lambda place: QUEUE[place + 1][0])
def test_each_key_of_the_order(place):
    """D5."""
    first, second = QUEUE[place][1], QUEUE[place + 1][1]

    assert spaces.turn(first, TODAY) < spaces.turn(second, TODAY)


@QUICK
@given(st.permutations([claim for _, claim in QUEUE]), st.integers(0, len(QUEUE) + 1))
def test_the_first_in_order_get_the_spaces(claims, free):
    """D5."""
    granted, left = spaces.allot(claims, free, TODAY)
    order = [one for _, one in QUEUE]

    assert {d.child_id for d in granted} == {d.child_id for d in order[:free]}
    assert left == order[free:]


def test_the_place_in_the_queue_is_shown():
    """D5."""
    children = [child(f"c{n}", details(f"First{n}")) for n in range(4)]
    plan = make_plan(plan_input(children, paid=1))

    assert [(d.child_id, d.step, d.position) for d in plan.decisions] == [
        ("c0", Step.CREATE, None),
        ("c1", Step.WAIT, 1),
        ("c2", Step.WAIT, 2),
        ("c3", Step.WAIT, 3),
    ]
    assert plan.decisions[3].facts == {"position": 3, "paid_children": 1, "belongs_by": "active"}
    assert plan.spaces == spaces.Spaces(paid_children=1, live=0, live_after=1, waiting=3)
    assert plan.because(plan.decisions[3]) == (
        "First3 belongs in Storypark and is 3rd in line for a space: "
        "the plan pays for 1 child, and no space is free."
    )


def test_a_hold_reserves_no_space():
    """D5."""
    unsure = child("a", details(born=None))
    sure = child("b", details("Tāne"))
    plan = make_plan(plan_input([unsure, sure], [profile("u", state=ARCHIVED)], paid=1))

    assert [d.step for d in plan.decisions] == [Step.NEEDS_REVIEW, Step.CREATE]


def test_a_restore_takes_a_space_like_a_create():
    """D4."""
    one, two = child("a", details("Ana")), child("b", details("Ben"))
    plan = make_plan(
        plan_input([one, two], [profile("p", details("Ben"), ARCHIVED)], {"b": "p"}, paid=1),
    )

    assert [(d.child_id, d.step) for d in plan.decisions] == [("a", Step.WAIT), ("b", Step.RESTORE)]
    assert (plan.spaces.live_after, plan.spaces.free_after) == (1, 0)


def test_linking_an_archived_profile_takes_a_space_and_a_live_one_does_not():
    """D4."""
    people = [child("a", details("Ana")), child("b", details("Ben"))]
    profiles = [profile("u1", details("Ana")), profile("u2", details("Ben"), ARCHIVED)]

    full = make_plan(plan_input(people, profiles, paid=1))
    roomy = make_plan(plan_input(people, profiles, paid=2))

    assert [d.step for d in full.decisions] == [Step.LINK, Step.WAIT]
    assert full.decisions[1].profile_id == "u2"
    assert [d.step for d in roomy.decisions] == [Step.LINK, Step.RESTORE]


def test_archives_of_the_same_run_free_their_spaces_first():
    """D4."""
    leaving, coming = child("a", details("Ana"), GONE), child("b", details("Ben"))
    plan = make_plan(plan_input([leaving, coming], [profile("p", details("Ana"))], {"a": "p"}, paid=1))

    assert [d.step for d in plan.decisions] == [Step.ARCHIVE, Step.CREATE]
    assert plan.spaces == spaces.Spaces(1, 1, 1, 0)


def test_over_the_plan_nobody_is_archived_and_nothing_is_added():
    """D6."""
    people = [child(f"c{n}", details(f"First{n}")) for n in range(4)]
    profiles = [profile(f"p{n}", details(f"First{n}")) for n in range(3)]
    plan = make_plan(plan_input(people, profiles, {f"c{n}": f"p{n}" for n in range(3)}, paid=2))

    assert [d.step for d in plan.decisions] == [Step.NO_CHANGE, Step.NO_CHANGE, Step.NO_CHANGE, Step.WAIT]
    assert (plan.spaces.over_by, plan.spaces.free_after, plan.spaces.live_after) == (1, 0, 3)


def test_archives_over_the_plan_free_only_what_is_left():
    """D6."""
    people = [child(f"c{n}", details(f"First{n}"), GONE if n < 2 else ACTIVE) for n in range(5)]
    profiles = [profile(f"p{n}", details(f"First{n}")) for n in range(4)]
    start = plan_input(people, profiles, {f"c{n}": f"p{n}" for n in range(4)}, paid=3)
    plan = make_plan(start)

    assert [d.step for d in plan.decisions] == [Step.ARCHIVE] * 2 + [Step.NO_CHANGE] * 2 + [Step.CREATE]
    assert plan.spaces == spaces.Spaces(3, 4, 3, 0)
    assert make_plan(settled(start)).changes_nothing


def test_profiles_that_were_never_linked_take_their_spaces_too():
    """R10."""
    plan = make_plan(plan_input([child("a")], [profile("u", details("Zoë"))], paid=1))

    assert waiting(plan) == ["a"]
    assert plan.spaces == spaces.Spaces(1, 1, 1, 1)


def test_inactive_children_wait_behind_active_ones():
    """R10."""
    people = [child("a", details("Ana"), INACTIVE), child("b", details("Ben"), ACTIVE)]
    plan = make_plan(plan_input(people, inactive=STAY, paid=1))

    assert [d.step for d in plan.decisions] == [Step.WAIT, Step.CREATE]


@pytest.mark.parametrize(
    ("paid", "live", "archives", "free"),
    [(5, 3, 0, 2), (5, 3, 1, 3), (3, 3, 0, 0), (3, 5, 0, 0), (3, 5, 1, 0), (3, 5, 3, 1), (0, 0, 0, 0)],
)
def test_free_spaces(paid, live, archives, free):
    """D4, D6."""
    assert spaces.free_spaces(paid, live, archives) == free
