"""A small world to tell stories in: one service with children, bookings, profiles, and a clock to move."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from typing import Any

from django.test import TestCase

from parkway import domain
from parkway.connectors.manage_here import ManageHere
from parkway.connectors.ports import ProfilesAnswer, ProfileWrites, RosterAnswer, ServiceQuery, WriteResult
from parkway.connectors.storypark_here import StoryparkHere
from parkway.domain import ChoiceKind, Details, InactivePolicy, SourceSilent
from parkway.engine.plan import Plan, belonging
from parkway.manage import verbs as manage
from parkway.manage.models import Booking, Child
from parkway.storypark import verbs as storypark
from parkway.storypark.models import Account, Profile, Story
from parkway.sync.commands import changes, choices, lifecycle, setup
from parkway.sync.models import Entry, Integration, Link, Outbox, Run, Trigger
from parkway.sync.queries import explain, fleet_metrics, setup_lists
from parkway.sync.queries.previews import plan_now
from parkway.sync.run.pipeline import RunContext, run_sync
from parkway.sync.schedule import run_requests
from parkway.tenancy.models import Organisation, Person, RoleName, Service
from parkway.tenancy.people import OPERATOR, Actor, actor
from parkway.tenancy.scope import scope
from parkway.tenancy.verbs import add_service, give_role
from tests.ends import given

TUESDAY = datetime(2026, 11, 24, 1, tzinfo=UTC)  # two in the afternoon in Auckland
BORN = date(2022, 3, 4)
LONG_AGO = date(2026, 6, 30)  # an end of care far outside the active window
SINCE = date(2026, 2, 3)
WINDOW = 56


def days(number: int) -> timedelta:
    return timedelta(days=number)


class World:
    """One service on the real verbs and real runs, on a database. Children are named by their ids."""

    def __init__(
        self,
        name: str = "Rimu Kindergarten",
        paid: int = 20,
        organisation: Organisation | None = None,
        zone: str = "Pacific/Auckland",
        enabled: bool = True,
    ) -> None:
        owner = organisation or Organisation.objects.create(name=f"The owner of {name}")
        self.service: Service = add_service(owner, name, zone, by=OPERATOR, now=TUESDAY)
        self.now = TUESDAY
        storypark.set_paid_children(self.service, paid, by=OPERATOR, now=self.now)
        if enabled:
            lifecycle.enable(self.service, OPERATOR, self.now)

    # the clock

    @property
    def today(self) -> date:
        return self.service.today(self.now)

    def later(self, days: float = 0, **more: float) -> None:
        self.now += timedelta(days=days, **more)

    # Manage

    def enrol(
        self,
        first: str,
        last: str = "Hohepa",
        born: date | None = BORN,
        *,
        since: date | None = SINCE,
        until: date | None = None,
        rooms: Sequence[str] = (),
        preferred: str = "",
        child_id: str = "",
    ) -> str:
        """A child with one booking (none when `since` is None); the child's id."""
        details = Details(first, last, preferred, born, "", frozenset(rooms))
        child = manage.enrol(self.service, details, child_id or first.lower(), by=OPERATOR, now=self.now)
        if since is not None:
            manage.book(child, since, until, by=OPERATOR, now=self.now)
        return child.reference

    def enrol_several(self, number: int, until: date | None = None, prefix: str = "Kid") -> list[str]:
        return [self.enrol(f"{prefix}{n:02}", until=until) for n in range(number)]

    def child(self, child_id: str) -> Child:
        return manage.find_child(self.service, child_id)

    def status(self, child_id: str) -> str:
        return self.child(child_id).status

    def book(self, child_id: str, starts_on: date, ends_on: date | None = None) -> Booking:
        return manage.book(self.child(child_id), starts_on, ends_on, by=OPERATOR, now=self.now)

    def leave(self, child_id: str) -> None:
        """Let the bookings of a child end long ago, and cancel later ones, so that the child is Inactive."""
        for booking in self.child(child_id).bookings.all():
            if booking.starts_on > LONG_AGO:
                manage.cancel(booking, by=OPERATOR, now=self.now)
            else:
                manage.end_booking(booking, LONG_AGO, by=OPERATOR, now=self.now)

    def archive(self, child_id: str) -> None:
        manage.archive_child(self.child(child_id), by=OPERATOR, now=self.now)

    def unarchive(self, child_id: str) -> None:
        manage.unarchive_child(self.child(child_id), by=OPERATOR, now=self.now)

    def amend(self, child_id: str, **values: object) -> None:
        manage.amend(self.child(child_id), by=OPERATOR, now=self.now, **values)

    # Storypark

    def portfolio(
        self, first: str, last: str = "Hohepa", born: date | None = BORN, preferred: str = ""
    ) -> Profile:
        """A profile made by hand."""
        return storypark.create_profile(
            self.service, Details(first, last, preferred, born), by=OPERATOR, now=self.now
        )

    def profile(self, child_id: str) -> Profile | None:
        """The profile that a child is linked to."""
        link = scope(Link, self.service).filter(child_id=child_id).first()
        return None if link is None else storypark.find_profile(self.service, link.profile_id)

    def profile_of(self, child_id: str) -> Profile:
        found = self.profile(child_id)
        assert found is not None, f"{child_id} has no profile"
        return found

    def rooms(self, child_id: str) -> set[str]:
        return set(self.profile_of(child_id).rooms.values_list("name", flat=True))

    def state(self, child_id: str) -> str | None:
        found = self.profile(child_id)
        return None if found is None else found.state

    def is_due(self, at: datetime | None = None) -> bool:
        return fleet_metrics.due_now(at or self.now).filter(service=self.service).exists()

    def live(self) -> int:
        return storypark.live_profiles(self.service)

    def stories(self, child_id: str) -> list[tuple[str, str]]:
        return sorted(self.profile_of(child_id).stories.values_list("title", "state"))

    def write(self, child_id: str, title: str, publish: bool = True) -> Story:
        return storypark.write_story(
            [self.profile_of(child_id)], title, "…", publish, by=OPERATOR, now=self.now
        )

    def pay_for(self, number: int) -> None:
        storypark.set_paid_children(self.service, number, by=OPERATOR, now=self.now)

    def plan_reduced_to(self, number: int) -> None:
        """The plan is reduced where the Account page has no say."""
        Account.objects.filter(service=self.service).update(paid_children=number)
        storypark.increment_version(self.service)

    # Syncing

    @property
    def integration(self) -> Integration:
        return Integration.objects.select_related("service").get(service=self.service)

    def set_up(self, chosen: Mapping[str, domain.Choice] | None = None) -> Run:
        """Accept what is proposed, choose the rest, and start syncing."""
        choices.store(self.service, chosen or {}, OPERATOR, self.now)
        setup.accept_proposals(self.service, OPERATOR, self.now)
        shown = setup_lists.look_at_set_up(self.service, self.now).plan
        return self.confirmed(changes.StartSyncing(), shown.fingerprint)

    def listed(self) -> set[str]:
        """The children listed at set-up."""
        found = setup_lists.look_at_set_up(self.service, self.now).listed
        return {each.child.child_id for each in found}

    def sync(self, full: bool = False, **ends: Any) -> Run | None:
        """A run of the schedule, with these ends; None when the service was not read."""
        self.later(minutes=1)
        with given(self.service, **ends):
            return run_sync(self.service.pk, RunContext(self.now), full)

    def sync_fully(self, **ends: Any) -> Run:
        """A run that reads everything, with these ends."""
        run = self.sync(full=True, **ends)
        assert run is not None
        return run

    def shown(self, change: changes.Change) -> Plan:
        """The preview of a change."""
        plan = changes.preview(self.service, change, self.now)
        assert plan is not None, "syncing is not on"
        return plan

    def confirmed(self, change: changes.Change, fingerprint: str, by: Actor = OPERATOR) -> Run:
        """The run of a change that is confirmed as it was shown."""
        run = changes.confirm(self.service, change, fingerprint, by, self.now)
        assert run is not None, "nothing was synced"
        return run

    def change(self, change: changes.Change, by: Actor = OPERATOR) -> Run:
        """Look at what a change will do, and confirm it; the run that does it."""
        return self.confirmed(change, self.shown(change).fingerprint, by)

    def switch(self, to: InactivePolicy, by: Actor = OPERATOR) -> Run:
        self.later(minutes=1)
        return self.change(changes.SwitchPolicy(to), by)

    def stay(self) -> Run:
        return self.switch(InactivePolicy.STAY)

    def let_leave(self) -> Run:
        return self.switch(InactivePolicy.LEAVE)

    def choose(self, child_id: str, kind: ChoiceKind, profile: Profile | None = None) -> None:
        profile_id = profile.reference if profile else None
        choices.choose(self.service, child_id, kind, OPERATOR, self.now, profile_id)

    def available(self) -> set[str]:
        """The children available to sync under the setting."""
        plan_input = plan_now(self.service, self.now).input
        return {child.child_id for child in belonging(plan_input)}

    # What is told

    def why(self, child_id: str, on: date | None = None) -> Entry:
        found = explain.why(self.service, child_id, on)
        assert found is not None, f"the journal does not know {child_id}"
        return found

    def decided(self, child_id: str) -> tuple[str, str]:
        """The step and the rule that stand for a child now."""
        entry = self.why(child_id)
        return entry.step, entry.rule

    def entries(self) -> int:
        return scope(Entry, self.service).count()

    def waiting(self) -> list[str]:
        """Who waits for a space, first in line first."""
        plan = plan_now(self.service, self.now)
        waits = [d for d in plan.decisions if d.position is not None]
        return [d.child_id for d in sorted(waits, key=lambda d: d.position or 0)]

    def snapshot(self) -> dict[str, list[tuple[object, ...]]]:
        """Everything that a run may change but for the runs themselves."""
        return {
            "profiles": list(scope(Profile, self.service).order_by("pk").values_list()),
            "links": list(scope(Link, self.service).order_by("pk").values_list()),
            "entries": list(scope(Entry, self.service).order_by("pk").values_list()),
            "setting": [(self.integration.stage, self.integration.inactive)],
        }

    def person(self, name: str, role: RoleName) -> Actor:
        email = f"{name.lower()}@example.org"
        someone = Person.objects.create_user(email, name)
        give_role(someone, self.service, role, by=OPERATOR, now=self.now)
        return actor(someone)

    @contextmanager
    def at_once(self) -> Iterator[list[tuple[Trigger, str]]]:
        """Carry calls for a run at once, on this world's clock; what was called for, and by whom."""
        carried: list[tuple[Trigger, str]] = []
        world = self

        class Carrier:
            def wake(self, service_id: int) -> None:
                run = run_sync(service_id, RunContext(world.now))
                assert run is not None
                carried.append((Trigger(run.trigger), run.started_by))

        before = run_requests._subscribers[0]
        run_requests.subscribe(Carrier())
        Outbox.objects.filter(service=self.service).delete()  # as if it had been carried on
        try:
            with TestCase.captureOnCommitCallbacks(execute=True):
                yield carried
        finally:
            run_requests.subscribe(before)


