"""Which ends a service has is data: ends that cannot be used, and rosters outside our database."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pytest
from django.db import connection

from parkway.connectors import registry
from parkway.connectors.csv_files import Files
from parkway.connectors.end_settings import Setting, SettingKind
from parkway.connectors.in_memory import MemoryRoster
from parkway.connectors.manage_here import ManageHere
from parkway.connectors.ports import RosterAnswer, ServiceQuery
from parkway.connectors.storypark_here import StoryparkHere
from parkway.domain import (
    Booking,
    ChoiceKind,
    Conflict,
    EndNames,
    EndUnusable,
    InactivePolicy,
    Invalid,
    Refused,
    Status,
)
from parkway.storypark import verbs as storypark
from parkway.sync.commands import changes, choices
from parkway.sync.commands.choose_ends import ChosenEnd, choose_ends
from parkway.sync.commands.file_import import preview_files, take_files
from parkway.sync.ends import connectors_for, names_of
from parkway.sync.models import Integration, Notice, Run, RunState, Trigger
from parkway.sync.queries.service_status import service_statuses
from parkway.sync.schedule.fleet import Pass
from parkway.tenancy.models import ChangeLogEntry, RoleName
from parkway.tenancy.people import OPERATOR
from parkway.tenancy.scope import scope
from tests.ends import give
from tests.stories.world import World, due_worlds

OUTSIDE = EndNames("QikKids", "Storypark")


class OutsideManage(ManageHere):
    """A roster that must not be asked inside a transaction, and notes what it is asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def versions(self, asks: Sequence[ServiceQuery]) -> Mapping[int, int | None]:
        self._note("versions")
        return super().versions(asks)

    def read(self, asks: Sequence[ServiceQuery]) -> Mapping[int, RosterAnswer]:
        self._note("read")
        return super().read(asks)

    def bookings(self, ask: ServiceQuery) -> Mapping[str, Sequence[Booking]]:
        self._note("bookings")
        return super().bookings(ask)

    def _note(self, question: str) -> None:
        assert not connection.in_atomic_block, f"{question} was asked inside a transaction"
        self.asked.append(question)


def run_of(world: World) -> Run:
    found = scope(Run, world.service).order_by("-pk").first()
    assert found is not None
    return found


# Ends that cannot be used ----------------------------------------------------------------------------------


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("columns", "told"),
    [
        ({"roster_end": "gone"}, "No end “gone” is installed here."),
        ({"profiles_end": "gone"}, "No end “gone” is installed here."),
        ({"roster_end": "csv-files"}, "“children” (File of the children) is missing."),
        ({"roster_settings": '{"key": 1}'}, "It has no setting “key”. It has none."),
        ({"roster_settings": "no JSON"}, "Manage cannot be used with its settings here."),
        ({"roster_settings": "[]"}, "They are no settings."),
    ],
)
def test_a_service_whose_end_cannot_be_used_is_stopped_and_others_go_on(
    columns: dict[str, str], told: str
) -> None:
    rimu, miro, tawa = due_worlds("Rimu", "Miro", "Tawa")
    Integration.objects.filter(service=miro.service).update(**columns)
    done = list(Pass(clock=lambda: rimu.now))

    assert sum(each.services for each in done) == 3
    assert [rimu.state("ben"), miro.state("ben"), tawa.state("ben")] == ["live", None, "live"]
    run = run_of(miro)
    assert run.state == RunState.STOPPED
    assert told in run.message
    assert "It is tried again" in run.message
    assert told in Notice.objects.get(service=miro.service).text
    assert len(service_statuses([rimu.service, miro.service, tawa.service])) == 3


@pytest.mark.django_db
def test_an_end_whose_package_is_broken_stops_its_services_only(monkeypatch: pytest.MonkeyPatch) -> None:
    from importlib.metadata import EntryPoint

    broken = EntryPoint("broken", "no.such.module:END", registry.ROSTERS)
    none = EntryPoint("none", "parkway.domain:Refused", registry.ROSTERS)
    rosters = {point.name: registry._load(point) for point in (broken, none)}
    monkeypatch.setattr(registry, "rosters", lambda: rosters)

    with pytest.raises(EndUnusable, match="ModuleNotFoundError"):
        registry.connect_roster("broken", "{}")
    with pytest.raises(EndUnusable, match="is no End"):
        registry.connect_roster("none", "{}")


