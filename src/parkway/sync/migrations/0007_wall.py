from django.db import migrations

from parkway.tenancy.row_level_security import walled


class Migration(migrations.Migration):
    dependencies = [("sync", "0006_failures")]

    operations = [
        walled("sync_link", "sync_roomlink", "sync_choice", "sync_run", "sync_entry", "sync_notice"),
    ]