class StoryparkDouble(StoryparkHere):
    """Storypark with something wrong: answers and orders go through a function each."""

    def __init__(
        self,
        answer: Callable[[ProfilesAnswer], ProfilesAnswer] = lambda answer: answer,
        order: Callable[[ProfileWrites], ProfileWrites] = lambda order: order,
    ) -> None:
        self.answer, self.order = answer, order

    def read(self, asks: Sequence[ServiceQuery]) -> Mapping[int, ProfilesAnswer]:
        return {key: self.answer(found) for key, found in super().read(asks).items()}

    def write(
        self, orders: Mapping[int, ProfileWrites], today: Mapping[int, date]
    ) -> Mapping[int, WriteResult]:
        return super().write({key: self.order(order) for key, order in orders.items()}, today)


class SilentManage(ManageHere):
    """Manage when it does not answer."""

    def read(self, asks: Sequence[ServiceQuery]) -> Mapping[int, RosterAnswer]:
        raise SourceSilent("Manage does not answer.")


def due_worlds(*names: str) -> list[World]:
    """Services that are on and due: in each Ana has a profile, and Ben, enrolled since, is to get one."""
    made = [World(name) for name in names]
    for world in made:
        world.enrol("Ana")
        world.set_up()
        world.enrol("Ben")
        world.later(hours=13)
    return made
