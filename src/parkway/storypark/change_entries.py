"""What Storypark's verbs write into the change log."""

from __future__ import annotations

from datetime import datetime

from parkway.storypark.models import Profile, ProfileRoom, Room, Story
from parkway.tenancy import change_log
from parkway.tenancy.models import Subject
from parkway.tenancy.people import Actor


def profile_fields(profile: Profile) -> change_log.Fields:
    """What the change log knows of a profile."""
    rooms = list(ProfileRoom.objects.filter(profile=profile).values_list("room__name", flat=True))
    more = {"rooms": rooms, "state": profile.state, "archived_on": profile.archived_on}
    return {**profile.details.by_name(), **more}


def log_profile(profile: Profile, verb: str, before: change_log.Fields, by: Actor, now: datetime) -> None:
    """What was changed in a profile, which has its new fields already."""
    changes = change_log.differences(before, profile_fields(profile))
    change_log.record(profile.service, Subject.PROFILE, profile.reference, verb, changes, by, now)


def story_fields(story: Story) -> change_log.Fields:
    """The children by the ids of their profiles, so that the log has no names to forget."""
    about = list(story.profiles.values_list("reference", flat=True))
    return {"children": about, "title": story.title, "text": story.text, "state": str(story.state)}


def log_story(
    story: Story,
    verb: str,
    before: change_log.Fields,
    by: Actor,
    now: datetime,
    after: change_log.Fields | None = None,
) -> None:
    """What was changed in a story; `after` where that is not what the story has now. Of its text the log has
    only how many characters it had and has.
    """
    changes = change_log.differences(before, story_fields(story) if after is None else after)
    if "text" in changes:
        changes["text"] = [text and len(text) for text in changes["text"]]
    change_log.record(story.service, Subject.STORY, str(story.pk), verb, changes, by, now)


def log_room(room: Room, verb: str, before: str, by: Actor, now: datetime) -> None:
    """Another name for a room, or its first one."""
    changes = change_log.differences({"name": before}, {"name": room.name})
    change_log.record(room.service, Subject.STORYPARK_ROOM, str(room.pk), verb, changes, by, now)
