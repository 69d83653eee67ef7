"""One contender, or one step of the preparation, in a process of its own: prints a line of JSON.

`python -m benchmarks.contender NAME ARGUMENT [together]`, with the database in DATABASE_URL.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable
from datetime import datetime
from importlib.util import find_spec
from pathlib import Path

from benchmarks import fleet, limit

MOMENTS = {"first": fleet.FIRST_SYNC, "no-change": fleet.NEXT_PASS, "change": fleet.NEXT_PASS}


def _parkway(now: datetime) -> Callable[[], object]:
    _django()
    from parkway.connectors import registry
    from parkway.engine import wording
    from parkway.sync.schedule.fleet import Pass
    from parkway.sync.schedule.parallel import run_in_parallel

    # loaded once for a process, as modules are
    registry.rosters(), registry.profiles(), wording.day(fleet.TODAY, fleet.TODAY)
    return lambda: deque(run_in_parallel(Pass(clock=lambda: now)), maxlen=0)


def _limit(now: datetime) -> Callable[[], object]:
    return lambda: limit.sync(os.environ["DATABASE_URL"], now, fleet.TODAY)


def _limit_alone(now: datetime) -> Callable[[], object]:
    return lambda: limit.sync(os.environ["DATABASE_URL"], now, fleet.TODAY, alone=True)


def _per_child(now: datetime) -> Callable[[], object]:
    _django()
    from benchmarks import per_child

    return lambda: per_child.sync(now)


def _diffsync(now: datetime) -> Callable[[], object]:
    from benchmarks import by_diffsync

    return lambda: by_diffsync.sync(os.environ["DATABASE_URL"], fleet.TODAY)


def _dlt(now: datetime) -> Callable[[], object]:
    from benchmarks import by_dlt

    return lambda: by_dlt.sync(os.environ["DATABASE_URL"], fleet.TODAY)


CONTENDERS = {
    "limit": _limit,
    "limit, service by service": _limit_alone,
    "parkway": _parkway,
    "dlt": _dlt,
    "diffsync": _diffsync,
    "per child": _per_child,
}
WHOLE = frozenset({"limit", "limit, service by service", "parkway", "per child"})
"""The contenders that write everything that Parkway writes; the others keep a target in step."""


def is_here(name: str) -> bool:
    """Whether what a contender needs is installed."""
    return name not in ("dlt", "diffsync") or find_spec(name) is not None


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
        _admit_the_application()
    else:
        fleet.change()
    from django.db import connection

    if connection.vendor == "sqlite":
        connection.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)")
    else:
        connection.cursor().execute("VACUUM ANALYZE")
    connection.close()


def _admit_the_application() -> None:
    """Let Parkway work as a role that does not pass the wall on what a superuser has made, because the other
    contenders need to see everything.
    """
    from django.db import connection

    from tests.postgres import APPLICATION

    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            rows = "SELECT, INSERT, UPDATE, DELETE ON ALL TABLES"
            for rights in (rows, "USAGE, SELECT ON ALL SEQUENCES"):
                cursor.execute(f"GRANT {rights} IN SCHEMA public TO {APPLICATION}")


def run(name: str, argument: object, url: str, checkout: Path | None = None) -> str:
    """One contender or step of the preparation in a fresh process; what it prints. With a `checkout` it is
    that of the version there, in the environment of that version.
    """
    python = checkout / ".venv/bin/python" if checkout else sys.executable
    command = [python, "-m", "benchmarks.contender", name, str(argument)]
    environment = {**os.environ, "DATABASE_URL": url}
    done = subprocess.run(
        command, cwd=checkout, env=environment, check=True, stdout=subprocess.PIPE, text=True
    )
    return done.stdout


def peak_mb() -> float:
    """The most memory that this process has held."""
    status = Path("/proc/self/status")
    if status.exists():
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) / 1024
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


def main() -> None:
    """Measure from opening the database to the last commit; importing is left out.

    With a third word, say when ready, and begin when a line comes in: so several begin at once.
    """
    name, argument, *together = sys.argv[1:]
    if name not in CONTENDERS:
        _prepare(name, int(argument))
        return
    work = CONTENDERS[name](MOMENTS[argument])
    if together:
        print("ready", flush=True)
        sys.stdin.readline()
    started, busy = time.perf_counter(), time.process_time()
    work()
    taken = {"seconds": time.perf_counter() - started, "cpu": time.process_time() - busy}
    print(json.dumps(taken | {"mb": peak_mb()}))


if __name__ == "__main__":
    main()
