"""What has run out is forgotten: sessions, what waited in the cache, and events that no reader took.

The first two may hold what somebody typed, and nothing of it goes by itself.
"""

from __future__ import annotations

from django.contrib.sessions.backends.db import SessionStore
from django.core.cache import caches
from django.core.cache.backends.db import DatabaseCache
from django.db import connection
from django.utils import timezone

from parkway.db import bulk
from parkway.sync import outbox


def remove_expired() -> None:
    """Remove the sessions that are over, and the entries of the cache that have run out, and old events."""
    SessionStore.clear_expired()
    for cache in caches.all():
        if isinstance(cache, DatabaseCache):
            table = connection.ops.quote_name(cache._table)  # type: ignore[attr-defined]
            now = connection.ops.adapt_datetimefield_value(timezone.now())
            bulk.write(f"DELETE FROM {table} WHERE expires < %s", [now])
    outbox.forget_old()
