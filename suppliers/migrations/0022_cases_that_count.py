"""How many complaints of each kind count stands in the supplier's row, beside their weight."""

from django.db import migrations, models


def weigh_again(apps, schema_editor):
    """The relay has every supplier with facts counted as soon as the portal runs."""
    facts = apps.get_model("partner", "ComplaintFact").objects.order_by("supplier")
    rows = apps.get_model("marketplace", "OutboxRow").objects
    rows.bulk_create(
        rows.model(topic="supplier.complaints_changed", key=str(supplier))
        for supplier in facts.values_list("supplier", flat=True).distinct()
    )


class Migration(migrations.Migration):
    dependencies = [("marketplace", "0028_changes_that_are_none"), ("partner", "0021_changes_that_are_none")]

    operations = [
        migrations.AddField(
            model_name="partner",
            name="confirmed_cases",
            field=models.PositiveIntegerField(default=0, verbose_name="confirmed complaints that count"),
        ),
        migrations.AddField(
            model_name="partner",
            name="silent_cases",
            field=models.PositiveIntegerField(default=0, verbose_name="complaints that count, left without an answer"),
        ),
        migrations.RunPython(weigh_again, migrations.RunPython.noop),
    ]
