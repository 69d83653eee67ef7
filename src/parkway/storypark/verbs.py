"""What people do in Storypark: profiles, stories, the account. Each verb is one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from django.db import transaction
from django.db.models import F

from parkway.domain import FIELDS, Conflict, Details, Invalid, ProfileState
from parkway.engine.folding import is_plain
from parkway.storypark.models import Account, ArchivedBy, Profile, ProfileRoom, Room, Story, StoryState
from parkway.tenancy.models import Service
from parkway.tenancy.scope import scope, the_one

LIVE, ARCHIVED, DELETED = (state.value for state in ProfileState)


def account(service: Service) -> Account:
    """The service's account, opened when it has none."""
    return Account.objects.get_or_create(service=service)[0]


def lock_account(service: Service) -> Account:
    """The service's account, opened when it has none, and held by the transaction at hand until it ends.

    Who changes a service's Storypark holds its account first. So changes come one after the other, two never
    take the same last space, and a run sees all of a change or nothing of it.
    """
    return Account.objects.select_for_update().get_or_create(service=service)[0]


def _lock_profile(profile: Profile) -> None:
    """Hold the account of a profile's service, and see the profile as it is now."""
    lock_account(profile.service)
    profile.refresh_from_db(fields=["state", "managed_link"])


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
def set_paid_children(service: Service, number: int) -> None:
    """Change how many live profiles the plan pays for.

    Raises Invalid below the live profiles, saying how many to archive in Manage first (D6).
    """
    lock_account(service)
    require_enough(service, number)
    Account.objects.filter(service=service).update(paid_children=number, version=F("version") + 1)


def find_profile(service: Service, reference: str) -> Profile:
    """The profile with this id. Raises NotFound when the service has none."""
    return the_one(Profile, service, reference=reference)


@transaction.atomic
def create_profile(service: Service, details: Details, reference: str = "") -> Profile:
    """A new live profile, made by hand.

    Raises Conflict when the plan has no space, Invalid when the child has no name or the id is taken.
    """
    lock_account(service)
    if not details.first_name.strip() and not details.last_name.strip():
        raise Invalid("A profile needs a first name or a last name.", fields=("first_name", "last_name"))
    _require_plain(**details._asdict())
    _require_space(service)
    if reference and scope(Profile, service).filter(reference=reference).exists():
        raise Invalid(f"{service.name} already has a profile with the id {reference}.", fields=("reference",))
    values = {name: value for name, value in details._asdict().items() if name != "rooms"}
    profile = Profile.objects.create(service=service, reference=reference or "new", **values)
    if not reference:
        profile.reference = f"P-{profile.pk}"
        while (
            scope(Profile, service).filter(reference=profile.reference).exists()
        ):  # taken over from elsewhere
            profile.reference += "+"
        profile.save(update_fields=["reference"])
    place(profile, details.rooms)
    increment_version(service)
    return profile


@transaction.atomic
def amend_profile(profile: Profile, **values: Any) -> None:
    """Change some of a profile's details.

    Raises Conflict when they are managed elsewhere (R14), or the profile is deleted: a tombstone has none;
    Invalid when no name would be left.
    """
    _lock_profile(profile)
    require_unmanaged(profile, "changed")
    if profile.state == DELETED:
        raise Conflict(f"The profile {profile.reference} was deleted, so there is nothing to change.")
    unknown = values.keys() - set(FIELDS)
    if unknown:
        raise Invalid(f"A profile has no {', '.join(sorted(unknown))}.", fields=sorted(unknown))
    rooms = values.pop("rooms", None)
    for name, value in values.items():
        setattr(profile, name, value)
    if not profile.first_name.strip() and not profile.last_name.strip():
        raise Invalid("A profile needs a first name or a last name.", fields=("first_name", "last_name"))
    _require_plain(**profile.details._asdict())
    profile.save(update_fields=[*values]) if values else None
    if rooms is not None:
        place(profile, rooms)
    increment_version(profile.service)


@transaction.atomic
def archive_profile(profile: Profile, today: date, support: bool = False) -> None:
    """Archive a profile by hand; everything in it stays.

    Raises Conflict when it is not live, or managed elsewhere and the person is not support (R14, D7).
    """
    _lock_profile(profile)
    if not support:
        require_unmanaged(profile, "archived")
    if profile.state != LIVE:
        raise Conflict(f"{profile} is not live, so there is nothing to archive.")
    profile.state, profile.archived_on = ARCHIVED, today
    profile.archived_by = ArchivedBy.PERSON
    profile.save(update_fields=["state", "archived_on", "archived_by"])
    increment_version(profile.service)


