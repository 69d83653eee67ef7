from django.db import migrations

from parkway.tenancy.row_level_security import walled


class Migration(migrations.Migration):
    dependencies = [("tenancy", "0002_looks")]

    operations = [walled("tenancy_look")]
