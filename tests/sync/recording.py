"""A reader of the outbox that records what it hears.

`python -m tests.sync.recording FILE WORDS…` is the command `parkway WORDS…` with one that writes the id of
each event to a file, line by line.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from parkway.sync.events import Event


@contextmanager
def heard(*kinds: type[Event], name: str = "recorder") -> Iterator[list[Event]]:
    """While this lasts, events of these kinds (of all) are recorded as a reader hears of them."""
    events: list[Event] = []
    with reading(events.extend, *kinds, name=name):
        yield events


@contextmanager
def reading(hear: Callable[[Sequence[Event]], object], *kinds: type[Event], name: str) -> Iterator[None]:
    """While this lasts, another reader is subscribed."""
    from parkway.sync import outbox

    outbox.subscribe(outbox.Reader(name, kinds or (Event,), hear))
    try:
        yield
    finally:
        outbox.unsubscribe(name)


def main(path: str, words: list[str]) -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "parkway.config.settings")
    import django

    django.setup()
    from parkway.__main__ import main as parkway
    from parkway.sync import outbox

    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    def record(events: Sequence[Event]) -> None:
        os.write(file, "".join(f"{event.id}\n" for event in events).encode())

    outbox.subscribe(outbox.Reader("recorder", (Event,), record))
    sys.argv[:] = ["parkway", *words]
    parkway()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
