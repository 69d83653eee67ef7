import django.db.models.deletion
from django.db import migrations, models

from parkway.tenancy.row_level_security import walled


class Migration(migrations.Migration):
    initial = True

    replaces = [
        ("manage", "0002_initial"),
        ("manage", "0003_worked_out_for"),
        ("manage", "0004_changed_children"),
        ("manage", "0005_child_rooms_of_services"),
        ("manage", "0006_wall"),
    ]

    dependencies = [
        ("tenancy", "0001_initial"),
    ]

    operations = [
        migrations.CreateModel(
            name="RosterVersion",
            fields=[
                (
                    "service",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="roster_version",
                        serialize=False,
                        to="tenancy.service",
                    ),
                ),
                ("version", models.PositiveBigIntegerField(default=1)),
                ("whole_version", models.PositiveBigIntegerField(db_default=1, default=1)),
                ("lookback_days", models.PositiveIntegerField(default=56)),
                ("lookahead_days", models.PositiveIntegerField(default=56)),
                ("worked_out_for", models.DateField(null=True)),
                ("stale_on", models.DateField(null=True)),
            ],
            options={
                "db_table": "manage_ledger",
            },
        ),
        migrations.CreateModel(
            name="Child",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("reference", models.CharField(max_length=64)),
                ("first_name", models.CharField(blank=True, max_length=100)),
                ("last_name", models.CharField(blank=True, max_length=100)),
                ("preferred_name", models.CharField(blank=True, max_length=100)),
                ("date_of_birth", models.DateField(blank=True, null=True)),
                ("gender", models.CharField(blank=True, max_length=40)),
                ("archived_on", models.DateField(blank=True, null=True)),
                ("version", models.PositiveBigIntegerField(db_default=1, default=1)),
                ("status", models.CharField(default="Inactive", max_length=8)),
                ("next_change", models.DateField(null=True)),
                ("booked_from", models.DateField(null=True)),
                ("booked_until", models.DateField(null=True)),
                ("next_start", models.DateField(null=True)),
                ("last_end", models.DateField(null=True)),
                ("stale_on", models.DateField(null=True)),
                (
                    "service",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="tenancy.service",
                    ),
                ),
            ],
            options={
                "verbose_name": "child",
                "verbose_name_plural": "children",
            },
        ),
        migrations.CreateModel(
            name="Room",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("name", models.CharField(max_length=100)),
                (
                    "service",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="tenancy.service"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="ChildRoom",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "child",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="manage.child",
                    ),
                ),
                (
                    "service",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="tenancy.service",
                    ),
                ),
                (
                    "room",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="manage.room"
                    ),
                ),
            ],
        ),
        migrations.AddField(
            model_name="child",
            name="rooms",
            field=models.ManyToManyField(
                related_name="children", through="manage.ChildRoom", to="manage.room"
            ),
        ),
        migrations.CreateModel(
            name="Booking",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("kind", models.CharField(max_length=9)),
                ("state", models.CharField(max_length=9)),
                ("starts_on", models.DateField()),
                ("ends_on", models.DateField(blank=True, null=True)),
                ("weekdays", models.CharField(blank=True, max_length=27)),
                (
                    "service",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="tenancy.service",
                    ),
                ),
                (
                    "child",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="bookings",
                        to="manage.child",
                    ),
                ),
                (
                    "room",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="manage.room",
                    ),
                ),
            ],
        ),
        migrations.AddConstraint(
            model_name="room",
            constraint=models.UniqueConstraint(fields=("service", "name"), name="manage_room_once"),
        ),
        migrations.AddConstraint(
            model_name="room",
            constraint=models.CheckConstraint(
                condition=models.Q(("name", ""), _negated=True), name="manage_room_named"
            ),
        ),
        migrations.AddConstraint(
            model_name="childroom",
            constraint=models.UniqueConstraint(fields=("child", "room"), name="child_room_once"),
        ),
        migrations.AddIndex(
            model_name="child",
            index=models.Index(fields=["service", "stale_on"], name="child_stale"),
        ),
        migrations.AddIndex(
            model_name="child",
            index=models.Index(fields=["service", "version"], name="child_changed"),
        ),
        migrations.AddConstraint(
            model_name="child",
            constraint=models.UniqueConstraint(fields=("service", "reference"), name="child_reference_once"),
        ),
        migrations.AddConstraint(
            model_name="child",
            constraint=models.CheckConstraint(
                condition=models.Q(("reference", ""), _negated=True), name="child_has_reference"
            ),
        ),
        migrations.AddConstraint(
            model_name="child",
            constraint=models.CheckConstraint(
                condition=models.Q(("first_name", ""), ("last_name", ""), _negated=True),
                name="child_has_a_name",
            ),
        ),
        migrations.AddConstraint(
            model_name="child",
            constraint=models.CheckConstraint(
                condition=models.Q(("status__in", ["Active", "Inactive", "Archived"])), name="child_status"
            ),
        ),
        migrations.AddConstraint(
            model_name="child",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("archived_on__isnull", False), ("status", "Archived")),
                    models.Q(models.Q(("status", "Archived"), _negated=True), ("archived_on__isnull", True)),
                    _connector="OR",
                ),
                name="child_archived_with_a_day",
            ),
        ),
        migrations.AddConstraint(
            model_name="booking",
            constraint=models.CheckConstraint(
                condition=models.Q(("kind__in", ["permanent", "casual"])), name="booking_kind"
            ),
        ),
        migrations.AddConstraint(
            model_name="booking",
            constraint=models.CheckConstraint(
                condition=models.Q(("state__in", ["confirmed", "offered", "cancelled"])), name="booking_state"
            ),
        ),
        migrations.AddConstraint(
            model_name="booking",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("ends_on__isnull", True), ("ends_on__gte", models.F("starts_on")), _connector="OR"
                ),
                name="booking_no_end_before_start",
            ),
        ),
        migrations.AddConstraint(
            model_name="booking",
            constraint=models.CheckConstraint(
                condition=models.Q(("ends_on__isnull", False), ("kind", "permanent"), _connector="OR"),
                name="booking_casual_ends",
            ),
        ),
        walled("manage_ledger", "manage_room", "manage_child", "manage_childroom", "manage_booking"),
    ]
