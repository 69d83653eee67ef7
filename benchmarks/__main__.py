"""`python -m benchmarks`: Parkway beside the limit and its peers, on SQLite and on PostgreSQL, in one go."""

from __future__ import annotations

import argparse
import json
import statistics
import sys
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks import beside, report
from benchmarks.contender import CONTENDERS, WHOLE, is_here, run
from benchmarks.databases import Database, opened
from benchmarks.report import PHASES, Measured, Results
from benchmarks.state import left_behind

ALWAYS = ("limit", "parkway")
LARGE = 100_000  # children; with more, once is enough, and what is left behind is not compared any more
KEEPS_ITS_OWN = "dlt"  # its target is a table of its own, which has to be in step first


def main() -> int:
    """Measure, print the tables, and write them where asked."""
    asked = _parser().parse_args()
    if any(size < 100 or size % 100 for size in asked.sizes):
        raise SystemExit("A fleet has services of 100 children: write sizes as multiples of 100.")
    if asked.beside:
        text, same = beside.compare(asked.databases, asked.sizes, asked.rounds, asked.beside)
        print("\n" + text)
        if asked.write:
            asked.write.write_text(f"# Beside the version before\n\n{text}\n", encoding="utf-8")
        return 0 if same else 1
    results: Results = {}
    notes: list[str] = []
    for kind in asked.databases:
        with opened(kind) as database:
            bench = Bench(database, asked.rounds, asked.patience, asked.contenders, results, notes)
            for size in sorted(asked.sizes):
                bench.measure(size)
    text = report.tables(results, notes)
    print("\n" + text)
    if asked.write:
        asked.write.write_text(report.page(text, asked.rounds), encoding="utf-8")
    return 1 if any(note.startswith("DIFFERENT") for note in notes) else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    many = {"nargs": "+"}
    parser.add_argument("--sizes", type=int, default=[10_000, 100_000], help="numbers of children", **many)
    kinds = ["sqlite", "postgresql"]
    parser.add_argument("--databases", choices=kinds, default=kinds, help="which databases", **many)
    names = list(CONTENDERS)
    whom = "who takes part beside the limit and parkway"
    parser.add_argument("--contenders", choices=names, default=names, help=whom, **many)
    parser.add_argument(
        "--rounds",
        type=int,
        default=3,
        help="measurements, of which the median counts, up to 100,000 children",
    )
    what = "seconds that a peer may take at one size, as the smaller one foretells; else it is left out there"
    parser.add_argument("--patience", type=float, default=120, help=what)
    what = "measure only this version and the one installed in that checkout, in turn"
    parser.add_argument("--beside", type=Path, metavar="CHECKOUT", help=what)
    parser.add_argument("--write", type=Path, metavar="FILE", help="write the tables to this Markdown file")
    return parser


@dataclass
class Bench:
    """One database: what was measured and noticed there so far."""

    database: Database
    rounds: int
    patience: float
    chosen: Sequence[str]
    results: Results = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def measure(self, size: int) -> None:
        """All phases of one size, the contenders one after the other in each round."""
        self._say(size, "making the fleet")
        run("make", size, self.database.make("bench_first"))
        contenders = [name for name in CONTENDERS if name in ALWAYS or self._takes_part(name, size)]
        template = "bench_first"
        for phase in PHASES:
            found: dict[str, list[Measured]] = defaultdict(list)
            ends: dict[str, dict[str, str]] = {}
            for round_ in range(self.rounds if size <= LARGE else 1):
                for name in contenders:
                    if name not in ALWAYS and round_:
                        continue  # once is enough to see where it stands
                    self._say(size, f"{PHASES[phase]}, round {round_ + 1}: {name}")
                    own = name == KEEPS_ITS_OWN and phase != "first"
                    work = self.database.copy("bench_its_own" if own else template, "bench_work")
                    ours = self.database.of_application("bench_work") if name == "parkway" else work
                    found[name].append(self._measure(name, phase, ours))
                    if round_ == 0 and size <= LARGE:
                        own_rows = _own_rows(work) if name == KEEPS_ITS_OWN else None
                        ends[name] = left_behind(work, name in WHOLE, own_rows)
                    if phase == "first" and name == "parkway" and round_ == 0:
                        self.database.copy("bench_work", "bench_in_step")
            for name, measured in found.items():
                self.results[self.database.name, size, phase, name] = _median(measured)
            self._compare(size, phase, ends)
            template = "bench_in_step"
            if phase == "first" and KEEPS_ITS_OWN in contenders:
                run(KEEPS_ITS_OWN, "first", self.database.copy("bench_in_step", "bench_its_own"))
            if phase == "no-change":
                for name in ["bench_in_step"] + ["bench_its_own"] * (KEEPS_ITS_OWN in contenders):
                    run("change", size, self.database.url(name))
        self.database.clear()

    def _measure(self, name: str, phase: str, url: str) -> Measured:
        busy = self.database.busy()
        answer = json.loads(run(name, phase, url))
        found = Measured(answer["seconds"], answer["cpu"] + self.database.busy() - busy, answer["mb"], 1)
        print(f"  {found.seconds:.3f} s, {found.busy:.2f} s of processor time", file=sys.stderr, flush=True)
        return found

    def _takes_part(self, name: str, size: int) -> bool:
        """Whether a contender is wanted, installed, and quick enough, by what it took at a smaller size."""
        if name not in self.chosen:
            return False
        where = f"{self.database.name}, {size:,} children: {name} was left out"
        if not is_here(name):
            self.notes.append(f"{where}, because it is not installed (make bench installs it).")
            return False
        smaller = [key[1] for key in self.results if key[0] == self.database.name and key[3] == name]
        if not smaller:
            if size > 10_000:
                self.notes.append(f"{where}, because how long it takes was not measured at 10,000 or fewer.")
            return size <= 10_000
        base = max(smaller)
        taken = sum(self.results[self.database.name, base, phase, name].seconds for phase in PHASES)
        expected = taken * size / base
        if expected > self.patience:
            self.notes.append(
                f"{where}: after {taken:.0f} s at {base:,} it would take about {expected:,.0f} s."
            )
        return expected <= self.patience

    def _compare(self, size: int, phase: str, ends: dict[str, dict[str, str]]) -> None:
        """Whether all contenders left the same behind, as far as they write it."""
        for part in dict.fromkeys(part for end in ends.values() for part in end):
            said = {name: end[part] for name, end in ends.items() if part in end}
            if len(set(said.values())) > 1:
                where = f"{self.database.name}, {size:,} children, {PHASES[phase]}"
                told = ", ".join(f"{name} {digest}" for name, digest in said.items())
                self.notes.append(f"DIFFERENT {part} ({where}): {told}")

    def _say(self, size: int, text: str) -> None:
        print(f"{self.database.name}, {size:,} children, {text}", file=sys.stderr, flush=True)


def _own_rows(url: str) -> list[Any]:
    from benchmarks import by_dlt

    return by_dlt.live(url)


def _median(measured: Sequence[Measured]) -> Measured:
    columns = list(zip(*measured, strict=True))
    return Measured(*(statistics.median(column) for column in columns[:3]), len(measured))


if __name__ == "__main__":
    sys.exit(main())
