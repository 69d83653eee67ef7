"""diffsync with its usual adapters: for each service a pair of them, an object for each child, and a write
for each difference.

It keeps profiles, their rooms and links in step, in a transaction for each service. The queue for spaces is
worked out for it in SQL. It writes no journal, no runs, and nothing by which a next pass could be shorter.
"""

from __future__ import annotations

import logging
from contextlib import closing
from datetime import date
from typing import Any

import structlog
from diffsync import Adapter, DiffSyncModel

from benchmarks import statements as sql
from benchmarks.fleet import FIRST_SYNC
from benchmarks.limit import Limit

structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))

COLUMNS = (*sql.FIELDS, "rooms")
VALUES = ", ".join(f"{field} = ?" for field in sql.FIELDS)


class Child(DiffSyncModel):
    """A child who shall have a live profile."""

    _modelname = "child"
    _identifiers = ("child_id",)
    _attributes = COLUMNS
    child_id: str
    first_name: str
    last_name: str
    preferred_name: str
    date_of_birth: str | None
    gender: str
    rooms: str


class Source(Adapter):
    """Manage."""

    child = Child
    top_level = ("child",)

    def load(self, rows: list[Any]) -> None:
        for _, child_id, *values in rows:
            self.add(Child(child_id=child_id, **_attributes(values)))


class Portfolio(Child):
    """A live profile; what is done to it is written through."""

    @classmethod
    def create(cls, adapter: Any, ids: dict[str, Any], attrs: dict[str, Any]) -> Any:
        adapter.put(ids["child_id"], attrs)
        return super().create(adapter, ids, attrs)

    def update(self, attrs: dict[str, Any]) -> Any:
        self.adapter.put(self.child_id, {name: getattr(self, name) for name in COLUMNS} | attrs)
        return super().update(attrs)

    def delete(self) -> Any:
        self.adapter.archive(self.child_id)
        return super().delete()


class Target(Adapter):
    """Storypark."""

    child = Portfolio
    top_level = ("child",)

    def load(self, limit: Limit, service: int, profiles: list[Any], rooms: dict[str, int]) -> None:
        self.limit, self.service, self.rooms = limit, service, rooms
        self.ids: dict[str, int] = {}
        for child_id, pk, state, *values in profiles:
            self.ids[child_id] = pk
            if state == "live":
                self.add(Portfolio(child_id=child_id, **_attributes(values)))

    def put(self, child_id: str, values: dict[str, Any]) -> None:
        """Make a live profile of the child, or rewrite or restore the one there is."""
        fields = [values[field] for field in sql.FIELDS]
        if (pk := self.ids.get(child_id)) is None:
            self.limit.values["base"] += 1
            pk = self.ids[child_id] = self.limit.values["base"]
            link = f"/manage/{self.service}/children/{child_id}"
            names = ", ".join(sql.FIELDS)
            self._write(
                f"""INSERT INTO storypark_profile(id, service_id, reference, {names}, state, archived_by,
                    managed_link) VALUES ({", ".join("?" * 8)}, 'live', '', ?)""",
                (pk, self.service, f"P-{pk}", *fields, link),
            )
            self._write(
                "INSERT INTO sync_link(service_id, child_id, profile_id) VALUES (?, ?, ?)",
                (self.service, child_id, f"P-{pk}"),
            )
        else:
            self._write(
                f"""UPDATE storypark_profile SET {VALUES}, state = 'live', archived_on = NULL,
                    archived_by = '' WHERE id = ?""",
                (*fields, pk),
            )
            self._write("DELETE FROM storypark_profileroom WHERE profile_id = ?", (pk,))
        for name in filter(None, values["rooms"].split("|")):
            self._write(
                "INSERT INTO storypark_profileroom(service_id, profile_id, room_id) VALUES (?, ?, ?)",
                (self.service, pk, self.rooms[name]),
            )

    def archive(self, child_id: str) -> None:
        """Archive the child's profile."""
        self._write(
            """UPDATE storypark_profile SET state = 'archived', archived_on = ?, archived_by = 'integration'
                WHERE id = ?""",
            (self.limit.values["today"], self.ids[child_id]),
        )

    def _write(self, statement: str, values: tuple[Any, ...]) -> None:
        mark = "?" if self.limit.kind == "sqlite" else "%s"
        self.limit.connection.execute(statement.replace("?", mark), values)


def sync(url: str, today: date) -> None:
    """Bring the whole fleet of a database into step, service by service."""
    limit = Limit(url, FIRST_SYNC, today)
    with closing(limit.connection):
        limit.of_one_service()
        limit.values["base"] = limit.rows("SELECT coalesce(max(id), 0) FROM storypark_profile")[0][0]
        for (service,) in limit.rows("SELECT id FROM tenancy_service ORDER BY id"):
            limit.values["service"] = service
            limit.run("BEGIN")
            for statement in sql.NEW_ROOMS[:2]:
                limit.run(statement)
            rooms = limit.rows("SELECT name, id FROM storypark_room WHERE OF(service_id)")
            source, target = Source(), Target()
            source.load(limit.rows(sql.SHALL_BE_LIVE))
            target.load(limit, service, limit.rows(sql.PROFILES), dict(rooms))
            source.sync_to(target)
            limit.run("COMMIT")


def _attributes(values: list[Any]) -> dict[str, Any]:
    first, last, preferred, born, gender, rooms = values
    return dict(zip(COLUMNS, (first, last, preferred, str(born), gender, rooms), strict=True))
