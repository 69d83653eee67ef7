import django.db.models.deletion
from django.db import migrations, models

FILL = """UPDATE manage_childroom SET service_id =
    (SELECT c.service_id FROM manage_child c WHERE c.id = manage_childroom.child_id)"""


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
        ("manage", "0004_changed_children"),
        ("tenancy", "0002_looks"),
    ]

    operations = [
        migrations.AddField("childroom", "service", service(null=True)),
        migrations.RunSQL(FILL, migrations.RunSQL.noop),
        migrations.AlterField("childroom", "service", service()),
    ]
