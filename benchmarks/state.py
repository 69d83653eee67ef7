"""What a contender left behind, in a form in which equal states are equal: the proof of equal work."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from contextlib import closing
from typing import Any

from benchmarks.databases import connect

PROFILES = """SELECT l.service_id, l.child_id, p.state, p.first_name, p.last_name, p.preferred_name,
    p.date_of_birth, p.gender, p.archived_on, p.archived_by, p.managed_link,
    substr(p.created_key, FIND(p.created_key, '.')), (SELECT LISTED FROM (SELECT r.name FROM storypark_profileroom pr
      JOIN storypark_room r ON r.id = pr.room_id WHERE pr.profile_id = p.id ORDER BY r.name COLLATE BYTES) named)
  FROM storypark_profile p
  LEFT JOIN sync_link l ON l.service_id = p.service_id AND l.profile_id = p.reference
  ORDER BY l.service_id, l.child_id"""

JOURNAL = """SELECT e.service_id, e.child_id, e.step, e.rule, e.status, e.profile_id = coalesce(l.profile_id, ''),
    e.because, e.facts, e.next_change, e.current, e.changes
  FROM sync_entry e LEFT JOIN sync_link l ON l.service_id = e.service_id AND l.child_id = e.child_id
  ORDER BY e.service_id, e.child_id, e.id"""

SEEN = """SELECT service_id, seen_roster, seen_profiles, seen_service, seen_version, look_again_at IS NULL,
    next_run_at
  FROM sync_integration ORDER BY service_id"""

LIVE = """SELECT l.service_id, l.child_id, p.first_name, p.last_name, p.preferred_name, p.date_of_birth, p.gender,
    (SELECT LISTED FROM (SELECT r.name FROM storypark_profileroom pr
      JOIN storypark_room r ON r.id = pr.room_id WHERE pr.profile_id = p.id ORDER BY r.name COLLATE BYTES) named)
  FROM storypark_profile p JOIN sync_link l ON l.service_id = p.service_id AND l.profile_id = p.reference
  WHERE p.state = 'live'"""

WHOLE = {"profiles": PROFILES, "journal": JOURNAL, "what was seen": SEEN}
SQLITE = {"FIND": "instr", "LISTED": "group_concat(name, '|')", "BYTES": "BINARY"}
POSTGRESQL = {"FIND": "strpos", "LISTED": "string_agg(name, '|')", "BYTES": '"C"'}


def left_behind(url: str, whole: bool, rows: Iterable[Any] | None = None) -> dict[str, str]:
    """A digest of each part, for comparing: of the live children alone (`rows`, or those of the profiles), or of
    everything.
    """
    with closing(connect(url)) as connection:
        live = connection.execute(_in_words(LIVE, url)) if rows is None else rows
        lines = sorted([service, child, *map(str, details)] for service, child, *details in live)
        digests = {"live children": _digest(lines)}
        for name, query in WHOLE.items() if whole else ():
            found = connection.execute(_in_words(query, url))
            last = json.loads if name == "journal" else str
            digests[name] = _digest([*row[:-1], last(row[-1] or '""')] for row in found)
    return digests


def _in_words(query: str, url: str) -> str:
    for word, meaning in (SQLITE if url.startswith("sqlite") else POSTGRESQL).items():
        query = query.replace(word, meaning)
    return query


def _digest(lines: Iterable[Any]) -> str:
    digest = hashlib.sha256()
    for line in lines:
        digest.update(json.dumps(line, default=str).encode())
    return digest.hexdigest()[:12]
