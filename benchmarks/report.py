"""The measurements as Markdown tables, with the machine they were made on."""

from __future__ import annotations

import math
import os
import platform
import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

PHASES = {"first": "first sync", "no-change": "no-change pass", "change": "1 % day"}


class Measured(NamedTuple):
    """The median of some measurements."""

    seconds: float
    megabytes: float
    times: int


Results = dict[tuple[int, str, str], Measured]
"""By number of children, phase and contender."""

GOALS = {"first": 2.5, "change": 1.0, "no-change": 0.05}
"""At most so many times the limit, from 100,000 children on."""


def tables(results: Results, notes: Sequence[str]) -> str:
    """Everything measured: the times, how they grow, the goals, and what was noticed."""
    parts = [_times(results), _growth(results), _goals(results)]
    if notes:
        parts.append("\n".join(f"- {note}" for note in notes))
    return "\n\n".join(part for part in parts if part)


def _times(results: Results) -> str:
    lines = []
    for (size, phase, name), found in results.items():
        ratio = found.seconds / results[size, phase, "limit"].seconds
        lines.append(
            f"| {size:,} | {PHASES[phase]} | {name} | {found.seconds:.3f} | {size / found.seconds:,.0f} "
            f"| {found.megabytes:.0f} | {ratio:.2f} |"
        )
    head = "| children | phase | contender | seconds | children/s | peak MB | times the limit |"
    return "\n".join([head, "|---:|---|---|---:|---:|---:|---:|", *lines])


def _growth(results: Results) -> str:
    sizes = sorted({size for size, _, _ in results})
    if len(sizes) < 2:
        return ""
    small, large = sizes[0], sizes[-1]
    names = dict.fromkeys(name for _, _, name in results)
    lines = []
    for name in names:
        if any((large, phase, name) not in results for phase in PHASES):
            continue
        grown = [
            math.log(results[large, phase, name].seconds / results[small, phase, name].seconds)
            / math.log(large / small)
            for phase in PHASES
        ]
        lines.append(f"| {name} | {' | '.join(f'{exponent:.2f}' for exponent in grown)} |")
    head = f"| growth from {small:,} to {large:,}, as an exponent | {' | '.join(PHASES.values())} |"
    return "\n".join([head, "|---|---:|---:|---:|", *lines])


def _goals(results: Results) -> str:
    sizes = sorted({size for size, _, _ in results})
    lines = []
    for size in [size for size in sizes if size >= 100_000] or sizes[-1:]:
        for phase, most in GOALS.items():
            ratio = results[size, phase, "parkway"].seconds / results[size, phase, "limit"].seconds
            verdict = "met" if ratio <= most else "MISSED"
            lines.append(f"| {size:,} | {PHASES[phase]} | {most} | {ratio:.2f} | {verdict} |")
    head = "| children | goal for | at most, times the limit | measured | |"
    return "\n".join([head, "|---:|---|---:|---:|---|", *lines])


def page(text: str, rounds: int) -> str:
    """The page for the documentation."""
    return f"""# How fast it is

Written by `python -m benchmarks --write docs/performance.md`; `make bench` measures the same and prints it.

A fleet of services with 100 children and about 12 bookings each, on SQLite. The first sync makes every
profile; the no-change pass finds all services due and nothing changed; on the 1 % day one child in a hundred
was renamed, moved, booked, cancelled or archived. Each contender runs in a process of its own on a copy of
the same database, one after the other; the median of {rounds} counts (the per-child loop runs once). Time
runs from opening the database to the last commit. Afterwards the profiles, their rooms and links, every
journal entry with its sentence and facts, and what the next pass compares are the same for all contenders.

- **parkway**: a pass over the fleet as the schedule makes it, with its proof that nothing is left to do.
- **limit**: set-based SQL written by hand for this fleet, in one transaction, reading every child at every
  pass, with no room for the cases that this fleet lacks, and without that proof.
- **per child**: the usual loop that gets and saves through the ORM.

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
