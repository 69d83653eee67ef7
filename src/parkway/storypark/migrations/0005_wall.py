from django.db import migrations

from parkway.tenancy.row_level_security import walled, walled_through


class Migration(migrations.Migration):
    dependencies = [("storypark", "0004_profile_rooms_of_services")]

    operations = [
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
