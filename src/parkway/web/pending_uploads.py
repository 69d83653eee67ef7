"""Files that were sent for an import and wait until their sender has seen what they will do.

They wait in the database, out of the way of every other page, for an hour. They go with the answer, and those
that nobody answered within a day.
"""

from __future__ import annotations

import hashlib
import secrets
import zlib
from typing import NamedTuple

from django.core.cache import cache
from django.core.files.uploadedfile import UploadedFile

from parkway.web.access import Visit

KEPT = 60 * 60  # seconds


class PendingUpload(NamedTuple):
    """A file of children, and one of bookings if there is any, as somebody sent them."""

    children: bytes
    children_name: str
    bookings: bytes | None
    bookings_name: str


def of(children: UploadedFile, bookings: UploadedFile | None) -> PendingUpload:
    """What somebody sent in a form."""
    return PendingUpload(
        children.read(),
        children.name or "children",
        bookings.read() if bookings else None,
        (bookings.name or "bookings") if bookings else "",
    )


def keep(visit: Visit, sent: PendingUpload) -> str:
    """Keep files for the person who sent them, at this service; what to ask for them by."""
    waiting = secrets.token_urlsafe(16)
    bookings = zlib.compress(sent.bookings) if sent.bookings is not None else None
    packed = sent._replace(children=zlib.compress(sent.children), bookings=bookings)
    cache.set(_key(visit, waiting), tuple(packed), KEPT)
    return waiting


def find(visit: Visit, waiting: str) -> PendingUpload | None:
    """The files that wait for this person's answer; None when there are none."""
    found = cache.get(_key(visit, waiting))
    if found is None:
        return None
    packed = PendingUpload(*found)
    bookings = zlib.decompress(packed.bookings) if packed.bookings is not None else None
    return packed._replace(children=zlib.decompress(packed.children), bookings=bookings)


def claim(visit: Visit, waiting: str) -> bool:
    """Let files wait no longer; whether they did so until now."""
    return bool(cache.delete(_key(visit, waiting)))


def _key(visit: Visit, waiting: str) -> str:
    asked = f"{visit.person.pk}.{visit.service.pk}.{waiting}"
    return f"import.{hashlib.sha256(asked.encode()).hexdigest()}"
