"""The usual way: a loop over the children that gets, creates and saves through the ORM, a service at a time.

It does the same work with the same rules and sentences, each child by a handful of queries.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from parkway.sync.queries import fleet_metrics
from parkway.sync.run import change_detection

if TYPE_CHECKING:
    from parkway.domain import Decision, Details
    from parkway.manage.models import Child
    from parkway.storypark.models import Profile
    from parkway.sync.models import Entry, Integration, Run


def sync(now: datetime) -> None:
    """Bring every service that is due into step."""
    from django.db import transaction

    from parkway.sync.models import Integration

    for service_id in fleet_metrics.due_now(now).order_by("next_run_at", "pk").values_list("pk", flat=True):
        with transaction.atomic():
            integration = Integration.objects.select_related("service").get(pk=service_id)
            _sync(integration, now)


def _sync(integration: Integration, now: datetime) -> None:
    from parkway.domain import Step
    from parkway.engine import spaces
    from parkway.manage.models import Child, RosterVersion
    from parkway.storypark.models import Account, Profile
    from parkway.sync.models import Run

    service = integration.service
    today = service.today(now)
    account = Account.objects.get(service=service)
    live = Profile.objects.filter(service=service, state="live").count()
    run = Run.objects.create(
        service=service,
        trigger="schedule",
        started_by="the schedule",
        at=now,
        today=today,
        state="done",
        inactive=integration.inactive,
        paid_children=account.paid_children,
        live_before=live,
    )
    _rooms(service.pk)
    decisions = [
        _decide(integration, child, now) for child in Child.objects.filter(service=service).order_by("pk")
    ]
    archives = sum(decision.step is Step.ARCHIVE for decision in decisions)
    claims = [decision for decision in decisions if decision.step in (Step.CREATE, Step.RESTORE)]
    free = spaces.free_spaces(account.paid_children, live, archives)
    granted, waiting = spaces.allot(claims, free, today)
    places = {claim.child_id: place for place, claim in enumerate(waiting, start=1)}
    counts = dict.fromkeys((step.value for step in Step), 0)
    for decision in decisions:
        if place := places.get(decision.child_id):
            facts = {"position": place, "paid_children": account.paid_children, "belongs_by": decision.rule}
            decision = decision._replace(step=Step.WAIT, rule="no-space", facts=facts, changes={})
        counts[decision.step.value] += 1
        _record(run, decision, _apply(run, decision), service.window)
    run.live_after, run.waiting, run.counts = live - archives + len(granted), len(waiting), counts
    run.save()
    if any(counts[step] for step in ("create", "restore", "update", "archive")):
        account.version += 1
        account.save()
    integration.checked_at, integration.next_run_at = now, change_detection.next_turn(integration.pk, now)
    integration.seen_roster = RosterVersion.objects.get(service=service).version
    integration.seen_profiles, integration.seen_service = account.version, service.version
    integration.seen_version = integration.version
    integration.look_again_at = service.end_of(today) if waiting else None
    integration.save()


def _rooms(service_id: int) -> None:
    from parkway.manage.models import Room
    from parkway.storypark.models import Room as Theirs
    from parkway.sync.models import RoomLink

    for room in Room.objects.filter(service_id=service_id):
        if not RoomLink.objects.filter(service_id=service_id, room_id=str(room.pk)).exists():
            theirs, _ = Theirs.objects.get_or_create(service_id=service_id, name=room.name)
            RoomLink.objects.create(service_id=service_id, room_id=str(room.pk), target_id=str(theirs.pk))


def _details(owner: Child | Profile) -> Details:
    return owner.details._replace(rooms=frozenset(owner.rooms.values_list("name", flat=True)))


def _decide(integration: Integration, child: Child, now: datetime) -> Decision:
    from parkway import domain
    from parkway.domain import ChoiceKind, Decision, ProfileState, Step
    from parkway.domain import Profile as Portfolio
    from parkway.engine import rules
    from parkway.engine.changes import differences
    from parkway.storypark.models import Profile
    from parkway.sync.models import Choice, Link

    choice = Choice.objects.filter(service_id=child.service_id, child_id=child.reference).first()
    link = Link.objects.filter(service_id=child.service_id, child_id=child.reference).first()
    profile = None
    if link is not None:
        found = Profile.objects.get(service_id=child.service_id, reference=link.profile_id)
        profile = Portfolio(found.reference, ProfileState(found.state), _details(found))
    known = domain.Child(child.reference, _details(child), child.standing)
    wish = ChoiceKind(choice.kind) if choice and choice.kind else None
    until = choice.keep_until if choice else None
    rule = rules.rule_for(known, wish, integration.policy, until, integration.service.today(now))
    step = rules.STEPS[rule.verdict][profile.state if profile else None]
    changes = differences(known, profile) if profile and step in (Step.NO_CHANGE, Step.RESTORE) else {}
    if step is Step.NO_CHANGE and changes:
        step = Step.UPDATE
    facts = rules.facts_of(rule, known, domain.Choice(wish, None, until))
    return Decision(child.reference, known, profile, step, rule.slug, facts, changes)


def _apply(run: Run, decision: Decision) -> str:
    """Write what was decided for one child; the profile's id, if there is one."""
    from parkway.domain import Step
    from parkway.storypark.models import Profile
    from parkway.sync.models import Link

    service_id, child = run.service_id, decision.child
    if child is None:
        return ""
    values = {name: value for name, value in child.details.by_name().items() if name != "rooms"}
    link = f"/manage/{service_id}/children/{decision.child_id}"
    if decision.step is Step.CREATE:
        key = f"{run.pk}.{decision.child_id}"
        profile = Profile.objects.create(
            service_id=service_id, reference="new", managed_link=link, created_key=key, **values
        )
        profile.reference = f"P-{profile.pk}"
        profile.save()
        _place(profile, child.details.rooms)
        Link.objects.create(service_id=service_id, child_id=decision.child_id, profile_id=profile.reference)
        return profile.reference
    if decision.step in (Step.UPDATE, Step.RESTORE, Step.ARCHIVE):
        profile = Profile.objects.get(service_id=service_id, reference=decision.profile_id)
        if decision.step is Step.ARCHIVE:
            profile.state, profile.archived_on, profile.archived_by = "archived", run.today, "integration"
        else:
            profile.state, profile.archived_on, profile.archived_by = "live", None, ""
            for name, value in values.items():
                setattr(profile, name, value)
            _place(profile, child.details.rooms)
        profile.save()
    return decision.profile_id or ""


