"""Runs asked for at once are run at once, in the process that asked (R15)."""

from __future__ import annotations

from django.utils import timezone

from parkway.sync.models import Trigger
from parkway.sync.run import Start, run_sync
from parkway.tenancy.people import Actor


class RunHere:
    """Runs a service in this process, right after the transaction that asked for it."""

    def wake(self, service_id: int, trigger: Trigger, by: Actor) -> None:
        """Run one service now."""
        run_sync([service_id], Start(timezone.now(), trigger, by))
