"""What a process that serves or works has for many at once: connections to share, and threads."""

from __future__ import annotations

from typing import Any

from django.db import connection
from waitress.task import ThreadedTaskDispatcher

from parkway.config.health_endpoints import ALIVE

BESIDE = 4  # connections beside those of requests or batches: the scheduler's, and of who asks for metrics
PATIENCE = 2.0  # seconds for a connection, after which the pool's pauses between two attempts begin anew


def pool_connections(at_once: int) -> None:
    """From here on connections to PostgreSQL outlive the requests or batches, so many at once, that they were
    opened for. Commands that end by themselves open one of their own, which tells at once why it fails.
    """
    connection.close()
    if connection.vendor == "postgresql":
        connection.settings_dict["OPTIONS"]["pool"] = {
            "min_size": 0,
            "max_size": at_once + BESIDE,
            "timeout": PATIENCE,
            "reconnect_timeout": PATIENCE,
        }


class Threads(ThreadedTaskDispatcher):  # type: ignore[misc]
    """Threads for requests, and one that only tells that the process is alive: at once, however long those at
    work wait for a database.
    """

    def __init__(self, number: int) -> None:
        super().__init__()
        self._alive = ThreadedTaskDispatcher()
        self._alive.set_thread_count(1)
        self.set_thread_count(number)

    def add_task(self, task: Any) -> None:
        """Hand on a channel, whose next request has arrived as a whole."""
        if getattr(task.requests[0], "path", "") == ALIVE:  # a request that makes no sense has no path
            self._alive.add_task(task)
        else:
            super().add_task(task)

    def shutdown(self, cancel_pending: bool = True, timeout: float = 5) -> bool:
        """Let the requests at hand be answered, for so many seconds at most."""
        self._alive.shutdown(cancel_pending, timeout)
        return bool(super().shutdown(cancel_pending, timeout))
