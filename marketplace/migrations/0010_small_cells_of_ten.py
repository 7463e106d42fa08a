"""The number of open_data.small_cell was 5 while the files hid fewer than 10; nobody read the rule. Now it is read."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("marketplace", "0009_times_by_the_database")]

    operations = [
        migrations.RunSQL(
            """UPDATE marketplace_rule SET value = '{"min_count": 10}'
            WHERE code = 'open_data.small_cell' AND author_id IS NULL AND value = '{"min_count": 5}'""",
            migrations.RunSQL.noop,
        )
    ]
