"""Who is Active in Manage, and when that changes by itself."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from parkway.domain import BookingState, Refused
from parkway.manage import verbs as manage
from parkway.tenancy.people import OPERATOR
from parkway.tenancy.verbs import change_service

from .world import SINCE, WINDOW, World, days

pytestmark = pytest.mark.django_db


def test_the_bounds_of_the_active_window_are_included(world: World) -> None:
    """D1."""
    today = world.today
    world.enrol("Back", until=today - days(WINDOW))
    world.enrol("Over", until=today - days(WINDOW + 1))
    world.enrol("Ahead", since=today + days(WINDOW))
    world.enrol("Beyond", since=today + days(WINDOW + 1))
    said = [world.status(name) for name in ("back", "over", "ahead", "beyond")]
    assert said == ["Active", "Inactive", "Active", "Inactive"]


def test_only_confirmed_bookings_count(world: World) -> None:
    """D1."""
    world.enrol("Ana", since=None)
    offered = manage.book(world.child("ana"), SINCE, state=BookingState.OFFERED, by=OPERATOR, now=world.now)
    assert world.status("ana") == "Inactive"
    manage.confirm(offered, by=OPERATOR, now=world.now)
    assert world.status("ana") == "Active"
    manage.cancel(offered, by=OPERATOR, now=world.now)
    assert world.status("ana") == "Inactive"


def test_today_is_the_services_own(world: World) -> None:
    """D1."""
    perth = World("Quandong", zone="Australia/Perth")
    for each in (world, perth):
        each.enrol("Ana")
        each.enrol("Mila", until=date(2026, 11, 24))
        each.set_up()
        each.now = datetime(2027, 1, 19, 12, tzinfo=UTC)  # the 20th in Auckland, still the 19th in Perth
        each.sync()
    assert (world.state("mila"), perth.state("mila")) == ("archived", "live")


def test_both_widths_of_the_window_are_settings(world: World) -> None:
    """D1."""
    world.enrol("Ana")
    world.enrol("Mila", until=world.today - days(50))
    world.enrol("Sefo", since=world.today + days(60))
    world.set_up()
    assert (world.state("mila"), world.state("sefo")) == ("live", None)
    change_service(world.service, lookback_days=42, lookahead_days=70, by=OPERATOR, now=world.now)
    world.sync()
    assert (world.state("mila"), world.state("sefo")) == ("archived", "live")


def test_the_next_change_is_known_and_comes_by_itself(world: World) -> None:
    """D2."""
    world.enrol("Ana")
    world.enrol("Mila", until=world.today + days(10))
    world.set_up()
    changes_on = world.child("mila").next_change
    assert changes_on == world.today + days(10 + WINDOW + 1)
    assert world.why("mila").next_change == changes_on
    world.now = world.service.start_of(changes_on) - timedelta(minutes=2)
    world.sync()
    assert (world.status("mila"), world.state("mila")) == ("Active", "live")
    world.sync()
    world.sync()
    assert (world.status("mila"), world.state("mila")) == ("Inactive", "archived")


def test_archived_overrides_bookings_and_unarchiving_returns_to_them(world: World) -> None:
    """D3."""
    world.enrol("Ana")
    world.enrol("Mila")
    world.set_up()
    world.archive("mila")
    assert world.status("mila") == "Archived"
    world.sync()
    world.unarchive("mila")
    assert world.status("mila") == "Active"
    world.sync()
    assert world.decided("mila") == ("restore", "active")


def test_archiving_on_a_day_to_come_is_refused(world: World) -> None:
    """D3."""
    world.enrol("Ana")
    with pytest.raises(Refused, match="still to come"):
        manage.archive_child(world.child("ana"), on=world.today + days(1), by=OPERATOR, now=world.now)
    assert world.status("ana") == "Active"
