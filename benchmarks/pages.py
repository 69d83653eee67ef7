"""`python -m benchmarks.pages`: how long the server works on a page, for services of 200 and 1,000 children.

Time runs from the request to the whole answer, inside the process, on SQLite, without the network and the
browser. Each page is asked for several times; the median and the 99th percentile are printed. With `--beside
CHECKOUT` each is asked for in turn of this version and of the one installed in that checkout.
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
import time
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from django.test import Client

    from parkway.tenancy.models import Service

SIZES = (200, 1000)
TIMES = 30


def main() -> None:
    """Make the services in a database of their own, ask for the pages, and print a table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.pages", description=__doc__)
    what = "measure this version and the one installed in that checkout, in turn"
    parser.add_argument("--beside", type=Path, metavar="CHECKOUT", help=what)
    asked = parser.parse_args()
    if asked.beside:
        from benchmarks import pages_beside

        print(pages_beside.compare(asked.beside, TIMES))
        return
    with tempfile.TemporaryDirectory(prefix="parkway-pages-") as folder:
        os.environ["DATABASE_URL"] = f"sqlite:///{folder}/pages.sqlite3"
        os.environ["DJANGO_SETTINGS_MODULE"] = "parkway.config.settings"
        import django

        django.setup()
        from django.core.management import call_command

        call_command("migrate", verbosity=0)
        print("| children | page | median ms | p99 ms |\n|---:|---|---:|---:|")
        for size in SIZES:
            service, client = _service(size), _visitor()
            for name, address in _pages(service).items():
                _measure(size, name, client, address)


def _service(size: int) -> Service:
    """A service in step whose children are Active but for a fifth, and has spaces for all."""
    from django.utils import timezone

    from parkway.domain import Booking, BookingKind, BookingState, Child, Details, Standing, Status
    from parkway.manage.roster import ImportedBooking, take_roster
    from parkway.storypark import verbs as storypark
    from parkway.sync.commands import changes, lifecycle, setup
    from parkway.sync.queries import setup_lists
    from parkway.tenancy.models import Organisation
    from parkway.tenancy.people import OPERATOR
    from parkway.tenancy.verbs import add_service

    organisation = Organisation.objects.create(name=f"The owner of {size}")
    now = timezone.now()
    service = add_service(organisation, f"Service of {size}", "Pacific/Auckland", by=OPERATOR, now=now)
    today = service.today(now)
    ids = [f"C{number:05}" for number in range(size)]
    inactive = Standing(Status.INACTIVE)
    children = [Child(i, Details(f"Kid {i}", "Ngata", "", date(2022, 5, 4)), inactive) for i in ids]
    bookings = {}
    for number, child_id in enumerate(ids):
        last = today - timedelta(days=90) if number % 5 == 0 else None
        kind, state = BookingKind.PERMANENT, BookingState.CONFIRMED
        bookings[child_id] = [ImportedBooking(Booking(kind, state, today - timedelta(days=400), last))]
    take_roster(service, children, bookings, by=OPERATOR, now=now)
    storypark.set_paid_children(service, size, by=OPERATOR, now=now)
    lifecycle.enable(service, OPERATOR)
    setup.accept_proposals(service, OPERATOR, now)
    plan = setup_lists.look_at_set_up(service, now).plan
    changes.confirm(service, changes.StartSyncing(), plan.fingerprint, OPERATOR, now)
    return service


def _visitor() -> Client:
    from django.conf import settings
    from django.test import Client
    from django.utils import timezone

    from parkway.tenancy.models import Person, RoleName, Service
    from parkway.tenancy.people import OPERATOR
    from parkway.tenancy.verbs import give_role

    person, _ = Person.objects.get_or_create(email="ana@example.org", defaults={"name": "Ana"})
    for service in Service.objects.all():
        give_role(person, service, RoleName.ADMIN_EDUCATOR, by=OPERATOR, now=timezone.now())
    client = Client(HTTP_HOST="localhost")
    client.force_login(person, backend=settings.AUTHENTICATION_BACKENDS[0])
    return client


def _pages(service: Service) -> dict[str, str]:
    base = f"/storypark/{service.slug}/integrations/"
    return {
        "settings page": base,
        "preview of a switch": f"{base}switch/stay/",
        "why": f"{base}children/C00007/",
        "forecast": f"{base}forecast/",
        "Account page": f"/storypark/{service.slug}/account/",
        "children in Manage": f"/manage/{service.slug}/",
        "children in Storypark": f"/storypark/{service.slug}/",
    }


def _measure(size: int, name: str, client: Client, address: str) -> None:
    answer = client.get(address)
    if answer.status_code != 200:
        raise SystemExit(f"{address} answered {answer.status_code}")
    taken = []
    for _ in range(TIMES):
        began = time.perf_counter()
        client.get(address)
        taken.append((time.perf_counter() - began) * 1000)
    slowest = statistics.quantiles(taken, n=100)[98]
    print(f"| {size:,} | {name} | {statistics.median(taken):.0f} | {slowest:.0f} |", flush=True)


if __name__ == "__main__":
    main()
