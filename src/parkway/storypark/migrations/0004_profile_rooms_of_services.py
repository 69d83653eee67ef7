import django.db.models.deletion
from django.db import migrations, models

FILL = """UPDATE storypark_profileroom SET service_id =
    (SELECT c.service_id FROM storypark_profile c WHERE c.id = storypark_profileroom.profile_id)"""


def service(**more):
    return models.ForeignKey(
        db_constraint=False,
        db_index=False,
        on_delete=django.db.models.deletion.DO_NOTHING,
        related_name="+",
        to="tenancy.service",
        **more,
    )


class Migration(migrations.Migration):
    dependencies = [
        ("storypark", "0003_managed_link_quoted"),
        ("tenancy", "0002_looks"),
    ]

    operations = [
        migrations.AddField("profileroom", "service", service(null=True)),
        migrations.RunSQL(FILL, migrations.RunSQL.noop),
        migrations.AlterField("profileroom", "service", service()),
    ]
