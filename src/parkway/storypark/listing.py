"""Storypark's profiles, stories and rooms as its pages list them."""

from __future__ import annotations

from django.db.models import Count, Prefetch, Q, QuerySet

from parkway.domain import NotFound, ProfileState
from parkway.engine.folding import mentions
from parkway.storypark.models import Profile, Room, Story
from parkway.tenancy.models import Service
from parkway.tenancy.scope import scope

LONGEST_ID = 19  # digits that a database takes for a number
LIVE, DELETED = ProfileState.LIVE.value, ProfileState.DELETED.value


def profiles(service: Service, state: str = LIVE, search: str = "", room: str = "") -> QuerySet[Profile]:
    """The profiles in a state by name, with rooms and the number of stories, filtered by name and room's id.

    The search looks at all names with case, accents and signs folded.
    """
    listed = scope(Profile, service).filter(state=state)
    found = listed.order_by("first_name", "last_name", "pk").annotate(told=Count("stories", distinct=True))
    found = found.prefetch_related(Prefetch("rooms", Room.objects.order_by("name")))
    if room.isdecimal() and len(room) < LONGEST_ID:
        found = found.filter(pk__in=listed.filter(rooms__pk=int(room)).values("pk"))
    if not search.strip():
        return found
    names = listed.values_list("pk", "first_name", "last_name", "preferred_name")
    return found.filter(pk__in=[pk for pk, *known in names if mentions(" ".join(known), search)])


def counts(service: Service) -> dict[str, int]:
    """How many profiles of the service are in each state."""
    counted = scope(Profile, service).order_by().values("state").annotate(number=Count("pk"))
    return {state.value: 0 for state in ProfileState} | {each["state"]: each["number"] for each in counted}


def profile(service: Service, number: int) -> Profile:
    """One profile with its rooms, by its number. Raises NotFound when there is none, or it is deleted."""
    there = scope(Profile, service).exclude(state=DELETED).filter(pk=number)
    found = there.select_related("service").prefetch_related("rooms").first()
    if found is None:
        raise NotFound("There is no such profile at this service.")
    return found


def rooms(service: Service) -> QuerySet[Room]:
    """The rooms by name, with how many live profiles are in each."""
    live = Count("profiles", filter=Q(profiles__state=LIVE), distinct=True)
    return scope(Room, service).order_by("name").annotate(live=live)


def stories(service: Service, state: str = "") -> QuerySet[Story]:
    """The stories, the newest first, with their children; drafts or published ones alone on request."""
    found = scope(Story, service).order_by("-written_on", "-pk")
    found = found.prefetch_related(Prefetch("profiles", Profile.objects.order_by("first_name", "pk")))
    return found.filter(state=state) if state else found


def story(service: Service, number: int) -> Story:
    """One story with its children, by its number. Raises NotFound when there is none."""
    found = stories(service).select_related("service").filter(pk=number).first()
    if found is None:
        raise NotFound("There is no such story at this service.")
    return found
