"""What people do in Storypark: profiles, stories, the account.

Each verb is one transaction. It asks whether `by` may do it, and writes into the change log what it changed.
It raises Forbidden for whoever has not the permission that it names (D22).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import F

from parkway.domain import COLUMN_FIELDS, FIELDS, Conflict, Details, Invalid, ProfileState, column_values
from parkway.engine.folding import is_plain
from parkway.storypark import change_entries
from parkway.storypark.models import Account, ArchivedBy, Profile, ProfileRoom, Room, Story, StoryState
from parkway.tenancy import change_log
from parkway.tenancy.models import Service, Subject
from parkway.tenancy.people import Actor, Permission, require
from parkway.tenancy.scope import scope, the_one

LIVE, ARCHIVED, DELETED = (state.value for state in ProfileState)
STORY_WORDS = ("title", "text")
"""The fields of a story that may name a child."""


def account(service: Service) -> Account:
    """The service's account, opened when it has none."""
    return Account.objects.get_or_create(service=service)[0]


def lock_account(service: Service) -> Account:
    """The service's account, opened when it has none, and held by the transaction at hand until it ends.

    Who changes a service's Storypark holds its account first. So changes come one after the other, two never
    take the same last space, and a run sees all of a change or nothing of it.
    """
    return Account.objects.select_for_update().get_or_create(service=service)[0]


def _lock_profile(profile: Profile, by: Actor, permission: Permission = Permission.CHANGE_PROFILES) -> None:
    """Refuse whoever may not change the profile, hold the account of its service, and see it as it is now."""
    require(permission, by, profile.service)
    lock_account(profile.service)
    profile.refresh_from_db(fields=[*FIELDS[:-1], "state", "archived_on", "managed_link"])


def increment_version(service: Service) -> None:
    """Say that something changed that others may depend on; in the transaction of the change."""
    account(service)
    Account.objects.filter(service=service).update(version=F("version") + 1)


def live_profiles(service: Service) -> int:
    """How many profiles of the service are live."""
    return scope(Profile, service).filter(state=LIVE).count()


def require_enough(service: Service, number: int) -> None:
    """Refuse, as Invalid, a number of paid children below the live profiles (D6)."""
    live = live_profiles(service)
    if number < live:
        profiles = "profile" if live == 1 else "profiles"
        raise Invalid(
            f"{service.name} has {live} live {profiles}, so the plan cannot pay for only {number}. "
            f"Archive {live - number} in Manage first, or choose {live} or more.",
            fields=("number",),
        )


@transaction.atomic
def set_paid_children(service: Service, number: int, *, by: Actor, now: datetime) -> None:
    """Change how many live profiles the plan pays for (CHANGE_PLAN).

    Raises Invalid below the live profiles, saying how many to archive in Manage first (D6).
    """
    require(Permission.CHANGE_PLAN, by, service)
    before = lock_account(service).paid_children
    require_enough(service, number)
    Account.objects.filter(service=service).update(paid_children=number, version=F("version") + 1)
    changes = change_log.differences({"paid_children": before}, {"paid_children": number})
    change_log.record(service, Subject.ACCOUNT, service.slug, "set_paid_children", changes, by, now)


def find_profile(service: Service, reference: str) -> Profile:
    """The profile with this id. Raises NotFound when the service has none."""
    return the_one(Profile, service, reference=reference)


@transaction.atomic
def create_profile(
    service: Service, details: Details, reference: str = "", *, by: Actor, now: datetime
) -> Profile:
    """A new live profile, made by hand (CHANGE_PROFILES).

    Raises Conflict when the plan has no space, Invalid when the child has no name or the id is taken.
    """
    require(Permission.CHANGE_PROFILES, by, service)
    lock_account(service)
    if not details.first_name.strip() and not details.last_name.strip():
        raise Invalid("A profile needs a first name or a last name.", fields=("first_name", "last_name"))
    _require_plain(**details.by_name())
    _require_space(service)
    if reference and scope(Profile, service).filter(reference=reference).exists():
        raise Invalid(f"{service.name} already has a profile with the id {reference}.", fields=("reference",))
    values = dict(zip(COLUMN_FIELDS, column_values(details), strict=True))
    profile = Profile.objects.create(service=service, reference=reference or "new", **values)
    if not reference:
        profile.reference = f"P-{profile.pk}"
        while (
            scope(Profile, service).filter(reference=profile.reference).exists()
        ):  # taken over from elsewhere
            profile.reference += "+"
        profile.save(update_fields=["reference"])
    _place(profile, details.rooms, by, now)
    increment_version(service)
    change_entries.log_profile(profile, "create_profile", change_log.NOTHING, by, now)
    return profile


