"""Commands that change a service's integration. What matters is previewed, and confirmed as it was shown."""

from __future__ import annotations

import sys
from datetime import date

import click

from parkway.cli import output, setup_django
from parkway.cli.plan import DAY
from parkway.cli.setup_django import SERVICE, acting
from parkway.cli.sync_status import sentence
from parkway.domain import ChoiceKind, Conflict, InactivePolicy, Invalid, Limits, Window
from parkway.engine.plan import Plan
from parkway.engine.wording import count, width
from parkway.sync import integrations
from parkway.sync.commands import changes, choices, lifecycle
from parkway.sync.commands.setup import accept_proposals
from parkway.sync.models import Run, Stage
from parkway.sync.queries import setup_lists
from parkway.tenancy.models import WIDEST_WINDOW, Service
from parkway.tenancy.people import Actor

DAYS = click.IntRange(0, WIDEST_WINDOW)

yes = click.option(
    "--yes",
    "fingerprint",
    metavar="[FINGERPRINT]",
    is_flag=False,
    flag_value="",
    help="Do not ask: do what the preview with this fingerprint showed. Without syncing there is none.",
)


def _confirmed(service: Service, change: changes.Change, by: Actor, fingerprint: str | None) -> Run | None:
    """Show what a change will do, ask, and do exactly that; the run that did it. With a fingerprint: do what
    the preview with this fingerprint showed, unasked.

    When it is something else by now, that is shown, and asked about where somebody can answer (B1).
    """
    shown = changes.preview(service, change, setup_django.now())
    while True:
        if fingerprint is None:
            _ask(shown)
        mark = fingerprint if fingerprint is not None else shown.fingerprint if shown else ""
        try:
            run = changes.confirm(service, change, mark, by, setup_django.now())
        except changes.PlanChanged as changed:
            if fingerprint is not None or changed.plan is None:
                if changed.plan is not None:
                    _show(changed.plan)
                raise
            click.echo("Children, profiles or settings changed meanwhile, so nothing was done. Look again:")
            shown = changed.plan
            continue
        if run:
            click.echo(sentence(run))
        return run


def _show(plan: Plan) -> None:
    output.plan(plan)
    click.echo(f"Fingerprint: {plan.fingerprint}")


def _ask(plan: Plan | None) -> None:
    """Show a plan, if there is one, and end, with nothing done, unless somebody says yes."""
    if plan is None:
        _end_unless("Syncing is not on, so no profile changes. Save this?", "--yes")
    else:
        _show(plan)
        _end_unless("Do exactly this?", f"--yes {plan.fingerprint}")


def _end_unless(question: str, unasked: str) -> None:
    """Ask, and end with nothing done unless somebody says yes."""
    try:
        if click.confirm(question, default=False):
            return
    except click.Abort:
        if sys.stdin.isatty():
            raise
        click.echo(f"\nNobody answered. To do it unasked, add: {unasked}")
    click.echo("Nothing was changed.")
    raise SystemExit(4)


@click.command(
    epilog="""\b
Example:
  parkway enable rimu-kindergarten"""
)
@click.argument("service", type=SERVICE)
@acting
def enable(service: Service, by: Actor) -> None:
    """Let a service set syncing up. Done by support."""
    stage = lifecycle.enable(service, by, setup_django.now()).stage
    if stage == Stage.ENABLED:
        click.echo(f"{service.name} may set syncing up now: parkway setup {service.slug}")
    else:
        click.echo(f"{service.name} is set up already; nothing was changed. Syncing is {Stage(stage).label}.")