@pytest.mark.django_db
def test_profiles_outside_our_database_are_not_yet_possible(world: World) -> None:
    give(world.service, profiles=StoryparkHere(), in_transaction=False)
    slug = world.integration.profiles_end

    with pytest.raises(EndUnusable, match="not yet possible"):
        connectors_for(world.integration)
    with pytest.raises(Invalid, match="not yet possible"):
        choose_ends(world.service, None, ChosenEnd(slug, {}), OPERATOR, world.now)


@pytest.mark.django_db
def test_an_end_that_is_not_installed_is_called_by_its_slug(world: World) -> None:
    Integration.objects.filter(service=world.service).update(roster_end="gone")
    assert names_of(world.integration) == EndNames("gone", "Storypark")


@pytest.mark.django_db
def test_files_are_not_taken_over_where_children_come_from_elsewhere(world: World) -> None:
    files = Files([], {}, [], {}, frozenset(), [])
    give(world.service, roster=MemoryRoster(world.service.pk), called=OUTSIDE)
    for take in (take_files, preview_files):
        with pytest.raises(Conflict, match="of Rimu Kindergarten come from QikKids; import there"):
            take(world.service, files, OPERATOR, world.now)


# Settings --------------------------------------------------------------------------------------------------

DESCRIBED = (
    Setting("site", "Number of the site", SettingKind.NUMBER),
    Setting("archived", "With archived children", SettingKind.YES_NO, required=False),
    Setting("key", "Key", secret=True),
)


def stored(**given: str) -> str:
    from parkway.connectors.end_settings import from_text

    end = registry.End("QikKids", lambda settings: ManageHere(), settings=DESCRIBED)
    return registry.as_stored(end, from_text(end.settings, given))


