"""A worker: runs what the queue brings, until it is asked to end."""

from __future__ import annotations

import asyncio
import logging
import signal

from procrastinate import PsycopgConnector
from procrastinate.contrib.django import app
from procrastinate.contrib.django.utils import connector_params

AGAIN_AFTER = 5.0  # seconds, when the database was away

log = logging.getLogger("parkway.jobs")


def work(concurrency: int) -> None:
    """Work until SIGTERM or SIGINT, then finish the batches at hand and return.

    A worker that loses its database, or wakes up after others have given it up, begins anew: what it held
    the database has taken back.
    """
    asyncio.run(_work(concurrency))


async def _work(concurrency: int) -> None:
    ending = asyncio.Event()
    loop = asyncio.get_running_loop()
    for each in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(each, ending.set)
    asked = asyncio.create_task(ending.wait())
    while not ending.is_set():
        serving = asyncio.create_task(_serve(concurrency))
        await asyncio.wait({serving, asked}, return_when=asyncio.FIRST_COMPLETED)
        if ending.is_set():
            serving.cancel()
        await asyncio.wait({serving})
        if not ending.is_set():
            error = None if serving.cancelled() else serving.exception()
            log.error("The queue was lost (%s); it is tried again", type(error or serving).__name__)
            await asyncio.wait({asked}, timeout=AGAIN_AFTER)


async def _serve(concurrency: int) -> None:
    """Serve the queue on connections of its own until cancelled; jobs at work are told, and finish."""
    connector = PsycopgConnector(kwargs=connector_params(), min_size=1, max_size=4)
    with app.replace_connector(connector):
        async with app.open_async():
            await app.run_worker_async(
                concurrency=concurrency,
                install_signal_handlers=False,
                shutdown_graceful_timeout=0,  # they are told at once, and finish their batch
            )
