from django.db import migrations

from parkway.tenancy.row_level_security import walled


class Migration(migrations.Migration):
    dependencies = [("manage", "0005_child_rooms_of_services")]

    operations = [
        walled("manage_ledger", "manage_room", "manage_child", "manage_childroom", "manage_booking"),
    ]
