"""What this repository promises about itself: where it can be built, how it is laid out, what it pins."""

import ast
import re
import subprocess
import tomllib
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SOURCE = ROOT / "src" / "parkway"
PURE = [SOURCE / "domain.py", *sorted((SOURCE / "engine").rglob("*.py"))]
REQUIREMENTS = ["requirements.txt", "requirements-dev.txt", "requirements-bench.txt"]

LONGEST_MODULE = 400
VALUES_AND_ROWS = {"Booking", "Child", "Choice", "Profile", "Room"}
SAYS_NOTHING = {"utils", "helpers", "common", "manager", "core", "services"}

# Put together from pieces, so that this file keeps its own promise.
REGISTRY_HOSTS = [
    ".".join(pieces)
    for pieces in [
        ("py" + "pi", "org"),
        ("python" + "hosted", "org"),
        ("registry", "npm" + "js", "org"),
        ("registry", "yarn" + "pkg", "com"),
    ]
]
MACHINE_PATHS = [f"/{place}/" for place in ("root", "work", "tmp", r"home/[\w.-]+", r"Users/[\w.-]+")]
NOT_FOR_THE_REPOSITORY = re.compile(
    "|".join(
        [
            *map(re.escape, REGISTRY_HOSTS),
            rf"(?<![\w.~:/)}}-])(?:{'|'.join(MACHINE_PATHS)})",
            r"[A-Z]:\\Users\\",
        ]
    )
)

PIN = re.compile(r"[\w.-]+==[\w.!+]+( ; .+?)?( --hash=sha256:[0-9a-f]{64})+")


def files_of_the_repository() -> list[Path]:
    """Tracked files, and new ones that git does not ignore."""
    try:
        answer = subprocess.run(
            ["git", "ls-files", "-z", "-co", "--exclude-standard"], cwd=ROOT, capture_output=True, check=True
        )
    except FileNotFoundError:
        pytest.skip("git is not installed")
    except subprocess.CalledProcessError as failed:
        pytest.skip(f"not a git checkout: {failed.stderr.decode().strip()}")
    named = [ROOT / name for name in answer.stdout.decode().split("\0") if name]
    return [path for path in named if path.is_file()]


def requirements(name: str) -> list[str]:
    """The requirements of one file, each on one line, without comments."""
    text = (ROOT / name).read_text().replace("\\\n", " ")
    lines = [" ".join(line.split()) for line in text.splitlines()]
    return [line for line in lines if line and not line.startswith("#")]


def pins(name: str) -> dict[str, str]:
    return dict(line.split()[0].split("==") for line in requirements(name) if "==" in line)


def project() -> dict:
    return tomllib.loads((ROOT / "pyproject.toml").read_text())


def test_no_file_names_a_package_registry_or_a_place_on_one_machine():
    found = [
        f"{path.relative_to(ROOT)}: {match.group()}"
        for path in files_of_the_repository()
        for match in NOT_FOR_THE_REPOSITORY.finditer(path.read_bytes().decode("utf-8", errors="replace"))
    ]

    assert found == []


def test_no_module_is_longer_than_400_lines():
    modules = [path for path in SOURCE.rglob("*.py") if "migrations" not in path.parts]
    lengths = {str(path.relative_to(ROOT)): len(path.read_text().splitlines()) for path in modules}

    assert lengths, "no modules found"
    assert {name: lines for name, lines in lengths.items() if lines > LONGEST_MODULE} == {}


def test_no_module_has_a_name_that_says_nothing():
    modules = [path for folder in ("src", "tests", "benchmarks") for path in (ROOT / folder).rglob("*")]
    named = [path for path in modules if path.is_dir() or path.suffix == ".py"]

    assert [str(path.relative_to(ROOT)) for path in named if path.stem in SAYS_NOTHING] == []


