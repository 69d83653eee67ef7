"""The statements of the limit, for both databases.

`OF(column)` confines one to a service where each has a transaction of its own, and a word in capitals that is
not SQL stands for what `benchmarks.limit.WORDS` says; `:name` is a value.
"""

from __future__ import annotations

FIELDS = ("first_name", "last_name", "preferred_name", "date_of_birth", "gender")
C, P = (", ".join(f"{alias}.{field}" for field in FIELDS) for alias in "cp")
NAME = "coalesce(nullif(c.preferred_name, ''), nullif(c.first_name, ''), c.last_name)"
NAMES = f"{NAME} || CASE WHEN {NAME} LIKE '%s' OR {NAME} LIKE '%S' THEN '''' ELSE '''s' END"
AWAY = "more than 8 weeks away"
NOT_BOOKED = f"""CASE
  WHEN c.last_end IS NULL AND c.next_start IS NULL THEN {NAME} || ' has no confirmed booking'
  WHEN c.next_start IS NULL THEN {NAMES} || ' last booking ended on ' || le.words || ', more than 8 weeks ago'
  WHEN c.last_end IS NULL THEN {NAMES} || ' first booking starts on ' || ns.words || ', {AWAY}'
  ELSE {NAMES} || ' last booking ended on ' || le.words || ', more than 8 weeks ago, and the next one starts on '
       || ns.words || ', {AWAY}' END"""
BOOKED = """CASE
  WHEN c.booked_from IS NULL THEN ''
  WHEN c.booked_until IS NULL THEN ', booked from ' || bf.words || ' with no end date'
  WHEN c.booked_from = c.booked_until THEN ', booked on ' || bf.words
  ELSE ', booked from ' || bf.words || ' to ' || bu.words END || CASE
  WHEN c.booked_until < :today THEN ', and stays Active for 8 weeks after that'
  WHEN c.booked_from > :today THEN ', which is within the next 8 weeks' ELSE '' END"""
ORDINAL = """x.position || CASE WHEN x.position % 100 IN (11, 12, 13) THEN 'th' WHEN x.position % 10 = 1 THEN 'st'
  WHEN x.position % 10 = 2 THEN 'nd' WHEN x.position % 10 = 3 THEN 'rd' ELSE 'th' END"""
BECAUSE = f"""CASE x.rule
  WHEN 'active' THEN {NAME} || ' is Active in Manage' || {BOOKED} || '.'
  WHEN 'inactive-leaves' THEN {NOT_BOOKED} || ', and this service lets Inactive children leave Storypark.'
  WHEN 'inactive-stays' THEN {NOT_BOOKED} || ', and this service keeps Inactive children in Storypark.'
  WHEN 'archived' THEN {NAME} || ' was archived in Manage' || coalesce(' on ' || ar.words, '') || '.'
  WHEN 'dont-add' THEN 'Somebody chose not to sync ' || {NAME}
       || ', so Parkway leaves this child and any profile alone.'
  ELSE {NAME} || ' belongs in Storypark and is ' || {ORDINAL} || ' in line for a space: the plan pays for '
       || x.paid || ' children, and no space is free.' END"""


def _day(column: str) -> str:
    return f"""coalesce('"' || {column} || '"', 'null')"""


def _rooms(table: str, owner: str, pk: str) -> str:
    """The names of somebody's rooms as a JSON list."""
    ends = "storypark" if table == "storypark_profileroom" else "manage"
    return f"""(SELECT coalesce(CAST(JSON_LIST(name) AS TEXT), '[]') FROM (SELECT r.name FROM {table} t
      JOIN {ends}_room r ON r.id = t.room_id WHERE t.{owner} = {pk} ORDER BY r.name COLLATE BYTES) named)"""


# on SQLite: a look for each child, in an index
MOVED_ALONE = """(EXISTS (SELECT 1 FROM manage_childroom cr JOIN place ON place.room = cr.room_id
    WHERE cr.child_id = c.id AND NOT EXISTS (SELECT 1 FROM storypark_profileroom pr
      WHERE pr.profile_id = p.id AND pr.room_id = place.target))
  OR (SELECT count(*) FROM manage_childroom cr WHERE cr.child_id = c.id)
     <> (SELECT count(*) FROM storypark_profileroom pr WHERE pr.profile_id = p.id))"""

# on PostgreSQL: both sides once for all, as lists
HERE = """(SELECT cr.child_id, array_agg(place.target ORDER BY place.target) AS targets
  FROM manage_childroom cr JOIN place ON place.room = cr.room_id WHERE OF(cr.service_id) GROUP BY cr.child_id)"""