@transaction.atomic
def amend_profile(profile: Profile, *, by: Actor, now: datetime, **values: Any) -> None:
    """Change some of a profile's details (CHANGE_PROFILES).

    Raises Conflict when they are managed elsewhere (R14), or the profile is deleted: a tombstone has none;
    Invalid when no name would be left.
    """
    _lock_profile(profile, by)
    require_unmanaged(profile, "changed")
    if profile.state == DELETED:
        raise Conflict(f"The profile {profile.reference} was deleted, so there is nothing to change.")
    unknown = values.keys() - set(FIELDS)
    if unknown:
        raise Invalid(f"A profile has no {', '.join(sorted(unknown))}.", fields=sorted(unknown))
    before = change_entries.profile_fields(profile)
    rooms = values.pop("rooms", None)
    for name, value in values.items():
        setattr(profile, name, value)
    if not profile.first_name.strip() and not profile.last_name.strip():
        raise Invalid("A profile needs a first name or a last name.", fields=("first_name", "last_name"))
    _require_plain(**profile.details.by_name())
    profile.save(update_fields=[*values]) if values else None
    if rooms is not None:
        _place(profile, rooms, by, now)
    increment_version(profile.service)
    change_entries.log_profile(profile, "amend_profile", before, by, now)


@transaction.atomic
def archive_profile(profile: Profile, *, by: Actor, now: datetime) -> None:
    """Archive a profile by hand (CHANGE_PROFILES); everything in it stays.

    Raises Conflict when it is not live, or managed elsewhere and the person is not support (R14, D7).
    """
    _lock_profile(profile, by)
    if not by.trusted:
        require_unmanaged(profile, "archived")
    if profile.state != LIVE:
        raise Conflict(f"{profile} is not live, so there is nothing to archive.")
    before = change_entries.profile_fields(profile)
    profile.state, profile.archived_on = ARCHIVED, profile.service.today(now)
    profile.archived_by = ArchivedBy.PERSON
    profile.save(update_fields=["state", "archived_on", "archived_by"])
    increment_version(profile.service)
    change_entries.log_profile(profile, "archive_profile", before, by, now)


@transaction.atomic
def restore_profile(profile: Profile, *, by: Actor, now: datetime) -> None:
    """Restore an archived profile by hand (CHANGE_PROFILES); it takes a space (D4).

    Raises Conflict when it is not archived, the plan is full, or it is managed elsewhere and the person is
    not support (R14, D7).
    """
    _lock_profile(profile, by)
    if not by.trusted:
        require_unmanaged(profile, "restored")
    if profile.state != ARCHIVED:
        raise Conflict(f"{profile} is not archived, so there is nothing to restore.")
    _require_space(profile.service)
    before = change_entries.profile_fields(profile)
    profile.state, profile.archived_on, profile.archived_by = LIVE, None, ""
    profile.save(update_fields=["state", "archived_on", "archived_by"])
    increment_version(profile.service)
    change_entries.log_profile(profile, "restore_profile", before, by, now)


