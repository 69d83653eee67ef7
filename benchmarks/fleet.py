"""The fleet that is measured: services of 100 children with about 12 bookings each, and a day of change.

The same for the same size. `make` fills an empty database, `change` lets a day of changes happen to one
whose services are in step.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from random import Random

FIRST_SYNC = datetime(2026, 5, 31, 18, 30, tzinfo=UTC)  # early in the morning of 1 June in both time zones
NEXT_PASS = FIRST_SYNC + timedelta(hours=13)  # the evening of the same day
TODAY = date(2026, 6, 1)
ZONES = ("Pacific/Auckland", "Australia/Sydney")
A_SERVICE = 100
ROOMS = ("Tūī", "Kererū", "Pīwakawaka", "Possums", "Koalas")
FEW_SPACES, KEEP_INACTIVE = 33, 10  # one service of so many has too few spaces, keeps Inactive children
ARCHIVED, INACTIVE = 0.05, 0.10  # shares of the children
AT_ONCE = 50  # services


def make(size: int, today: date = TODAY) -> None:
    """Fill an empty, migrated database with a fleet whose integrations are on and have never run."""
    from django.db import transaction

    from parkway.tenancy.models import Organisation

    organisation = Organisation.objects.create(name="The fleet")
    random = Random(size)
    numbers = range(size // A_SERVICE)
    for start in numbers[::AT_ONCE]:
        with transaction.atomic():
            _services(organisation.pk, numbers[start : start + AT_ONCE], random, today)


def _services(organisation_id: int, numbers: Sequence[int], random: Random, today: date) -> None:
    from parkway.manage.models import Room
    from parkway.storypark.models import Account
    from parkway.sync.models import Integration, Stage
    from parkway.tenancy.models import Service
    from parkway.tenancy.scope import within

    services = Service.objects.bulk_create(
        Service(
            organisation_id=organisation_id,
            name=f"Service {number}",
            slug=f"service-{number}",
            time_zone=ZONES[number % 2],
        )
        for number in numbers
    )
    with within(*services):
        Room.objects.bulk_create(Room(service=service, name=name) for service in services for name in ROOMS)
        rooms: dict[int, list[int]] = defaultdict(list)
        for service_id, pk in Room.objects.filter(service__in=services).values_list("service_id", "pk"):
            rooms[service_id].append(pk)
        for number, service in zip(numbers, services, strict=True):
            short, stay = number % FEW_SPACES == 0, number % KEEP_INACTIVE == 1
            paid = A_SERVICE * 3 // 4 if short else A_SERVICE * 2
            Account.objects.create(service=service, paid_children=paid)
            inactive = "stay" if stay else "leave"
            Integration.objects.create(
                service=service, stage=Stage.ON, inactive=inactive, next_run_at=FIRST_SYNC
            )
        _children([service.pk for service in services], rooms, random, today)


def _children(service_ids: Sequence[int], rooms: dict[int, list[int]], random: Random, today: date) -> None:
    from parkway.db import bulk
    from parkway.domain import Window
    from parkway.engine import status
    from parkway.manage import standing
    from parkway.manage.models import Booking, Child, ChildRoom, RosterVersion

    window = Window()
    children, placed, booked, versions = [], [], [], []
    ids = iter(bulk.reserve_ids(Child, len(service_ids) * A_SERVICE))
    for service_id in service_ids:
        stale: list[date] = []
        for number in range(A_SERVICE):
            pk = next(ids)
            bookings = list(_bookings(random, today))
            archived_on = today - timedelta(random.randint(1, 200)) if random.random() < ARCHIVED else None
            now = status.standing(bookings, today, window, archived_on)
            stale_on = None if archived_on else status.stale_on(bookings, today, window)
            stale += [stale_on] if stale_on else []
            details = (service_id, f"C{service_id}-{number:03}", *_person(random, today))
            children.append((pk, *details, archived_on, *standing.stored(now), stale_on))
            placed += [
                (service_id, pk, room)
                for room in random.sample(rooms[service_id], random.choice((1, 1, 1, 2)))
            ]
            booked += [(service_id, pk, b.kind.value, b.state.value, *b[2:], "mon;wed") for b in bookings]
        versions.append((service_id, 1, *window, min(stale, default=None)))
    names = ["first_name", "last_name", "preferred_name", "date_of_birth", "gender", "archived_on"]
    columns = ["id", "service_id", "reference", *names, *standing.COLUMNS, "stale_on"]
    bulk.insert(Child, columns, children)
    bulk.insert(ChildRoom, ["service_id", "child_id", "room_id"], placed)
    columns = ["service_id", "child_id", "kind", "state", "starts_on", "ends_on", "weekdays"]
    bulk.insert(Booking, columns, booked)
    columns = ["service_id", "version", "lookback_days", "lookahead_days", "stale_on"]
    bulk.insert(RosterVersion, columns, versions)


def _person(random: Random, today: date) -> tuple[str, str, str, date, str]:
    from parkway.demo.lives import FIRST, LAST, NICKNAMES

    first, last = random.choice(FIRST), random.choice(LAST).replace("_", " ")
    born = today - timedelta(random.randint(180, 1900))
    return first, last, NICKNAMES.get(first, ""), born, random.choice(("girl", "boy", ""))


def _bookings(random: Random, today: date) -> Iterator:
    """Terms on weekly patterns, one after the other, and single days beside them."""
    from parkway.domain import Booking, BookingKind, BookingState

    terms = random.randint(3, 5)
    last = today - timedelta(random.randint(70, 400) if random.random() < INACTIVE else 0)
    first = last - timedelta(84 * terms - 7 * random.randint(1, 11))
    first -= timedelta(first.weekday())
    for term in range(terms):
        starts_on = first + timedelta(84 * term)
        open_ended = last == today and term == terms - 1 and random.random() < 0.4
        ends_on = None if open_ended else starts_on + timedelta(81)
        yield Booking(BookingKind.PERMANENT, BookingState.CONFIRMED, starts_on, ends_on)
    for _ in range(random.randint(5, 11)):
        day = first + timedelta(random.randint(0, (last - first).days))
        state = random.choice((BookingState.CONFIRMED, BookingState.CONFIRMED, BookingState.CANCELLED))
        yield Booking(BookingKind.CASUAL, state, day, day)


def change(today: date = TODAY) -> None:
    """A day on which 1 % of the children change: names, rooms, bookings cancelled or added, some archived.

    Written in bulk; the standings and the versions follow just as after Manage's own verbs.
    """
    from django.db import transaction
    from django.db.models import F, Value
    from django.db.models.functions import Concat

    from parkway.db import bulk
    from parkway.manage import standing
    from parkway.manage.models import Booking, Child, ChildRoom, Room
    from parkway.tenancy.models import Service

    random = Random(1)
    owner = dict(Child.objects.order_by("pk").values_list("pk", "service_id"))
    by_status: dict[str, list[int]] = defaultdict(list)
    for pk, status in Child.objects.order_by("pk").values_list("pk", "status"):
        by_status[status].append(pk)
    day = len(owner) // 100
    active = random.sample(by_status["Active"], day - day // 10)
    parts = [active[start * day // 100 : end * day // 100] for start, end in SHARES]
    renamed, moved, leaving, gone = parts
    returning = random.sample(by_status["Inactive"], day // 10)
    with transaction.atomic():
        rooms: dict[int, list[int]] = defaultdict(list)
        for service_id, pk in Room.objects.values_list("service_id", "pk"):
            rooms[service_id].append(pk)
        for some in bulk.batches(renamed, 500):
            Child.objects.filter(pk__in=some).update(last_name=Concat(F("last_name"), Value("-Reid")))
        before = set(ChildRoom.objects.filter(child_id__in=moved).values_list("child_id", "room_id"))
        bulk.delete(ChildRoom, ["child_id"], [(pk,) for pk in moved])
        new = [
            (owner[pk], pk, random.choice([room for room in rooms[owner[pk]] if (pk, room) not in before]))
            for pk in moved
        ]
        bulk.insert(ChildRoom, ["service_id", "child_id", "room_id"], new)
        bulk.update(Booking, ["state"], ["child_id"], [("cancelled", pk) for pk in leaving])
        starts_on = today + timedelta(3)
        fresh = [(owner[pk], pk, "permanent", "confirmed", starts_on, None, "mon") for pk in returning]
        columns = ["service_id", "child_id", "kind", "state", "starts_on", "ends_on", "weekdays"]
        bulk.insert(Booking, columns, fresh)
        bulk.update(Child, ["archived_on", "status"], ["id"], [(today, "Archived", pk) for pk in gone])
        touched: dict[int, list[int]] = defaultdict(list)
        for pk in (*active, *returning):
            touched[owner[pk]].append(pk)
        for service in Service.objects.filter(pk__in=touched):
            standing.refresh({service.pk: (today, service.window)}, touched[service.pk])
            standing.increment_version(service, today, touched[service.pk])


SHARES = ((0, 45), (45, 65), (65, 80), (80, 90))
"""Of a day's changes, in %: another name, another room, bookings cancelled, archived; the rest comes back."""
