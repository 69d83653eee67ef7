"""A door shows a change with `changes.preview` and makes it with `changes.confirm`: there is no other way."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import parkway

SOURCE = Path(parkway.__file__).parent
DOORS = ("web", "cli", "jobs", "demo")
INSIDE = {
    "gather",
    "gather_one",
    "gather_again",
    "make_plan",
    "plan_now",
    "apply_plans",
    "update_integration",
}
"""What `preview` and `confirm` are made of."""

WRITES = {"update", "create", "get_or_create", "update_or_create", "bulk_create", "bulk_update", "delete"}
WAYS = {"preview", "confirm"}


def modules() -> Iterator[tuple[str, ast.Module]]:
    for room in DOORS:
        for path in sorted((SOURCE / room).rglob("*.py")):
            yield str(path.relative_to(SOURCE)), ast.parse(path.read_text(encoding="utf-8"))


def imported(tree: ast.Module, room: str) -> set[str]:
    """What is imported from a room."""
    found = [n for n in ast.walk(tree) if isinstance(n, ast.ImportFrom) and n.module == room]
    return {each.name for node in found for each in node.names}


def of_an_integration(written: str) -> bool:
    """Whether what is called belongs to the rows of integrations, or to one of them."""
    *owner, act = written.split(".")
    first = owner[0].split("(")[0] if owner else ""
    if first == "Integration":
        return act in WRITES
    return bool(owner) and owner[-1] in ("integration", "found") and act in ("save", "delete")


def wrong(tree: ast.Module) -> Iterator[str]:
    """What a door does that only `preview` and `confirm` may do."""
    for node in ast.walk(tree):
        match node:
            case ast.ImportFrom(names=names):
                for each in names:
                    if each.name in INSIDE:
                        yield f"{node.lineno}: imports {each.name}"
            case ast.Call(func=called):
                written = ast.unparse(called)
                if written.rpartition(".")[2] in INSIDE:
                    yield f"{node.lineno}: calls {written}"
                if of_an_integration(written):
                    yield f"{node.lineno}: writes with {written}"


def test_no_door_makes_a_plan_or_writes_an_integration_by_itself() -> None:
    """B1, D33."""
    assert [f"{name}:{each}" for name, tree in modules() for each in wrong(tree)] == []


def test_of_the_changes_a_door_uses_their_values_and_the_two_ways_in() -> None:
    """B1, D33."""
    used = {
        node.attr
        for _, tree in modules()
        if "changes" in imported(tree, "parkway.sync.commands")
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and ast.unparse(node.value) == "changes"
    }
    assert used >= WAYS
    assert {name for name in used if not name[0].isupper()} == WAYS


@pytest.mark.parametrize(
    "code",
    [
        "from parkway.sync.run.gather import gather_one",
        "plan = plans.make_plan(situation)",
        "integrations.update_integration(found, stage='on')",
        "Integration.objects.filter(service=service).update(stage='on')",
        "Integration.objects.create(service=service)",
        "visit.integration.save()",
    ],
)
def test_a_door_beside_them_would_be_found(code: str) -> None:
    """B1."""
    assert len([*wrong(ast.parse(code))]) == 1


def test_reading_an_integration_is_open_to_all() -> None:
    """D22."""
    code = "found = Integration.objects.filter(service=service).select_related('service').first()"
    assert [*wrong(ast.parse(code))] == []
