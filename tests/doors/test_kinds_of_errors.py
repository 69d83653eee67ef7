"""Each kind of error at each door: the status of a page, the field of a form, the exit code of a command."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from django.test import Client
from django.urls import reverse

import parkway
from parkway.cli import app
from parkway.domain import (
    KINDS,
    Conflict,
    Forbidden,
    Invalid,
    NotFound,
    Refused,
    SourceSilent,
    kind_of,
)
from parkway.manage.models import Room
from parkway.storypark import verbs as storypark
from parkway.sync.commands import lifecycle
from parkway.tenancy.models import Person, RoleName
from parkway.tenancy.people import OPERATOR, Actor
from parkway.tenancy.scope import scope
from parkway.tenancy.verbs import give_role
from parkway.web import errors
from tests.stories.world import World

SOURCE = Path(parkway.__file__).parent


def parsed() -> Iterator[tuple[Path, ast.AST]]:
    """All of the product's code, also what needs PostgreSQL to be imported."""
    for path in SOURCE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            yield path, node


def called(node: ast.AST | None) -> str:
    """The last part of a name."""
    return ast.unparse(node).split(".")[-1] if node else ""


# The two tables ------------------------------------------------------------------------------------------


def test_every_kind_has_a_page_and_an_exit_code() -> None:
    """Whatever class of errors there is: it is one of the five, or refines one of them."""
    assert errors.PAGES.keys() == app.EXIT_CODES.keys() == set(KINDS)
    classes = {node.name: node.bases for _, node in parsed() if isinstance(node, ast.ClassDef)}
    refused, known = {"Refused"}, 0
    while len(refused) > known:
        known = len(refused)
        refused |= {name for name, bases in classes.items() if refused.intersection(map(called, bases))}
    assert {"PlanChanged", "BadFiles"} < refused
    of_its_own = {name for name in refused if "Refused" in map(called, classes[name])}
    assert of_its_own == {kind.__name__ for kind in KINDS}


def test_nothing_is_refused_without_a_kind() -> None:
    """The class that all kinds have in common is caught, and never made."""
    found = [
        f"{path.relative_to(SOURCE)}:{node.lineno}"
        for path, node in parsed()
        if (isinstance(node, ast.Call) and called(node.func) == "Refused")
        or (isinstance(node, ast.Raise) and called(node.exc) == "Refused")
    ]
    assert found == []


# Pages ---------------------------------------------------------------------------------------------------


@pytest.fixture
def world(db: None) -> World:
    return World()


def signed_in(world: World, role: RoleName) -> Client:
    someone = Person.objects.create_user(f"{role.value}@example.org", "Somebody")
    give_role(someone, world.service, role, by=OPERATOR, now=world.now)
    client = Client()
    client.force_login(someone, backend="allauth.account.auth_backends.AuthenticationBackend")
    return client


def told(answer: object, status: int, title: str, sentence: str) -> None:
    assert answer.status_code == status  # type: ignore[attr-defined]
    page = answer.content.decode()  # type: ignore[attr-defined]
    assert f"<h1>{title}</h1>" in page.replace("&#x27;", "'")
    assert sentence in page
    assert reverse("contact") in page, "how to reach support"
    assert reverse("home") in page, "the way out"


def test_a_run_that_is_not_there_is_not_found(world: World) -> None:
    answer = signed_in(world, RoleName.EDUCATOR).get(reverse("run", args=[world.service.slug, 9_999]))
    told(answer, 404, "Page not found", f"{world.service.name} has no run “9999”")


