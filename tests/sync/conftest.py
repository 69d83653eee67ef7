"""What several tests of running beside others begin with."""

from __future__ import annotations

import pytest

from tests.stories.world import World


@pytest.fixture
def world() -> World:
    """A service that is due: Ana has a profile, and Ben, who was enrolled since, is to get one."""
    world = World()
    world.enrol("Ana")
    world.set_up()
    world.enrol("Ben")
    world.later(hours=12)
    return world
