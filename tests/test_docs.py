"""The documentation and the program say the same."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from parkway.cli.app import COMMANDS, HIDDEN, parkway
from parkway.sync.rulebook import rulebook

ROOT = Path(__file__).parent.parent


def test_the_rules_page_is_the_table_that_decides() -> None:
    page = (ROOT / "docs/the-rules.md").read_text(encoding="utf-8")
    assert page == rulebook().markdown(), "run `make docs`"


@pytest.mark.parametrize(
    "page", ["README.md", *(str(p.relative_to(ROOT)) for p in ROOT.glob("docs/**/*.md"))]
)
def test_every_place_that_a_page_names_is_there(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    for place in re.findall(r"`((?:src|docs|tests)/[^`\s]*)`", text):
        assert (ROOT / place).exists(), f"{page} names {place}"


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
