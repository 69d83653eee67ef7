"""The decisions D1 to D12 as stories of one service, through real runs."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta

import pytest

from parkway import domain
from parkway.connectors.ports import ProfilesAnswer
from parkway.domain import FIELDS, BookingState, ChoiceKind, Refused
from parkway.manage import verbs as manage
from parkway.storypark import verbs as storypark
from parkway.storypark.models import Profile
from parkway.sync import integrations
from parkway.sync.commands import changes, choices
from parkway.sync.commands.changes import PlanChanged
from parkway.sync.ends import HERE
from parkway.sync.models import Link, Notice, RunState
from parkway.sync.run import change_detection
from parkway.tenancy.people import OPERATOR
from parkway.tenancy.scope import scope
from parkway.tenancy.verbs import change_service

from .world import LONG_AGO, SINCE, WINDOW, SilentManage, StoryparkDouble, World

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> World:
    return World()


def days(number: int) -> timedelta:
    return timedelta(days=number)


def test_d1_the_bounds_of_the_active_window_are_included(world: World) -> None:
    today = world.today
    world.enrol("Back", until=today - days(WINDOW))
    world.enrol("Over", until=today - days(WINDOW + 1))
    world.enrol("Ahead", since=today + days(WINDOW))
    world.enrol("Beyond", since=today + days(WINDOW + 1))
    said = [world.status(name) for name in ("back", "over", "ahead", "beyond")]
    assert said == ["Active", "Inactive", "Active", "Inactive"]


def test_d1_only_confirmed_bookings_count(world: World) -> None:
    world.enrol("Ana", since=None)
    offered = manage.book(world.child("ana"), world.today, SINCE, state=BookingState.OFFERED)
    assert world.status("ana") == "Inactive"
    manage.confirm(offered, world.today)
    assert world.status("ana") == "Active"
    manage.cancel(offered, world.today)
    assert world.status("ana") == "Inactive"


def test_d1_today_is_the_service_s_own(world: World) -> None:
    perth = World("Quandong", zone="Australia/Perth")
    for each in (world, perth):
        each.enrol("Ana")
        each.enrol("Mila", until=date(2026, 11, 24))
        each.set_up()
        each.now = datetime(2027, 1, 19, 12, tzinfo=UTC)  # the 20th in Auckland, still the 19th in Perth
        each.sync()
    assert (world.state("mila"), perth.state("mila")) == ("archived", "live")


def test_d1_both_widths_are_settings(world: World) -> None:
    world.enrol("Ana")
    world.enrol("Mila", until=world.today - days(50))
    world.enrol("Sefo", since=world.today + days(60))
    world.set_up()
    assert (world.state("mila"), world.state("sefo")) == ("live", None)
    change_service(world.service, lookback_days=42, lookahead_days=70)
    world.sync()
    assert (world.state("mila"), world.state("sefo")) == ("archived", "live")


def test_d2_the_next_change_is_known_and_comes_by_itself(world: World) -> None:
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


def test_d3_archived_overrides_bookings_and_unarchiving_returns_to_them(world: World) -> None:
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


def test_d3_archiving_on_a_day_to_come_is_refused(world: World) -> None:
    world.enrol("Ana")
    with pytest.raises(Refused, match="still to come"):
        manage.archive_child(world.child("ana"), world.today, on=world.today + days(1))
    assert world.status("ana") == "Active"


def test_d4_a_restore_takes_the_space_that_an_archive_of_the_same_run_frees() -> None:
    world = World(paid=2)
    for name in ("Ana", "Ben", "Caro"):
        world.enrol(name, since=None if name == "Caro" else SINCE)
    world.set_up()
    world.leave("ben")
    world.sync()
    world.book("caro", world.today)
    world.sync()
    assert (world.state("ben"), world.state("caro"), world.live()) == ("archived", "live", 2)
    world.book("ben", world.today)
    world.sync()
    assert world.decided("ben") == ("wait", "no-space")
    assert world.state("ben") == "archived"
    world.leave("caro")
    run = world.sync()
    assert run is not None
    assert (run.counts["archive"], run.counts["restore"]) == (1, 1)
    assert (world.state("ben"), world.live()) == ("live", 2)


def test_d5_who_gets_the_spaces() -> None:
    world = World(paid=3)
    for name in ("Ana", "Rac", "Ria"):
        world.enrol(name)
    world.set_up()
    for name in ("rac", "ria"):
        world.leave(name)
    world.sync()
    world.plan_reduced_to(1)
    world.enrol("Cac2", since=world.today + days(20))
    world.enrol("Cac1", since=world.today + days(10))
    world.enrol("Cia", until=LONG_AGO)
    world.enrol("Aaa", since=None)
    world.book("rac", world.today + days(30))
    run = world.stay()
    assert run.waiting == 6
    assert world.waiting() == ["rac", "cac1", "cac2", "ria", "cia", "aaa"]
    assert "3rd in line" in world.why("cac2").because
    world.pay_for(3)
    world.sync()
    assert [world.state(name) for name in ("rac", "cac1", "cac2", "ria")] == [
        "live",
        "live",
        None,
        "archived",
    ]
    assert world.waiting() == ["cac2", "ria", "cia", "aaa"]


def test_d6_more_live_profiles_than_paid_children(world: World) -> None:
    world.enrol_several(5)
    world.set_up()
    world.plan_reduced_to(3)
    world.enrol("New")
    run = world.sync()
    assert run is not None
    assert (run.counts["archive"], run.counts["create"], run.waiting) == (0, 0, 1)
    assert (run.live_after, run.paid_children) == (5, 3)
    assert world.live() == 5
    with pytest.raises(Refused, match=r"5 live profiles.*only 2.*Archive 3 in Manage"):
        world.pay_for(2)


def test_d7_a_profile_archived_by_hand_is_restored_and_drift_is_told(world: World) -> None:
    world.enrol("Ana")
    world.set_up()
    storypark.archive_profile(world.profile_of("ana"), world.today, support=True)
    world.sync()
    assert world.state("ana") == "live"
    assert world.why("ana").because.endswith("The profile had been archived by hand, and was restored.")


def test_d7_a_profile_made_live_by_hand_is_archived_again(world: World) -> None:
    world.enrol("Ana")
    world.enrol("Mila")
    world.set_up()
    world.leave("mila")
    world.sync()
    storypark.restore_profile(world.profile_of("mila"), support=True)
    world.sync()
    assert world.state("mila") == "archived"
    assert "made live by hand" in world.why("mila").because


def test_d7_profiles_that_were_never_linked_are_never_touched(world: World) -> None:
    world.enrol("Ana")
    born = date(2021, 5, 6)  # not Ana's, or set-up would ask whether the second profile is hers
    world.enrol("Ida", born=born, until=LONG_AGO)
    alone = world.portfolio("Somebody", "Else")
    alike = world.portfolio("Ida", born=born)
    world.set_up()
    world.sync_fully()
    assert storypark.find_profile(world.service, alone.reference) == alone
    assert storypark.find_profile(world.service, alike.reference).state == "live"
    assert not Link.objects.filter(profile_id__in=[alone.reference, alike.reference]).exists()


@pytest.fixture
def missing(world: World) -> World:
    world.enrol("Ana")
    world.enrol("Mila")
    world.set_up()
    manage.remove_child(world.child("mila"))
    world.sync()
    return world


def test_d8_a_missing_child_is_not_an_archived_one(missing: World) -> None:
    for _ in range(3):
        missing.later(days=40)
        missing.sync_fully()
    assert missing.state("mila") == "live"
    assert missing.decided("mila") == ("hold", "missing-from-source")


def test_d8_the_choices_for_a_missing_child_are_keep_archive_and_move(missing: World) -> None:
    missing.choose("mila", ChoiceKind.KEEP)
    missing.sync()
    assert missing.state("mila") == "live"
    assert missing.decided("mila") == ("leave_out", "missing-kept")
    missing.choose("mila", ChoiceKind.ARCHIVE)
    missing.sync()
    assert missing.state("mila") == "archived"
    assert missing.decided("mila") == ("archive", "missing-let-go")


def test_d8_the_link_of_a_missing_child_can_be_moved(missing: World) -> None:
    before = missing.profile_of("mila")
    missing.enrol("Mila", child_id="mila-again", since=None)
    choices.move_link(missing.service, "mila", "mila-again", OPERATOR, missing.now)
    missing.book("mila-again", missing.today)
    missing.sync()
    assert missing.profile_of("mila-again") == before
    assert missing.profile_of("mila-again").managed_link.endswith("/children/mila-again")
    assert missing.profile("mila") is None
    assert missing.live() == 2


def test_d8_a_missing_child_s_archived_profile_is_left_in_peace(world: World) -> None:
    world.enrol("Ana")
    world.enrol("Mila")
    world.set_up()
    world.archive("mila")
    world.sync()
    manage.remove_child(world.child("mila"))
    world.sync()
    assert world.state("mila") == "archived"
    assert world.decided("mila") == ("leave_out", "missing-from-source")


def test_d8_an_empty_answer_of_manage_stops_the_run(world: World) -> None:
    world.enrol("Ana")
    world.enrol("Ben")
    world.set_up()
    for name in ("ana", "ben"):
        manage.remove_child(world.child(name))
    before = world.snapshot()
    run = world.sync()
    assert run is not None
    assert run.state == RunState.STOPPED
    assert "no children at all, although 2" in run.message
    assert world.snapshot() == before
    [notice] = Notice.objects.filter(service=world.service, settled_at=None)
    assert notice.text in run.message


def test_d8_a_failed_answer_of_manage_stops_the_run(world: World) -> None:
    world.enrol("Ana")
    world.set_up()
    before = world.snapshot()
    run = world.sync_fully(HERE._replace(roster=SilentManage()))
    again = world.integration.next_run_at.astimezone(world.service.zone)
    told = f"Manage does not answer. It is tried again at 2:{again:%M} pm."
    assert (run.state, run.message) == (RunState.STOPPED, told)
    assert world.snapshot() == before
    assert world.sync() is not None, "it is tried again, reading everything"


def test_d8_an_end_that_does_not_answer_is_tried_again_soon_then_ever_later(world: World) -> None:
    world.enrol("Ana")
    world.set_up()
    silent, minute = HERE._replace(roster=SilentManage()), timedelta(minutes=1)
    for failures in range(1, 12):
        world.sync_fully(silent)
        assert world.integration.failures == failures
        again, longest = (
            world.integration.next_run_at,
            min(5 * minute * 2 ** (failures - 1), timedelta(hours=12)),
        )
        turn = change_detection.next_turn(world.service.pk, world.now)
        assert again == turn or world.now + longest / 2 <= again <= min(world.now + longest, turn)
        world.now = again
        assert world.is_due()
    assert Notice.objects.filter(service=world.service).count() == 1, (
        "it is told once, however often it fails"
    )
    world.sync()
    assert world.integration.failures == 0
    assert world.integration.next_run_at == change_detection.next_turn(world.service.pk, world.now)
    assert not Notice.objects.filter(service=world.service, settled_at=None).exists()


def test_d8_an_answer_without_profiles_stops_the_run(world: World) -> None:
    world.enrol("Ana")
    world.set_up()
    before = world.snapshot()
    nothing = StoryparkDouble(answer=lambda answer: answer._replace(profiles={}))
    run = world.sync_fully(HERE._replace(profiles=nothing))
    assert run.state == RunState.STOPPED
    assert "no profiles at all" in run.message
    assert world.snapshot() == before
    world.sync_fully()
    assert world.snapshot()["links"] == before["links"]


def test_d9_dont_add_is_honoured_under_both_settings(world: World) -> None:
    world.enrol("Ana")
    world.enrol("Rua")
    world.set_up({"rua": domain.Choice(ChoiceKind.DONT_ADD)})
    assert world.state("rua") is None
    assert world.decided("rua") == ("leave_out", "dont-add")
    world.leave("rua")
    world.stay()
    assert world.state("rua") is None
    world.let_leave()
    world.book("rua", world.today)
    world.sync()
    assert world.state("rua") is None
    choices.release(world.service, "rua", OPERATOR, world.now)
    world.sync()
    assert world.state("rua") == "live"


def test_d9_dont_add_for_a_synced_child_lets_the_link_rest(world: World) -> None:
    world.enrol("Ana")
    world.enrol("Rua")
    world.set_up()
    before = world.profile_of("rua")
    world.choose("rua", ChoiceKind.DONT_ADD)
    world.amend("rua", first_name="Ruaidhri")
    world.leave("rua")
    world.sync()
    after = world.profile_of("rua")
    assert (after.pk, after.state, after.first_name) == (before.pk, "live", "Rua")


@pytest.mark.parametrize("stays", [False, True])
def test_d10_a_deleted_profile_is_replaced_by_a_new_one(world: World, stays: bool) -> None:
    world.enrol("Ana")
    world.enrol("Mila")
    world.set_up()
    if stays:
        world.stay()
        world.leave("mila")
        world.sync()
    old = world.profile_of("mila").reference
    storypark.delete_profile(world.profile_of("mila"))
    run = world.sync()
    assert run is not None
    assert run.counts["create"] == 1
    new = world.profile_of("mila")
    assert (new.state, new.first_name) == ("live", "Mila")
    assert new.reference != old
    assert storypark.find_profile(world.service, old).state == "deleted"


def test_d10_absence_from_the_answer_is_unknown_never_deleted(world: World) -> None:
    world.enrol("Ana")
    world.enrol("Mila")
    world.set_up()
    hidden = world.profile_of("mila").reference

    def without(answer: ProfilesAnswer) -> ProfilesAnswer:
        return answer._replace(profiles={k: p for k, p in answer.profiles.items() if k != hidden})

    world.sync_fully(HERE._replace(profiles=StoryparkDouble(answer=without)))
    assert world.decided("mila") == ("hold", "please-check")
    assert "Storypark does not list" in world.why("mila").because
    assert scope(Profile, world.service).count() == 2
    assert world.profile_of("mila").reference == hidden
    world.sync_fully()
    assert world.decided("mila") == ("keep", "active")


def test_d11_only_fields_that_changed_are_written(world: World) -> None:
    assert FIELDS == ("first_name", "last_name", "preferred_name", "date_of_birth", "gender", "rooms")
    world.enrol("Ana", rooms=["Kiwi"])
    world.set_up()
    world.amend("ana", last_name="Tūhoe", gender="female")
    run = world.sync()
    assert run is not None
    assert run.counts["update"] == 1
    assert json.loads(world.why("ana").changes) == {
        "last_name": ["Hohepa", "Tūhoe"],
        "gender": ["", "female"],
    }
    profile = world.profile_of("ana")
    assert (profile.first_name, profile.last_name, profile.gender) == ("Ana", "Tūhoe", "female")
    assert world.rooms("ana") == {"Kiwi"}


def test_d12_a_run_that_would_archive_everybody_is_held_until_approved(world: World) -> None:
    world.enrol_several(2)
    world.set_up()
    for name in ("kid00", "kid01"):
        world.leave(name)
    run = world.sync()
    assert run is not None
    assert run.state == RunState.HELD
    assert "all 2 live profiles" in run.message
    assert world.live() == 2
    assert integrations.held_run(world.service) == run
    assert Notice.objects.filter(text=run.message, settled_at=None).count() == 1
    approved = changes.approve(world.service, run.fingerprint, OPERATOR, world.now + days(0))
    assert (approved.state, approved.counts["archive"], world.live()) == (RunState.DONE, 2, 0)
    assert not Notice.objects.filter(settled_at=None).exists()


def test_d12_nothing_at_all_of_a_held_run_is_applied(world: World) -> None:
    names = world.enrol_several(10)
    world.set_up()
    before = world.snapshot()
    for name in names[:4]:
        world.leave(name)
    world.enrol("New")
    world.amend(names[9], first_name="Renamed")
    run = world.sync()
    assert run is not None
    assert run.state == RunState.HELD
    assert "4 of the 10" in run.message
    after = world.snapshot()
    assert (after["profiles"], after["links"]) == (before["profiles"], before["links"])


def test_d12_a_plan_that_changed_is_not_the_one_approved(world: World) -> None:
    names = world.enrol_several(10)
    world.set_up()
    for name in names[:4]:
        world.leave(name)
    held = world.sync()
    assert held is not None
    world.leave(names[4])
    with pytest.raises(PlanChanged) as changed:
        changes.approve(world.service, held.fingerprint, OPERATOR, world.now)
    assert world.live() == 10
    changes.approve(world.service, changed.value.plan.fingerprint, OPERATOR, world.now)
    assert world.live() == 5


def test_d12_reject_keeps_those_children_and_applies_the_rest(world: World) -> None:
    names = world.enrol_several(10)
    world.set_up()
    for name in names[:4]:
        world.leave(name)
    world.archive(names[4])
    world.enrol("Newt")
    held = world.sync()
    assert held is not None
    assert held.state == RunState.HELD
    run = changes.reject(world.service, held.fingerprint, OPERATOR, world.now)
    assert (run.state, run.trigger, run.counts["archive"], run.counts["create"]) == (
        RunState.DONE,
        "rejection",
        0,
        1,
    )
    assert run.converged
    assert world.live() == 11
    assert {world.decided(name)[1] for name in names[:5]} == {"kept"}
    assert f"{OPERATOR.label} rejected that" in world.why(names[0]).because
    later = world.sync_fully()
    assert later.state == RunState.DONE
    assert world.live() == 11
    choices.release(world.service, names[0], OPERATOR, world.now)
    world.sync()
    assert world.state(names[0]) == "archived"
    assert world.live() == 10


def test_d12_a_rejection_of_a_plan_that_changed_does_nothing(world: World) -> None:
    names = world.enrol_several(10)
    world.set_up()
    for name in names[:4]:
        world.leave(name)
    held = world.sync()
    assert held is not None
    world.leave(names[4])
    before = world.snapshot()
    with pytest.raises(PlanChanged):
        changes.reject(world.service, held.fingerprint, OPERATOR, world.now)
    assert world.snapshot() == before


def test_d12_both_numbers_are_settings_and_a_share_below_them_goes_through(world: World) -> None:
    names = world.enrol_several(16)
    world.set_up()
    for name in names[:3]:
        world.leave(name)
    run = world.sync()
    assert run is not None
    assert run.state == RunState.DONE
    for name in names[3:7]:
        world.leave(name)
    run = world.sync()
    assert run is not None
    assert run.state == RunState.HELD
    assert "4 of the 13" in run.message
    with pytest.raises(Refused, match="choose 0 to 100"):
        changes.change_limits(world.service, 3, 101, OPERATOR)
    changes.change_limits(world.service, 3, 50, OPERATOR)
    run = world.sync()
    assert run is not None
    assert (run.state, world.live()) == (RunState.DONE, 9)


def test_d12_confirming_a_switch_is_consent_to_its_plan(world: World) -> None:
    world.enrol_several(6, until=LONG_AGO)
    world.enrol("Ana")
    world.set_up()
    world.stay()
    assert world.live() == 7
    run = world.let_leave()
    assert (run.state, run.counts["archive"], world.live()) == (RunState.DONE, 6, 1)
