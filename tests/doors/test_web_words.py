"""Words of the pages that must keep step with what is decided elsewhere."""

from __future__ import annotations

from parkway.sync.rulebook import rulebook
from parkway.web.forecasts import DOES
from parkway.web.plans import Group, Shown, button
from parkway.web.templatetags.parkway import RULES
from parkway.web.told import WORDS
from parkway.words import Step


def test_every_rule_has_a_name_for_people() -> None:
    book = rulebook()
    assert set(RULES) == {slug for slug, *_ in (*book.rules, *book.obstacles)}


def test_every_step_is_told() -> None:
    assert set(WORDS) == set(DOES) == set(Step)


def _plan(**numbers: int) -> Shown:
    groups = [Group(Step[name], "", "", [None] * number) for name, number in numbers.items()]  # type: ignore[list-item]
    return Shown(groups, "", 0, 0, 0, 0, "")


def test_the_button_says_what_it_does() -> None:
    assert button(_plan(), "Change the setting") == "Change the setting"
    assert button(_plan(ARCHIVE=1), "") == "Archive 1 profile"
    assert button(_plan(CREATE=1, RESTORE=12), "") == "Create 1 profile and restore 12"
    assert button(_plan(CREATE=62, LINK=6, RESTORE=60), "") == "Create 62 profiles, link 6 and restore 60"
