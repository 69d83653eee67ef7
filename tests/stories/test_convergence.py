"""After a run nothing is left to do but what waits or is held."""

from __future__ import annotations

import pytest

from parkway.connectors.ports import ProfileWrites
from parkway.domain import Step
from parkway.sync.models import Notice
from parkway.sync.queries.previews import plan_now

from .world import StoryparkDouble, World

pytestmark = pytest.mark.django_db


def told_support(world: World) -> list[str]:
    return list(
        Notice.objects.filter(service=world.service, for_support=True, settled_at=None).values_list(
            "text", flat=True
        )
    )


def test_after_a_run_nothing_is_left_but_what_waits_or_is_held() -> None:
    """B6."""
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
    again = plan_now(world.service, world.now)
    assert again.changes_nothing
    assert {d.child_id: d.step for d in again.decisions} == {
        "ana": Step.NO_CHANGE,
        "ben": Step.NEEDS_REVIEW,
        "wai": Step.WAIT,
    }
    assert told_support(world) == []


def without_changes(order: ProfileWrites) -> ProfileWrites:
    return order._replace(changes=())


def test_an_end_that_does_not_do_what_it_was_told_marks_the_run_and_support_is_told(world: World) -> None:
    """B6."""
    world.enrol("Ana")
    world.enrol("Mila")
    world.set_up()
    deaf = StoryparkDouble(order=without_changes)
    world.archive("mila")
    for _ in range(2):
        run = world.sync(profiles=deaf)
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


def test_a_run_that_broke_is_settled_by_the_next_that_converges(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    """B6."""
    world.enrol("Ana")
    world.set_up()
    world.enrol("Ben")
    before = world.snapshot()
    run = world.sync(profiles=Broken())
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
