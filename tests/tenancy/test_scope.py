"""The wall between tenants, services' own days, and who may do what."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from django.apps import apps
from django.db import models

from parkway.domain import ChoiceKind, Refused
from parkway.manage import verbs as manage
from parkway.manage.models import Child
from parkway.storypark import verbs as storypark
from parkway.storypark.models import Profile
from parkway.sync.commands import choices
from parkway.sync.models import Entry, Link, Run
from parkway.sync.queries import explain
from parkway.tenancy.models import Organisation, RoleName, Service
from parkway.tenancy.people import OPERATOR, require_change, require_support
from parkway.tenancy.scope import scope, the_one
from parkway.tenancy.verbs import add_service, change_service, find_service, give_role
from tests.stories.world import World

pytestmark = pytest.mark.django_db


@pytest.fixture
def rimu() -> World:
    return World()


@pytest.fixture
def totara(rimu: World) -> World:
    """Another service of the same organisation, with children of the same ids."""
    world = World("Tōtara House", organisation=rimu.service.organisation)
    for each in (rimu, world):
        each.enrol("Ana", rooms=["Kiwi"])
        each.enrol("Ben")
        each.set_up()
    world.enrol("Olivia")
    world.sync()
    return world


def of_a_service() -> list[type[models.Model]]:
    """The models whose rows belong to one service."""
    found = [
        model
        for model in apps.get_models()
        if model.__module__.startswith("parkway.")
        and any(field.name == "service" and field.is_relation for field in model._meta.concrete_fields)
    ]
    assert {Child, Profile, Link, Run, Entry} <= set(found)
    return found


def test_scope_gives_the_rows_of_one_service_and_no_others(rimu: World, totara: World) -> None:
    for model in of_a_service():
        here, there = (
            set(scope(model, each.service).values_list("pk", flat=True)) for each in (rimu, totara)
        )
        assert here.isdisjoint(there), model
        assert here | there == set(model._default_manager.values_list("pk", flat=True)), model
        assert set(scope(model, rimu.service.pk).values_list("pk", flat=True)) == here, model
    assert {child.reference for child in scope(Child, rimu.service)} == {"ana", "ben"}


def test_the_one_of_another_service_is_as_one_that_does_not_exist(rimu: World, totara: World) -> None:
    with pytest.raises(Refused) as elsewhere:
        the_one(Child, rimu.service, reference="olivia")
    with pytest.raises(Refused) as nowhere:
        the_one(Child, rimu.service, reference="nobody")
    assert str(elsewhere.value).replace("olivia", "nobody") == str(nowhere.value)
    assert the_one(Child, totara.service, reference="olivia").reference == "olivia"


def test_verbs_reach_no_other_service(rimu: World, totara: World) -> None:
    theirs = totara.profile_of("olivia").reference
    before = totara.snapshot()
    with pytest.raises(Refused):
        manage.find_child(rimu.service, "olivia")
    with pytest.raises(Refused):
        storypark.find_profile(rimu.service, theirs)
    rimu.enrol("Zoe")
    with pytest.raises(Refused, match="no profile"):
        choices.choose(rimu.service, "zoe", ChoiceKind.PROFILE, OPERATOR, rimu.now, theirs)
    with pytest.raises(Refused):
        choices.choose(rimu.service, "olivia", ChoiceKind.DONT_ADD, OPERATOR, rimu.now)
    with pytest.raises(Refused):
        choices.move_link(rimu.service, "olivia", "zoe", OPERATOR, rimu.now)
    assert explain.why(rimu.service, "olivia") is None
    assert not explain.history(rimu.service, "olivia").exists()
    assert totara.snapshot() == before


def test_a_run_of_one_service_leaves_the_other_alone(rimu: World, totara: World) -> None:
    before = totara.snapshot()
    rimu.archive("ana")
    rimu.enrol("Zoe")
    rimu.sync_fully()
    assert (rimu.state("ana"), rimu.state("zoe")) == ("archived", "live")
    assert totara.snapshot() == before


def test_a_role_at_one_service_is_none_at_another(rimu: World, totara: World) -> None:
    """D22."""
    admin = totara.person("Aroha", RoleName.ADMIN_EDUCATOR)
    require_change(admin, totara.service, False)
    with pytest.raises(Refused, match="Ask an admin educator"):
        require_change(admin, rimu.service, True)
    with pytest.raises(Refused, match="Only support"):
        require_support(admin, rimu.service)
    require_support(OPERATOR, rimu.service)


def test_a_role_is_given_once(rimu: World) -> None:
    rimu.person("Eru", RoleName.EDUCATOR)
    role = rimu.service.roles.get()
    assert give_role(role.person, rimu.service, RoleName.EDUCATOR, by=OPERATOR, now=rimu.now) == role


def test_services_have_slugs_of_their_own(rimu: World) -> None:
    owner = Organisation.objects.create(name="Kōwhai")
    slugs = [
        add_service(owner, name, "Pacific/Auckland", by=OPERATOR, now=rimu.now).slug
        for name in ("Rimu!", "Rimu", "ʻŌ", "42")
    ]
    assert slugs == ["rimu", "rimu-2", "o", "service-42"]
    assert find_service("rimu-2").name == "Rimu"
    with pytest.raises(Refused, match="There are: o, rimu"):
        find_service("nowhere")


@pytest.mark.parametrize("zone", ["", "Auckland", "Pacific/Nowhere", "../etc/passwd"])
def test_a_time_zone_must_exist(rimu: World, zone: str) -> None:
    with pytest.raises(Refused):
        change_service(rimu.service, time_zone=zone, by=OPERATOR, now=rimu.now)
    kept = Service.objects.get(pk=rimu.service.pk)
    assert (kept.time_zone, kept.version) == ("Pacific/Auckland", 1)


def test_changing_a_service_bumps_its_version(rimu: World) -> None:
    before = rimu.service.version
    change_service(rimu.service, lookback_days=42, by=OPERATOR, now=rimu.now)
    assert (rimu.service.version, rimu.service.window) == (before + 1, (42, 56))
    with pytest.raises(Refused):
        change_service(rimu.service, lookahead_days=3651, by=OPERATOR, now=rimu.now)
    assert Service.objects.get(pk=rimu.service.pk).version == before + 1


def test_a_day_is_the_service_s_own_also_when_the_clocks_change(rimu: World) -> None:
    service = rimu.service
    assert service.today(datetime(2026, 11, 24, 10, 59, tzinfo=UTC)) == date(2026, 11, 24)
    assert service.today(datetime(2026, 11, 24, 11, tzinfo=UTC)) == date(2026, 11, 25)
    # daylight saving time begins in Auckland: a day of 23 hours; and ends: one of 25
    for day, hours in ((date(2026, 9, 27), 23), (date(2026, 4, 5), 25)):
        assert (service.end_of(day) - service.start_of(day)).total_seconds() == hours * 3600
        assert service.today(service.start_of(day)) == day
