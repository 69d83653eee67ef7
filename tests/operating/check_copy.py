"""A process that proves a restored copy: `python -m tests.operating.check_copy` runs everything on it, twice.

The first time nothing may happen at a service where nothing was due, the second time nothing anywhere. It
says how many services there were, at how many something was due, and what is wrong.
"""

from __future__ import annotations

import json


def main() -> None:
    import django

    django.setup()
    from django.db import connection, transaction
    from django.utils import timezone

    from parkway.domain import ACTIONS
    from parkway.sync.models import Integration, Run, RunState, Stage
    from parkway.sync.run import change_detection
    from parkway.sync.run.pipeline import RunContext, run_sync
    from parkway.tenancy.scope import within_all

    def acted(run: Run) -> int:
        if run.state != RunState.DONE:
            return abs(run.live_after - run.live_before)
        return sum(run.counts.get(step.value, 0) for step in ACTIONS)

    wrong: list[str] = []
    with within_all():
        ids = list(Integration.objects.filter(stage=Stage.ON).values_list("pk", flat=True))
        now = timezone.now()
        with transaction.atomic():
            changed = set(change_detection.changed(ids, now))
            transaction.set_rollback(True)
        before = Run.objects.count()
        for turn in (1, 2):
            for run in filter(None, (run_sync(key, RunContext(now), full=True) for key in ids)):
                if run.state not in (RunState.DONE, RunState.HELD) or not run.converged:
                    wrong.append(
                        f"turn {turn}: run of {run.service_id} {run.state}, converged {run.converged}"
                    )
                if acted(run) and (turn == 2 or run.service_id not in changed):
                    wrong.append(f"turn {turn}: {run.service_id} was not due, and {run.counts} was done")
        connection.check_constraints()
    print(json.dumps({"services": len(ids), "due": len(changed), "runs": before, "wrong": wrong}))


if __name__ == "__main__":
    main()
