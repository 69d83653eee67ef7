"""The documentation and the program say the same."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from parkway.cli.app import COMMANDS, HIDDEN, parkway
from parkway.config import metrics, settings
from parkway.connectors.registry import OWN_NAMES
from parkway.sync.queries.rulebook import rulebook

ROOT = Path(__file__).parent.parent


def test_the_rules_page_is_the_table_that_decides() -> None:
    page = (ROOT / "docs/the-rules.md").read_text(encoding="utf-8")
    assert page == rulebook(OWN_NAMES).markdown(), "run `make docs`"


@pytest.mark.parametrize(
    "page", ["README.md", *(str(p.relative_to(ROOT)) for p in ROOT.glob("docs/**/*.md"))]
)
def test_every_place_that_a_page_names_is_there(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    for place in re.findall(r"`((?:src|docs|tests|deploy)/[^`\s]*)`", text):
        assert (ROOT / place).exists(), f"{page} names {place}"


@pytest.mark.parametrize(
    "page", ["README.md", *(str(p.relative_to(ROOT)) for p in ROOT.glob("docs/**/*.md"))]
)
def test_every_link_leads_somewhere(page: str) -> None:
    for place in re.findall(r"\]\((?!https?:|#)([^)#\s]+)", (ROOT / page).read_text(encoding="utf-8")):
        assert ((ROOT / page).parent / place).exists(), f"{page} leads to {place}"


def test_decisions_are_numbered_one_after_the_other() -> None:
    pages = sorted((ROOT / "docs/decisions").glob("*.md"))
    assert [page.name[:4] for page in pages] == [f"{number + 1:04}" for number in range(len(pages))]
    assert [page.name[:4] for page in pages] == [page.read_text()[2:6] for page in pages]


def test_every_command_that_the_readme_shows_exists() -> None:
    shown = set(re.findall(r"parkway ([a-z][a-z-]+)", (ROOT / "README.md").read_text(encoding="utf-8")))
    assert shown <= set(COMMANDS)


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_command_loads_and_tells_what_it_does(name: str) -> None:
    command = parkway.get_command(None, name)  # type: ignore[arg-type]
    assert command is not None
    assert command.help
    if name not in HIDDEN and name != "rules":
        assert "Example" in (command.epilog or ""), f"`parkway {name} --help` shows no example"


OPERATING = (ROOT / "docs/operating.md").read_text(encoding="utf-8")
A_SETTING = r"\b(?:PARKWAY_[A-Z_]+|DATABASE_URL)\b"
FOR_TESTS = {"PARKWAY_TEST_DB"}


def settings_that_are_read() -> set[str]:
    """The variables of the environment that the program asks for, by the strings in its code."""
    found = set[str]()
    for path in (ROOT / "src").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                found |= {name for name in [node.value] if re.fullmatch(A_SETTING, name)}
    return found - FOR_TESTS


def test_every_setting_is_documented_and_every_one_documented_is_read() -> None:
    table = re.findall(r"^\| (`(?:PARKWAY|DATABASE).*) \|$", OPERATING, re.MULTILINE)
    assert table == re.findall(r"^\| (`.*) \|$", settings.__doc__ or "", re.MULTILINE)
    assert {name for line in table for name in re.findall(A_SETTING, line.split("|")[0])} == (
        settings_that_are_read()
    )
    pages = "".join(path.read_text(encoding="utf-8") for path in ROOT.glob("docs/**/*.md"))
    mentioned = set(re.findall(A_SETTING, pages))
    assert mentioned <= settings_that_are_read() | FOR_TESTS


def test_every_command_has_its_line_in_the_documentation() -> None:
    page = (ROOT / "docs/commands.md").read_text(encoding="utf-8")
    lines = re.findall(r"^\| `parkway ([a-z-]+)` \| (.+) \|$", page, re.MULTILINE)
    assert lines == [(name, told) for name, told in COMMANDS.items() if name not in HIDDEN]


def test_every_metric_is_documented_and_every_one_documented_is_told() -> None:
    registry = CollectorRegistry()
    metrics.RunMetrics(registry)
    counted = {f"{each.name}_total" if each.type == "counter" else each.name for each in registry.collect()}
    told = counted | metrics.GAUGES.keys()
    table = OPERATING.split("| metric | meaning |")[1].split("\n\n")[0]
    assert set(re.findall(r"`(parkway_[a-z_]+)(?:\{[a-z,]+\})?`", table)) == told


def test_every_file_that_a_page_names_is_there() -> None:
    """By its path from the root of the repository, or from the package."""
    missing = [
        f"{page.relative_to(ROOT)}: {named}"
        for page in [ROOT / "README.md", *ROOT.glob("docs/**/*.md")]
        for named in re.findall(
            r"`([\w./-]+/[\w-]+\.(?:py|html|toml|md|yml))`", page.read_text(encoding="utf-8")
        )
        if not any((folder / named).exists() for folder in (ROOT, ROOT / "src/parkway", page.parent))
    ]
    assert missing == []


def test_every_name_of_the_program_that_a_page_tells_is_there() -> None:
    """Such as `parkway.db.locking.Turns`: a module, or something in one."""
    pages = [ROOT / "README.md", *ROOT.glob("docs/**/*.md")]
    named = {
        name
        for page in pages
        for name in re.findall(r"\bparkway(?:\.[a-z_]+)+(?:\.[A-Z]\w+)?", page.read_text(encoding="utf-8"))
        if (ROOT / "src" / name.split(".")[0] / name.split(".")[1]).is_dir()
    }
    missing = []
    for name in sorted(named):
        parts, tail = name.split("."), ""
        while len(parts) > 1 and not any(
            (ROOT / "src" / "/".join(parts)).with_suffix(kind).exists() for kind in ("", ".py")
        ):
            tail = parts.pop()
        module = (ROOT / "src" / "/".join(parts)).with_suffix(".py")
        text = module.read_text(encoding="utf-8") if module.exists() else ""
        if tail and not re.search(rf"\b{tail}\b", text):
            missing.append(name)
    assert named, "no page names a module"
    assert missing == []