@transaction.atomic
def delete_profile(profile: Profile, *, by: Actor, now: datetime) -> None:
    """Delete a profile for good, on a family's request to support (DELETE_PROFILES); a tombstone is left.

    Stories about this child alone go with it; stories about several children stay with the others. In the
    change log remains who changed what and when, without names (D16).
    """
    _lock_profile(profile, by, Permission.DELETE_PROFILES)
    service, state, gone = profile.service, profile.state, []
    for story in profile.stories.all():
        before = change_entries.story_fields(story)
        story.profiles.remove(profile)
        if story.profiles.exists():
            change_entries.log_story(story, "delete_profile", before, by, now)
            continue
        gone.append(str(story.pk))
        change_entries.log_story(story, "delete_profile", before, by, now, change_log.NOTHING)
        story.delete()
    ProfileRoom.objects.filter(profile=profile).delete()
    profile.state, profile.archived_on, profile.archived_by = DELETED, None, ""
    for name, nothing in zip(COLUMN_FIELDS, column_values(Details()), strict=True):
        setattr(profile, name, nothing)
    profile.managed_link = ""
    profile.save()
    increment_version(service)
    changes = change_log.differences({"state": state}, {"state": DELETED})
    change_log.record(service, Subject.PROFILE, profile.reference, "delete_profile", changes, by, now)
    change_log.blank(service, Subject.PROFILE, [profile.reference], FIELDS)
    change_log.blank(service, Subject.STORY, gone, STORY_WORDS)


@transaction.atomic
def write_story(
    profiles: Sequence[Profile], title: str, text: str, publish: bool = False, *, by: Actor, now: datetime
) -> Story:
    """A story about one or more children of one service (WRITE_STORIES), as a draft or published at once.

    Raises Conflict when a profile is not live (R14), Invalid when there is none or the title is empty.
    """
    _require_story(profiles, title)
    service = profiles[0].service
    require(Permission.WRITE_STORIES, by, service)
    lock_account(service)
    state = StoryState.PUBLISHED if publish else StoryState.DRAFT
    story = Story.objects.create(
        service=service, title=title.strip(), text=text, state=state, written_on=service.today(now)
    )
    story.profiles.set(profiles)
    change_entries.log_story(story, "write_story", change_log.NOTHING, by, now)
    return story


@transaction.atomic
def amend_story(
    story: Story, profiles: Sequence[Profile], title: str, text: str, *, by: Actor, now: datetime
) -> None:
    """Change a draft (WRITE_STORIES): its children, title and text. Archived profiles that it is about stay
    in it (D16).

    Raises Conflict when it is published or there no longer, or somebody chosen is not live (R14); Invalid
    when nobody is chosen or the title is empty.
    """
    stored = _lock_story(story, by)
    if stored.state == StoryState.PUBLISHED:
        raise Conflict(f"“{story}” is published, and families have seen it as it is. Write another story.")
    _require_story(profiles, title)
    if {profile.service_id for profile in profiles} != {story.service_id}:
        raise Invalid("A story is about children of its own service only.", fields=("profiles",))
    before = change_entries.story_fields(stored)
    resting = list(story.profiles.filter(state=ARCHIVED))
    story.title, story.text = title.strip(), text
    story.save(update_fields=["title", "text"])
    story.profiles.set([*profiles, *resting])
    change_entries.log_story(story, "amend_story", before, by, now)


def _lock_story(story: Story, by: Actor) -> Story:
    """The story as it is now, held by the transaction at hand.

    Raises Forbidden for whoever may not write stories, Conflict when it is there no longer.
    """
    require(Permission.WRITE_STORIES, by, story.service)
    lock_account(story.service)  # first, as every verb does: what is locked is locked in one order
    stored = scope(Story, story.service).select_for_update().filter(pk=story.pk).first()
    if stored is None:
        raise Conflict(f"“{story}” is there no longer: it went with the profile that it was about.")
    return stored


def _require_story(profiles: Sequence[Profile], title: str) -> None:
    resting = [str(profile) for profile in profiles if profile.state != LIVE]
    if resting:
        are = "is" if len(resting) == 1 else "are"
        raise Conflict(f"Stories are written on live profiles, and {', '.join(resting)} {are} archived.")
    if not profiles or len({profile.service_id for profile in profiles}) > 1:
        raise Invalid(
            "A story is about at least one child, and about children of one service only.",
            fields=("profiles",),
        )
    if not title.strip():
        raise Invalid("A story needs a title.", fields=("title",))


