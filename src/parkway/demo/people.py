"""The people of the demo, who sign in with passwords made at random."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from parkway.tenancy.models import Person, RoleName, Service
from parkway.tenancy.people import OPERATOR
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


def add_people(services: Sequence[Service], now: datetime) -> list[SignIn]:
    """People with roles at all services of the demo, and one of support; how to sign in as each."""
    sign_ins = []
    for email, name, roles, what in PEOPLE:
        password = "-".join(secrets.token_hex(2) for _ in range(4))
        person = Person.objects.create_user(email, name, password, is_support=not roles)
        for service in services:
            for role in roles:
                give_role(person, service, role, by=OPERATOR, now=now)
        sign_ins.append(SignIn(email, password, what))
    return sign_ins
