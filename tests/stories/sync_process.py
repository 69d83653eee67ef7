"""A process of its own for the stories of runs at once: `python -m tests.stories.sync_process SERVICE WHAT…`.

It says on standard output how far it is, and waits for a line on standard input where the story wants it to.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from datetime import datetime


def main(service_id: int, now: datetime, what: str, *more: str) -> None:
    import django

    django.setup()
    from parkway.connectors import registry
    from parkway.connectors.ports import ProfilesAnswer, ServiceQuery
    from parkway.connectors.storypark_here import StoryparkHere
    from parkway.domain import InactivePolicy
    from parkway.manage import verbs as manage
    from parkway.sync.commands import changes, lifecycle
    from parkway.sync.models import STORYPARK
    from parkway.sync.run.pipeline import RunContext, run_sync
    from parkway.tenancy.models import Service
    from parkway.tenancy.people import OPERATOR
    from parkway.tenancy.scope import within

    class Slow(StoryparkHere):
        """Storypark that answers when it is told to: whoever asks is in the middle of a run."""

        def read(self, asks: Sequence[ServiceQuery]) -> Mapping[int, ProfilesAnswer]:
            found = super().read(asks)
            say("working")
            sys.stdin.readline()
            return found

    service = Service.objects.get(pk=service_id)
    say("ready")
    if what == "slowly":
        registry.profiles()[STORYPARK] = registry.End(
            "Storypark", lambda settings: Slow(), in_transaction=True
        )
        run_sync(service_id, RunContext(now))
    elif what == "due":
        sys.stdin.readline()
        run_sync(service_id, RunContext(now))
    elif what == "now":
        lifecycle.sync_now(service, OPERATOR, now)
    elif what == "stay":
        try:
            with within(service):
                changes.confirm(service, changes.SwitchPolicy(InactivePolicy.STAY), more[0], OPERATOR, now)
        except changes.PlanChanged as changed:
            say(changed.plan.fingerprint)
    elif what == "archive":
        with within(service):
            manage.archive_child(manage.find_child(service, more[0]), by=OPERATOR, now=now)
    say("done")


def say(word: str) -> None:
    print(word, flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]), datetime.fromisoformat(sys.argv[2]), *sys.argv[3:])