def test_no_two_classes_have_one_name():
    """But for words of the glossary that name both a value and the row that keeps it."""
    named = Counter(
        node.name
        for path in SOURCE.rglob("*.py")
        if "migrations" not in path.parts
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ClassDef) and node.name != "Meta"
    )

    assert {name for name, times in named.items() if times > 1} == VALUES_AND_ROWS


@pytest.mark.parametrize("name", REQUIREMENTS)
def test_every_requirement_is_pinned_with_a_hash(name):
    lines = requirements(name)

    assert lines, f"{name} is empty"
    assert [line for line in lines if not PIN.fullmatch(line)] == []


@pytest.mark.parametrize("name", REQUIREMENTS)
def test_development_and_benchmarks_use_the_versions_that_run(name):
    pinned = pins(name)

    assert {package: pinned.get(package) for package in pins("requirements.txt")} == pins("requirements.txt")


def test_every_dependency_is_pinned():
    declared = project()["project"]
    wanted = {
        "requirements.txt": declared["dependencies"],
        **{
            f"requirements-{extra}.txt": [*more, *declared["dependencies"]]
            for extra, more in declared["optional-dependencies"].items()
        },
    }
    missing = {
        (name, dependency)
        for name, dependencies in wanted.items()
        for dependency in dependencies
        if re.match(r"[\w-]+", dependency).group().lower() not in pins(name)
    }

    assert missing == set(), "run `make pins`"


@pytest.mark.parametrize("path", PURE, ids=lambda path: str(path.relative_to(SOURCE)))
def test_the_engine_and_the_words_see_no_framework_and_no_clock(path):
    """Comments and docstrings may speak of them; code may not."""
    found = []
    for node in ast.walk(ast.parse(path.read_text())):
        match node:
            case ast.Import(names=names) if any(name.name.split(".")[0] == "django" for name in names):
                found.append(f"{node.lineno}: {ast.unparse(node)}")
            case ast.ImportFrom(module=str(module)) if module.split(".")[0] == "django":
                found.append(f"{node.lineno}: {ast.unparse(node)}")
            case ast.Attribute(attr="now" | "utcnow" | "today") if re.search(
                r"(datetime|date)$", ast.unparse(node.value)
            ):
                found.append(f"{node.lineno}: {ast.unparse(node)}")

    assert found == []


def test_every_room_has_its_place_in_the_import_order():
    """A new package is added to the layers, or nothing would watch what it imports."""
    layers = project()["tool"]["importlinter"]["contracts"][0]["layers"]
    placed = {name for layer in layers for name in re.findall(r"parkway\.(\w+)", layer)}
    rooms = {
        path.stem for path in SOURCE.iterdir() if path.suffix == ".py" or (path / "__init__.py").exists()
    }

    assert rooms - {"__init__"} - placed == set()


def test_every_room_but_sync_is_kept_from_asking_the_engine():
    """The contract has to name packages that exist, so it grows with them."""
    contracts = project()["tool"]["importlinter"]["contracts"]
    [contract] = [each for each in contracts if each["name"].startswith("Only sync decides")]
    kept_away = set(contract["source_modules"])
    rooms = {f"parkway.{path.name}" for path in SOURCE.iterdir() if (path / "__init__.py").exists()}

    assert rooms - {"parkway.sync", "parkway.engine"} - kept_away == set()


def test_rooms_that_do_not_decide_take_only_values_from_the_engine():
    """A door presents a Plan or a Forecast; whoever asks for one asks sync."""
    open_to_all = {"parkway.engine.wording", "parkway.engine.folding", "parkway.engine.status"}
    rooms = [path for path in SOURCE.iterdir() if path.is_dir() and path.name not in ("sync", "engine")]
    taken = [
        (str(path.relative_to(SOURCE)), node.module, alias.name)
        for room in rooms
        for path in room.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("parkway.engine")
        for alias in node.names
        if node.module not in open_to_all and f"{node.module}.{alias.name}" not in open_to_all
    ]
    assert taken, "no door presents a plan"
    assert [each for each in taken if not each[2][0].isupper()] == []
