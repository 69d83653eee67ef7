"""The integrations settings page without a browser: bounds on its work, and who may do what."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pytest
from django.test import Client

from parkway.domain import Booking, BookingKind, BookingState, Child, Details, Standing, Status
from parkway.manage.roster import ImportedBooking, take_roster
from parkway.storypark import verbs as storypark
from parkway.sync.models import Choice, Integration, Run
from parkway.tenancy.models import Organisation, Person, RoleName
from parkway.tenancy.people import OPERATOR
from parkway.tenancy.scope import scope
from parkway.tenancy.verbs import add_service, give_role
from tests.stories.world import SINCE, TUESDAY, World

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> World:
    return World()


def visitor(world: World, *roles: RoleName, support: bool = False) -> Client:
    """A browser of somebody with these roles."""
    name = roles[0].value if roles else "nobody"
    person = Person.objects.create_user(f"{name}@example.org", name, is_support=support)
    for role in roles:
        give_role(person, world.service, role, by=OPERATOR, now=world.now)
    client = Client()
    client.force_login(person, backend="allauth.account.auth_backends.AuthenticationBackend")
    return client


def enrol_many(world: World, number: int) -> None:
    """Many Active children at once."""
    children = [
        Child(f"C{n:04}", Details(f"Kid{n:04}", "Hohepa", "", date(2022, 1, 1)), Standing(Status.INACTIVE))
        for n in range(number)
    ]
    period = Booking(BookingKind.PERMANENT, BookingState.CONFIRMED, SINCE, None)
    take_roster(
        world.service,
        children,
        {c.child_id: [ImportedBooking(period)] for c in children},
        by=OPERATOR,
        now=world.now,
    )


def base(world: World) -> str:
    return f"/storypark/{world.service.slug}/integrations/"


def test_a_page_of_a_thousand_children_takes_as_many_queries_as_one_of_ten(
    django_assert_max_num_queries: Callable[..., object],
) -> None:
    for name, number in (("Small", 10), ("Large", 1000)):
        world = World(name, paid=number)
        enrol_many(world, number)
        world.set_up()
        client = visitor(world, RoleName.ADMIN_EDUCATOR) if name == "Small" else client_for(world)
        with django_assert_max_num_queries(45):  # type: ignore[attr-defined]
            answer = client.get(base(world), {"show": ""})
        assert answer.status_code == 200
        assert answer.content.count(b'role="rowheader"') <= 50 + 5  # a page of children, and the latest runs


def client_for(world: World) -> Client:
    person = Person.objects.get()
    give_role(person, world.service, RoleName.ADMIN_EDUCATOR, by=OPERATOR, now=world.now)
    client = Client()
    client.force_login(person, backend="allauth.account.auth_backends.AuthenticationBackend")
    return client


CHANGES = [
    "sync-now/",
    "settings/window/",
    "settings/time-zone/",
    "settings/limits/",
    "who-may-change/",
    "off/",
    "on/",
    "switch/stay/",
    "held/",
    "children/ana/choose/",
]


@pytest.mark.parametrize("address", CHANGES)
def test_an_educator_cannot_change_by_address(world: World, address: str) -> None:
    """D22."""
    world.enrol("Ana")
    world.set_up()
    before = world.snapshot()
    for role in (RoleName.EDUCATOR, RoleName.MANAGE_STAFF):
        answer = visitor(world, role).post(f"{base(world)}{address}", {"answer": "dont-add"})
        assert answer.status_code == 403
        assert b"Contact support" in answer.content
        assert b"admin educator" in answer.content
    assert world.snapshot() == before
    assert not scope(Choice, world.service).exists()


@pytest.mark.parametrize("address", ["", "runs/", "forecast/", "children/ana/", *CHANGES])
def test_another_service_s_addresses_are_not_there(world: World, address: str) -> None:
    world.enrol("Ana")
    world.set_up()
    other = World("Tōtara House")
    client = visitor(other, RoleName.ADMIN_EDUCATOR)
    for answer in (client.get(f"{base(world)}{address}"), client.post(f"{base(world)}{address}")):
        assert answer.status_code in (404, 405)
    assert client.get(f"{base(world)}{address}").status_code in (404, 405)


def test_a_run_of_another_service_is_not_there(world: World) -> None:
    world.enrol("Ana")
    run = world.set_up()
    other = World("Tōtara House")
    client = visitor(other, RoleName.ADMIN_EDUCATOR)
    assert client.get(f"{base(other)}runs/{run.pk}/").status_code == 404
    assert Run.objects.filter(pk=run.pk).exists()


def test_support_pages_are_not_there_for_others(world: World) -> None:
    client = visitor(world, RoleName.ADMIN_EDUCATOR)
    assert client.get("/support/").status_code == 404
    assert client.post(f"/support/{world.service.slug}/enable/").status_code == 403


def test_without_signing_in_there_is_only_the_sign_in_page(world: World) -> None:
    for address in (base(world), f"/manage/{world.service.slug}/", "/support/", "/"):
        answer = Client().get(address)
        assert answer.status_code == 302
        assert answer["Location"].startswith("/accounts/login/?next=/")


def test_a_form_from_elsewhere_is_refused(world: World) -> None:
    person = Person.objects.create_user("ana@example.org", "Ana")
    give_role(person, world.service, RoleName.ADMIN_EDUCATOR, by=OPERATOR, now=world.now)
    client = Client(enforce_csrf_checks=True)
    client.force_login(person, backend="allauth.account.auth_backends.AuthenticationBackend")
    answer = client.post(f"{base(world)}off/")
    assert answer.status_code == 403
    assert b"send it once more" in answer.content


def test_no_name_stands_in_an_address(world: World) -> None:
    world.enrol("Mānaia", child_id="odd id/ü")
    world.set_up()
    page = visitor(world, RoleName.ADMIN_EDUCATOR).get(base(world)).content.decode()
    assert f"{base(world)}children/odd~20id~2F~C3~BC/" in page
    answer = visitor(world, RoleName.EDUCATOR).get(f"{base(world)}children/odd~20id~2F~C3~BC/")
    assert "Mānaia" in answer.content.decode()
    assert visitor(world, RoleName.MANAGE_STAFF).get(f"{base(world)}children/~FF/").status_code == 404


def test_support_is_told_before_it_is_enabled() -> None:
    organisation = Organisation.objects.create(name="Kauri")
    service = add_service(organisation, "Kauri House", "Pacific/Auckland", by=OPERATOR, now=TUESDAY)
    storypark.account(service)
    person = Person.objects.create_user("ana@example.org", "Ana")
    give_role(person, service, RoleName.ADMIN_EDUCATOR, by=OPERATOR, now=TUESDAY)
    client = Client()
    client.force_login(person, backend="allauth.account.auth_backends.AuthenticationBackend")
    answer = client.get(f"/storypark/{service.slug}/integrations/")
    assert b"Support switches it on" in answer.content
    assert b"Contact support" in answer.content
    assert client.get(f"/storypark/{service.slug}/integrations/forecast/").status_code == 200
    assert not Integration.objects.filter(service=service).exists()
