"""The people of the demo, who sign in with passwords made at random."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from parkway.tenancy.models import Person, RoleName, Service
from parkway.tenancy.people import OPERATOR, Actor, actor
from parkway.tenancy.verbs import give_role


class SignIn(NamedTuple):
    """How to sign in as one person of the demo. The password is known nowhere else."""

    email: str
    password: str
    what: str


ADMIN, EDUCATOR, STAFF = RoleName.ADMIN_EDUCATOR, RoleName.EDUCATOR, RoleName.MANAGE_STAFF
PEOPLE = (
    ("ana@demo.example", "Ana Admin", (ADMIN, EDUCATOR), "admin educator: set-up, the setting, the plan"),
    ("eddie@demo.example", "Eddie Educator", (EDUCATOR,), "educator: sees everything, writes stories"),
    ("mere@demo.example", "Mere Manage", (STAFF,), "Manage staff: children, bookings, rooms"),
    ("sol@demo.example", "Sol Support", (), "support staff: every service"),
)


class Team(NamedTuple):
    """The people of the demo, who work at each of its services."""

    people: Sequence[tuple[Person, Sequence[RoleName]]]
    sign_ins: Sequence[SignIn]

    def join(self, service: Service, now: datetime) -> None:
        """Give everybody the roles at a service."""
        for person, roles in self.people:
            for role in roles:
                give_role(person, service, role, by=OPERATOR, now=now)

    def who(self, role: RoleName | None) -> Actor:
        """Somebody with this role as the one who acts; without one, support."""
        return next(actor(person) for person, roles in self.people if role in (roles or (None,)))


def add_people() -> Team:
    """The people of the demo, one of support among them, and how to sign in as each."""
    people, sign_ins = [], []
    for email, name, roles, what in PEOPLE:
        password = "-".join(secrets.token_hex(2) for _ in range(4))
        people.append((Person.objects.create_user(email, name, password, is_support=not roles), roles))
        sign_ins.append(SignIn(email, password, what))
    return Team(people, sign_ins)
