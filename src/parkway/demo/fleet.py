"""The demo fleet: three organisations with twenty services, each with a story of its own."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

from django.db import transaction

from parkway import domain
from parkway.demo.lives import Life, lives
from parkway.demo.people import ADMIN, STAFF, SignIn, Team, add_people
from parkway.domain import ChoiceKind, Conflict, InactivePolicy, ProfileState, Standing, Status
from parkway.domain import Profile as Portfolio
from parkway.manage import standing
from parkway.manage import verbs as manage
from parkway.manage.models import Booking, Child
from parkway.manage.roster import ImportedBooking, take_roster
from parkway.storypark import verbs as storypark
from parkway.storypark.models import Profile
from parkway.storypark.portfolios import take_profiles
from parkway.sync.commands import changes, choices, lifecycle, setup
from parkway.sync.models import Link
from parkway.sync.queries import setup_lists
from parkway.tenancy.models import Organisation, Service
from parkway.tenancy.people import OPERATOR
from parkway.tenancy.scope import scope, within
from parkway.tenancy.verbs import add_service

SETTLED, NEW, FULL, HELD, STAYS, TO_SET_UP = "settled", "new", "full", "held", "stays", "to set up"
BEFORE = timedelta(days=30)  # how long ago the services that are settled were set up

FLEET = {
    "Kōwhai Early Learning": [
        ("Rimu Kindergarten", "Pacific/Auckland", SETTLED),
        ("Tōtara House", "Pacific/Auckland", SETTLED),
        ("Mataī Preschool", "Pacific/Auckland", STAYS),
        ("Kauri Street Childcare", "Pacific/Auckland", FULL),
        ("Pōhutukawa Bay Kindergarten", "Pacific/Auckland", NEW),
        ("Nīkau Nursery", "Pacific/Auckland", HELD),
        ("Harakeke Preschool", "Pacific/Auckland", SETTLED),
        ("Wharekauri Kindergarten", "Pacific/Chatham", SETTLED),
    ],
    "Banksia Children's Services": [
        ("Banksia Park Early Learning", "Australia/Sydney", SETTLED),
        ("Wattle Grove Childcare", "Australia/Sydney", FULL),
        ("Grevillea Street Kindy", "Australia/Brisbane", STAYS),
        ("Waratah Long Day Care", "Australia/Sydney", NEW),
        ("Bottlebrush Early Learning", "Australia/Adelaide", SETTLED),
        ("Saltbush Children's Centre", "Australia/Darwin", HELD),
        ("Quandong Preschool", "Australia/Perth", SETTLED),
    ],
    "Harbour Family Day Care": [
        ("Harbour North", "Australia/Hobart", SETTLED),
        ("Harbour South", "Australia/Hobart", NEW),
        ("Lighthouse Preschool", "Australia/Melbourne", TO_SET_UP),
        ("Seahorse Kindergarten", "Australia/Melbourne", SETTLED),
        ("Island Early Learning", "Australia/Lord_Howe", TO_SET_UP),
    ],
}


@dataclass(frozen=True, slots=True)
class DemoFleet:
    """What the demo holds."""

    organisations: int
    services: int
    children: int
    sign_ins: Sequence[SignIn]


def load(now: datetime, seed: int, progress: Callable[[str], object] = lambda name: None) -> DemoFleet:
    """Make the demo fleet in an empty database; the same for the same seed and day.

    Raises Conflict when the database already has services, so that nobody's data is mixed with made-up data.
    """
    if Service.objects.exists():
        raise Conflict(
            "This database already has services, and the demo would be mixed with them. "
            "Use another database: DATABASE_URL=sqlite:///demo.sqlite3 parkway demo"
        )
    random = Random(seed)  # noqa: S311 - made-up children, no secrets
    children, team = 0, add_people()
    for name, services in FLEET.items():
        organisation = Organisation.objects.create(name=name)
        for number, (called, zone, story) in enumerate(services):
            with transaction.atomic():
                service = add_service(organisation, called, zone, by=OPERATOR, now=now - BEFORE)
                team.join(service, now - BEFORE)
                with within(service):
                    children += _play(service, team, story, Random(random.random()), number, now)  # noqa: S311
            progress(called)
    return DemoFleet(len(FLEET), sum(map(len, FLEET.values())), children, team.sign_ins)


def _play(service: Service, team: Team, story: str, random: Random, number: int, now: datetime) -> int:
    """Let one service's story happen; how many children it has."""
    known_since = now if story in (NEW, TO_SET_UP) else now - BEFORE
    day = service.today(known_since)
    people = lives(random, _prefix(service), random.randint(70, 220), day)
    _enrol(service, people, known_since)
    storypark.set_paid_children(service, len(people) + 20, by=OPERATOR, now=known_since)
    _portfolios(service, people, random, known_since)
    lifecycle.enable(service, OPERATOR, known_since)
    if story != TO_SET_UP:
        _choose(service, known_since)
        _confirm(service, changes.StartSyncing(), known_since)
    if story == STAYS:
        _confirm(service, changes.SwitchPolicy(InactivePolicy.STAY), known_since)
    if story not in (NEW, TO_SET_UP):
        _live_for_a_while(service, team, story, random, number, now)
    return scope(Child, service).count()