THERE = """(SELECT pr.profile_id, array_agg(pr.room_id ORDER BY pr.room_id) AS targets
  FROM storypark_profileroom pr WHERE OF(pr.service_id) GROUP BY pr.profile_id)"""

# … or, of one service, for each child
HERE_ALONE = """LATERAL (SELECT array_agg(place.target ORDER BY place.target) AS targets
  FROM manage_childroom cr JOIN place ON place.room = cr.room_id WHERE cr.child_id = c.id)"""
THERE_ALONE = """LATERAL (SELECT array_agg(pr.room_id ORDER BY pr.room_id) AS targets
  FROM storypark_profileroom pr WHERE pr.profile_id = p.id)"""

CHANGES = (
    "'{' || substr("
    + " || ".join(
        f"CASE WHEN c.{field} IS DISTINCT FROM p.{field} THEN "
        f"""', "{field}": ' || CAST(JSON_ARRAY(p.{field}, c.{field}) AS TEXT) ELSE '' END"""
        for field in FIELDS
    )
    + f""" || CASE WHEN MOVED THEN ', "rooms": [' || {_rooms("storypark_profileroom", "profile_id", "p.id")}
      || ', ' || {_rooms("manage_childroom", "child_id", "c.id")} || ']' ELSE '' END, 3) || '}}'"""
)

DUE = "OF(i.service_id) AND i.stage = 'on' AND (i.next_run_at IS NULL OR i.next_run_at <= :now)"

PLAN = f"""INSERT INTO plan(pk, service, child, profile_pk, profile, entry, status, next_change, rule, step, facts, was)
  SELECT pk, service, child, profile_pk, profile, entry, status, next_change, rule, step, facts, was FROM (
  SELECT found.*, CASE rule
      WHEN 'active' THEN '{{"booked_from": ' || {_day("booked_from")} || ', "booked_until": '
        || {_day("booked_until")} || '}}'
      WHEN 'archived' THEN '{{"archived_on": ' || {_day("archived_on")} || '}}'
      WHEN 'dont-add' THEN '{{}}'
      ELSE '{{"last_end": ' || {_day("last_end")} || ', "next_start": ' || {_day("next_start")} || '}}'
    END AS facts, CASE
      WHEN rule IN ('active', 'inactive-stays') THEN CASE
        WHEN state IS NULL THEN 'create' WHEN state = 'archived' THEN 'restore'
        WHEN differs THEN 'update' ELSE 'keep' END
      WHEN state = 'live' AND rule <> 'dont-add' THEN 'archive' ELSE 'leave_out' END AS step
  FROM (
    SELECT c.id AS pk, c.service_id AS service, c.reference AS child, c.status AS status,
      c.next_change AS next_change, c.booked_from AS booked_from, c.booked_until AS booked_until,
      c.next_start AS next_start, c.last_end AS last_end, c.archived_on AS archived_on,
      p.id AS profile_pk, p.reference AS profile, p.state AS state,
      e.id AS entry, e.step AS was, e.rule AS old_rule, e.facts AS old_facts, e.status <> c.status
        OR e.next_change IS DISTINCT FROM c.next_change OR e.profile_id <> coalesce(p.reference, '') AS restated,
      CASE WHEN ch.kind = 'dont_add' THEN 'dont-add' WHEN c.status = 'Archived' THEN 'archived'
        WHEN c.status = 'Active' THEN 'active' WHEN i.inactive = 'stay' THEN 'inactive-stays'
        ELSE 'inactive-leaves' END AS rule,
      p.state = 'live' AND (({C}) IS DISTINCT FROM ({P}) OR MOVED) AS differs
    FROM sync_integration i
    JOIN manage_child c ON c.service_id = i.service_id
    LEFT JOIN sync_choice ch ON ch.service_id = c.service_id AND ch.child_id = c.reference
    LEFT JOIN sync_link l ON l.service_id = c.service_id AND l.child_id = c.reference
    LEFT JOIN storypark_profile p ON p.service_id = l.service_id AND p.reference = l.profile_id
    LEFT JOIN sync_entry e ON e.service_id = c.service_id AND e.child_id = c.reference AND e.current
    ROOMS
    WHERE {DUE} FENCE) found FENCE) decided
WHERE step NOT IN ('keep', 'leave_out') OR old_rule IS DISTINCT FROM rule OR old_facts IS DISTINCT FROM facts
  OR restated OR (step = 'keep') <> (was NOT IN ('archive', 'leave_out', 'wait', 'hold'))"""

