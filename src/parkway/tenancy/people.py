"""Who does something, and whether they may (D22)."""

from __future__ import annotations

from typing import NamedTuple

from parkway.tenancy.models import Person, Role, RoleName, Service
from parkway.tenancy.scope import scope
from parkway.words import Refused


class Actor(NamedTuple):
    """Who did something, as history tells it: a person, the schedule, or the machine's operator."""

    label: str
    person_id: int | None = None
    trusted: bool = False  # support, or somebody with access to the machine itself


SCHEDULE = Actor("the schedule", None, True)
OPERATOR = Actor("the operator of this machine", None, True)


def actor(person: Person) -> Actor:
    """A person as the one who acts."""
    return Actor(person.name, person.pk, person.is_support)


def require_change(who: Actor, service: Service, educators_may: bool) -> None:
    """Refuse unless `who` may change a service's integration: its admin educators, support, and all its
    educators where the service allows it (D22).
    """
    allowed = [RoleName.ADMIN_EDUCATOR, *([RoleName.EDUCATOR] if educators_may else [])]
    if who.trusted:
        return
    roles = scope(Role, service).filter(role__in=allowed)
    if who.person_id is None or not roles.filter(person_id=who.person_id).exists():
        raise Refused(
            f"{who.label} may see the integration of {service.name}, but not change it. "
            "Ask an admin educator of the service."
        )


def require_support(who: Actor) -> None:
    """Refuse unless `who` is support or the machine's operator."""
    if not who.trusted:
        raise Refused(f"Only support can do this, and {who.label} is not support. Please contact support.")
