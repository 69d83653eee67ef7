"""What a person chooses for one child: a profile, a new one, don't add, keep until (D8, D9, D23, B4)."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, datetime

from django.db import transaction

from parkway import domain
from parkway.db import bulk
from parkway.domain import ChoiceKind, Conflict, Invalid, NotFound, ProfileState
from parkway.engine.plan import NO_CHOICE, PlanInput
from parkway.sync import outbox
from parkway.sync.ends import names_of
from parkway.sync.events import Happened, LinkChanged, new_id
from parkway.sync.integrations import increment_version, lock_if_any
from parkway.sync.models import Choice, Integration, Link, Stage, Trigger
from parkway.sync.outside import reading_first
from parkway.sync.run import apply
from parkway.sync.run.gather import gather_one
from parkway.sync.schedule import run_requests
from parkway.tenancy.models import Service
from parkway.tenancy.people import Actor, require_change
from parkway.tenancy.scope import scope


@reading_first
@transaction.atomic
def choose(
    service: Service,
    child_id: str,
    kind: ChoiceKind,
    by: Actor,
    now: datetime,
    profile_id: str | None = None,
) -> None:
    """Choose for one child; the next run, asked for at once when syncing is on, carries it out.

    Raises NotFound when there is no such child or profile, Conflict when this cannot be chosen for the child
    or the profile is not free: two children cannot take one profile.
    """
    integration = _lock_changeable(service, by)
    plan_input = gather_one(integration, now).plan_input
    listed = any(child.child_id == child_id for child in plan_input.children)
    for_missing = kind in (ChoiceKind.KEEP, ChoiceKind.ARCHIVE)
    if listed == for_missing or (for_missing and child_id not in plan_input.links):
        state = f"{'still' if listed else 'not'} listed in {plan_input.ends.roster}"
        refused = Conflict if listed else NotFound
        raise refused(f"“{kind.value.replace('_', ' ')}” cannot be chosen for {child_id}, who is {state}.")
    if kind is ChoiceKind.PROFILE:
        _require_free(plan_input, child_id, profile_id)
    linked = plan_input.profiles.get(plan_input.links.get(child_id, ""))
    if kind in (ChoiceKind.PROFILE, ChoiceKind.NEW) and linked and linked.state is not ProfileState.DELETED:
        raise Conflict(f"{child_id} is linked to the profile {linked.profile_id} already.")
    store(service, {child_id: domain.Choice(kind, profile_id)}, by, now)
    _run_soon(integration, by)


@reading_first
@transaction.atomic
def keep_until(service: Service, child_id: str, day: date | None, by: Actor, now: datetime) -> None:
    """Keep one Inactive child's profile live through a day, that day included (B4); None takes it back.

    Raises Invalid for a day that has passed, NotFound for a child whom the roster does not list.
    """
    integration = _lock_changeable(service, by)
    children = gather_one(integration, now).plan_input.children
    if day is not None and all(child.child_id != child_id for child in children):
        roster = names_of(integration).roster
        raise NotFound(f"{child_id} is not listed in {roster} at {service.name}. Check the id.")
    if day is not None and day < service.today(now):
        raise Invalid(
            f"{day:%d/%m/%Y} has passed. Choose today or a later day to keep the profile until.",
            fields=("day",),
        )
    before = scope(Choice, service).filter(child_id=child_id).first()
    kind = ChoiceKind(before.kind) if before and before.kind else None
    _replace(service, {child_id: domain.Choice(kind, before.profile_id if before else None, day)}, by, now)
    _run_soon(integration, by)


@transaction.atomic
def release(service: Service, child_id: str, by: Actor, now: datetime) -> None:
    """Take back what was chosen for a child: the rules decide again ("sync again", D9).

    Raises Conflict when nothing was chosen.
    """
    integration = _lock_changeable(service, by)
    if not scope(Choice, service).filter(child_id=child_id).delete()[0]:
        raise Conflict(
            f"Nothing was chosen for {child_id} at {service.name}, so there is nothing to release."
        )
    increment_version(service)
    _run_soon(integration, by)


@reading_first
@transaction.atomic
def move_link(service: Service, missing_id: str, child_id: str, by: Actor, now: datetime) -> None:
    """Give the profile of a missing child to another child of the service (D8).

    Raises NotFound when the second is not there, Conflict when the second has a link, or the first has none
    or is not missing.
    """
    integration = _lock_changeable(service, by)
    listed = {child.child_id for child in gather_one(integration, now).plan_input.children}
    roster = names_of(integration).roster
    if child_id not in listed:
        raise NotFound(f"Choose a child who is listed in {roster}. Nothing was changed.")
    if missing_id in listed:
        raise Conflict(f"{missing_id} is still listed in {roster}, so the profile stays with the child.")
    if scope(Link, service).filter(child_id=child_id).exists():
        raise Conflict(f"{child_id} is linked to a profile already.")
    if not scope(Link, service).filter(child_id=missing_id).update(child_id=child_id):
        raise Conflict(f"{missing_id} is not linked to a profile.")
    moved = LinkChanged(id=new_id(), service_id=service.pk, at=now, child_id=child_id)
    outbox.write([Happened(moved)])
    scope(Choice, service).filter(child_id=missing_id).delete()
    if integration.stage == Stage.ON:
        apply.mark_linked(integration, now)
    increment_version(service)
    _run_soon(integration, by)


def store(service: Service, chosen: Mapping[str, domain.Choice], by: Actor, now: datetime) -> None:
    """Keep choices for many children of a service; a day to keep until that is there stays.

    Raises Conflict when one profile is chosen for two children.
    """
    if not chosen:
        return
    taken: Sequence[str] = [choice.profile_id for choice in chosen.values() if choice.profile_id]
    others = scope(Choice, service).exclude(child_id__in=list(chosen)).filter(profile_id__in=taken)
    if len(set(taken)) < len(taken) or others.exists():
        raise Conflict("Two children cannot take one profile. Choose another for one of them.")
    until = dict(scope(Choice, service).exclude(keep_until=None).values_list("child_id", "keep_until"))
    complete = {
        key: choice._replace(keep_until=choice.keep_until or until.get(key)) for key, choice in chosen.items()
    }
    _replace(service, complete, by, now)


def take_over(
    service: Service,
    child_ids: Iterable[str],
    told: Mapping[str, domain.Choice],
    untold: Collection[str],
    by: Actor,
    now: datetime,
) -> int:
    """Take over what a source tells of "don't add" and "keep until"; how many choices changed.

    `untold` are those of its columns `sync` and `keep_until` that it does not supply: they are left alone
    (D20). Other choices stay in any case, for a source cannot tell of them. Raises Forbidden when a choice
    changes and `by` may not change it (D22).
    """
    stored = {
        child_id: domain.Choice(ChoiceKind(kind) if kind else None, profile_id or None, until)
        for child_id, kind, profile_id, until in scope(Choice, service).values_list(
            "child_id", "kind", "profile_id", "keep_until"
        )
    }
    changed = {}
    for child_id in child_ids:
        before, new = stored.get(child_id, NO_CHOICE), told.get(child_id, NO_CHOICE)
        choice = before
        if "sync" not in untold and new.kind is ChoiceKind.DONT_ADD:
            choice = choice._replace(kind=ChoiceKind.DONT_ADD, profile_id=None)
        elif "sync" not in untold and before.kind is ChoiceKind.DONT_ADD:
            choice = choice._replace(kind=None)
        if "keep_until" not in untold:
            choice = choice._replace(keep_until=new.keep_until)
        if choice != before:
            changed[child_id] = choice
    if changed:
        found = Integration.objects.filter(service=service).first()
        require_change(by, service, bool(found and found.educators_may_change))
        _replace(service, changed, by, now)
    return len(changed)


def _replace(service: Service, chosen: Mapping[str, domain.Choice], by: Actor, now: datetime) -> None:
    """Write the wishes of some children in the place of what there was, and say that something changed."""
    moment = bulk.as_instant(now)
    new = [
        (service.pk, child_id, kind.value if kind else "", profile_id or "", until, by.label, moment)
        for child_id, (kind, profile_id, until, _) in chosen.items()
        if kind or until
    ]
    columns = ["service_id", "child_id", "kind", "profile_id", "keep_until", "chosen_by", "chosen_at"]
    with transaction.atomic():
        increment_version(service)  # first, as a run does: what is held is held in one order
        bulk.delete(Choice, ["service_id", "child_id"], [(service.pk, child_id) for child_id in chosen])
        bulk.insert(Choice, columns, new)


def _require_free(plan_input: PlanInput, child_id: str, profile_id: str | None) -> None:
    profile = plan_input.profiles.get(profile_id or "")
    if profile is None or profile.state is ProfileState.DELETED:
        raise NotFound(f"There is no profile {profile_id} to choose.")
    holders = [key for key, linked in plan_input.links.items() if linked == profile_id and key != child_id]
    if holders:
        raise Conflict(
            f"The profile {profile_id} belongs to {holders[0]}. Two children cannot take one profile."
        )


def _lock_changeable(service: Service, by: Actor) -> Integration:
    """The integration, held by the transaction at hand; Forbidden when this actor may not change it."""
    integration = lock_if_any(service)
    if integration is None or integration.stage == Stage.DISABLED:
        raise Conflict(f"Syncing is not enabled for {service.name}.")
    require_change(by, service, integration.educators_may_change)
    return integration


def _run_soon(integration: Integration, by: Actor) -> None:
    if integration.stage == Stage.ON:
        run_requests.request_run(integration.pk, Trigger.CHOICE, by)
