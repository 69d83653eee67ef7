"""This version beside another one, round by round: what happens to the machine meanwhile happens to both.

The other one is a checkout of this repository with an environment of its own (`make install` there). Each
version makes, syncs and changes databases of its own, with the same children, through its own
`benchmarks.contender`: one process after the other, and in every second round the other way round.
"""

from __future__ import annotations

import json
import statistics
import sys
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from benchmarks.contender import run
from benchmarks.databases import Database, opened
from benchmarks.report import PHASES, machine
from benchmarks.state import left_behind

AT_MOST = 1.05  # times what the version before takes
HERE = Path(__file__).parent.parent


class Compared(NamedTuple):
    """What was measured of both versions, under the words that begin its line of the table."""

    words: Sequence[str]
    before: Sequence[float]
    now: Sequence[float]
    digits: int


def versions(checkout: Path) -> dict[str, Path]:
    """The folders of both versions by name, the one before first.

    Ends the command when there is no version, or it is not installed.
    """
    if not all((checkout / there).exists() for there in ("benchmarks/contender.py", ".venv/bin/python")):
        raise SystemExit(
            f"{checkout} is no checkout of Parkway with its own .venv: run `make install` there."
        )
    return {"before": checkout.resolve(), "now": HERE}


def in_turn(folders: dict[str, Path], round_: int) -> Iterator[str]:
    """The names of both, in every second round the other way round."""
    yield from reversed(folders) if round_ % 2 else folders


def compare(kinds: Sequence[str], sizes: Sequence[int], rounds: int, checkout: Path) -> tuple[str, bool]:
    """Measure all phases on these databases; the tables, and whether both versions did the same."""
    parts, same = [], True
    for kind in kinds:
        with opened(kind) as database:
            bench = Beside(database, versions(checkout), rounds)
            lines = [line for size in sorted(sizes) for line in bench.measure(size)]
            parts += [f"## {database.name}", table(["children", "phase", "measured"], lines)]
            parts += [f"DIFFERENT live children after {where}" for where in bench.different]
            same = same and not bench.different
    parts.append(f"Measured on {machine()}; {rounds} rounds.")
    return "\n\n".join(parts), same


class Beside:
    """Both versions on one kind of database."""

    def __init__(self, database: Database, folders: dict[str, Path], rounds: int) -> None:
        self.database, self.folders, self.rounds = database, folders, rounds
        self.different: list[str] = []

    def measure(self, size: int) -> Iterator[Compared]:
        """All phases of one size: seconds, and the most memory."""
        for name, folder in self.folders.items():
            self._say(f"{size:,} children, making the fleet: {name}")
            run("make", size, self.database.make(f"bench_first_{name}"), folder)
        for phase, told in PHASES.items():
            seconds, memory, live = defaultdict(list), defaultdict(list), {}
            for round_ in range(self.rounds):
                for name in in_turn(self.folders, round_):
                    self._say(f"{size:,} children, {told}, round {round_ + 1}: {name}")
                    template = "first" if phase == "first" else "in_step"
                    work = self.database.copy(f"bench_{template}_{name}", "bench_work")
                    ours = self.database.of_application("bench_work")
                    answer = json.loads(run("parkway", phase, ours, self.folders[name]))
                    seconds[name].append(answer["seconds"])
                    memory[name].append(answer["mb"])
                    live[name] = left_behind(work, whole=False)
                    if phase == "first" and round_ == 0:
                        self.database.copy("bench_work", f"bench_in_step_{name}")
            if live["before"] != live["now"]:
                self.different.append(f"{told} of {size:,} children")
            yield Compared([f"{size:,}", told, "seconds"], seconds["before"], seconds["now"], 3)
            yield Compared([f"{size:,}", told, "peak MB"], memory["before"], memory["now"], 0)
            if phase == "no-change":
                for name, folder in self.folders.items():
                    run("change", size, self.database.url(f"bench_in_step_{name}"), folder)
        self.database.clear()

    def _say(self, text: str) -> None:
        print(f"{self.database.name}, {text}", file=sys.stderr, flush=True)


def table(words: Sequence[str], lines: Sequence[Compared]) -> str:
    """The medians of both versions, from the least to the most, and whether the limit holds."""
    head = [*words, "before", "from – to", "now", "from – to", "now / before", f"at most {AT_MOST}"]
    text = [f"| {' | '.join(head)} |", "|---:" + "|---" * (len(words) - 1) + "|---:" * 5 + "|---|"]
    for line in lines:
        cells = []
        for measured in (line.before, line.now):
            least, median, most = (
                f"{value:,.{line.digits}f}"
                for value in (min(measured), statistics.median(measured), max(measured))
            )
            cells += [median, f"{least} – {most}"]
        ratio = statistics.median(line.now) / statistics.median(line.before)
        cells += [f"{ratio:.2f}", "met" if ratio <= AT_MOST else "MISSED"]
        text.append(f"| {' | '.join([*line.words, *cells])} |")
    return "\n".join(text)
