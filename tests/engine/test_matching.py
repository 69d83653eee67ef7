"""Which profile is whose: folded names, seekers, choices, set-up proposals, rooms (D19, D21, D23)."""

from collections import Counter
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parkway.domain import Choice, ChoiceKind, Details, Step
from parkway.engine.matching import (
    A_NEW_ROOM,
    Certainty,
    Doubt,
    Room,
    RoomStep,
    fold,
    full_names,
    identity,
    match_rooms,
    propose,
)
from parkway.engine.outcome import after
from parkway.engine.plan import make_plan
from tests.engine.builders import (
    ACTIVE,
    ARCHIVED,
    DELETED,
    GONE,
    INACTIVE,
    LEAVE,
    QUICK,
    child,
    details,
    people,
    plan_input,
    profile,
    settled,
)

BORN, OTHER = date(2021, 3, 4), date(2022, 8, 9)

# --- folding --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "folded"),
    [
        ("", ""),
        ("Ana", "ana"),
        ("ANA", "ana"),
        ("Mānaia", "manaia"),
        ("Ma\u0304naia", "manaia"),  # the macron as a combining mark
        ("Zoë", "zoe"),
        ("Renée", "renee"),
        ("Nguyễn", "nguyen"),
        ("Anne-Marie", "annemarie"),
        ("Anne\u2011Marie", "annemarie"),  # a hyphen that does not break
        ("Anne Marie", "annemarie"),
        ("O'Brien", "obrien"),
        ("O’Brien", "obrien"),
        ("OʼBrien", "obrien"),  # U+02BC
        ("Kaʻaihue", "kaaihue"),  # U+02BB
        ("Ka‘aihue", "kaaihue"),
        ("Ka`aihue", "kaaihue"),
        ("Strauß", "strauss"),
        ("STRAUẞ", "strauss"),
        ("Eﬃe", "effie"),  # ligature
        ("ſtella", "stella"),
        ("Ａｎａ", "ana"),  # full-width
        ("Tui ２", "tui2"),
        ("Room 3", "room3"),
        ("Ⅳ", "iv"),
        ("St. John", "stjohn"),
        ("ŉ", "n"),
        ("İpek", "ipek"),
        ("\u200bAna\u00a0", "ana"),
        ("李 明", "李明"),
        ("🐸", ""),
        ("---", ""),
    ],
)
def test_names_are_folded(name, folded):
    """D19."""
    assert fold(name) == folded


@QUICK
@given(st.text(st.characters(codec="ascii")))
def test_plain_names_fold_by_the_same_definition(name):
    """D19."""
    assert fold(name) == "".join(c for c in name.casefold() if c.isalpha() or c.isdecimal())
    assert fold(name + "ʻ") == fold(name)


@QUICK
@given(st.text(st.characters(codec="latin-1") | st.sampled_from("ʻʼ’āēīōūßẞŋﬁｚ")))
def test_folding_twice_is_folding_once_and_case_does_not_matter(name):
    """D19."""
    assert fold(fold(name)) == fold(name)
    assert fold(name.upper()) == fold(name.lower()) == fold(name)


def test_names_compare_as_pairs():
    """D19."""
    assert full_names(details("Mānaia", "O’Brien", preferred="Manny")) == {
        ("manaia", "obrien"),
        ("manny", "obrien"),
    }
    assert full_names(details("Ana", "Mere Tui")) != full_names(details("Ana Mere", "Tui"))
    assert full_names(details("Pele", "")) == {("pele", "")}
    assert full_names(Details()) == set()
    assert full_names(details("-", "’")) == set()


def test_the_identity_changes_with_name_and_birth_only():
    """D19."""
    one = details("Mānaia", preferred="Manny")

    assert identity(one) == identity(one._replace(gender="female", rooms=frozenset({"Tui"})))
    assert identity(one) == identity(one._replace(first_name="MANAIA"))
    assert (
        len(
            {
                identity(one),
                identity(one._replace(date_of_birth=None)),
                identity(one._replace(date_of_birth=OTHER)),
                identity(one._replace(last_name="Ngat")),
                identity(one._replace(preferred_name="")),
            }
        )
        == 5
    )


