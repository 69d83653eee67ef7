"""A form that makes something is carried out once, however often it arrives: a double click, or a way back.

The page carries a mark, which goes along from page to page until the thing is made. A second request with the
same mark is refused. Without a mark, as from a program, two requests cannot be told apart.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterator
from contextlib import contextmanager

from django.core.cache import cache
from django.db import transaction
from django.http import HttpRequest

from parkway.domain import Conflict

FIELD = "once"
KEPT = 60 * 60  # seconds that a mark is known


class AlreadySent(Exception):
    """This very form was carried out already; `to` is where its sender goes on."""

    def __init__(self, to: str) -> None:
        super().__init__("That was sent already, so it was not done a second time.")
        self.to = to


def form_mark(request: HttpRequest) -> str:
    """The mark of the form that was sent, else a new one."""
    return request.POST.get(FIELD) or secrets.token_urlsafe(16)


@contextmanager
def once(request: HttpRequest, to: str) -> Iterator[None]:
    """Do what a form asks for, in a transaction, unless it was done before, which raises AlreadySent. What is
    refused, or breaks, may be sent again.
    """
    sent = request.POST.get(FIELD)
    if not sent:
        yield
        return
    key = f"once.{hashlib.sha256(f'{request.user.pk}.{sent}'.encode()).hexdigest()}"
    with transaction.atomic():  # so that the mark is kept when, and only when, the thing is done
        if not cache.add(key, True, KEPT):
            if cache.get(key):
                raise AlreadySent(to)
            raise Conflict("The same form is being worked on. Look in a minute whether that is done.")
        yield
