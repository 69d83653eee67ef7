"""Set-up, carried out: what is proposed is chosen, and syncing starts."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from parkway import domain
from parkway.domain import ChoiceKind
from parkway.engine.matching import Certainty
from parkway.sync.commands import choices
from parkway.sync.integrations import (
    lock_integration,
)
from parkway.sync.outside import reading_first
from parkway.sync.queries.setup_lists import look_at_set_up
from parkway.tenancy.models import Service
from parkway.tenancy.people import Actor, require_change


@reading_first
def accept_proposals(service: Service, by: Actor, now: datetime) -> int:
    """Choose what is proposed for every child who needs no check: the certain match, or a new profile when
    nothing is alike. How many choices were made; "please check" is left to a person.
    """
    with transaction.atomic():
        require_change(by, service, lock_integration(service).educators_may_change)
        chosen: dict[str, domain.Choice] = {}
        for child, proposal, _ in look_at_set_up(service, now).open:
            if proposal.certainty is Certainty.CERTAIN:
                chosen[child.child_id] = domain.Choice(ChoiceKind.PROFILE, proposal.profile_ids[0])
            elif proposal.certainty is Certainty.NO_MATCH:
                chosen[child.child_id] = domain.Choice(ChoiceKind.NEW)
        choices.store(service, chosen, by, now)
    return len(chosen)
