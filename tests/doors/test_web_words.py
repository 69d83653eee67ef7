"""Words of the pages that must keep step with what is decided elsewhere."""

from __future__ import annotations

from datetime import UTC, date, datetime
from html import unescape

import pytest
from django.test import Client

from parkway.connectors.registry import OWN_NAMES
from parkway.domain import Step
from parkway.sync.queries.rulebook import rulebook
from parkway.tenancy.models import Service
from parkway.web.presenters.forecast_weeks import DOES
from parkway.web.presenters.journal_entries import WORDS
from parkway.web.presenters.plans import PlanGroup, ShownPlan, button
from parkway.web.templatetags.parkway import RULES, born, counted, day, moment, place, weekday


def test_every_rule_has_a_name_for_people() -> None:
    book = rulebook(OWN_NAMES)
    assert set(RULES) == {slug for slug, *_ in (*book.rules, *book.obstacles)}


def test_every_step_is_told() -> None:
    assert set(WORDS) == set(DOES) == set(Step)


def _plan(**numbers: int) -> ShownPlan:
    groups = [PlanGroup(Step[name], "", "", [None] * number) for name, number in numbers.items()]  # type: ignore[list-item]
    return ShownPlan(groups, "", 0, 0, 0, 0, "")


def test_the_button_says_what_it_does() -> None:
    assert button(_plan(), "Change the setting") == "Change the setting"
    assert button(_plan(ARCHIVE=1), "") == "Archive 1 profile"
    assert button(_plan(CREATE=1, RESTORE=12), "") == "Create 1 profile and restore 12"
    assert button(_plan(CREATE=62, LINK=6, RESTORE=60), "") == "Create 62 profiles, link 6 and restore 60"


@pytest.mark.django_db
def test_the_help_page_explains_every_rule_in_the_words_of_the_rules() -> None:
    page = unescape(Client(headers={"host": "localhost"}).get("/help/").content.decode())
    book = rulebook(OWN_NAMES)
    for slug, _, meaning in (*book.rules, *book.obstacles):
        assert f'id="{slug}"' in page
        assert meaning in page


def test_days_and_moments_are_written_as_people_here_write_them_and_on_the_clock_of_the_service() -> None:
    noon = datetime(2026, 1, 15, 12, 5, tzinfo=UTC)
    written = {
        "Pacific/Auckland": "16 January 2026, 1:05\u00a0am",  # with summer time
        "Australia/Perth": "15 January 2026, 8:05\u00a0pm",
        "Australia/Adelaide": "15 January 2026, 10:35\u00a0pm",
    }
    for zone, text in written.items():
        assert moment(noon, Service(time_zone=zone)) == text
    assert moment(datetime(2026, 1, 14, 11, 0, tzinfo=UTC), Service(time_zone="Pacific/Auckland")) == (
        "15 January 2026, 12:00\u00a0am"
    )
    assert (day(date(2026, 3, 4)), weekday(date(2026, 3, 4))) == ("4 March 2026", "Wednesday 4 March")
    assert (born(None), day(None), moment(None, Service())) == ("not known", "", "")


def test_numbers_agree_with_their_words() -> None:
    said = [counted(number, "child,children") for number in (0, 1, 2, 1_000)]
    assert said == ["0 children", "1 child", "2 children", "1,000 children"]
    assert [place(number) for number in (1, 2, 3, 4, 11, 12, 13, 21, 22, 103)] == [
        *("1st", "2nd", "3rd", "4th", "11th", "12th", "13th", "21st", "22nd", "103rd"),
    ]
