"""Notices: what the admins of a service, or support, must be told of a run; once, while the matter is open.

A reader in the transaction of the run: the pages never show a held run without its notice, nor a notice of a
run that came to nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from parkway.sync.events import Event, NoticeGiven, RunEnded
from parkway.sync.models import Notice, RunState


def give(events: Sequence[Event]) -> Iterator[Event]:
    """Write the notices that these ends of runs call for, but for matters that are open; what was written."""
    wanted = {
        (event.service_id, _for_support(event), event.reason): event
        for event in events
        if isinstance(event, RunEnded) and event.reason
    }
    if not wanted:
        return
    still_open = Notice.objects.filter(service_id__in={key for key, *_ in wanted}, settled_at=None)
    told = set(still_open.values_list("service_id", "for_support", "text"))
    for (service_id, for_support, text), event in wanted.items():
        if (service_id, for_support, text) not in told:
            made = Notice.objects.create(
                service_id=service_id, run_id=event.run_id, text=text, at=event.at, for_support=for_support
            )
            yield NoticeGiven(
                id=f"notice-{made.pk}/given",
                service_id=service_id,
                at=event.at,
                notice_id=made.pk,
                run_id=event.run_id,
                for_support=for_support,
            )


def _for_support(event: RunEnded) -> bool:
    """Whether people of Parkway look into it: a run broke, or left something to do (B6)."""
    return event.state in (RunState.FAILED, RunState.DONE)
