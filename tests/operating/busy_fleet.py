"""A process that lives at a database's services until its input ends: children come and go and come back,
people ask for runs, and runs do what follows. `python -m tests.operating.busy_fleet` tells each turn.
"""

from __future__ import annotations

import random
import select
import sys
from datetime import timedelta


def main() -> None:
    import django

    django.setup()
    from django.utils import timezone

    from parkway.domain import Details
    from parkway.manage import verbs as manage
    from parkway.manage.models import Child
    from parkway.sync.commands import lifecycle
    from parkway.sync.models import Integration, Stage
    from parkway.tenancy.people import OPERATOR
    from parkway.tenancy.scope import scope, within

    chance = random.Random(5)
    services = [i.service for i in Integration.objects.filter(stage=Stage.ON).select_related("service")]
    turn = 0
    while not select.select([sys.stdin], [], [], 0)[0]:
        turn += 1
        service = chance.choice(services)
        with within(service):
            now = timezone.now()
            today = service.today(now)
            children = list(scope(Child, service).order_by("pk"))
            for child in chance.sample(children, min(3, len(children))):
                if child.archived_on is None:
                    manage.archive_child(child, by=OPERATOR, now=now)
                else:
                    manage.unarchive_child(child, by=OPERATOR, now=now)
            details = Details(f"Kid{turn}", "Ngata", "", today - timedelta(days=900))
            child = manage.enrol(service, details, f"new-{turn}", by=OPERATOR, now=now)
            manage.book(child, today - timedelta(days=7), None, by=OPERATOR, now=now)
            if turn % 2:
                lifecycle.ask_to_sync(service, OPERATOR)
            else:
                lifecycle.sync_now(service, OPERATOR, now)
        print(f"turn {turn}", flush=True)


if __name__ == "__main__":
    main()
