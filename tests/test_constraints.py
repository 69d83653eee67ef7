"""The database itself refuses what must not be, also past the verbs: raw rows that must not go in."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest
from django.apps import apps
from django.db import IntegrityError, connection, models, transaction

from parkway.db import bulk
from parkway.manage.models import Booking, Child, ChildRoom
from parkway.manage.models import Room as ManageRoom
from parkway.storypark.models import Profile, ProfileRoom, Story
from parkway.storypark.models import Room as StoryparkRoom
from parkway.sync.models import Choice, Entry, Integration, Link, RoomLink, Run
from parkway.tenancy.models import ChangeLogEntry, Organisation, Person, Role, Service

pytestmark = pytest.mark.django_db

DAY = date(2026, 11, 24)
NOW = datetime(2026, 11, 24, 1, tzinfo=UTC)

Values = dict[str, Any]

GOOD: dict[type[models.Model], Values] = {
    Service: {"organisation_id": 1, "name": "Tōtara", "slug": "totara", "time_zone": "Pacific/Auckland"},
    Role: {"person_id": 1, "service_id": 1, "role": "educator"},
    ChangeLogEntry: {
        **{"service_id": 1, "subject": "child", "subject_id": "c1", "verb": "amend", "changes": {}},
        **{"by_label": "Aroha", "at": NOW},
    },
    ManageRoom: {"service_id": 1, "name": "Kiwi"},
    Child: {"service_id": 1, "reference": "c1", "first_name": "Ana", "status": "Active"},
    ChildRoom: {"service_id": 1, "child_id": 1, "room_id": 1},
    Booking: {"service_id": 1, "child_id": 1, "kind": "permanent", "state": "confirmed", "starts_on": DAY},
    StoryparkRoom: {"service_id": 1, "name": "Kiwi"},
    Profile: {"service_id": 1, "reference": "p1", "first_name": "Ana", "state": "live"},
    ProfileRoom: {"service_id": 1, "profile_id": 1, "room_id": 1},
    Story: {"service_id": 1, "title": "A tower", "state": "draft", "written_on": DAY},
    Integration: {"service_id": 1, "stage": "on", "inactive": "leave"},
    Link: {"service_id": 1, "child_id": "c1", "profile_id": "p1"},
    RoomLink: {"service_id": 1, "room_id": "m1", "target_id": "s1"},
    Choice: {"service_id": 1, "child_id": "c1", "kind": "new", "chosen_by": "Aroha", "chosen_at": NOW},
    Run: {
        **{"service_id": 1, "trigger": "now", "started_by": "Aroha", "at": NOW, "today": DAY},
        **{"state": "done", "inactive": "leave", "counts": {}},
    },
    Entry: {
        **{"service_id": 1, "run_id": 1, "child_id": "c1", "at": NOW, "step": "keep", "rule": "active"},
        **{"because": "…", "facts": "{}"},
    },
}
"""A row of each table that goes in, as far as it differs from the fields' own defaults."""

