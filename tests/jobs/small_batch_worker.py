"""`parkway worker` with batches so small that three of them share a little fleet."""

from __future__ import annotations

import sys


def main() -> None:
    from parkway.cli import setup_django  # the models come after the settings
    from parkway.cli.app import main as parkway
    from parkway.sync.schedule import due

    assert setup_django
    due.SERVICES_CHECKED, due.SERVICES_READ = 3, 2
    sys.argv = ["parkway", "worker", "--concurrency", "1"]
    parkway()


if __name__ == "__main__":
    main()
