"""Profiles of a service with their stories and rooms, and the account."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q

from parkway.domain import COLUMN_FIELDS, LONGEST, Details, ProfileState, column_values
from parkway.tenancy.models import Service


class Account(models.Model):
    """A service's plan: how many live profiles it pays for. `version` grows with every change at this end."""

    service = models.OneToOneField(
        Service, on_delete=models.CASCADE, primary_key=True, related_name="account"
    )
    paid_children = models.PositiveIntegerField(default=0)
    version = models.PositiveBigIntegerField(default=1)

    def __str__(self) -> str:
        return f"{self.service}, {self.paid_children} paid children"


class Room(models.Model):
    """A group of profiles."""

    service = models.ForeignKey(Service, on_delete=models.CASCADE, related_name="+")
    name = models.CharField(max_length=LONGEST["rooms"])

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["service", "name"], name="storypark_room_once"),
            models.CheckConstraint(condition=~Q(name=""), name="storypark_room_named"),
        ]

    def __str__(self) -> str:
        return self.name


class ArchivedBy(models.TextChoices):
    """Where an archive came from (B8)."""

    PERSON = "person", "a person"
    INTEGRATION = "integration", "the integration"
    SET_UP = "set-up", "set-up"
    IMPORT = "import", "an import"


class Profile(models.Model):
    """A child's portfolio. Archiving keeps everything in it; deleting leaves a tombstone (D16).

    `reference` is the profile's id wherever it leaves the program (D17). With a `managed_link`, names, rooms,
    archiving and restoring are managed elsewhere, and the link leads there (R14). The `created_key` is what
    the integration called its request for this profile, so that a request sent again makes no second one.
    """

    service = models.ForeignKey(Service, on_delete=models.CASCADE, related_name="+", db_index=False)
    reference = models.CharField(max_length=64)
    state = models.CharField(max_length=8, default=ProfileState.LIVE.value)
    first_name = models.CharField(max_length=LONGEST["first_name"], blank=True)
    last_name = models.CharField(max_length=LONGEST["last_name"], blank=True)
    preferred_name = models.CharField(max_length=LONGEST["preferred_name"], blank=True)
    date_of_birth = models.DateField(null=True, blank=True)
    gender = models.CharField(max_length=LONGEST["gender"], blank=True)
    rooms: models.ManyToManyField[Room, ProfileRoom] = models.ManyToManyField(
        Room, through="ProfileRoom", related_name="profiles"
    )
    archived_on = models.DateField(null=True, blank=True)
    archived_by = models.CharField(max_length=11, blank=True, choices=ArchivedBy)
    managed_link = models.CharField(max_length=900, blank=True)  # an id of 64 characters, quoted
    created_key = models.CharField(max_length=100, blank=True, default="", db_default="")

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["service", "reference"], name="profile_reference_once"),
            models.UniqueConstraint(
                fields=["service", "created_key"], condition=~Q(created_key=""), name="profile_created_once"
            ),
            models.CheckConstraint(condition=~Q(reference=""), name="profile_has_reference"),
            models.CheckConstraint(
                condition=Q(state__in=[state.value for state in ProfileState]), name="profile_state"
            ),
            models.CheckConstraint(
                condition=~Q(first_name="", last_name="") | Q(state=ProfileState.DELETED.value),
                name="profile_has_a_name",
            ),
            models.CheckConstraint(
                condition=Q(state=ProfileState.ARCHIVED.value, archived_on__isnull=False)
                | (~Q(state=ProfileState.ARCHIVED.value) & Q(archived_on__isnull=True, archived_by="")),
                name="profile_archived_with_a_day",
            ),
        ]

    def __str__(self) -> str:
        return self.details.called or self.reference

    @property
    def details(self) -> Details:
        """The synced fields but for the rooms, which need a query."""
        return Details.of(dict(zip(COLUMN_FIELDS, column_values(self), strict=True)))


class ProfileRoom(models.Model):
    """A profile is in a room. The service is the profile's, repeated for the wall around it."""

    service = models.ForeignKey(
        Service, on_delete=models.DO_NOTHING, related_name="+", db_index=False, db_constraint=False
    )
    profile = models.ForeignKey(Profile, on_delete=models.CASCADE, related_name="+", db_index=False)
    room = models.ForeignKey(Room, on_delete=models.CASCADE, related_name="+")

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["profile", "room"], name="profile_room_once"),
        ]

    def __str__(self) -> str:
        return f"{self.profile} in {self.room}"


class StoryState(models.TextChoices):
    """A story is seen by families once it is published."""

    DRAFT = "draft", "Draft"
    PUBLISHED = "published", "Published"


class Story(models.Model):
    """Documentation about one or more children."""

    service = models.ForeignKey(Service, on_delete=models.CASCADE, related_name="+")
    profiles = models.ManyToManyField(Profile, related_name="stories")
    title = models.CharField(max_length=200)
    text = models.TextField(blank=True)
    state = models.CharField(max_length=9, choices=StoryState, default=StoryState.DRAFT)
    written_on = models.DateField()

    class Meta:
        verbose_name = "story"
        verbose_name_plural = "stories"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(condition=Q(state__in=StoryState.values), name="story_state"),
            models.CheckConstraint(condition=~Q(title=""), name="story_titled"),
        ]

    def __str__(self) -> str:
        return self.title
