"""In which synced fields a profile differs from its child, and what is written then (D11, D20)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from parkway.domain import ALL_FIELDS, FIELDS, Changes, Child, Details, Profile, Value, field_values

NO_CHANGES: Changes = {}


def differences(child: Child, profile: Profile) -> Changes:
    """The synced fields in which a profile differs from its child, as {field: (from, to)} (D11, D20).

    A field that the source does not supply is left alone; one that the profiles' end does not is unknown.
    """
    theirs, own = profile.details, child.details
    if theirs == own:
        return NO_CHANGES
    changes: dict[str, tuple[Value, Value]] = {
        name: (old, new)
        for name, old, new in zip(FIELDS, field_values(theirs), field_values(own), strict=True)
        if old != new and name in child.supplied and name in profile.supplied
    }
    if theirs.more != own.more:
        for name in sorted(child.supplied & profile.supplied - ALL_FIELDS):
            old, new = theirs.value(name) or "", own.value(name) or ""
            if old != new:
                changes[name] = (old, new)
    return changes


def details_after(profile: Profile, changes: Changes) -> Details:
    """The profile's details once the changes are written."""
    return Details.of({**profile.details.by_name(), **{name: to for name, (_, to) in changes.items()}})


def plain(values: Mapping[str, Value]) -> dict[str, str | list[str] | None]:
    """Values as JSON writes them: days as ISO text, rooms as a sorted list."""
    return {name: plain_value(value) for name, value in values.items()}


def plain_value(value: Value) -> str | list[str] | None:
    """One value as JSON writes it."""
    if isinstance(value, frozenset):
        return sorted(value)
    return value.isoformat() if isinstance(value, date) else value
