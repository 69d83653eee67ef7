"""A service whose children and profiles are in other systems reads the names of those."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

import pytest
from click.testing import CliRunner
from django.test import Client
from django.urls import reverse

from parkway.cli import setup_django
from parkway.cli.app import parkway
from parkway.connectors.manage_here import ManageHere
from parkway.connectors.ports import RosterAnswer, ServiceQuery
from parkway.connectors.storypark_here import StoryparkHere
from parkway.domain import Choice, ChoiceKind, EndNames, Refused
from parkway.manage import verbs as manage
from parkway.sync.commands import changes, choices, setup_choices
from parkway.sync.models import Entry, Notice, Run, RunState
from parkway.sync.queries import explain, plan_diff
from parkway.sync.queries.impact import impact_of
from parkway.sync.queries.previews import plan_now
from parkway.tenancy.models import Person, RoleName
from parkway.tenancy.people import OPERATOR
from parkway.tenancy.scope import scope
from parkway.tenancy.verbs import give_role
from tests.ends import give
from tests.stories.world import World

pytestmark = pytest.mark.django_db

NEW = Choice(ChoiceKind.NEW)
NAMES = EndNames("QikKids", "Kinderloop")
OWN = re.compile(r"\b(Manage|Storypark)\b")
OF_EVERY_PAGE = "Parkway is independent of the makers of Storypark and not affiliated with them."


class Silent(ManageHere):
    """A roster that answers with nobody."""

    def read(self, asks: Sequence[ServiceQuery]) -> Mapping[int, RosterAnswer]:
        return {key: found._replace(children=[]) for key, found in super().read(asks).items()}


@pytest.fixture
def world() -> World:
    """Ana, Ben and Cleo are Active, and one profile is alike; the plan pays for three children."""
    world = World(paid=3)
    give(world.service, roster=ManageHere(), profiles=StoryparkHere(), called=NAMES)
    for name in ("Ana", "Ben", "Cleo"):
        world.enrol(name, rooms=["Kiwi"])
    world.portfolio("Ana", born=None)
    return world


def visitor(world: World) -> Client:
    person = Person.objects.create_user("ana@example.org", "Ana")
    give_role(person, world.service, RoleName.ADMIN_EDUCATOR, by=OPERATOR, now=world.now)
    client = Client()
    client.force_login(person, backend="allauth.account.auth_backends.AuthenticationBackend")
    return client


def pages(world: World, client: Client, *names: str, **where: str) -> Iterator[str]:
    """Pages of the service, as they are told to somebody who reads them."""
    for name in names:
        address = reverse(name, args=[world.service.slug, *where.values()])
        answer = client.get(address, follow=True)
        assert answer.status_code == 200, address
        yield f"{address}: {answer.content.decode().replace(OF_EVERY_PAGE, '')}"


def own_names_in(text: str) -> list[str]:
    """Every place where one of Parkway's own ends is named, with what stands around it."""
    return [text[max(0, m.start() - 60) : m.end() + 40] for m in OWN.finditer(text)]


def test_no_page_of_set_up_names_parkways_own_ends(world: World) -> None:
    client = visitor(world)
    seen = list(pages(world, client, "integrations", "setup", "setup-rooms", "setup-summary"))
    seen += pages(world, client, "setup-child", child="ana")
    refreshed = client.post(reverse("setup-refresh", args=[world.service.slug]), follow=True)
    seen.append(refreshed.content.decode().replace(OF_EVERY_PAGE, ""))
    world.set_up({"ana": NEW})
    seen += pages(world, client, "setup-done")

    assert [found for page in seen for found in own_names_in(page)] == []
    assert "Syncing with QikKids" in seen[0]
    assert "Read from QikKids again" in seen[-2]


def test_nothing_that_a_service_is_told_names_parkways_own_ends(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = visitor(world)
    world.set_up({"ana": NEW})
    assert world.waiting() == ["cleo"]
    world.pay_for(20)
    world.enrol_several(6)
    world.sync_fully()
    world.leave("ben")
    world.archive("cleo")
    world.sync_fully()
    manage.remove_child(manage.find_child(world.service, "ana"), by=OPERATOR, now=world.now)
    assert world.sync_fully().state == RunState.DONE
    assert world.decided("ana") == ("hold", "missing-from-source")
    for number in range(5):
        world.archive(f"kid{number:02}")
    assert world.sync_fully().state == RunState.HELD
    seen = list(pages(world, client, "integrations", "held", "runs", "forecast", "turn-off"))
    seen += pages(world, client, "switch", policy="stay")
    for child_id in ("ana", "ben", "cleo", "kid05"):
        seen += pages(world, client, "why", child=child_id)
    for run in scope(Run, world.service):
        seen += pages(world, client, "run", pk=str(run.pk))
    seen += commands(world, monkeypatch)
    give(world.service, roster=Silent(), profiles=StoryparkHere(), called=NAMES)
    world.later(minutes=1)
    assert world.sync_fully().state == RunState.STOPPED
    seen += pages(world, client, "integrations")

    seen += scope(Run, world.service).values_list("message", flat=True)
    seen += scope(Notice, world.service).values_list("text", flat=True)
    seen += scope(Entry, world.service).values_list("because", flat=True)
    assert [found for text in seen for found in own_names_in(text)] == []
    together = " ".join(seen)
    for told in (
        "QikKids answered with no children at all",
        "QikKids no longer lists",
        "was archived in QikKids",
        "is Active in QikKids",
        "lets Inactive children leave Kinderloop",
        "Missing from QikKids",
    ):
        assert told in together


def commands(world: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """What commands print about the service."""
    monkeypatch.setattr(setup_django, "ready", lambda: None)
    slug = world.service.slug
    for words in (
        ("status", slug),
        ("why", slug, "ana", "--history"),
        ("forecast", slug),
        ("runs", slug),
        *(("runs", slug, "--run", str(run.pk)) for run in scope(Run, world.service)),
    ):
        result = CliRunner().invoke(parkway, words)
        assert result.exit_code == 0, (words, result.output, result.exception)
        yield result.output


def test_no_refusal_names_parkways_own_ends(world: World) -> None:
    service, now = world.service, world.now
    world.set_up({"ana": NEW})
    seen = []
    for refused in (
        lambda: choices.choose(service, "nobody", ChoiceKind.NEW, OPERATOR, now),
        lambda: choices.choose(service, "ana", ChoiceKind.KEEP, OPERATOR, now),
        lambda: choices.keep_until(service, "nobody", world.today, OPERATOR, now),
        lambda: choices.move_link(service, "ana", "nobody", OPERATOR, now),
        lambda: choices.move_link(service, "ana", "ben", OPERATOR, now),
        lambda: changes.preview(service, changes.ChangePaidChildren(1), now),
    ):
        with pytest.raises(Refused) as told:
            refused()
        seen.append(str(told.value))
    seen.append(str(explain.why_unknown(service, "zzz", None, now)))
    plan = plan_now(service, now)
    shown = plan_diff.outline(plan)
    shown["lines"]["gone"] = ["keep", ""]
    seen += [each.text for each in plan_diff.differences(shown, plan)]
    standing = plan.input.children[0].standing
    seen.append(impact_of(world.integration, "nobody", standing, None, now).sentence)

    assert [found for text in seen for found in own_names_in(text)] == []
    assert all("QikKids" in text for text in seen), seen


def test_a_refusal_about_rooms_names_the_ends_of_the_service(world: World) -> None:
    with pytest.raises(Refused, match="QikKids no longer has this room"):
        setup_choices.place_room(world.service, "0", "", OPERATOR, world.now)
