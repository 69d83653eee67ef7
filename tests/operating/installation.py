"""An installation of Parkway: a database, the environment there, and real processes on it."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from queue import Empty, Queue
from typing import IO, Any

PATIENCE = 60.0  # seconds for something to happen that has to

PARKWAY = [sys.executable, "-m", "parkway"]


class _Stay(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *args: Any) -> None:
        """Follow nothing."""


NO_REDIRECTS = urllib.request.build_opener(_Stay)


class Answer:
    """What an address answers, a redirect included."""

    def __init__(self, url: str, **headers: str) -> None:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        try:
            got = NO_REDIRECTS.open(urllib.request.Request(url, headers=named), timeout=PATIENCE)
        except urllib.error.HTTPError as error:
            got = error
        with got:
            self.status, self.headers, self.text = got.status, got.headers, got.read().decode()


class Serving:
    """A command that goes on until it is ended, with everything it says."""

    def __init__(self, popen: subprocess.Popen[str]) -> None:
        self.popen, self.out = popen, Queue[str]()
        self.said: list[str] = []
        streams = (popen.stdout, popen.stderr)
        self._ears = [
            threading.Thread(target=self._listen, args=(stream,), daemon=True) for stream in streams
        ]
        for ear in self._ears:
            ear.start()

    def _listen(self, stream: IO[str]) -> None:
        with stream:
            for line in stream:
                self.said.append(line)
                self.out.put(line)

    def end(self) -> None:
        """End it as systemd does, and hear it out."""
        self.popen.send_signal(signal.SIGTERM)
        self.popen.wait(PATIENCE)
        for ear in self._ears:
            ear.join()

    def line(self, pattern: str) -> re.Match[str]:
        """The first line from now on that has this in it."""
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                line = self.out.get(timeout=max(0.0, deadline - time.monotonic()))
            except Empty:
                raise AssertionError(f"{pattern!r} was never said: {''.join(self.said)}") from None
            if found := re.search(pattern, line):
                return found

    def get(self, path: str, **headers: str) -> Answer:
        return Answer(f"{self.address}{path}", **headers)

    address = ""
    metrics = ""


class Installation:
    """A folder with a database, by default a SQLite file in it."""

    def __init__(self, folder: Path, url: str = "", **env: str) -> None:
        self.folder, self.database = folder, folder / "parkway.sqlite3"
        plain = {k: v for k, v in os.environ.items() if k != "DATABASE_URL" and not k.startswith("PARKWAY_")}
        self.env = {**plain, "DATABASE_URL": url or f"sqlite:///{self.database}", **env}

    def run(self, *words: str, before: tuple[str, ...] = (), **env: str) -> subprocess.CompletedProcess[str]:
        """Run `parkway` with these words to its end."""
        return subprocess.run(
            [*before, *PARKWAY, *words],
            cwd=self.folder,
            env={**self.env, **env},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )

    def done(self, *words: str, **env: str) -> str:
        """What a command says that goes well."""
        result = self.run(*words, **env)
        assert result.returncode == 0, result.stdout + result.stderr
        return result.stdout

    def python(self, words: str) -> None:
        """Carry out a line of Python that knows Parkway."""
        line = f"import parkway.cli.setup_django; {words}"
        subprocess.run([sys.executable, "-c", line], cwd=self.folder, env=self.env, check=True)

    @contextmanager
    def served(self, *words: str, **env: str) -> Iterator[Serving]:
        """While this lasts, `parkway serve` is up, and Prometheus is answered."""
        with self.going("serve", "--port=0", *words, **env) as serving:
            serving.address = serving.line(r"Parkway is at (\S+)/")[1]
            yield serving

    @contextmanager
    def going(self, *words: str, **env: str) -> Iterator[Serving]:
        """While this lasts, a command goes on that answers Prometheus."""
        popen = subprocess.Popen(
            [*PARKWAY, *words, "--metrics-port=0"],
            cwd=self.folder,
            env={**self.env, "PYTHONUNBUFFERED": "1", **env},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        serving = Serving(popen)
        try:
            serving.metrics = serving.line(r"Metrics are at (\S+)")[1]
            yield serving
        finally:
            serving.end()