ALONE: list[tuple[str, type[models.Model], Values]] = [
    ("a window of ten years", Service, {"lookback_days": 3651}),
    ("a window that is negative", Service, {"lookahead_days": -1}),
    ("a role that there is not", Role, {"role": "cook"}),
    ("a change of what there is not", ChangeLogEntry, {"subject": "cook"}),
    ("a room without a name in Manage", ManageRoom, {"name": ""}),
    ("a room without a name in Storypark", StoryparkRoom, {"name": ""}),
    ("a child without a name", Child, {"first_name": "", "last_name": ""}),
    ("a child without an id", Child, {"reference": ""}),
    ("a status that there is not", Child, {"status": "Enrolled"}),
    ("Archived without a day", Child, {"status": "Archived"}),
    ("a day of archiving without Archived", Child, {"archived_on": DAY}),
    ("a kind of booking that there is not", Booking, {"kind": "hourly", "ends_on": DAY}),
    ("a state of a booking that there is not", Booking, {"state": "pending"}),
    ("an end before the start", Booking, {"ends_on": date(2026, 11, 23)}),
    ("a casual booking without an end", Booking, {"kind": "casual"}),
    ("a booking of nobody", Booking, {"child_id": 99}),
    ("a state of a profile that there is not", Profile, {"state": "hidden"}),
    ("a profile without a name", Profile, {"first_name": ""}),
    ("a profile without an id", Profile, {"reference": ""}),
    ("an archived profile without a day", Profile, {"state": "archived"}),
    ("a live profile with a day of archiving", Profile, {"archived_on": DAY}),
    ("a live profile that somebody archived", Profile, {"archived_by": "person"}),
    ("a state of a story that there is not", Story, {"state": "secret"}),
    ("a story without a title", Story, {"title": ""}),
    ("a stage that there is not", Integration, {"stage": "paused"}),
    ("a setting that there is not", Integration, {"inactive": "maybe"}),
    ("asked for, but not due", Integration, {"asked": "now", "next_run_at": NOW}),
    ("asked for by nothing there is", Integration, {"asked": "magic"}),
    ("more than 100 per cent", Integration, {"limit_percent": 101}),
    ("a run asked for that is not due", Integration, {"asked": "now", "next_run_at": NOW}),
    ("a choice that there is not", Choice, {"kind": "later"}),
    ("a choice of a profile without one", Choice, {"kind": "profile"}),
    ("another choice with a profile", Choice, {"profile_id": "p1"}),
    ("a choice that says nothing", Choice, {"kind": ""}),
    ("a state of a run that there is not", Run, {"state": "paused"}),
    ("a trigger that there is not", Run, {"trigger": "magic"}),
    ("a step that there is not", Entry, {"step": "delete"}),
    ("a status in the journal that there is not", Entry, {"status": "Enrolled"}),
    ("an entry without a run", Entry, {"run_id": 99}),
]

BESIDE_IT: list[tuple[str, type[models.Model], Values, Values]] = [
    ("a second service with the same slug", Service, {}, {"name": "Another"}),
    ("the same role twice", Role, {}, {}),
    ("two rooms of one name in Manage", ManageRoom, {}, {}),
    ("two rooms of one name in Storypark", StoryparkRoom, {}, {}),
    ("two children of one id", Child, {}, {"first_name": "Ben"}),
    ("a child twice in a room", ChildRoom, {}, {}),
    ("two profiles of one id", Profile, {}, {"first_name": "Ben"}),
    ("a profile twice in a room", ProfileRoom, {}, {}),
    ("a second integration", Integration, {}, {}),
    ("a second link of a child", Link, {}, {"profile_id": "p2"}),
    ("a second child of a profile", Link, {}, {"child_id": "c2"}),
    ("a second link of a room", RoomLink, {}, {"target_id": "s2"}),
    ("a second room of a target", RoomLink, {}, {"room_id": "m2"}),
    ("a second choice for a child", Choice, {}, {"kind": "dont_add"}),
    (
        "a second child for whom a profile is chosen",
        Choice,
        {"kind": "profile", "profile_id": "p1"},
        {"kind": "profile", "profile_id": "p1", "child_id": "c2"},
    ),
    ("a second profile of one order", Profile, {"created_key": "k"}, {"created_key": "k", "reference": "p2"}),
    ("a second current entry of a child", Entry, {}, {"step": "archive"}),
]


