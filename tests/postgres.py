"""A throwaway PostgreSQL: `python -m tests.postgres COMMAND…` runs a command on a cluster of its own.

The cluster lives in a temporary folder, listens on loopback at a free port, forgets everything when the
command ends, and is stopped in any case. DATABASE_URL points the command at an empty database, as the role
that owns it and nothing more. PARKWAY_TEST_APPLICATION is the address for a role that owns nothing: the tests
make their tables as the first and work as the second.
"""

from __future__ import annotations

import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg

MISSING = "No PostgreSQL server is installed here. On Debian and Ubuntu: make postgresql"
# text sorts by a language's customs, as on many servers: a test fails where the program relies on less
CLUSTER = ["--encoding=UTF8", "--locale=C.UTF-8", "--locale-provider=icu", "--icu-locale=en-NZ"]
SUPERUSER, OWNER, APPLICATION = "postgres", "parkway_owner", "parkway"
FORGETFUL = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "max_connections": 120}


def programs() -> Path:
    """The folder of initdb and pg_ctl: the one on the path, or Debian's newest."""
    if found := shutil.which("initdb"):
        return Path(found).resolve().parent
    debian = Path("/usr/lib/postgresql").glob("*/bin/initdb")
    newest = max(debian, key=lambda path: int(path.parts[-3]), default=None)
    if newest is None:
        raise SystemExit(MISSING)
    return newest.parent


class Cluster:
    """A cluster in a folder of its own. A server refuses to be root; for root it is the user postgres."""

    def __init__(self, folder: Path, settings: Mapping[str, object]) -> None:
        self.folder, self.password, self.settings = folder, secrets.token_hex(16), settings
        self.data, self.programs = folder / "data", programs()
        self.port = _free_port()
        self.user: dict[str, Any] = {}
        if os.geteuid() == 0:
            postgres = pwd.getpwnam("postgres")
            self.user = {"user": postgres.pw_uid, "group": postgres.pw_gid, "extra_groups": []}
            os.chown(folder, postgres.pw_uid, postgres.pw_gid)

    def url(self, role: str) -> str:
        return f"postgres://{role}:{self.password}@127.0.0.1:{self.port}/parkway"

    def start(self) -> None:
        """Make the cluster and an empty database, and start the server; raises when either fails."""
        secret = self.folder / "password"
        secret.write_text(self.password)
        secret.chmod(0o644)  # the folder itself is closed to everybody else
        access = [f"--username={SUPERUSER}", f"--pwfile={secret}", "--auth=scram-sha-256"]
        self._call("initdb", "--pgdata", self.data, *access, *CLUSTER, "--no-sync")
        self.go_on()
        where = f"host=127.0.0.1 port={self.port} user={SUPERUSER} dbname=postgres"
        with psycopg.connect(where, password=self.password, autocommit=True) as server:
            for role, may in ((OWNER, "CREATEDB"), (APPLICATION, "NOCREATEDB")):
                server.execute(f"CREATE ROLE {role} LOGIN {may} PASSWORD '{self.password}'")
            # a database is dropped while autovacuum may be at work in it
            server.execute(f"GRANT pg_signal_backend TO {OWNER}")
            server.execute(f"CREATE DATABASE parkway OWNER {OWNER}")

    def go_on(self) -> None:
        """Start the server on what the cluster holds, at the same port as before."""
        settings = {
            "port": self.port,
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": "",
            **self.settings,
        }
        options = " ".join(f"-c {name}='{value}'" for name, value in settings.items())
        log = self.folder / "log"
        self._call("pg_ctl", "start", "--wait", "--pgdata", self.data, "--log", log, "--options", options)

    def stop(self, mode: str = "immediate") -> None:
        """Stop the server, whose process id is in its folder: at once, which may forget what was done last,
        or in the mode "fast", which keeps it.
        """
        if (self.data / "postmaster.pid").exists():
            self._call("pg_ctl", "stop", "--wait", f"--mode={mode}", "--pgdata", self.data)

    def _call(self, program: str, *words: object) -> None:
        with (self.folder / "said").open("a") as said:
            done = subprocess.run(
                [self.programs / program, *map(str, words)],
                cwd=self.folder,
                env={"PATH": os.environ.get("PATH", ""), "LC_ALL": "C.UTF-8", "PGPASSWORD": self.password},
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=subprocess.STDOUT,
                check=False,
                **self.user,
            )
        if done.returncode:
            told = [path.read_text() for path in (self.folder / "said", self.folder / "log") if path.exists()]
            raise SystemExit(f"{program} failed:\n{''.join(told)}")


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@contextmanager
def cluster(settings: Mapping[str, object] = FORGETFUL) -> Iterator[Cluster]:
    """A running cluster with these settings, of which nothing is left behind."""
    with tempfile.TemporaryDirectory(prefix="parkway-postgres-") as folder:
        made = Cluster(Path(folder), settings)
        try:
            made.start()
            yield made
        finally:
            made.stop()


def run(command: Sequence[str], made: Cluster) -> int:
    """Run a command on a cluster; its exit code, 128 and the signal's number more when one ended it.

    A terminal's Ctrl-C reaches the command by itself, and a request to end is passed on: either way the
    command finishes first.
    """
    urls = {"DATABASE_URL": made.url(OWNER), "PARKWAY_TEST_APPLICATION": made.url(APPLICATION)}
    process = subprocess.Popen(command, env={**os.environ, **urls})
    signal.signal(signal.SIGINT, lambda *_: None)
    signal.signal(signal.SIGTERM, lambda number, _: process.send_signal(number))
    code = process.wait()
    return code if code >= 0 else 128 - code


def main(command: Sequence[str]) -> int:
    if not command:
        raise SystemExit("Say which command to run: python -m tests.postgres COMMAND…")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    with cluster() as made:
        return run(command, made)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