# --- the one profile that is certainly the child's ----------------------------------------------------


def decide(children, profiles, **more):
    """The decisions for children without links, by child id."""
    plan = make_plan(plan_input(children, profiles, **more))
    return {d.child_id: d for d in plan.decisions}


def doubt(decision) -> Doubt:
    assert (decision.step, decision.rule) == (Step.NEEDS_REVIEW, "please-check")
    assert decision.profile is None
    assert decision.changes == {}
    return Doubt(decision.facts["reason"])


ALIKE = [
    # child, profile
    (details(), details()),
    (details("Mānaia"), details("MANAIA")),
    (details("Mānaia", preferred="Manny"), details("Manny")),
    (details("Manny"), details("Mānaia", preferred="Manny")),
    (details("Mānaia", preferred="Manny"), details("Manuhiri", preferred="manny")),
    (details("Anne-Marie", "O’Brien"), details("Anne Marie", "O'Brien")),
    (details("Pele", ""), details("Pele", "")),
]
NOT_ALIKE = [
    (details("Ana"), details("Ben")),  # twins
    (details("Ana", "Ngata"), details("Ana", "Ngatai")),
    (details("Ana", "Ngata", preferred="Mere"), details("Ben", "Ngata", preferred="Tui")),
    (details("Ana", "Mere Tui"), details("Ana Mere", "Tui")),
    (details("Ngata", "Ana"), details("Ana", "Ngata")),
    (Details("", "", "", BORN), Details("", "", "", BORN)),  # no name is no likeness
]


@pytest.mark.parametrize(("person", "other"), ALIKE)
def test_exactly_one_alike_with_the_same_birth_is_linked(person, other):
    """D19."""
    live = decide([child("c", person)], [profile("u", other)])["c"]
    archived = decide([child("c", person)], [profile("u", other, ARCHIVED)])["c"]

    assert (live.step, live.profile_id, live.rule) == (Step.LINK, "u", "active")
    assert (archived.step, archived.profile_id) == (Step.RESTORE, "u")


@pytest.mark.parametrize(("person", "other"), NOT_ALIKE)
def test_nobody_alike_is_a_new_profile(person, other):
    """D19."""
    assert decide([child("c", person)], [profile("u", other)])["c"].step is Step.CREATE


def test_a_link_writes_the_values_of_manage():
    """The profile's spelling gives way (D19, D20)."""
    found = decide([child("c", details("Mānaia", preferred="Manny"))], [profile("u", details("MANAIA"))])["c"]

    assert found.changes == {"first_name": ("MANAIA", "Mānaia"), "preferred_name": ("", "Manny")}


@pytest.mark.parametrize("state", [ARCHIVED, DELETED])
def test_tombstones_are_nobody(state):
    """D19."""
    found = decide([child("c")], [profile("u", state=state)])["c"]

    assert found.step is (Step.RESTORE if state is ARCHIVED else Step.CREATE)


def test_profiles_of_others_are_not_looked_at():
    """D19."""
    plan = make_plan(
        plan_input([child("c")], [profile("p"), profile("q", details())], {"d": "p", "e": "q"}),
    )

    assert {d.child_id: d.step for d in plan.decisions} == {
        "c": Step.CREATE,
        "d": Step.NEEDS_REVIEW,
        "e": Step.NEEDS_REVIEW,
    }


def test_several_alike_are_asked_about():
    """D19."""
    found = decide(
        [child("c")], [profile("u2"), profile("u1", details(born=OTHER)), profile("v", details("Ana"))]
    )

    assert doubt(found["c"]) is Doubt.SEVERAL
    assert found["c"].facts["profiles"] == ["u1", "u2"]


