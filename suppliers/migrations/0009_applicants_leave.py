"""Who applies is an application from now on, not yet a supplier: rows that never sold are kept as ones that may not."""

from django.db import migrations

NEVER_SOLD = ("applicant", "submitted", "needs_fix", "refused")


def leave(apps, schema_editor):
    apps.get_model("partner", "Partner").objects.filter(status__in=NEVER_SOLD).update(status="terminated")


class Migration(migrations.Migration):
    dependencies = [
        ("partner", "0008_choice_changes_pages"),
    ]

    # There is no way back to what they were: none of them had an offer.
    operations = [migrations.RunPython(leave, migrations.RunPython.noop)]
