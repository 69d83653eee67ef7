"""Every sentence of the rules, word for word, over the product of the cases that it tells apart (B2).

The texts below are those of Manage and Storypark; with other ends their names stand in the same places.
"""

import ast
import re
from datetime import date, timedelta
from itertools import product
from pathlib import Path

import pytest

from parkway import engine
from parkway.domain import Choice, Decision, Details, EndNames, ProfileState, Standing, Status, Step, Window
from parkway.engine.matching import Doubt
from parkway.engine.rules import BY_SLUG, OBSTACLES, RULES, Rule, Verdict, because, facts_of
from tests.engine.builders import ARCHIVED, LIVE, TODAY, child, day, profile

NAMES = [
    # who, what the sentence says, whose
    (Details("Mānaia", "Ngata"), "Mānaia", "Mānaia's"),
    (Details("James", "Ross"), "James", "James'"),
    (Details("JONAS"), "JONAS", "JONAS'"),
    (Details("", "Ross"), "Ross", "Ross'"),
    (Details("Isla", "Ross", "Isi"), "Isi", "Isi's"),
    (Details("zoë", "de Vries"), "zoë", "zoë's"),
    (Details("{first}", "{0}"), "{first}", "{first}'s"),
    (Details("A\0s"), "A\0s", "A\0s'"),
    (Details(), "this child", "this child's"),
]
ENDS = [EndNames("Manage", "Storypark"), EndNames("QikKids", "Storypark"), EndNames("Xplor", "Educa")]
NAME_IDS = [name for _, name, _ in NAMES]

WEEKS, DAYS, NONE = Window(56, 56), Window(10, 7), Window(0, 1)
WINDOWS = [WEEKS, DAYS, NONE]


def sentence(
    slug: str,
    person: Details,
    standing: Standing | None = None,
    window: Window = WEEKS,
    state: ProfileState | None = None,
    facts: dict | None = None,
    ends: EndNames = ENDS[0],
) -> str:
    """The sentence of a rule about a person who stands like this; None for a missing child."""
    listed = child("c", person, standing) if standing is not None else None
    portfolio = profile("p", person, state) if state is not None else None
    row = BY_SLUG[slug]
    if facts is None and isinstance(row, Rule):
        facts = dict(facts_of(row, listed, Choice(keep_until=day(30), by="Ana Ruiz")))
    return because(
        Decision("c", listed, portfolio, Step.NO_CHANGE, slug, facts or {}, {}), window, TODAY, ends
    )


def said(text: str, name: str, whose: str, ends: EndNames = ENDS[0]) -> str:
    """A text as it is said of somebody where the ends have these names, as the beginning of a sentence."""
    text = text.replace("Manage", ends.roster).replace("Storypark", ends.profiles)
    text = text.replace("<whose>", whose).replace("<name>", name)
    return text[0].upper() + text[1:]


of_any_ends = pytest.mark.parametrize("ends", ENDS, ids=" and ".join)


BOOKED = [
    # first day, last day, what follows in the three windows
    (None, None, ("", "", "")),
    (day(-300), None, (", booked from 28 January with no end date",) * 3),
    (day(-400), None, (", booked from 20 October 2024 with no end date",) * 3),
    (day(0), day(0), (", booked on 24 November",) * 3),
    (day(-30), day(25), (", booked from 25 October to 19 December",) * 3),
    (
        day(-90),
        day(-9),
        (
            ", booked from 26 August to 15 November, and stays Active for 8 weeks after that",
            ", booked from 26 August to 15 November, and stays Active for 10 days after that",
            ", booked from 26 August to 15 November, and stays Active for 0 days after that",
        ),
    ),
    (
        day(-1),
        day(-1),
        (
            ", booked on 23 November, and stays Active for 8 weeks after that",
            ", booked on 23 November, and stays Active for 10 days after that",
            ", booked on 23 November, and stays Active for 0 days after that",
        ),
    ),
    (
        day(49),
        None,
        (
            ", booked from 12 January 2026 with no end date, which is within the next 8 weeks",
            ", booked from 12 January 2026 with no end date, which is within the next 1 week",
            ", booked from 12 January 2026 with no end date, which is within the next 1 day",
        ),
    ),
    (
        day(1),
        day(1),
        (
            ", booked on 25 November, which is within the next 8 weeks",
            ", booked on 25 November, which is within the next 1 week",
            ", booked on 25 November, which is within the next 1 day",
        ),
    ),
]


