"""What exists nowhere else, B1 to B8, and what the settings page says beforehand (R9), through real runs."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date, timedelta

import pytest

from parkway.connectors.ports import ProfileWrites
from parkway.domain import ChoiceKind, InactivePolicy, Refused, Status, Step
from parkway.manage import verbs as manage
from parkway.storypark import verbs as storypark
from parkway.storypark.models import Profile
from parkway.sync.commands import changes, choices, setup
from parkway.sync.commands.changes import PlanChanged
from parkway.sync.ends import HERE
from parkway.sync.models import Entry, Link, Notice, Run, Trigger
from parkway.sync.queries import explain, file_plan, forecast, setup_lists
from parkway.tenancy.people import OPERATOR
from parkway.tenancy.scope import scope
from parkway.tenancy.verbs import change_service

from .world import LONG_AGO, WINDOW, StoryparkDouble, World

pytestmark = pytest.mark.django_db

STAY, LEAVE = InactivePolicy.STAY, InactivePolicy.LEAVE


@pytest.fixture
def world() -> World:
    return World()


def days(number: int) -> timedelta:
    return timedelta(days=number)


# --- B1: the plan that is shown is the plan that is applied --------------------------------------------


@pytest.fixture
def before_a_switch() -> World:
    """One child to be restored, one to be created and one who will wait, if the service lets them stay."""
    world = World(paid=3)
    world.enrol("Ana")
    world.enrol("Rua", until=world.today)
    world.set_up()
    world.leave("rua")
    world.sync()
    world.enrol("Nia", until=LONG_AGO)
    world.enrol("Wai", until=LONG_AGO - days(1))
    world.sync()
    return world


def test_r9_b1_the_switch_is_priced_child_by_child_before_it_is_confirmed(before_a_switch: World) -> None:
    world = before_a_switch
    before = world.snapshot()
    shown = changes.preview_switch(world.service, STAY, world.now)
    steps = {decision.child_id: decision.step for decision in shown.decisions}
    assert steps == {"ana": Step.NO_CHANGE, "rua": Step.RESTORE, "nia": Step.CREATE, "wai": Step.WAIT}
    assert shown.spaces == (3, 1, 3, 1)
    assert world.snapshot() == before, "looking changes nothing"
    run = changes.confirm_switch(world.service, STAY, shown.fingerprint, OPERATOR, world.now)
    assert run.counts == {step.value: number for step, number in shown.counts().items()}
    assert (run.live_after, run.waiting, world.live()) == (3, 1, 3)
    back = changes.preview_switch(world.service, LEAVE, world.now)
    assert [d.child_id for d in back.decisions if d.step is Step.ARCHIVE] == ["nia", "rua"]


def child_amended(world: World) -> None:
    world.amend("nia", first_name="Nyah")


def child_enrolled(world: World) -> None:
    world.enrol("Zoe")


def child_archived(world: World) -> None:
    world.archive("ana")


def profile_changed(world: World) -> None:
    storypark.amend_profile(world.portfolio("Nia"), last_name="Hohepa")


def spaces_changed(world: World) -> None:
    world.pay_for(9)


def choice_changed(world: World) -> None:
    choices.choose(world.service, "nia", ChoiceKind.DONT_ADD, OPERATOR, world.now)


CHANGES = [child_amended, child_enrolled, child_archived, profile_changed, spaces_changed, choice_changed]


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
def test_b1_what_changed_since_is_shown_and_confirmed_again(
    before_a_switch: World, change: Callable[[World], None]
) -> None:
    world = before_a_switch
    shown = changes.preview_switch(world.service, STAY, world.now)
    change(world)
    before = world.snapshot()
    with pytest.raises(PlanChanged) as changed:
        changes.confirm_switch(world.service, STAY, shown.fingerprint, OPERATOR, world.now)
    assert world.snapshot() == before
    assert Run.objects.filter(trigger=Trigger.SWITCH).count() == 0
    now_shown = changed.value.plan
    assert now_shown.fingerprint != shown.fingerprint
    run = changes.confirm_switch(world.service, STAY, now_shown.fingerprint, OPERATOR, world.now)
    assert run.counts == {step.value: number for step, number in now_shown.counts().items()}


def test_b1_a_day_that_passes_alone_does_not_ask_again(before_a_switch: World) -> None:
    world = before_a_switch
    shown = changes.preview_switch(world.service, STAY, world.now)
    world.later(days=1)
    run = changes.confirm_switch(world.service, STAY, shown.fingerprint, OPERATOR, world.now)
    assert run.counts["restore"] == 1


def test_b1_the_first_run_is_the_summary_that_was_confirmed(world: World) -> None:
    world.enrol("Ana")
    setup.accept_proposals(world.service, OPERATOR, world.now)
    shown = setup_lists.look_at_set_up(world.service, world.now).plan
    world.amend("ana", last_name="Tūhoe")
    with pytest.raises(PlanChanged):
        changes.start_syncing(world.service, shown.fingerprint, OPERATOR, world.now)
    assert (world.integration.stage, world.live()) == ("enabled", 0)
    shown = setup_lists.look_at_set_up(world.service, world.now).plan
    run = changes.start_syncing(world.service, shown.fingerprint, OPERATOR, world.now)
    assert (run.counts["create"], world.profile_of("ana").last_name) == (1, "Tūhoe")


def test_b1_a_plan_change_applies_what_it_showed() -> None:
    world = World("Crowded", paid=1)
    world.enrol("Ana")
    world.enrol("Ben")
    world.enrol("Cara")
    world.set_up()
    shown = changes.preview_paid_children(world.service, 2, world.now)
    assert [d.child_id for d in shown.actions()] == ["ben"]
    world.archive("ana")
    with pytest.raises(PlanChanged) as changed:
        changes.change_paid_children(world.service, 2, shown.fingerprint, OPERATOR, world.now)
    assert (world.live(), storypark.account(world.service).paid_children) == (1, 1)
    again = changed.value.plan.fingerprint
    run = changes.change_paid_children(world.service, 2, again, OPERATOR, world.now)
    assert (run.trigger, run.paid_children, run.counts["create"]) == (Trigger.SPACES, 2, 2)
    with pytest.raises(Refused, match="Archive 1 in Manage"):
        changes.change_paid_children(world.service, 1, again, OPERATOR, world.now)


# --- B2: why ----------------------------------------------------------------------------------------------


def test_b2_nothing_is_written_while_nothing_changes(world: World) -> None:
    world.plan_reduced_to(2)
    world.enrol("Ana", until=world.today + days(200))
    world.enrol("Ben", since=world.today - days(3))
    world.enrol("Ida", until=LONG_AGO)
    world.enrol("Wai", since=world.today + days(2))
    world.enrol("Rua")
    world.set_up()
    world.archive("rua")
    world.sync()
    written = world.entries()
    for _ in range(5):
        world.later(days=1)
        world.sync_fully()
    assert world.entries() == written


def test_b2_one_entry_when_the_decision_changes(world: World) -> None:
    world.enrol("Ana")
    world.enrol("Mila")
    world.set_up()

    def written(change: Callable[[], object]) -> list[tuple[str, str]]:
        before = set(scope(Entry, world.service).values_list("pk", flat=True))
        change()
        world.sync_fully()
        world.sync_fully()
        new = scope(Entry, world.service).exclude(pk__in=before).order_by("pk")
        assert {entry.child_id for entry in new} <= {"mila"}
        return list(new.values_list("step", "rule"))

    assert written(lambda: world.amend("mila", gender="female")) == [("update", "active")]
    assert written(lambda: world.leave("mila")) == [("archive", "inactive-leaves")]
    assert written(lambda: world.archive("mila")) == [("leave_out", "archived")]
    assert written(lambda: world.unarchive("mila")) == [("leave_out", "inactive-leaves")]
    assert written(lambda: world.book("mila", world.today)) == [("restore", "active")]
    assert written(lambda: world.choose("mila", ChoiceKind.DONT_ADD)) == [("leave_out", "dont-add")]


def test_b2_an_entry_when_only_the_facts_stated_change(world: World) -> None:
    world.enrol("Ana", until=world.today + days(5))
    world.enrol("Rua", until=world.today + days(5))
    world.set_up()
    world.choose("rua", ChoiceKind.DONT_ADD)
    world.sync()
    written = world.entries()
    [booking] = world.child("ana").bookings.all()
    manage.end_booking(booking, world.today + days(9), world.today)
    world.sync()
    assert world.entries() == written + 1
    assert json.loads(world.why("ana").facts)["booked_until"] == str(world.today + days(9))
    assert world.decided("ana") == ("keep", "active")

    # a narrower window moves the day on which both labels change: a fact that their entries state
    change_service(world.service, lookback_days=42)
    world.sync()
    assert world.entries() == written + 3
    assert world.why("ana").next_change == world.today + days(9 + 42 + 1)
    assert world.why("rua").next_change == world.child("rua").next_change

    world.leave("rua")
    world.sync()
    assert (world.why("rua").status, world.decided("rua")) == ("Inactive", ("leave_out", "dont-add"))


def test_b2_a_setting_that_decides_nothing_for_a_child_writes_no_entry(world: World) -> None:
    world.enrol("Ana")
    world.set_up()
    written = world.entries()
    world.stay()
    assert world.entries() == written


def test_b2_the_sentence_has_the_facts_and_the_run_tells_who_when_and_what(world: World) -> None:
    world.enrol("Ana")
    world.enrol("Mānaia", until=date(2026, 9, 28), child_id="m")
    world.set_up()
    world.sync()
    entry = world.why("m")
    assert entry.because == (
        "Mānaia's last booking ended on 28 September, more than 8 weeks ago, "
        "and this service lets Inactive children leave Storypark."
    )
    assert (entry.status, entry.rule) == ("Inactive", "inactive-leaves")
    world.stay()
    entry = world.why("m")
    assert (entry.run.trigger, entry.run.started_by, entry.at) == ("switch", OPERATOR.label, world.now)
    assert entry.profile_id == world.profile_of("m").reference


def test_b2_a_date_means_its_end_in_the_service_s_time_zone() -> None:
    auckland = World()
    perth = World("Quandong", zone="Australia/Perth")
    for world in (auckland, perth):
        world.enrol("Ana")
        world.enrol("Mila")
        world.set_up()
        world.leave("mila")
        # still the 24th in Perth, already the 25th in Auckland
        world.now = world.now.replace(hour=12)
        world.sync()
    day = date(2026, 11, 24)
    assert auckland.why("mila", on=day).step == "create"
    assert auckland.why("mila", on=day + days(1)).step == "archive"
    assert perth.why("mila", on=day).step == "archive"
    assert explain.why(perth.service, "mila", day - days(1)) is None


def test_b2_the_last_instant_of_a_day_belongs_to_it(world: World) -> None:
    world.enrol("Ana")
    world.enrol("Mila")
    world.set_up()
    midnight = world.service.end_of(world.today)
    day = world.today
    for now, leave in ((midnight - timedelta(microseconds=1), "ana"), (midnight, "mila")):
        world.amend(leave, gender="female")
        world.now = now - timedelta(minutes=1)
        world.sync()
    assert (world.why("ana", on=day).step, world.why("mila", on=day).step) == ("update", "create")
    assert world.why("mila", on=day + days(1)).step == "update"


def test_b2_what_was_decided_for_a_child_who_is_gone_stands_no_more() -> None:
    world = World(paid=1)
    world.enrol("Ana")
    world.enrol("Wai")
    world.set_up()
    assert world.decided("wai") == ("wait", "no-space")
    manage.remove_child(world.child("wai"))
    world.sync()
    assert world.decided("wai") == ("leave_out", "missing-from-source")
    assert world.why("wai").because == "Manage no longer lists this child."
    written = world.entries()
    world.sync_fully()
    assert world.entries() == written
    # somebody else with the same id, in the next intake
    world.pay_for(2)
    world.sync()
    world.enrol("Wai")
    run = world.sync()
    assert run is not None
    assert {step: number for step, number in run.counts.items() if number} == {"create": 1, "keep": 1}
    assert world.decided("wai") == ("create", "active")


def test_b2_a_held_run_tells_what_it_decided_for_everybody(world: World) -> None:
    names = world.enrol_several(4)
    world.set_up()
    for name in names:
        world.leave(name)
    world.enrol("Rua")
    world.archive("rua")
    world.sync()
    assert [world.decided(name)[0] for name in names] == ["hold"] * 4
    assert "On hold: This would archive all 4" in world.why(names[0]).because
    assert world.decided("rua") == ("leave_out", "archived")
    written = world.entries()
    world.later(days=1)
    world.sync_fully()
    assert world.entries() == written


# --- B3: the forecast of a service -----------------------------------------------------------------------


def test_b3_the_forecast_of_a_service() -> None:
    world = World(paid=2)
    today = world.today
    world.enrol("Ana")
    world.enrol("Gus", until=today - days(WINDOW - 6))
    world.enrol("Kim", since=today + days(WINDOW + 3))
    world.set_up()
    before = world.snapshot()
    seen = forecast.look_ahead(world.service, 30, world.now)
    assert [(day.day, [(c.child_id, s) for c, s in day.turned]) for day in seen.days] == [
        (today + days(3), [("kim", Status.ACTIVE)]),
        (today + days(7), [("gus", Status.INACTIVE)]),
    ]
    steps = [[(d.child_id, d.step) for d in day.decisions] for day in seen.days]
    assert steps == [[("kim", Step.WAIT)], [("gus", Step.ARCHIVE), ("kim", Step.CREATE)]]
    assert seen.out_of_spaces_on == today + days(3)
    assert world.snapshot() == before, "looking ahead changes nothing"
    # and so it comes
    world.later(days=3)
    world.sync()
    assert world.decided("kim") == ("wait", "no-space")
    world.later(days=4)
    world.sync()
    assert (world.state("gus"), world.state("kim")) == ("archived", "live")


def test_b3_the_forecast_counts_choices_and_keep_until(world: World) -> None:
    today = world.today
    world.enrol("Ana")
    world.enrol("Gus", until=today - days(WINDOW - 2))
    world.set_up()
    choices.keep_until(world.service, "gus", today + days(9), OPERATOR, world.now)
    told = forecast.as_json(forecast.look_ahead(world.service, 30, world.now))
    assert [(d["day"], [(x["child_id"], x["step"]) for x in d["decisions"]]) for d in told["days"]] == [
        (today + days(3), []),
        (today + days(10), [("gus", "archive")]),
    ]


# --- B4: keep until -----------------------------------------------------------------------------------------


def test_b4_keep_until_a_day_that_day_included(world: World) -> None:
    world.enrol("Ana")
    world.enrol("Mila")
    world.set_up()
    last = world.today + days(4)
    choices.keep_until(world.service, "mila", last, OPERATOR, world.now)
    world.leave("mila")
    world.sync()
    assert (world.state("mila"), world.decided("mila")) == ("live", ("keep", "keep-until"))
    assert f"until {last.day} November" in world.why("mila").because
    world.now = world.service.end_of(last) - timedelta(minutes=2)
    world.sync()
    assert world.state("mila") == "live"
    world.sync()
    assert (world.state("mila"), world.decided("mila")) == ("archived", ("archive", "inactive-leaves"))


def test_b4_it_brings_an_archived_profile_back_and_takes_a_space_like_everyone() -> None:
    world = World(paid=1)
    world.enrol("Ana", since=None)
    world.enrol("Mila")
    world.set_up()
    world.leave("mila")
    world.enrol("Ben")
    world.sync_fully()
    assert (world.state("mila"), world.state("ben")) == ("archived", "live")
    choices.keep_until(world.service, "mila", world.today + days(9), OPERATOR, world.now)
    world.sync()
    assert world.decided("mila") == ("wait", "no-space")
    world.pay_for(2)
    world.sync()
    assert world.decided("mila") == ("restore", "keep-until")


def test_b4_archived_in_manage_still_wins_and_a_day_that_passed_is_refused(world: World) -> None:
    world.enrol("Ana")
    world.enrol("Mila")
    world.set_up()
    with pytest.raises(Refused, match="has passed"):
        choices.keep_until(world.service, "mila", world.today - days(1), OPERATOR, world.now)
    choices.keep_until(world.service, "mila", world.today, OPERATOR, world.now)
    world.archive("mila")
    world.sync()
    assert world.decided("mila") == ("archive", "archived")


def test_b4_it_can_be_taken_back(world: World) -> None:
    world.enrol("Ana")
    world.enrol("Mila")
    world.set_up()
    world.leave("mila")
    choices.keep_until(world.service, "mila", world.today + days(30), OPERATOR, world.now)
    world.sync()
    assert world.state("mila") == "live"
    choices.keep_until(world.service, "mila", None, OPERATOR, world.now)
    world.sync()
    assert world.state("mila") == "archived"


# --- B6: convergence ----------------------------------------------------------------------------------------


def told_support(world: World) -> list[str]:
    return list(
        Notice.objects.filter(service=world.service, for_support=True, settled_at=None).values_list(
            "text", flat=True
        )
    )


def test_b6_after_a_run_nothing_is_left_but_what_waits_or_is_held() -> None:
    world = World(paid=2)
    world.enrol("Ana")
    world.set_up()
    world.portfolio("Ben", born=None)
    world.plan_reduced_to(1)
    world.enrol("Ben")
    world.enrol("Wai")
    run = world.sync()
    assert run is not None
    assert run.converged
    again = changes.preview(world.service, world.now)
    assert again.changes_nothing
    assert {d.child_id: d.step for d in again.decisions} == {
        "ana": Step.NO_CHANGE,
        "ben": Step.NEEDS_REVIEW,
        "wai": Step.WAIT,
    }
    assert told_support(world) == []


def without_changes(order: ProfileWrites) -> ProfileWrites:
    return order._replace(changes=())


def test_b6_an_end_that_does_not_do_what_it_was_told_marks_the_run_and_support_is_told(world: World) -> None:
    world.enrol("Ana")
    world.enrol("Mila")
    world.set_up()
    deaf = HERE._replace(profiles=StoryparkDouble(order=without_changes))
    world.archive("mila")
    for _ in range(2):
        run = world.sync(deaf)
        assert run is not None, "a service that did not converge is tried again at every turn"
        assert not run.converged
        assert world.state("mila") == "live"
        [told] = told_support(world)
        assert "something was still left to do" in told

    run = world.sync()
    assert run is not None
    assert (run.converged, world.state("mila")) == (True, "archived")
    assert told_support(world) == [], "a run that converged settles what support was told"
    assert world.sync() is None


class Broken(StoryparkDouble):
    """Storypark when something in it breaks."""

    def write(self, *_: object) -> dict[int, object]:  # type: ignore[override]
        raise RuntimeError("broken")


def test_b6_a_run_that_broke_is_settled_by_the_next_that_converges(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    world.enrol("Ana")
    world.set_up()
    world.enrol("Ben")
    before = world.snapshot()
    run = world.sync(HERE._replace(profiles=Broken()))
    assert run is not None
    assert (run.state, world.snapshot()) == ("failed", before)
    assert "A run failed" in caplog.text
    assert len(told_support(world)) == 1
    other = World("Tōtara")
    other.enrol("Olivia")
    other.set_up()
    assert len(told_support(world)) == 1, "another service's run settles nothing here"
    world.sync()
    assert (world.state("ben"), told_support(world)) == ("live", [])


# --- B7, B8 -----------------------------------------------------------------------------------------------


def test_b7_who_waits_is_told_the_place_in_the_queue() -> None:
    world = World(paid=1)
    for number, name in enumerate(("Ana", "Ben", "Cara")):
        world.enrol(name, since=world.today + days(number))
    world.set_up()
    assert world.waiting() == ["ben", "cara"]
    assert "1st in line" in world.why("ben").because
    assert "2nd in line" in world.why("cara").because
    shown = file_plan.as_json(changes.preview(world.service, world.now))
    assert [d["position"] for d in shown["decisions"]] == [None, 1, 2]


def test_b8_the_origin_of_an_archive_is_kept(world: World) -> None:
    world.enrol("Ana")
    world.enrol("Mila")
    theirs = world.portfolio("Somebody", "Else", born=None)
    storypark.archive_profile(theirs, world.today)
    world.set_up()
    world.leave("mila")
    world.sync()
    origin = dict(scope(Profile, world.service).values_list("reference", "archived_by"))
    assert origin == {
        theirs.reference: "person",
        world.profile_of("mila").reference: "integration",
        world.profile_of("ana").reference: "",
    }


def test_b8_what_set_up_archived_is_told_from_what_a_run_archived(world: World) -> None:
    """A child who was linked before, as by files taken over, and does not belong any more."""
    world.enrol("Ana")
    world.enrol("Mila", until=LONG_AGO)
    profile = world.portfolio("Mila")
    Link.objects.create(service=world.service, child_id="mila", profile_id=profile.reference)
    world.set_up()
    assert (world.state("mila"), world.profile_of("mila").archived_by) == ("archived", "set-up")
    world.leave("ana")
    world.sync()
    assert world.profile_of("ana").archived_by == "integration"


def test_b8_restoring_undoes_what_the_sync_did_or_a_rule_demands_and_says_so(world: World) -> None:
    world.enrol("Ana")
    world.enrol("Mila")
    world.enrol("Rua")
    theirs = world.portfolio("Somebody", "Else", born=None)
    storypark.archive_profile(theirs, world.today)
    world.set_up()
    world.leave("mila")
    world.sync()
    storypark.archive_profile(world.profile_of("rua"), world.today, support=True)
    assert world.profile_of("rua").archived_by == "person"
    world.book("mila", world.today)
    world.sync()
    assert (world.state("mila"), world.state("rua")) == ("live", "live")
    assert "by hand" in world.why("rua").because
    assert "by hand" not in world.why("mila").because
    assert storypark.find_profile(world.service, theirs.reference).state == "archived"