def test_a_permission_that_is_taken_away_meanwhile_is_forbidden(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """D22."""
    world.set_up()
    lifecycle.allow_educators(world.service, True, OPERATOR, world.now)
    ask = lifecycle.ask_to_sync

    def too_late(service: object, by: Actor) -> None:
        lifecycle.allow_educators(world.service, False, OPERATOR, world.now)
        ask(world.service, by)

    monkeypatch.setattr(lifecycle, "ask_to_sync", too_late)
    answer = signed_in(world, RoleName.EDUCATOR).post(reverse("sync-now", args=[world.service.slug]))
    told(answer, 403, "You can't do that here", "Ask an admin educator of the service.")


def test_what_the_stage_stands_against_is_a_conflict(world: World) -> None:
    answer = signed_in(world, RoleName.ADMIN_EDUCATOR).post(reverse("sync-now", args=[world.service.slug]))
    told(answer, 409, "That was not done", "set it up first")


def test_wrong_input_that_no_form_shows_is_told_on_a_page(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def with_a_nameless_room(service: object, by: Actor) -> None:
        storypark.add_room(world.service, " ", by=OPERATOR, now=world.now)

    monkeypatch.setattr(lifecycle, "ask_to_sync", with_a_nameless_room)
    answer = signed_in(world, RoleName.ADMIN_EDUCATOR).post(reverse("sync-now", args=[world.service.slug]))
    told(answer, 422, "That was not done", "A room needs a name.")


def test_an_end_that_is_silent_cannot_answer_now(world: World) -> None:
    """D8."""
    world.enrol("Ana")
    world.set_up()
    world.child("ana").delete()
    answer = signed_in(world, RoleName.EDUCATOR).get(reverse("forecast", args=[world.service.slug]))
    told(answer, 503, "That can't be done just now", "no children")
    assert answer["Retry-After"] == "60"
    assert "no-store" in answer["Cache-Control"]


# Forms ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("address", "form", "fields"),
    [
        ("manage/{slug}/children/add/", {"gender": "girl"}, {"first_name", "last_name"}),
        ("manage/{slug}/children/add/", {"first_name": "Ana", "new_room": "a;b"}, {"new_room"}),
        ("manage/{slug}/children/add/", {"first_name": "Ana", "gender": "gi\u2028rl"}, {"gender"}),
        ("manage/{slug}/rooms/", {"name": "Tūī"}, {"name"}),
        ("manage/{slug}/children/{ana}/archive/", {"on": "{tomorrow}"}, {"on"}),
        (
            "manage/{slug}/children/{ana}/book/casual/",
            {"starts_on": "2026-02-03", "ends_on": "2026-02-02", "state": "confirmed"},
            {"ends_on"},
        ),
    ],
)
def test_a_form_in_manage_shows_wrong_input_at_its_fields(
    world: World, address: str, form: dict[str, str], fields: set[str]
) -> None:
    Room.objects.create(service=world.service, name="Tūī")
    world.enrol("Ana")
    named = {
        "slug": world.service.slug,
        "ana": world.child("ana").pk,
        "tomorrow": world.today + timedelta(days=400),
    }
    sent = {name: value.format(**named) for name, value in form.items()}
    answer = signed_in(world, RoleName.MANAGE_STAFF).post(f"/{address.format(**named)}", sent)
    assert answer.status_code == 200
    assert set(answer.context["form"].errors) == fields


@pytest.mark.parametrize(
    ("address", "form", "fields"),
    [
        ("children/new/", {"gender": "girl"}, {"first_name", "last_name"}),
        ("rooms/", {"name": "Kōwhai"}, {"name"}),
        ("account/paid-children/", {"number": "0"}, {"number"}),
        ("children/new/", {"first_name": "Ida"}, {"__all__"}),  # the plan is full: that is no field's fault
    ],
)
def test_a_form_in_storypark_shows_wrong_input_at_its_fields_and_a_conflict_above(
    world: World, address: str, form: dict[str, str], fields: set[str]
) -> None:
    storypark.add_room(world.service, "Kōwhai", by=OPERATOR, now=world.now)
    world.portfolio("Ana")
    world.pay_for(1)
    client = signed_in(world, RoleName.ADMIN_EDUCATOR)
    answer = client.post(f"/storypark/{world.service.slug}/{address}", form)
    assert answer.status_code == 200
    assert set(answer.context["form"].errors) == fields


# The command line ----------------------------------------------------------------------------------------


def ends_with(*words: str) -> int:
    """How the command ends, in this process and on the database of the test."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(sys, "argv", ["parkway", *words])
        with pytest.raises(SystemExit) as ended:
            app.main()
    return int(str(ended.value.code))


@pytest.mark.parametrize(
    ("kind", "code", "words", "sentence"),
    [
        (NotFound, 2, "sync nowhere", "No service is called “nowhere”"),
        (NotFound, 2, "why rimu-kindergarten nobody", "has no child with the id nobody"),
        (Invalid, 2, "paid-children rimu-kindergarten 0 --yes", "Archive 1 in Manage first"),
        (Invalid, 2, "keep-until rimu-kindergarten ana 2020-01-01", "has passed"),
        (Forbidden, 5, "sync rimu-kindergarten --as eru@example.org", "Ask an admin educator"),
        (Conflict, 6, "approve rimu-kindergarten", "No run of Rimu Kindergarten is held."),
        (Conflict, 6, "switch rimu-kindergarten stay --yes 0123456789abcdef", "changed since this was shown"),
        (SourceSilent, 3, "forecast rimu-kindergarten", "no children"),
    ],
)
def test_a_command_ends_with_the_code_of_the_kind(
    world: World,
    capsys: pytest.CaptureFixture[str],
    kind: type[Refused],
    code: int,
    words: str,
    sentence: str,
) -> None:
    world.enrol("Ana")
    world.set_up()
    give_role(
        Person.objects.create_user("eru@example.org", "Eru"),
        world.service,
        RoleName.EDUCATOR,
        by=OPERATOR,
        now=world.now,
    )
    if kind is SourceSilent:
        scope(type(world.child("ana")), world.service).delete()
    assert ends_with(*words.split()) == code == app.EXIT_CODES[kind]
    said = capsys.readouterr().err
    assert said.startswith("parkway: ")
    assert sentence in said


def test_the_codes_are_told_where_people_look(capsys: pytest.CaptureFixture[str]) -> None:
    page = (SOURCE.parent.parent / "docs" / "commands.md").read_text(encoding="utf-8")
    epilog = app.parkway.epilog or ""
    for code in {0, 4, 70, 130, *app.EXIT_CODES.values()}:
        assert f"| {code} | " in page
        assert f"{code} " in epilog


def test_a_kind_is_found_also_for_what_refines_it() -> None:
    class Fuller(Conflict):
        pass

    assert kind_of(Fuller("The plan is full.")) is Conflict
    assert kind_of(Invalid("Bad.", fields=["name"])) is Invalid
    assert Invalid("Bad.", fields=["name"]).fields == ("name",)
