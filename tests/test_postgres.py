"""The throwaway PostgreSQL of the tests: nothing of it is left behind, however the command ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

TOLD = "import os, sys; print(os.environ['DATABASE_URL'], flush=True);"
LOOK = "import psycopg; print(psycopg.connect(os.environ['DATABASE_URL']).execute('SELECT 1').fetchone()[0]);"


pytestmark = pytest.mark.deep


class Throwaway:
    """Runs `python -m tests.postgres` with a folder of its own for temporary files."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.popen: subprocess.Popen[str] | None = None

    def start(self, *command: str) -> subprocess.Popen[str]:
        self.popen = subprocess.Popen(
            [sys.executable, "-m", "tests.postgres", *command],
            cwd=Path(__file__).parents[1],
            env={**os.environ, "TMPDIR": str(self.folder)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        return self.popen

    def python(self, code: str) -> subprocess.Popen[str]:
        return self.start(sys.executable, "-c", code)

    def servers(self) -> Sequence[int]:
        """The process ids of servers that keep their data here."""
        return [int(path.read_text().split()[0]) for path in self.folder.glob("*/data/postmaster.pid")]


@pytest.fixture
def throwaway() -> Iterator[Throwaway]:
    with tempfile.TemporaryDirectory(prefix="parkway-clusters-") as folder:
        Path(folder).chmod(0o711)  # the user postgres passes through
        made = Throwaway(Path(folder))
        yield made
        assert made.popen is not None
        for stream in (made.popen.stdin, made.popen.stdout):
            if stream is not None:
                stream.close()
        assert list(made.folder.iterdir()) == []


@pytest.mark.parametrize("code", [0, 3])
def test_the_exit_code_is_the_command_s(throwaway: Throwaway, code: int) -> None:
    process = throwaway.python(f"{TOLD} {LOOK} sys.exit({code})")
    told, _ = process.communicate()
    assert told.splitlines()[1:] == ["1"]
    assert process.returncode == code


def test_a_command_that_is_not_there_leaves_nothing_behind(throwaway: Throwaway) -> None:
    process = throwaway.start("no-such-command")
    process.communicate()
    assert process.returncode != 0


@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGTERM])
def test_the_server_ends_with_a_command_that_is_interrupted(
    throwaway: Throwaway, sign: signal.Signals
) -> None:
    process = throwaway.python(f"{TOLD} sys.stdin.read()")
    assert process.stdout is not None
    assert process.stdout.readline().startswith("postgres://")
    (server,) = throwaway.servers()
    os.killpg(process.pid, sign)  # as a terminal does
    process.communicate()
    assert process.returncode != 0
    assert not Path(f"/proc/{server}/exe").exists()
