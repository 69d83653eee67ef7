"""`python -m benchmarks.soak`: pages and workers together under load, for minutes.

A fleet in step comes due evenly over the whole time, one child in a hundred of it changed, while visitors
look at pages, change children and ask for runs (benchmarks/visitors.py). Afterwards: what was asked and how
long it took, what each process held in memory at the beginning and at the end, and everything that went
wrong: answers that are errors, errors in the logs, runs that failed or left something to do, services that
are late.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import secrets
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.databases import Database, opened
from tests.postgres import APPLICATION

SAMPLE_EVERY = 5.0  # seconds
SIGNS_OF_TROUBLE = re.compile(r"\b(ERROR|CRITICAL|Traceback)\b")


def main() -> int:
    """Make the fleet, let it run under load, and print what came of it; 1 when anything went wrong."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.soak", description=__doc__.split("\n")[0])
    parser.add_argument("--database", choices=["sqlite", "postgresql"], default="postgresql")
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--services", type=int, default=2000, help="of 100 children each")
    parser.add_argument("--visitors", type=int, default=20)
    parser.add_argument("--workers", type=int, default=2, help="on PostgreSQL; SQLite has one scheduler")
    asked = parser.parse_args()
    with (
        tempfile.TemporaryDirectory(prefix="parkway-soak-") as folder,
        opened(asked.database) as database,
    ):
        os.environ |= {"DATABASE_URL": empty(database), "PARKWAY_SECRET_KEY": secrets.token_urlsafe(48)}
        soak = Soak(Path(folder), asked)
        soak.prepare()
        soak.run()
        print("\n" + soak.report())
    return 1 if soak.troubles else 0


def empty(database: Database) -> str:
    """The address of empty tables, where Parkway works as it does in earnest."""
    role = ["--application-role", APPLICATION] if database.name == "PostgreSQL" else []
    database.make("bench_soak")
    owner = {**os.environ, "DATABASE_URL": database.of_owner("bench_soak")}
    subprocess.run([_program("parkway"), "migrate", *role], check=True, stdout=subprocess.DEVNULL, env=owner)
    return database.of_application("bench_soak")


