"""What the doctor finds: messages of Django's system checks, and how its look-ups become such checks."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from django.core import checks
from django.core.checks import CheckMessage
from django.db import DEFAULT_DB_ALIAS

from parkway.db import errors

LookUp = Callable[[], Iterator[CheckMessage]]
BROKEN = 999  # the number of the message of a look-up that broke


@dataclass(frozen=True)
class Area:
    """One area that the doctor looks at. Its checks have the tag of this name, and their messages ids such as
    `parkway.database.E012`: the letter is the level, the tens are the look-up in the order in which people
    read what was found, and the units are what it found.
    """

    name: str
    tag: str
    on_database: bool = False

    def fine(self, number: int, text: str) -> CheckMessage:
        """Return that all is well."""
        return checks.Info(text, obj=self.name, id=self._id("I", number))

    def look(self, number: int, text: str, mend: str) -> CheckMessage:
        """Return something that is worth a look, and how to mend it."""
        return checks.Warning(text, hint=mend, obj=self.name, id=self._id("W", number))

    def bad(self, number: int, text: str, mend: str) -> CheckMessage:
        """Return something that is in the way of work, and how to mend it."""
        return checks.Error(text, hint=mend, obj=self.name, id=self._id("E", number))

    def unseen(self, number: int, text: str, mend: str = "") -> CheckMessage:
        """Return that something could not be looked at."""
        return checks.Debug(text, hint=mend or None, obj=self.name, id=self._id("D", number))

    def _id(self, letter: str, number: int) -> str:
        return f"parkway.{self.name}.{letter}{number:03}"

    def check(self, look_up: LookUp) -> LookUp:
        """Register a look-up as a check of this area.

        It runs only when it is asked for, by the doctor or `check --deploy`, and one that reads the database
        only when that is named too. A look-up that breaks is told as a message, and the others go on.
        """

        def run(databases: Sequence[str] | None = None, **kwargs: object) -> list[CheckMessage]:
            found: list[CheckMessage] = []
            if self.on_database and not databases:
                return found
            try:
                for message in look_up():
                    found.append(message)  # one by one: what was found before it breaks is kept
            except Exception as error:
                text = errors.explain(error) or f"Looking at it broke ({type(error).__name__})."
                found.append(self.bad(BROKEN, text, "Mend what stands above it first, then look again."))
            return found

        checks.register(self.tag, deploy=True)(run)
        return look_up

    def run(self) -> list[CheckMessage]:
        """Run the checks of this area, and return what they found, each message once."""
        found = checks.run_checks(
            tags=[self.tag], include_deployment_checks=True, databases=[DEFAULT_DB_ALIAS]
        )
        text: list[CheckMessage] = []
        for message in sorted(found, key=_place):  # Django runs them in any order
            if message not in text:
                text.append(message)
        return text


def _place(message: CheckMessage) -> int:
    return int(str(message.id)[-3:]) // 10
