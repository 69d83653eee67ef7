"""Python's search for cycles of garbage, put off where there are none."""

from __future__ import annotations

import gc
import threading
from collections.abc import Iterator
from contextlib import contextmanager


class _Uncollected:
    """How many threads want no search for cycles, and whether there was one before the first of them."""

    lock, threads, before = threading.Lock(), 0, True


@contextmanager
def uncollected() -> Iterator[None]:
    """Without Python's search for cycles of garbage: rows come and go in their thousands, none of them in a
    cycle, and looking through them takes a tenth of a run.
    """
    with _Uncollected.lock:
        if not _Uncollected.threads:
            _Uncollected.before = gc.isenabled()
            gc.disable()
        _Uncollected.threads += 1
    try:
        yield
    finally:
        with _Uncollected.lock:
            _Uncollected.threads -= 1
            if _Uncollected.before and not _Uncollected.threads:
                gc.enable()
