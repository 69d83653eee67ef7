"""What a database answers, as `before.json` has it: of each service the settings, statuses, links, choices,
and for each child the days from which on the answer to "why" is another one. Every day is asked.

`python -m tests.upgrade.answers 2025-01-17 2025-04-25` tells it of the database in DATABASE_URL, and for each
child what the command `parkway why` says.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any


def main(first: date, last: date) -> None:
    from parkway.cli import setup_django
    from parkway.tenancy.models import Service
    from parkway.tenancy.scope import within

    setup_django.ready()
    services = {}
    for service in Service.objects.order_by("pk"):
        with within(service):
            services[service.slug] = of_service(service, first, last)
    json.dump({"days": [first.isoformat(), last.isoformat()], "services": services}, sys.stdout)


def of_service(service: Any, first: date, last: date) -> dict[str, object]:
    from parkway.manage.models import Child
    from parkway.storypark.models import Account
    from parkway.sync.models import Choice, Entry, Integration, Link, RoomLink
    from parkway.tenancy.scope import scope

    statuses = {child.reference: [child.status, plain(child.next_change)] for child in scope(Child, service)}
    links = dict(scope(Link, service).values_list("child_id", "profile_id"))
    chosen = scope(Choice, service).values_list(
        "child_id", "kind", "profile_id", "keep_until", "chosen_by", "chosen_at"
    )
    integration = Integration.objects.filter(service=service).first()
    children = {*statuses, *links, *scope(Entry, service).values_list("child_id", flat=True)}
    return {
        "service": columns(service),
        "integration": integration and columns(integration),
        "paid_children": Account.objects.get(service=service).paid_children,
        "statuses": statuses,
        "links": links,
        "room_links": dict(scope(RoomLink, service).values_list("room_id", "target_id")),
        "choices": {child_id: [*map(plain, more)] for child_id, *more in chosen},
        "why": {child_id: list(turns(service, child_id, first, last)) for child_id in sorted(children)},
        "told": {child_id: command(service, child_id) for child_id in sorted(children)},
    }


def columns(row: Any) -> dict[str, object]:
    return {field.attname: plain(getattr(row, field.attname)) for field in row._meta.concrete_fields}


def plain(value: object) -> object:
    return value.isoformat() if isinstance(value, date | datetime) else value


def turns(service: Any, child_id: str, first: date, last: date) -> Iterator[tuple[str, object]]:
    """The first day, and those on which the answer is another one than on the day before, with the answer."""
    from parkway.sync.queries import explain

    before: object = ...
    for number in range((last - first).days + 1):
        day = first + timedelta(number)
        answer = told(explain.why(service, child_id, day))
        if answer != before:
            yield day.isoformat(), answer
        before = answer
    assert told(explain.why(service, child_id)) == before, "the last day is after everything that happened"


def told(entry: Any) -> dict[str, object] | None:
    """All that an entry and its run say, word by word."""
    if entry is None:
        return None
    own = ("at", "step", "rule", "because", "facts", "changes", "status", "profile_id", "next_change")
    said = {name: plain(getattr(entry, name)) for name in own}
    return {**said, "run": entry.run_id, "started_by": entry.run.started_by, "trigger": entry.run.trigger}


def command(service: Any, child_id: str) -> object:
    """What `parkway why --history --format json` says of a child; nothing of one whom no run has seen."""
    from click.testing import CliRunner

    from parkway.cli.queries import why
    from parkway.sync.queries import explain

    if explain.why(service, child_id) is None:
        return []
    words = [service.slug, child_id, "--history", "--format", "json"]
    return json.loads(CliRunner().invoke(why, words, catch_exceptions=False).stdout)


if __name__ == "__main__":
    main(*map(date.fromisoformat, sys.argv[1:3]))