def _prefix(service: Service) -> str:
    """What the ids of a service's people begin with, such as RIM1."""
    return f"{service.slug[:3].upper()}{service.pk}"


def _enrol(service: Service, people: Sequence[Life], now: datetime) -> None:
    children = [
        domain.Child(p.child_id, p.details, Standing(Status.INACTIVE, archived_on=p.archived_on))
        for p in people
    ]
    bookings = {p.child_id: [ImportedBooking(period, days) for period, days in p.bookings] for p in people}
    take_roster(service, children, bookings, by=OPERATOR, now=now)


def _portfolios(service: Service, people: Sequence[Life], random: Random, now: datetime) -> None:
    """Profiles made by hand before there was syncing: as people type names, some archived, with stories."""
    known = []
    for number, person in enumerate(random.sample(people, len(people) // 3), start=1):
        details = person.details._replace(rooms=frozenset())
        if random.random() < 0.3:
            plain = unicodedata.normalize("NFKD", details.first_name)
            details = details._replace(first_name="".join(c for c in plain if not unicodedata.combining(c)))
        if random.random() < 0.08:
            details = details._replace(date_of_birth=None)
        known.append(Portfolio(f"{_prefix(service)}-P{number:03}", ProfileState.LIVE, details))
    take_profiles(service, known, by=OPERATOR, now=now)
    profiles = list(scope(Profile, service).order_by("pk"))
    for first in range(0, len(profiles), 4):
        together = profiles[first : first + 4]
        title = f"{together[0]} and the others build a tower"
        publish = random.random() < 0.8
        storypark.write_story(together, title, "Higher and higher!", publish, by=OPERATOR, now=now)
    for profile in random.sample(profiles, len(profiles) // 5):
        storypark.archive_profile(profile, by=OPERATOR, now=now)


def _choose(service: Service, now: datetime) -> None:
    """Work through set-up as an admin educator would: certain matches taken, the others looked at."""
    setup.accept_proposals(service, OPERATOR, now)
    chosen, taken = {}, set()
    for index, each in enumerate(setup_lists.look_at_set_up(service, now).open):
        free = [key for key in each.proposal.profile_ids if key not in taken]
        choice = domain.Choice(ChoiceKind.PROFILE, free[0]) if free else domain.Choice(ChoiceKind.NEW)
        taken.add(choice.profile_id)
        chosen[each.child.child_id] = domain.Choice(ChoiceKind.DONT_ADD) if index % 7 == 3 else choice
    choices.store(service, chosen, OPERATOR, now)


def _confirm(service: Service, change: changes.Change, now: datetime) -> None:
    """Make a change as somebody does who looks at its preview first."""
    plan = changes.preview(service, change, now)
    changes.confirm(service, change, plan.fingerprint if plan else "", OPERATOR, now)


def _live_for_a_while(
    service: Service, team: Team, story: str, random: Random, number: int, now: datetime
) -> None:
    """What happened since syncing was set up a month ago; the next run is due."""
    if story == FULL:
        live = storypark.live_profiles(service)
        storypark.set_paid_children(service, live, by=team.who(ADMIN), now=now)
    _days_pass(service, team, random, now, newcomers=40 if story == FULL else 4)
    _choices_meanwhile(service, random, number, now)
    if story == HELD:
        for booking in scope(Booking, service).filter(child__archived_on=None)[:150:2]:
            manage.cancel(booking, by=team.who(STAFF), now=now)


def _days_pass(service: Service, team: Team, random: Random, now: datetime, newcomers: int) -> None:
    """New children, other names and rooms, children who go, a profile deleted at a family's request."""
    today, staff, support = service.today(now), team.who(STAFF), team.who(None)
    standing.roll({service.pk: (today, service.window)})
    _enrol(service, lives(random, f"{_prefix(service)}N", newcomers, today), now)
    everybody = list(
        scope(Child, service).filter(archived_on=None, status=Status.ACTIVE.value).order_by("pk")
    )
    chosen = random.sample(everybody, 8)
    for child in chosen[:3]:
        last_name = f"{child.last_name}-Reid".lstrip("-")
        manage.amend(child, by=staff, now=now, last_name=last_name)
    manage.archive_child(chosen[3], by=staff, now=now)
    manage.amend(chosen[4], by=staff, now=now, rooms=frozenset({"Kindy"}))
    profiles = list(scope(Profile, service).filter(state="live").order_by("pk"))
    storypark.archive_profile(random.choice(profiles), by=support, now=now)
    storypark.delete_profile(random.choice(profiles[:5]), by=support, now=now)
    gone = scope(Child, service).filter(status=Status.INACTIVE.value).order_by("pk").first()
    if gone is not None:
        manage.book(gone, today + timedelta(days=3), by=staff, now=now)


def _choices_meanwhile(service: Service, random: Random, number: int, now: datetime) -> None:
    """A child whom Manage lost, with what people chose about it, and one kept until a project is finished."""
    linked = set(scope(Link, service).values_list("child_id", flat=True))
    synced = scope(Child, service).filter(reference__in=linked, archived_on=None).order_by("pk")
    if number % 6 == 1:
        _look_alike(service, now)
    chosen = {}
    fate = (None, ChoiceKind.KEEP, ChoiceKind.ARCHIVE)[number % 3]
    if number % 6 < 5:  # not everywhere, so that some services need nobody
        lost = random.choice(synced.filter(status=Status.ACTIVE.value))
        manage.remove_child(lost, by=OPERATOR, now=now)
        chosen.update({lost.reference: domain.Choice(fate)} if fate else {})
    leaving = list(synced.filter(status=Status.INACTIVE.value))
    if leaving:
        chosen[leaving[-1].reference] = domain.Choice(keep_until=service.today(now) + timedelta(days=21))
    if number % 6 == 2 and leaving[1:]:  # as after a held run that somebody rejected
        chosen[leaving[0].reference] = domain.Choice(ChoiceKind.RETAINED)
    choices.store(service, chosen, OPERATOR, now)


def _look_alike(service: Service, now: datetime) -> None:
    """An old profile that may be a newcomer's: the name is the same, the date of birth was never written."""
    newcomers = scope(Child, service).filter(reference__startswith=f"{_prefix(service)}N-")
    child = newcomers.filter(status=Status.ACTIVE.value).order_by("pk").first()
    if child is not None:
        alike = child.details._replace(date_of_birth=None)
        old = Portfolio(f"{_prefix(service)}-OLD", ProfileState.ARCHIVED, alike)
        take_profiles(service, [old], by=OPERATOR, now=now)
