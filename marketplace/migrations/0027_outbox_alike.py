"""Find waiting effects of the same thing without reading all that wait."""

from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    dependencies = [("marketplace", "0026_page_changes_of_products")]

    operations = [
        migrations.AddIndex(
            "outboxrow",
            models.Index(
                fields=["topic", "key"], name="outbox_alike", condition=Q(done_at__isnull=True, dead_at__isnull=True)
            ),
        ),
    ]
