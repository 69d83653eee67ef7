"""docs/requirements.md says what Parkway promises; code, tests and documentation cite it by its codes."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from pathlib import Path

import pytest

from tests.test_repository import ROOT, files_of_the_repository

PAGE = ROOT / "docs/requirements.md"
PROMISE = re.compile(r"^- \*\*([RDBS][0-9]+)\*\* \S.*\.$", re.MULTILINE)
CODE = r"(?<![\w#&.\"'=/-])[RDBS][1-9][0-9]?(?![\w=/-])"
FROM_TO = re.compile(rf"{CODE} to {CODE}")
IN_A_NAME = re.compile(r"(?:^|_)[rdbs][0-9]{1,2}(?=_|$)")

NO_PROSE = {".css", ".js", ".svg"}
HASHES = "requirements*.txt"

NOBODY_SEES = {
    "D18": "a sync writes to no guardian: there is nothing that a person could look at",
}
"""The promises that no page shows, each with the reason."""


def promises() -> list[str]:
    return PROMISE.findall(PAGE.read_text(encoding="utf-8"))


def cited(text: str) -> set[str]:
    """The codes in a text, also those between: "D1 to D3" cites three."""
    found = set(re.findall(CODE, text))
    for ends in FROM_TO.findall(text):
        first, last = ends.split(" to ")
        found |= {f"{first[0]}{number}" for number in range(int(first[1:]), int(last[1:]) + 1)}
    return found


def told(path: Path) -> str:
    """What a file tells people: all of it, but of Python only the docstrings and comments."""
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return ""
    if path.suffix != ".py":
        return text
    docstrings = [
        node.value.value
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    ]
    tokens = tokenize.generate_tokens(io.StringIO(text).readline)
    return "\n".join([*docstrings, *(token.string for token in tokens if token.type == tokenize.COMMENT)])


def every_test(folder: str) -> list[tuple[Path, ast.FunctionDef]]:
    """The tests in a folder of tests, with the file of each."""
    return [
        (path, node)
        for path in sorted((ROOT / folder).rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    ]


def cited_by_tests_in(folder: str) -> set[str]:
    docstrings = [ast.get_docstring(test) or "" for _, test in every_test(folder)]
    return set().union(*map(cited, docstrings))


def test_each_promise_stands_once_and_on_one_line() -> None:
    page = PAGE.read_text(encoding="utf-8")
    items = [line for line in page.splitlines() if line.startswith(("-", " "))]

    assert [line for line in items if not PROMISE.fullmatch(line)] == []
    assert len(items) == len(set(promises())) > 0


def test_each_code_that_is_cited_is_a_promise() -> None:
    texts = {
        str(path.relative_to(ROOT)): told(path)
        for path in files_of_the_repository()
        if path.suffix not in NO_PROSE and not path.match(HASHES)
    }
    unknown = {name: sorted(cited(text) - set(promises())) for name, text in texts.items()}

    assert {name: codes for name, codes in unknown.items() if codes} == {}


def test_each_promise_has_a_story() -> None:
    stories = cited_by_tests_in("tests/stories") | cited_by_tests_in("tests/browser")

    assert [code for code in promises() if code not in stories] == []


def test_each_promise_that_a_person_can_see_is_driven_in_a_browser() -> None:
    driven = cited_by_tests_in("tests/browser")

    assert [code for code in promises() if code not in driven] == list(NOBODY_SEES)


def test_tests_are_named_by_subject() -> None:
    """A code stands in the docstring of a test, not in its name or in the name of its file."""
    by_code = [
        f"{path.relative_to(ROOT)}: {test.name}"
        for path, test in every_test("tests")
        if IN_A_NAME.search(test.name)
    ]
    files = [path.stem for path in (ROOT / "tests").rglob("*.py") if IN_A_NAME.search(path.stem)]

    assert by_code + files == []


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("R4.", {"R4"}),
        ("Nobody is evicted (R10, D5).", {"R10", "D5"}),
        ("(D9 to D11)", {"D9", "D10", "D11"}),
        ("D12's limits; **B6**", {"D12", "B6"}),
        ("#B12, #d4d4d4, a-D1, 'R1', \"S2\", d=S3, D100, D0, B1x, r4", set()),
    ],
)
def test_a_citation_is_told_from_what_only_looks_like_one(text: str, codes: set[str]) -> None:
    assert cited(text) == codes
