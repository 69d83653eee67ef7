"""What syncing keeps: the integration of a service, links, choices, runs and the journal."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q

from parkway.domain import ChoiceKind, InactivePolicy, Limits, Status, Step
from parkway.tenancy.models import Person, Service

MANAGE, STORYPARK = "manage", "storypark"
"""The slugs of Parkway's own ends."""


class Stage(models.TextChoices):
    """How far a service's integration is (R1, D15)."""

    DISABLED = "disabled", "not enabled by support"
    ENABLED = "enabled", "enabled, not set up yet"
    ON = "on", "on"
    OFF = "off", "turned off"


class Trigger(models.TextChoices):
    """What started a run (R15)."""

    SCHEDULE = "schedule", "the 12-hourly schedule"
    SETUP = "setup", "the end of set-up"
    SWITCH = "switch", "a switch of the setting"
    SPACES = "spaces", "a change of the paid children"
    NOW = "now", "“Sync now”"
    APPROVAL = "approval", "an approval"
    REJECTION = "rejection", "a rejection"
    CHOICE = "choice", "a person's choice"
    TURNED_ON = "turned_on", "turning syncing on again"
    WINDOW = "window", "a change of the active window"
    TIME_ZONE = "time_zone", "a change of the time zone"
    LIMITS = "limits", "a change of the safety limits"


class Integration(models.Model):
    """The integration of one service, and what the last run saw of everything a plan depends on.

    `roster_end` and `profiles_end` are the slugs of the service's ends (connectors.registry), with their
    settings as JSON text.
    `version` grows with every change of the setting, choices and limits here. The `seen_` columns are the
    versions that the last run left behind; `look_again_at` is the instant at which time alone matters.
    `settled` has the numbers of what it left (engine.plan.SettledTotals) when it left every child settled.
    `failures` counts the runs in a row that broke or found an end silent: it is tried again the later.
    A run asked for at once (R15) is `asked`, a Trigger, with `next_run_at` empty until it is done.
    """

    service = models.OneToOneField(
        Service, on_delete=models.CASCADE, primary_key=True, related_name="integration"
    )
    stage = models.CharField(max_length=8, choices=Stage, default=Stage.DISABLED)
    inactive = models.CharField(max_length=5, default=InactivePolicy.LEAVE.value)
    roster_end = models.CharField(max_length=40, default=MANAGE, db_default=MANAGE)
    roster_settings = models.TextField(default="{}", db_default="{}")
    profiles_end = models.CharField(max_length=40, default=STORYPARK, db_default=STORYPARK)
    profiles_settings = models.TextField(default="{}", db_default="{}")
    limit_archives = models.PositiveIntegerField(default=3)
    limit_percent = models.PositiveIntegerField(default=20)
    educators_may_change = models.BooleanField(default=False)
    version = models.PositiveBigIntegerField(default=1)
    next_run_at = models.DateTimeField(null=True, db_index=True)
    asked = models.CharField(max_length=10, blank=True)
    asked_by = models.CharField(max_length=200, blank=True)
    asked_person = models.ForeignKey(
        Person, on_delete=models.SET_NULL, null=True, related_name="+", db_index=False
    )
    checked_at = models.DateTimeField(null=True)
    failures = models.PositiveSmallIntegerField(default=0)
    seen_roster = models.BigIntegerField(null=True)
    seen_profiles = models.BigIntegerField(null=True)
    seen_service = models.BigIntegerField(null=True)
    seen_version = models.BigIntegerField(null=True)
    look_again_at = models.DateTimeField(null=True)
    settled = models.JSONField(null=True)

    class Meta:
        indexes: ClassVar[list[models.Index]] = [
            # without the rows of nobody, which each pass over the fleet would have to enter anew
            models.Index(
                fields=["asked_person"],
                name="integration_asked_person",
                condition=Q(asked_person__isnull=False),
            ),
        ]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(condition=Q(stage__in=Stage.values), name="integration_stage"),
            models.CheckConstraint(
                condition=Q(inactive__in=[policy.value for policy in InactivePolicy]),
                name="integration_inactive",
            ),
            models.CheckConstraint(condition=Q(limit_percent__lte=100), name="integration_percent"),
            models.CheckConstraint(
                condition=Q(asked="") | Q(asked__in=Trigger.values, next_run_at__isnull=True),
                name="integration_asked_is_due",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.service}: {self.get_stage_display()}"

    @property
    def policy(self) -> InactivePolicy:
        return InactivePolicy(self.inactive)

    @property
    def limits(self) -> Limits:
        """When a run is held (D12)."""
        return Limits(self.limit_archives, self.limit_percent)


class Link(models.Model):
    """The lasting tie between one child of a service and one profile: "synced before" means it exists."""

    service = models.ForeignKey(Service, on_delete=models.CASCADE, related_name="+", db_index=False)
    child_id = models.CharField(max_length=64)
    profile_id = models.CharField(max_length=64)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["service", "child_id"], name="one_link_a_child"),
            models.UniqueConstraint(fields=["service", "profile_id"], name="one_child_a_profile"),
        ]

    def __str__(self) -> str:
        return f"{self.child_id} – {self.profile_id}"


class RoomLink(models.Model):
    """The tie between a room of the roster and one of the profiles' end (D21).

    Until the first run has made it, `target_id` is empty where somebody wants a new room.
    """

    service = models.ForeignKey(Service, on_delete=models.CASCADE, related_name="+", db_index=False)
    room_id = models.CharField(max_length=64)
    target_id = models.CharField(max_length=64, blank=True)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["service", "room_id"], name="one_link_a_room"),
            models.UniqueConstraint(
                fields=["service", "target_id"], condition=~Q(target_id=""), name="one_room_a_target"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.room_id} – {self.target_id}"


