"""The steps of a soak that open the database: `python -m benchmarks.soaked prepare …` and `… ended`."""

from __future__ import annotations

import json
import os
import secrets
import sys
from datetime import datetime, timedelta
from pathlib import Path

from benchmarks import fleet

VISITED = 50  # services, each by a visitor of its own


def main() -> None:
    """One step, with the database in DATABASE_URL."""
    os.environ["DJANGO_SETTINGS_MODULE"] = "parkway.config.settings"
    import django

    django.setup()
    from parkway.tenancy.scope import within_all

    step, *more = sys.argv[1:]
    if step == "prepare":
        services, minutes, file = more
        prepare(int(services), timedelta(minutes=float(minutes)), Path(file))
    else:
        with within_all():
            print(json.dumps(ended()))


def prepare(services: int, lasts: timedelta, file: Path) -> None:
    """A fleet in step of which one child in a hundred then changed, due evenly over the time to come; people
    who may sign in are written to `file`.
    """
    from django.utils import timezone

    from parkway.sync.models import Integration
    from parkway.sync.schedule.fleet import Pass
    from parkway.tenancy.scope import within_all

    now = timezone.now()
    fleet.make(services * fleet.A_SERVICE, now.date())
    for _ in Pass():
        pass
    with within_all():
        fleet.change(now.date())
        file.write_text(json.dumps(_people()))
    began, keys = timezone.now(), list(Integration.objects.values_list("pk", flat=True))
    Integration.objects.bulk_update(
        [Integration(pk=key, next_run_at=began + lasts * n / len(keys)) for n, key in enumerate(keys)],
        ["next_run_at"],
        batch_size=500,
    )


def _people() -> list[tuple[str, str, str, int, str]]:
    """A person at each of some services: e-mail, password, and a child to ask about."""
    from django.utils import timezone

    from parkway.manage.models import Child
    from parkway.tenancy.models import Person, RoleName, Service
    from parkway.tenancy.people import OPERATOR
    from parkway.tenancy.verbs import give_role

    found = []
    for service in Service.objects.order_by("pk")[:VISITED]:
        email, password = f"visitor-{service.pk}@example.org", secrets.token_urlsafe(12)
        person = Person.objects.create_user(email, "A visitor", password)
        for role in (RoleName.ADMIN_EDUCATOR, RoleName.MANAGE_STAFF):
            give_role(person, service, role, by=OPERATOR, now=timezone.now())
        child = Child.objects.filter(service=service, status="Active").order_by("pk")[0]
        found.append((email, password, service.slug, child.pk, child.reference))
    return found


def ended() -> dict[str, list[str]]:
    """What the soak left behind: what to tell, and what went wrong."""
    from django.db.models import Count
    from django.utils import timezone

    from parkway.sync.models import Integration, Run, RunState
    from parkway.sync.queries import fleet_metrics

    now = timezone.now()
    runs = Run.objects.filter(at__gte=_began(now))
    states = dict(runs.values_list("state").annotate(Count("pk")))
    told = [f"{number:,} runs {RunState(state).label}" for state, number in sorted(states.items())]
    checked = Integration.objects.filter(checked_at__isnull=False).count()
    told.append(f"{checked:,} services looked at, {fleet_metrics.due_now(now).count():,} due at the end")
    troubles = [f"{states[state]} runs {state}" for state in ("failed", "stopped") if state in states]
    left = runs.filter(converged=False).count()
    troubles += [f"{left} runs left something to do"] if left else []
    late = fleet_metrics.due_now(now - timedelta(minutes=1)).count()
    troubles += [f"{late} services are more than a minute late"] if late else []
    return {"told": told, "troubles": troubles}


def _began(now: datetime) -> datetime:
    from parkway.tenancy.models import Person

    first = Person.objects.order_by("date_joined").values_list("date_joined", flat=True).first()
    return first or now


if __name__ == "__main__":
    main()
