"""`python -m benchmarks.writers`: how many changes a database takes when many write at once.

Each writer is a process of its own that changes a child of its own service again and again without a pause,
through Manage's verbs, as the pages do: many more than people make. Beside them stands the same while passes
over the fleet read everything. On SQLite all writers share one lock; on PostgreSQL those of one service.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from datetime import timedelta
from typing import Any

from benchmarks import fleet
from benchmarks.contender import run
from benchmarks.databases import opened

HEAD = """| database | writers | full passes beside | changes/s | p50 ms | p99 ms | longest ms | given up |
|---|---:|---:|---:|---:|---:|---:|---:|"""


def main() -> None:
    """Measure both databases, or those asked for, and print a table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.writers")
    parser.add_argument("--databases", nargs="+", default=["sqlite", "postgresql"])
    parser.add_argument("--writers", type=int, nargs="+", default=[1, 2, 4, 8, 16], help="at once")
    parser.add_argument("--services", type=int, default=200, help="of 100 children each")
    parser.add_argument("--seconds", type=float, default=8, help="that the writers of a line write")
    asked = parser.parse_args()
    if max(asked.writers) > asked.services:
        parser.error("each writer has a service of its own: more --services, or fewer --writers")
    print(HEAD)
    for kind in asked.databases:
        with opened(kind) as database:
            run("make", asked.services * fleet.A_SERVICE, database.make("bench_writers"))
            os.environ["DATABASE_URL"] = database.of_application("bench_writers")
            for syncing in (False, True):
                for number in asked.writers:
                    print(_line(kind, number, syncing, asked.seconds), flush=True)


def _line(kind: str, number: int, syncing: bool, seconds: float) -> str:
    """One line of the table: so many writers at once."""
    beside = [_begin("sync", 0)] if syncing else []
    passed = 0.0
    try:
        begun = [_begin("write", index, seconds) for index in range(number)]
        found = [json.loads(writer.communicate()[0]) for writer in begun]
    finally:
        for process in beside:
            process.kill()
            passed = sum(map(int, process.communicate()[0].split())) / seconds
    taken = sorted(each for writer in found for each in writer["taken"])
    refused = sum(writer["refused"] for writer in found)
    p99 = statistics.quantiles(taken, n=100)[98] if len(taken) > 1 else taken[0]
    beside_them = f"{passed:,.0f} services/s" if syncing else "no"
    return (
        f"| {kind} | {number} | {beside_them} | {len(taken) / seconds:,.1f} "
        f"| {statistics.median(taken):.1f} | {p99:.0f} | {taken[-1]:.0f} | {refused} |"
    )


def _begin(*words: object) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "benchmarks.writers", "--step", *map(str, words)]
    return subprocess.Popen(command, stdout=subprocess.PIPE)


def step(what: str, number: int, seconds: float = 0.0) -> None:
    """A process of its own: write as one of the writers, or pass over the fleet endlessly."""
    os.environ["DJANGO_SETTINGS_MODULE"] = "parkway.config.settings"
    import django

    django.setup()
    from parkway.tenancy.scope import within_all

    if what == "write":
        with within_all():
            print(json.dumps(_write(number, seconds)))
    else:
        _sync()


def _write(number: int, seconds: float) -> dict[str, Any]:
    """Change a child of the service of this number for some seconds: how long each change took, in ms, and
    how many were given up because the lock was not to be had in time.
    """
    from django.db import OperationalError

    from parkway.manage import verbs
    from parkway.manage.models import Child
    from parkway.tenancy.models import Service
    from parkway.tenancy.people import OPERATOR

    service = Service.objects.order_by("pk")[number]
    child = Child.objects.filter(service=service).order_by("pk")[0]
    taken, refused, ends = list[float](), 0, time.monotonic() + seconds
    while time.monotonic() < ends:
        began = time.perf_counter()
        try:
            verbs.amend(child, preferred_name=f"Name {len(taken)}", by=OPERATOR, now=fleet.NEXT_PASS)
        except OperationalError:
            refused += 1
        taken.append((time.perf_counter() - began) * 1000)
    return {"taken": taken, "refused": refused}


def _sync() -> None:
    """Passes that read everything of the fleet, one after the other, until the process is ended; prints how
    many services each step did.
    """
    from parkway.sync.schedule.fleet import AllServices, Pass

    now = fleet.FIRST_SYNC
    while True:
        now += timedelta(seconds=1)
        for done in Pass(AllServices(now), clock=lambda now=now: now, full=True):
            print(done.services, flush=True)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--step"]:
        what, number, *more = sys.argv[2:]
        step(what, int(number), *map(float, more))
    else:
        main()
