"""Who does something, and whether they may (D22)."""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple

from parkway.domain import Forbidden
from parkway.tenancy.models import Person, Role, RoleName, Service
from parkway.tenancy.scope import scope


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


ADMIN, EDUCATOR, STAFF = RoleName.ADMIN_EDUCATOR, RoleName.EDUCATOR, RoleName.MANAGE_STAFF


class Permission(Enum):
    """What somebody may do at a service, with the roles that may, in words for the page that refuses."""

    SEE = "see this page", frozenset({ADMIN, EDUCATOR, STAFF})
    CHANGE_MANAGE = "change children, rooms and bookings in Manage", frozenset({STAFF})
    SEE_STORYPARK = "see the children's profiles and stories", frozenset({ADMIN, EDUCATOR})
    CHANGE_PROFILES = "change profiles", frozenset({ADMIN, EDUCATOR})
    WRITE_STORIES = "write stories", frozenset({ADMIN, EDUCATOR})
    CHANGE_PLAN = "change the number of paid children", frozenset({ADMIN})
    CHANGE_INTEGRATION = "change how syncing works", frozenset({ADMIN})
    LET_EDUCATORS = "say who may change how syncing works", frozenset({ADMIN})
    ENABLE = "switch syncing on for a service", frozenset[RoleName]()
    DELETE_PROFILES = "delete a profile for good", frozenset[RoleName]()
    CHANGE_SERVICE = "change a service and who works there", frozenset[RoleName]()

    def __init__(self, words: str, roles: frozenset[RoleName]) -> None:
        self.words, self.roles = words, roles

    @property
    def whom_to_ask(self) -> str:
        """Who at the service may do it."""
        return " or ".join(role.label.lower() for role in RoleName if role in self.roles) or "support staff"


def roles_at(person: Person, service: Service) -> frozenset[RoleName]:
    """What a person is at a service; nothing when it is not theirs."""
    return frozenset(
        RoleName(role) for role in scope(Role, service).filter(person=person).values_list("role", flat=True)
    )


def services_of(person: Person) -> list[Service]:
    """The services a person works at, by name; all of them for support."""
    found = Service.objects.select_related("organisation").order_by("name", "pk")
    return list(found if person.is_support else found.filter(roles__person=person).distinct())


def allows(permission: Permission, roles: frozenset[RoleName], support: bool, educators_may: bool) -> bool:
    """Whether somebody with these roles may do something; `educators_may` is the service's own setting that
    all its educators may change the integration (D22). Support may do everything.
    """
    if permission is Permission.CHANGE_INTEGRATION and educators_may and EDUCATOR in roles:
        return True
    return support or bool(permission.roles & roles)


def require(permission: Permission, by: Actor, service: Service, educators_may: bool = False) -> None:
    """Raise Forbidden unless `by` may do something at a service (D22): with a role there that may, or as
    support, the schedule or the machine's operator.

    Each verb asks this itself, so that no door can forget it.
    """
    if by.trusted:
        return
    roles = frozenset[RoleName]()
    if by.person_id is not None:
        of_person = scope(Role, service).filter(person_id=by.person_id)
        roles = frozenset(map(RoleName, of_person.values_list("role", flat=True)))
    if not allows(permission, roles, False, educators_may):
        what = f"may not {permission.words} at {service.name}"
        if seen := SEEN.get(permission):
            what = f"may see {seen} of {service.name}, but not change it"
        raise Forbidden(f"{by.label} {what}. {_ask(permission)}")


def _ask(permission: Permission) -> str:
    """The way out for somebody who may not."""
    asked = [ASK[role] for role in RoleName if role in permission.roles]
    return f"Ask {' or '.join(asked)} of the service." if asked else "Only support can do this: ask support."


SEEN = {Permission.CHANGE_INTEGRATION: "the integration", Permission.CHANGE_PLAN: "the plan"}
"""What everybody of a service may see, also who may not change it."""

ASK = {ADMIN: "an admin educator", EDUCATOR: "an educator", STAFF: "Manage staff"}


def require_change(by: Actor, service: Service, educators_may: bool) -> None:
    """Raise Forbidden unless `by` may change a service's integration: its admin educators, support, and all
    its educators where the service allows it (D22).
    """
    require(Permission.CHANGE_INTEGRATION, by, service, educators_may)


def require_plan(by: Actor, service: Service) -> None:
    """Raise Forbidden unless `by` may change the paid children: an admin educator, or support (R11)."""
    require(Permission.CHANGE_PLAN, by, service)


def require_support(by: Actor, service: Service) -> None:
    """Raise Forbidden unless `by` is support or the machine's operator."""
    require(Permission.ENABLE, by, service)
