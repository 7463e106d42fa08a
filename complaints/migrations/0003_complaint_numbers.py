"""Case numbers come from a sequence: unique without locks, gaps are harmless."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("complaints", "0002_informed_bodies_pauses_texts")]

    operations = [
        migrations.RunSQL("CREATE SEQUENCE complaints_number", "DROP SEQUENCE complaints_number"),
    ]
