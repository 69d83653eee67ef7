"""The settings of an end, described: forms, the command line and validation follow from the description."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from parkway.domain import Invalid


class SettingKind(StrEnum):
    """What a setting holds."""

    TEXT = "text"
    NUMBER = "number"
    YES_NO = "yes or no"
    FILE = "file"  # the path of a file on this machine


@dataclass(frozen=True)
class Setting:
    """A setting of an end: its name, what people call it, and what it holds.

    A `secret` never comes into the database: what is kept of it is the name of a variable of the environment,
    and the end is given what that variable holds.
    """

    name: str
    label: str
    kind: SettingKind = SettingKind.TEXT
    required: bool = True
    secret: bool = False


NUMBER = re.compile(r"-?[0-9]{1,15}")
VARIABLE = re.compile(r"[A-Z][A-Z0-9_]*")
YES_NO = {"yes": True, "no": False}


def from_text(described: Sequence[Setting], given: Mapping[str, str]) -> dict[str, Any]:
    """Return the settings that somebody wrote, as they are kept. Raises Invalid when they do not fit.

    What is left empty is not set.
    """
    kinds = {setting.name: setting.kind for setting in described if not setting.secret}
    stored: dict[str, Any] = {}
    for name, text in given.items():
        kind, plain = kinds.get(name), text.strip()
        if kind is SettingKind.NUMBER and NUMBER.fullmatch(plain):
            stored[name] = int(plain)
        elif kind is SettingKind.YES_NO and plain.casefold() in YES_NO:
            stored[name] = YES_NO[plain.casefold()]
        elif plain:
            stored[name] = plain
    require_fitting(described, stored)
    return stored


def require_fitting(described: Sequence[Setting], stored: Mapping[str, Any]) -> None:
    """Raise Invalid, with everything that is wrong, when settings do not fit their description."""
    if wrong := dict(problems(described, stored)):
        raise Invalid(" ".join(wrong.values()), fields=tuple(wrong))


def with_secrets(described: Sequence[Setting], stored: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings for the end itself, secrets from the environment. Raises Invalid when they do not
    fit.
    """
    require_fitting(described, stored)
    secret = {setting.name for setting in described if setting.secret}
    return {name: os.environ[value] if name in secret else value for name, value in stored.items()}


def problems(described: Sequence[Setting], stored: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Everything that is wrong with settings: the setting, and a sentence that says how to mend it."""
    known = {setting.name: setting for setting in described}
    for name in stored:
        if name not in known:
            there = f"There are {', '.join(known)}." if known else "It has none."
            yield name, f"It has no setting “{name}”. {there}"
    for setting in described:
        if setting.name in stored:
            if wrong := _wrong_value(setting, stored[setting.name]):
                yield setting.name, wrong
        elif setting.required:
            yield setting.name, f"The setting “{setting.name}” ({setting.label}) is missing."


def _wrong_value(setting: Setting, value: object) -> str:
    """What is wrong with the value of a setting, in a sentence; empty when it fits."""
    called = f"“{setting.name}” ({setting.label})"
    if setting.secret:
        if not isinstance(value, str) or not VARIABLE.fullmatch(value):
            return (
                f"{called} is a secret and is not kept here: set it to the name of a variable of the "
                "environment, such as MY_SECRET."
            )
        return "" if os.environ.get(value) else f"{called} is to come from {value}, which is not set here."
    if setting.kind is SettingKind.NUMBER:
        return "" if type(value) is int else f"{called} is a number."
    if setting.kind is SettingKind.YES_NO:
        return "" if type(value) is bool else f"{called} is yes or no."
    return "" if isinstance(value, str) else f"{called} is a {setting.kind}."
