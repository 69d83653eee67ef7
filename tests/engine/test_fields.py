"""The one table of the synced fields, and what follows from it (D11)."""

import re
from datetime import date

import pytest

from parkway.cli.plan import command as plan_command
from parkway.connectors import csv_files
from parkway.domain import (
    ALL_FIELDS,
    COLUMN_FIELDS,
    FIELDS,
    LONGEST,
    SYNCED_FIELDS,
    TEXT_FIELDS,
    Details,
    FieldKind,
    column_values,
    label_of,
)
from parkway.engine.changes import details_after, differences
from parkway.manage import export
from parkway.manage import models as manage
from parkway.storypark import models as storypark
from tests.engine.builders import child, profile

FULL = Details("Mānaia", "Ngata", "Nani", date(2021, 3, 4), "girl", frozenset({"Tūī"}))
EMPTY = Details()


def test_the_table_describes_the_details_in_their_order():
    assert (*FIELDS, "more") == Details._fields
    for field in SYNCED_FIELDS:
        kinds = {FieldKind.TEXT: "", FieldKind.DAY: None, FieldKind.ROOMS: frozenset()}
        assert EMPTY.value(field.name) == kinds[field.kind], field.name


def test_rooms_stand_last_behind_the_fields_with_one_value():
    """Rows from a database are made into details in this order."""
    assert (*COLUMN_FIELDS, "rooms") == FIELDS


def test_values_come_in_the_order_of_their_names():
    assert (
        dict(zip(COLUMN_FIELDS, column_values(FULL), strict=True)) | {"rooms": FULL.rooms} == FULL.by_name()
    )
    assert [name for name in COLUMN_FIELDS if isinstance(FULL.value(name), str)] == list(TEXT_FIELDS)


@pytest.mark.parametrize("model", [manage.Child, storypark.Profile])
def test_both_databases_have_the_fields_and_room_for_them(model):
    for name in COLUMN_FIELDS:
        assert model._meta.get_field(name).max_length == LONGEST.get(name)


def test_files_and_exports_have_the_columns():
    columns = tuple(field.column for field in SYNCED_FIELDS)
    for table in (csv_files.CHILDREN.known, csv_files.PROFILES.known, export.COLUMNS):
        assert [name for name in table if name in columns] == list(columns)


def test_the_help_of_the_dry_run_names_every_column():
    for name in {*csv_files.CHILDREN.known, *csv_files.BOOKINGS.known, *csv_files.PROFILES.known}:
        assert re.search(rf"\b{name}\b", plan_command.epilog), name


def test_every_field_has_a_label_also_one_that_only_ends_know():
    assert [label_of(field.name) for field in SYNCED_FIELDS] == [field.label for field in SYNCED_FIELDS]
    assert label_of("allergy_plan") == "Allergy plan"


def test_details_are_made_of_values_by_name_and_back():
    values = {**FULL.by_name(), "swims": "yes", "allergy_plan": "EpiPen"}

    assert Details.of(values) == FULL._replace(more=(("allergy_plan", "EpiPen"), ("swims", "yes")))
    assert Details.of(values).by_name() == values
    assert Details.of({"first_name": "Mānaia", "allergy_plan": ""}) == Details("Mānaia")
    assert Details.of({}) == EMPTY


@pytest.mark.parametrize("theirs", [(), (("allergy_plan", "EpiPen"),)])
@pytest.mark.parametrize("own", [(), (("allergy_plan", ""),), (("allergy_plan", "Antihistamine"),)])
@pytest.mark.parametrize("roster_knows", [True, False])
@pytest.mark.parametrize("end_knows", [True, False])
def test_a_further_field_is_compared_when_both_ends_know_it(theirs, own, roster_knows, end_knows):
    """D20."""
    more = ALL_FIELDS | {"allergy_plan"}
    someone = child("c", FULL._replace(more=own), supplied=more if roster_knows else ALL_FIELDS)
    portfolio = profile("p", FULL._replace(more=theirs), supplied=more if end_knows else ALL_FIELDS)
    changes = differences(someone, portfolio)

    old, new = dict(theirs).get("allergy_plan", ""), dict(own).get("allergy_plan", "")
    differs = roster_knows and end_knows and old != new
    assert changes == ({"allergy_plan": (old, new)} if differs else {})
    left = new if differs else old
    assert details_after(portfolio, changes) == FULL._replace(more=(("allergy_plan", left),) if left else ())
