"""Messages that have left keep no link and no code any more: what stood there is derived when a message leaves."""

from django.db import migrations

FORGET = """
UPDATE marketplace_notice SET text = regexp_replace(text, '/s/[A-Za-z0-9_-]{20,}', '/s/…')
WHERE kind = 'feedback.invitation' AND finished_at IS NOT NULL;
UPDATE marketplace_notice SET text = regexp_replace(text, '\\m[0-9]{6}\\M', '…')
WHERE kind IN ('order.shipped', 'order.replaced') AND finished_at IS NOT NULL;
"""


class Migration(migrations.Migration):
    dependencies = [("marketplace", "0021_day_counts")]

    operations = [migrations.RunSQL(FORGET, migrations.RunSQL.noop)]
