"""The table of rules, what follows, and the sentences (R2 to R8, D24, B2)."""

import re
from collections import Counter
from datetime import date, datetime, timedelta
from itertools import product
from zoneinfo import ZoneInfo

import pytest

from parkway.domain import (
    Choice,
    ChoiceKind,
    Decision,
    Details,
    InactivePolicy,
    ProfileState,
    Standing,
    Status,
    Step,
    Window,
)
from parkway.engine import rules, wording
from parkway.engine.matching import Doubt
from parkway.engine.plan import make_plan
from parkway.engine.rules import OBSTACLES, RULES, STEPS, Verdict, because, every_case, facts_of, rule_for
from parkway.engine.status import standing
from tests.engine.builders import (
    ACTIVE,
    ARCHIVED,
    DELETED,
    ENDS,
    GONE,
    INACTIVE,
    LEAVE,
    LIVE,
    STAY,
    TODAY,
    WINDOW,
    booking,
    child,
    day,
    details,
    plan_input,
    profile,
)

# --- the tables -----------------------------------------------------------------------------------


def test_there_are_as_many_cases_as_combinations():
    listed = 3 * len(Status) * len(InactivePolicy) * 2  # no choice, don't add, kept; status; setting; until
    missing = 3 * len(InactivePolicy) * 2  # no choice, keep, archive

    assert len(every_case()) == len(set(every_case())) == listed + missing


@pytest.mark.parametrize("case", every_case(), ids=str)
def test_exactly_one_rule_answers_each_case(case):
    """D24."""
    assert [rule.slug for rule in RULES if rule.answers(case)] == [
        rule_for(
            child(standing=Standing(case.status)) if case.listed else None,
            case.choice,
            case.setting,
            TODAY if case.keep_until_active else None,
            TODAY,
        ).slug
    ]


def test_every_rule_answers_some_case():
    assert [rule.slug for rule in RULES if not any(map(rule.answers, every_case()))] == []


def test_slugs_are_unique_and_can_stand_in_an_address():
    slugs = Counter(row.slug for row in (*RULES, *OBSTACLES))

    assert set(slugs.values()) == {1}
    assert all(re.fullmatch(r"[a-z]+(-[a-z]+)*", slug) for slug in slugs)
    assert set(rules.BY_SLUG) == set(slugs)


def test_steps_answer_every_verdict_and_state():
    states = {None, *ProfileState} - {DELETED}

    assert set(STEPS) == set(Verdict)
    assert all(set(answers) == states for answers in STEPS.values())


FOLLOWS = [
    # verdict, profile, step
    (Verdict.BELONGS, None, Step.CREATE),
    (Verdict.BELONGS, LIVE, Step.NO_CHANGE),
    (Verdict.BELONGS, ARCHIVED, Step.RESTORE),
    (Verdict.DOES_NOT, None, Step.LEAVE_OUT),
    (Verdict.DOES_NOT, LIVE, Step.ARCHIVE),
    (Verdict.DOES_NOT, ARCHIVED, Step.LEAVE_OUT),
    (Verdict.LEFT_ALONE, None, Step.LEAVE_OUT),
    (Verdict.LEFT_ALONE, LIVE, Step.LEAVE_OUT),
    (Verdict.LEFT_ALONE, ARCHIVED, Step.LEAVE_OUT),
    (Verdict.ASK, None, Step.LEAVE_OUT),
    (Verdict.ASK, LIVE, Step.NEEDS_REVIEW),
    (Verdict.ASK, ARCHIVED, Step.LEAVE_OUT),
]


@pytest.mark.parametrize(("verdict", "state", "step"), FOLLOWS)
def test_what_follows_from_a_verdict(verdict, state, step):
    assert STEPS[verdict][state] is step


def test_every_obstacle_names_its_step():
    assert {row.slug: row.step for row in OBSTACLES} == {
        "no-space": Step.WAIT,
        "please-check": Step.NEEDS_REVIEW,
    }


# --- the first rule that applies ----------------------------------------------------------------

