"""The choices of people as they stand."""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import NamedTuple

from parkway import domain
from parkway.domain import ChoiceKind
from parkway.sync.models import Choice
from parkway.tenancy.models import Service
from parkway.tenancy.scope import scope


class ChoiceMade(NamedTuple):
    """A choice as it stands, with who made it and when."""

    choice: domain.Choice
    by: str
    at: datetime

    @property
    def stamp(self) -> str:
        """Differs whenever somebody chose anew: a page carries it to tell what its reader saw."""
        text = "/".join([self.at.isoformat(), self.by, self.choice.kind or "", self.choice.profile_id or ""])
        return hashlib.sha256(text.encode()).hexdigest()[:16]


def choices_made(service: Service) -> dict[str, ChoiceMade]:
    """Every choice of a service that says what is to happen with a child, by the child's id."""
    return {
        row.child_id: ChoiceMade(
            domain.Choice(ChoiceKind(row.kind), row.profile_id or None, row.keep_until),
            row.chosen_by,
            row.chosen_at,
        )
        for row in scope(Choice, service).exclude(kind="")
    }
