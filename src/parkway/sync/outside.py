"""Rosters outside our database: they are asked before a transaction begins, never inside one.

Work that turns out to need such an answer inside a transaction is taken back; the question is asked outside,
and the work begins again, with the answer at hand.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextvars import ContextVar
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from django.db import connection

from parkway.connectors.ports import Roster, RosterAnswer, ServiceQuery
from parkway.domain import Booking

Params = ParamSpec("Params")
Result = TypeVar("Result")
Question = tuple[Roster, str, ServiceQuery]
Key = tuple[int, str, ServiceQuery]  # a roster need not be hashable

_answers: ContextVar[dict[Key, Any] | None] = ContextVar("answers_of_rosters", default=None)


class AskFirst(Exception):
    """A roster outside our database would be asked inside a transaction."""

    def __init__(self, question: Question) -> None:
        super().__init__("This has to be asked before the transaction begins.")
        self.question = question


class OutsideRoster:
    """A roster outside our database, for work that may be in a transaction: `reading_first` is around it."""

    def __init__(self, end: Roster) -> None:
        self._end = end

    def versions(self, queries: Sequence[ServiceQuery]) -> Mapping[int, int | None]:
        """What the roster answered."""
        return {query.service_id: self._answer("versions", query)[query.service_id] for query in queries}

    def read(self, queries: Sequence[ServiceQuery]) -> Mapping[int, RosterAnswer]:
        """What the roster answered. Its version is asked for first: so what changes between the two questions
        differs from the version that is remembered, and is read again.
        """
        self.versions([query._replace(since=None) for query in queries])
        return {query.service_id: self._answer("read", query)[query.service_id] for query in queries}

    def bookings(self, query: ServiceQuery) -> Mapping[str, Sequence[Booking]]:
        """What the roster answered."""
        found: Mapping[str, Sequence[Booking]] = self._answer("bookings", query)
        return found

    def _answer(self, method: str, query: ServiceQuery) -> Any:
        question = (self._end, method, query)
        known = _answers.get()
        if known is not None and _key(question) in known:
            return known[_key(question)]
        if in_transaction():
            raise AskFirst(question)
        return _ask(question)


def reading_first(work: Callable[Params, Result]) -> Callable[Params, Result]:
    """Let work ask rosters outside our database before its transaction begins: it begins again with each
    answer that it needs. Inside another transaction it is the outer work that begins again.

    The work raises what a roster raises, as if it had asked itself.
    """

    @wraps(work)
    def begin(*args: Params.args, **more: Params.kwargs) -> Result:
        if in_transaction():
            return work(*args, **more)
        answers: dict[Key, Any] = {}
        token = _answers.set(answers)
        try:
            while True:
                try:
                    return work(*args, **more)
                except AskFirst as first:
                    answers[_key(first.question)] = _ask(first.question)
        finally:
            _answers.reset(token)

    return begin


def in_transaction() -> bool:
    """Whether a transaction is at hand, but for the one that a test wraps around itself."""
    blocks = getattr(connection, "atomic_blocks", ())
    return any(not getattr(block, "_from_testcase", False) for block in blocks)


def _key(question: Question) -> Key:
    return (id(question[0]), *question[1:])


def _ask(question: Question) -> Any:
    end, method, query = question
    return end.bookings(query) if method == "bookings" else getattr(end, method)([query])
