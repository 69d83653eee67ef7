"""What commands print: tables for people, JSON for programs, progress on long work."""

from __future__ import annotations

import json
import sys
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from zoneinfo import ZoneInfo

import click
from rich import box
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TextColumn,
    TimeRemainingColumn,
)
from rich.table import Table
from rich.text import Text

from parkway.domain import Step
from parkway.engine.plan import Plan
from parkway.engine.wording import count, written


class _Console(Console):
    def on_broken_pipe(self) -> None:
        """Leave it to the command line, which ends in peace when nobody reads on."""
        raise BrokenPipeError


def console() -> Console:
    """Standard output; as wide as needed when it is no terminal, so that nothing is cut in a pipe."""
    width = None if sys.stdout.isatty() else 160
    return _Console(width=width, markup=False, emoji=False, highlight=False)  # names are shown as they are


def table(title: str, columns: Sequence[str], lines: Iterable[Sequence[object]]) -> None:
    """A table for people; numbers to the right. Says so when it is empty."""
    rows = [[cell(value) for value in line] for line in lines]
    if not rows:
        click.echo(f"{title}: none.")
        return
    made = Table(
        title=title,
        title_justify="left",
        title_style="bold",
        header_style="bold",
        box=box.SIMPLE_HEAD,
        show_edge=False,
        pad_edge=False,
        padding=(0, 1, 0, 0),
    )
    for index, column in enumerate(columns):
        numbers = all(row[index].replace(",", "").isdigit() or not row[index] for row in rows)
        made.add_column(column, justify="right" if numbers else "left", overflow="fold")
    for row in rows:
        made.add_row(*row)
    console().print(made)
    click.echo()


def say(text: str, indent: str = "") -> None:
    """A sentence, broken between words where the terminal ends; whole in a pipe."""
    if not sys.stdout.isatty():
        click.echo(indent + text)
        return
    width = console().width
    click.echo(textwrap.fill(text, width, initial_indent=indent, subsequent_indent=indent))


def cell(value: object) -> str:
    """A value as people write it."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        return f"{cell(value.date())}, {value:%H:%M}"
    if isinstance(value, date):
        return written(value, "d MMM y")
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)


def local(moment: datetime | None, zone: ZoneInfo) -> datetime | None:
    """An instant on the service's clock."""
    return moment.astimezone(zone) if moment else None


def as_json(value: object) -> None:
    """JSON for programs; days and instants in ISO form."""
    ascii_only = "utf" not in (sys.stdout.encoding or "").lower()
    click.echo(json.dumps(value, ensure_ascii=ascii_only, indent=2, default=_plain))


def _plain(value: object) -> object:
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, frozenset):
        return sorted(value)
    raise TypeError(f"{type(value).__name__} cannot be written as JSON")


class _Rate(ProgressColumn):
    def render(self, task: Task) -> Text:
        """How many a second, as soon as it is known."""
        return Text(f"{task.speed:,.0f} a second" if task.speed else "")


def progress() -> Progress:
    """A progress bar with rate and time left on the terminal's error output; nothing in a pipe."""
    err = Console(stderr=True)
    columns = (BarColumn(), MofNCompleteColumn(), _Rate(), TimeRemainingColumn())
    return Progress(
        TextColumn("{task.description}"), *columns, console=err, disable=not err.is_terminal, transient=True
    )


def steps(counts: Mapping[str, int]) -> str:
    """Counts by step, without those at 0: "12 create, 3 leave out"."""
    return ", ".join(f"{number:,} {step.replace('_', ' ')}" for step, number in counts.items() if number)


def plan(planned: Plan, everything: bool = False) -> None:
    """A plan for people: what it means in sum, then each child whom it touches or who waits."""
    click.echo(steps({step.value: number for step, number in planned.counts().items()}) or "No children.")
    spaces = planned.spaces
    click.echo(
        f"Live profiles: {spaces.live:,} now, {spaces.live_after:,} after, "
        f"of {count(spaces.paid_children, 'paid child', 'paid children')}; {spaces.waiting:,} waiting."
    )
    if planned.held:
        say(f"ON HOLD: {planned.held.reason}")
    quiet = (Step.NO_CHANGE, Step.LEAVE_OUT)
    lines = [
        (d.child_id, d.called, d.step.value.replace("_", " "), planned.because(d))
        for d in planned.decisions
        if everything or d.step not in quiet
    ]
    table("What happens", ("child", "called", "step", "because"), lines)
