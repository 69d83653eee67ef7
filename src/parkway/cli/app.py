"""The `parkway` command: subcommands, loaded when called, and the one place that tells errors."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from io import TextIOWrapper
from types import ModuleType

import click

from parkway import __version__
from parkway.db import errors
from parkway.domain import Conflict, Forbidden, Invalid, NotFound, Refused, SourceSilent, kind_of

COMMANDS = {
    "demo": "Load a made-up fleet to try Parkway on.",
    "migrate": "Make or update the database.",
    "import": "Take children, bookings and profiles over from CSV files.",
    "enable": "Let a service set syncing up (support).",
    "ends": "Which ends are installed, and which ones a service has.",
    "setup": "Match children to profiles and start syncing.",
    "sync": "Run the sync of one service now.",
    "fleet": "Sync every service that is due, with rate and time left.",
    "switch": "Change what happens to Inactive children, after a preview.",
    "paid-children": "Change how many live profiles the plan pays for.",
    "window": "Change the active window, after a preview.",
    "time-zone": "Change the time zone of a service, after a preview.",
    "limits": "Change when a run is held for a person, after a preview.",
    "approve": "Approve what a held run would do.",
    "reject": "Keep live what a held run would archive, and do the rest.",
    "choose": "Choose for one child: a profile, a new one, don't add.",
    "keep-until": "Keep an Inactive child's profile live through a day.",
    "status": "How syncing stands, for one service or all.",
    "runs": "The history of a service's runs, and what one of them changed.",
    "why": "Why a child is in Storypark or not, now or on a past day.",
    "forecast": "Who will come and go in the weeks ahead.",
    "off": "Turn syncing off; profiles and links stay.",
    "on": "Turn syncing on again, after a preview.",
    "serve": "Serve the pages, and run the syncs that are due.",
    "doctor": "What is wrong here, and how to mend it.",
    "worker": "Run the syncs that are due, beside others (PostgreSQL).",
    "backup": "Copy the whole database, while work goes on.",
    "plan": "A dry run on CSV files alone, without a database.",
    "rules": "The rules in words.",
    "first-run": "Load the demo when the database is new, and sync it.",
}
HIDDEN = {"first-run"}

EXIT_CODES: Mapping[type[Refused], int] = {
    NotFound: 2,
    Invalid: 2,
    SourceSilent: 3,
    Forbidden: 5,
    Conflict: 6,
}
"""How the command line tells each kind of error: with its sentence, and to programs with this code."""


def _load(name: str) -> click.Command | None:  # noqa: PLR0912 - a branch for each module, and nothing else
    """The subcommand of a name. Its module is imported only when it is called, so that help and `plan` need
    no database.
    """
    module: ModuleType
    match name:
        case "demo" | "first-run" | "migrate":
            from parkway.cli import database as module
        case "import":
            from parkway.cli import import_files as module
        case "enable" | "setup" | "switch" | "paid-children" | "window" | "time-zone" | "limits":
            from parkway.cli import integration as module
        case "approve" | "reject" | "on" | "off":
            from parkway.cli import integration as module
        case "choose" | "keep-until":
            from parkway.cli import integration as module
        case "ends":
            from parkway.cli import ends as module
        case "sync" | "status":
            from parkway.cli import sync_status as module
        case "fleet":
            from parkway.cli import fleet as module
        case "runs":
            from parkway.cli import history as module
        case "why" | "forecast" | "rules":
            from parkway.cli import queries as module
        case "serve":
            from parkway.cli import serve as module
        case "worker":
            from parkway.cli import worker as module
        case "doctor":
            from parkway.cli import doctor as module
        case "backup":
            from parkway.cli import backup as module
        case "plan":
            from parkway.cli import plan as module
        case _:
            return None
    commands = (each for each in vars(module).values() if isinstance(each, click.Command))
    return next(command for command in commands if command.name == name)


class _NobodyReads(Exception):
    """Whoever read the output has gone: there is nobody left to tell anything."""


class Commands(click.Group):
    """Loads a subcommand when it is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [name for name in COMMANDS if name not in HIDDEN]

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except BrokenPipeError as error:  # click itself would end with an error
            raise _NobodyReads from error

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        return _load(cmd_name)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, COMMANDS[name]) for name in self.list_commands(ctx)])


@click.group(
    cls=Commands,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="""\b
Examples:
  parkway demo                                   load a made-up fleet
  parkway fleet                                  sync every service that is due
  parkway why rimu-kindergarten RIM1-001         ask why
  parkway COMMAND --help                         more about a command

\b
Exit codes: 0 done · 2 bad input, no such thing, or a database that does not answer ·
3 a source answered with nothing although profiles are linked ·
4 not confirmed: nothing was done · 5 not allowed ·
6 how things stand is against it, or they changed meanwhile ·
70 something broke in Parkway · 130 interrupted.
The database is DATABASE_URL, by default parkway.sqlite3 in the current folder.""",
)
@click.version_option(__version__, prog_name="parkway")
def parkway() -> None:
    """Parkway keeps child profiles in Storypark in step with enrolments in Storypark Manage."""


def main() -> None:
    """Run the command line. Whatever goes wrong is told in a sentence, never as a traceback."""
    # a program started with its output closed has no stream at all, and its first file would take that place
    sys.stdout = sys.stdout or os.fdopen(os.open(os.devnull, os.O_WRONLY), "w")
    sys.stderr = sys.stderr or os.fdopen(os.open(os.devnull, os.O_WRONLY), "w")
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal without macrons still shows the rest
    try:
        parkway.main(prog_name="parkway", standalone_mode=False)
        sys.stdout.flush()  # what cannot be written is told here, not by Python at its end
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        click.echo("Stopped. What was finished before stays.", err=True)
        sys.exit(130)
    except Refused as refused:
        click.echo(str(refused) if hasattr(refused, "problems") else f"parkway: {refused}", err=True)
        sys.exit(EXIT_CODES[kind_of(refused)])
    except (_NobodyReads, BrokenPipeError):
        _write_no_more()
        sys.exit(0)
    except Exception as error:
        if os.environ.get("PARKWAY_DEBUG") == "1":
            raise
        if told := errors.explain(error):
            _write_no_more()
            click.echo(f"parkway: {told}", err=True)
            sys.exit(2)
        click.echo(
            f"parkway: something broke ({type(error).__name__}). What was not finished was not changed. "
            "PARKWAY_DEBUG=1 shows more for whoever mends it.",
            err=True,
        )
        sys.exit(70)


def _write_no_more() -> None:
    """Send what standard output still holds to nowhere: Python would stumble over it at its end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
