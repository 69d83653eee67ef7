"""Which profile is whose: seekers (D19) and choices (D23), proposals at set-up, and rooms (D21)."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date
from enum import StrEnum
from typing import NamedTuple

from parkway.domain import Child, Choice, ChoiceKind, Details, Facts, Profile, ProfileState, Room
from parkway.engine.folding import fold

FullName = tuple[str, str]

ANSWERS = frozenset({ChoiceKind.PROFILE, ChoiceKind.NEW})
"""The choices that say which profile is a seeker's (D23)."""


def full_names(details: Details) -> set[FullName]:
    """The folded names a person may be found by: first with last, and preferred with last (D19)."""
    last = fold(details.last_name)
    names = {(fold(details.first_name), last)}
    if preferred := fold(details.preferred_name):
        names.add((preferred, last))
    return names - {("", "")}


def identity(details: Details) -> str:
    """What a "please check" was asked about: folded names and date of birth, as one string."""
    names = sorted("/".join(name) for name in full_names(details))
    return "|".join([*names, details.date_of_birth.isoformat() if details.date_of_birth else "?"])


class Doubt(StrEnum):
    """Why a child and a profile are not matched without asking a person."""

    SEVERAL = "several-profiles"
    BIRTH_UNKNOWN = "date-of-birth-unknown"
    BIRTH_DIFFERS = "date-of-birth-differs"
    OTHER_CHILD = "another-child-alike"
    CHOICE_GONE = "chosen-profile-gone"
    PROFILE_UNKNOWN = "linked-profile-unknown"


class Found(NamedTuple):
    """What was found for a seeker: a profile to take, or the facts of a doubt, or neither: then a profile is
    created.
    """

    profile: Profile | None = None
    doubt: Facts | None = None


NOTHING = Found()


class Pool:
    """The profiles of a service that nobody is linked to and nobody has chosen, found by folded name."""

    def __init__(self, profiles: Iterable[Profile], taken: Collection[str]) -> None:
        self._by_id: dict[str, Profile] = {}
        self._by_name: dict[FullName, list[str]] = defaultdict(list)
        for profile in profiles:
            if profile.state is not ProfileState.DELETED and profile.profile_id not in taken:
                self._by_id[profile.profile_id] = profile
                for name in full_names(profile.details):
                    self._by_name[name].append(profile.profile_id)

    def __bool__(self) -> bool:
        return bool(self._by_id)

    def alike(self, details: Details) -> list[Profile]:
        """The profiles that carry one of these names, by id."""
        if not self._by_id:
            return []
        ids = {pid for name in full_names(details) for pid in self._by_name.get(name, ())}
        return [self._by_id[pid] for pid in sorted(ids)]


def seek(
    seekers: Sequence[Child],
    profiles: Mapping[str, Profile],
    taken: Collection[str],
    choices: Mapping[str, Choice],
    asked: Mapping[str, Facts],
) -> dict[str, Found]:
    """What each seeker finds, if anything: a child who belongs and has no live or archived linked profile
    (D19).

    `taken` are the profile ids that are linked. `asked` are the facts of the children whom a person was
    asked about in an earlier run: the question stands until a person chooses, or the child's name or date
    of birth is corrected. A person's choice beats everything here (D23).
    """
    reserved = {c.profile_id for c in choices.values() if c.kind is ChoiceKind.PROFILE and c.profile_id}
    pool = Pool(profiles.values(), reserved.union(taken))
    if not (pool or choices or asked):
        return {}
    chosen = Counter(
        choice.profile_id or ""
        for child in seekers
        if (choice := choices.get(child.child_id)) is not None and choice.kind is ChoiceKind.PROFILE
    )
    not_free = {*taken, *(pid for pid, times in chosen.items() if times > 1)}
    found: dict[str, Found] = {}
    open_seekers: dict[str, list[Profile]] = {}
    for child in seekers:
        choice = choices.get(child.child_id)
        if choice is not None and choice.kind in ANSWERS:
            found[child.child_id] = _chosen(child, choice, profiles, not_free)
            continue
        if _still_asked(child, asked.get(child.child_id)):
            found[child.child_id] = Found(doubt=asked[child.child_id])
        open_seekers[child.child_id] = pool.alike(child.details)
    rivals: dict[tuple[str, date | None], int] = defaultdict(int)
    for child in seekers:
        for profile in open_seekers.get(child.child_id, ()):
            rivals[profile.profile_id, child.details.date_of_birth] += 1
    for child in seekers:
        if child.child_id not in found:
            found[child.child_id] = _judge(child, open_seekers[child.child_id], rivals)
    return found


