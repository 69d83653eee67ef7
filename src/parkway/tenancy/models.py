"""Organisations, services, people and their roles, and the log of what people change."""

from __future__ import annotations

import zoneinfo
from datetime import date, datetime, time, timedelta
from typing import Any, ClassVar, NoReturn

from django.contrib.auth.models import AbstractUser, BaseUserManager
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q

from parkway.domain import Window

WIDEST_WINDOW = 3650
LAST_DAY = date.max - timedelta(days=2)  # in no time zone does the calendar end before it does
NEVER = datetime.combine(LAST_DAY, time.min, zoneinfo.ZoneInfo("UTC"))


def real_time_zone(name: str) -> None:
    """Refuse a name that the IANA time zone database does not know."""
    if name not in zoneinfo.available_timezones():
        raise ValidationError(f"“{name}” is not a time zone. Write one such as Pacific/Auckland.")


class Organisation(models.Model):
    """Owns one or more services."""

    name = models.CharField(max_length=200, unique=True)

    def __str__(self) -> str:
        return self.name


class Service(models.Model):
    """One childcare centre: the tenant. Every row of a child's data belongs to exactly one."""

    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="services")
    name = models.CharField(max_length=200)
    slug = models.SlugField(max_length=80, unique=True)
    time_zone = models.CharField(max_length=64, validators=[real_time_zone])
    lookback_days = models.PositiveIntegerField(default=56)
    lookahead_days = models.PositiveIntegerField(default=56)
    version = models.PositiveBigIntegerField(default=1)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(
                name="service_window_widths",
                condition=Q(lookback_days__lte=WIDEST_WINDOW, lookahead_days__lte=WIDEST_WINDOW),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def window(self) -> Window:
        """The widths of the active window (D1)."""
        return Window(self.lookback_days, self.lookahead_days)

    @property
    def zone(self) -> zoneinfo.ZoneInfo:
        return zoneinfo.ZoneInfo(self.time_zone)

    def today(self, now: datetime) -> date:
        """The day it is at this service at the instant `now` (D1)."""
        return now.astimezone(self.zone).date()

    def start_of(self, day: date) -> datetime:
        """The first instant of a day here, in UTC: local midnight, also when the clocks change."""
        return datetime.combine(day, time.min, self.zone).astimezone(zoneinfo.ZoneInfo("UTC"))

    def end_of(self, day: date) -> datetime:
        """The first instant after a day here, in UTC; for the calendar's last days one that never comes."""
        return self.start_of(day + timedelta(days=1)) if day < LAST_DAY else NEVER


class People(BaseUserManager["Person"]):
    """Makes people, who sign in with their e-mail address."""

    def create_user(self, email: str, name: str, password: str | None = None, **more: Any) -> Person:
        """A new person; without a password nobody can sign in as them."""
        person = self.model(email=self.normalize_email(email), name=name, **more)
        person.set_password(password)
        person.save()
        return person


class Person(AbstractUser):
    """Somebody who works with Parkway."""

    username = None  # type: ignore[assignment]
    first_name = None  # type: ignore[assignment]
    last_name = None  # type: ignore[assignment]
    email = models.EmailField(unique=True)
    name = models.CharField(max_length=200)
    is_support = models.BooleanField(default=False)

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["name"]
    objects: ClassVar[People] = People()  # type: ignore[assignment]

    def __str__(self) -> str:
        return self.name


class RoleName(models.TextChoices):
    """What a person is at one service."""

    ADMIN_EDUCATOR = "admin_educator", "Admin educator"
    EDUCATOR = "educator", "Educator"
    MANAGE_STAFF = "manage_staff", "Manage staff"


class Role(models.Model):
    """One person's role at one service."""

    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="roles")
    service = models.ForeignKey(Service, on_delete=models.CASCADE, related_name="roles")
    role = models.CharField(max_length=20, choices=RoleName)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["person", "service", "role"], name="role_once"),
            models.CheckConstraint(condition=Q(role__in=RoleName.values), name="role_known"),
        ]

    def __str__(self) -> str:
        return f"{self.person}: {self.get_role_display()} at {self.service}"


class SupportAccess(models.Model):
    """Support looked at a page of a service: who, which address, when."""

    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="support_accesses")
    service = models.ForeignKey(Service, on_delete=models.CASCADE, related_name="support_accesses")
    address = models.CharField(max_length=300)
    at = models.DateTimeField()

    class Meta:
        db_table = "tenancy_look"
        indexes: ClassVar[list[models.Index]] = [models.Index(fields=["service", "at"], name="look_history")]

    def __str__(self) -> str:
        return f"{self.person} looked at {self.service}"


class Subject(models.TextChoices):
    """What a change was made to. Of a booking the log knows the child's id, by which people ask for it."""

    CHILD = "child", "Child"
    BOOKING = "booking", "Booking"
    MANAGE_ROOM = "manage_room", "Room of Manage"
    PROFILE = "profile", "Profile"
    STORY = "story", "Story"
    STORYPARK_ROOM = "storypark_room", "Room of Storypark"
    ACCOUNT = "account", "Account"
    SERVICE = "service", "Service"
    PERSON = "person", "Person"


class AppendOnly(models.QuerySet["ChangeLogEntry"]):
    """Rows that are added and read. What is in them stays as it was written."""

    def update(self, **values: Any) -> NoReturn:
        raise TypeError("An entry of the change log is never changed.")

    def delete(self) -> NoReturn:
        raise TypeError("An entry of the change log is never deleted.")


class ChangeLogEntry(models.Model):
    """One change of one subject by somebody: who, when, and each field with what it was and what it is.

    `subject_id` is the id that people know. `part` names the one booking of a child that was changed, by its
    kind and first day. `changes` is {field: [from, to]}, with null for an empty value. Of a deleted profile
    the names are gone: {field: null} (D16).
    """

    service = models.ForeignKey(Service, on_delete=models.CASCADE, related_name="+", db_index=False)
    subject = models.CharField(max_length=14, choices=Subject)
    subject_id = models.CharField(max_length=254)
    part = models.CharField(max_length=24, blank=True, default="")
    verb = models.CharField(max_length=20)
    changes = models.JSONField(default=dict)
    by_label = models.CharField(max_length=200)
    person = models.ForeignKey(Person, on_delete=models.SET_NULL, null=True, related_name="+")
    at = models.DateTimeField()
    objects: ClassVar[models.Manager[ChangeLogEntry]] = models.Manager.from_queryset(AppendOnly)()

    class Meta:
        verbose_name_plural = "change log entries"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(condition=Q(subject__in=Subject.values), name="change_log_subject"),
        ]
        indexes: ClassVar[list[models.Index]] = [
            # the history of one subject, the newest first
            models.Index(fields=["service", "subject_id", "id"], name="change_log_history"),
        ]

    def __str__(self) -> str:
        return f"{self.by_label}: {self.verb} {self.subject} {self.subject_id}"

    def save(self, *args: Any, **more: Any) -> None:
        """Add the entry. Raises TypeError for one that is there already."""
        if not self._state.adding:
            raise TypeError("An entry of the change log is never changed.")
        super().save(*args, **more)

    def delete(self, *args: Any, **more: Any) -> NoReturn:
        raise TypeError("An entry of the change log is never deleted.")
