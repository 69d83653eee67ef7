"""A migration only expands, while the program before it still works on the database (docs/operating.md)."""

from __future__ import annotations

import pytest
from django.contrib.postgres.operations import (
    AddConstraintNotValid,
    AddIndexConcurrently,
    ValidateConstraint,
)
from django.db import models
from django.db.migrations import Migration
from django.db.migrations import operations as steps
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState
from django.db.models.fields import NOT_PROVIDED

from parkway.tenancy import row_level_security

FREE = {"manage": 1, "storypark": 1, "sync": 1, "tenancy": 1}
"""The number of the last migration of each app that need not keep to it: the one that makes its tables."""

CONTRACTS = "_contracts"  # how a migration's name ends that takes away what no program uses any more

EXPANDING = (
    steps.CreateModel,
    steps.AddIndex,
    AddIndexConcurrently,
    steps.AddConstraint,
    AddConstraintNotValid,
    ValidateConstraint,
    steps.AlterModelOptions,
    steps.AlterModelManagers,
)


def expands(step: Operation) -> bool:
    """Whether a program that does not know of this step works as before once it is done."""
    if isinstance(step, steps.AddField):
        field = step.field
        return bool(field.many_to_many or field.null or field.db_default is not NOT_PROVIDED)
    if isinstance(step, steps.RunPython):  # the wall around a new table; rows are moved elsewhere
        return step.code.__module__ == row_level_security.__name__
    return isinstance(step, EXPANDING)


def before(loader: MigrationLoader, app: str, name: str) -> ProjectState:
    """The models as they are before a migration."""
    return loader.project_state([parent.key for parent in loader.graph.node_map[app, name].parents])


def widens(step: Operation, migration: Migration, state: ProjectState) -> bool:
    """Whether a step lets a column hold more values than before, and all that it could hold before."""
    app = migration.app_label
    if isinstance(step, steps.AlterField):
        old = state.models[app, step.model_name_lower].fields[step.name]
        return unlabelled(old) == unlabelled(step.field)
    if isinstance(step, steps.RemoveConstraint):
        [old] = [
            each
            for each in state.models[app, step.model_name_lower].options["constraints"]
            if each.name == step.name
        ]
        wider = [
            each.constraint
            for each in migration.operations
            if isinstance(each, steps.AddConstraint) and each.constraint.name == step.name
        ]
        return len(wider) == 1 and shape(old.condition) == shape(wider[0].condition, but=old.condition)
    return False


def unlabelled(field: models.Field) -> tuple[object, ...]:
    """A field without what its values are called."""
    _, path, args, keywords = field.deconstruct()
    return path, args, {name: value for name, value in keywords.items() if name != "choices"}


def shape(condition: models.Q, but: models.Q | None = None) -> list[object]:
    """A condition's parts in order; a list of values is as good as the shorter one of `but` that it holds."""
    others = [None] * len(condition.children) if but is None else but.children
    found: list[object] = [condition.connector, condition.negated]
    for part, other in zip(condition.children, others, strict=True):
        if isinstance(part, models.Q):
            found.append(shape(part, other))
        elif other is not None and part[0].endswith("__in") and set(other[1]) <= set(part[1]):
            found.append(other)
        else:
            found.append(part)
    return found


def test_every_migration_since_expands_or_says_that_it_contracts() -> None:
    loader = MigrationLoader(None)
    found = (loader.disk_migrations or {}).items()
    late = [
        f"{app}.{name}: {step.describe()}"
        for (app, name), migration in found
        if app in FREE and int(name[:4]) > FREE[app] and not name.endswith(CONTRACTS)
        for step in migration.operations
        if not (expands(step) or widens(step, migration, before(loader, app, name)))
    ]
    assert not late, "the program before cannot work with these, see “expand” in docs/operating.md"
    assert {app for (app, _), migration in found if "parkway" in type(migration).__module__} == set(FREE)


def test_no_migration_has_a_name_that_stands_for_something_else() -> None:
    """A database that knows the name of an old migration would take the new one for done."""
    found = MigrationLoader(None).disk_migrations or {}
    replaced = {each for migration in found.values() for each in migration.replaces}
    assert not replaced & found.keys()


@pytest.mark.parametrize(
    ("step", "does"),
    [
        (steps.CreateModel("Diary", [("id", models.BigAutoField(primary_key=True))]), True),
        (steps.AddField("run", "note", models.TextField(null=True)), True),
        (steps.AddField("run", "note", models.TextField(db_default="")), True),
        (steps.AddField("run", "note", models.TextField(default="")), False),
        (steps.AddIndex("run", models.Index(fields=["note"], name="by_note")), True),
        (steps.RemoveField("run", "note"), False),
        (steps.RenameField("run", "note", "remark"), False),
        (steps.AlterField("run", "note", models.CharField(max_length=9)), False),
        (steps.DeleteModel("Diary"), False),
        (steps.RunSQL("UPDATE sync_run SET note = ''"), False),
        (steps.RunPython(steps.RunPython.noop), False),
        (row_level_security.walled("sync_diary"), True),
    ],
    ids=lambda value: value.describe() if isinstance(value, Operation) else None,
)
def test_what_counts_as_expanding(step: Operation, does: bool) -> None:
    assert expands(step) == does


def test_a_constraint_that_allows_more_widens_and_one_that_allows_less_does_not() -> None:
    some, more = (models.Q(trigger__in=values) for values in (["now"], ["now", "later"]))
    for old, new, does in ((some, more, True), (more, some, False), (some, models.Q(state="now"), False)):
        state = ProjectState()
        migration = Migration("0002_more", "diary")
        for step in (
            steps.CreateModel("Page", [("id", models.BigAutoField(primary_key=True))]),
            steps.AddConstraint("page", models.CheckConstraint(condition=old, name="why")),
        ):
            step.state_forwards("diary", state)
        removed = steps.RemoveConstraint("page", "why")
        migration.operations = [
            removed,
            steps.AddConstraint("page", models.CheckConstraint(condition=new, name="why")),
        ]
        assert widens(removed, migration, state) is does