def _place(profile: Profile, names: frozenset[str]) -> None:
    from parkway.storypark.models import Room

    rooms = Room.objects.filter(service_id=profile.service_id, name__in=names)
    profile.rooms.set(rooms, through_defaults={"service_id": profile.service_id})


def _record(run: Run, decision: Decision, profile_id: str, window: tuple[int, int]) -> None:
    from parkway.connectors.registry import OWN_NAMES
    from parkway.domain import ACTIONS, Window
    from parkway.engine import rules
    from parkway.sync.models import Entry
    from parkway.sync.run import journal

    before = Entry.objects.filter(service_id=run.service_id, child_id=decision.child_id, current=True).first()
    facts = journal.facts_text(decision.facts)
    if before is not None:
        if decision.step not in ACTIONS and _stands(before, decision, facts, profile_id):
            return
        before.current = False
        before.save()
    Entry.objects.create(
        service_id=run.service_id,
        run=run,
        child_id=decision.child_id,
        at=run.at,
        step=decision.step.value,
        rule=decision.rule,
        status=decision.status.value if decision.status else "",
        profile_id=profile_id,
        because=rules.because(decision, Window(*window), run.today, OWN_NAMES),
        facts=facts,
        changes=journal.changes_text(decision),
        next_change=decision.next_change,
    )


def _stands(before: Entry, decision: Decision, facts: str, profile_id: str) -> bool:
    from parkway.domain import OUTCOMES, Step

    same = OUTCOMES[Step(before.step)] == OUTCOMES[decision.step]
    said = (before.rule, before.facts, before.status, before.profile_id, before.next_change)
    now = (decision.rule, facts, decision.status or "", profile_id, decision.next_change)
    return same and said == now
