"""The walk of one child through real runs on a real database: leaving, coming back, and the reasons told."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from parkway.domain import ChoiceKind, Details, InactivePolicy, Refused
from parkway.manage import verbs as manage
from parkway.manage.models import Child
from parkway.storypark import verbs as storypark
from parkway.storypark.models import Profile
from parkway.sync.commands import changes, choices, lifecycle, setup
from parkway.sync.models import Entry, Integration, Link, Run, RunState
from parkway.sync.queries import explain, setup_lists
from parkway.sync.queries.previews import plan_now
from parkway.sync.run.pipeline import RunContext, run_sync
from parkway.tenancy.models import Organisation, Person, RoleName, Service
from parkway.tenancy.people import OPERATOR, actor
from parkway.tenancy.scope import scope
from parkway.tenancy.verbs import add_service, give_role

NOW = datetime(2026, 11, 24, 1, tzinfo=UTC)
TODAY = date(2026, 11, 24)

pytestmark = pytest.mark.django_db


@pytest.fixture
def service() -> Service:
    made = add_service(
        Organisation.objects.create(name="Kōwhai"), "Rimu", "Pacific/Auckland", by=OPERATOR, now=NOW
    )
    storypark.set_paid_children(made, 10, by=OPERATOR, now=NOW)
    lifecycle.enable(made, OPERATOR, NOW)
    return made


def enrol(service: Service, name: str, until: date | None = None) -> Child:
    child = manage.enrol(service, Details(name, "Hohepa", "", date(2022, 3, 4)), by=OPERATOR, now=NOW)
    manage.book(child, date(2026, 2, 3), until, by=OPERATOR, now=NOW)
    return child


def set_up(service: Service) -> None:
    setup.accept_proposals(service, OPERATOR, NOW)
    fingerprint = setup_lists.look_at_set_up(service, NOW).plan.fingerprint
    changes.confirm(service, changes.StartSyncing(), fingerprint, OPERATOR, NOW)


def profile_of(service: Service, child: Child) -> Profile:
    link = scope(Link, service).get(child_id=child.reference)
    return scope(Profile, service).get(reference=link.profile_id)


def sync(service: Service, days: int = 0) -> Run | None:
    return run_sync(service.pk, RunContext(NOW + timedelta(days=days)))


def switch(service: Service, to: InactivePolicy, days: int) -> Run:
    now = NOW + timedelta(days=days)
    shown = changes.preview(service, changes.SwitchPolicy(to), now)
    return changes.confirm(service, changes.SwitchPolicy(to), shown.fingerprint, OPERATOR, now)


def test_nothing_syncs_before_set_up(service: Service) -> None:
    """R1."""
    enrol(service, "Ana")
    assert sync(service) is None
    assert not scope(Profile, service).exists()


def test_the_same_profile_comes_back_with_its_stories(service: Service) -> None:
    """R4, R8."""
    child, _ = enrol(service, "Mānaia", date(2026, 9, 30)), enrol(service, "Ana")
    set_up(service)
    profile = profile_of(service, child)
    storypark.write_story([profile], "A tower", "", publish=True, by=OPERATOR, now=NOW)
    storypark.write_story([profile], "A draft", "", by=OPERATOR, now=NOW)

    sync(service, days=7)
    profile.refresh_from_db()
    assert (profile.state, profile.archived_by) == ("archived", "integration")
    because = explain.why(service, child.reference)
    assert because is not None
    assert "last booking ended on 30 September" in because.because

    manage.book(child, date(2027, 1, 11), by=OPERATOR, now=NOW + timedelta(days=8))
    sync(service, days=8)
    assert profile_of(service, child).pk == profile.pk
    profile.refresh_from_db()
    assert profile.state == "live"
    assert sorted(profile.stories.values_list("title", "state")) == [
        ("A draft", "draft"),
        ("A tower", "published"),
    ]


def test_stay_and_leave_again(service: Service) -> None:
    """R6, R7, R8."""
    gone, _ = enrol(service, "Mānaia", date(2026, 9, 30)), enrol(service, "Ana")
    never = manage.enrol(service, Details("Tama", "Ngata"), by=OPERATOR, now=NOW)
    set_up(service)
    sync(service, days=7)
    before = profile_of(service, gone)

    run = switch(service, InactivePolicy.STAY, 8)
    assert (run.counts["restore"], run.counts["create"], run.converged) == (1, 1, True)
    assert profile_of(service, gone).pk == before.pk
    assert profile_of(service, never).state == "live"
    assert sync(service, days=9) is None, "nothing changed, so nothing is read"

    run = switch(service, InactivePolicy.LEAVE, 10)
    assert run.counts["archive"] == 2
    assert profile_of(service, gone).pk == before.pk


def test_a_second_run_writes_no_entry(service: Service) -> None:
    """B2."""
    enrol(service, "Ana")
    set_up(service)
    entries = Entry.objects.count()
    run = lifecycle.sync_now(service, OPERATOR, NOW + timedelta(hours=1))
    assert run is not None
    assert (run.counts["keep"], Entry.objects.count()) == (1, entries)


def test_why_on_a_past_day_ends_with_the_day_there(service: Service) -> None:
    """B2."""
    child, _ = enrol(service, "Mānaia", date(2026, 9, 30)), enrol(service, "Ana")
    set_up(service)
    sync(service, days=7)
    steps = [
        entry.step if (entry := explain.why(service, child.reference, on=day)) else None
        for day in (date(2026, 11, 23), date(2026, 11, 24), date(2026, 11, 30), date(2026, 12, 1))
    ]
    assert steps == [None, "create", "create", "archive"]


def test_a_stale_confirmation_changes_nothing(service: Service) -> None:
    """B1."""
    enrol(service, "Ana")
    never = manage.enrol(service, Details("Tama", "Ngata"), by=OPERATOR, now=NOW)
    set_up(service)
    shown = changes.preview(service, changes.SwitchPolicy(InactivePolicy.STAY), NOW)
    manage.amend(never, first_name="Tamati", by=OPERATOR, now=NOW)
    with pytest.raises(changes.PlanChanged) as changed:
        changes.confirm(service, changes.SwitchPolicy(InactivePolicy.STAY), shown.fingerprint, OPERATOR, NOW)
    assert changed.value.plan.fingerprint != shown.fingerprint
    assert Integration.objects.get(service=service).inactive == "leave"
    assert not scope(Link, service).filter(child_id=never.reference).exists()


def test_an_empty_roster_stops_the_run(service: Service) -> None:
    """D8."""
    child = enrol(service, "Ana")
    set_up(service)
    manage.remove_child(child, by=OPERATOR, now=NOW)
    run = sync(service, days=1)
    assert run.state == RunState.STOPPED
    assert scope(Profile, service).get().state == "live"


def test_one_missing_child_is_held_and_may_be_let_go(service: Service) -> None:
    """D8."""
    child, _ = enrol(service, "Mānaia"), enrol(service, "Ana")
    set_up(service)
    reference, profile = child.reference, profile_of(service, child)
    manage.remove_child(child, by=OPERATOR, now=NOW)
    run = sync(service, days=1)
    assert (run.counts["hold"], run.counts["archive"]) == (1, 0)
    choices.choose(service, reference, ChoiceKind.ARCHIVE, OPERATOR, NOW + timedelta(days=1))
    sync(service, days=1)
    profile.refresh_from_db()
    assert profile.state == "archived"


def test_held_applies_nothing_until_approved(service: Service) -> None:
    """D12."""
    for name in ("Ana", "Ben", "Cy"):
        enrol(service, name, date(2026, 9, 30))
    set_up(service)
    held = sync(service, days=7)
    assert held.state == RunState.HELD
    assert scope(Profile, service).filter(state="live").count() == 3
    later = NOW + timedelta(days=7)
    done = changes.confirm(service, changes.Approve(), held.fingerprint, OPERATOR, later)
    assert (done.state, done.counts["archive"]) == (RunState.DONE, 3)


def test_off_unlocks_and_on_uses_the_links(service: Service) -> None:
    """D15."""
    child = enrol(service, "Ana")
    set_up(service)
    profile = profile_of(service, child)
    with pytest.raises(Refused, match="managed in Manage"):
        storypark.amend_profile(profile, first_name="Anna", by=OPERATOR, now=NOW)
    changes.confirm(service, changes.TurnOff(), "", OPERATOR, NOW)
    profile.refresh_from_db()
    storypark.amend_profile(profile, first_name="Anna", by=OPERATOR, now=NOW)
    plan = plan_now(service, NOW)
    run = changes.confirm(service, changes.TurnOn(), plan.fingerprint, OPERATOR, NOW)
    assert (run.counts["update"], run.counts["create"]) == (1, 0)


def test_two_rooms_swap_their_names(service: Service) -> None:
    """D21."""
    child = enrol(service, "Ana")
    manage.amend(child, rooms=frozenset({"Tūī"}), by=OPERATOR, now=NOW)
    other = manage.add_room(service, "Kea", by=OPERATOR, now=NOW)
    set_up(service)
    room = child.rooms.get()
    manage.rename_room(room, "Between", by=OPERATOR, now=NOW)
    manage.rename_room(other, "Tūī", by=OPERATOR, now=NOW)
    manage.rename_room(room, "Kea", by=OPERATOR, now=NOW)
    run = sync(service, days=1)
    assert (run.converged, run.counts["update"]) == (True, 0)
    assert [r.name for r in profile_of(service, child).rooms.all()] == ["Kea"]


def test_an_educator_sees_but_does_not_change(service: Service) -> None:
    """D22."""
    enrol(service, "Ana")
    set_up(service)
    educator = Person.objects.create_user("ed@example.org", "Ed")
    give_role(educator, service, RoleName.EDUCATOR, by=OPERATOR, now=NOW)
    shown = changes.preview(service, changes.SwitchPolicy(InactivePolicy.STAY), NOW)
    for_educator = (
        service,
        changes.SwitchPolicy(InactivePolicy.STAY),
        shown.fingerprint,
        actor(educator),
        NOW,
    )
    with pytest.raises(Refused, match="admin educator"):
        changes.confirm(*for_educator)
    Integration.objects.filter(service=service).update(educators_may_change=True)
    assert changes.confirm(*for_educator).state == RunState.DONE
