"""What the doctor finds."""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple


class Level(Enum):
    """How bad it is: fine, worth a look, in the way of work; or it could not be looked at."""

    FINE = "ok"
    LOOK = "look"
    BAD = "bad"
    UNSEEN = "not seen"


class Finding(NamedTuple):
    """One thing that was looked at, in a sentence, and how to mend it where that is needed."""

    area: str
    level: Level
    told: str
    mend: str = ""