def _chosen(
    child: Child, choice: Choice, profiles: Mapping[str, Profile], not_free: Collection[str]
) -> Found:
    """What a person's choice comes to; a doubt when the chosen profile is deleted or somebody else's."""
    if choice.kind is ChoiceKind.NEW:
        return Found()
    profile = profiles.get(choice.profile_id or "")
    if profile is None or profile.state is ProfileState.DELETED or profile.profile_id in not_free:
        return Found(doubt=_doubt(child, Doubt.CHOICE_GONE, [choice.profile_id or ""]))
    return Found(profile)


def _still_asked(child: Child, facts: Facts | None) -> bool:
    """Whether a person was asked about the child as the child is now; `facts` are those of that question."""
    return facts is not None and facts.get("identity") == identity(child.details)


def _judge(child: Child, alike: list[Profile], rivals: Mapping[tuple[str, date | None], int]) -> Found:
    """D19 for one seeker: create, take the only certain profile, or ask."""
    if not alike:
        return Found()
    if len(alike) > 1:
        return Found(doubt=_doubt(child, Doubt.SEVERAL, [p.profile_id for p in alike]))
    profile, born = alike[0], child.details.date_of_birth
    if born is None or profile.details.date_of_birth is None:
        reason = Doubt.BIRTH_UNKNOWN
    elif born != profile.details.date_of_birth:
        reason = Doubt.BIRTH_DIFFERS
    elif rivals[profile.profile_id, born] > 1:
        reason = Doubt.OTHER_CHILD
    else:
        return Found(profile)
    return Found(doubt=_doubt(child, reason, [profile.profile_id]))


def _doubt(child: Child, reason: Doubt, profile_ids: list[str]) -> Facts:
    """The facts of a question to a person."""
    return {"reason": reason.value, "profiles": profile_ids, "identity": identity(child.details)}


class Certainty(StrEnum):
    """How sure a set-up proposal is."""

    CERTAIN = "certain"  # unique on both sides on name and date of birth: preselected
    PLEASE_CHECK = "please check"  # equal names, twins, near misses: a person chooses
    NO_MATCH = "no match"  # nothing alike: a new profile is proposed


class Proposal(NamedTuple):
    """What set-up proposes for one child: the preselected profile, or the ones to check, or none."""

    child_id: str
    certainty: Certainty
    profile_ids: tuple[str, ...]


def propose(children: Sequence[Child], profiles: Iterable[Profile]) -> list[Proposal]:
    """Proposals for the children listed at set-up, from the unlinked profiles that are not deleted.

    Only a pair that is unique on both sides on name and date of birth is preselected. A near miss has the
    same name with another or an unknown date of birth, or the same date of birth with one name in common.
    """
    pool = [p for p in profiles if p.state is not ProfileState.DELETED]
    exact_children: dict[str, list[str]] = defaultdict(list)  # profile id -> child ids
    exact_profiles: dict[str, list[str]] = defaultdict(list)
    near: dict[str, list[str]] = defaultdict(list)
    keyed = _by_near_keys(pool)
    for child in children:
        candidates = {p.profile_id: p for key in _near_keys(child.details) for p in keyed.get(key, ())}
        for profile in sorted(candidates.values(), key=lambda p: p.profile_id):
            same_name = bool(full_names(child.details) & full_names(profile.details))
            born = child.details.date_of_birth
            if same_name and born is not None and born == profile.details.date_of_birth:
                exact_children[profile.profile_id].append(child.child_id)
                exact_profiles[child.child_id].append(profile.profile_id)
            near[child.child_id].append(profile.profile_id)
    certain = {
        child_id: ids[0]
        for child_id, ids in exact_profiles.items()
        if len(ids) == 1 and len(exact_children[ids[0]]) == 1
    }
    given = set(certain.values())
    proposals = []
    for child in children:
        left = tuple(pid for pid in near[child.child_id] if pid not in given)
        if child.child_id in certain:
            proposals.append(Proposal(child.child_id, Certainty.CERTAIN, (certain[child.child_id],)))
        elif left:
            proposals.append(Proposal(child.child_id, Certainty.PLEASE_CHECK, left))
        else:
            proposals.append(Proposal(child.child_id, Certainty.NO_MATCH, ()))
    return proposals


