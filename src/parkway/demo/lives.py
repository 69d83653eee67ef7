"""Made-up children and their bookings, the same for the same seed and day."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from random import Random
from typing import NamedTuple

from parkway.domain import Booking, BookingKind, BookingState, Details

FIRST = [
    "Mānaia",
    "Aroha",
    "Tāne",
    "Anahera",
    "Kahurangi",
    "Wiremu",
    "Hēmi",
    "Māia",
    "Rāwiri",
    "Ngaio",
    "Tūī",
    "Pōtiki",
    "Olivia",
    "Jack",
    "Isla",
    "Noah",
    "Charlotte",
    "Leo",
    "Amelia",
    "Oliver",
    "Mila",
    "Theo",
    "Ruby",
    "Henry",
    "Zoë",
    "Chloé",
    "José",
    "Siân",
    "Li-Na",
    "Mei",
    "Arjun",
    "Priya",
    "Aanya",
    "Kiran",
    "Fatima",
    "Yusuf",
    "Sione",
    "Mele",
    "Tevita",
    "Lani",
    "Finn",
    "Saoirse",
    "Hugo",
    "Matilda",
    "Archie",
    "Willow",
    "Billy-Jo",
    "Anne-Marie",
    "Jarrah",
    "Alinta",
    "Kirra",
    "Marli",
    "Lachlan",
    "Poppy",
    "Angus",
    "Harriet",
    "Nikau",
    "Kōwhai",
    "Te-Ariki",
    "Hine",
    "James",
]
LAST = [
    "Hohepa",
    "Ngata",
    "Pōmare",
    "O'Brien",
    "O’Connor",
    "Te_Kanawa",
    "Parata",
    "Tūrei",
    "Smith",
    "Nguyen",
    "Singh",
    "Patel",
    "Chen",
    "Wang",
    "Taylor",
    "Brown",
    "Wilson",
    "Müller",
    "García",
    "Fa'asavalu",
    "Tau’olunga",
    "Kelly",
    "Murphy",
    "Thompson",
    "Walker",
    "van_der_Berg",
    "Al-Rashid",
    "Kaur",
    "Tran",
    "Edwards",
    "Mahuta",
    "Wi-Repa",
    "Hāpuka",
    "Jones",
    "Williams",
    "Campbell",
    "McKenzie",
    "D'Souza",
    "Ferreira",
    "Ōta",
    "Katoa",
    "Vaka",
]
NICKNAMES = {"Charlotte": "Lottie", "Oliver": "Ollie", "Matilda": "Tilly", "William": "Bill", "James": "Jem"}
ROOMS = ("Tūī", "Kererū", "Pīwakawaka", "Possums", "Koalas", "Wombats", "Kindy")
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri")


class Life(NamedTuple):
    """One made-up child: who it is, the bookings with their weekdays, and the day of being archived."""

    child_id: str
    details: Details
    bookings: tuple[tuple[Booking, str], ...]
    archived_on: date | None = None


def lives(random: Random, prefix: str, number: int, today: date) -> list[Life]:
    """`number` children of one service; every tenth or so is a twin or shares a name with another."""
    found: list[Life] = []
    for index in range(number):
        details = _details(random, today)
        if found and random.random() < 0.05:  # a twin: same family, same birthday, another first name
            sibling = random.choice(found).details
            details = details._replace(last_name=sibling.last_name, date_of_birth=sibling.date_of_birth)
        elif found and random.random() < 0.03:  # somebody else of the same name
            other = random.choice(found).details
            details = details._replace(first_name=other.first_name, last_name=other.last_name)
        kind = random.choices(list(KINDS), list(KINDS.values()))[0]
        archived_on = today - timedelta(random.randint(1, 200)) if random.random() < 0.04 else None
        found.append(Life(f"{prefix}-{index + 1:03}", details, kind(random, today), archived_on))
    return found


def _details(random: Random, today: date) -> Details:
    first, last = random.choice(FIRST).replace("_", " "), random.choice(LAST).replace("_", " ")
    if random.random() < 0.01:
        last = ""  # people with one name
    return Details(
        first,
        last,
        NICKNAMES.get(first, "") if random.random() < 0.6 else "",
        today - timedelta(random.randint(180, 1900)) if random.random() < 0.98 else None,
        random.choice(("girl", "boy", "girl", "boy", "")),
        frozenset(random.sample(ROOMS[:5], 2 if random.random() < 0.1 else 1)),
    )


def _permanent(first: date, last: date | None, state: BookingState = BookingState.CONFIRMED) -> Booking:
    return Booking(BookingKind.PERMANENT, state, first, last)


def _pattern(random: Random) -> str:
    return ";".join(day for day in WEEKDAYS if random.random() < 0.6) or "mon"


def _enrolled(random: Random, today: date) -> tuple[tuple[Booking, str], ...]:
    return ((_permanent(today - timedelta(random.randint(30, 900)), None), _pattern(random)),)


def _leaving_soon(random: Random, today: date) -> tuple[tuple[Booking, str], ...]:
    last = today + timedelta(random.randint(-56, 30))
    return ((_permanent(last - timedelta(random.randint(60, 500)), last), _pattern(random)),)


def _left(random: Random, today: date) -> tuple[tuple[Booking, str], ...]:
    last = today - timedelta(random.randint(57, 400))
    return ((_permanent(last - timedelta(random.randint(60, 500)), last), _pattern(random)),)


def _with_a_gap(random: Random, today: date) -> tuple[tuple[Booking, str], ...]:
    last = today - timedelta(random.randint(20, 90))
    again = today + timedelta(random.randint(20, 120))
    before = _permanent(last - timedelta(200), last)
    return ((before, _pattern(random)), (_permanent(again, None), _pattern(random)))


def _starting(random: Random, today: date) -> tuple[tuple[Booking, str], ...]:
    return ((_permanent(today + timedelta(random.randint(1, 150)), None), _pattern(random)),)


def _casual(random: Random, today: date) -> tuple[tuple[Booking, str], ...]:
    days = sorted(today + timedelta(random.randint(-90, 40)) for _ in range(random.randint(1, 8)))
    return tuple((Booking(BookingKind.CASUAL, BookingState.CONFIRMED, day, day), "") for day in days)


def _offered(random: Random, today: date) -> tuple[tuple[Booking, str], ...]:
    first = today + timedelta(random.randint(-10, 60))
    return ((_permanent(first, None, BookingState.OFFERED), _pattern(random)),)


def _cancelled(random: Random, today: date) -> tuple[tuple[Booking, str], ...]:
    first = today - timedelta(random.randint(10, 100))
    return ((_permanent(first, None, BookingState.CANCELLED), _pattern(random)),)


def _never_booked(random: Random, today: date) -> tuple[tuple[Booking, str], ...]:
    return ()


KINDS: dict[Callable[[Random, date], tuple[tuple[Booking, str], ...]], int] = {
    _enrolled: 56,
    _leaving_soon: 10,
    _left: 10,
    _with_a_gap: 5,
    _starting: 6,
    _casual: 6,
    _offered: 2,
    _cancelled: 3,
    _never_booked: 2,
}