@pytest.mark.parametrize(("mine", "theirs"), [(None, BORN), (BORN, None), (None, None)])
def test_an_unknown_birth_is_asked_about(mine, theirs):
    """D19."""
    found = decide([child("c", details(born=mine))], [profile("u", details(born=theirs))])["c"]

    assert doubt(found) is Doubt.BIRTH_UNKNOWN


def test_another_birth_is_asked_about():
    """D19."""
    found = decide([child("c")], [profile("u", details(born=OTHER))])["c"]

    assert doubt(found) is Doubt.BIRTH_DIFFERS
    assert found.facts["profiles"] == ["u"]


def test_another_seeker_with_the_same_birth_is_asked_about():
    """D19."""
    alike = [child("a", details(preferred="Manny")), child("b", details("Manny"))]
    found = decide(alike, [profile("u", details("Manny"))])

    assert [doubt(found[i]) for i in "ab"] == [Doubt.OTHER_CHILD, Doubt.OTHER_CHILD]


@pytest.mark.parametrize("born", [OTHER, None])
def test_another_seeker_with_another_birth_is_no_rival(born):
    """D19."""
    found = decide([child("a"), child("b", details(born=born))], [profile("u")])

    assert (found["a"].step, found["a"].profile_id) == (Step.LINK, "u")
    assert doubt(found["b"]) in (Doubt.BIRTH_UNKNOWN, Doubt.BIRTH_DIFFERS)


@pytest.mark.parametrize("standing", [INACTIVE, GONE])
def test_a_child_who_does_not_belong_is_no_seeker(standing):
    """D19."""
    found = decide([child("a"), child("b", standing=standing)], [profile("u")], inactive=LEAVE)

    assert (found["a"].step, found["b"].step) == (Step.LINK, Step.LEAVE_OUT)


def test_a_child_not_to_be_added_is_no_rival():
    """D9."""
    found = decide([child("a"), child("b")], [profile("u")], choices={"b": Choice(ChoiceKind.DONT_ADD)})

    assert (found["a"].step, found["b"].step) == (Step.LINK, Step.LEAVE_OUT)


def test_twins_with_different_names_both_find_theirs():
    """D19."""
    twins = [child("a", details("Ana")), child("b", details("Ben"))]
    found = decide(twins, [profile("u", details("Ben")), profile("v", details("Ana"))])

    assert [(found[i].step, found[i].profile_id) for i in "ab"] == [(Step.LINK, "v"), (Step.LINK, "u")]


def test_a_child_whose_profile_is_deleted_seeks_again():
    """D10."""
    plan = make_plan(plan_input([child("c")], [profile("p", state=DELETED), profile("u")], {"c": "p"}))

    assert (plan.decisions[0].step, plan.decisions[0].profile_id) == (Step.LINK, "u")


# --- what a person chose ----------------------------------------------------------------------------

NEW = Choice(ChoiceKind.NEW)


def chosen(profile_id: str) -> Choice:
    return Choice(ChoiceKind.PROFILE, profile_id)


def test_a_chosen_profile_beats_every_doubt():
    """D23."""
    profiles = [profile("u1"), profile("u2", details("Ana", born=OTHER), ARCHIVED)]

    for pid, step in (("u1", Step.LINK), ("u2", Step.RESTORE)):
        found = decide([child("c", details(born=None))], profiles, choices={"c": chosen(pid)})["c"]
        assert (found.step, found.profile_id) == (step, pid)


def test_a_new_profile_beats_every_likeness():
    """D23."""
    assert decide([child("c")], [profile("u")], choices={"c": NEW})["c"].step is Step.CREATE


def test_a_chosen_profile_is_kept_from_others():
    """D23."""
    twins = [child("a"), child("b")]
    found = decide(twins, [profile("u")], choices={"a": chosen("u")})

    assert (found["a"].step, found["b"].step) == (Step.LINK, Step.CREATE)


