"""Each page of `benchmarks.pages` asked for in turn of this version and of another one (`benchmarks.beside`).

Each version answers in a process of its own: there this file is run as a program, which makes the services on
a database of their own, prints the pages on a line, and answers each address with milliseconds.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from contextlib import ExitStack
from pathlib import Path


def compare(checkout: Path, rounds: int) -> str:
    """Ask both versions for all pages; the table."""
    from benchmarks import beside

    folders = beside.versions(checkout)
    with ExitStack() as stack:
        asked = {name: stack.enter_context(_started(folder)) for name, folder in folders.items()}
        pages = [json.loads(_line(process)) for process in asked.values()][-1]
        taken: dict[tuple[str, str], list[float]] = defaultdict(list)
        for round_ in range(rounds + 1):
            for _, _, address in pages:
                for name in beside.in_turn(folders, round_):
                    found = float(_line(asked[name], address))
                    if round_:  # the first time, whatever is kept is not there yet
                        taken[address, name].append(found)
        lines = [
            beside.Compared([size, page], taken[address, "before"], taken[address, "now"], 1)
            for size, page, address in pages
        ]
    return beside.table(["children", "page, ms"], lines)


def _started(checkout: Path) -> subprocess.Popen[str]:
    """The program of a version, of which nothing is left when its end is awaited."""
    python, environment = checkout / ".venv/bin/python", {**os.environ, "PYTHONPATH": str(checkout)}
    pipe = subprocess.PIPE
    return subprocess.Popen([python, "-P", __file__], env=environment, stdin=pipe, stdout=pipe, text=True)


def _line(process: subprocess.Popen[str], asked: str = "") -> str:
    """The next line that a program prints, after it got one."""
    assert process.stdin
    assert process.stdout
    if asked:
        print(asked, file=process.stdin, flush=True)
    if not (line := process.stdout.readline()):
        raise SystemExit("A version ended before it had answered: see above.")
    return line


def answer() -> None:
    """Answer in the version whose environment this is."""
    with tempfile.TemporaryDirectory(prefix="parkway-pages-") as folder:
        os.environ["DATABASE_URL"] = f"sqlite:///{folder}/pages.sqlite3"
        os.environ["DJANGO_SETTINGS_MODULE"] = "parkway.config.settings"
        import django

        django.setup()
        from django.core.management import call_command

        from benchmarks import pages

        call_command("migrate", verbosity=0)
        services = {size: pages._service(size) for size in pages.SIZES}
        client = pages._visitor()
        found = [
            (f"{size:,}", name, address)
            for size, service in services.items()
            for name, address in pages._pages(service).items()
        ]
        print(json.dumps(found), flush=True)
        for line in sys.stdin:
            began = time.perf_counter()
            status = client.get(line.strip()).status_code
            if status != 200:
                raise SystemExit(f"{line.strip()} answered {status}")
            print((time.perf_counter() - began) * 1000, flush=True)


if __name__ == "__main__":
    answer()
