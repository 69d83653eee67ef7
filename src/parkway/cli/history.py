"""Commands about the past: the runs of a service, and what one of them changed."""

from __future__ import annotations

import json

import click

from parkway.cli import output
from parkway.cli.setup_django import SERVICE, as_format
from parkway.domain import Step
from parkway.engine.wording import what_was_done
from parkway.sync.models import Entry, Run, RunState
from parkway.sync.queries import explain
from parkway.tenancy.models import Service
from parkway.tenancy.scope import scope, the_one


@click.command(
    epilog="""\b
Examples:
  parkway runs rimu-kindergarten --last 5
  parkway runs rimu-kindergarten --run 18"""
)
@click.argument("service", type=SERVICE)
@click.option("--last", default=20, show_default=True, type=click.IntRange(1, 1000), help="How many.")
@click.option("--run", "number", type=click.IntRange(1, 2**63 - 1), help="One run, with what it wrote.")
@as_format
def runs(service: Service, last: int, number: int | None, form: str) -> None:
    """The history of a service's runs, the newest first: what started each, and what it did.

    With a run's number, what that run decided for each child, where it was something new.
    """
    if number is not None:
        _one(service, number, form)
        return
    found = list(scope(Run, service).select_related("service").order_by("-at", "-pk")[:last])
    if form == "json":
        output.as_json([run_as_json(run) for run in found])
        return
    lines = [
        (run.pk, _when(run), run.get_trigger_display(), _ended(run), f"{run.live_before} → {run.live_after}")
        for run in found
    ]
    output.table(f"Runs of {service.name}", ("run", "when", "started by", "what it did", "live"), lines)


def _one(service: Service, number: int, form: str) -> None:
    """One run, and the journal entries that it wrote."""
    run = the_one(Run, service, pk=number)
    entries = list(explain.changed_by(run).select_related("run"))
    if form == "json":
        output.as_json({**run_as_json(run), "entries": [entry_as_json(entry) for entry in entries]})
        return
    click.echo(f"Run {run.pk} of {service.name}, {_when(run)}, started by {run.started_by}")
    click.echo(f"{_ended(run)}. All children: {output.steps(run.counts) or 'none'}.")
    lines = [(entry.child_id, entry.step.replace("_", " "), entry.because) for entry in entries]
    output.table("What was new", ("child", "step", "because"), lines)


def _when(run: Run) -> str:
    return output.cell(output.local(run.at, run.service.zone))


def _ended(run: Run) -> str:
    """What a run did, in the words of its steps; for one that did nothing, why."""
    if run.state != RunState.DONE:
        return run.get_state_display()
    waiting = run.counts.get(Step.WAIT.value, 0)
    return f"{what_was_done(run.counts)}{f', {waiting:,} waiting' if waiting else ''}"


def run_as_json(run: Run) -> dict[str, object]:
    """One run for programs."""
    return {
        "run": str(run.pk),
        "service": run.service.slug,
        "at": run.at,
        "trigger": run.trigger,
        "started_by": run.started_by,
        "state": run.state,
        "message": run.message,
        "inactive": run.inactive,
        "paid_children": run.paid_children,
        "live_before": run.live_before,
        "live_after": run.live_after,
        "waiting": run.waiting,
        "counts": run.counts,
        "converged": run.converged,
        "fingerprint": run.fingerprint,
    }


def entry_as_json(entry: Entry) -> dict[str, object]:
    """A journal entry for programs."""
    return {
        "child_id": entry.child_id,
        "profile_id": entry.profile_id or None,
        "at": entry.at,
        "step": entry.step,
        "rule": entry.rule,
        "status": entry.status or None,
        "because": entry.because,
        "facts": json.loads(entry.facts),
        "changes": json.loads(entry.changes) if entry.changes else {},
        "next_change": entry.next_change,
        "run": str(entry.run_id),
        "started_by": entry.run.started_by,
        "trigger": entry.run.trigger,
    }
