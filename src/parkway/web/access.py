"""Who comes in: a view about a service gets a `Visit`, or the person gets a page that says why not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any, cast

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.cache import cache_control

from parkway.domain import EndNames
from parkway.sync.ends import OWN, keys_of, names_of_keys
from parkway.sync.models import Integration
from parkway.tenancy.models import Person, RoleName, Service, SupportAccess
from parkway.tenancy.people import Actor, Permission, actor, allows, roles_at
from parkway.tenancy.scope import within

View = Callable[..., HttpResponse]


@dataclass(frozen=True, slots=True)
class Visit:
    """A person at a service, at one moment, and what the ends of the service are called."""

    person: Person
    service: Service
    roles: frozenset[RoleName]
    educators_may: bool
    names: EndNames
    roster_here: bool  # whether the children are in Parkway's own Manage
    profiles_here: bool  # whether the profiles are in Parkway's own Storypark

    @property
    def by(self) -> Actor:
        return actor(self.person)

    def may(self, permission: Permission) -> bool:
        """Whether the person may do this here (D22)."""
        return allows(permission, self.roles, self.person.is_support, self.educators_may)

    @property
    def may_change_manage(self) -> bool:
        return self.may(Permission.CHANGE_MANAGE)

    @property
    def may_see_storypark(self) -> bool:
        return self.may(Permission.SEE_STORYPARK)

    @property
    def may_change_profiles(self) -> bool:
        return self.may(Permission.CHANGE_PROFILES)

    @property
    def may_write_stories(self) -> bool:
        return self.may(Permission.WRITE_STORIES)

    @property
    def may_change_plan(self) -> bool:
        return self.may(Permission.CHANGE_PLAN)

    @property
    def may_change_integration(self) -> bool:
        return self.may(Permission.CHANGE_INTEGRATION)

    @property
    def may_let_educators(self) -> bool:
        """Whether the person decides if educators may change the integration too (D22)."""
        return self.may(Permission.LET_EDUCATORS)


class Denied(PermissionDenied):
    """A person of the service may not do this: the page says who may."""

    def __init__(self, visit: Visit, permission: Permission) -> None:
        super().__init__(f"Only {permission.whom_to_ask} may {permission.words}.")
        self.visit, self.permission = visit, permission


def at_service(permission: Permission = Permission.SEE) -> Callable[[View], View]:
    """Let in whoever is signed in, works at the service of the address, and has the permission.

    Without signing in: the sign-in page. A service that is not theirs does not exist for them (404). Without
    the permission: a page that helps (403). Looks of support staff are recorded.
    """

    def decorate(view: View) -> View:
        @wraps(view)
        @login_required
        @cache_control(private=True, no_store=True)
        def let_in(request: HttpRequest, slug: str, **more: Any) -> HttpResponse:
            visit = _visit(cast("Person", request.user), slug)
            request.visit = visit  # type: ignore[attr-defined]  # for the header of every page
            if not visit.may(permission):
                raise Denied(visit, permission)
            with within(visit.service):
                if visit.person.is_support and not visit.roles:
                    address = request.path[:300]
                    SupportAccess.objects.create(
                        person=visit.person, service=visit.service, address=address, at=timezone.now()
                    )
                return view(request, visit, **more)

        return let_in

    return decorate


def _visit(person: Person, slug: str) -> Visit:
    service = Service.objects.select_related("organisation").filter(slug=slug).first()
    roles = roles_at(person, service) if service is not None else frozenset()
    if service is None or not (roles or person.is_support):
        raise Http404("There is no such service, or it is not one of yours.")
    keys, integration = OWN, Integration.objects.filter(service=service).first()
    if integration is not None:
        keys = keys_of(integration)
    return Visit(
        person,
        service,
        roles,
        integration is not None and integration.educators_may_change,
        names_of_keys(keys),
        keys.roster == OWN.roster,
        keys.profiles == OWN.profiles,
    )


def support_only(view: View) -> View:
    """Let in support staff; for everybody else the page does not exist."""

    @wraps(view)
    @login_required
    @cache_control(private=True, no_store=True)
    def let_in(request: HttpRequest, **more: Any) -> HttpResponse:
        if not cast("Person", request.user).is_support:
            raise Http404("There is no such page.")
        return view(request, **more)

    return let_in
