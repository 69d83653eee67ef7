"""Who may change a service's integration, and who may see it."""

from __future__ import annotations

import pytest

from parkway.domain import ChoiceKind, InactivePolicy, Refused
from parkway.sync.commands import changes, choices, lifecycle
from parkway.sync.models import Choice, Integration
from parkway.tenancy.models import RoleName

from .world import LONG_AGO, World

pytestmark = pytest.mark.django_db


def test_admin_educators_change_and_educators_see(world: World) -> None:
    """D22."""
    world.enrol("Ana")
    world.enrol("Ida", until=LONG_AGO)
    world.set_up()
    admin = world.person("Aroha", RoleName.ADMIN_EDUCATOR)
    educator = world.person("Eru", RoleName.EDUCATOR)
    elsewhere = World("Tōtara").person("Olivia", RoleName.ADMIN_EDUCATOR)
    before = world.snapshot()
    for nobody in (educator, elsewhere, world.person("Mere", RoleName.MANAGE_STAFF)):
        with pytest.raises(Refused, match="Ask an admin educator"):
            world.switch(InactivePolicy.STAY, by=nobody)
        with pytest.raises(Refused, match="Ask an admin educator"):
            choices.choose(world.service, "ana", ChoiceKind.DONT_ADD, nobody, world.now)
        with pytest.raises(Refused, match="Ask an admin educator"):
            changes.confirm(world.service, changes.ChangePaidChildren(30), "", nobody, world.now)
        with pytest.raises(Refused, match="Ask an admin educator"):
            changes.confirm(world.service, changes.TurnOff(), "", nobody, world.now)
        with pytest.raises(Refused, match="Only support"):
            lifecycle.enable(world.service, nobody, world.now)
    assert world.snapshot() == before
    assert not Choice.objects.exists()
    run = world.switch(InactivePolicy.STAY, by=admin)
    assert (run.started_by, run.person_id) == ("Aroha", admin.person_id)
    Integration.objects.filter(service=world.service).update(educators_may_change=True)
    assert world.switch(InactivePolicy.LEAVE, by=educator).started_by == "Eru"


def test_an_admin_educator_may_allow_all_educators(world: World) -> None:
    """D22."""
    world.enrol("Ana")
    world.set_up()
    admin = world.person("Aroha", RoleName.ADMIN_EDUCATOR)
    educator = world.person("Eru", RoleName.EDUCATOR)
    with pytest.raises(Refused):
        lifecycle.allow_educators(world.service, True, educator, world.now)
    lifecycle.allow_educators(world.service, True, admin, world.now)
    assert world.switch(InactivePolicy.STAY, by=educator).started_by == "Eru"
    with pytest.raises(Refused, match="Ask an admin educator"):
        lifecycle.allow_educators(world.service, False, educator, world.now)
    lifecycle.allow_educators(world.service, False, admin, world.now)
    with pytest.raises(Refused, match="Ask an admin educator"):
        world.switch(InactivePolicy.LEAVE, by=educator)