@pytest.fixture(autouse=True)
def first_rows(db: None) -> None:
    """What the rows point to: an organisation, a service, a person, a child, a profile, rooms and a run."""
    Organisation.objects.create(pk=1, name="Aroha")
    Service.objects.create(pk=1, organisation_id=1, name="Rimu", slug="rimu", time_zone="Pacific/Auckland")
    Service.objects.create(pk=2, organisation_id=1, name="Miro", slug="miro", time_zone="Pacific/Auckland")
    Person.objects.create(pk=1, email="aroha@example.org", name="Aroha")
    Child.objects.create(pk=1, service_id=1, reference="c0", first_name="Ana")
    Profile.objects.create(pk=1, service_id=1, reference="p0", first_name="Ana")
    for model in (ManageRoom, StoryparkRoom):
        model._default_manager.create(pk=1, service_id=1, name="Tūī")
    Run.objects.create(pk=1, **GOOD[Run])
    for model in GOOD:
        if isinstance(model._meta.pk, models.BigAutoField):
            bulk.reserve_ids(model, 9)  # PostgreSQL counts on from ids that it gave itself


def insert(model: type[models.Model], values: Values) -> None:
    """One row past models and verbs; what a deferred constraint says is heard at once."""
    found = model(**values)
    fields = [field for field in model._meta.concrete_fields if not field.primary_key or field.is_relation]
    row = [field.get_db_prep_save(field.pre_save(found, True), connection) for field in fields]
    with transaction.atomic():
        bulk.insert(model, [field.column for field in fields], [tuple(row)])
        connection.check_constraints([model._meta.db_table])


@pytest.mark.parametrize("model", GOOD, ids=lambda model: model._meta.label)
def test_a_good_row_goes_in(model: type[models.Model]) -> None:
    before = model._default_manager.count()
    insert(model, GOOD[model])
    assert model._default_manager.count() == before + 1


@pytest.mark.parametrize(("model", "values"), [case[1:] for case in ALONE], ids=[case[0] for case in ALONE])
def test_a_row_that_must_not_be_is_refused(model: type[models.Model], values: Values) -> None:
    with pytest.raises(IntegrityError):
        insert(model, GOOD[model] | values)
    insert(model, GOOD[model])


@pytest.mark.parametrize(
    ("model", "first", "second"), [case[1:] for case in BESIDE_IT], ids=[case[0] for case in BESIDE_IT]
)
def test_a_second_row_that_must_not_be_is_refused(
    model: type[models.Model], first: Values, second: Values
) -> None:
    insert(model, GOOD[model] | first)
    with pytest.raises(IntegrityError):
        insert(model, GOOD[model] | second)


@pytest.mark.parametrize("model", [Link, RoomLink, Choice, Entry, Child, Profile, ManageRoom, StoryparkRoom])
def test_another_service_may_have_the_same(model: type[models.Model]) -> None:
    """D14."""
    insert(model, GOOD[model])
    insert(model, GOOD[model] | {"service_id": 2})


def test_entries_that_no_longer_stand_may_be_many() -> None:
    for _ in range(2):
        insert(Entry, GOOD[Entry] | {"current": False})
    insert(Entry, GOOD[Entry])


def refusal(model: type[models.Model], *several: Values) -> str:
    """What the database says to rows of which the last must not go in."""
    try:
        with transaction.atomic():
            for values in several:
                insert(model, GOOD[model] | values)
    except IntegrityError as refused:
        return str(refused)
    pytest.fail(f"{model._meta.label} takes {several}")


def test_every_constraint_is_tried() -> None:
    """One that is added is broken here as well; no other one may refuse the row in its place."""
    said = [refusal(model, values) for _, model, values in ALONE]
    said += [refusal(model, first, second) for _, model, first, second in BESIDE_IT]
    untried = []
    for model in apps.get_models():
        for constraint in model._meta.constraints if model.__module__.startswith("parkway.") else ():
            columns = [model._meta.get_field(name).column for name in getattr(constraint, "fields", ())]
            # PostgreSQL names the constraint; SQLite names the columns of one that asks for one of a kind
            signs = {constraint.name, ", ".join(f"{model._meta.db_table}.{column}" for column in columns)}
            if not any(sign and sign in text for sign in signs for text in said):
                untried.append(constraint.name)
    assert untried == []
