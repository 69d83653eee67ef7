"""`parkway worker`: runs the syncs that are due, beside any number of others like it."""

from __future__ import annotations

import click

from parkway.cli.long_running import log_each_run, metrics_options


@click.command(
    epilog="""\b
Examples:
  parkway worker
  parkway worker --concurrency 4"""
)
@click.option(
    "--concurrency",
    default=2,
    show_default=True,
    type=click.IntRange(1, 16),
    help="Batches of services at once.",
)
@metrics_options
def worker(concurrency: int, metrics_port: int | None, metrics_host: str) -> None:
    """Run the syncs that are due and those that people ask for, until SIGTERM or Ctrl-C. Needs PostgreSQL.

    Start as many as you like, on several machines: about one for each processor core. Each service is synced
    by one of them at a time. One that is asked to end finishes the batches at hand; one that dies leaves
    nothing half done, and the others go on with what is due.
    """
    log_each_run()
    from django.db import connection

    from parkway.cli import setup_django
    from parkway.config import metrics
    from parkway.config.concurrency import pool_connections
    from parkway.domain import Conflict

    if connection.vendor != "postgresql":
        raise Conflict("Workers need PostgreSQL. On SQLite `parkway serve` runs the syncs itself.")
    setup_django.ready()
    pool_connections(concurrency)
    from parkway.jobs.queue import Queue
    from parkway.jobs.worker import work
    from parkway.sync.schedule import run_requests

    run_requests.subscribe(Queue())
    unpublish = metrics.publish(metrics_port, metrics_host, fleet=False)
    click.echo("Working; SIGTERM or Ctrl-C ends it after the batches at hand.")
    try:
        work(concurrency)
    finally:
        unpublish()
