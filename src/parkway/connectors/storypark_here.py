"""The profiles port onto Parkway's own Storypark, in bulk."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime

from parkway import domain
from parkway.connectors.fields_here import (
    NO_ROOMS,
    columns_of,
    details_of,
    names_of_rooms,
    rooms_of,
    values_of,
)
from parkway.connectors.ports import (
    AccountAnswer,
    ProfilesAnswer,
    ProfileWrites,
    ServiceQuery,
    WriteResult,
    refuse_taken,
)
from parkway.connectors.registry import OWN_NAMES, End
from parkway.db import bulk, locking
from parkway.domain import ALL_FIELDS, COLUMN_FIELDS, ProfileState, column_values
from parkway.storypark import portfolios, verbs
from parkway.storypark.models import Account, ArchivedBy, Profile, ProfileRoom, Room
from parkway.tenancy.models import Service
from parkway.tenancy.people import Actor
from parkway.tenancy.scope import scope

STATES = {state.value: state for state in ProfileState}
LIVE, ARCHIVED = ProfileState.LIVE.value, ProfileState.ARCHIVED.value


class StoryparkHere:
    """Profiles, rooms and accounts of services whose Storypark is in this database."""

    def versions(self, queries: Sequence[ServiceQuery]) -> Mapping[int, int | None]:
        """The versions of the accounts."""
        return _of_accounts("version", [query.service_id for query in queries])

    def read(self, queries: Sequence[ServiceQuery]) -> Mapping[int, ProfilesAnswer]:
        """Profiles, rooms and accounts: a few queries for any number of services."""
        ids = [query.service_id for query in queries]
        paid = _of_accounts("paid_children", ids)
        profiles: dict[int, dict[str, domain.Profile]] = {service_id: {} for service_id in ids}
        rooms = rooms_of(Room, ids)
        joined = f"JOIN {bulk.table(ProfileRoom)} pr ON pr.profile_id = p.id"
        placed = names_of_rooms(_of_profiles(queries, "pr.profile_id, pr.room_id", joined), rooms)
        new = bulk.unchecked_tuple
        for service_id, pk, reference, state, *values in _of_profiles(
            queries, f"p.service_id, p.id, p.reference, p.state, {columns_of('p')}"
        ):
            details = details_of(values, placed.get(pk, NO_ROOMS))
            profiles[service_id][reference] = new(
                domain.Profile, (reference, STATES[state], details, ALL_FIELDS)
            )
        return {key: ProfilesAnswer(profiles[key], rooms.get(key, []), paid[key]) for key in ids}

    def write(
        self, writes: Mapping[int, ProfileWrites], today: Mapping[int, date]
    ) -> Mapping[int, WriteResult]:
        """Carry out the orders of several services, a few statements for all of them."""
        rooms_made, names = _write_rooms(writes)
        _change(writes, today, names)
        made = _create(writes, names)
        ids = list(writes)
        if ids:
            chosen, values = bulk.in_clause(ids)
            account = bulk.table(Account)
            bulk.write(f"UPDATE {account} SET version = version + 1 WHERE service_id {chosen}", values)
        return {key: WriteResult(made[key], rooms_made[key]) for key in writes}

    def accounts(self, service_ids: Sequence[int]) -> Mapping[int, AccountAnswer]:
        """The accounts and the live profiles: two queries for any number of services."""
        chosen, values = bulk.in_clause(service_ids)
        paid: dict[int, int] = dict(
            bulk.read(
                f"SELECT service_id, paid_children FROM {bulk.table(Account)} WHERE service_id {chosen}",
                values,
            )
        )
        counted = f"""SELECT service_id, count(*) FROM {bulk.table(Profile)}
                      WHERE state = %s AND service_id {chosen} GROUP BY service_id"""
        live: dict[int, int] = dict(bulk.read(counted, [LIVE, *values]))
        return {key: AccountAnswer(paid.get(key, 0), live.get(key, 0)) for key in service_ids}

    def set_paid_children(self, service_id: int, number: int, by: Actor, now: datetime) -> None:
        """Change the account."""
        verbs.set_paid_children(Service.objects.get(pk=service_id), number, by=by, now=now)

    def take_profiles(
        self, service_id: int, profiles: Sequence[domain.Profile], by: Actor, now: datetime
    ) -> None:
        """Take profiles over into Storypark."""
        service = Service.objects.get(pk=service_id)
        portfolios.take_profiles(service, profiles, by=by, now=now)

    def mark(self, query: ServiceQuery, managed_links: Mapping[str, str]) -> None:
        """Mark profiles as managed elsewhere; a tombstone is managed by nobody (R14)."""
        _of_accounts("version", [query.service_id])
        there = scope(Profile, query.service_id).exclude(state=ProfileState.DELETED.value)
        known = set(there.values_list("reference", flat=True))
        marks = [(link, query.service_id, key) for key, link in managed_links.items() if key in known]
        bulk.update(Profile, ["managed_link"], ["service_id", "reference"], marks)

    def release(self, query: ServiceQuery) -> None:
        """Take the mark "managed elsewhere" off the profiles of a service (D15)."""
        _of_accounts("version", [query.service_id])
        scope(Profile, query.service_id).exclude(managed_link="").update(managed_link="")


def _of_accounts(column: str, ids: Sequence[int]) -> dict[int, int]:
    """A column of the accounts of these services, which are opened where there is none, and held by a
    transaction at hand until it ends: nobody else changes these Storyparks meanwhile.
    """
    chosen, values = bulk.in_clause(ids)
    query = f"""SELECT service_id, {column} FROM {bulk.table(Account)}
                WHERE service_id {chosen} ORDER BY service_id{locking.for_update()}"""
    found: dict[int, int] = dict(bulk.read(query, values))
    if len(found) < len(ids):
        new = [Account(service_id=key) for key in ids if key not in found]
        Account.objects.bulk_create(new, ignore_conflicts=True)
        found = dict(bulk.read(query, values))
    return found


def _of_profiles(queries: Sequence[ServiceQuery], columns: str, joined: str = "") -> list[bulk.Row]:
    """These columns of all profiles (p) that are asked about, with what is joined to them."""
    table = bulk.table(Profile)
    ids = [query.service_id for query in queries if query.only is None]
    some = [(query.service_id, profile_id) for query in queries for profile_id in query.only or ()]
    found = bulk.read_by(
        some,
        f"""SELECT {columns} FROM wanted
            JOIN {table} p ON p.service_id = wanted.a AND p.reference = wanted.b {joined}""",
    )
    if ids:
        chosen, values = bulk.in_clause(ids)
        found += bulk.read(f"SELECT {columns} FROM {table} p {joined} WHERE p.service_id {chosen}", values)
    return found


def _write_rooms(
    writes: Mapping[int, ProfileWrites],
) -> tuple[dict[int, dict[str, str]], dict[int, dict[str, int]]]:
    """Rename and create rooms; the ids of those created, by service and the roster's room id, and then the
    ids of all rooms by service and name.
    """
    there, names = rooms_of(Room, list(writes)), {}
    for key, theirs in writes.items():
        renamed = {room.target_id: room.name for room in theirs.rooms if room.target_id is not None}
        if renamed:
            _rename(key, dict(there[key]), renamed)
        names[key] = {renamed.get(room_id, name): int(room_id) for room_id, name in there[key]}
    wanted = [(key, room) for key, each in writes.items() for room in each.rooms if room.target_id is None]
    new = list(dict.fromkeys((key, room.name) for key, room in wanted if room.name not in names[key]))
    created = [(pk, *room) for pk, room in zip(bulk.reserve_ids(Room, len(new)), new, strict=True)]
    bulk.insert(Room, ["id", "service_id", "name"], created)
    for pk, key, name in created:
        names[key][name] = pk
    made: dict[int, dict[str, str]] = {key: {} for key in writes}
    for key, room in wanted:
        made[key][room.room_id] = str(names[key][room.name])
    return made, names


def _rename(service_id: int, names: Mapping[str, str], renamed: Mapping[str, str]) -> None:
    """Rename rooms by id, through a name that begins with a space, so that two rooms may swap names: a name
    that people or files give is trimmed.
    """
    refuse_taken(names, renamed)
    found_by = ["service_id", "id"]
    bulk.update(Room, ["name"], found_by, [(f" {pk}", service_id, int(pk)) for pk in renamed])
    bulk.update(Room, ["name"], found_by, [(name, service_id, int(pk)) for pk, name in renamed.items()])


def _change(
    writes: Mapping[int, ProfileWrites], today: Mapping[int, date], names: Mapping[int, Mapping[str, int]]
) -> None:
    """Archive, restore, rewrite and mark profiles that exist."""
    found_by = ["service_id", "reference"]
    changes = [(key, change) for key, theirs in writes.items() for change in theirs.changes]
    origins = {
        key: (ArchivedBy.SET_UP if theirs.set_up else ArchivedBy.INTEGRATION).value
        for key, theirs in writes.items()
    }
    archived = [
        (ARCHIVED, today[key], origins[key], key, change.profile_id)
        for key, change in changes
        if change.archive is True
    ]
    bulk.update(Profile, ["state", "archived_on", "archived_by"], found_by, archived)
    restored = [(LIVE, None, "", key, c.profile_id) for key, c in changes if c.archive is False]
    bulk.update(Profile, ["state", "archived_on", "archived_by"], found_by, restored)
    rewritten = [(key, c.profile_id, c.details) for key, c in changes if c.details is not None]
    values = [(*column_values(details), key, pid) for key, pid, details in rewritten]
    bulk.update(Profile, COLUMN_FIELDS, found_by, values)
    marked = [(c.managed_link, key, c.profile_id) for key, c in changes if c.managed_link is not None]
    bulk.update(Profile, ["managed_link"], found_by, marked)
    _move({(key, pid): {names[key][name] for name in details.rooms} for key, pid, details in rewritten})


def _move(wanted: Mapping[tuple[int, str], set[int]]) -> None:
    """Put profiles, found by service and id, into these rooms and no others."""
    there: dict[tuple[int, str], tuple[int, set[int]]] = {}
    for service_id, reference, pk, room_id in bulk.read_by(
        list(wanted),
        f"""SELECT p.service_id, p.reference, p.id, pr.room_id FROM wanted
            JOIN {bulk.table(Profile)} p ON p.service_id = wanted.a AND p.reference = wanted.b
            LEFT JOIN {bulk.table(ProfileRoom)} pr ON pr.profile_id = p.id""",
    ):
        _, rooms = there.setdefault((service_id, reference), (pk, set()))
        if room_id is not None:
            rooms.add(room_id)
    found = [(profile[0], *there[profile], rooms) for profile, rooms in wanted.items()]
    columns = ["service_id", "profile_id", "room_id"]
    left = [(key, pk, room) for key, pk, old, new in found for room in sorted(old - new)]
    entered = [(key, pk, room) for key, pk, old, new in found for room in sorted(new - old)]
    bulk.delete(ProfileRoom, columns, left)
    bulk.insert(ProfileRoom, columns, entered)


def _create(
    writes: Mapping[int, ProfileWrites], names: Mapping[int, Mapping[str, int]]
) -> dict[int, dict[str, str]]:
    """Make the new profiles; the ids they get, by service and child id."""
    made: dict[int, dict[str, str]] = {key: {} for key in writes}
    asked = [(key, create) for key, each in writes.items() for create in each.creates]
    inhabited = _inhabited([key for key, each in writes.items() if each.creates])
    before = _created_before([(key, create.key) for key, create in asked if key in inhabited])
    new = []
    for key, create in asked:
        if before and (reference := before.get((key, create.key))):
            made[key][create.child_id] = reference
        else:
            new.append((key, create))
    profiles, placed = [], []
    primary_keys = bulk.reserve_ids(Profile, len(new))
    owners = zip(primary_keys, new, strict=True)
    odd = _odd_references({pk: key for pk, (key, _) in owners if key in inhabited})
    for pk, (key, (child_id, details, link, created_key)) in zip(primary_keys, new, strict=True):
        reference = made[key][child_id] = odd.get(pk) or f"P-{pk}"
        profiles.append((pk, key, reference, LIVE, *values_of(details), "", link, created_key))
        placed += [(key, pk, names[key][name]) for name in details.rooms]
    columns = ["id", "service_id", "reference", "state", *COLUMN_FIELDS, "archived_by", "managed_link"]
    bulk.insert(Profile, [*columns, "created_key"], profiles)
    bulk.insert(ProfileRoom, ["service_id", "profile_id", "room_id"], placed)
    return made


def _inhabited(ids: Sequence[int]) -> set[int]:
    """Return the services that have profiles already: in others a new profile can meet no other."""
    some = f"SELECT 1 FROM {bulk.table(Profile)} p WHERE p.service_id = a.service_id"
    chosen, values = bulk.in_clause(ids)
    accounts = f"SELECT service_id FROM {bulk.table(Account)} a WHERE service_id {chosen}"
    found = bulk.read(f"{accounts} AND EXISTS ({some})", values)
    return {service_id for (service_id,) in found}


def _odd_references(services: Mapping[int, int]) -> dict[int, str]:
    """Ids by primary key for the new profiles that cannot have their usual one, because their service has it:
    profiles that were taken over from elsewhere brought theirs along.
    """
    found = {pk: f"P-{pk}" for pk in services}
    unsure, odd = list(found), dict[int, str]()
    while unsure:
        taken = set()
        for batch in bulk.batches(unsure, 500):
            chosen, ids = bulk.in_clause({services[pk] for pk in batch})
            named, references = bulk.in_clause([found[pk] for pk in batch])
            taken |= set(
                bulk.read(
                    f"""SELECT service_id, reference FROM {bulk.table(Profile)}
                        WHERE service_id {chosen} AND reference {named}""",
                    [*ids, *references],
                )
            )
        unsure = [pk for pk in unsure if (services[pk], found[pk]) in taken]
        odd |= {pk: f"{found[pk]}+" for pk in unsure}
        found |= odd
    return odd


def _created_before(wanted: Sequence[tuple[int, str]]) -> dict[tuple[int, str], str]:
    """The ids of profiles that were made under these keys before, by service and key."""
    found = bulk.read_by(
        wanted,
        f"""SELECT p.service_id, p.created_key, p.reference FROM wanted
            JOIN {bulk.table(Profile)} p ON p.service_id = wanted.a AND p.created_key = wanted.b
            WHERE p.created_key <> ''""",
    )
    return {(service_id, key): reference for service_id, key, reference in found}


END = End(
    OWN_NAMES.profiles,
    lambda settings: StoryparkHere(),
    in_transaction=True,
    about="Profiles and stories kept in Parkway itself.",
)