DONT_ADD, KEEP, LET_GO = ChoiceKind.DONT_ADD, ChoiceKind.KEEP, ChoiceKind.ARCHIVE
TOMORROW, YESTERDAY = day(1), day(-1)
PRECEDENCE = [
    # what Manage says, choice, setting, keep until, the rule that decides
    ("missing", None, LEAVE, None, "missing-from-source"),
    ("missing", DONT_ADD, LEAVE, None, "missing-from-source"),
    ("missing", ChoiceKind.NEW, STAY, None, "missing-from-source"),
    ("missing", KEEP, STAY, None, "missing-kept"),
    ("missing", LET_GO, STAY, None, "missing-let-go"),
    ("missing", None, STAY, TOMORROW, "missing-from-source"),
    (GONE, DONT_ADD, LEAVE, TOMORROW, "dont-add"),
    (ACTIVE, DONT_ADD, STAY, None, "dont-add"),
    (INACTIVE, DONT_ADD, STAY, TOMORROW, "dont-add"),
    (GONE, ChoiceKind.RETAINED, LEAVE, None, "kept"),
    (INACTIVE, ChoiceKind.RETAINED, LEAVE, YESTERDAY, "kept"),
    (ACTIVE, ChoiceKind.RETAINED, STAY, None, "kept"),
    ("missing", ChoiceKind.RETAINED, LEAVE, None, "missing-from-source"),
    (GONE, None, STAY, None, "archived"),
    (GONE, None, STAY, TOMORROW, "archived"),
    (GONE, None, LEAVE, TOMORROW, "archived"),
    (GONE, KEEP, LEAVE, None, "archived"),
    (ACTIVE, None, LEAVE, None, "active"),
    (ACTIVE, None, STAY, TOMORROW, "active"),
    (ACTIVE, LET_GO, LEAVE, None, "active"),
    (INACTIVE, None, STAY, None, "inactive-stays"),
    (INACTIVE, None, STAY, TOMORROW, "inactive-stays"),
    (INACTIVE, None, STAY, YESTERDAY, "inactive-stays"),
    (INACTIVE, None, LEAVE, TOMORROW, "keep-until"),
    (INACTIVE, None, LEAVE, TODAY, "keep-until"),
    (INACTIVE, None, LEAVE, YESTERDAY, "inactive-leaves"),
    (INACTIVE, None, LEAVE, None, "inactive-leaves"),
    (INACTIVE, KEEP, LEAVE, None, "inactive-leaves"),
    (INACTIVE, ChoiceKind.PROFILE, LEAVE, None, "inactive-leaves"),
]


@pytest.mark.parametrize(("in_manage", "choice", "setting", "until", "slug"), PRECEDENCE)
def test_the_first_rule_that_applies_decides(in_manage, choice, setting, until, slug):
    """D24."""
    listed = None if in_manage == "missing" else child(standing=in_manage)

    assert rule_for(listed, choice, setting, until, TODAY).slug == slug


@pytest.mark.parametrize("setting", InactivePolicy)
@pytest.mark.parametrize(("status", "archived"), [(ACTIVE, False), (INACTIVE, False), (GONE, True)])
def test_who_belongs(status, archived, setting):
    """R2, R3, R7."""
    belongs = not archived and (status is ACTIVE or setting is STAY)

    rule = rule_for(child(standing=status), None, setting, None, TODAY)

    assert (rule.verdict is Verdict.BELONGS) is belongs


# --- sentences ------------------------------------------------------------------------------------

