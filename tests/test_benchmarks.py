"""The benchmarks run, and all contenders do the same work. How long they take is never tested."""

from __future__ import annotations

import subprocess
import sys

import pytest

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
