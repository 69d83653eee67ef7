"""The clock and the time zones: a day that begins at the wrong instant archives the wrong children."""

from __future__ import annotations

import importlib.metadata
import re
import zoneinfo
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from django.db import connection
from django.db.models import Count, Max

from parkway.config.doctor.findings import Finding, Level
from parkway.db import bulk
from parkway.engine.wording import count
from parkway.sync.models import Integration, Run
from parkway.tenancy.models import Service
from parkway.tenancy.scope import within_all

AREA = "clock"
APART = timedelta(seconds=5)
OLD = timedelta(days=2 * 365)  # of time zone data: countries change their rules every year


def look() -> Iterator[Finding]:
    """Everything about time."""
    yield from _clock()
    yield from _zones()
    yield _zone_data(datetime.now(UTC))


def _clock() -> Iterator[Finding]:
    mend = "Let this machine set its clock by the network (NTP): timedatectl set-ntp true"
    bad = False
    if connection.vendor == "postgresql":
        before = datetime.now(UTC)
        [(theirs,)] = bulk.read("SELECT clock_timestamp()")
        after = datetime.now(UTC)
        ahead = max(before - theirs, theirs - after, timedelta())
        if bad := ahead > APART:
            told = f"This clock and the database server's are {ahead.total_seconds():,.0f} seconds apart."
            yield Finding(AREA, Level.BAD, told, f"{mend}, here and there.")
    with within_all():
        instants = (Run.objects.aggregate(at=Max("at")), Integration.objects.aggregate(at=Max("checked_at")))
    newest = max((found["at"] for found in instants if found["at"]), default=None)
    now = datetime.now(UTC)
    if newest is not None and newest - now > APART:
        ahead = newest - now
        told = f"A run has been recorded {ahead.total_seconds():,.0f} seconds ahead of this clock."
        yield Finding(AREA, Level.BAD, told, f"This clock is behind, or one was ahead. {mend}")
    elif not bad:
        yield Finding(AREA, Level.FINE, f"It is {now:%Y-%m-%d %H:%M:%S} UTC.")


def _zones() -> Iterator[Finding]:
    there = zoneinfo.available_timezones()
    used = dict(Service.objects.values_list("time_zone").annotate(number=Count("pk")))
    for zone, number in sorted(used.items()):
        if zone not in there:
            told = f"{count(number, 'service has', 'services have')} the time zone {zone}, unknown here."
            yield Finding(AREA, Level.BAD, told, "Install newer time zone data, or correct the name.")


def _zone_data(now: datetime) -> Finding:
    """Python takes the machine's data before those that Parkway brings, also when they are older."""
    release, place = _release()
    found = re.match(r"(\d{4})", release)
    if found is None:
        told = f"Which time zone data {place} has is not written there."
        return Finding(AREA, Level.UNSEEN, told)
    if now - datetime(int(found[1]), 12, 31, tzinfo=UTC) > OLD:
        told = f"The time zone data are of {release} ({place}): clocks may have changed since."
        mend = "Update the machine's package tzdata, or set PYTHONTZPATH= to use those of Parkway."
        return Finding(AREA, Level.BAD, told, mend)
    return Finding(AREA, Level.FINE, f"The time zone data are of {release} ({place}).")


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
