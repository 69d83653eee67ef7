"""A worker: runs what the queue brings, until it is asked to end."""

from __future__ import annotations

import asyncio
import logging
import signal
from typing import Any

from procrastinate import PsycopgConnector
from procrastinate.contrib.django import app
from procrastinate.contrib.django.utils import connector_params
from procrastinate.exceptions import ConnectorException
from procrastinate.worker import Worker

from parkway.db import errors

AGAIN_AFTER = 5.0  # seconds, when the database was away
PATIENCE = 5.0  # seconds for a connection of the queue

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
    loop.set_exception_handler(_nobody_heard)
    for each in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(each, ending.set)
    asked = asyncio.create_task(ending.wait())
    known = set[int]()
    while not ending.is_set():
        serving = asyncio.create_task(_serve(concurrency, known))
        await asyncio.wait({serving, asked}, return_when=asyncio.FIRST_COMPLETED)
        if ending.is_set():
            serving.cancel()
        await asyncio.wait({serving})
        error = None if serving.cancelled() else serving.exception()
        if error is not None:
            log.error("The queue was lost (%s)", errors.error_name(error))
        if not ending.is_set():
            log.warning("The queue is served anew in some seconds")
            await asyncio.wait({asked}, timeout=AGAIN_AFTER)


def _nobody_heard(loop: asyncio.AbstractEventLoop, told: dict[str, Any]) -> None:
    """An error in something that nobody waits for, such as telling the queue how a job ended: a queue that is
    away, or has given the job up, needs it no more.
    """
    error = told.get("exception")
    if isinstance(error, ConnectorException):
        log.warning("The queue could not be told (%s)", errors.error_name(error))
    else:  # without asyncio's own words, which quote the error
        log.error("Something that nobody waited for broke", exc_info=error)


async def _serve(concurrency: int, known: set[int]) -> None:
    """Serve the queue on connections of its own until cancelled; jobs at work are told, and finish.

    `known` are the ids by which the queue knew this process before: they are taken from it first, for nobody
    else could tell them from those of workers that died.
    """
    connector = PsycopgConnector(kwargs=connector_params(), min_size=1, max_size=4, timeout=PATIENCE)
    with app.replace_connector(connector):
        async with app.open_async():
            for each in list(known):
                await app.job_manager.unregister_worker(each)
                known.remove(each)
            app.perform_import_paths()  # type: ignore[no-untyped-call]
            worker = Worker(
                app=app,
                concurrency=concurrency,
                install_signal_handlers=False,
                shutdown_graceful_timeout=0,  # they are told at once, and finish their batch
            )
            try:
                await worker.run()  # type: ignore[no-untyped-call]
            finally:
                if worker.worker_id is not None:
                    known.add(worker.worker_id)
