"""What happens at a service, as typed values: ids and numbers, never a name, and no reason that is kept.

An event has an id by which whoever is told twice knows it again. What a run did to children is kept as lists
of ids, by step, and unfolded into events for those who ask: so a first sync of many costs no row per child.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime
from functools import cache
from typing import Any, NamedTuple
from uuid import uuid4

from parkway.domain import Step

WITHHELD, MOVED = "withheld", "moved"
"""Lists of children beside those of the steps: on hold with their run, and given another profile."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that happened at a service, at an instant."""

    id: str
    service_id: int
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class RunEnded(Event):
    """A run came to its end: done, held, stopped or failed (`state`), and what it did in numbers.

    `seconds` are its part of the transaction it shared. `reason`, in words for people, is there for readers
    in the transaction alone, and is not kept: it stands with the run.
    """

    run_id: int
    state: str
    trigger: str
    seconds: float
    converged: bool
    waiting: int
    counts: Mapping[str, int]
    reason: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeGiven(Event):
    """The admins of the service, or support, were told of a matter; not again while it is open."""

    notice_id: int
    run_id: int
    for_support: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRequested(Event):
    """Somebody, or something, needs a run at once (R15)."""

    trigger: str
    person_id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingChanged(Event):
    """Values of the integration, or of the service it depends on, were written; `names` says which."""

    names: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ChildEvent(Event):
    """Something was decided for one child. `run_id` is None where no run decided it."""

    child_id: str
    run_id: int | None = None


class ChildCreated(ChildEvent):
    """A profile was made for the child."""

    __slots__ = ()


class ChildLinked(ChildEvent):
    """The child was tied to a profile that was there."""

    __slots__ = ()


class ChildRestored(ChildEvent):
    """The child's profile was made live again."""

    __slots__ = ()


class ChildUpdated(ChildEvent):
    """Fields of the child's profile were written."""

    __slots__ = ()


class ChildArchived(ChildEvent):
    """The child's profile was archived."""

    __slots__ = ()


class ChildWaiting(ChildEvent):
    """The child began to wait for a space, or what is said of the wait changed."""

    __slots__ = ()


class ChildNeedsReview(ChildEvent):
    """A person has to look at the child."""

    __slots__ = ()


class ChildWithheld(ChildEvent):
    """What the run would have written for the child is on hold with the run (D12)."""

    __slots__ = ()


class LinkChanged(ChildEvent):
    """The child's link leads to another profile than before, or was taken over from another child."""

    __slots__ = ()


OF_CHILDREN: Mapping[str, type[ChildEvent]] = {
    Step.CREATE.value: ChildCreated,
    Step.LINK.value: ChildLinked,
    Step.RESTORE.value: ChildRestored,
    Step.UPDATE.value: ChildUpdated,
    Step.ARCHIVE.value: ChildArchived,
    Step.WAIT.value: ChildWaiting,
    Step.NEEDS_REVIEW.value: ChildNeedsReview,
    WITHHELD: ChildWithheld,
    MOVED: LinkChanged,
}
"""What happened to a child, by the list that has its id. What is left as it is, is no event."""

ALONE = (RunEnded, NoticeGiven, RunRequested, SettingChanged, LinkChanged)
KINDS: Mapping[str, type[Event]] = {kind.__name__: kind for kind in ALONE}
"""Events that a row of the outbox can begin with, by name."""

Kinds = tuple[type[Event], ...]

NOT_KEPT = {"id", "service_id", "at", "reason"}
KEPT = {
    name: [each.name for each in fields(kind) if each.name not in NOT_KEPT] for name, kind in KINDS.items()
}
"""The fields that stand in a row of the outbox, by kind."""


@cache
def children_of(kinds: Kinds) -> Mapping[str, type[ChildEvent]]:
    """Return the lists of children that unfold into events of these kinds, by name."""
    return {name: kind for name, kind in OF_CHILDREN.items() if issubclass(kind, kinds)}


class Happened(NamedTuple):
    """An event, and the ids of the children it concerned: a row of the outbox."""

    event: Event
    children: Mapping[str, Sequence[str]] = {}

    def events(self, kinds: Kinds = (Event,)) -> Iterator[Event]:
        """Unfold the events of these kinds: first the event itself, then the children's, list by list."""
        event, wanted = self.event, children_of(kinds)
        if isinstance(event, kinds):
            yield event
        key, run_id = event.id.partition("/")[0], getattr(event, "run_id", None)
        for name, child_ids in self.children.items():
            for child_id in child_ids if name in wanted else ():
                yield wanted[name](
                    id=f"{key}/{name}/{child_id}",
                    service_id=event.service_id,
                    at=event.at,
                    child_id=child_id,
                    run_id=run_id,
                )

    def concerns(self, kinds: Kinds) -> bool:
        """Whether events of these kinds may be among what happened."""
        return isinstance(self.event, kinds) or bool(self.children and children_of(kinds))

    def text(self, lists: bool = True) -> str:
        """Return what the outbox keeps beside the id, the service and the instant, as JSON; the `lists` of
        children only where somebody reads them.
        """
        kind = type(self.event).__name__
        kept = {name: getattr(self.event, name) for name in KEPT[kind]}
        return json.dumps({"kind": kind, **kept, "children": self.children if lists else {}})


def happened_of(event_id: str, service_id: int, at: datetime, text: str) -> Happened:
    """Read what `Happened.text` wrote. Raises KeyError, TypeError or ValueError for a text of another
    version that this one does not understand.
    """
    values: dict[str, Any] = json.loads(text)
    kind, children = KINDS[values.pop("kind")], values.pop("children")
    if "names" in values:
        values["names"] = tuple(values["names"])
    return Happened(kind(id=event_id, service_id=service_id, at=at, **values), children)


def new_id() -> str:
    """Return an id for an event that nothing else identifies."""
    return uuid4().hex
