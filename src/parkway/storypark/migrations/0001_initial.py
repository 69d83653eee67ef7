import django.db.models.deletion
from django.db import migrations, models

from parkway.tenancy.row_level_security import walled, walled_through


class Migration(migrations.Migration):
    initial = True

    replaces = [
        ("storypark", "0002_created_key"),
        ("storypark", "0003_managed_link_quoted"),
        ("storypark", "0004_profile_rooms_of_services"),
        ("storypark", "0005_wall"),
        ("storypark", "0006_archived_by_set_up"),
    ]

    dependencies = [
        ("tenancy", "0001_initial"),
    ]

    operations = [
        migrations.CreateModel(
            name="Account",
            fields=[
                (
                    "service",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="account",
                        serialize=False,
                        to="tenancy.service",
                    ),
                ),
                ("paid_children", models.PositiveIntegerField(default=0)),
                ("version", models.PositiveBigIntegerField(default=1)),
            ],
        ),
        migrations.CreateModel(
            name="Profile",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("reference", models.CharField(max_length=64)),
                ("state", models.CharField(default="live", max_length=8)),
                ("first_name", models.CharField(blank=True, max_length=100)),
                ("last_name", models.CharField(blank=True, max_length=100)),
                ("preferred_name", models.CharField(blank=True, max_length=100)),
                ("date_of_birth", models.DateField(blank=True, null=True)),
                ("gender", models.CharField(blank=True, max_length=40)),
                ("archived_on", models.DateField(blank=True, null=True)),
                (
                    "archived_by",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("person", "a person"),
                            ("integration", "the integration"),
                            ("set-up", "set-up"),
                            ("import", "an import"),
                        ],
                        max_length=11,
                    ),
                ),
                ("managed_link", models.CharField(blank=True, max_length=900)),
                ("created_key", models.CharField(blank=True, db_default="", default="", max_length=100)),
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
            name="ProfileRoom",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "profile",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="storypark.profile",
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
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="storypark.room"
                    ),
                ),
            ],
        ),
        migrations.AddField(
            model_name="profile",
            name="rooms",
            field=models.ManyToManyField(
                related_name="profiles", through="storypark.ProfileRoom", to="storypark.room"
            ),
        ),
        migrations.CreateModel(
            name="Story",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("title", models.CharField(max_length=200)),
                ("text", models.TextField(blank=True)),
                (
                    "state",
                    models.CharField(
                        choices=[("draft", "Draft"), ("published", "Published")],
                        default="draft",
                        max_length=9,
                    ),
                ),
                ("written_on", models.DateField()),
                ("profiles", models.ManyToManyField(related_name="stories", to="storypark.profile")),
                (
                    "service",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="tenancy.service"
                    ),
                ),
            ],
            options={
                "verbose_name": "story",
                "verbose_name_plural": "stories",
            },
        ),
        migrations.AddConstraint(
            model_name="room",
            constraint=models.UniqueConstraint(fields=("service", "name"), name="storypark_room_once"),
        ),
        migrations.AddConstraint(
            model_name="room",
            constraint=models.CheckConstraint(
                condition=models.Q(("name", ""), _negated=True), name="storypark_room_named"
            ),
        ),
        migrations.AddConstraint(
            model_name="profileroom",
            constraint=models.UniqueConstraint(fields=("profile", "room"), name="profile_room_once"),
        ),
        migrations.AddConstraint(
            model_name="profile",
            constraint=models.UniqueConstraint(
                fields=("service", "reference"), name="profile_reference_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="profile",
            constraint=models.UniqueConstraint(
                condition=models.Q(("created_key", ""), _negated=True),
                fields=("service", "created_key"),
                name="profile_created_once",
            ),
        ),
        migrations.AddConstraint(
            model_name="profile",
            constraint=models.CheckConstraint(
                condition=models.Q(("reference", ""), _negated=True), name="profile_has_reference"
            ),
        ),
        migrations.AddConstraint(
            model_name="profile",
            constraint=models.CheckConstraint(
                condition=models.Q(("state__in", ["live", "archived", "deleted"])), name="profile_state"
            ),
        ),
        migrations.AddConstraint(
            model_name="profile",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("first_name", ""), ("last_name", ""), _negated=True),
                    ("state", "deleted"),
                    _connector="OR",
                ),
                name="profile_has_a_name",
            ),
        ),
        migrations.AddConstraint(
            model_name="profile",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("archived_on__isnull", False), ("state", "archived")),
                    models.Q(
                        models.Q(("state", "archived"), _negated=True),
                        ("archived_by", ""),
                        ("archived_on__isnull", True),
                    ),
                    _connector="OR",
                ),
                name="profile_archived_with_a_day",
            ),
        ),
        migrations.AddConstraint(
            model_name="story",
            constraint=models.CheckConstraint(
                condition=models.Q(("state__in", ["draft", "published"])), name="story_state"
            ),
        ),
        migrations.AddConstraint(
            model_name="story",
            constraint=models.CheckConstraint(
                condition=models.Q(("title", ""), _negated=True), name="story_titled"
            ),
        ),
        walled(
            "storypark_account",
            "storypark_room",
            "storypark_profile",
            "storypark_profileroom",
            "storypark_story",
        ),
        walled_through(
            "storypark_story_profiles", story_id="storypark_story", profile_id="storypark_profile"
        ),
    ]