MISSING = """SELECT count(*) FROM sync_link l WHERE NOT EXISTS
  (SELECT 1 FROM manage_child c WHERE c.service_id = l.service_id AND c.reference = l.child_id)"""

FULL = """INSERT INTO room_left
  SELECT w.service, a.paid_children, MOST(0, a.paid_children
    - (SELECT count(*) FROM storypark_profile p WHERE p.service_id = w.service AND p.state = 'live') + w.leaving)
  FROM (SELECT service, count(*) FILTER (WHERE step IN ('create', 'restore')) AS wish,
          count(*) FILTER (WHERE step = 'archive') AS leaving
        FROM plan GROUP BY service) w
  JOIN storypark_account a ON a.service_id = w.service
  WHERE w.wish > MOST(0, a.paid_children
    - (SELECT count(*) FROM storypark_profile p WHERE p.service_id = w.service AND p.state = 'live') + w.leaving)"""

QUEUE = """UPDATE plan SET step = 'wait', rule = 'no-space', position = q.turn - q.free, paid = q.paid,
    facts = '{"position": ' || (q.turn - q.free) || ', "paid_children": ' || q.paid || ', "belongs_by": "'
      || plan.rule || '"}'
  FROM (SELECT x.id, f.free, f.paid, row_number() OVER (PARTITION BY x.service ORDER BY
          x.status <> 'Active', x.step <> 'restore',
          CASE WHEN c.next_start IS NOT NULL THEN 0 WHEN c.last_end IS NOT NULL THEN 1 ELSE 2 END,
          CASE WHEN c.next_start > :today THEN c.next_start END NULLS FIRST,
          CASE WHEN c.next_start IS NULL THEN c.last_end END DESC NULLS LAST,
          x.child COLLATE BYTES) AS turn
        FROM plan x JOIN room_left f ON f.service = x.service JOIN manage_child c ON c.id = x.pk
        WHERE x.step IN ('create', 'restore')) q
  WHERE q.id = plan.id AND q.turn > q.free"""

STILL_WAITING = """DELETE FROM plan WHERE step = 'wait' AND was = 'wait' AND EXISTS
  (SELECT 1 FROM sync_entry e WHERE e.id = plan.entry AND e.rule = plan.rule AND e.facts = plan.facts
    AND e.status = plan.status AND e.next_change IS NOT DISTINCT FROM plan.next_change
    AND e.profile_id = coalesce(plan.profile, ''))"""


def _count(steps: str) -> str:
    return f"count(*) FILTER (WHERE step IN ({steps}))"


RUNS = f"""INSERT INTO sync_run(service_id, trigger, started_by, person_id, at, today, state, message, inactive,
    paid_children, live_before, live_after, waiting, counts, fingerprint, converged)
  SELECT i.service_id, 'schedule', 'the schedule', NULL, :now, :today, 'done', '', i.inactive, a.paid_children,
    coalesce(live.number, 0), coalesce(live.number, 0) + t.created + t.restored - t.archived,
    t.waiting + coalesce(o.waiting, 0),
    JSON_OBJECT('create', t.created, 'link', 0, 'restore', t.restored, 'update', t.updated,
      'keep', t.kept + coalesce(o.kept, 0), 'archive', t.archived,
      'leave_out', t.away + coalesce(o.away, 0), 'wait', t.waiting + coalesce(o.waiting, 0), 'hold', 0), '', true
  FROM (SELECT service, {_count("'create'")} AS created, {_count("'restore'")} AS restored,
          {_count("'update'")} AS updated, {_count("'archive'")} AS archived, {_count("'wait'")} AS waiting,
          {_count("'keep'")} AS kept, {_count("'leave_out'")} AS away FROM plan GROUP BY service) t
  JOIN sync_integration i ON i.service_id = t.service
  JOIN storypark_account a ON a.service_id = t.service
  LEFT JOIN (SELECT service_id, count(*) AS number FROM storypark_profile
        WHERE state = 'live' AND OF(service_id) GROUP BY service_id) live ON live.service_id = t.service
  LEFT JOIN (SELECT e.service_id, {_count("'create', 'link', 'restore', 'update', 'keep'")} AS kept,
          {_count("'archive', 'leave_out'")} AS away, {_count("'wait'")} AS waiting
        FROM sync_entry e WHERE e.current AND e.service_id IN (SELECT service FROM plan)
          AND e.id NOT IN (SELECT entry FROM plan WHERE entry IS NOT NULL)
        GROUP BY e.service_id) o ON o.service_id = t.service"""