NAMES = [
    Details("Mānaia", "Ngata"),
    Details("James", "Ross"),
    Details("Pele", ""),
    Details("", "Pele"),
    Details("", "", "Āwhina"),
    Details("{first}", "{0}"),
    Details(),
]
FACTS = [
    Standing(Status.ACTIVE),  # overwritten below with every status
    Standing(Status.ACTIVE, bookings_known=False),
    Standing(Status.ACTIVE, None, day(-300), None, day(-300)),
    Standing(Status.ACTIVE, day(57), day(-3), day(0), day(-3)),
    Standing(Status.ACTIVE, day(9), day(-90), day(-48), None, day(-48)),
    Standing(Status.ACTIVE, None, day(56), day(56), day(56)),
    Standing(Status.INACTIVE, None, None, None, None, day(-57)),
    Standing(Status.INACTIVE, day(1), None, None, day(57), None),
    Standing(Status.INACTIVE, day(60), None, None, day(400), day(-700)),
    Standing(Status.ARCHIVED, archived_on=day(-400)),
    Standing(Status.INACTIVE, None, None, None, date.max, date.min),
]
WINDOWS = [WINDOW, Window(42, 56), Window(0, 1), Window(7, 10)]


def check_sentence(text: str) -> None:
    assert text.endswith(".")
    assert not re.search(r"None|  | [,.]|\.\.|^\s|^,|\d{4}-\d\d", text), text
    assert text[0] == text[0].upper()


@pytest.mark.parametrize("person", NAMES, ids=lambda person: person.called or "nameless")
@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.slug)
def test_every_rule_has_a_sentence_whatever_the_facts(rule, person):
    """B2."""
    for facts, window in product(FACTS, WINDOWS):
        stands = facts._replace(status=rule.status or facts.status)
        listed = child("c", person, stands) if rule.listed else None
        for portfolio in (None, profile("p", person)):
            known = facts_of(rule, listed, Choice(keep_until=day(500), by="Ana"))
            decision = Decision("c", listed, portfolio, Step.NO_CHANGE, rule.slug, known, {})
            text = because(decision, window, TODAY, ENDS)

            check_sentence(text)
            named = listed or portfolio
            if named and person.called:
                assert person.called in text
            assert ("{" in text) == ("{" in person.called and named is not None)


@pytest.mark.parametrize("person", NAMES, ids=lambda person: person.called or "nameless")
@pytest.mark.parametrize("reason", Doubt)
def test_every_doubt_has_a_sentence(reason, person):
    """B2."""
    facts = {"reason": reason.value, "profiles": ["p1", "p2"], "identity": "?"}
    decision = Decision("c", child("c", person), None, Step.NEEDS_REVIEW, "please-check", facts, {})

    text = because(decision, WINDOW, TODAY, ENDS)

    check_sentence(text)
    assert "Please check" in text
    assert (person.called or "his child") in text


@pytest.mark.parametrize("person", NAMES, ids=lambda person: person.called or "nameless")
@pytest.mark.parametrize(
    ("position", "paid", "words"),
    [
        (1, 0, "1st in line for a space: the plan pays for 0 children"),
        (2, 1, "2nd in line for a space: the plan pays for 1 child,"),
        (3, 40, "3rd in line for a space: the plan pays for 40 children"),
        (11, 1200, "11th in line for a space: the plan pays for 1,200 children"),
        (112, 5, "112th in line"),
        (122, 5, "122nd in line"),
    ],
)
def test_the_sentence_of_a_child_who_waits(position, paid, words, person):
    """D5."""
    facts = {"position": position, "paid_children": paid, "belongs_by": "active"}
    decision = Decision("c", child("c", person), None, Step.WAIT, "no-space", facts, {}, position)

    text = because(decision, WINDOW, TODAY, ENDS)

    check_sentence(text)
    assert words in text


def sentence(person: Details, bookings, inactive=LEAVE, today=TODAY, archived_on=None, **more) -> str:
    """The reason for one child with these bookings."""
    someone = child("c", person, standing(bookings, today, more.get("window", WINDOW), archived_on))
    plan = make_plan(plan_input([someone], inactive=inactive, **more))
    return plan.because(plan.decisions[0])


MANAIA, JAMES = details("Mānaia"), details("James")


