"""The files of `deploy/`: units, containers, alerts. What they call and name is there."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
from pathlib import Path
from typing import Any

import click
import pytest
import yaml

from parkway.cli.app import parkway
from parkway.config import metrics
from tests.test_docs import settings_that_are_read

ROOT = Path(__file__).parent.parent
DEPLOY = ROOT / "deploy"
UNITS = sorted(path.name for pattern in ("*.service", "*.timer") for path in DEPLOY.glob(pattern))
PROGRAM = "/opt/parkway/bin/parkway"


def compose() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
    return found


def assert_understood(words: list[str]) -> None:
    """Parkway has such a command with such options."""
    command = parkway.get_command(click.Context(parkway), words[0])
    assert command is not None, words
    command.make_context(words[0], words[1:])


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not installed")
@pytest.mark.parametrize("unit", UNITS)
def test_systemd_understands_every_unit(unit: str, tmp_path: Path) -> None:
    there = shutil.which("true")
    for name in UNITS:
        (tmp_path / name).write_text((DEPLOY / name).read_text().replace(PROGRAM, str(there)))
    called = unit.replace("@.", "@1.")
    (tmp_path / unit).rename(tmp_path / called)
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", "--recursive-errors=no", tmp_path / called],
        capture_output=True,
        text=True,
        check=False,
    )
    told = [line for line in done.stderr.splitlines() if str(tmp_path) in line or called in line]
    assert (done.returncode, told) == (0, [])


@pytest.mark.parametrize("unit", [name for name in UNITS if name.endswith(".service")])
def test_units_call_commands_that_there_are(unit: str) -> None:
    text = (DEPLOY / unit).read_text().replace("%i", "1")
    called = re.findall(rf"^ExecStart={PROGRAM} (.+)$", text, re.MULTILINE)
    assert len(called) == 1
    assert_understood(shlex.split(called[0]))
    assert "EnvironmentFile=/etc/parkway/parkway.env" in text
    assert "User=parkway" in text


def test_the_example_of_the_settings_has_every_one_that_a_server_needs() -> None:
    text = (DEPLOY / "parkway.env").read_text()
    named = set(re.findall(r"^([A-Z_]+)=", text, re.MULTILINE))
    assert settings_that_are_read() - named == {"PARKWAY_DEBUG", "PARKWAY_PLAIN_HTTP"}, (
        "dangerous on a server"
    )
    assert named <= settings_that_are_read()
    assert "CHANGE-ME" in text


def test_compose_calls_commands_that_there_are_and_builds_what_is_there() -> None:
    made = compose()
    for name, container in made["services"].items():
        assert_understood(container["command"])
        files = [container["env_file"]] if isinstance(container["env_file"], str) else container["env_file"]
        assert files[0] == "parkway.env"
        assert container["image"] == "parkway:latest", name
        assert container["profiles"] == [name]
        build = container["build"]
        assert (DEPLOY / build["context"] / build["dockerfile"]).is_file()
    for source in re.findall(r"^COPY (\S+)", (DEPLOY / "Dockerfile").read_text(), re.MULTILINE):
        assert (ROOT / source).exists()


def test_alerts_ask_for_metrics_that_there_are_and_are_told_of() -> None:
    [group] = yaml.safe_load((DEPLOY / "alerts.yaml").read_text())["groups"]
    known = {*metrics.GAUGES, "parkway_runs_total"}
    for rule in group["rules"]:
        asked = set(re.findall(r"parkway_[a-z_]+", rule["expr"]))
        assert asked
        assert asked <= known
    told = re.findall(r"^\| (Parkway\w+) \|", (ROOT / "docs/operating.md").read_text(), re.MULTILINE)
    assert told == [rule["alert"] for rule in group["rules"]]
