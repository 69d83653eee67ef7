"""One contender, or one step of the preparation, in a process of its own: prints a line of JSON.

`python -m benchmarks.contender NAME ARGUMENT`, with the database in DATABASE_URL.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from benchmarks import fleet, limit

MOMENTS = {"first": fleet.FIRST_SYNC, "no-change": fleet.NEXT_PASS, "change": fleet.NEXT_PASS}


def _parkway(now: datetime) -> Callable[[], object]:
    _django()
    from parkway.sync import due
    from parkway.sync.run import Start, run_sync

    return lambda: run_sync(due.due_now(now), Start(now))


def _limit(now: datetime) -> Callable[[], object]:
    file = os.environ["DATABASE_URL"].removeprefix("sqlite:///")
    return lambda: limit.sync(file, now, fleet.TODAY)


def _per_child(now: datetime) -> Callable[[], object]:
    _django()
    from benchmarks import per_child

    return lambda: per_child.sync(now)


CONTENDERS = {"limit": _limit, "parkway": _parkway, "per child": _per_child}


def _django() -> None:
    os.environ["DJANGO_SETTINGS_MODULE"] = "parkway.config.settings"
    import django

    django.setup()


def _prepare(what: str, size: int) -> None:
    _django()
    if what == "make":
        from django.core.management import call_command

        call_command("migrate", verbosity=0)
        fleet.make(size)
    else:
        fleet.change()
    from django.db import connection

    connection.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()


def peak_mb() -> float:
    """The most memory that this process has held."""
    status = Path("/proc/self/status")
    if status.exists():
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) / 1024
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


def main() -> None:
    """Measure from opening the database to the last commit; importing is left out."""
    name, argument = sys.argv[1:]
    if name not in CONTENDERS:
        _prepare(name, int(argument))
        return
    work = CONTENDERS[name](MOMENTS[argument])
    started = time.perf_counter()
    work()
    print(json.dumps({"seconds": time.perf_counter() - started, "mb": peak_mb()}))


if __name__ == "__main__":
    main()
