"""In which synced fields a profile differs from its child, and what is written then (D11, D20)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from parkway.domain import FIELDS, Changes, Child, Details, Profile, Value

NO_CHANGES: Changes = {}


def differences(child: Child, profile: Profile) -> Changes:
    """The synced fields in which a profile differs from its child, as {field: (from, to)} (D11, D20).

    A field that the source does not supply is left alone; one that the profiles' end does not is unknown.
    """
    if child.details == profile.details:
        return NO_CHANGES
    return {
        name: (old, new)
        for name, old, new in zip(FIELDS, profile.details, child.details, strict=True)
        if old != new and name in child.supplied and name in profile.supplied
    }


def details_after(profile: Profile, changes: Changes) -> Details:
    """The profile's details once the changes are written."""
    values = profile.details._asdict()
    values.update({name: to for name, (_, to) in changes.items()})
    return Details(**values)


def plain(values: Mapping[str, Value]) -> dict[str, str | list[str] | None]:
    """Values as JSON writes them: days as ISO text, rooms as a sorted list."""
    return {name: plain_value(value) for name, value in values.items()}


def plain_value(value: Value) -> str | list[str] | None:
    """One value as JSON writes it."""
    if isinstance(value, frozenset):
        return sorted(value)
    return value.isoformat() if isinstance(value, date) else value