@pytest.mark.parametrize(
    ("text", "person", "bookings", "more"),
    [
        (
            "Mānaia's last booking ended on 28 September, more than 8 weeks ago, "
            "and this service lets Inactive children leave Storypark.",
            MANAIA,
            [booking(date(2025, 2, 3), date(2025, 9, 28))],
            {},
        ),
        (
            "James' last booking ended on 28 September 2024, more than 8 weeks ago, "
            "and this service keeps Inactive children in Storypark.",
            JAMES,
            [booking(date(2024, 2, 3), date(2024, 9, 28))],
            {"inactive": STAY},
        ),
        (
            "James' first booking starts on 20 January 2026, more than 8 weeks away, "
            "and this service lets Inactive children leave Storypark.",
            JAMES,
            [booking(57)],
            {},
        ),
        (
            "Mānaia's last booking ended on 1 July, more than 8 weeks ago, and the next one starts on "
            "2 February 2026, more than 8 weeks away, "
            "and this service lets Inactive children leave Storypark.",
            MANAIA,
            [booking(date(2025, 1, 1), date(2025, 7, 1)), booking(date(2026, 2, 2))],
            {},
        ),
        (
            "Mānaia has no confirmed booking, and this service lets Inactive children leave Storypark.",
            MANAIA,
            [],
            {},
        ),
        (
            "Mānaia has no confirmed booking, and somebody chose to keep the profile until 24 December.",
            MANAIA,
            [],
            {"choices": {"c": Choice(keep_until=date(2025, 12, 24))}},
        ),
        ("Mānaia was archived in Manage on 1 November.", MANAIA, [], {"archived_on": date(2025, 11, 1)}),
        (
            "Mānaia is Active in Manage, booked from 3 February with no end date.",
            MANAIA,
            [booking(date(2025, 2, 3))],
            {},
        ),
        (
            "Mānaia is Active in Manage, booked from 3 February to 19 December.",
            MANAIA,
            [booking(date(2025, 2, 3), date(2025, 12, 19))],
            {},
        ),
        ("Mānaia is Active in Manage, booked on 24 November.", MANAIA, [booking(0, 0)], {}),
        (
            "Mānaia is Active in Manage, booked on 29 September, and stays Active for 8 weeks after that.",
            MANAIA,
            [booking(-56, -56)],
            {},
        ),
        (
            "Mānaia is Active in Manage, booked from 12 January 2026 with no end date, "
            "which is within the next 8 weeks.",
            MANAIA,
            [booking(date(2026, 1, 12))],
            {},
        ),
        (
            "Mānaia's last booking ended on 13 November, more than 10 days ago, "
            "and this service lets Inactive children leave Storypark.",
            MANAIA,
            [booking(-90, -11)],
            {"window": Window(10, 7)},
        ),
        (
            "Mānaia's first booking starts on 2 December, more than 1 week away, "
            "and this service lets Inactive children leave Storypark.",
            MANAIA,
            [booking(8)],
            {"window": Window(10, 7)},
        ),
        (
            "Somebody chose not to sync Mānaia, so Parkway leaves this child and any profile alone.",
            MANAIA,
            [],
            {"choices": {"c": Choice(ChoiceKind.DONT_ADD)}},
        ),
        (
            "Manny is Active in Manage, booked on 24 November.",
            details("Mānaia", preferred="Manny"),
            [booking(0, 0)],
            {},
        ),
    ],
)
def test_the_exact_sentence(text, person, bookings, more):
    """B2."""
    assert sentence(person, bookings, **more) == text


def test_a_bare_status_is_told_without_bookings():
    """B2."""
    inactive = child("c", MANAIA, Standing(Status.INACTIVE, bookings_known=False))
    archived = child("d", JAMES, Standing(Status.ARCHIVED, bookings_known=False))
    active = child("e", JAMES, Standing(Status.ACTIVE, bookings_known=False))
    plan = make_plan(plan_input([inactive, archived, active]))

    assert [plan.because(d) for d in plan.decisions] == [
        "Mānaia is Inactive in Manage, and this service lets Inactive children leave Storypark.",
        "James was archived in Manage.",
        "James is Active in Manage.",
    ]


