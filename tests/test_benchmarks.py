"""The benchmarks run, and all contenders do the same work. How long they take is never tested."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PHASES = ("first sync", "no-change pass", "1 % day")
CONTENDERS = ("limit", "limit, service by service", "parkway", "per child")  # the peers need `make bench`


@pytest.mark.deep
@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_all_contenders_leave_the_same_state_behind_in_all_phases(database: str) -> None:
    command = [sys.executable, "-m", "benchmarks", "--sizes", "400", "--rounds", "1"]
    run = subprocess.run([*command, "--databases", database], capture_output=True, text=True, check=False)

    assert run.returncode == 0, run.stdout + run.stderr
    assert "DIFFERENT" not in run.stdout
    for phase in PHASES:
        for contender in CONTENDERS:
            assert f"| 400 | {phase} | {contender} |" in run.stdout


@pytest.mark.deep
def test_writers_write_beside_passes_over_the_fleet() -> None:
    few = ["--writers", "2", "--services", "2", "--seconds", "0.5", "--databases", "sqlite"]
    command = [sys.executable, "-m", "benchmarks.writers", *few]
    run = subprocess.run(command, capture_output=True, text=True, check=False)

    assert run.returncode == 0, run.stdout + run.stderr
    lines = [line for line in run.stdout.splitlines() if line.startswith("| sqlite | 2 |")]
    assert [line.split("|")[-2].strip() for line in lines] == ["0", "0"], "no change was given up"


@pytest.mark.deep
@pytest.mark.skipif(
    not (ROOT / ".venv/bin/python").exists(), reason="no .venv here, as `make install` makes it"
)
def test_two_versions_are_measured_in_turn_and_do_the_same() -> None:
    command = [sys.executable, "-m", "benchmarks", "--beside", str(ROOT), "--sizes", "200", "--rounds", "1"]
    run = subprocess.run([*command, "--databases", "sqlite"], capture_output=True, text=True, check=False)

    assert run.returncode == 0, run.stdout + run.stderr
    assert "DIFFERENT" not in run.stdout
    for phase in PHASES:
        for measured in ("seconds", "peak MB"):
            assert f"| 200 | {phase} | {measured} |" in run.stdout


def test_benchmarks_that_choose_their_own_database_load_without_one() -> None:
    modules = ", ".join(
        f"benchmarks.{name}" for name in ("latency", "pages", "pages_beside", "soaked", "writers")
    )
    environment = {"PATH": "", "PYTHONPATH": str(ROOT)}
    run = subprocess.run(
        [sys.executable, "-c", f"import {modules}"],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
