import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from parkway.tenancy.row_level_security import walled


class Migration(migrations.Migration):
    initial = True

    replaces = [
        ("sync", "0002_initial"),
        ("sync", "0003_asked_for"),
        ("sync", "0004_kept"),
        ("sync", "0005_settled"),
        ("sync", "0006_failures"),
        ("sync", "0007_wall"),
        ("sync", "0008_a_new_room"),
        ("sync", "0009_asked_person_contracts"),
    ]

    dependencies = [
        ("tenancy", "0001_initial"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Run",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "trigger",
                    models.CharField(
                        choices=[
                            ("schedule", "the 12-hourly schedule"),
                            ("setup", "the end of set-up"),
                            ("switch", "a switch of the setting"),
                            ("spaces", "a change of the paid children"),
                            ("now", "“Sync now”"),
                            ("approval", "an approval"),
                            ("rejection", "a rejection"),
                            ("choice", "a person's choice"),
                            ("turned_on", "turning syncing on again"),
                        ],
                        max_length=10,
                    ),
                ),
                ("started_by", models.CharField(max_length=200)),
                ("at", models.DateTimeField()),
                ("today", models.DateField()),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("done", "done"),
                            ("held", "held for a person"),
                            ("stopped", "stopped, nothing changed"),
                            ("failed", "failed, nothing changed"),
                        ],
                        max_length=8,
                    ),
                ),
                ("message", models.TextField(blank=True)),
                ("inactive", models.CharField(max_length=5)),
                ("paid_children", models.PositiveIntegerField(default=0)),
                ("live_before", models.PositiveIntegerField(default=0)),
                ("live_after", models.PositiveIntegerField(default=0)),
                ("waiting", models.PositiveIntegerField(default=0)),
                ("counts", models.JSONField(default=dict)),
                ("fingerprint", models.CharField(blank=True, max_length=16)),
                ("converged", models.BooleanField(default=True)),
                (
                    "person",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
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
        ),
        migrations.CreateModel(
            name="Notice",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("for_support", models.BooleanField(default=False)),
                ("text", models.TextField()),
                ("at", models.DateTimeField()),
                ("settled_at", models.DateTimeField(null=True)),
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
                    "run",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="sync.run"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Entry",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("child_id", models.CharField(max_length=64)),
                ("at", models.DateTimeField()),
                ("step", models.CharField(max_length=9)),
                ("rule", models.CharField(max_length=24)),
                ("status", models.CharField(blank=True, max_length=8)),
                ("profile_id", models.CharField(blank=True, max_length=64)),
                ("because", models.TextField()),
                ("facts", models.TextField()),
                ("changes", models.TextField(blank=True)),
                ("next_change", models.DateField(null=True)),
                ("current", models.BooleanField(default=True)),
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
                    "run",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="entries", to="sync.run"
                    ),
                ),
            ],
            options={
                "verbose_name_plural": "entries",
            },
        ),
        migrations.CreateModel(
            name="Choice",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("child_id", models.CharField(max_length=64)),
                ("kind", models.CharField(blank=True, max_length=8)),
                ("profile_id", models.CharField(blank=True, max_length=64)),
                ("keep_until", models.DateField(null=True)),
                ("chosen_by", models.CharField(max_length=200)),
                ("chosen_at", models.DateTimeField()),
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
                "constraints": [
                    models.UniqueConstraint(fields=("service", "child_id"), name="one_choice_a_child"),
                    models.UniqueConstraint(
                        condition=models.Q(("profile_id", ""), _negated=True),
                        fields=("service", "profile_id"),
                        name="one_choice_a_profile",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("kind__in", ["", "profile", "new", "dont_add", "kept", "keep", "archive"])
                        ),
                        name="choice_kind",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("kind", "profile"), ("profile_id", ""), _connector="XOR"),
                        name="choice_of_a_profile",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("kind", ""), _negated=True),
                            ("keep_until__isnull", False),
                            _connector="OR",
                        ),
                        name="choice_says_something",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Integration",
            fields=[
                (
                    "service",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="integration",
                        serialize=False,
                        to="tenancy.service",
                    ),
                ),
                (
                    "stage",
                    models.CharField(
                        choices=[
                            ("disabled", "not enabled by support"),
                            ("enabled", "enabled, not set up yet"),
                            ("on", "on"),
                            ("off", "turned off"),
                        ],
                        default="disabled",
                        max_length=8,
                    ),
                ),
                ("inactive", models.CharField(default="leave", max_length=5)),
                ("limit_archives", models.PositiveIntegerField(default=3)),
                ("limit_percent", models.PositiveIntegerField(default=20)),
                ("educators_may_change", models.BooleanField(default=False)),
                ("version", models.PositiveBigIntegerField(default=1)),
                ("next_run_at", models.DateTimeField(db_index=True, null=True)),
                ("asked", models.CharField(blank=True, max_length=10)),
                ("asked_by", models.CharField(blank=True, max_length=200)),
                ("checked_at", models.DateTimeField(null=True)),
                ("failures", models.PositiveSmallIntegerField(default=0)),
                ("seen_roster", models.BigIntegerField(null=True)),
                ("seen_profiles", models.BigIntegerField(null=True)),
                ("seen_service", models.BigIntegerField(null=True)),
                ("seen_version", models.BigIntegerField(null=True)),
                ("look_again_at", models.DateTimeField(null=True)),
                ("settled", models.JSONField(null=True)),
                (
                    "asked_person",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("asked_person__isnull", False)),
                        fields=["asked_person"],
                        name="integration_asked_person",
                    )
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("stage__in", ["disabled", "enabled", "on", "off"])),
                        name="integration_stage",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("inactive__in", ["leave", "stay"])), name="integration_inactive"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("limit_percent__lte", 100)), name="integration_percent"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("asked", ""),
                            models.Q(
                                (
                                    "asked__in",
                                    [
                                        "schedule",
                                        "setup",
                                        "switch",
                                        "spaces",
                                        "now",
                                        "approval",
                                        "rejection",
                                        "choice",
                                        "turned_on",
                                    ],
                                ),
                                ("next_run_at__isnull", True),
                            ),
                            _connector="OR",
                        ),
                        name="integration_asked_is_due",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Link",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("child_id", models.CharField(max_length=64)),
                ("profile_id", models.CharField(max_length=64)),
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
                "constraints": [
                    models.UniqueConstraint(fields=("service", "child_id"), name="one_link_a_child"),
                    models.UniqueConstraint(fields=("service", "profile_id"), name="one_child_a_profile"),
                ],
            },
        ),
        migrations.CreateModel(
            name="RoomLink",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("room_id", models.CharField(max_length=64)),
                ("target_id", models.CharField(blank=True, max_length=64)),
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
                "constraints": [
                    models.UniqueConstraint(fields=("service", "room_id"), name="one_link_a_room"),
                    models.UniqueConstraint(
                        condition=models.Q(("target_id", ""), _negated=True),
                        fields=("service", "target_id"),
                        name="one_room_a_target",
                    ),
                ],
            },
        ),
        migrations.AddIndex(
            model_name="run",
            index=models.Index(fields=["service", "at"], name="run_history"),
        ),
        migrations.AddConstraint(
            model_name="run",
            constraint=models.CheckConstraint(
                condition=models.Q(("state__in", ["done", "held", "stopped", "failed"])), name="run_state"
            ),
        ),
        migrations.AddConstraint(
            model_name="run",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "trigger__in",
                        [
                            "schedule",
                            "setup",
                            "switch",
                            "spaces",
                            "now",
                            "approval",
                            "rejection",
                            "choice",
                            "turned_on",
                        ],
                    )
                ),
                name="run_trigger",
            ),
        ),
        migrations.AddIndex(
            model_name="notice",
            index=models.Index(fields=["service", "settled_at"], name="notice_open"),
        ),
        migrations.AddIndex(
            model_name="entry",
            index=models.Index(fields=["service", "child_id", "at"], name="entry_why"),
        ),
        migrations.AddConstraint(
            model_name="entry",
            constraint=models.UniqueConstraint(
                condition=models.Q(("current", True)),
                fields=("service", "child_id"),
                name="one_current_entry_a_child",
            ),
        ),
        migrations.AddConstraint(
            model_name="entry",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "step__in",
                        [
                            "create",
                            "link",
                            "restore",
                            "update",
                            "keep",
                            "archive",
                            "leave_out",
                            "wait",
                            "hold",
                        ],
                    )
                ),
                name="entry_step",
            ),
        ),
        migrations.AddConstraint(
            model_name="entry",
            constraint=models.CheckConstraint(
                condition=models.Q(("status__in", ["", "Active", "Inactive", "Archived"])),
                name="entry_status",
            ),
        ),
        walled("sync_link", "sync_roomlink", "sync_choice", "sync_run", "sync_entry", "sync_notice"),
    ]