PROFILE = "coalesce(x.profile, CASE WHEN x.step = 'create' THEN 'P-' || (:base + x.id) ELSE '' END)"
LINK = "'/manage/' || x.service || '/children/' || x.child"

WRITES = (
    f"""INSERT INTO storypark_profile(id, service_id, reference, state, {", ".join(FIELDS)}, archived_by, managed_link,
        created_key)
      SELECT :base + x.id, x.service, 'P-' || (:base + x.id), 'live', {C}, '', {LINK}, run.run || '.' || x.child
      FROM plan x JOIN manage_child c ON c.id = x.pk JOIN run ON run.service = x.service WHERE x.step = 'create'""",
    """INSERT INTO storypark_profileroom(service_id, profile_id, room_id) SELECT x.service, :base + x.id, place.target
      FROM plan x JOIN manage_childroom cr ON cr.child_id = x.pk JOIN place ON place.room = cr.room_id
      WHERE x.step = 'create'""",
    """INSERT INTO sync_link(service_id, child_id, profile_id)
      SELECT x.service, x.child, 'P-' || (:base + x.id) FROM plan x WHERE x.step = 'create'""",
    f"""UPDATE storypark_profile SET {", ".join(f"{field} = c.{field}" for field in FIELDS)}, state = 'live',
        archived_on = NULL, archived_by = '',
        managed_link = CASE WHEN x.step = 'restore' THEN {LINK} ELSE managed_link END
      FROM plan x JOIN manage_child c ON c.id = x.pk
      WHERE x.step IN ('update', 'restore') AND storypark_profile.id = x.profile_pk""",
    """DELETE FROM storypark_profileroom WHERE id IN (SELECT pr.id FROM plan x
      JOIN storypark_profileroom pr ON pr.profile_id = x.profile_pk
      WHERE x.step IN ('update', 'restore') AND NOT EXISTS (SELECT 1 FROM manage_childroom cr
        JOIN place ON place.room = cr.room_id WHERE cr.child_id = x.pk AND place.target = pr.room_id))""",
    """INSERT INTO storypark_profileroom(service_id, profile_id, room_id)
      SELECT x.service, x.profile_pk, place.target FROM plan x
      JOIN manage_childroom cr ON cr.child_id = x.pk JOIN place ON place.room = cr.room_id
      WHERE x.step IN ('update', 'restore') AND NOT EXISTS (SELECT 1 FROM storypark_profileroom pr
        WHERE pr.profile_id = x.profile_pk AND pr.room_id = place.target)""",
    """UPDATE storypark_profile SET state = 'archived', archived_on = :today, archived_by = 'integration'
      FROM plan x WHERE x.step = 'archive' AND storypark_profile.id = x.profile_pk""",
    "UPDATE sync_entry SET current = false WHERE id IN (SELECT entry FROM plan WHERE entry IS NOT NULL)",
    f"""INSERT INTO sync_entry(service_id, run_id, child_id, at, step, rule, status, profile_id, because, facts,
        changes, next_change, current)
      SELECT x.service, run.run, x.child, :now, x.step, x.rule, x.status, {PROFILE}, {BECAUSE}, x.facts,
        coalesce(change.changes, ''), x.next_change, true
      FROM plan x JOIN manage_child c ON c.id = x.pk JOIN run ON run.service = x.service
      LEFT JOIN change ON change.id = x.id
      LEFT JOIN day bf ON bf.day = c.booked_from LEFT JOIN day bu ON bu.day = c.booked_until
      LEFT JOIN day le ON le.day = c.last_end LEFT JOIN day ns ON ns.day = c.next_start
      LEFT JOIN day ar ON ar.day = c.archived_on""",
    """UPDATE storypark_account SET version = version + 1 WHERE service_id IN
      (SELECT service FROM plan WHERE step NOT IN ('keep', 'leave_out', 'wait'))""",
)

CHANGED = f"""INSERT INTO change SELECT x.id, {CHANGES} FROM plan x JOIN manage_child c ON c.id = x.pk
  JOIN storypark_profile p ON p.id = x.profile_pk
  ROOMS
  WHERE x.step = 'update' OR x.step = 'restore' AND (({C}) IS DISTINCT FROM ({P}) OR MOVED)"""

