"""What the stories share."""

from __future__ import annotations

import pytest

from .world import World


@pytest.fixture
def world() -> World:
    """A service whose integration support has enabled, and nothing else yet."""
    return World()