@click.command(
    epilog="""\b
Examples:
  parkway setup lighthouse-preschool
  parkway setup lighthouse-preschool --accept"""
)
@click.argument("service", type=SERVICE)
@click.option(
    "--accept", is_flag=True, help="Take every certain match, and a new profile where nothing is alike."
)
@acting
@yes
def setup(service: Service, accept: bool, by: Actor, fingerprint: str | None) -> None:
    """Match children to profiles, see what starting would do, and start syncing.

    Children to check are chosen one by one: `parkway choose`. Syncing starts when every child has a choice.
    """
    now = setup_django.now()
    if accept:
        click.echo(f"{count(accept_proposals(service, by, now), 'proposal')} taken.")
    found = setup_lists.look_at_set_up(service, now)
    if found.open:
        lines = [
            (
                each.child.child_id,
                each.child.details.called,
                each.child.details.last_name,
                each.child.details.date_of_birth,
                each.proposal.certainty.value,
                ", ".join(each.proposal.profile_ids),
            )
            for each in found.open
        ]
        columns = ("child", "called", "last name", "born", "proposal", "profiles")
        output.table(f"Children who need a choice ({len(lines)} of {len(found.listed)})", columns, lines)
        click.echo(f"Take what is certain: parkway setup {service.slug} --accept")
        click.echo(f"Choose for a child:   parkway choose {service.slug} CHILD PROFILE|new|dont-add")
        return
    _confirmed(service, changes.StartSyncing(), by, fingerprint)


@click.command(
    epilog="""\b
Examples:
  parkway switch rimu-kindergarten stay
  parkway switch rimu-kindergarten stay --yes 3f0c…"""
)
@click.argument("service", type=SERVICE)
@click.argument("inactive", type=click.Choice([policy.value for policy in InactivePolicy]))
@acting
@yes
def switch(service: Service, inactive: str, by: Actor, fingerprint: str | None) -> None:
    """Let Inactive children leave Storypark, or keep them: shows what it will do, asks, does exactly that."""
    _confirmed(service, changes.SwitchPolicy(InactivePolicy(inactive)), by, fingerprint)


@click.command(
    epilog="""\b
Examples:
  parkway paid-children rimu-kindergarten 120
  parkway paid-children rimu-kindergarten 120 --yes 3f0c…"""
)
@click.argument("service", type=SERVICE)
@click.argument("number", type=click.IntRange(0, 1_000_000))
@click.option(
    "--yes",
    "fingerprint",
    metavar="[FINGERPRINT]",
    is_flag=False,
    flag_value="",
    help="Do not ask: apply the preview with this fingerprint. Without syncing there is none to give.",
)
@acting
def paid_children(service: Service, number: int, fingerprint: str | None, by: Actor) -> None:
    """Change how many live profiles the plan pays for: shows who then comes in, asks, does exactly that."""
    change, pays = changes.ChangePaidChildren(number), count(number, "child", "children")
    if (plan := changes.preview(service, change, setup_django.now())) is not None and fingerprint == "":
        _show(plan)
        raise Invalid(f"Syncing is on, so say what you have seen: --yes {plan.fingerprint}", fields=("yes",))
    if plan is None and fingerprint is None:
        _end_unless(f"Pay for {pays}?", "--yes")
        fingerprint = ""
    _confirmed(service, change, by, fingerprint)
    click.echo(f"The plan of {service.name} pays for {pays} now.")


@click.command(
    epilog="""\b
Examples:
  parkway window rimu-kindergarten --back 42 --ahead 56
  parkway window rimu-kindergarten --back 42 --yes 3f0c…"""
)
@click.argument("service", type=SERVICE)
@click.option("--back", type=DAYS, help="How many days after a booking ended a child stays Active.")
@click.option("--ahead", type=DAYS, help="How many days before a booking starts a child becomes Active.")
@acting
@yes
def window(service: Service, back: int | None, ahead: int | None, by: Actor, fingerprint: str | None) -> None:
    """Change the active window: shows who then comes and goes, asks, does exactly that."""
    lookback, lookahead = service.window
    widths = Window(lookback if back is None else back, lookahead if ahead is None else ahead)
    _confirmed(service, changes.ChangeWindow(widths), by, fingerprint)
    click.echo(
        f"At {service.name} a child is Active from {width(widths.lookahead)} before a booking starts to "
        f"{width(widths.lookback)} after it ended."
    )


@click.command(
    "time-zone",
    epilog="""\b
Example:
  parkway time-zone rimu-kindergarten Pacific/Auckland""",
)
@click.argument("service", type=SERVICE)
@click.argument("zone")
@acting
@yes
def time_zone(service: Service, zone: str, by: Actor, fingerprint: str | None) -> None:
    """Change the time zone in which days begin and end: shows what that does, asks, does exactly that."""
    _confirmed(service, changes.ChangeTimeZone(zone), by, fingerprint)
    click.echo(f"Days at {service.name} are those of {zone} now.")