def test_a_profile_chosen_for_a_child_who_does_not_belong_yet_is_kept_too():
    """D23."""
    start = plan_input(
        [child("a", standing=INACTIVE), child("b")], [profile("u")], choices={"a": chosen("u")}
    )
    plan = make_plan(start)

    assert [d.step for d in plan.decisions] == [Step.LEAVE_OUT, Step.CREATE]
    assert after(plan).choices == start.choices


@pytest.mark.parametrize("profile_id", ["deleted", "elsewhere", "linked"])
def test_a_chosen_profile_that_is_gone_is_asked_about(profile_id):
    """D23."""
    profiles = [profile("deleted", state=DELETED), profile("linked", details("Ana"))]
    links = {"other": "linked"}
    plan = make_plan(plan_input([child("c")], profiles, links, choices={"c": chosen(profile_id)}))

    assert doubt(plan.decisions[0]) is Doubt.CHOICE_GONE
    assert plan.decisions[0].facts["profiles"] == [profile_id]


def test_two_children_cannot_take_one_profile():
    """D23."""
    both = {"a": chosen("u"), "b": chosen("u")}
    found = decide([child("a"), child("b", details("Ana"))], [profile("u")], choices=both)

    assert [doubt(found[i]) for i in "ab"] == [Doubt.CHOICE_GONE, Doubt.CHOICE_GONE]
    assert "another child" in make_plan(
        plan_input([child("a"), child("b")], [profile("u")], choices=both)
    ).because(found["a"])


def test_the_first_who_needs_a_profile_that_two_have_chosen_gets_it():
    """D23."""
    both = {"a": chosen("u"), "b": chosen("u")}
    found = decide([child("a", standing=INACTIVE), child("b")], [profile("u")], choices=both)

    assert (found["a"].step, found["b"].step) == (Step.LEAVE_OUT, Step.LINK)


def test_a_choice_is_kept_while_the_child_waits():
    """D23."""
    start = plan_input(
        [child("c")], [profile("u", details("Ana"), ARCHIVED)], paid=0, choices={"c": chosen("u")}
    )
    plan = make_plan(start)

    assert (plan.decisions[0].step, plan.decisions[0].profile_id) == (Step.WAIT, "u")
    assert after(plan).choices == start.choices


@pytest.mark.parametrize("choice", [NEW, chosen("u")])
def test_a_choice_is_forgotten_once_it_is_carried_out(choice):
    """D23."""
    kept = choice._replace(keep_until=date(2026, 1, 1))
    later = settled(plan_input([child("c")], [profile("u")], choices={"c": kept}))

    assert later.choices == {"c": Choice(keep_until=date(2026, 1, 1))}
    assert make_plan(later).changes_nothing


@pytest.mark.parametrize("choice", [NEW, chosen("u")])
def test_a_choice_that_a_linked_child_cannot_use_stays_when_something_else_is_done(choice):
    """The profile stays reserved, so that nobody alike to it is asked because a name was updated (D23)."""
    before = [profile("pc", details("Anna")), profile("u", details("Ben"))]
    children = [child("c", details("Ana")), child("d", details("Ben"))]
    plan = make_plan(plan_input(children, before, {"c": "pc"}, choices={"c": choice}))

    assert plan.decisions[0].step is Step.UPDATE
    assert after(plan).choices == {"c": choice}
    assert make_plan(after(plan)).changes_nothing


@pytest.mark.parametrize("choice", [NEW, chosen("u")])
def test_a_choice_answers_a_link_to_an_unknown_profile(choice):
    """D23."""
    start = plan_input([child("c")], [profile("u", details("Ana"))], {"c": "unknown"})
    asked = make_plan(start)
    answered = make_plan(
        plan_input([child("c")], [profile("u", details("Ana"))], {"c": "unknown"}, choices={"c": choice})
    )

    assert doubt(asked.decisions[0]) is Doubt.PROFILE_UNKNOWN
    assert answered.decisions[0].step is (Step.CREATE if choice is NEW else Step.LINK)
    assert make_plan(after(answered)).changes_nothing


