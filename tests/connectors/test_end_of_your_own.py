"""The end that docs/connectors.md shows works as it stands there: installed, outside Parkway, and synced."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.operating.installation import Installation

ROOT = Path(__file__).parent.parent.parent
PAGE = (ROOT / "docs/connectors.md").read_text(encoding="utf-8")
PROJECT, MODULE, CONTRACT = re.findall(r"^```(?:toml|python)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


def child(child_id: str, first: str, **more: object) -> dict[str, object]:
    booked = [{"state": "confirmed", "from": "2026-02-03", "to": ""}]
    names = {"id": child_id, "first": first, "last": "Ngata", "called": "", "gender": ""}
    return {**names, "born": "2022-03-04", "left": "", "rooms": ["Kiwi"], "bookings": booked, **more}


def export(file: Path, *children: dict[str, object]) -> None:
    file.write_text(json.dumps({"children": children}), encoding="utf-8")


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder into which the package of the page is installed, away from Parkway."""
    source, target = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("target")
    (source / "pyproject.toml").write_text(PROJECT, encoding="utf-8")
    (source / "parkway_qikkids.py").write_text(MODULE, encoding="utf-8")
    offline = ("--no-deps", "--no-build-isolation", "--no-index", "--quiet", "--target", str(target))
    install = [sys.executable, "-m", "pip", "install", *offline, str(source)]
    done = subprocess.run(install, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return target


def test_the_end_takes_less_than_a_hundred_lines() -> None:
    assert len(PROJECT.splitlines()) + len(MODULE.splitlines()) < 100


def test_a_service_with_that_roster_is_set_up_and_synced(tmp_path: Path, installed: Path) -> None:
    office = Installation(tmp_path, PYTHONPATH=str(installed))
    file = tmp_path / "rimu.json"
    export(file, child("K1", "Ana"), child("K2", "Ben"))
    office.done("migrate")
    office.python(
        "from parkway.cli.setup_django import now, OPERATOR as by; "
        "from parkway.storypark.verbs import set_paid_children; "
        "from parkway.tenancy.models import Organisation; "
        "from parkway.tenancy.verbs import add_service; "
        "made = add_service(Organisation.objects.create(name='Aroha'), 'Rimu', 'UTC', by=by, now=now()); "
        "set_paid_children(made, 10, by=by, now=now())"
    )
    office.done("enable", "rimu")
    assert "File that QikKids exports" in office.done("ends", "--format", "json")
    assert "QikKids" in office.done("ends", "rimu", "--roster", "qikkids", "--set", f"export={file}")
    shown = office.run("setup", "rimu", "--accept").stdout
    mark = re.search(r"Fingerprint: (\S+)", shown)
    assert mark, shown
    office.done("setup", "rimu", "--yes", mark[1])
    assert "Ana is Active in QikKids" in office.done("why", "rimu", "K1")

    export(file, child("K1", "Ana", left="2026-11-01"), child("K2", "Ben"), child("K3", "Cleo"))
    office.done("sync", "rimu")
    assert "Ana was archived in QikKids" in office.done("why", "rimu", "K1")
    office.python(
        "from parkway.storypark.models import Profile; "
        "found = sorted(Profile.objects.values_list('first_name', 'state')); "
        "assert found == [('Ana', 'archived'), ('Ben', 'live'), ('Cleo', 'live')], found"
    )

    file.unlink()
    assert "The export of QikKids cannot be read" in office.run("sync", "rimu").stdout
    refused = office.run("import", "rimu", "--children", os.devnull, "--bookings", os.devnull)
    assert refused.returncode == 2
    elsewhere = Installation(tmp_path)  # where the package is not installed
    assert "No end “qikkids” is installed here" in elsewhere.run("doctor").stdout


def test_the_end_keeps_the_contract_of_its_port(tmp_path: Path, installed: Path) -> None:
    (tmp_path / "test_qikkids.py").write_text(CONTRACT, encoding="utf-8")
    env = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(installed), str(ROOT)]),
        "DJANGO_SETTINGS_MODULE": "parkway.config.settings",
    }
    run = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", str(tmp_path)]
    done = subprocess.run(run, cwd=tmp_path, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "passed" in done.stdout