def _near_keys(details: Details) -> set[tuple[str, ...]]:
    """What two people must share one of to be worth a look: a full name, or birth and one name."""
    keys: set[tuple[str, ...]] = {("name", *name) for name in full_names(details)}
    if details.date_of_birth:
        born = details.date_of_birth.isoformat()
        parts = {part for name in full_names(details) for part in name if part}
        keys |= {("born", born, part) for part in parts}
    return keys


def _by_near_keys(profiles: Iterable[Profile]) -> dict[tuple[str, ...], list[Profile]]:
    keyed: dict[tuple[str, ...], list[Profile]] = defaultdict(list)
    for profile in profiles:
        for key in _near_keys(profile.details):
            keyed[key].append(profile)
    return keyed


A_NEW_ROOM = ""
"""What a room of the roster is linked to when somebody wants a new room for it at the profiles' end."""


class RoomStep(NamedTuple):
    """What happens to one room of the roster at the profiles' end: it is linked to the room `target_id`, or
    created (None), or the room there is renamed.
    """

    room_id: str
    name: str
    target_id: str | None
    renamed_from: str | None = None
    linked: bool = True  # tied to the target before

    @property
    def pending(self) -> bool:
        """Whether something is still to be written."""
        return self.target_id is None or self.renamed_from is not None or not self.linked


def match_rooms(source: Sequence[Room], target: Sequence[Room], links: Mapping[str, str]) -> list[RoomStep]:
    """A step for each room of the roster, by id (D21). A room that is linked passes its new name on. Any
    other is linked to a free room whose folded name is the same, where that is unique on both sides, or is
    created. No room of the profiles' end is ever deleted.

    `source` are the rooms of the roster, `target` those of the profiles' end, `links` lead from the one to
    the other by id. A name of signs alone is compared as it is. A link to `A_NEW_ROOM` is somebody's wish
    for a new room; it is linked all the same where a room of exactly that name is free.
    """
    names = {room.room_id: room.name for room in target}
    place = {room.room_id: links[room.room_id] for room in source if links.get(room.room_id) in names}
    free = _match_exact_names(source, target, set(links.values()), place)
    alike: dict[str, list[Room]] = defaultdict(list)
    for room in free:
        alike[_room_key(room)].append(room)
    new = {room.room_id for room in source if links.get(room.room_id) == A_NEW_ROOM}
    rivals = Counter(_room_key(room) for room in source if room.room_id not in {*place, *new})
    steps = []
    for room in sorted(source):
        target_id, found = place.get(room.room_id), alike[_room_key(room)]
        wanted_new = room.room_id in new
        if target_id is None and not wanted_new and len(found) == 1 and rivals[_room_key(room)] == 1:
            target_id = found[0].room_id
        old = names[target_id] if target_id is not None else room.name
        renamed_from = old if old != room.name else None
        linked = target_id is not None and target_id == links.get(room.room_id)
        steps.append(RoomStep(room.room_id, room.name, target_id, renamed_from, linked))
    return steps


def _match_exact_names(
    source: Sequence[Room], target: Sequence[Room], taken: Collection[str], place: dict[str, str]
) -> list[Room]:
    """Give each room of the roster the free room of exactly its name, because no second one may have that
    name; the rooms that are free in the end.

    `place` holds the ids of linked rooms, and is changed. A room that leaves its place frees it for another.
    """
    named = {room.room_id: room for room in target}
    free = {room.name: room for room in sorted(target, reverse=True) if room.room_id not in taken}
    moving = True
    while moving:
        moving = False
        for room in sorted(source):
            before = named.get(place.get(room.room_id, ""))
            if room.name in free and (before is None or before.name != room.name):
                place[room.room_id] = free.pop(room.name).room_id
                if before is not None:
                    free[before.name] = before
                moving = True
    return list(free.values())


def _room_key(room: Room) -> str:
    """What the names of two rooms must share for the rooms to be alike."""
    return fold(room.name) or room.name
