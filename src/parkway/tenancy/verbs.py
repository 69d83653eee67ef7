"""What is done to organisations, services and people."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import F
from django.utils.text import slugify

from parkway.domain import Invalid, NotFound
from parkway.tenancy.models import Organisation, Person, Role, RoleName, Service


def add_service(organisation: Organisation, name: str, time_zone: str, **more: Any) -> Service:
    """A new service of an organisation, with a slug of its own made from the name; never a bare number, which
    in an address is the id of a service.

    Raises Invalid when the time zone is not one of the IANA database.
    """
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
def change_service(service: Service, **values: Any) -> None:
    """Change a service's name, time zone or window widths. Syncing looks at it again at its next run.

    Raises Invalid when a value is not one, such as an unknown time zone.
    """
    for name, value in values.items():
        setattr(service, name, value)
    try:
        service.full_clean()
    except ValidationError as error:
        raise Invalid(" ".join(error.messages), fields=[*error.message_dict]) from error
    service.save(update_fields=[*values])
    Service.objects.filter(pk=service.pk).update(version=F("version") + 1)
    service.refresh_from_db()


def give_role(person: Person, service: Service, role: RoleName) -> Role:
    """Let a person be something at a service."""
    return Role.objects.get_or_create(person=person, service=service, role=role)[0]
