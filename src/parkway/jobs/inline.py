"""Runs asked for at once are run at once, in the process that asked (R15)."""

from __future__ import annotations

from django.utils import timezone

from parkway.sync.run.pipeline import RunContext, run_sync


class RunInline:
    """Runs a service in this process, right after the transaction that asked for it."""

    def wake(self, service_id: int) -> None:
        """Run one service now."""
        run_sync(service_id, RunContext(timezone.now()))