# --- a question stands ------------------------------------------------------------------------------


def questioned():
    """Two children alike to one profile were asked about; now a person has taken it for one of them."""
    before = settled(plan_input([child("a"), child("b")], [profile("u")]))
    return plan_input([child("a"), child("b")], [profile("u")], {"a": "u"}, asked=before.asked)


def test_a_question_stands_until_a_person_chooses():
    """D19."""
    start = questioned()
    plan = make_plan(start)

    assert [d.step for d in plan.decisions] == [Step.NO_CHANGE, Step.NEEDS_REVIEW]
    assert plan.decisions[1].facts == start.asked["b"]
    assert make_plan(settled(start)).decisions[1].facts == start.asked["b"]


def test_without_the_question_the_child_would_get_a_new_profile():
    """D19."""
    start = plan_input([child("a"), child("b")], [profile("u")], {"a": "u"})

    assert [d.step for d in make_plan(start).decisions] == [Step.NO_CHANGE, Step.CREATE]


@pytest.mark.parametrize("choice", [NEW, Choice(ChoiceKind.DONT_ADD)])
def test_a_choice_answers_the_question(choice):
    """D19."""
    start = questioned()
    answered = plan_input(
        start.children, [profile("u")], {"a": "u"}, asked=start.asked, choices={"b": choice}
    )

    assert make_plan(answered).decisions[1].step is (Step.CREATE if choice is NEW else Step.LEAVE_OUT)


@pytest.mark.parametrize(
    ("corrected", "step"),
    [
        (details("Ana"), Step.CREATE),
        (details(born=OTHER), Step.CREATE),
        (details("MANAIA"), Step.NEEDS_REVIEW),  # the same name, written otherwise
        (details()._replace(gender="female"), Step.NEEDS_REVIEW),
    ],
)
def test_a_corrected_name_or_birth_answers_the_question(corrected, step):
    """D19."""
    start = questioned()
    mended = plan_input([child("a"), child("b", corrected)], [profile("u")], {"a": "u"}, asked=start.asked)

    assert make_plan(mended).decisions[1].step is step


def test_a_child_in_question_is_still_a_rival():
    """D19."""
    asked = settled(plan_input([child("a")], [profile("u"), profile("v")])).asked
    found = decide([child("a"), child("b")], [profile("u")], asked=asked)

    assert doubt(found["a"]) is Doubt.SEVERAL
    assert doubt(found["b"]) is Doubt.OTHER_CHILD


def test_one_who_asks_no_more_is_forgotten():
    """D19."""
    start = questioned()
    gone = plan_input([child("a"), child("b", standing=GONE)], [profile("u")], {"a": "u"}, asked=start.asked)

    assert settled(gone).asked == {}


# --- proposals at set-up ----------------------------------------------------------------------------

CERTAIN, CHECK, NONE = Certainty.CERTAIN, Certainty.PLEASE_CHECK, Certainty.NO_MATCH


def proposals(children, profiles):
    return {p.child_id: (p.certainty, p.profile_ids) for p in propose(children, profiles)}


@pytest.mark.parametrize(("person", "other"), ALIKE)
def test_set_up_preselects_what_is_unique_on_name_and_birth(person, other):
    assert proposals([child("c", person)], [profile("u", other)]) == {"c": (CERTAIN, ("u",))}
    assert proposals([child("c", person)], [profile("u", other, ARCHIVED)]) == {"c": (CERTAIN, ("u",))}
    assert proposals([child("c", person)], [profile("u", other, DELETED)]) == {"c": (NONE, ())}


