"""What is done to organisations, services and people."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import F
from django.utils.text import slugify

from parkway.domain import Invalid, NotFound
from parkway.tenancy import change_log
from parkway.tenancy.models import Organisation, Person, Role, RoleName, Service, Subject
from parkway.tenancy.people import Actor, Permission, require
from parkway.tenancy.scope import scope, within

CHANGEABLE = ("name", "time_zone", "lookback_days", "lookahead_days")


@transaction.atomic
def add_service(
    organisation: Organisation, name: str, time_zone: str, *, by: Actor, now: datetime, **more: Any
) -> Service:
    """A new service of an organisation, with a slug of its own made from the name; never a bare number, which
    in an address is the id of a service.

    Raises Forbidden unless `by` is support, Invalid when the time zone is not one of the IANA database.
    """
    require(Permission.CHANGE_SERVICE, by, Service(organisation=organisation, name=name))
    base = slugify(name, allow_unicode=False) or "service"
    base = f"service-{base}" if base.isdecimal() else base
    taken = set(Service.objects.filter(slug__startswith=base).values_list("slug", flat=True))
    slug = next(s for n in range(1, len(taken) + 2) if (s := base if n == 1 else f"{base}-{n}") not in taken)
    service = Service(organisation=organisation, name=name, slug=slug, time_zone=time_zone, **more)
    try:
        service.full_clean()
    except ValidationError as error:
        raise Invalid(" ".join(error.messages), fields=[*error.message_dict]) from error
    service.save()
    _log(service, "add", change_log.NOTHING, by, now)
    return service


def find_service(slug: str) -> Service:
    """The service with this slug. Raises NotFound with the ones there are."""
    service = Service.objects.select_related("organisation").filter(slug=slug).first()
    if service is None:
        some = list(Service.objects.order_by("slug").values_list("slug", flat=True)[:40])
        hint = f"There are: {', '.join(some)}." if some else "There is none yet: `parkway demo` makes some."
        raise NotFound(f"No service is called “{slug}”. {hint}")
    return service


@transaction.atomic
def change_service(
    service: Service, *, by: Actor, now: datetime, educators_may: bool = False, **values: Any
) -> None:
    """Change a service's name, time zone or window widths. Syncing looks at it again at its next run.

    Raises Forbidden unless `by` may change how syncing works, which follows from these (D22), Invalid when a
    value is not one, such as an unknown time zone. `educators_may` is the service's own setting that all its
    educators may.
    """
    require(Permission.CHANGE_INTEGRATION, by, service, educators_may)
    before = _fields(Service.objects.select_for_update(no_key=True).get(pk=service.pk))
    for name, value in values.items():
        setattr(service, name, value)
    try:
        service.full_clean()
    except ValidationError as error:
        raise Invalid(" ".join(error.messages), fields=[*error.message_dict]) from error
    service.save(update_fields=[*values])
    Service.objects.filter(pk=service.pk).update(version=F("version") + 1)
    service.refresh_from_db()
    _log(service, "change", before, by, now)


@transaction.atomic
def give_role(person: Person, service: Service, role: RoleName, *, by: Actor, now: datetime) -> Role:
    """Let a person be something at a service. Raises Forbidden unless `by` is support."""
    require(Permission.CHANGE_SERVICE, by, service)
    before = list(scope(Role, service).filter(person=person).values_list("role", flat=True))
    given, new = Role.objects.get_or_create(person=person, service=service, role=role)
    if new:
        changes = change_log.differences({"roles": before}, {"roles": [*before, role.value]})
        with within(service):
            change_log.record(service, Subject.PERSON, person.email, "give_role", changes, by, now)
    return given


def _fields(service: Service) -> change_log.Fields:
    return {name: getattr(service, name) for name in CHANGEABLE}


def _log(service: Service, verb: str, before: change_log.Fields, by: Actor, now: datetime) -> None:
    changes = change_log.differences(before, _fields(service))
    with within(service):  # these verbs work on services that nobody has named yet
        change_log.record(service, Subject.SERVICE, service.slug, verb, changes, by, now)