@dataclass
class Soak:
    """One soak: its processes, what they held in memory, and what went wrong."""

    folder: Path
    asked: argparse.Namespace
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    memory: dict[str, list[float]] = field(default_factory=dict)
    troubles: list[str] = field(default_factory=list)
    tables: list[str] = field(default_factory=list)

    def prepare(self) -> None:
        """Make the fleet, bring it into step, and let a day's changes wait for their runs."""
        _say(f"making {self.asked.services:,} services and bringing them into step")
        more = [str(self.asked.services), str(self.asked.minutes), str(self.folder / "visitors.json")]
        subprocess.run([sys.executable, "-m", "benchmarks.soaked", "prepare", *more], check=True)

    def run(self) -> None:
        """Serve, work and visit for the time asked for."""
        try:
            local = self.asked.database == "sqlite"
            port = self._serve([] if local else ["--no-scheduler"])
            for number in range(0 if local else self.asked.workers):
                self._start(f"worker {number + 1}", ["parkway", "worker"])
            _say(f"{self.asked.visitors} visitors for {self.asked.minutes:g} minutes")
            visits = self._visit(port)
            while visits.poll() is None:
                self._sample()
                try:
                    visits.wait(SAMPLE_EVERY)
                except subprocess.TimeoutExpired:
                    self._look_after()
            self._sample()
        finally:
            self._end()
        self._read_logs()
        self._read_visits(visits.returncode)
        self._read_database()

    def _serve(self, options: Sequence[str]) -> int:
        """Start the web server; the port it listens at."""
        self._start("serve", ["parkway", "serve", "--port", "0", *options])
        log, deadline = self.folder / "serve.log", time.monotonic() + 60
        while not (found := re.search(r"http://127\.0\.0\.1:(\d+)/", log.read_text())):
            if time.monotonic() > deadline:
                raise SystemExit(f"parkway serve did not start:\n{log.read_text()}")
            time.sleep(0.1)
        return int(found.group(1))

    def _start(self, name: str, command: Sequence[str]) -> None:
        log = (self.folder / f"{name}.log").open("wb")
        environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
        self.processes[name] = subprocess.Popen(
            [_program(command[0]), *command[1:]], stdout=log, stderr=subprocess.STDOUT, env=environment
        )
        self.memory[name] = []

    def _visit(self, port: int) -> subprocess.Popen[bytes]:
        file = str(Path(__file__).with_name("visitors.py"))
        load = ["-u", str(self.asked.visitors), "-r", "2", "-t", f"{int(self.asked.minutes * 60)}s"]
        where = ["--host", f"http://127.0.0.1:{port}", "--json-file", str(self.folder / "visits")]
        return subprocess.Popen(
            [sys.executable, "-m", "locust", "-f", file, "--headless", "--skip-log", *load, *where],
            env={**os.environ, "PARKWAY_VISITORS": str(self.folder / "visitors.json")},
            stdout=subprocess.DEVNULL,
            stderr=(self.folder / "locust.log").open("wb"),
        )

    def _sample(self) -> None:
        for name, process in self.processes.items():
            status = Path(f"/proc/{process.pid}/status")
            if status.exists() and (found := re.search(r"VmRSS:\s+(\d+)", status.read_text())):
                self.memory[name].append(int(found.group(1)) / 1024)

    def _look_after(self) -> None:
        for name, process in self.processes.items():
            if process.poll() is not None and f"{name} ended by itself" not in self.troubles:
                self.troubles.append(f"{name} ended by itself")

    def _end(self) -> None:
        """Ask every process to end, and wait for it."""
        for name, process in self.processes.items():
            process.send_signal(signal.SIGTERM)
            try:
                code = process.wait(60)
            except subprocess.TimeoutExpired:
                process.kill()
                code = process.wait()
            if code:
                self.troubles.append(f"{name} ended with {code}")

    def _read_logs(self) -> None:
        for name in self.processes:
            lines = (self.folder / f"{name}.log").read_text(errors="replace").splitlines()
            wrong = [line for line in lines if SIGNS_OF_TROUBLE.search(line)]
            if wrong:
                self.troubles.append(f"{len(wrong)} errors in the log of {name}, the first: {wrong[0]}")

    def _read_visits(self, code: int) -> None:
        file = next(self.folder.glob("visits*"), None)
        if file is None:
            told = (self.folder / "locust.log").read_text()
            self.troubles.append(f"the visitors left nothing behind ({code}): {told[-2000:]}")
            return
        lines = ["| what | times | errors | p50 ms | p99 ms | longest ms |", "|---|---:|---:|---:|---:|---:|"]
        for row in sorted(json.loads(file.read_text()), key=lambda row: -row["num_requests"]):
            p50, p99 = (_percentile(row["response_times"], share) for share in (0.50, 0.99))
            lines.append(
                f"| {row['name']} | {row['num_requests']:,} | {row['num_failures']} "
                f"| {p50:.0f} | {p99:.0f} | {row['max_response_time']:.0f} |"
            )
            if row["num_failures"]:
                self.troubles.append(f"{row['num_failures']} errors answered to: {row['name']}")
        self.tables.append("\n".join(lines))

    def _read_database(self) -> None:
        command = [sys.executable, "-m", "benchmarks.soaked", "ended"]
        found = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
        self.troubles += found["troubles"]
        self.tables.append("\n".join(f"- {line}" for line in found["told"]))

    def report(self) -> str:
        """Everything, as Markdown."""
        lines = ["| process | MB after a quarter | MB at the end | most |", "|---|---:|---:|---:|"]
        for name, held in self.memory.items():
            quarter = len(held) // 4
            first, last = held[quarter : quarter + 5], held[-5:]
            lines.append(
                f"| {name} | {sum(first) / len(first):.0f} | {sum(last) / len(last):.0f} | {max(held):.0f} |"
            )
        ending = "\n".join(f"- WRONG: {trouble}" for trouble in self.troubles) or "Nothing went wrong."
        return "\n\n".join([*self.tables, "\n".join(lines), ending])


def _program(name: str) -> str:
    return str(Path(sys.executable).with_name(name))


def _percentile(times: Mapping[str, int], share: float) -> float:
    """The least time in ms within which this share was answered; `times` has how many took how long."""
    left = share * sum(times.values())
    for taken in sorted(times, key=float):
        left -= times[taken]
        if left <= 0:
            return float(taken)
    return 0.0


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
