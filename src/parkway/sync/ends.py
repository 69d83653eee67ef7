"""The two ends that a service is synced between."""

from __future__ import annotations

from typing import NamedTuple

from parkway.connectors.manage_here import ManageHere
from parkway.connectors.ports import Profiles, Roster
from parkway.connectors.storypark_here import StoryparkHere


class Connectors(NamedTuple):
    """The two ends of a sync."""

    roster: Roster
    profiles: Profiles


HERE = Connectors(ManageHere(), StoryparkHere())
