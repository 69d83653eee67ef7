"""The clock and the time zones: a day that begins at the wrong instant archives the wrong children."""

from __future__ import annotations

import importlib.metadata
import re
import zoneinfo
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from django.core.checks import CheckMessage
from django.db import connection
from django.db.models import Count, Max

from parkway.config.doctor.findings import Area
from parkway.db import bulk
from parkway.engine.wording import count
from parkway.sync.models import Integration, Run
from parkway.tenancy.models import Service
from parkway.tenancy.scope import within_all

AREA = Area("clock", "parkway.clock", on_database=True)
APART = timedelta(seconds=5)
OLD = timedelta(days=2 * 365)  # of time zone data: countries change their rules every year


@AREA.check
def clocks() -> Iterator[CheckMessage]:
    """Compare this clock with the database server's, and with the newest run."""
    mend = "Let this machine set its clock by the network (NTP): timedatectl set-ntp true"
    bad = False
    if connection.vendor == "postgresql":
        before = datetime.now(UTC)
        [(theirs,)] = bulk.read("SELECT clock_timestamp()")
        after = datetime.now(UTC)
        ahead = max(before - theirs, theirs - after, timedelta())
        if bad := ahead > APART:
            text = f"This clock and the database server's are {ahead.total_seconds():,.0f} seconds apart."
            yield AREA.bad(1, text, f"{mend}, here and there.")
    with within_all():
        instants = (Run.objects.aggregate(at=Max("at")), Integration.objects.aggregate(at=Max("checked_at")))
    newest = max((found["at"] for found in instants if found["at"]), default=None)
    now = datetime.now(UTC)
    if newest is not None and newest - now > APART:
        ahead = newest - now
        text = f"A run has been recorded {ahead.total_seconds():,.0f} seconds ahead of this clock."
        yield AREA.bad(2, text, f"This clock is behind, or one was ahead. {mend}")
    elif not bad:
        yield AREA.fine(3, f"It is {now:%Y-%m-%d %H:%M:%S} UTC.")


@AREA.check
def zones() -> Iterator[CheckMessage]:
    """Look for time zones of services that are not known here."""
    there = zoneinfo.available_timezones()
    used = dict(Service.objects.values_list("time_zone").annotate(number=Count("pk")))
    for zone, number in sorted(used.items()):
        if zone not in there:
            text = f"{count(number, 'service has', 'services have')} the time zone {zone}, unknown here."
            yield AREA.bad(11, text, "Install newer time zone data, or correct the name.")


@AREA.check
def zone_data() -> Iterator[CheckMessage]:
    """Look at the age of the time zone data.

    Python takes the machine's data before those that Parkway brings, also when they are older.
    """
    now = datetime.now(UTC)
    release, place = _release()
    found = re.match(r"(\d{4})", release)
    if found is None:
        yield AREA.unseen(21, f"Which time zone data {place} has is not written there.")
    elif now - datetime(int(found[1]), 12, 31, tzinfo=UTC) > OLD:
        text = f"The time zone data are of {release} ({place}): clocks may have changed since."
        mend = "Update the machine's package tzdata, or set PYTHONTZPATH= to use those of Parkway."
        yield AREA.bad(22, text, mend)
    else:
        yield AREA.fine(23, f"The time zone data are of {release} ({place}).")


def _release() -> tuple[str, str]:
    for folder in map(Path, zoneinfo.TZPATH):
        if not (folder / "Pacific" / "Auckland").exists():
            continue
        for name, pattern in (("tzdata.zi", r"# version (\S+)"), ("+VERSION", r"(\S+)")):
            if (folder / name).exists():
                with (folder / name).open(encoding="utf-8", errors="replace") as lines:
                    found = re.match(pattern, lines.readline())
                return (found[1] if found else ""), str(folder)
        return "", str(folder)
    return importlib.metadata.version("tzdata"), "the package tzdata"
