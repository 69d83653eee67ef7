"""What is due, what did not change, and what a run leaves to be remembered (R15)."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from django.db.models import Q

from parkway import rows
from parkway.engine.plan import Plan
from parkway.sync.gather import Ends, Gathered, ask_of
from parkway.sync.models import Integration, Notice, Stage

EVERY = timedelta(hours=12)
NOT_ASKED = {"asked": "", "asked_by": "", "asked_person": None}
BATCH = 20  # services that share a transaction: on SQLite the write lock is held for a fraction of a second


def due_now(now: datetime) -> list[int]:
    """The services whose run is due, the longest overdue first (R15)."""
    waiting = Integration.objects.filter(stage=Stage.ON).filter(Q(next_run_at=None) | Q(next_run_at__lte=now))
    return list(waiting.order_by("next_run_at", "pk").values_list("pk", flat=True))


def batches(service_ids: Sequence[int]) -> Iterator[list[int]]:
    """The services in batches that share a transaction."""
    yield from rows.batches(service_ids, BATCH)


def changed(integrations: Sequence[Integration], now: datetime, ends: Ends) -> list[Integration]:
    """Those of which something a plan depends on changed since the last run, or of which it is not known."""
    asks = [ask_of(integration, now) for integration in integrations]
    rosters, profiles = ends.roster.versions(asks), ends.profiles.versions(asks)
    found = []
    for each in integrations:
        seen = (each.seen_roster, each.seen_profiles, each.seen_service, each.seen_version)
        there = (rosters[each.pk], profiles[each.pk], each.service.version, each.version)
        time_alone = each.look_again_at is not None and each.look_again_at <= now
        if each.asked or None in there or seen != there or time_alone:
            found.append(each)
    return found


def checked(integrations: Sequence[Integration], now: datetime) -> None:
    """Note that these services were looked at and had nothing to do."""
    ids = [integration.pk for integration in integrations]
    Integration.objects.filter(pk__in=ids).update(checked_at=now, next_run_at=now + EVERY)


def later(integration: Integration, now: datetime) -> None:
    """Try again at the next turn, reading everything."""
    Integration.objects.filter(pk=integration.pk).update(
        checked_at=now, next_run_at=now + EVERY, seen_roster=None, **NOT_ASKED
    )


def remember(
    planned: Mapping[int, tuple[Gathered, Plan]], done: Collection[int], now: datetime, ends: Ends
) -> None:
    """Keep what these runs saw and left behind, so that an unchanged service need not be read.

    `done` are the services whose plan was applied: what their admins had to be told is settled.
    """
    if not planned:
        return
    integrations = [gathered.integration for gathered, _ in planned.values()]
    asks = [ask_of(integration, now) for integration in integrations]
    rosters, profiles = ends.roster.versions(asks), ends.profiles.versions(asks)
    checked_at, next_run_at = rows.as_instant(now), rows.as_instant(now + EVERY)
    values = []
    for key, (gathered, plan) in planned.items():
        each = gathered.integration
        stopped = gathered.silent is not None
        again = _look_again(gathered, plan)
        seen = (None if stopped else rosters[key], profiles[key], each.service.version, each.version)
        values.append((*seen, rows.as_instant(again), checked_at, next_run_at, "", "", None, key))
    columns = ["seen_roster", "seen_profiles", "seen_service", "seen_version", "look_again_at"]
    asked = ["asked", "asked_by", "asked_person_id"]
    rows.update(Integration, [*columns, "checked_at", "next_run_at", *asked], ["service_id"], values)
    open_notices = Notice.objects.filter(service_id__in=list(done), for_support=False, settled_at=None)
    open_notices.update(settled_at=now)


def _look_again(gathered: Gathered, plan: Plan) -> datetime | None:
    """The instant at which time alone matters beside the roster's own days: the queue moves from day to day,
    and a keep-until passes.
    """
    service, today = gathered.integration.service, plan.situation.today
    ends = [choice.keep_until for choice in plan.situation.choices.values() if choice.keep_until]
    passing = [day for day in ends if day >= today]
    if plan.spaces.waiting:
        passing.append(today)
    return service.end_of(min(passing)) if passing else None
