"""The dry run on files alone: the same plan as a run makes, without a database."""

from __future__ import annotations

from datetime import date
from typing import Any

from parkway.connectors.csv_files import Files
from parkway.connectors.registry import OWN_NAMES
from parkway.domain import Decision, InactivePolicy, ProfileState, SourceSilent, Step, Window
from parkway.engine.changes import plain
from parkway.engine.plan import Plan, PlanInput, make_plan


def plan_files(
    files: Files, inactive: InactivePolicy, paid_children: int, today: date, window: Window
) -> Plan:
    """The plan for what the files say.

    Raises SourceSilent when there are no children although profiles are linked (D8).
    """
    links: dict[str, str] = {}
    profiles = {}
    for child_id, profile in files.profiles:
        profiles[profile.profile_id] = profile
        # a deleted row beside another of the same child says nothing more
        if child_id and (child_id not in links or profile.state is not ProfileState.DELETED):
            links[child_id] = profile.profile_id
    if links and not files.children:
        raise SourceSilent(
            f"The file of children has none, although {len(links)} are linked to a profile. "
            "A missing child is not an archived one, so there is no plan. Check the file."
        )
    return make_plan(
        PlanInput(
            today,
            inactive,
            paid_children,
            files.children,
            profiles,
            links,
            files.choices,
            window=window,
            ends=OWN_NAMES,
        )
    )


def as_json(plan: Plan) -> dict[str, Any]:
    """A plan for programs: days in ISO form, rooms as sorted lists."""
    return {
        "today": plan.input.today.isoformat(),
        "inactive": plan.input.inactive.value,
        "spaces": plan.spaces._asdict(),
        "held": plan.held._asdict() if plan.held else None,
        "counts": {step.value: number for step, number in plan.counts().items()},
        "decisions": [decision_as_json(plan, decision) for decision in plan.decisions],
    }


def decision_as_json(plan: Plan, decision: Decision) -> dict[str, Any]:
    """One decision for programs."""
    shown = decision.changes if decision.step in (Step.UPDATE, Step.RESTORE, Step.LINK) else {}
    before = plain({name: old for name, (old, _) in shown.items()})
    after = plain({name: new for name, (_, new) in shown.items()})
    return {
        "child_id": decision.child_id,
        "profile_id": decision.profile_id,
        "status": decision.status.value if decision.status else None,
        "step": decision.step.value,
        "rule": decision.rule,
        "because": plan.because(decision),
        "next_change": decision.next_change.isoformat() if decision.next_change else None,
        "changes": {name: [before[name], after[name]] for name in before},
        "position": decision.position,
    }
