"""The ends of services: is each installed, and do its settings fit?"""

from __future__ import annotations

from collections.abc import Iterator

from django.core.checks import CheckMessage

from parkway.config.doctor.findings import Area
from parkway.sync.ends import unusable_ends

AREA = Area("ends", "parkway.ends", on_database=True)
TOLD = 10  # services by name; the others as a number


@AREA.check
def usable() -> Iterator[CheckMessage]:
    """Look for services whose ends are not installed, or whose settings do not fit."""
    found = unusable_ends()
    for service, problem in found[:TOLD]:
        text = f"{service.name} does not sync: {problem}"
        yield AREA.bad(1, text, f"Install the end, or choose another: `parkway ends {service.slug}`.")
    if len(found) > TOLD:
        mend = "Mend these first, then look again."
        yield AREA.bad(2, f"{len(found) - TOLD} other services have such ends.", mend)
    if not found:
        yield AREA.fine(3, "The ends of every service are installed, and their settings fit.")
