"""The laws of a plan, over whole services in any condition."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from parkway.domain import (
    ACTIONS,
    ALL_FIELDS,
    FIELDS,
    Choice,
    ChoiceKind,
    Details,
    InactivePolicy,
    Limits,
    Standing,
    Status,
    Step,
)
from parkway.engine.changes import plain
from parkway.engine.matching import RoomStep
from parkway.engine.outcome import after, nothing_left
from parkway.engine.plan import Plan, PlanInput, make_plan
from tests.engine.builders import (
    ACTIVE,
    ARCHIVED,
    BORN,
    DEEP,
    DELETED,
    GONE,
    INACTIVE,
    LEAVE,
    LIVE,
    QUICK,
    STAY,
    child,
    day,
    details,
    gist,
    live_profiles,
    plan_input,
    plan_inputs,
    profile,
    settled,
    unchosen,
    waiting,
    worlds,
)

BELONG = {"active", "inactive-stays", "keep-until"}
LEAVERS = {"archived", "inactive-leaves", "missing-let-go"}


def only(plan: Plan):
    """The one decision of a plan."""
    (decision,) = plan.decisions
    return decision


# --- a second run changes nothing --------------------------------------------------------------------


def check_convergence(start: PlanInput) -> None:
    first = make_plan(start)
    second = make_plan(after(first))

    assert second.changes_nothing
    assert waiting(second) == waiting(first)
    assert second.held is None
    assert gist(make_plan(after(second))) == gist(second)


@QUICK
@given(plan_inputs)
def test_a_second_run_changes_nothing(start):
    """B6."""
    check_convergence(start)


@pytest.mark.deep
@DEEP
@given(worlds(max_children=14).map(lambda world: world.plan_input))
def test_a_second_run_changes_nothing_for_large_services(start):
    """B6."""
    check_convergence(start)


def disturbed(now: PlanInput, key: str, **more) -> PlanInput:
    """The situation in which somebody changed one profile since."""
    return replace(now, profiles={**now.profiles, key: now.profiles[key]._replace(**more)})


def test_what_somebody_changed_during_a_run_is_left_to_do():
    """B6."""
    children = [child("a", details("Ana"), ACTIVE), child("b", details("Ben"), GONE)]
    profiles = [profile("p1", details("Anna")), profile("p2", details("Ben"))]
    plan = make_plan(plan_input(children, profiles, {"a": "p1", "b": "p2"}))
    now = after(plan)

    assert nothing_left(plan, now)
    for changed in (
        disturbed(now, "p1", state=ARCHIVED),
        disturbed(now, "p1", state=DELETED),
        disturbed(now, "p1", details=details("Anna")),
        disturbed(now, "p2", state=LIVE),
        replace(now, links={"b": "p2"}),
        replace(now, rooms=[RoomStep("1", "Kea", None)]),
    ):
        assert not nothing_left(plan, changed)


@QUICK
@given(plan_inputs)
def test_the_glance_that_proves_a_run_agrees_with_another_plan(start):
    """B6."""
    plan = make_plan(start)
    for now in (start, after(plan)):
        assert nothing_left(plan, now) == make_plan(now).changes_nothing


# --- spaces -----------------------------------------------------------------------------------------


@QUICK
@given(plan_inputs)
def test_a_run_never_exceeds_the_paid_children(start):
    """R10."""
    plan = make_plan(start)
    later = after(plan)

    assert plan.spaces.live == len(live_profiles(start))
    assert plan.spaces.live_after == len(live_profiles(later))
    assert plan.spaces.live_after <= max(start.paid_children, plan.spaces.live)
    assert plan.spaces.waiting == len(waiting(plan)) == plan.counts()[Step.WAIT]
    assert make_plan(later).spaces.live == plan.spaces.live_after


@QUICK
@given(plan_inputs)
def test_nobody_waits_while_a_space_is_free_and_the_queue_is_kept(start):
    """R10."""
    plan = make_plan(start)
    queue = waiting(plan)

    assert sorted(d.position for d in plan.decisions if d.position) == list(range(1, len(queue) + 1))
    assert not queue or plan.spaces.live_after >= start.paid_children

    def turn(decision):
        """The order of the queue in plain words, with the day as it stands (D5)."""
        stands = decision.child.standing
        restores = decision.profile is not None
        upcoming, over = stands.next_start, stands.last_end
        if upcoming is not None:
            nearness = (0, max(upcoming, start.today).toordinal())
        elif over is not None:
            nearness = (1, -over.toordinal())
        else:
            nearness = (2, 0)
        return stands.status is not Status.ACTIVE, not restores, *nearness, decision.child_id

    granted = [d for d in plan.decisions if d.step in (Step.CREATE, Step.RESTORE)]
    left = sorted((d for d in plan.decisions if d.step is Step.WAIT), key=lambda d: d.position)
    assert left == sorted(left, key=turn)
    assert not left or all(turn(got) < turn(left[0]) for got in granted)


@QUICK
@given(plan_inputs)
def test_nobody_is_evicted(start):
    """R10."""
    plan = make_plan(start)

    ended = live_profiles(start) - live_profiles(after(plan))
    assert ended == {d.profile_id for d in plan.decisions if d.step is Step.ARCHIVE}
    assert all(d.rule in LEAVERS for d in plan.decisions if d.step is Step.ARCHIVE)


# --- what is touched, and what is not ------------------------------------------------------------------


@QUICK
@given(unchosen)
def test_profiles_that_were_never_linked_are_untouched(start):
    """D7."""
    later = settled(start)
    linked = {*start.links.values(), *later.links.values()}

    for pid in start.profiles.keys() - linked:
        assert later.profiles[pid] == start.profiles[pid]


@QUICK
@given(unchosen)
def test_profiles_of_missing_children_stay_as_they_are(start):
    """D8."""
    plan = make_plan(start)
    later = after(plan)
    listed = {c.child_id for c in start.children}

    for child_id, pid in start.links.items():
        if child_id not in listed:
            assert later.profiles.get(pid) == start.profiles.get(pid)
            assert later.links[child_id] == pid
    for decision in plan.decisions:
        if decision.child is None:
            live = decision.profile is not None and decision.profile.state is LIVE
            assert decision.step is (Step.NEEDS_REVIEW if live else Step.LEAVE_OUT)


@QUICK
@given(plan_inputs)
def test_a_child_not_to_be_added_is_never_touched(start):
    """D9."""
    later = settled(start)

    for one in make_plan(start).decisions:
        choice = start.choices.get(one.child_id)
        if one.child is not None and choice is not None and choice.kind is ChoiceKind.DONT_ADD:
            assert (one.step, one.rule) == (Step.LEAVE_OUT, "dont-add")
            assert later.links.get(one.child_id) == start.links.get(one.child_id)
            assert later.choices[one.child_id] == choice
            pid = start.links.get(one.child_id)
            assert later.profiles.get(pid) == start.profiles.get(pid)


@QUICK
@given(plan_inputs)
def test_a_run_deletes_nothing(start):
    """D16."""
    later = settled(start)

    assert later.profiles.keys() >= start.profiles.keys()
    for pid, before in start.profiles.items():
        assert (before.state is DELETED) == (later.profiles[pid].state is DELETED)
    assert later.links.keys() >= start.links.keys()


@QUICK
@given(plan_inputs)
def test_who_belongs_is_live_or_waits_or_is_asked_about(start):
    """R2, R3, R4, R5, R6, R7, R8."""
    plan = make_plan(start)
    later = after(plan)

    for one in plan.decisions:
        mine = later.profiles.get(later.links.get(one.child_id))
        live = mine is not None and mine.state is LIVE
        if one.step in (Step.WAIT, Step.NEEDS_REVIEW):
            assert one.step is Step.NEEDS_REVIEW or not live
        elif one.rule in BELONG:
            assert live
        elif one.rule in LEAVERS:
            assert not live


@QUICK
@given(plan_inputs)
def test_one_decision_for_each_child_and_each_missing_link(start):
    plan = make_plan(start)
    ids = [d.child_id for d in plan.decisions]
    listed = {c.child_id: c for c in start.children}

    assert ids == sorted(listed.keys() | start.links.keys())
    assert all(d.child == listed.get(d.child_id) for d in plan.decisions)
    assert list(plan.counts()) == list(Step)
    assert sum(plan.counts().values()) == len(ids)
    assert [d for d in plan.decisions if d.step in ACTIONS] == list(plan.actions())
    assert plan.changes_nothing == (not any(plan.counts()[step] for step in ACTIONS))


@QUICK
@given(plan_inputs)
def test_two_children_never_take_one_profile(start):
    plan = make_plan(start)
    taken = [d.profile_id for d in plan.decisions if d.step is not Step.WAIT and d.profile_id]
    links = list(after(plan).links.values())

    assert len(taken) == len(set(taken))
    assert len(links) == len(set(links))


@QUICK
@given(plan_inputs)
def test_a_plan_leaves_its_inputs_alone(start):
    before = replace(
        start,
        children=list(start.children),
        profiles=dict(start.profiles),
        links=dict(start.links),
        choices=dict(start.choices),
        asked=dict(start.asked),
    )
    after(make_plan(start))

    assert start == before


def shuffled(start: PlanInput, random) -> PlanInput:
    """The same situation with every row in another order."""

    def mixed(rows: dict) -> dict:
        items = list(rows.items())
        random.shuffle(items)
        return dict(items)

    children = list(start.children)
    random.shuffle(children)
    return replace(
        start,
        children=children,
        profiles=mixed(start.profiles),
        links=mixed(start.links),
        choices=mixed(start.choices),
        asked=mixed(start.asked),
    )


@QUICK
@given(plan_inputs, st.randoms(use_true_random=False))
def test_the_order_of_rows_changes_nothing(start, random):
    plan, again = make_plan(start), make_plan(shuffled(start, random))

    assert gist(again) == gist(plan)
    assert (again.fingerprint, again.spaces, again.held) == (plan.fingerprint, plan.spaces, plan.held)
    assert after(again) == replace(after(plan), children=again.input.children)


# --- the safety hold --------------------------------------------------------------------------------


@QUICK
@given(plan_inputs)
def test_the_plan_is_held_by_its_archives_of_linked_live_profiles(start):
    """D12."""
    plan = make_plan(start)
    live = len(live_profiles(start) & set(start.links.values()))
    archives = plan.counts()[Step.ARCHIVE]

    everyone, many = archives >= 2 and archives == live, archives > 3 and archives > 0.2 * live
    assert (plan.held is not None) == (everyone or many)
    assert make_plan(replace(start, limits=Limits(100, 100))).held is None or everyone


# --- the switch -------------------------------------------------------------------------------------


def with_setting(start: PlanInput, inactive: InactivePolicy) -> PlanInput:
    return replace(start, inactive=inactive)


@QUICK
@given(plan_inputs)
def test_leave_stay_leave_ends_where_it_began(start):
    """R6, R8."""
    leaving = settled(with_setting(start, LEAVE))
    staying = make_plan(with_setting(leaving, STAY))
    assume(not staying.counts()[Step.LINK])  # a live profile nobody was linked to has an owner now
    back = settled(with_setting(after(staying), LEAVE))

    assert live_profiles(back) == live_profiles(leaving)
    assert make_plan(back).changes_nothing


@QUICK
@given(plan_inputs)
def test_the_switch_to_stay_archives_nobody_and_brings_no_archived_child_back(start):
    """R6."""
    plan = make_plan(with_setting(settled(with_setting(start, LEAVE)), STAY))

    assert plan.counts()[Step.ARCHIVE] == 0
    assert all(d.status is Status.INACTIVE for d in plan.actions())


@QUICK
@given(plan_inputs)
def test_the_switch_to_leave_touches_inactive_children_only(start):
    """R8."""
    plan = make_plan(with_setting(settled(with_setting(start, STAY)), LEAVE))

    for one in plan.actions():
        if one.step is Step.ARCHIVE:
            assert (one.status, one.rule) == (Status.INACTIVE, "inactive-leaves")
        else:  # somebody who waited has a space now
            assert one.step in (Step.CREATE, Step.RESTORE)


@pytest.mark.parametrize("standing", [ACTIVE, INACTIVE, GONE])
@pytest.mark.parametrize("setting", InactivePolicy)
@pytest.mark.parametrize("state", [None, LIVE, ARCHIVED, DELETED])
def test_one_child_stays_leaves_and_comes_back(standing, setting, state):
    """R2, R3, R4, R5, R6, R7, R8."""
    profiles = [profile("p", state=state)] if state else []
    plan = make_plan(
        plan_input([child("c", standing=standing)], profiles, {"c": "p"} if state else {}, inactive=setting)
    )

    if standing is ACTIVE or (standing is INACTIVE and setting is STAY):
        step = {LIVE: Step.NO_CHANGE, ARCHIVED: Step.RESTORE}.get(state, Step.CREATE)
    else:
        step = Step.ARCHIVE if state is LIVE else Step.LEAVE_OUT
    assert only(plan).step is step


def test_the_same_profile_comes_back():
    """R4, R8."""
    one = child("c")
    start = settled(plan_input([one]))
    left = settled(replace(start, children=[one._replace(standing=INACTIVE)]))
    again = make_plan(replace(left, children=[one]))

    assert [p.state for p in left.profiles.values()] == [ARCHIVED]
    assert (only(again).step, only(again).profile_id) == (Step.RESTORE, start.links["c"])
    assert after(again).profiles == start.profiles


# --- fingerprint ------------------------------------------------------------------------------------


def consent(plan: Plan) -> tuple:
    """What a person agrees to, in plain values."""
    lines = []
    for one in plan.decisions:
        values = {name: to for name, (_, to) in one.changes.items()}
        if one.step is Step.CREATE:
            values = one.child.details.by_name()
        lines.append((one.child_id, one.step, one.profile_id, plain(values)))
    return plan.input.inactive, plan.input.paid_children, lines


def renamed(start: PlanInput) -> PlanInput:
    someone, *others = start.children
    return replace(
        start, children=[someone._replace(details=someone.details._replace(gender="male")), *others]
    )


def rebooked(start: PlanInput) -> PlanInput:
    """Other facts behind the same labels."""
    moved = [
        c._replace(standing=c.standing._replace(next_change=day(9), booked_from=day(-3)))
        for c in start.children
    ]
    return replace(start, children=moved)


VARIATIONS = {
    "nothing": lambda start: start,
    "the day": lambda start: replace(start, today=start.today + timedelta(days=40)),
    "a value": renamed,
    "the facts": rebooked,
    "the setting": lambda start: replace(start, inactive=STAY if start.inactive is LEAVE else LEAVE),
    "the paid children": lambda start: replace(start, paid_children=start.paid_children + 1),
    "a child": lambda start: replace(start, children=start.children[1:]),
    "the links": lambda start: replace(start, links={}),
    "the limits": lambda start: replace(start, limits=Limits(0, 0)),
}


@QUICK
@given(plan_inputs)
def test_the_fingerprint_is_what_a_person_agrees_to(start):
    """B1."""
    assume(start.children)
    plan = make_plan(start)

    for what, vary in VARIATIONS.items():
        other = make_plan(vary(start))
        assert (plan.fingerprint == other.fingerprint) == (consent(plan) == consent(other)), what


def test_the_fingerprint_sees_what_is_written_and_for_whom():
    """B1."""

    def of(person=None, written=None, pid="p", **more) -> str:
        links = {"c": pid}
        return make_plan(plan_input([child("c", person)], [profile(pid, written)], links, **more)).fingerprint

    plain_one = of()
    others = [
        of(details("Ana")),  # an update
        of(details("Ben")),  # another update
        of(pid="q"),
        of(paid=99),
        of(inactive=STAY),
        make_plan(plan_input([child("c")])).fingerprint,  # a create
        make_plan(plan_input([child("c", details("Ana"))])).fingerprint,  # another create
    ]

    assert len({plain_one, *others}) == len(others) + 1
    assert of(details("Ana"), details("Ben")) == of(details("Ana"), details("Eve"))  # the same is written
    assert len(plain_one) == 16
    assert set(plain_one) <= set("0123456789abcdef")


# --- missing children, deleted profiles ---------------------------------------------------------------


@pytest.mark.parametrize("setting", InactivePolicy)
def test_a_deleted_profile_is_made_anew(setting):
    """D10."""
    start = plan_input([child("c")], [profile("p", state=DELETED)], {"c": "p"}, inactive=setting)
    later = settled(start)

    assert only(make_plan(start)).step is Step.CREATE
    assert later.links["c"] != "p"
    assert later.profiles["p"].state is DELETED


def test_a_deleted_profile_of_a_child_who_left_is_left_in_peace():
    """D10."""
    start = plan_input([child("c", standing=GONE)], [profile("p", state=DELETED)], {"c": "p"})

    assert (only(make_plan(start)).step, only(make_plan(start)).profile) == (Step.LEAVE_OUT, None)


@pytest.mark.parametrize("standing", [ACTIVE, INACTIVE, GONE])
def test_a_linked_profile_that_is_not_listed_is_unknown_and_held(standing):
    """D10."""
    decision = only(make_plan(plan_input([child("c", standing=standing)], [], {"c": "p"})))

    assert (decision.step, decision.rule) == (Step.NEEDS_REVIEW, "please-check")
    assert decision.facts == {"reason": "linked-profile-unknown", "profiles": ["p"]}


def test_the_hold_ends_when_the_profile_is_listed_again():
    """D10."""
    asked = make_plan(plan_input([child("c")], [], {"c": "p"}))

    for state, step in ((LIVE, Step.NO_CHANGE), (ARCHIVED, Step.RESTORE), (DELETED, Step.CREATE)):
        listed = replace(after(asked), profiles={"p": profile("p", state=state)})
        assert only(make_plan(listed)).step is step


@pytest.mark.parametrize(
    ("kind", "state", "step", "rule"),
    [
        (None, LIVE, Step.NEEDS_REVIEW, "missing-from-source"),
        (None, ARCHIVED, Step.LEAVE_OUT, "missing-from-source"),
        (None, DELETED, Step.LEAVE_OUT, "missing-from-source"),
        (None, None, Step.LEAVE_OUT, "missing-from-source"),
        (ChoiceKind.KEEP, LIVE, Step.LEAVE_OUT, "missing-kept"),
        (ChoiceKind.KEEP, ARCHIVED, Step.LEAVE_OUT, "missing-kept"),
        (ChoiceKind.ARCHIVE, LIVE, Step.ARCHIVE, "missing-let-go"),
        (ChoiceKind.ARCHIVE, ARCHIVED, Step.LEAVE_OUT, "missing-let-go"),
        (ChoiceKind.DONT_ADD, LIVE, Step.NEEDS_REVIEW, "missing-from-source"),
        (ChoiceKind.NEW, LIVE, Step.NEEDS_REVIEW, "missing-from-source"),
    ],
)
def test_a_missing_child(kind, state, step, rule):
    """D8."""
    profiles = [profile("p", state=state)] if state else []
    decision = only(make_plan(plan_input([], profiles, {"c": "p"}, choices={"c": Choice(kind)})))

    assert (decision.child, decision.step, decision.rule) == (None, step, rule)
    assert decision.profile_id == ("p" if state in (LIVE, ARCHIVED) else None)


def test_a_profile_archived_or_restored_by_hand_is_put_right():
    """D7."""
    people = [child("a"), child("b", details("Ana"), GONE)]
    by_hand = [profile("p", state=ARCHIVED), profile("q", details("Ana"))]
    plan = make_plan(plan_input(people, by_hand, {"a": "p", "b": "q"}))

    assert [d.step for d in plan.decisions] == [Step.RESTORE, Step.ARCHIVE]


def test_the_day_itself_is_kept_and_the_next_one_is_not():
    """B4."""
    kept = {"c": Choice(keep_until=day(3))}
    start = plan_input([child("c", standing=INACTIVE)], [profile("p")], {"c": "p"}, choices=kept)

    steps = [only(make_plan(replace(start, today=day(n)))).step for n in (0, 2, 3, 4)]
    assert steps == [Step.NO_CHANGE, Step.NO_CHANGE, Step.NO_CHANGE, Step.ARCHIVE]
    assert only(make_plan(start)).facts["keep_until"] == day(3)


# --- which fields are written -------------------------------------------------------------------------


@QUICK
@given(plan_inputs)
def test_exactly_the_differing_fields_are_written(start):
    """D11."""
    plan = make_plan(start)
    later = after(plan)

    for one in plan.decisions:
        if one.step not in (Step.UPDATE, Step.RESTORE, Step.LINK, Step.NO_CHANGE):
            assert one.changes == {}
            continue
        shared = one.child.supplied & one.profile.supplied
        mine, before = one.child.details.by_name(), one.profile.details.by_name()
        written = later.profiles[one.profile_id].details.by_name()

        assert one.changes == {f: (before[f], mine[f]) for f in shared if before[f] != mine[f]}
        assert one.step is not Step.UPDATE or one.changes
        assert one.step is not Step.NO_CHANGE or not one.changes
        assert written == {f: mine[f] if f in shared else before[f] for f in ALL_FIELDS}
    for one in plan.decisions:
        if one.step is Step.CREATE:
            assert later.profiles[later.links[one.child_id]].details == one.child.details


FULL = Details("Mānaia", "Ngata", "Manny", BORN[0], "female", frozenset({"Tui"}))
EMPTY = Details()


@pytest.mark.parametrize("field", FIELDS)
def test_a_field_supplied_empty_is_cleared_and_one_not_supplied_is_left_alone(field):
    """D20."""
    cleared = FULL._replace(**{field: getattr(EMPTY, field)})

    def changes(supplied=ALL_FIELDS, known=ALL_FIELDS):
        start = plan_input(
            [child("c", cleared, supplied=supplied)], [profile("p", FULL, supplied=known)], {"c": "p"}
        )
        return only(make_plan(start)).changes

    assert changes() == {field: (getattr(FULL, field), getattr(EMPTY, field))}
    assert changes(supplied=ALL_FIELDS - {field}) == {}
    assert changes(known=ALL_FIELDS - {field}) == {}


@pytest.mark.parametrize(
    ("state", "linked", "step"),
    [
        (LIVE, True, Step.UPDATE),
        (ARCHIVED, True, Step.RESTORE),
        (LIVE, False, Step.LINK),
        (ARCHIVED, False, Step.RESTORE),
    ],
)
def test_update_restore_and_link_leave_the_values_of_manage(state, linked, step):
    """D20."""
    old = FULL._replace(gender="", rooms=frozenset(), preferred_name="")
    start = plan_input([child("c", FULL)], [profile("p", old, state)], {"c": "p"} if linked else {})
    decision = only(make_plan(start))

    assert decision.step is step
    assert decision.changes == {
        "preferred_name": ("", "Manny"),
        "gender": ("", "female"),
        "rooms": (frozenset(), frozenset({"Tui"})),
    }
    assert settled(start).profiles["p"] == profile("p", FULL)


def test_what_is_archived_or_left_out_is_not_written_to():
    """D20."""
    old = FULL._replace(gender="")
    for standing, state in ((GONE, LIVE), (GONE, ARCHIVED), (INACTIVE, LIVE)):
        start = plan_input([child("c", FULL, standing)], [profile("p", old, state)], {"c": "p"})
        assert only(make_plan(start)).changes == {}
        assert settled(start).profiles["p"] == profile("p", old, ARCHIVED)


def test_a_decision_tells_what_a_page_shows():
    stands = Standing(Status.ACTIVE, next_change=day(4))
    start = plan_input([child("c", details("Mānaia", preferred="Manny"), stands)], [], {})
    decision = only(make_plan(start))
    missing = only(make_plan(plan_input([], [profile("p", details("Ana"))], {"c": "p"})))

    assert (decision.called, decision.status, decision.next_change) == ("Manny", Status.ACTIVE, day(4))
    assert decision.profile_id is None
    assert (missing.called, missing.status, missing.next_change) == ("Ana", None, None)
    assert missing.profile_id == "p"


def test_values_as_json_writes_them():
    assert plain(FULL.by_name()) == {
        "first_name": "Mānaia",
        "last_name": "Ngata",
        "preferred_name": "Manny",
        "date_of_birth": "2021-03-04",
        "gender": "female",
        "rooms": ["Tui"],
    }
    assert plain({"rooms": frozenset({"b", "a"}), "date_of_birth": None}) == {
        "rooms": ["a", "b"],
        "date_of_birth": None,
    }
