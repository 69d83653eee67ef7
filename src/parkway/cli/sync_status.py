"""Commands about runs now: sync, status."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

import click

from parkway.cli import history, output, setup_django
from parkway.cli.app import EXIT_CODES
from parkway.cli.setup_django import SERVICE, acting, as_format
from parkway.domain import Conflict, SourceSilent, Step
from parkway.engine.wording import count, what_was_done
from parkway.sync import integrations
from parkway.sync.commands import lifecycle
from parkway.sync.models import Entry, Notice, Run, RunState, Stage
from parkway.sync.queries.service_status import WITHHELD, ServiceStatus, service_statuses
from parkway.tenancy.models import Service
from parkway.tenancy.people import Actor
from parkway.tenancy.scope import within_all

STAGES = {Stage.DISABLED: "disabled", Stage.ENABLED: "not set up", Stage.ON: "on", Stage.OFF: "off"}
FIRST = 12  # how many of a fleet's waiting children are shown


@click.command(
    epilog="""\b
Examples:
  parkway sync rimu-kindergarten"""
)
@click.argument("service", type=SERVICE)
@acting
@as_format
def sync(service: Service, by: Actor, form: str) -> None:
    """Run the sync of one service now. For all that are due: `parkway fleet`.

    What a run would do too much of at once is held for a person: see `parkway status` and `parkway approve`.
    """
    setup_django.ready()
    run = lifecycle.sync_now(service, by, setup_django.now())
    if form == "json":
        output.as_json([history.run_as_json(run)] if run else [])
    elif run:
        click.echo(sentence(run))
    if run and run.state in (RunState.FAILED, RunState.STOPPED):
        raise SystemExit(EXIT_CODES[SourceSilent] if run.state == RunState.STOPPED else 70)


@dataclass
class PassTotals:
    """What a pass did, summed up as it goes, of the services that were wanted when it began."""

    wanted: int = 0
    services: int = 0
    steps: Counter[str] = field(default_factory=Counter)
    states: Counter[str] = field(default_factory=Counter)
    given_up: int = 0
    ended_early: bool = False

    def add(self, services: int, runs: Iterable[Run]) -> None:
        """Count these in."""
        self.services += services
        for run in runs:
            self.states[run.state] += 1
            if run.state == RunState.DONE:
                self.steps.update(run.counts)

    def sentence(self) -> str:
        """What was done, in a line or two."""
        text = f"Synced {count(self.services, 'service')}: {what_was_done(self.steps)}."
        for state in (RunState.HELD, RunState.STOPPED, RunState.FAILED):
            if number := self.states[state]:
                text += f"\n{count(number, 'run')} {state.label}."
        if self.given_up:
            left = count(self.given_up, "service was left as it was", "services were left as they were")
            text += f"\n{left}, still due: the log tells why."
        passed_over = self.wanted - self.services - self.given_up
        if passed_over > 0 and not self.ended_early:
            were = count(passed_over, "service was", "services were")
            text += f"\n{were} passed over: others are at work there."
        return text


def sentence(run: Run) -> str:
    """One run for people."""
    if run.state != RunState.DONE:
        return f"{run.service.name}: {run.get_state_display()}. {run.message}"
    waiting = ""
    if run.waiting:
        waiting = f" {count(run.waiting, 'child waits', 'children wait')} for a space."
    return f"{run.service.name}: {what_was_done(run.counts)}.{waiting}"


@click.command(
    epilog="""\b
Examples:
  parkway status
  parkway status rimu-kindergarten --format json"""
)
@click.argument("service", type=SERVICE, required=False)
@as_format
def status(service: Service | None, form: str) -> None:
    """How syncing stands: the setting, profiles and spaces, the last run, and what needs a person."""
    setup_django.ready()
    if service is None:
        click.get_current_context().with_resource(within_all())
    if form == "json":
        output.as_json([_as_json(each) for each in _how_they_stand(service)])
        return
    print_status(service)
    print_people_to_see(service)


def _how_they_stand(service: Service | None) -> list[ServiceStatus]:
    """The services that support has enabled, by name. Raises Conflict for one that is not."""
    enabled = Service.objects.filter(integration__isnull=False).select_related("organisation")
    found = service_statuses(enabled.filter(pk=service.pk) if service else enabled.order_by("name", "pk"))
    if service is not None and not found:
        raise Conflict(f"Syncing is not enabled for {service.name}: `parkway enable {service.slug}`.")
    return found


def _as_json(now: ServiceStatus) -> dict[str, object]:
    return {
        "service": now.service.slug,
        "name": now.service.name,
        "stage": now.stage.value,
        "inactive": now.inactive.value,
        "paid_children": now.paid_children,
        "live": now.live,
        "waiting": now.waiting,
        "to_check": now.to_check,
        "held": now.held is not None,
        "last_run": now.last.at if now.last else None,
        "last_state": now.last.state if now.last else None,
        "checked_at": now.checked_at,
        "next_run_at": now.next_run_at,
        "needs_you": now.needs_you,
        "notices": [notice.text for notice in now.notices],
    }


def print_status(service: Service | None = None) -> None:
    """A line for each service; of one service also its runs' days."""
    lines = []
    for now in _how_they_stand(service):
        stands = "needs you" if now.needs_you else STAGES[now.stage]
        spaces = f"{now.live} of {now.paid_children}"
        lines.append((now.service.slug, stands, now.inactive.value, spaces, now.waiting, now.to_check))
        if service is not None:
            checked = output.cell(output.local(now.checked_at, service.zone)) or "never"
            following = output.cell(output.local(now.next_run_at, service.zone))
            following = following or ("as soon as possible" if now.asked else "not planned")
            click.echo(f"{service.name}: last looked at {checked}; next run {following}.")
    columns = ("service", "syncing", "Inactive", "profiles", "waiting", "check")
    output.table("Services", columns, lines)


def print_people_to_see(service: Service | None = None) -> None:
    """Who waits for a space, who needs a person, and which runs are held; of one service everybody."""
    current = Entry.objects.filter(current=True).select_related("service").order_by("service__name", "pk")
    if service is not None:
        current = current.filter(service=service)
    for step, title in ((Step.WAIT, "Waiting for a space"), (Step.NEEDS_REVIEW, "Needs a person")):
        found = current.filter(step=step.value)
        _print_people(title, found.exclude(WITHHELD), service)
    notices = Notice.objects.filter(settled_at=None).select_related("service").order_by("service__name")
    for notice in notices.filter(service=service) if service else notices:
        output.say(f"{notice.service.name}: {notice.text}")
        if integrations.held_run(notice.service):
            slug = notice.service.slug
            output.say(f"Look, then: parkway approve {slug}, or parkway reject {slug}", indent="  ")


def _print_people(title: str, found: Iterable[Entry], service: Service | None) -> None:
    """Children in the order of the queue. Of a whole fleet the first few, and how to see the others."""
    ordered = sorted(found, key=lambda each: (each.service.name, json.loads(each.facts).get("position", 0)))
    shown = ordered if service else ordered[:FIRST]
    if service:
        lines = [(entry.child_id, entry.because) for entry in shown]
        output.table(f"{title} ({len(ordered):,})", ("child", "why"), lines)
        return
    output.table(
        f"{title} ({len(ordered):,})",
        ("service", "child", "why"),
        [(entry.service.slug, entry.child_id, entry.because) for entry in shown],
    )
    others = sorted({entry.service.slug for entry in ordered[FIRST:]})
    if others:
        more = f"{len(ordered) - FIRST:,} more: parkway status {others[0]}"
        output.say(f"{more}, and likewise {', '.join(others[1:])}." if others[1:] else f"{more}.")