class Choice(models.Model):
    """What a person wants for one child: a choice (D8, D9, D23), and a day to keep the profile until."""

    service = models.ForeignKey(Service, on_delete=models.CASCADE, related_name="+", db_index=False)
    child_id = models.CharField(max_length=64)
    kind = models.CharField(max_length=8, blank=True)
    profile_id = models.CharField(max_length=64, blank=True)
    keep_until = models.DateField(null=True)
    chosen_by = models.CharField(max_length=200)
    chosen_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["service", "child_id"], name="one_choice_a_child"),
            models.UniqueConstraint(
                fields=["service", "profile_id"], name="one_choice_a_profile", condition=~Q(profile_id="")
            ),
            models.CheckConstraint(
                condition=Q(kind__in=["", *(kind.value for kind in ChoiceKind)]), name="choice_kind"
            ),
            models.CheckConstraint(
                condition=Q(kind=ChoiceKind.PROFILE.value) ^ Q(profile_id=""), name="choice_of_a_profile"
            ),
            models.CheckConstraint(
                condition=~Q(kind="") | Q(keep_until__isnull=False), name="choice_says_something"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.child_id}: {self.kind or 'keep until'} {self.profile_id or self.keep_until or ''}"


class RunState(models.TextChoices):
    """How a run ended."""

    DONE = "done", "done"
    HELD = "held", "held for a person"
    STOPPED = "stopped", "stopped, nothing changed"
    FAILED = "failed", "failed, nothing changed"


class Run(models.Model):
    """One sync run of one service: what started it, what it saw, and what it did."""

    service = models.ForeignKey(Service, on_delete=models.CASCADE, related_name="+", db_index=False)
    trigger = models.CharField(max_length=10, choices=Trigger)
    started_by = models.CharField(max_length=200)
    person = models.ForeignKey(Person, on_delete=models.SET_NULL, null=True, related_name="+")
    at = models.DateTimeField()
    today = models.DateField()
    state = models.CharField(max_length=8, choices=RunState)
    message = models.TextField(blank=True)
    inactive = models.CharField(max_length=5)
    paid_children = models.PositiveIntegerField(default=0)
    live_before = models.PositiveIntegerField(default=0)
    live_after = models.PositiveIntegerField(default=0)
    waiting = models.PositiveIntegerField(default=0)
    counts = models.JSONField(default=dict)
    fingerprint = models.CharField(max_length=16, blank=True)
    converged = models.BooleanField(default=True)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(condition=Q(state__in=RunState.values), name="run_state"),
            models.CheckConstraint(condition=Q(trigger__in=Trigger.values), name="run_trigger"),
        ]
        indexes: ClassVar[list[models.Index]] = [models.Index(fields=["service", "at"], name="run_history")]

    def __str__(self) -> str:
        return f"run {self.pk} of {self.service}: {self.get_state_display()}"


class Entry(models.Model):
    """One decision of one run about one child, with its reason: a line of the journal, never reworded.

    The decision stands until the next entry of the child; the one that stands now is `current`.
    """

    service = models.ForeignKey(Service, on_delete=models.CASCADE, related_name="+", db_index=False)
    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="entries")
    child_id = models.CharField(max_length=64)
    at = models.DateTimeField()
    step = models.CharField(max_length=9)
    rule = models.CharField(max_length=24)
    status = models.CharField(max_length=8, blank=True)
    profile_id = models.CharField(max_length=64, blank=True)
    because = models.TextField()
    facts = models.TextField()
    changes = models.TextField(blank=True)
    next_change = models.DateField(null=True)
    current = models.BooleanField(default=True)

    class Meta:
        verbose_name_plural = "entries"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["service", "child_id"], name="one_current_entry_a_child", condition=Q(current=True)
            ),
            models.CheckConstraint(condition=Q(step__in=[step.value for step in Step]), name="entry_step"),
            models.CheckConstraint(
                condition=Q(status__in=["", *(status.value for status in Status)]), name="entry_status"
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["service", "child_id", "at"], name="entry_why")
        ]

    def __str__(self) -> str:
        return f"{self.child_id}: {self.step} ({self.rule})"


class Notice(models.Model):
    """Something that the admins of a service, or support, must be told."""

    service = models.ForeignKey(Service, on_delete=models.CASCADE, related_name="+", db_index=False)
    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="+")
    for_support = models.BooleanField(default=False)
    text = models.TextField()
    at = models.DateTimeField()
    settled_at = models.DateTimeField(null=True)

    class Meta:
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["service", "settled_at"], name="notice_open")
        ]

    def __str__(self) -> str:
        return self.text


class Outbox(models.Model):
    """What happened at a service, until every reader has heard of it (sync.outbox).

    `waiting_for` names the readers who have not; `tries` says how often they were tried. Nobody but
    who wrote it carries it on before `not_before`.
    """

    service = models.ForeignKey(Service, on_delete=models.CASCADE, related_name="+", db_index=False)
    event_id = models.CharField(max_length=64)
    at = models.DateTimeField()
    events = models.TextField()
    waiting_for = models.TextField(blank=True)
    tries = models.PositiveSmallIntegerField(default=0)
    not_before = models.DateTimeField(db_index=True)

    class Meta:
        verbose_name_plural = "outbox"
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["service", "id"], name="outbox_in_order")
        ]

    def __str__(self) -> str:
        return self.event_id