@transaction.atomic
def restore_profile(profile: Profile, support: bool = False) -> None:
    """Restore an archived profile by hand; it takes a space (D4).

    Raises Conflict when it is not archived, the plan is full, or it is managed elsewhere (R14).
    """
    _lock_profile(profile)
    if not support:
        require_unmanaged(profile, "restored")
    if profile.state != ARCHIVED:
        raise Conflict(f"{profile} is not archived, so there is nothing to restore.")
    _require_space(profile.service)
    profile.state, profile.archived_on, profile.archived_by = LIVE, None, ""
    profile.save(update_fields=["state", "archived_on", "archived_by"])
    increment_version(profile.service)


@transaction.atomic
def delete_profile(profile: Profile) -> None:
    """Delete a profile for good, on a family's request to support; a tombstone is left (D16).

    Stories about this child alone go with it; stories about several children stay with the others.
    """
    _lock_profile(profile)
    for story in profile.stories.all():
        story.profiles.remove(profile)
        if not story.profiles.exists():
            story.delete()
    ProfileRoom.objects.filter(profile=profile).delete()
    profile.state, profile.archived_on, profile.archived_by = DELETED, None, ""
    profile.first_name = profile.last_name = profile.preferred_name = profile.gender = ""
    profile.date_of_birth, profile.managed_link = None, ""
    profile.save()
    increment_version(profile.service)


@transaction.atomic
def write_story(
    profiles: Sequence[Profile], title: str, text: str, today: date, publish: bool = False
) -> Story:
    """A story about one or more children of one service, as a draft or published at once.

    Raises Conflict when a profile is not live (R14), Invalid when there is none or the title is empty.
    """
    _require_story(profiles, title)
    state = StoryState.PUBLISHED if publish else StoryState.DRAFT
    story = Story.objects.create(
        service=profiles[0].service, title=title.strip(), text=text, state=state, written_on=today
    )
    story.profiles.set(profiles)
    return story


@transaction.atomic
def amend_story(story: Story, profiles: Sequence[Profile], title: str, text: str) -> None:
    """Change a draft: its children, title and text. Archived profiles that it is about stay in it (D16).

    Raises Conflict when it is published or there no longer, or somebody chosen is not live (R14); Invalid
    when nobody is chosen or the title is empty.
    """
    if _lock_story(story).state == StoryState.PUBLISHED:
        raise Conflict(f"“{story}” is published, and families have seen it as it is. Write another story.")
    _require_story(profiles, title)
    if {profile.service_id for profile in profiles} != {story.service_id}:
        raise Invalid("A story is about children of its own service only.", fields=("profiles",))
    resting = list(story.profiles.filter(state=ARCHIVED))
    story.title, story.text = title.strip(), text
    story.save(update_fields=["title", "text"])
    story.profiles.set([*profiles, *resting])


def _lock_story(story: Story) -> Story:
    """The story as it is now, held by the transaction at hand. Raises Conflict when it is there no longer."""
    now = scope(Story, story.service).select_for_update().filter(pk=story.pk).first()
    if now is None:
        raise Conflict(f"“{story}” is there no longer: it went with the profile that it was about.")
    return now


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
def publish_story(story: Story) -> None:
    """Let families see a story.

    Raises Conflict when all its profiles are archived (R14), or it is there no longer.
    """
    _lock_story(story)
    if not story.profiles.filter(state=LIVE).exists():
        raise Conflict(f"“{story}” is about archived profiles only, and rests with them.")
    story.state = StoryState.PUBLISHED
    story.save(update_fields=["state"])


def is_managed_elsewhere(service: Service) -> bool:
    """Whether any profile of the service is managed elsewhere; then its rooms are, too (R14)."""
    return scope(Profile, service).exclude(managed_link="").exists()


@transaction.atomic
def add_room(service: Service, name: str) -> Room:
    """A new room.

    Raises Conflict when rooms are managed elsewhere (R14), Invalid when the name is empty or taken.
    """
    lock_account(service)
    _require_room(service, name)
    room = Room.objects.create(service=service, name=name.strip())
    increment_version(service)
    return room


@transaction.atomic
def rename_room(room: Room, name: str) -> None:
    """Give a room another name. Raises the same as `add_room` does."""
    lock_account(room.service)
    _require_room(room.service, name, but=room.pk)
    room.name = name.strip()
    room.save(update_fields=["name"])
    increment_version(room.service)


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


def place(profile: Profile, names: frozenset[str]) -> None:
    """Put a profile into these rooms and no others, making rooms that are missing."""
    rooms = {room.name: room for room in scope(Room, profile.service)}
    wanted = [rooms.get(name) or Room.objects.create(service=profile.service, name=name) for name in names]
    ProfileRoom.objects.filter(profile=profile).exclude(room__in=wanted).delete()
    for room in wanted:
        ProfileRoom.objects.get_or_create(
            profile=profile, room=room, defaults={"service_id": profile.service_id}
        )
