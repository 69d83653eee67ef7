"""Two ends that know one field more than others do: it is synced like any other (D11, D20)."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import timedelta

import pytest

from parkway.connectors.in_memory import Enrolment, MemoryProfiles, MemoryRoster
from parkway.connectors.ports import ProfilesAnswer, ServiceQuery
from parkway.domain import ALL_FIELDS, Booking, BookingKind, BookingState, Details, Step
from parkway.sync.commands import changes, setup
from parkway.sync.models import Entry, Run
from parkway.sync.queries import plan_diff
from parkway.sync.queries.previews import plan_now
from parkway.sync.run.pipeline import RunContext, run_sync
from parkway.tenancy.people import OPERATOR
from parkway.tenancy.scope import scope
from tests.ends import give
from tests.stories.world import SINCE, World

pytestmark = pytest.mark.django_db

PLAN = "allergy_plan"
BOOKED = [Booking(BookingKind.PERMANENT, BookingState.CONFIRMED, SINCE, None)]


class ProfilesWithPlans(MemoryProfiles):
    """A profiles' end that keeps allergy plans."""

    def read(self, asks: Sequence[ServiceQuery]) -> Mapping[int, ProfilesAnswer]:
        return {key: _with_plans(answer) for key, answer in super().read(asks).items()}


def _with_plans(answer: ProfilesAnswer) -> ProfilesAnswer:
    known = {key: profile._replace(supplied=ALL_FIELDS | {PLAN}) for key, profile in answer.profiles.items()}
    return answer._replace(profiles=known)


class Kept:
    """A service whose two ends know allergy plans."""

    def __init__(self) -> None:
        self.world = World()
        self.service = self.world.service
        self.roster = MemoryRoster(self.service.pk)
        self.profiles = ProfilesWithPlans(self.service.pk)
        self.profiles.set_paid_children(self.service.pk, 10, OPERATOR, self.world.now)
        give(self.service, roster=self.roster, profiles=self.profiles)
        self.supply(Details("Mānaia", "Hohepa", more=((PLAN, "EpiPen in the office"),)))
        now = self.world.now
        setup.accept_proposals(self.service, OPERATOR, now)
        fingerprint = plan_now(self.service, now).fingerprint
        changes.confirm(self.service, changes.StartSyncing(), fingerprint, OPERATOR, now)

    def supply(self, details: Details, supplied: frozenset[str] = ALL_FIELDS | {PLAN}) -> None:
        """Let the roster say this of the child."""
        self.roster.put(self.service.pk, "c1", Enrolment(details, BOOKED, supplied=supplied))

    def run(self) -> Run:
        self.world.now += timedelta(hours=12)
        run = run_sync(self.service.pk, RunContext(self.world.now))
        assert run is not None
        assert run.converged
        return run

    @property
    def profile(self) -> Details:
        query = ServiceQuery(self.service.pk, self.world.today, self.service.window)
        [profile] = self.profiles.read([query])[self.service.pk].profiles.values()
        return profile.details

    @property
    def told(self) -> dict[str, list[str]]:
        """The changes that the journal tells last."""
        entry = scope(Entry, self.service).order_by("-at", "-pk").first()
        return json.loads(entry.changes) if entry and entry.changes else {}


@pytest.fixture
def kept() -> Kept:
    return Kept()


def test_a_new_profile_gets_it(kept: Kept) -> None:
    assert kept.profile == Details("Mānaia", "Hohepa", more=((PLAN, "EpiPen in the office"),))


def test_a_change_is_written_and_told(kept: Kept) -> None:
    kept.supply(Details("Mānaia", "Hohepa", more=((PLAN, "Antihistamine"),)))
    shown = plan_diff.outline(plan_now(kept.service, kept.world.now))
    run = kept.run()

    assert run.counts[Step.UPDATE.value] == 1
    assert kept.profile.more == ((PLAN, "Antihistamine"),)
    assert kept.told == {PLAN: ["EpiPen in the office", "Antihistamine"]}
    kept.supply(Details("Mānaia", "Hohepa", more=((PLAN, "None needed"),)))
    plan = plan_now(kept.service, kept.world.now)
    assert plan.fingerprint != shown["fingerprint"]
    assert [each.text for each in plan_diff.differences(shown, plan)] == [
        "still has the profile updated, but with other details or another profile"
    ]


def test_it_is_cleared_when_it_is_supplied_empty(kept: Kept) -> None:
    kept.supply(Details("Mānaia", "Hohepa", more=((PLAN, ""),)))
    kept.run()

    assert kept.profile.more == ()
    assert kept.told == {PLAN: ["EpiPen in the office", ""]}
    assert run_sync(kept.service.pk, RunContext(kept.world.now)) is None


def test_it_is_left_alone_when_the_roster_does_not_supply_it(kept: Kept) -> None:
    kept.supply(Details("Mānaia", "Smith"), supplied=ALL_FIELDS)
    kept.run()

    assert kept.profile == Details("Mānaia", "Smith", more=((PLAN, "EpiPen in the office"),))
    assert set(kept.told) == {"last_name"}


def test_an_end_that_does_not_know_it_is_never_told_to_change(kept: Kept) -> None:
    service, now = kept.service, kept.world.now
    other = MemoryProfiles(service.pk)
    other.set_paid_children(service.pk, 10, OPERATOR, now)
    profile = kept.profiles.read([_ask(kept)])[service.pk].profiles["P-1"]
    other.put(service.pk, profile._replace(supplied=ALL_FIELDS))
    give(service, roster=kept.roster, profiles=other)
    kept.supply(Details("Mānaia", "Hohepa", more=((PLAN, "Antihistamine"),)))

    assert plan_now(service, now).changes_nothing


def _ask(kept: Kept) -> ServiceQuery:
    return ServiceQuery(kept.service.pk, kept.world.today, kept.service.window)
