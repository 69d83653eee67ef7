"""What the commands share that run until somebody ends them. Opens no database and reads no settings."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import click

LOOPBACK = ("127.0.0.1", "localhost", "::1")


def metrics_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add `--metrics-port` and `--metrics-host`, which are for `config.metrics.publish`."""
    port = click.option(
        "--metrics-port",
        type=click.IntRange(0, 65535),
        help="Answer Prometheus at this port; 0: any free one. Without, not at all.",
    )
    host = click.option(
        "--metrics-host", default=LOOPBACK[0], show_default=True, help="The address for Prometheus."
    )
    return port(host(command))


def log_each_run() -> None:
    """Let each run leave a line in the log, unless the environment says how to log. Before the settings."""
    os.environ.setdefault("PARKWAY_LOGS", "lines")
