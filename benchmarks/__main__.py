"""`python -m benchmarks`: Parkway beside the limit and the usual loop, on SQLite, in one go."""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks import report
from benchmarks.report import PHASES, Measured, Results
from benchmarks.state import left_behind

SLOWEST = 300.0  # seconds that the per-child loop may take for all phases of one size


def main() -> int:
    """Measure, print the tables, and write them where asked."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=[10_000, 100_000], help="numbers of children")
    parser.add_argument("--rounds", type=int, default=3, help="measurements, of which the median counts")
    parser.add_argument("--write", type=Path, metavar="FILE", help="write the tables to this Markdown file")
    asked = parser.parse_args()
    if any(size < 100 or size % 100 for size in asked.sizes):
        parser.error("a fleet has services of 100 children: sizes are multiples of 100")
    with tempfile.TemporaryDirectory(prefix="parkway-bench-") as folder:
        bench = Bench(Path(folder), asked.rounds)
        for size in sorted(asked.sizes):
            bench.measure(size)
    text = report.tables(bench.results, bench.notes)
    print("\n" + text)
    if asked.write:
        asked.write.write_text(report.page(text, asked.rounds), encoding="utf-8")
    return 1 if any(note.startswith("DIFFERENT") for note in bench.notes) else 0


@dataclass
class Bench:
    """One invocation: where the databases are, and what was measured and noticed so far."""

    folder: Path
    rounds: int
    results: Results = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def measure(self, size: int) -> None:
        """All phases of one size, the contenders one after the other in each round."""
        _say(f"{size:,} children: making the fleet")
        work = self.folder / "work.sqlite3"
        template = self.folder / "first.sqlite3"
        _run("make", size, template)
        contenders = ["limit", "parkway", *self._per_child(size)]
        for phase in PHASES:
            found: dict[str, list[tuple[float, float]]] = defaultdict(list)
            ends: dict[str, dict[str, str]] = {}
            counts: dict[str, int] = {}
            for round_ in range(self.rounds):
                for name in contenders:
                    if name == "per child" and round_:
                        continue  # once is enough to see where it stands
                    _say(f"{size:,} children, {PHASES[phase]}, round {round_ + 1}: {name}")
                    _copy(template, work)
                    answer = json.loads(_run(name, phase, work))
                    found[name].append((answer["seconds"], answer["mb"]))
                    if round_ == 0:
                        counts, ends[name] = left_behind(str(work))
                    if phase == "first" and name == "parkway" and round_ == 0:
                        _copy(work, self.folder / "in-step.sqlite3")
            for name, measured in found.items():
                seconds, megabytes = (statistics.median(each) for each in zip(*measured, strict=True))
                self.results[size, phase, name] = Measured(seconds, megabytes, len(measured))
            self._compare(size, phase, ends, counts)
            template = self.folder / "in-step.sqlite3"
            if phase == "no-change":
                _run("change", size, template)
        for file in self.folder.iterdir():
            file.unlink()

    def _per_child(self, size: int) -> Sequence[str]:
        """The loop takes part unless the smaller fleet says that it would take too long."""
        smaller = [key for key in self.results if key[2] == "per child"]
        if not smaller:
            return ["per child"] if size <= 10_000 else []
        base = max(key[0] for key in smaller)
        taken = sum(self.results[base, phase, "per child"].seconds for phase in PHASES)
        expected = taken * size / base
        if expected <= SLOWEST:
            return ["per child"]
        self.notes.append(
            f"per child was not run at {size:,} children: after {taken:.0f} s at {base:,} "
            f"it would take about {expected:.0f} s."
        )
        return []

    def _compare(
        self, size: int, phase: str, ends: dict[str, dict[str, str]], counts: dict[str, int]
    ) -> None:
        """Whether every contender left the same profiles and journal behind."""
        for part in next(iter(ends.values())):
            if len({end[part] for end in ends.values()}) > 1:
                said = ", ".join(f"{name} {end[part]}" for name, end in ends.items())
                self.notes.append(f"DIFFERENT {part} at {size:,} children, {PHASES[phase]}: {said}")
        numbers = ", ".join(f"{number:,} {name}" for name, number in counts.items())
        _say(f"{size:,} children, {PHASES[phase]}: left behind {numbers}")


def _run(name: str, argument: object, database: Path) -> str:
    """One contender or step of the preparation in a fresh process; what it prints."""
    command = [sys.executable, "-m", "benchmarks.contender", name, str(argument)]
    environment = {**os.environ, "DATABASE_URL": f"sqlite:///{database}"}
    return subprocess.run(command, env=environment, check=True, stdout=subprocess.PIPE, text=True).stdout


def _copy(source: Path, target: Path) -> None:
    for ending in ("-wal", "-shm"):
        Path(f"{target}{ending}").unlink(missing_ok=True)
    shutil.copyfile(source, target)
    if Path(f"{source}-wal").exists():
        shutil.copyfile(f"{source}-wal", f"{target}-wal")


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