@click.command(
    epilog="""\b
Example:
  parkway limits rimu-kindergarten 5 30"""
)
@click.argument("service", type=SERVICE)
@click.argument("archives", type=click.IntRange(0, 1_000_000))
@click.argument("percent", type=click.IntRange(0, 100))
@acting
@yes
def limits(service: Service, archives: int, percent: int, by: Actor, fingerprint: str | None) -> None:
    """Change when a run is held for a person: above this many archives, and above this share of the live
    profiles. Shows what a run would do now, asks, does exactly that.
    """
    _confirmed(service, changes.ChangeLimits(Limits(archives, percent)), by, fingerprint)
    click.echo(f"A run of {service.name} is held above {archives} archives and {percent} % from now on.")


@click.command(
    epilog="""\b
Example:
  parkway approve nikau-nursery"""
)
@click.argument("service", type=SERVICE)
@acting
@yes
def approve(service: Service, by: Actor, fingerprint: str | None) -> None:
    """See what a held run would do, and approve exactly that."""
    _require_held(service)
    _confirmed(service, changes.Approve(), by, fingerprint)


@click.command(
    epilog="""\b
Example:
  parkway reject nikau-nursery"""
)
@click.argument("service", type=SERVICE)
@acting
@yes
def reject(service: Service, by: Actor, fingerprint: str | None) -> None:
    """See what a held run would do, keep live what it would archive, and do the rest.

    Those children are marked as kept by you until somebody lets the rules decide: `parkway choose … release`.
    """
    _require_held(service)
    _confirmed(service, changes.Reject(), by, fingerprint)


def _require_held(service: Service) -> None:
    if integrations.held_run(service) is None:
        raise Conflict(f"No run of {service.name} is held.")


@click.command(
    epilog="""\b
Examples:
  parkway choose rimu-kindergarten RIM1-004 P-31
  parkway choose rimu-kindergarten RIM1-004 dont-add"""
)
@click.argument("service", type=SERVICE)
@click.argument("child")
@click.argument("choice")
@acting
def choose(service: Service, child: str, choice: str, by: Actor) -> None:
    """Choose for one child: a profile's id, new, dont-add; keep or archive for one missing from Manage;
    release to let the rules decide again.
    """
    now = setup_django.now()
    kinds = {kind.value.replace("_", "-"): kind for kind in ChoiceKind if kind is not ChoiceKind.PROFILE}
    if choice == "release":
        choices.release(service, child, by, now)
    elif choice in kinds:
        choices.choose(service, child, kinds[choice], by, now)
    else:
        choices.choose(service, child, ChoiceKind.PROFILE, by, now, choice)
    click.echo(f"{child}: {choice}.")


@click.command(
    epilog="""\b
Example:
  parkway keep-until rimu-kindergarten RIM1-004 2026-12-18"""
)
@click.argument("service", type=SERVICE)
@click.argument("child")
@click.argument("day", type=DAY, required=False)
@acting
def keep_until(service: Service, child: str, day: date | None, by: Actor) -> None:
    """Keep an Inactive child's profile live through a day; without a day, no longer."""
    choices.keep_until(service, child, day, by, setup_django.now())
    click.echo(f"{child} is kept until {output.cell(day)}." if day else f"{child} is kept no longer.")


@click.command(
    epilog="""\b
Example:
  parkway off rimu-kindergarten"""
)
@click.argument("service", type=SERVICE)
@acting
def off(service: Service, by: Actor) -> None:
    """Turn syncing off: profiles, links and history stay, and what was read-only can be edited again."""
    changes.confirm(service, changes.TurnOff(), "", by, setup_django.now())
    click.echo(f"Syncing is off for {service.name}. Turn it on again: parkway on {service.slug}")


@click.command(
    epilog="""\b
Example:
  parkway on rimu-kindergarten"""
)
@click.argument("service", type=SERVICE)
@acting
@yes
def on(service: Service, by: Actor, fingerprint: str | None) -> None:
    """Turn syncing on again with the links there were, after a preview."""
    _confirmed(service, changes.TurnOn(), by, fingerprint)