def test_a_missing_child_is_called_by_the_profile():
    """B2."""
    profiles = [profile("p", JAMES), profile("q", MANAIA, ARCHIVED)]
    plan = make_plan(plan_input([], profiles, {"c": "p", "d": "q", "e": "unknown"}))

    assert [plan.because(d) for d in plan.decisions] == [
        "Manage no longer lists James. Parkway does not take a missing child for an archived one, "
        "and leaves the profile as it is until somebody chooses.",
        "Manage no longer lists Mānaia, and the archived profile is left in peace.",
        "Manage no longer lists this child.",
    ]


def test_the_facts_stay_while_the_status_does():
    """Otherwise the journal would say something new every day (B2)."""
    bookings = [booking(-200, -100), booking(-20, 3), booking(90, 95)]
    before = None
    for today in (TODAY + timedelta(days=n) for n in range(-250, 250)):
        someone = child("c", MANAIA, standing(bookings, today, WINDOW))
        rule = rule_for(someone, None, LEAVE, None, today)
        facts = facts_of(rule, someone, Choice())
        if before and before[0] == rule.slug and before[1] is someone.standing.status:
            assert facts == before[2], today
        before = (rule.slug, someone.standing.status, facts)


@pytest.mark.parametrize(
    ("days", "text"),
    [(56, "8 weeks"), (7, "1 week"), (1, "1 day"), (0, "0 days"), (10, "10 days"), (42, "6 weeks")],
)
def test_widths_are_told_in_weeks_where_they_are(days, text):
    assert wording.width(days) == text


def test_counts_and_places_in_a_queue():
    numbers = [1, 2, 3, 4, 11, 12, 13, 21, 101, 111]

    assert wording.count(1, "space") == "1 space"
    assert wording.count(1500, "space") == "1,500 spaces"
    assert wording.count(2, "child", "children") == "2 children"
    assert [wording.ordinal(n) for n in numbers] == (
        ["1st", "2nd", "3rd", "4th", "11th", "12th", "13th", "21st", "101st", "111th"]
    )


def test_days_are_told_with_the_year_only_when_it_is_another():
    assert wording.day(date(2026, 3, 4), date(2026, 12, 31)) == "4 March"
    assert wording.day(date(2027, 1, 1), date(2026, 12, 31)) == "1 January 2027"


def test_months_and_weekdays_are_told_in_full_and_in_three_letters():
    months = (
        *("January", "February", "March", "April", "May", "June"),
        *("July", "August", "September", "October", "November", "December"),
    )
    weekdays = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")

    for number, name in enumerate(months, start=1):
        first = date(2026, number, 1)
        assert wording.month(number) == name
        assert wording.written(first, "d MMMM y") == f"1 {name} 2026"
        assert wording.written(first, "d MMM y") == f"1 {name[:3]} 2026"
    for number, name in enumerate(weekdays):
        day = date(2026, 3, 2 + number)
        assert wording.weekday(number) == name
        assert wording.written(day, "EEEE d MMMM") == f"{name} {day.day} March"


@pytest.mark.parametrize(
    ("hour", "minute", "text"),
    [(0, 0, "12:00 am"), (9, 5, "9:05 am"), (12, 0, "12:00 pm"), (14, 5, "2:05 pm"), (23, 59, "11:59 pm")],
)
def test_clocks_are_told_with_twelve_hours_in_the_zone_of_the_moment(hour, minute, text):
    today = date(2026, 3, 4)
    moment = datetime(2026, 3, 4, hour, minute, 59, tzinfo=ZoneInfo("Pacific/Auckland"))

    assert wording.clock(moment) == text
    assert wording.at(moment, today) == f"at {text}"
    assert wording.at(moment, date(2026, 3, 5)) == f"on 4 March at {text}"


def test_every_rule_has_a_meaning_for_the_documentation():
    for row in (*RULES, *OBSTACLES):
        assert row.meaning.endswith("."), row.slug
        assert "{" not in row.meaning.format_map(ENDS._asdict()), row.slug
