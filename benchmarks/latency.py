"""`python -m benchmarks.latency`: one service's latency on both databases, and what several workers do.

The fleet is that of `python -m benchmarks`, in step. Latency is measured inside one process, for one service
after the other, as its own verbs do the work: without a page, the network and the browser. Workers of two
lanes each split a first sync among them on PostgreSQL; time runs from the moment all are ready to the end of
the last one.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from itertools import cycle

from benchmarks.contender import run
from benchmarks.databases import Database, connect, opened

SIZE = 100_000  # several workers share what is more than a batch
WORKERS = (1, 2, 4)
KINDS = ("sqlite", "postgresql")


def main() -> None:
    """Measure, and print the tables."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.latency", description=__doc__)
    parser.add_argument("--databases", choices=KINDS, nargs="+", default=KINDS, help="which databases")
    parser.add_argument("--size", type=int, default=SIZE, help="number of children, in services of 100")
    parser.add_argument("--times", type=int, default=200, help="how often each thing is done")
    parser.add_argument("--here", action="store_true", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.here:
        _latency(asked.times)
        return
    for kind in asked.databases:
        with opened(kind) as database:
            run("make", asked.size, database.make("bench_first"))
            if kind == "postgresql":
                _workers(database, asked.size)
            database.copy("bench_first", "bench_work")
            run("parkway", "first", database.of_application("bench_work"))
            print(f"\n| {database.name}: one service of 100 children | median ms | p99 ms |\n|---|---:|---:|")
            command = [sys.executable, "-m", "benchmarks.latency", "--here", "--times", str(asked.times)]
            url = database.of_application("bench_work")
            subprocess.run(command, env={**os.environ, "DATABASE_URL": url}, check=True)
            if kind == "postgresql":
                _weigh(database.url("bench_work"))
            database.clear()


def _workers(database: Database, size: int) -> None:
    """A first sync shared by 1, 2 and 4 processes."""
    print(f"\n| {database.name}: workers | seconds | children/s | times one worker |\n|---:|---:|---:|---:|")
    alone = 0.0
    for number in WORKERS:
        database.copy("bench_first", "bench_work")
        command = [sys.executable, "-m", "benchmarks.contender", "parkway", "first", "together"]
        environment = {**os.environ, "DATABASE_URL": database.of_application("bench_work")}
        pipe = subprocess.PIPE
        processes = [
            subprocess.Popen(command, env=environment, stdin=pipe, stdout=pipe, text=True)
            for _ in range(number)
        ]
        for process in processes:
            process.stdout.readline()
        began = time.perf_counter()
        for process in processes:
            process.stdin.write("\n")
            process.stdin.flush()
        for process in processes:
            process.communicate()
        taken = time.perf_counter() - began
        if failed := sum(process.returncode != 0 for process in processes):
            raise SystemExit(f"{failed} of {number} workers failed: see above.")
        alone = alone or taken
        print(f"| {number} | {taken:.2f} | {size / taken:,.0f} | {alone / taken:.2f} |", flush=True)


def _latency(times: int) -> None:
    """In this process, on the database that DATABASE_URL names."""
    os.environ["DJANGO_SETTINGS_MODULE"] = "parkway.config.settings"
    import django

    django.setup()
    from benchmarks.fleet import NEXT_PASS
    from parkway.domain import InactivePolicy
    from parkway.manage import verbs as manage
    from parkway.sync.commands import changes, lifecycle
    from parkway.sync.queries import explain
    from parkway.tenancy.models import Service
    from parkway.tenancy.people import OPERATOR
    from parkway.tenancy.scope import within

    services = cycle(Service.objects.order_by("pk"))
    names = cycle(("Aroha", "Tama", "Mia"))

    def the_child(service: Service) -> str:
        return f"C{service.pk}-007"

    def amend(service: Service) -> None:
        child = manage.find_child(service, the_child(service))
        manage.amend(child, preferred_name=next(names), by=OPERATOR, now=NEXT_PASS)

    def sync(service: Service) -> object:
        return lifecycle.sync_now(service, OPERATOR, NEXT_PASS)

    def preview(service: Service) -> object:
        return changes.preview(service, changes.SwitchPolicy(InactivePolicy.STAY), NEXT_PASS)

    def why(service: Service) -> object:
        return explain.why(service, the_child(service))

    measured: dict[str, tuple[Callable[[Service], object], Callable[[Service], object]]] = {
        "sync now, nothing changed": (sync, lambda service: None),
        "sync now, one child renamed": (sync, amend),
        "preview of a switch": (preview, lambda service: None),
        "why": (why, lambda service: None),
    }
    for name, (work, before) in measured.items():
        taken = []
        for service, _ in zip(services, range(times + 5), strict=False):
            with within(service):
                before(service)
                began = time.perf_counter()
                work(service)
                taken.append((time.perf_counter() - began) * 1000)
        slowest = statistics.quantiles(taken[5:], n=100)[98]
        print(f"| {name} | {statistics.median(taken[5:]):.1f} | {slowest:.1f} |", flush=True)


WEIGHED = (
    *("sync_entry", "sync_run", "sync_link", "storypark_profile", "storypark_profileroom"),
    *("manage_child", "manage_childroom", "manage_booking"),
)


def _weigh(url: str) -> None:
    """What the tables weigh that grow with the fleet, with their indexes."""
    print("\n| PostgreSQL: table | rows | bytes a row, with indexes |\n|---|---:|---:|")
    with closing(connect(url)) as connection:
        for table in WEIGHED:
            query = f"SELECT count(*), pg_total_relation_size('{table}') FROM {table}"
            number, size = connection.execute(query).fetchone()
            print(f"| {table} | {number:,} | {size / number:,.0f} |")


if __name__ == "__main__":
    main()
