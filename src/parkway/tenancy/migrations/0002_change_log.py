import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from parkway.tenancy.row_level_security import walled


class Migration(migrations.Migration):
    dependencies = [
        ("tenancy", "0001_initial"),
    ]

    operations = [
        migrations.CreateModel(
            name="ChangeLogEntry",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "subject",
                    models.CharField(
                        choices=[
                            ("child", "Child"),
                            ("booking", "Booking"),
                            ("manage_room", "Room of Manage"),
                            ("profile", "Profile"),
                            ("story", "Story"),
                            ("storypark_room", "Room of Storypark"),
                            ("account", "Account"),
                            ("service", "Service"),
                            ("person", "Person"),
                        ],
                        max_length=14,
                    ),
                ),
                ("subject_id", models.CharField(max_length=254)),
                ("part", models.CharField(blank=True, default="", max_length=24)),
                ("verb", models.CharField(max_length=20)),
                ("changes", models.JSONField(default=dict)),
                ("by_label", models.CharField(max_length=200)),
                ("at", models.DateTimeField()),
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
            options={
                "verbose_name_plural": "change log entries",
                "indexes": [models.Index(fields=["service", "subject_id", "id"], name="change_log_history")],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "subject__in",
                                [
                                    "child",
                                    "booking",
                                    "manage_room",
                                    "profile",
                                    "story",
                                    "storypark_room",
                                    "account",
                                    "service",
                                    "person",
                                ],
                            )
                        ),
                        name="change_log_subject",
                    )
                ],
            },
        ),
        walled("tenancy_changelogentry"),
    ]