@pytest.mark.parametrize(
    ("person", "other"),
    [
        (details(), details(born=OTHER)),
        (details(born=None), details()),
        (details(), details(born=None)),
        (details("Mānaia", "Ngata"), details("Mānaia", "O'Brien")),  # a new family name
        (details("Mānaia", "Ngata"), details("Mana", "Ngata")),  # another spelling, or a twin
        (details("Mānaia", "Ngata"), details("Ngata", "Mānaia")),  # the wrong way round
        (details("Ana", "Ngata", preferred="Mere"), details("Mere", "Tui")),
    ],
)
def test_set_up_shows_near_misses_for_a_person_to_check(person, other):
    assert proposals([child("c", person)], [profile("u", other)]) == {"c": (CHECK, ("u",))}


@pytest.mark.parametrize(
    ("person", "other"),
    [
        (details("Ana", "Ngata"), details("Ben", "O'Brien")),
        (details("Ana", "Ngata", born=OTHER), details("Ana", "O'Brien")),
        (details("Ana", "Ngata", born=None), details("Ana", "O'Brien", born=None)),
        (Details("", "", "", BORN), Details("", "", "", BORN)),
    ],
)
def test_set_up_proposes_a_new_profile_when_nothing_is_near(person, other):
    assert proposals([child("c", person)], [profile("u", other)]) == {"c": (NONE, ())}


def test_set_up_equal_names_and_births_are_never_matched_unseen():
    two_profiles = proposals([child("a")], [profile("u1"), profile("u2")])
    two_children = proposals([child("a"), child("b")], [profile("u")])
    two_of_each = proposals([child("a"), child("b")], [profile("u1"), profile("u2")])

    assert two_profiles == {"a": (CHECK, ("u1", "u2"))}
    assert two_children == {"a": (CHECK, ("u",)), "b": (CHECK, ("u",))}
    assert two_of_each == {"a": (CHECK, ("u1", "u2")), "b": (CHECK, ("u1", "u2"))}


def test_set_up_twins_with_their_own_profiles_are_certain_and_a_lone_one_is_not_offered_the_other():
    twins = [child("a", details("Ana")), child("b", details("Ben"))]

    assert proposals(twins, [profile("u", details("Ana")), profile("v", details("Ben"))]) == {
        "a": (CERTAIN, ("u",)),
        "b": (CERTAIN, ("v",)),
    }
    assert proposals(twins, [profile("u", details("Ana"))]) == {"a": (CERTAIN, ("u",)), "b": (NONE, ())}
    assert proposals(twins[1:], [profile("u", details("Ana"))]) == {"b": (CHECK, ("u",))}


@QUICK
@given(st.lists(people, max_size=6), st.lists(people, max_size=6), st.randoms(use_true_random=False))
def test_set_up_certain_means_unique_on_both_sides(persons, portfolios, random):
    children = [child(f"c{n}", person) for n, person in enumerate(persons)]
    profiles = [profile(f"u{n}", person) for n, person in enumerate(portfolios)]

    def same(one, other) -> bool:
        mine, theirs = one.details, other.details
        names = full_names(mine) & full_names(theirs)
        return bool(names) and mine.date_of_birth is not None and mine.date_of_birth == theirs.date_of_birth

    proposed = {p.child_id: p for p in propose(children, profiles)}

    assert list(proposed) == [c.child_id for c in children]
    for one in children:
        mine = [p for p in profiles if same(one, p)]
        unique = len(mine) == 1 and sum(same(c, mine[0]) for c in children) == 1
        assert (proposed[one.child_id].certainty is CERTAIN) == unique
        if unique:
            assert proposed[one.child_id].profile_ids == (mine[0].profile_id,)
    preselected = Counter(p.profile_ids[0] for p in proposed.values() if p.certainty is CERTAIN)
    assert set(preselected.values()) <= {1}
    for other in proposed.values():
        if other.certainty is not CERTAIN:
            assert not set(other.profile_ids) & set(preselected)
    random.shuffle(children)
    random.shuffle(profiles)
    assert {p.child_id: p for p in propose(children, profiles)} == proposed


