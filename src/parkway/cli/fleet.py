"""`parkway fleet`: one pass over the whole fleet."""

from __future__ import annotations

import signal
from types import FrameType

import click

from parkway.cli import output, setup_django
from parkway.cli.sync_status import PassTotals
from parkway.engine.wording import count
from parkway.sync import outbox
from parkway.sync.models import Integration, RunState, Stage
from parkway.sync.queries import fleet_metrics
from parkway.sync.schedule.fleet import AllServices, DueServices, Pass
from parkway.sync.schedule.parallel import run_in_parallel


@click.command(
    epilog="""\b
Examples:
  parkway fleet
  parkway fleet --all --full"""
)
@click.option("--all", "everybody", is_flag=True, help="Every service that syncs, due or not.")
@click.option("--full", is_flag=True, help="Read all children, also where nothing seems to have changed.")
def fleet(everybody: bool, full: bool) -> None:
    """Sync every service that is due, in one pass.

    A service in which nothing changed is done at a glance. One that another process is syncing is passed
    over, so this is safe beside `parkway serve` and `parkway worker`. Ctrl-C ends it after the batch at hand.
    """
    setup_django.ready()
    tally = pass_over(everybody, full)
    click.echo(tally.sentence())
    if tally.ended_early:
        left = (
            tally.wanted - tally.services
            if everybody
            else fleet_metrics.due_count(setup_django.now()).services
        )
        click.echo(f"Ended early: {count(left, 'service is', 'services are')} left.", err=True)
        raise SystemExit(130)
    if tally.states[RunState.FAILED] or tally.given_up:
        raise SystemExit(70)


def pass_over(everybody: bool, full: bool = False) -> PassTotals:
    """One pass over the services that are due, or over all, with progress; Ctrl-C ends it between batches."""
    began = setup_django.now()
    on = Integration.objects.filter(stage=Stage.ON)
    number = on.count() if everybody else fleet_metrics.due_count(began).services
    ending: list[int] = []

    def end(signum: int, frame: FrameType | None) -> None:
        if ending:
            raise KeyboardInterrupt
        ending.append(signum)

    before = {each: signal.signal(each, end) for each in (signal.SIGINT, signal.SIGTERM)}
    tally = PassTotals(wanted=number)
    try:
        with output.progress() as bar:
            task = bar.add_task("Syncing", total=number)
            wanted = AllServices(began) if everybody else DueServices()
            whole = Pass(wanted, stopping=lambda: bool(ending), full=full)
            for done in run_in_parallel(whole):
                tally.add(done.services, done.runs)
                bar.update(task, advance=done.services, total=max(number, tally.services))
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
    outbox.carry_on()
    tally.given_up = len(whole.given_up)
    tally.ended_early = bool(ending) and tally.services < tally.wanted
    return tally