@of_any_ends
@pytest.mark.parametrize(("person", "name", "whose"), NAMES, ids=NAME_IDS)
def test_why_a_child_is_active(person, name, whose, ends):
    for (first, last, texts), known in product(BOOKED, (True, False)):
        standing = Standing(Status.ACTIVE, booked_from=first, booked_until=last, bookings_known=known)
        for window, text in zip(WINDOWS, texts, strict=True):
            expected = said(f"<name> is Active in Manage{text}.", name, whose, ends)
            assert sentence("active", person, standing, window, ends=ends) == expected


NOT_BOOKED = [
    # last end, next start, whether the bookings are known, the clause in the three windows
    (None, None, True, ("<name> has no confirmed booking",) * 3),
    (
        day(-57),
        None,
        True,
        (
            "<whose> last booking ended on 28 September, more than 8 weeks ago",
            "<whose> last booking ended on 28 September, more than 10 days ago",
            "<whose> last booking ended on 28 September, more than 0 days ago",
        ),
    ),
    (
        None,
        day(57),
        True,
        (
            "<whose> first booking starts on 20 January 2026, more than 8 weeks away",
            "<whose> first booking starts on 20 January 2026, more than 1 week away",
            "<whose> first booking starts on 20 January 2026, more than 1 day away",
        ),
    ),
    (
        day(-700),
        day(400),
        True,
        (
            "<whose> last booking ended on 25 December 2023, more than 8 weeks ago, "
            "and the next one starts on 29 December 2026, more than 8 weeks away",
            "<whose> last booking ended on 25 December 2023, more than 10 days ago, "
            "and the next one starts on 29 December 2026, more than 1 week away",
            "<whose> last booking ended on 25 December 2023, more than 0 days ago, "
            "and the next one starts on 29 December 2026, more than 1 day away",
        ),
    ),
    (None, None, False, ("<name> is Inactive in Manage",) * 3),
    (day(-57), day(57), False, ("<name> is Inactive in Manage",) * 3),
]
THEREFORE = {
    "inactive-stays": ", and this service keeps Inactive children in Storypark.",
    "inactive-leaves": ", and this service lets Inactive children leave Storypark.",
    "keep-until": ", and somebody chose to keep the profile until 24 December.",
}


@pytest.mark.parametrize("slug", THEREFORE)
@of_any_ends
@pytest.mark.parametrize(("person", "name", "whose"), NAMES, ids=NAME_IDS)
def test_why_a_child_is_inactive_and_what_follows(person, name, whose, slug, ends):
    for last_end, next_start, known, clauses in NOT_BOOKED:
        standing = Standing(Status.INACTIVE, next_start=next_start, last_end=last_end, bookings_known=known)
        for window, clause in zip(WINDOWS, clauses, strict=True):
            expected = said(clause + THEREFORE[slug], name, whose, ends)
            assert sentence(slug, person, standing, window, ends=ends) == expected


@pytest.mark.parametrize(
    ("on", "text"),
    [
        (day(0), "<name> was archived in Manage on 24 November."),
        (day(-400), "<name> was archived in Manage on 20 October 2024."),
        (None, "<name> was archived in Manage."),
    ],
)
@of_any_ends
@pytest.mark.parametrize(("person", "name", "whose"), NAMES, ids=NAME_IDS)
def test_an_archived_child(person, name, whose, on, text, ends):
    for window in WINDOWS:
        standing = Standing(Status.ARCHIVED, last_end=day(-500), archived_on=on)
        assert sentence("archived", person, standing, window, ends=ends) == said(text, name, whose, ends)


@pytest.mark.parametrize(
    ("slug", "state", "text"),
    [
        ("missing-from-source", None, "Manage no longer lists <name>."),
        (
            "missing-from-source",
            LIVE,
            "Manage no longer lists <name>. Parkway does not take a missing child for an archived one, "
            "and leaves the profile as it is until somebody chooses.",
        ),
        (
            "missing-from-source",
            ARCHIVED,
            "Manage no longer lists <name>, and the archived profile is left in peace.",
        ),
        (
            "missing-kept",
            LIVE,
            "Manage no longer lists <name>, and somebody chose to keep the profile as it is.",
        ),
        (
            "missing-let-go",
            LIVE,
            "Manage no longer lists <name>, and somebody chose to archive the profile.",
        ),
    ],
)
@of_any_ends
@pytest.mark.parametrize(("person", "name", "whose"), NAMES, ids=NAME_IDS)
def test_a_missing_child(person, name, whose, slug, state, text, ends):
    called = name if state is not None else "this child"
    assert sentence(slug, person, state=state, ends=ends) == said(text, called, whose, ends)