# --- rooms ----------------------------------------------------------------------------------------


def to_link(room_id: str, name: str, target_id: str | None, renamed_from: str | None = None) -> RoomStep:
    """The step of a room that had no link, or not this one."""
    return RoomStep(room_id, name, target_id, renamed_from, linked=False)


def test_rooms_are_proposed_by_folded_name_created_and_renamed():
    """D21."""
    manage = [
        Room("m1", "Kōwhai"),
        Room("m2", "Tui"),
        Room("m3", "Rātā"),
        Room("m4", "Kea"),
        Room("m5", "Moa"),
    ]
    storypark = [
        Room("s1", "kowhai"),
        Room("s2", "Tui"),
        Room("s3", "Rata room"),
        Room("s5", "Moa"),
        Room("s9", "Staff"),
    ]

    assert match_rooms(manage, storypark, {"m3": "s3", "m5": "s5"}) == [
        to_link("m1", "Kōwhai", "s1", "kowhai"),
        to_link("m2", "Tui", "s2"),
        RoomStep("m3", "Rātā", "s3", "Rata room"),
        to_link("m4", "Kea", None),
        RoomStep("m5", "Moa", "s5"),
    ]


def test_a_linked_room_is_never_anybody_elses():
    """D21."""
    steps = match_rooms([Room("m1", "Tui"), Room("m2", "Kea")], [Room("s1", "Tui")], {"m2": "s1"})

    assert steps == [to_link("m1", "Tui", None), RoomStep("m2", "Kea", "s1", "Tui")]


def test_linked_rooms_may_swap_their_names():
    """D21."""
    swapped = [Room("m1", "Kea"), Room("m2", "Tui")]

    assert match_rooms(swapped, [Room("s1", "Tui"), Room("s2", "Kea")], {"m1": "s1", "m2": "s2"}) == [
        RoomStep("m1", "Kea", "s1", "Tui"),
        RoomStep("m2", "Tui", "s2", "Kea"),
    ]


def test_a_room_renamed_to_a_name_that_is_there_takes_the_room_of_that_name():
    """Two rooms of Storypark cannot have one name, so the linked one cannot be renamed (D21)."""
    steps = match_rooms([Room("m1", "Kea")], [Room("s1", "Tui"), Room("s2", "Kea")], {"m1": "s1"})

    assert steps == [to_link("m1", "Kea", "s2")]


def test_names_that_are_equal_when_folded_are_not_matched_unseen():
    """D21."""
    tui, two = [Room("m1", "Tūī")], [Room("s1", "Tui"), Room("s2", "TUI")]

    assert match_rooms(tui, two, {}) == [to_link("m1", "Tūī", None)]
    assert [step.target_id for step in match_rooms(two, tui, {})] == [None, None]


def test_the_very_name_beats_one_that_is_equal_when_folded():
    """D21."""
    tui, two = [Room("m1", "Tui")], [Room("s1", "TUI"), Room("s2", "Tui")]

    assert match_rooms(tui, two, {}) == [to_link("m1", "Tui", "s2")]
    assert [(step.room_id, step.target_id) for step in match_rooms(two, tui, {})] == [
        ("s1", None),
        ("s2", "m1"),
    ]


def test_a_room_whose_counterpart_is_gone_is_proposed_anew():
    """D21."""
    assert match_rooms([Room("m1", "Tui")], [Room("s2", "tui")], {"m1": "s1"}) == [
        to_link("m1", "Tui", "s2", "tui")
    ]
    assert match_rooms([Room("m1", "Tui")], [], {"m1": "s1"}) == [to_link("m1", "Tui", None)]


