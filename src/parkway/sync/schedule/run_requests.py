"""Running at once (R15): the data says that a service wants a run, and somebody else carries the call.

A lost call is only late: the next look at what is due finds the service.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from django.db import transaction
from django.utils import timezone

from parkway.sync import outbox
from parkway.sync.events import Event, Happened, RunRequested, new_id
from parkway.sync.models import Integration, Trigger
from parkway.tenancy.people import Actor


class RunRequestSubscriber(Protocol):
    """Somebody who makes a run of a service start soon."""

    def wake(self, service_id: int) -> None: ...


class _NoSubscriber:
    def wake(self, service_id: int) -> None:
        """Leave it to the next look at what is due."""


_subscribers: list[RunRequestSubscriber] = [_NoSubscriber()]


def subscribe(carrier: RunRequestSubscriber) -> None:
    """Say who carries the calls; done once, when the program starts."""
    _subscribers[0] = carrier


def request_run(service_id: int, trigger: Trigger, by: Actor) -> None:
    """Ask for a run of a service, in the transaction at hand; the call goes out when it is over."""
    wanted = RunRequested(
        id=new_id(),
        service_id=service_id,
        at=timezone.now(),
        trigger=trigger.value,
        person_id=by.person_id,
    )
    with transaction.atomic():
        Integration.objects.filter(pk=service_id).update(
            next_run_at=None, asked=trigger.value, asked_by=by.label, asked_person=by.person_id
        )
        outbox.write([Happened(wanted)])


def call(events: Sequence[Event]) -> None:
    """Carry the calls for runs that were asked for: a reader of the outbox."""
    for event in events:
        _subscribers[0].wake(event.service_id)