@pytest.mark.parametrize(
    ("slug", "facts", "text"),
    [
        (
            "dont-add",
            {},
            "Somebody chose not to sync <name>, so Parkway leaves this child and any profile alone.",
        ),
        (
            "kept",
            {"kept_by": "Ana Ruiz"},
            "A run would have archived <name>, and Ana Ruiz rejected that: the profile stays live until "
            "somebody lets the rules decide again.",
        ),
        (
            "kept",
            {"kept_by": ""},
            "A run would have archived <name>, and somebody rejected that: the profile stays live until "
            "somebody lets the rules decide again.",
        ),
        (
            "kept",
            {},
            "A run would have archived <name>, and somebody rejected that: the profile stays live until "
            "somebody lets the rules decide again.",
        ),
        (
            "no-space",
            {"position": 1, "paid_children": 1},
            "<name> belongs in Storypark and is 1st in line for a space: "
            "the plan pays for 1 child, and no space is free.",
        ),
        (
            "no-space",
            {"position": 12, "paid_children": 1200},
            "<name> belongs in Storypark and is 12th in line for a space: "
            "the plan pays for 1,200 children, and no space is free.",
        ),
        (
            "no-space",
            {"position": 23, "paid_children": 0},
            "<name> belongs in Storypark and is 23rd in line for a space: "
            "the plan pays for 0 children, and no space is free.",
        ),
    ],
)
@of_any_ends
@pytest.mark.parametrize(("person", "name", "whose"), NAMES, ids=NAME_IDS)
def test_what_people_chose_and_who_waits(person, name, whose, slug, facts, text, ends):
    for status in Status:
        assert sentence(slug, person, Standing(status), facts=facts, ends=ends) == said(
            text, name, whose, ends
        )


DOUBTS = {
    Doubt.SEVERAL: "<name> has no profile yet, and 2 profiles carry the same name",
    Doubt.BIRTH_UNKNOWN: "<name> has no profile yet, and a profile with the same name exists, "
    "but a date of birth is missing to be sure",
    Doubt.BIRTH_DIFFERS: "<name> has no profile yet, and a profile with the same name exists, "
    "but with another date of birth",
    Doubt.OTHER_CHILD: "<name> has no profile yet, and one exists with the same name and date of birth, "
    "but another child has them too",
    Doubt.CHOICE_GONE: "The profile that somebody chose for <name> is deleted, belongs to another child "
    "or was chosen for another child too",
    Doubt.PROFILE_UNKNOWN: "<name> is linked to a profile that Storypark does not list",
}


@pytest.mark.parametrize("reason", Doubt)
@of_any_ends
@pytest.mark.parametrize(("person", "name", "whose"), NAMES, ids=NAME_IDS)
def test_why_a_person_has_to_check(person, name, whose, reason, ends):
    facts = {"reason": reason.value, "profiles": ["p1", "p2"], "identity": "?"}
    expected = f"{DOUBTS[reason]}. Please check, so that no child gets a second profile or somebody else's."
    standing = Standing(Status.ACTIVE)
    assert sentence("please-check", person, standing, facts=facts, ends=ends) == said(
        expected, name, whose, ends
    )


def test_every_rule_is_told_here():
    told = {"active", "archived", "dont-add", "kept", *THEREFORE}
    missing = {"missing-from-source", "missing-kept", "missing-let-go"}
    assert {rule.slug for rule in RULES} == told | missing


def test_a_day_is_told_by_the_calendar_of_the_day_itself():
    """The words that many sentences share are kept for one day only."""
    someone = child("c", Details("Mānaia"), Standing(Status.INACTIVE, last_end=date(2025, 9, 28)))
    row = next(rule for rule in RULES if rule.slug == "inactive-leaves")
    decision = Decision("c", someone, None, Step.LEAVE_OUT, row.slug, facts_of(row, someone, Choice()), {})
    now, later = (because(decision, WEEKS, on, ENDS[0]) for on in (TODAY, TODAY + timedelta(days=60)))
    assert "on 28 September, more" in now
    assert "on 28 September 2025, more" in later


@pytest.mark.parametrize("ends", ENDS[1:], ids=" and ".join)
def test_what_a_rule_means_is_told_of_any_ends(ends):
    for text in [*(row.meaning for row in (*RULES, *OBSTACLES)), *Verdict]:
        named = text.format_map(ends._asdict())
        assert "Manage" not in named
        assert "{" not in named


def test_the_engine_says_no_name_of_an_end_by_itself():
    """Docstrings may, for they are read by engineers only."""
    for module in Path(engine.__file__).parent.glob("*.py"):
        tree = ast.parse(module.read_text(encoding="utf-8"))
        docs = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docs:
                assert not re.search("Manage|Storypark", node.value), f"{module.name}: {node.value}"
