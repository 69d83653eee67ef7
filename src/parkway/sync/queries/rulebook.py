"""The rules in words, from the tables that decide: for documentation, command line and help."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from parkway.domain import EndNames, ProfileState
from parkway.engine.rules import OBSTACLES, RULES, STEPS


@dataclass(frozen=True, slots=True)
class Rulebook:
    """Rows of words: (slug, verdict, meaning), (verdict, step by profile), (slug, step, meaning)."""

    ends: EndNames
    rules: list[tuple[str, str, str]]
    steps: list[tuple[str, ...]]
    obstacles: list[tuple[str, str, str]]

    def markdown(self) -> str:
        """The page `docs/the-rules.md`."""
        parts = [
            "# The rules",
            "Generated from `src/parkway/engine/rules.py` by `make docs`; a test holds them together.",
            f"## Who belongs in {self.ends.profiles}",
            "Exactly one row answers for each child.",
            _table(("rule", "then the child", "meaning"), self.rules),
            "## What follows",
            "Keep becomes update when a synced field differs. Create becomes link or restore when exactly "
            "one profile that nobody is linked to is certainly the child's.",
            _table(("the child", "profile missing or deleted", "live", "archived"), self.steps),
            "## What can stand in the way",
            _table(("rule", "step", "meaning"), self.obstacles),
        ]
        return "\n\n".join(parts) + "\n"


def rulebook(ends: EndNames) -> Rulebook:
    """The rules as they are decided now, told of ends with these names."""

    def named(text: str) -> str:
        return text.format_map(ends._asdict())

    states = (None, ProfileState.LIVE, ProfileState.ARCHIVED)
    return Rulebook(
        ends,
        [(rule.slug, named(rule.verdict), named(rule.meaning)) for rule in RULES],
        [
            (named(verdict), *(answers[state].value.replace("_", " ") for state in states))
            for verdict, answers in STEPS.items()
        ],
        [(row.slug, row.step.value, named(row.meaning)) for row in OBSTACLES],
    )


def _table(columns: tuple[str, ...], lines: Sequence[tuple[str, ...]]) -> str:
    head = f"| {' | '.join(columns)} |\n|{'---|' * len(columns)}"
    return "\n".join([head, *(f"| {' | '.join(line)} |" for line in lines)])
