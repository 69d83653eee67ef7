"""Children whom Manage no longer lists, and answers that must not be believed."""

from __future__ import annotations

from datetime import timedelta

import pytest

from parkway.connectors.ports import ProfilesAnswer
from parkway.domain import ChoiceKind
from parkway.manage import verbs as manage
from parkway.storypark.models import Profile
from parkway.sync.commands import choices
from parkway.sync.models import Notice, RunState
from parkway.sync.run import change_detection
from parkway.tenancy.people import OPERATOR
from parkway.tenancy.scope import scope

from .world import SilentManage, StoryparkDouble, World

pytestmark = pytest.mark.django_db


@pytest.fixture
def missing(world: World) -> World:
    world.enrol("Ana")
    world.enrol("Mila")
    world.set_up()
    manage.remove_child(world.child("mila"), by=OPERATOR, now=world.now)
    world.sync()
    return world


def test_a_missing_child_is_not_an_archived_one(missing: World) -> None:
    """D8."""
    for _ in range(3):
        missing.later(days=40)
        missing.sync_fully()
    assert missing.state("mila") == "live"
    assert missing.decided("mila") == ("hold", "missing-from-source")


def test_the_choices_for_a_missing_child_are_keep_archive_and_move(missing: World) -> None:
    """D8."""
    missing.choose("mila", ChoiceKind.KEEP)
    missing.sync()
    assert missing.state("mila") == "live"
    assert missing.decided("mila") == ("leave_out", "missing-kept")
    missing.choose("mila", ChoiceKind.ARCHIVE)
    missing.sync()
    assert missing.state("mila") == "archived"
    assert missing.decided("mila") == ("archive", "missing-let-go")


def test_the_link_of_a_missing_child_can_be_moved(missing: World) -> None:
    """D8."""
    before = missing.profile_of("mila")
    missing.enrol("Mila", child_id="mila-again", since=None)
    choices.move_link(missing.service, "mila", "mila-again", OPERATOR, missing.now)
    missing.book("mila-again", missing.today)
    missing.sync()
    assert missing.profile_of("mila-again") == before
    assert missing.profile_of("mila-again").managed_link.endswith("/children/mila-again")
    assert missing.profile("mila") is None
    assert missing.live() == 2


def test_a_missing_childs_archived_profile_is_left_in_peace(world: World) -> None:
    """D8."""
    world.enrol("Ana")
    world.enrol("Mila")
    world.set_up()
    world.archive("mila")
    world.sync()
    manage.remove_child(world.child("mila"), by=OPERATOR, now=world.now)
    world.sync()
    assert world.state("mila") == "archived"
    assert world.decided("mila") == ("leave_out", "missing-from-source")


def test_an_empty_answer_of_manage_stops_the_run(world: World) -> None:
    """D8."""
    world.enrol("Ana")
    world.enrol("Ben")
    world.set_up()
    for name in ("ana", "ben"):
        manage.remove_child(world.child(name), by=OPERATOR, now=world.now)
    before = world.snapshot()
    run = world.sync()
    assert run is not None
    assert run.state == RunState.STOPPED
    assert "no children at all, although 2" in run.message
    assert world.snapshot() == before
    [notice] = Notice.objects.filter(service=world.service, settled_at=None)
    assert notice.text in run.message


def test_a_failed_answer_of_manage_stops_the_run(world: World) -> None:
    """D8."""
    world.enrol("Ana")
    world.set_up()
    before = world.snapshot()
    run = world.sync_fully(roster=SilentManage())
    again = world.integration.next_run_at.astimezone(world.service.zone)
    told = f"Manage does not answer. It is tried again at 2:{again:%M} pm."
    assert (run.state, run.message) == (RunState.STOPPED, told)
    assert world.snapshot() == before
    assert world.sync() is not None, "it is tried again, reading everything"


def test_an_end_that_does_not_answer_is_tried_again_soon_then_ever_later(world: World) -> None:
    """D8."""
    world.enrol("Ana")
    world.set_up()
    silent, minute = SilentManage(), timedelta(minutes=1)
    for failures in range(1, 12):
        world.sync_fully(roster=silent)
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


def test_an_answer_without_profiles_stops_the_run(world: World) -> None:
    """D8."""
    world.enrol("Ana")
    world.set_up()
    before = world.snapshot()
    nothing = StoryparkDouble(answer=lambda answer: answer._replace(profiles={}))
    run = world.sync_fully(profiles=nothing)
    assert run.state == RunState.STOPPED
    assert "no profiles at all" in run.message
    assert world.snapshot() == before
    world.sync_fully()
    assert world.snapshot()["links"] == before["links"]


def test_absence_from_the_answer_is_unknown_never_deleted(world: World) -> None:
    """D10."""
    world.enrol("Ana")
    world.enrol("Mila")
    world.set_up()
    hidden = world.profile_of("mila").reference

    def without(answer: ProfilesAnswer) -> ProfilesAnswer:
        return answer._replace(profiles={k: p for k, p in answer.profiles.items() if k != hidden})

    world.sync_fully(profiles=StoryparkDouble(answer=without))
    assert world.decided("mila") == ("hold", "please-check")
    assert "Storypark does not list" in world.why("mila").because
    assert scope(Profile, world.service).count() == 2
    assert world.profile_of("mila").reference == hidden
    world.sync_fully()
    assert world.decided("mila") == ("keep", "active")
