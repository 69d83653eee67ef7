"""`parkway serve`: the pages, and the scheduler beside them."""

from __future__ import annotations

import os
import signal
import sys
from typing import TYPE_CHECKING, Any

import click

from parkway.cli.long_running import LOOPBACK, log_each_run, metrics_options

if TYPE_CHECKING:
    from parkway.jobs.scheduler import Scheduler

PORT, THREADS = click.IntRange(0, 65535), click.IntRange(1, 128)
LARGEST = 50_000_000  # bytes of a request: two files of an import, and more than any form
CONNECTIONS = 1_000  # of browsers and probes, most of which rest


def proxied() -> dict[str, Any]:
    """What the web server believes of the one before it: who asks and over HTTPS or not, when told to."""
    if os.environ.get("PARKWAY_BEHIND_PROXY") != "1":
        return {}
    return {"trusted_proxy": "*", "trusted_proxy_headers": "x-forwarded-for x-forwarded-proto"}


@click.command(
    epilog="""\b
Examples:
  parkway serve
  parkway serve --port 9000"""
)
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen at.")
@click.option(
    "--port", default=8000, show_default=True, type=click.IntRange(0, 65535), help="0: any free one."
)
@click.option(
    "--threads", default=8, show_default=True, type=click.IntRange(1, 128), help="Requests at once."
)
@click.option(
    "--scheduler/--no-scheduler",
    default=True,
    help="Run the syncs that are due in this process, while no `parkway worker` does.",
)
@metrics_options
def serve(
    host: str, port: int, threads: int, scheduler: bool, metrics_port: int | None, metrics_host: str
) -> None:
    """Serve Manage, Storypark and the page between them, and run the syncs that are due.

    That is all a small installation needs. On PostgreSQL `parkway worker` takes the syncs over while one
    runs, here or on another machine; with --no-scheduler they are left to workers alone.

    On this machine alone plain HTTP is enough. For others to reach it, put a web server with HTTPS before it.
    """
    if host in LOOPBACK and os.environ.get("PARKWAY_BEHIND_PROXY") != "1":
        os.environ.setdefault("PARKWAY_PLAIN_HTTP", "1")  # before the settings are read
    log_each_run()
    from django.conf import settings
    from waitress.server import create_server

    from parkway.cli import setup_django
    from parkway.config import metrics
    from parkway.config.concurrency import Threads, pool_connections
    from parkway.config.secret_key import keep_secret_key
    from parkway.config.wsgi import application
    from parkway.domain import Conflict

    setup_django.ready()
    keep_secret_key(settings.DATABASES["default"])
    pool_connections(threads)
    limits = {"max_request_body_size": LARGEST, "max_request_header_size": 64 * 1024}
    limits |= {"connection_limit": CONNECTIONS, "asyncore_use_poll": True}
    try:
        server = create_server(
            application,
            _dispatcher=Threads(threads),
            host=host,
            port=port,
            ident="parkway",
            **limits,
            **proxied(),
        )
    except OSError as error:
        raise Conflict(
            f"Nothing can listen at {host}:{port} ({error.strerror}). Is Parkway running already? "
            f"Another port: parkway serve --port {port + 1}"
        ) from error
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    unpublish = metrics.publish(metrics_port, metrics_host, fleet=True)
    running = _scheduler(scheduler)
    shown = f"[{host}]" if ":" in host else host
    click.echo(f"\nParkway is at http://{shown}:{server.effective_port}/  (Ctrl-C ends it)")
    try:
        server.run()  # it returns when a signal ends it
    finally:
        click.echo("Ending; the run at hand is finished first.")
        running.end()
        server.close()
        unpublish()


def _scheduler(wanted: bool) -> Scheduler:
    """The scheduler, started when it is wanted; and who carries calls for runs asked for at once."""
    from django.db import connection

    from parkway.jobs.scheduler import Scheduler
    from parkway.sync.schedule import run_requests

    if connection.vendor == "postgresql":
        from parkway.jobs.queue import Queue, anybody_works

        made = Scheduler(others=anybody_works)
        run_requests.subscribe(Queue(otherwise=made if wanted else None))
    else:
        made = Scheduler()
        if wanted:
            run_requests.subscribe(made)
    if wanted:
        made.start()
    return made