def test_settings_are_checked_and_a_secret_is_only_the_name_of_a_variable(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("QIKKIDS_KEY", "s3cret")
    assert stored(site="12", archived="Yes", key="QIKKIDS_KEY") == (
        '{"archived": true, "key": "QIKKIDS_KEY", "site": 12}'
    )
    assert stored(site="12", archived="", key="QIKKIDS_KEY") == '{"key": "QIKKIDS_KEY", "site": 12}'
    for given, told in [
        ({"key": "QIKKIDS_KEY"}, "“site” .Number of the site. is missing"),
        ({"site": "twelve", "key": "QIKKIDS_KEY"}, "“site” .Number of the site. is a number"),
        ({"site": "1", "archived": "maybe", "key": "QIKKIDS_KEY"}, "is yes or no"),
        ({"site": "1", "key": "s3cret"}, "is a secret and is not kept here"),
        ({"site": "1", "key": "NOT_THERE"}, "is to come from NOT_THERE, which is not set here"),
        ({"site": "1", "key": "QIKKIDS_KEY", "sitte": "2"}, "no setting “sitte”. There are site, archived"),
    ]:
        with pytest.raises(Refused, match=told):
            stored(**given)


def test_the_end_is_given_what_the_variable_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QIKKIDS_KEY", "s3cret")
    seen: list[Mapping[str, object]] = []

    def connect(settings: Mapping[str, object]) -> ManageHere:
        seen.append(settings)
        return ManageHere()

    end = registry.End("QikKids", connect, settings=DESCRIBED)
    monkeypatch.setitem(registry.rosters(), "qikkids-secret", end)
    registry.connect_roster("qikkids-secret", stored(site="12", key="QIKKIDS_KEY"))

    assert seen == [{"site": 12, "key": "s3cret"}]


# Choosing ends ---------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_ends_are_chosen_by_support_while_syncing_is_off(world: World) -> None:
    files = {"children": "/srv/children.csv", "bookings": "/srv/bookings.csv"}
    chosen = ChosenEnd("csv-files", files)
    with pytest.raises(Refused, match="is syncing, so its ends stay"):
        choose_ends(world.service, chosen, None, OPERATOR, world.now)
    changes.confirm(world.service, changes.TurnOff(), "", OPERATOR, world.now)
    with pytest.raises(Refused, match="support"):
        choose_ends(world.service, chosen, None, world.person("Ana", RoleName.ADMIN_EDUCATOR), world.now)
    with pytest.raises(Refused, match=r"“bookings” .File of their bookings. is missing"):
        choose_ends(world.service, ChosenEnd("csv-files", {"children": "x"}), None, OPERATOR, world.now)
    with pytest.raises(Refused, match="No end “gone” is installed"):
        choose_ends(world.service, ChosenEnd("gone", {}), None, OPERATOR, world.now)
    assert world.integration.roster_end == "manage"

    choose_ends(world.service, chosen, None, OPERATOR, world.now)
    assert (world.integration.roster_end, world.integration.profiles_end) == ("csv-files", "storypark")
    assert names_of(world.integration) == EndNames("CSV files", "Storypark")
    (entry,) = scope(ChangeLogEntry, world.service).filter(verb="choose_ends")
    assert entry.changes["roster_end"] == ["manage", "csv-files"]


@pytest.mark.django_db
def test_an_end_that_cannot_be_used_is_replaced_while_syncing_is_on(world: World) -> None:
    Integration.objects.filter(service=world.service).update(roster_end="gone")
    choose_ends(world.service, ChosenEnd("manage", {}), None, OPERATOR, world.now)
    assert world.sync() is not None


# Rosters outside our database ------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_a_roster_outside_our_database_is_never_asked_inside_a_transaction() -> None:
    world = World()
    roster = OutsideManage()
    give(world.service, roster=roster, called=OUTSIDE, in_transaction=False)
    world.enrol("Ana")
    world.set_up()
    assert world.state("ana") == "live"

    ben = world.enrol("Ben")
    assert world.sync() is not None
    assert world.state(ben) == "live"
    world.leave(ben)
    world.choose(ben, ChoiceKind.DONT_ADD)
    world.stay()
    world.let_leave()
    roster.asked.clear()
    world.later(hours=13)
    list(Pass(clock=lambda: world.now))
    assert "versions" in roster.asked
    assert run_of(world).state == RunState.DONE


@pytest.mark.django_db(transaction=True)
def test_a_run_asked_for_by_a_choice_asks_such_a_roster_first_too() -> None:
    """It begins inside the work that asked for it, once the transaction of that work is over."""
    world = World()
    give(world.service, roster=OutsideManage(), called=OUTSIDE, in_transaction=False)
    ana = world.enrol("Ana")
    world.set_up()
    choices.keep_until(world.service, ana, world.today, OPERATOR, world.now)
    run = run_of(world)
    assert (run.trigger, run.state) == (Trigger.CHOICE, RunState.DONE)


class ManageThatMovesOn(OutsideManage):
    """A roster in which something happens right after it was read, once."""

    def __init__(self) -> None:
        super().__init__()
        self.happens: list[Callable[[], object]] = []

    def read(self, asks: Sequence[ServiceQuery]) -> Mapping[int, RosterAnswer]:
        found = super().read(asks)
        while self.happens:
            self.happens.pop()()
        return found


@pytest.mark.django_db(transaction=True)
def test_what_happens_in_such_a_roster_while_it_is_read_is_not_lost() -> None:
    world, roster = World(), ManageThatMovesOn()
    give(world.service, roster=roster, called=OUTSIDE, in_transaction=False)
    world.enrol("Ana")
    world.set_up()
    switch = changes.SwitchPolicy(InactivePolicy.STAY)
    shown = world.shown(switch)
    roster.happens.append(lambda: world.enrol("Ben"))
    world.confirmed(switch, shown.fingerprint)
    world.later(hours=13)
    list(Pass(clock=lambda: world.now))
    assert world.state("ben") == "live"


@pytest.mark.django_db(transaction=True)
def test_a_pass_runs_a_service_with_such_a_roster_apart_from_the_others() -> None:
    rimu, miro, tawa = due_worlds("Rimu", "Miro", "Tawa")
    roster = OutsideManage()
    give(miro.service, roster=roster, called=OUTSIDE, in_transaction=False)
    done = list(Pass(clock=lambda: rimu.now))

    assert [world.state("ben") for world in (rimu, miro, tawa)] == ["live"] * 3
    assert [each.services for each in done] == [1, 2]
    assert set(roster.asked) == {"versions", "read"}


@pytest.mark.django_db(transaction=True)
def test_what_is_read_in_csv_files_is_synced(tmp_path: Path) -> None:
    world = World()
    children, bookings = tmp_path / "children.csv", tmp_path / "bookings.csv"
    children.write_text("child_id,first_name,last_name,date_of_birth\nK1,Ana,Ngata,2022-03-04\n")
    bookings.write_text("child_id,kind,state,starts_on\nK1,permanent,confirmed,2026-02-03\n")
    files = {"children": str(children), "bookings": str(bookings)}
    choose_ends(world.service, ChosenEnd("csv-files", files), None, OPERATOR, world.now)
    world.set_up()
    assert world.state("K1") == "live"
    assert world.why("K1").status == Status.ACTIVE

    children.unlink()
    run = world.sync_fully()
    assert run.state == RunState.STOPPED
    assert "The roster cannot be read" in run.message
    assert storypark.live_profiles(world.service) == 1
