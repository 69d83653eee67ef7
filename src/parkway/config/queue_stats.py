"""What the queue on PostgreSQL holds, and who works on it."""

from __future__ import annotations

from typing import NamedTuple

from django.db import connection

from parkway.db import bulk


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
    from parkway.jobs.queue import QUIET  # Procrastinate is installed on PostgreSQL alone

    [(alive, silent)] = bulk.read(
        """SELECT count(*) FILTER (WHERE quiet <= %s), count(*) FILTER (WHERE quiet > %s)
           FROM (SELECT now() - last_heartbeat AS quiet FROM procrastinate_workers) w""",
        [QUIET, QUIET],
    )
    [(waiting, working)] = bulk.read(
        """SELECT count(*) FILTER (WHERE status = 'todo'), count(*) FILTER (WHERE status = 'doing')
           FROM procrastinate_jobs WHERE status IN ('todo', 'doing')"""
    )
    return QueueStats(alive, silent, waiting, working)
