"""What the queue on PostgreSQL holds, and who works on it."""

from __future__ import annotations

from typing import NamedTuple

from django.db import connection


class QueueStats(NamedTuple):
    """Workers alive, and those that gave no sign of life for too long; jobs that wait, and those at work."""

    alive: int
    silent: int
    waiting: int
    working: int


def queue_stats() -> QueueStats | None:
    """How the queue stands; None on SQLite, where there is none."""
    if connection.vendor != "postgresql":
        return None
    from parkway.jobs import queue  # Procrastinate is installed on PostgreSQL alone

    return QueueStats(*queue.count_workers(), *queue.count_jobs())
