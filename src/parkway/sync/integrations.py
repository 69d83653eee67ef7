"""The row of a service's integration: find it, lock it, say that it changed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db.models import F
from django.utils import timezone

from parkway.domain import Conflict
from parkway.sync import outbox
from parkway.sync.events import Happened, SettingChanged, new_id
from parkway.sync.models import Integration, Run, RunState, Stage
from parkway.tenancy import change_log
from parkway.tenancy.models import Service, Subject
from parkway.tenancy.people import Actor
from parkway.tenancy.scope import scope


def lock_integrations(service_ids: Sequence[int]) -> list[Integration]:
    """The integrations of these services, held by this transaction until it ends (D13)."""
    found = Integration.objects.select_for_update(of=("self",)).select_related("service")
    locked = list(found.filter(pk__in=service_ids).order_by("pk"))
    for each in locked:  # an integration and its service that know each other would outlive the run
        Integration.service.field.remote_field.delete_cached_value(each.service)
    return locked


def lock_if_any(service: Service) -> Integration | None:
    """Lock the integration of a service, as `lock_integrations` does; None when there is none."""
    return next(iter(lock_integrations([service.pk])), None)


def integration_of(service: Service) -> Integration:
    """The integration of a service. Raises Conflict when support has not enabled it."""
    found = Integration.objects.select_related("service").filter(service=service).first()
    if found is None or found.stage == Stage.DISABLED:
        raise Conflict(
            f"Syncing is not enabled for {service.name}. Support enables it: `parkway enable {service.slug}`."
        )
    return found


def stages() -> list[tuple[int, str]]:
    """How far each service that has an integration is, by service id."""
    return list(Integration.objects.values_list("pk", "stage"))


def is_on(service: Service) -> bool:
    """Whether the service syncs."""
    return Integration.objects.filter(service=service, stage=Stage.ON).exists()


def lock_integration(service: Service) -> Integration:
    """A service's integration, held by the transaction at hand: what it says now, nobody else changes."""
    return lock_integrations([integration_of(service).pk])[0]


def require_on(integration: Integration) -> Integration:
    """Return the integration when syncing is on. Raises Conflict otherwise, with the way out."""
    if integration.stage != Stage.ON:
        way = "turn it on again" if integration.stage == Stage.OFF else "set it up first"
        raise Conflict(f"Syncing is {integration.get_stage_display()} for {integration.service.name}; {way}.")
    return integration


def update_integration(integration: Integration, **values: str | int) -> None:
    """Write some values of an integration that is locked, and say that something changed."""
    for name, value in values.items():
        setattr(integration, name, value)
    integration.version += 1
    integration.save(update_fields=[*values, "version"])
    setting_changed(integration.service_id, *values)


def setting_changed(service_id: int, *names: str) -> None:
    """Let readers of the outbox hear that these values were written, in the transaction at hand."""
    event = SettingChanged(id=new_id(), service_id=service_id, at=timezone.now(), names=names)
    outbox.write([Happened(event)])


def change_integration(
    integration: Integration, by: Actor, now: datetime, verb: str = "change", **values: str | int
) -> None:
    """`update_integration`, with an entry in the change log of the service that says who did it."""
    changes = change_log.differences({name: getattr(integration, name) for name in values}, values)
    update_integration(integration, **values)
    service = integration.service
    change_log.record(service, Subject.SERVICE, service.slug, verb, changes, by, now)


def latest_run(service: Service) -> Run | None:
    """The run of the service that came last."""
    return scope(Run, service).order_by("-at", "-pk").first()


def held_run(service: Service) -> Run | None:
    """The held run that waits for a person, if the latest run is one."""
    latest = latest_run(service)
    return latest if latest is not None and latest.state == RunState.HELD else None


def increment_version(service: Service) -> None:
    """Say that something changed here that a plan depends on."""
    Integration.objects.filter(service=service).update(version=F("version") + 1)
