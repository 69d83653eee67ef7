"""What a person was shown before they confirm, kept small, and how a newer plan differs from it (B1)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from parkway.domain import Decision, Step
from parkway.engine.changes import plain
from parkway.engine.plan import Plan

DONE = {
    Step.CREATE: "gets a new profile",
    Step.LINK: "is linked to a live profile",
    Step.RESTORE: "gets an archived profile back",
    Step.UPDATE: "has the profile updated",
    Step.NO_CHANGE: "stays as they are",
    Step.ARCHIVE: "has the profile archived",
    Step.LEAVE_OUT: "is left out",
    Step.WAIT: "waits for a space",
    Step.NEEDS_REVIEW: "needs a person",
}


class Difference(NamedTuple):
    """One way in which a plan is not the one that was shown, in words."""

    called: str
    text: str


def outline(plan: Plan) -> dict[str, Any]:
    """A plan as it was shown, small enough to keep beside the form that confirms it; without names."""
    lines = {each.child_id: [each.step.value, _values(each)] for each in plan.decisions}
    return {"fingerprint": plan.fingerprint, "paid": plan.input.paid_children, "lines": lines}


def _values(decision: Decision) -> str:
    """What the decision writes, as a few signs."""
    values = plain({name: to for name, (_, to) in decision.changes.items()})
    if decision.step is Step.CREATE and decision.child is not None:
        values = plain(decision.child.details.by_name())
    text = json.dumps([decision.profile_id, values], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:10]


def differences(shown: Mapping[str, Any], plan: Plan) -> Sequence[Difference]:
    """How a plan differs from what was shown, child by child."""
    found = []
    if shown["paid"] != plan.input.paid_children:
        paid = f"The plan pays for {plan.input.paid_children} children now; it was {shown['paid']}."
        found.append(Difference("", paid))
    before: Mapping[str, list[str]] = shown["lines"]
    for decision in plan.decisions:
        step, values = before.get(decision.child_id, ("", ""))
        now = DONE[decision.step]
        if not step:
            if decision.step is not Step.LEAVE_OUT:
                found.append(Difference(decision.called, f"is new here and {now}"))
        elif step != decision.step:
            found.append(Difference(decision.called, f"{now}; before, this child {DONE[Step(step)]}"))
        elif values != _values(decision):
            found.append(
                Difference(decision.called, f"still {now}, but with other details or another profile")
            )
    gone = before.keys() - {decision.child_id for decision in plan.decisions}
    if gone:
        were = "child is" if len(gone) == 1 else "children are"
        found.append(Difference("", f"{len(gone)} {were} no longer in {plan.input.ends.roster}."))
    return found
