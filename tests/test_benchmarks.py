"""The benchmarks run, and all contenders do the same work. How long they take is never tested."""

from __future__ import annotations

import subprocess
import sys

import pytest

PHASES = ("first sync", "no-change pass", "1 % day")
CONTENDERS = ("limit", "parkway", "per child")


@pytest.mark.deep
def test_all_contenders_leave_the_same_state_behind_in_all_phases() -> None:
    command = [sys.executable, "-m", "benchmarks", "--sizes", "1000", "--rounds", "1"]
    run = subprocess.run(command, capture_output=True, text=True, check=False)

    assert run.returncode == 0, run.stdout + run.stderr
    assert "DIFFERENT" not in run.stdout
    for phase in PHASES:
        for contender in CONTENDERS:
            assert f"| 1,000 | {phase} | {contender} |" in run.stdout
