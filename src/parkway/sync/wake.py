"""Running at once (R15): sync says which service wants a run, somebody else carries the call.

The data says what is due, so a lost call is only late: the next look at what is due finds it.
"""

from __future__ import annotations

from typing import Protocol

from django.db import transaction

from parkway.sync.models import Trigger
from parkway.tenancy.people import Actor


class Wake(Protocol):
    """Somebody who makes a run of a service start soon."""

    def wake(self, service_id: int, trigger: Trigger, by: Actor) -> None: ...


class _Nobody:
    def wake(self, service_id: int, trigger: Trigger, by: Actor) -> None:
        """Leave it to the next look at what is due."""


_wired: list[Wake] = [_Nobody()]


def wire(carrier: Wake) -> None:
    """Say who carries the calls; done once, when the program starts."""
    _wired[0] = carrier


def soon(service_id: int, trigger: Trigger, by: Actor) -> None:
    """Ask for a run of a service as soon as the transaction at hand is over."""
    transaction.on_commit(lambda: _wired[0].wake(service_id, trigger, by))
