"""The command: look at everything, tell what was found, and how to mend it."""

from __future__ import annotations

import os
from collections.abc import Iterator

import click
from django.core.checks import DEBUG, ERROR, INFO, WARNING, CheckMessage

from parkway.config.doctor.findings import Area
from parkway.domain import Refused

MARKS = {
    INFO: ("✓", "green"),
    WARNING: ("!", "yellow"),
    ERROR: ("✗", "red"),
    DEBUG: ("–", None),
}
LEVELS = {INFO: "ok", WARNING: "look", ERROR: "bad", DEBUG: "not seen"}
"""What programs are told of a level."""


@click.command(
    epilog="""\b
Examples:
  parkway doctor
  parkway doctor --json

\b
Exit codes: 0 nothing is in the way · 1 something is, and stands there with a cross."""
)
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def doctor(as_json: bool) -> None:
    """Look at configuration, database, clock, queue, ends and disk, and say how to mend what is wrong."""
    found = list(examine())
    bad = sum(message.level == ERROR for message in found)
    if as_json:
        from parkway.cli import output

        output.as_json([_plain(message) for message in found])
    else:
        _show(found)
        look = sum(message.level == WARNING for message in found)
        click.echo(f"\n{bad} to mend, {look} worth a look, {len(found)} looked at.")
    raise SystemExit(1 if bad else 0)


def examine() -> Iterator[CheckMessage]:
    """Run the checks of every area; those that need the database only when it answers."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "parkway.config.settings")
    try:
        import django

        django.setup()
    except Refused as refused:
        unread = Area("configuration", "parkway.configuration")
        yield unread.bad(71, str(refused), "Nothing else can be looked at before.")
        return
    # these modules register their checks, which other commands need not load
    from parkway.config.doctor import clock, configuration, database, disk, ends, queue

    yield from configuration.AREA.run()
    reached = database.REACHABLE.run()
    yield from reached
    if any(message.is_serious() for message in reached):
        yield clock.AREA.unseen(31, "Not looked at without the database.")
        yield queue.AREA.unseen(21, "Not looked at without the database.")
        yield ends.AREA.unseen(11, "Not looked at without the database.")
    else:
        for area in (database.AREA, clock.AREA, queue.AREA, ends.AREA):
            yield from area.run()
    yield from disk.AREA.run()


def _plain(message: CheckMessage) -> dict[str, str]:
    level = LEVELS[message.level]
    return {"area": message.obj, "level": level, "told": message.msg, "mend": message.hint or ""}


def _show(found: list[CheckMessage]) -> None:
    from parkway.cli import output

    area = ""
    for message in found:
        if message.obj != area:
            area = message.obj
            click.secho(f"\n{area.capitalize()}", bold=True)
        mark, colour = MARKS[message.level]
        click.secho(f"  {mark} ", fg=colour, nl=False)
        output.say(message.msg)
        if message.hint:
            output.say(message.hint, indent="    → ")
