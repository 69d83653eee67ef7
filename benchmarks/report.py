"""The measurements as Markdown tables, with the machine they were made on."""

from __future__ import annotations

import math
import os
import platform
import sqlite3
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

PHASES = {"first": "first sync", "no-change": "no-change pass", "change": "1 % day"}


class Measured(NamedTuple):
    """The median of some measurements; processor time is that of the process and of the server together."""

    seconds: float
    busy: float
    megabytes: float
    times: int


Results = dict[tuple[str, int, str, str], Measured]
"""By database, number of children, phase and contender."""

GOALS = {
    "SQLite": {"first": 2.5, "change": 1.0, "no-change": 0.05},
    "PostgreSQL": {"first": 1.5, "change": 1.0, "no-change": 0.05},
}
"""At most so many times the limit, from 100,000 children on."""
LEAST_LEAD = {"diffsync": 5.0, "per child": 5.0, "dlt": 1.0}  # how many times faster than a peer, at least
MEMORY, GROWTH = 300, 1.05  # megabytes at most; the exponent of growth at most


def tables(results: Results, notes: Sequence[str]) -> str:
    """Everything measured: the times, how they grow, the goals, and what was noticed."""
    parts = []
    for database in dict.fromkeys(key[0] for key in results):
        here = {key[1:]: found for key, found in results.items() if key[0] == database}
        parts += [f"## {database}", _times(here), _growth(here), _goals(here, GOALS[database])]
    if notes:
        parts += ["## What was noticed", "\n".join(f"- {note}" for note in notes)]
    return "\n\n".join(part for part in parts if part)


Here = dict[tuple[int, str, str], Measured]
"""The results on one database."""


def _times(results: Here) -> str:
    lines = []
    for (size, phase, name), found in results.items():
        limit = results[size, phase, "limit"]
        lines.append(
            f"| {size:,} | {PHASES[phase]} | {name} | {found.seconds:.3f} | {size / found.seconds:,.0f} "
            f"| {found.seconds / limit.seconds:.2f} | {found.busy:.2f} | {found.busy / limit.busy:.2f} "
            f"| {found.megabytes:.0f} |"
        )
    head = (
        "| children | phase | contender | seconds | children/s | times the limit | processor s "
        "| times the limit's | peak MB |"
    )
    return "\n".join([head, "|---:|---|---|---:|---:|---:|---:|---:|---:|", *lines])


def _growth(results: Here) -> str:
    sizes = sorted({size for size, _, _ in results})
    if len(sizes) < 2:
        return ""
    small, large = sizes[0], sizes[-1]
    lines = []
    for name in dict.fromkeys(name for _, _, name in results):
        if all((large, phase, name) in results for phase in PHASES):
            exponents = [f"{_exponent(results, small, large, phase, name):.2f}" for phase in PHASES]
            lines.append(f"| {name} | {' | '.join(exponents)} |")
    head = f"| growth from {small:,} to {large:,}, as an exponent | {' | '.join(PHASES.values())} |"
    return "\n".join([head, "|---|---:|---:|---:|", *lines])


def _exponent(results: Here, small: int, large: int, phase: str, name: str) -> float:
    grown = results[large, phase, name].seconds / results[small, phase, name].seconds
    return math.log(grown) / math.log(large / small)


def _goals(results: Here, most: Mapping[str, float]) -> str:
    """Each goal, how far it was reached, and whether it was met."""
    sizes = sorted({size for size, _, _ in results})
    lines = []
    for size in [size for size in sizes if size >= 100_000] or sizes[-1:]:
        for phase, times in most.items():
            ours = results[size, phase, "parkway"]
            ratio = ours.seconds / results[size, phase, "limit"].seconds
            lines.append(
                _goal(size, f"{PHASES[phase]}, times the limit: at most", times, ratio, ratio <= times)
            )
            for name, least in LEAST_LEAD.items():
                if peer := results.get((size, phase, name)):
                    lead = peer.seconds / ours.seconds
                    what = f"{PHASES[phase]}, times faster than {name}: at least"
                    lines.append(_goal(size, what, least, lead, lead >= least))
        used = max(results[size, phase, "parkway"].megabytes for phase in PHASES)
        lines.append(_goal(size, "peak MB: under", MEMORY, used, used < MEMORY))
    if len(sizes) > 1:
        for phase, name in PHASES.items():
            exponent = _exponent(results, sizes[0], sizes[-1], phase, "parkway")
            what = f"{name}, exponent of growth: at most"
            lines.append(_goal(sizes[-1], what, GROWTH, exponent, exponent <= GROWTH))
    return "\n".join(["| children | goal | | measured | |", "|---:|---|---:|---:|---|", *lines])


def _goal(size: int, what: str, wanted: float, measured: float, met: bool) -> str:
    return f"| {size:,} | {what} | {wanted:g} | {measured:.2f} | {'met' if met else 'MISSED'} |"


def page(text: str, rounds: int) -> str:
    """The page for the documentation."""
    several = f"the median of {rounds} measurements counts, above 100,000 children one,"
    counted = several if rounds > 1 else "one measurement counts"
    return f"""# How fast it is

Written by `python -m benchmarks --write FILE`; `make bench` prints the same, of at most 100,000 children.
`--sizes`, `--databases`, `--contenders`, `--rounds` and `--patience` choose what is measured.
`python -m benchmarks --beside CHECKOUT` measures this version and the one installed in that checkout of the
repository in turn, and `python -m benchmarks.pages --beside CHECKOUT` does so with the pages.

A fleet of services with 100 children and about 12 bookings each, on SQLite and on a PostgreSQL on the same
machine that writes each commit to disk. The first sync makes every profile; the no-change pass finds all
services due and nothing changed; on the 1 % day one child in a hundred was renamed, moved, booked, cancelled
or archived. Each contender runs in a process of its own on a copy of the same database, one after the other;
{counted} for Parkway and the limit, the others run once.
Time runs from opening the database to the last commit. Processor time is that of the contender and of the
server together; memory is the contender's own. Afterwards, as is checked up to 100,000 children, the live
children and their rooms are the same for all contenders, and for the first four also every profile, journal
entry with its sentence and facts, and what the next pass compares.

- **limit**: set-based SQL written by hand for this fleet, in one transaction, reading every child at every
  pass, with no room for the cases that this fleet lacks, and without a proof that nothing is left to do.
- **limit, service by service**: the same statements in a transaction for each service.
- **parkway**: a pass over the fleet as `parkway fleet` makes it, with its proof. On PostgreSQL it works in
  two lanes, with a connection each, and behind the wall between tenants (row-level security), which the
  others pass.
- **per child**: the usual loop that gets and saves through the ORM.
- **diffsync**: its usual pair of adapters for each service. It keeps profiles, rooms and links; it writes no
  journal, runs or versions, and gets the queue for spaces from SQL.
- **dlt**: its scd2 merge into a table of its own that keeps history, in place of profiles. It writes no
  profiles, rooms, links, journal or runs, and gets the queue for spaces from SQL.

{text}

Measured on {machine()}.
"""


def machine() -> str:
    """What the numbers depend on."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return (
        f"{_processor()}, {os.cpu_count()} cores, {memory:.0f} GB of memory, {platform.system()}, "
        f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}; on average "
        f"{os.getloadavg()[2]:.1f} processes ran over the last quarter of an hour, one of them the contender"
    )


def _processor() -> str:
    file = Path("/proc/cpuinfo")
    lines = file.read_text().splitlines() if file.exists() else []
    return next(
        (line.split(": ", 1)[1] for line in lines if line.startswith("model name")), platform.machine()
    )