NEW_ROOMS = (
    """INSERT INTO storypark_room(service_id, name) SELECT r.service_id, r.name FROM manage_room r
      WHERE NOT EXISTS (SELECT 1 FROM sync_roomlink l WHERE l.service_id = r.service_id
          AND l.room_id = CAST(r.id AS TEXT)) AND OF(r.service_id)
        AND NOT EXISTS (SELECT 1 FROM storypark_room t WHERE t.service_id = r.service_id AND t.name = r.name)""",
    """INSERT INTO sync_roomlink(service_id, room_id, target_id)
      SELECT r.service_id, CAST(r.id AS TEXT), CAST(t.id AS TEXT) FROM manage_room r
      JOIN storypark_room t ON t.service_id = r.service_id AND t.name = r.name
      WHERE NOT EXISTS (SELECT 1 FROM sync_roomlink l WHERE l.service_id = r.service_id
          AND l.room_id = CAST(r.id AS TEXT)) AND OF(r.service_id)""",
    """INSERT INTO place SELECT CAST(room_id AS BIGINT), CAST(target_id AS BIGINT) FROM sync_roomlink
      WHERE OF(service_id)""",
)

TURN = "i.service_id % 2147483648 * 2654435769 % 4294967296 * 43200 / 4294967296"
SEEN = f"""UPDATE sync_integration AS i SET checked_at = :now, failures = 0,
    next_run_at = INSTANT(:second + 43200 - (:second - {TURN}) % 43200, 'unixepoch'), seen_roster = seen.roster,
    seen_profiles = seen.profiles, seen_service = seen.service, seen_version = i.version,
    look_again_at = CASE WHEN seen.waiting THEN :midnight END
  FROM (SELECT s.id, s.version AS service, g.version AS roster, a.version AS profiles,
          EXISTS (SELECT 1 FROM sync_entry e WHERE e.service_id = s.id AND e.current AND e.step = 'wait') AS waiting
        FROM tenancy_service s JOIN manage_ledger g ON g.service_id = s.id
        JOIN storypark_account a ON a.service_id = s.id) seen
  WHERE seen.id = i.service_id AND {DUE}"""

# what the peers keep in step: the children who shall have a live profile, with their rooms
SHALL_BE_LIVE = f"""SELECT service, child, {", ".join(FIELDS)}, rooms FROM (
  SELECT c.service_id AS service, c.reference AS child, {C}, a.paid_children AS paid,
    (SELECT coalesce(LIST_OF(name), '') FROM (SELECT r.name FROM manage_childroom cr
      JOIN manage_room r ON r.id = cr.room_id WHERE cr.child_id = c.id ORDER BY r.name COLLATE BYTES) named) AS rooms,
    row_number() OVER (PARTITION BY c.service_id ORDER BY coalesce(p.state, '') <> 'live', c.status <> 'Active',
      p.state IS NULL, CASE WHEN c.next_start IS NOT NULL THEN 0 WHEN c.last_end IS NOT NULL THEN 1 ELSE 2 END,
      CASE WHEN c.next_start > :today THEN c.next_start END NULLS FIRST,
      CASE WHEN c.next_start IS NULL THEN c.last_end END DESC NULLS LAST, c.reference COLLATE BYTES) AS turn
  FROM sync_integration i
  JOIN storypark_account a ON a.service_id = i.service_id
  JOIN manage_child c ON c.service_id = i.service_id
  LEFT JOIN sync_choice ch ON ch.service_id = c.service_id AND ch.child_id = c.reference
  LEFT JOIN sync_link l ON l.service_id = c.service_id AND l.child_id = c.reference
  LEFT JOIN storypark_profile p ON p.service_id = l.service_id AND p.reference = l.profile_id
  WHERE OF(i.service_id) AND i.stage = 'on' AND ch.kind IS NULL
    AND (c.status = 'Active' OR c.status = 'Inactive' AND i.inactive = 'stay')) ranked
WHERE turn <= paid"""

PROFILES = f"""SELECT l.child_id, p.id, p.state, {P},
    (SELECT coalesce(LIST_OF(name), '') FROM (SELECT r.name FROM storypark_profileroom pr
      JOIN storypark_room r ON r.id = pr.room_id WHERE pr.profile_id = p.id ORDER BY r.name COLLATE BYTES) named)
  FROM storypark_profile p JOIN sync_link l ON l.service_id = p.service_id AND l.profile_id = p.reference
  WHERE OF(p.service_id)"""