@transaction.atomic
def publish_story(story: Story, *, by: Actor, now: datetime) -> None:
    """Let families see a story (WRITE_STORIES).

    Raises Conflict when all its profiles are archived (R14), or it is there no longer.
    """
    before = change_entries.story_fields(_lock_story(story, by))
    if not story.profiles.filter(state=LIVE).exists():
        raise Conflict(f"“{story}” is about archived profiles only, and rests with them.")
    story.state = StoryState.PUBLISHED
    story.save(update_fields=["state"])
    after = {**before, "state": story.state.value}
    change_entries.log_story(story, "publish_story", before, by, now, after)


def is_managed_elsewhere(service: Service) -> bool:
    """Whether any profile of the service is managed elsewhere; then its rooms are, too (R14)."""
    return scope(Profile, service).exclude(managed_link="").exists()


@transaction.atomic
def add_room(service: Service, name: str, *, by: Actor, now: datetime) -> Room:
    """A new room (CHANGE_PROFILES).

    Raises Conflict when rooms are managed elsewhere (R14), Invalid when the name is empty or taken.
    """
    require(Permission.CHANGE_PROFILES, by, service)
    lock_account(service)
    _require_room(service, name)
    room = Room.objects.create(service=service, name=name.strip())
    increment_version(service)
    change_entries.log_room(room, "add_room", "", by, now)
    return room


@transaction.atomic
def rename_room(room: Room, name: str, *, by: Actor, now: datetime) -> None:
    """Give a room another name. Raises the same as `add_room` does."""
    require(Permission.CHANGE_PROFILES, by, room.service)
    lock_account(room.service)
    _require_room(room.service, name, but=room.pk)
    room.refresh_from_db(fields=["name"])
    before, room.name = room.name, name.strip()
    room.save(update_fields=["name"])
    increment_version(room.service)
    change_entries.log_room(room, "rename_room", before, by, now)


def _require_room(service: Service, name: str, but: int | None = None) -> None:
    if is_managed_elsewhere(service):
        raise Conflict("Rooms are managed in Manage and cannot be changed here. Change the room in Manage.")
    if not name.strip():
        raise Invalid("A room needs a name.", fields=("name",))
    _require_plain(name=name)
    taken = scope(Room, service).filter(name=name.strip())
    if (taken.exclude(pk=but) if but else taken).exists():
        raise Invalid(f"{service.name} already has a room called “{name.strip()}”.", fields=("name",))


def require_unmanaged(profile: Profile, done: str) -> None:
    """Refuse, as Conflict, a change of what is managed elsewhere (R14)."""
    if profile.managed_link:
        raise Conflict(
            f"{profile} is managed in Manage and cannot be {done} here. "
            f"Change the child in Manage instead: {profile.managed_link}"
        )


def _require_plain(**typed: object) -> None:
    odd = [name for name, text in typed.items() if isinstance(text, str) and not is_plain(text)]
    if odd:
        raise Invalid(
            "There is a sign in it that nobody can see, such as a line break. Type it anew.", fields=odd
        )


def _require_space(service: Service) -> None:
    paid, live = account(service).paid_children, live_profiles(service)
    if live >= paid:
        raise Conflict(
            f"The plan of {service.name} pays for {paid} children, and {live} profiles are live. "
            "Raise the number of paid children on the Account page first."
        )


def _place(profile: Profile, names: frozenset[str], by: Actor, now: datetime) -> None:
    """Put a profile into these rooms and no others, making rooms that are missing."""
    rooms = {room.name: room for room in scope(Room, profile.service)}
    for name in sorted(names - rooms.keys()):
        rooms[name] = Room.objects.create(service=profile.service, name=name)
        change_entries.log_room(rooms[name], "add_room", "", by, now)
    wanted = [rooms[name] for name in names]
    ProfileRoom.objects.filter(profile=profile).exclude(room__in=wanted).delete()
    for room in wanted:
        ProfileRoom.objects.get_or_create(
            profile=profile, room=room, defaults={"service_id": profile.service_id}
        )
