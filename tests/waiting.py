"""Waiting for what other processes do."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def wait_for(what: str, met: Callable[[], T], seconds: float) -> T:
    """What `met` answers as soon as it is true. After so many seconds it counts as stuck, and fails; nothing
    is said about how fast it is.
    """
    deadline = time.monotonic() + seconds
    while not (answer := met()):
        assert time.monotonic() < deadline, f"in vain: {what}"
        time.sleep(0.05)
    return answer
