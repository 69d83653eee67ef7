"""Rows in bulk: what is told when PostgreSQL refuses one while the next are prepared."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, connection, transaction

from parkway.db import bulk
from parkway.storypark.models import Profile
from tests.stories.world import World

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.each_database,
    pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite does one thing after the other"),
]


@pytest.fixture
def world() -> World:
    return World()


def make_profile_in_an_odd_state(world: World) -> None:
    """As a row that the table refuses."""
    new = Profile(
        service=world.service, reference="P-1", state="lost", first_name="Mānaia", last_name="Hohepa"
    )
    new.pk = 1
    columns = [field for field in Profile._meta.concrete_fields if field.attname != "version"]
    bulk.insert(
        Profile, [field.column for field in columns], [tuple(getattr(new, f.attname) for f in columns)]
    )


def test_a_refused_row_is_told_at_the_end_at_the_latest(world: World) -> None:
    with pytest.raises(IntegrityError), transaction.atomic(), bulk.pipelined():
        make_profile_in_an_odd_state(world)
    assert not Profile.objects.exists()
