"""A pass in lanes: while PostgreSQL writes what is decided for some services, others are decided."""

from __future__ import annotations

import copy
import threading
from collections.abc import Iterator
from dataclasses import replace
from queue import SimpleQueue

from django.db import connection

from parkway.db import locking
from parkway.sync.schedule.fleet import BatchResult, Pass

LANES = 2  # one decides while the other's services are written; for more there are workers

CallQueue = SimpleQueue[bool]
"""Whether another lane is to begin."""

ResultQueue = SimpleQueue[BatchResult | BaseException | None]
"""What lanes did, why one of them broke off, and None from each at its end."""


def run_in_parallel(whole: Pass) -> Iterator[BatchResult]:
    """Run a pass; what each step did. Its lanes are threads with a connection each, which share the services
    as processes would. All but the first begin when something has to be run, for a glance at services in
    which nothing changed takes no longer than opening a connection. On SQLite, where one writes at a time,
    and in a transaction there is one lane.

    Raises what broke a lane when the other has ended its batch.
    """
    if locking.single_writer() or connection.in_atomic_block:
        yield from whole
        return
    said, called, over, broken = ResultQueue(), CallQueue(), threading.Event(), list[BaseException]()
    threads: list[threading.Thread] = []
    try:
        for number in range(LANES):
            args = (_pass_of_lane(whole, over, called), said, called, number == 0)
            # a daemon: the program ends without it where somebody interrupts it
            thread = threading.Thread(target=_walk, args=args, daemon=True)
            thread.start()
            threads.append(thread)
        for _ in range(LANES):
            while (step := said.get()) is not None:
                if isinstance(step, BatchResult):
                    yield step
                else:
                    broken.append(step)
                    over.set()
    except KeyboardInterrupt:
        threads.clear()
        raise
    finally:
        over.set()
        for thread in threads:
            thread.join()
    if broken:
        raise broken[0]


def _pass_of_lane(whole: Pass, over: threading.Event, called: CallQueue) -> Pass:
    """The same pass with turns of its own, which also ends when all of it is over, and calls another one."""
    return replace(
        whole,
        wanted=copy.copy(whole.wanted),
        stopping=lambda: over.is_set() or whole.stopping(),
        turns=locking.Turns(),
        busy=lambda: called.put(True),
    )


def _walk(lane: Pass, said: ResultQueue, called: CallQueue, first: bool) -> None:
    try:
        for step in lane if first or called.get() else ():
            said.put(step)
    except BaseException as error:
        said.put(error)
    finally:
        called.put(False)  # whoever was not called by now is not needed
        said.put(None)
        connection.close()