def test_rooms_named_by_signs_alone_match_by_the_same_sign():
    """D21."""
    frog, butterfly = "🐸", "🦋"

    assert match_rooms([Room("m1", frog)], [Room("s1", butterfly)], {}) == [to_link("m1", frog, None)]
    assert match_rooms([Room("m1", frog)], [Room("s1", frog), Room("s2", butterfly)], {}) == [
        to_link("m1", frog, "s1")
    ]


def test_rooms_to_create_rename_or_link_are_something_to_do():
    """D21."""

    def plan(*steps):
        return make_plan(plan_input(rooms=steps))

    assert plan().changes_nothing
    assert plan(RoomStep("m1", "Tui", "s1")).changes_nothing
    assert not plan(to_link("m1", "Tui", None)).changes_nothing
    assert not plan(to_link("m1", "Tui", "s1")).changes_nothing
    assert not plan(RoomStep("m1", "Tui", "s1", "Kea")).changes_nothing
    assert plan().fingerprint != plan(to_link("m1", "Tui", None)).fingerprint
    assert plan(RoomStep("m1", "Tui", "s1")).fingerprint != plan(RoomStep("m1", "Tui", "s2")).fingerprint


# At either end no two rooms have one name.
room_names = st.lists(st.sampled_from(["Tui", "tui", "Tūī", "Kōwhai", "Kowhai", "Kea", "🐸"]), unique=True)


@QUICK
@given(room_names, room_names, st.data())
def test_every_room_of_manage_gets_one_step_and_no_target_is_taken_twice(mine, theirs, data):
    """D21."""
    manage = [Room(f"m{n}", name) for n, name in enumerate(mine)]
    storypark = [Room(f"s{n}", name) for n, name in enumerate(theirs)]
    targets = data.draw(st.permutations([f"s{n}" for n in range(9)]))
    links = {
        room.room_id: target
        for room, target in zip(manage, targets, strict=False)
        if data.draw(st.booleans())
    }

    steps = match_rooms(manage, storypark, links)

    names, taken = dict(storypark), [step.target_id for step in steps if step.target_id is not None]
    assert [(step.room_id, step.name) for step in steps] == manage
    assert len(taken) == len(set(taken))
    assert set(taken) <= names.keys()
    assert match_rooms(manage[::-1], storypark[::-1], links) == steps
    for step in steps:
        before = links.get(step.room_id)
        assert step.linked == (before is not None and step.target_id == before)
        assert before not in names or step.linked or names[step.target_id] == step.name
        old = names.get(step.target_id, step.name)
        assert step.renamed_from == (None if old == step.name else old)
    # Once this is written, no two rooms have one name, and there is nothing left to do.
    after_links = {step.room_id: step.target_id or f"new{step.room_id}" for step in steps}
    written = names | {after_links[step.room_id]: step.name for step in steps}
    assert len(set(written.values())) == len(written)
    again = match_rooms(manage, [Room(*room) for room in written.items()], links | after_links)
    assert not any(step.pending for step in again)


def test_archived_children_seek_nothing():
    """D3."""
    assert decide([child("a", standing=GONE)], [profile("u")])["a"].step is Step.LEAVE_OUT
    assert decide([child("a", standing=ACTIVE)], [profile("u")])["a"].step is Step.LINK


def test_a_new_room_is_made_where_somebody_wants_one():
    """D21."""
    tui, like_it = [Room("m1", "Tui")], [Room("s1", "Tūī")]
    assert [step.target_id for step in match_rooms(tui, like_it, {})] == ["s1"]
    [step] = match_rooms(tui, like_it, {"m1": A_NEW_ROOM})
    assert (step.target_id, step.renamed_from, step.pending) == (None, None, True)
    [step] = match_rooms(tui, [Room("s1", "Tui")], {"m1": A_NEW_ROOM})
    assert step.target_id == "s1", "two rooms cannot have the very same name"
    both = match_rooms([*tui, Room("m2", "TUI")], like_it, {"m1": A_NEW_ROOM})
    assert {step.room_id: step.target_id for step in both} == {"m1": None, "m2": "s1"}
