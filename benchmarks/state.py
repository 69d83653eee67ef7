"""What a contender left behind, in a form in which equal states are equal: the proof of equal work."""

from __future__ import annotations

import hashlib
import json
import sqlite3

PROFILES = """SELECT l.service_id, l.child_id, p.state, p.first_name, p.last_name, p.preferred_name,
    p.date_of_birth, p.gender, p.archived_on, p.archived_by, p.managed_link,
    substr(p.created_key, instr(p.created_key, '.')), (SELECT group_concat(name) FROM (SELECT r.name FROM storypark_profileroom pr
      JOIN storypark_room r ON r.id = pr.room_id WHERE pr.profile_id = p.id ORDER BY r.name))
  FROM storypark_profile p
  LEFT JOIN sync_link l ON l.service_id = p.service_id AND l.profile_id = p.reference
  ORDER BY l.service_id, l.child_id"""

JOURNAL = """SELECT e.service_id, e.child_id, e.step, e.rule, e.status, e.profile_id = coalesce(l.profile_id, ''),
    e.because, e.facts, e.next_change, e.current, e.changes
  FROM sync_entry e LEFT JOIN sync_link l ON l.service_id = e.service_id AND l.child_id = e.child_id
  ORDER BY e.service_id, e.child_id, e.id"""

SEEN = """SELECT service_id, seen_roster, seen_profiles, seen_service, seen_version, look_again_at IS NULL
  FROM sync_integration ORDER BY service_id"""

COUNTS = """SELECT (SELECT count(*) FROM storypark_profile WHERE state = 'live'),
    (SELECT count(*) FROM storypark_profile WHERE state = 'archived'),
    (SELECT count(*) FROM sync_entry WHERE current AND step = 'wait'), (SELECT count(*) FROM sync_entry)"""


def left_behind(database: str) -> tuple[dict[str, int], dict[str, str]]:
    """Counts for people, and a digest of each part for comparing."""
    connection = sqlite3.connect(database)
    names = ("live", "archived", "waiting", "journal entries")
    counts = dict(zip(names, connection.execute(COUNTS).fetchone(), strict=True))
    digests = {}
    for name, query in {"profiles": PROFILES, "journal": JOURNAL, "what was seen": SEEN}.items():
        digest = hashlib.sha256()
        for row in connection.execute(query):
            line = [*row[:-1], json.loads(row[-1])] if name == "journal" and row[-1] else row
            digest.update(json.dumps(line).encode())
        digests[name] = digest.hexdigest()[:12]
    connection.close()
    return counts, digests
