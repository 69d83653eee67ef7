"""Children, rooms and bookings of a service, and the standing that Manage keeps of each child."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from parkway.domain import (
    COLUMN_FIELDS,
    LONGEST,
    BookingKind,
    BookingState,
    Details,
    Standing,
    Status,
    Window,
    column_values,
)
from parkway.tenancy.models import Service


class RosterVersion(models.Model):
    """What Manage tells others of a service at a glance: a version that every change bumps, the window that
    the standings were worked out with, the latest day that one of them was worked out for, and the day on
    which one of them is out of date by itself.

    `whole_version` is the version with which something besides single children last changed: the children
    whose own version is greater than both are all that changed since.
    """

    service = models.OneToOneField(
        Service, on_delete=models.CASCADE, primary_key=True, related_name="roster_version"
    )
    version = models.PositiveBigIntegerField(default=1)
    whole_version = models.PositiveBigIntegerField(default=1, db_default=1)
    lookback_days = models.PositiveIntegerField(default=56)
    lookahead_days = models.PositiveIntegerField(default=56)
    worked_out_for = models.DateField(null=True)
    stale_on = models.DateField(null=True)

    class Meta:
        db_table = "manage_ledger"

    def __str__(self) -> str:
        return f"{self.service}, version {self.version}"

    @property
    def window(self) -> Window:
        return Window(self.lookback_days, self.lookahead_days)


class Room(models.Model):
    """A group of children."""

    service = models.ForeignKey(Service, on_delete=models.CASCADE, related_name="+")
    name = models.CharField(max_length=LONGEST["rooms"])

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["service", "name"], name="manage_room_once"),
            models.CheckConstraint(condition=~Q(name=""), name="manage_room_named"),
        ]

    def __str__(self) -> str:
        return self.name


class Child(models.Model):
    """A person enrolled at a service, with the standing that follows from the bookings (D1 to D3).

    `reference` is the child's id wherever it leaves the program (D17), `version` the roster's version with
    the last change of this child. The columns from `status` on are
    derived: verbs keep them up to date as bookings change, `roll` as days pass.
    """

    service = models.ForeignKey(Service, on_delete=models.CASCADE, related_name="+", db_index=False)
    reference = models.CharField(max_length=64)
    first_name = models.CharField(max_length=LONGEST["first_name"], blank=True)
    last_name = models.CharField(max_length=LONGEST["last_name"], blank=True)
    preferred_name = models.CharField(max_length=LONGEST["preferred_name"], blank=True)
    date_of_birth = models.DateField(null=True, blank=True)
    gender = models.CharField(max_length=LONGEST["gender"], blank=True)
    rooms: models.ManyToManyField[Room, ChildRoom] = models.ManyToManyField(
        Room, through="ChildRoom", related_name="children"
    )
    archived_on = models.DateField(null=True, blank=True)
    version = models.PositiveBigIntegerField(default=1, db_default=1)

    status = models.CharField(max_length=8, default=Status.INACTIVE.value)
    next_change = models.DateField(null=True)
    booked_from = models.DateField(null=True)
    booked_until = models.DateField(null=True)
    next_start = models.DateField(null=True)
    last_end = models.DateField(null=True)
    stale_on = models.DateField(null=True)

    class Meta:
        verbose_name = "child"
        verbose_name_plural = "children"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["service", "reference"], name="child_reference_once"),
            models.CheckConstraint(condition=~Q(reference=""), name="child_has_reference"),
            models.CheckConstraint(condition=~Q(first_name="", last_name=""), name="child_has_a_name"),
            models.CheckConstraint(condition=Q(status__in=[s.value for s in Status]), name="child_status"),
            models.CheckConstraint(
                condition=Q(status=Status.ARCHIVED.value, archived_on__isnull=False)
                | (~Q(status=Status.ARCHIVED.value) & Q(archived_on__isnull=True)),
                name="child_archived_with_a_day",
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["service", "stale_on"], name="child_stale"),
            models.Index(fields=["service", "version"], name="child_changed"),
        ]

    def __str__(self) -> str:
        return self.details.called

    @property
    def details(self) -> Details:
        """The synced fields but for the rooms, which need a query."""
        return Details.of(dict(zip(COLUMN_FIELDS, column_values(self), strict=True)))

    @property
    def standing(self) -> Standing:
        """Where the child stands, as last worked out."""
        days = (self.next_change, self.booked_from, self.booked_until, self.next_start, self.last_end)
        return Standing(Status(self.status), *days, self.archived_on)


class ChildRoom(models.Model):
    """A child is in a room. The service is the child's, repeated for the wall around it."""

    service = models.ForeignKey(
        Service, on_delete=models.DO_NOTHING, related_name="+", db_index=False, db_constraint=False
    )
    child = models.ForeignKey(Child, on_delete=models.CASCADE, related_name="+", db_index=False)
    room = models.ForeignKey(Room, on_delete=models.CASCADE, related_name="+")

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["child", "room"], name="child_room_once"),
        ]

    def __str__(self) -> str:
        return f"{self.child} in {self.room}"


class Booking(models.Model):
    """A period of care. `ends_on` empty is open-ended; `weekdays` are mon…sun joined by ";"."""

    service = models.ForeignKey(Service, on_delete=models.CASCADE, related_name="+", db_index=False)
    child = models.ForeignKey(Child, on_delete=models.CASCADE, related_name="bookings")
    kind = models.CharField(max_length=9)
    state = models.CharField(max_length=9)
    starts_on = models.DateField()
    ends_on = models.DateField(null=True, blank=True)
    weekdays = models.CharField(max_length=27, blank=True)
    room = models.ForeignKey(Room, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(
                condition=Q(kind__in=[kind.value for kind in BookingKind]), name="booking_kind"
            ),
            models.CheckConstraint(
                condition=Q(state__in=[state.value for state in BookingState]), name="booking_state"
            ),
            models.CheckConstraint(
                condition=Q(ends_on__isnull=True) | Q(ends_on__gte=F("starts_on")),
                name="booking_no_end_before_start",
            ),
            models.CheckConstraint(
                condition=Q(ends_on__isnull=False) | Q(kind=BookingKind.PERMANENT.value),
                name="booking_casual_ends",
            ),
        ]

    def __str__(self) -> str:
        until = f" to {self.ends_on}" if self.ends_on else " on"
        return f"{self.kind}, {self.state}, {self.starts_on}{until}"
