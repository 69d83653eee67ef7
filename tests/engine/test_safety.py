"""Which plans a person has to look at first (D12)."""

import pytest

from parkway.domain import Choice, ChoiceKind, Limits
from parkway.engine.plan import make_plan
from parkway.engine.safety import Hold, hold
from tests.engine.builders import ACTIVE, ARCHIVED, GONE, child, details, plan_input, profile


@pytest.mark.parametrize(
    ("archives", "live", "held"),
    [
        (0, 0, False),
        (0, 5, False),
        (1, 1, False),  # one child is not a mass
        (1, 2, False),
        (2, 2, True),  # all of them
        (2, 3, False),
        (3, 3, True),
        (3, 4, False),  # not more than three, and not all
        (3, 100, False),
        (4, 4, True),
        (4, 5, True),
        (4, 19, True),  # 21 %
        (4, 20, False),  # 20 % exactly
        (5, 25, False),
        (5, 24, True),
        (20, 100, False),
        (21, 100, True),
        (100, 100, True),
    ],
)
def test_all_of_at_least_two_or_more_than_three_and_more_than_20_percent(archives, live, held):
    """D12."""
    assert (hold(archives, live, Limits()) is not None) is held


@pytest.mark.parametrize(
    ("archives", "live", "limits", "held"),
    [
        (2, 10, Limits(1, 10), True),
        (1, 10, Limits(1, 5), False),
        (2, 10, Limits(1, 20), False),
        (10, 20, Limits(10, 20), False),
        (11, 20, Limits(10, 20), True),
        (99, 100, Limits(3, 100), False),
        (100, 100, Limits(1000, 100), True),  # all of them is held under any limits
    ],
)
def test_both_limits_are_settings(archives, live, limits, held):
    """D12."""
    assert (hold(archives, live, limits) is not None) is held


@pytest.mark.parametrize("live", range(40))
def test_the_definition_for_every_small_group(live):
    """D12."""
    for archives in range(live + 1):
        everyone = archives >= 2 and archives == live
        many = archives > 3 and archives > live * 20 / 100

        assert (hold(archives, live, Limits()) is not None) == (everyone or many), archives


def test_a_hold_states_the_numbers_the_limits_and_the_way_out():
    """D12."""
    assert hold(2, 2, Limits()) == Hold(
        "This would archive all 2 live profiles that are linked. "
        "Nothing is changed until somebody looks at the list and approves it.",
        2,
        2,
    )
    assert hold(8, 30, Limits()).reason == (
        "This would archive 8 of the 30 live profiles that are linked: more than 3, and more than 20 %. "
        "Nothing is changed until somebody looks at the list and approves it."
    )


def leavers(gone: int, staying: int, **more):
    """A service where some children were archived in Manage, and all have live profiles."""
    number = gone + staying
    people = [child(f"c{n}", details(f"Name{n}"), GONE if n < gone else ACTIVE) for n in range(number)]
    profiles = [profile(f"p{n}", details(f"Name{n}")) for n in range(number)]
    return plan_input(people, profiles, {f"c{n}": f"p{n}" for n in range(number)}, **more)


@pytest.mark.parametrize(
    ("gone", "staying", "held"), [(1, 0, False), (2, 0, True), (2, 1, False), (3, 1, False), (4, 15, True)]
)
def test_a_plan_is_held_by_its_own_archives(gone, staying, held):
    """D12."""
    plan = make_plan(leavers(gone, staying))

    assert (plan.held is not None) is held
    assert plan.held is None or (plan.held.archives, plan.held.live) == (gone, gone + staying)


def test_live_counts_linked_live_profiles_only():
    """D12."""
    start = leavers(2, 0)
    extra = {
        "u": profile("u", details("Zoë")),
        "old": profile("old", details("Tāne"), ARCHIVED),
    }
    plan = make_plan(
        plan_input(start.children, [*start.profiles.values(), *extra.values()], dict(start.links))
    )

    assert plan.held == hold(2, 2, Limits())


def test_profiles_of_missing_children_count_among_the_live():
    """D12."""
    start = leavers(2, 0)
    missing = profile("pm", details("Zoë"))
    links = {**start.links, "m": "pm"}

    kept = make_plan(plan_input(start.children, [*start.profiles.values(), missing], links))
    let_go = make_plan(
        plan_input(
            start.children,
            [*start.profiles.values(), missing],
            links,
            choices={"m": Choice(ChoiceKind.ARCHIVE)},
        )
    )

    assert kept.held is None
    assert (let_go.held.archives, let_go.held.live) == (3, 3)


def test_the_limits_of_the_service_are_used():
    """D12."""
    assert make_plan(leavers(4, 15, limits=Limits(10, 20))).held is None
    assert make_plan(leavers(2, 15, limits=Limits(1, 1))).held is not None
