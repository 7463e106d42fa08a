"""A statement that changes no row of a supplier, a recall, a flagged price or a market changes no page.

Before ``marketplace`` looks which rows changed: triggers that do not say so would fail from then on.
"""

from importlib import import_module

from django.db import migrations

TABLES = ("partner_lotrecall", "partner_marketcell", "partner_partner", "partner_priceflag")
by_changes = import_module("marketplace.migrations.0028_changes_that_are_none").by_changes


class Migration(migrations.Migration):
    dependencies = [("partner", "0020_what_a_desk_counts")]
    run_before = [("marketplace", "0028_changes_that_are_none")]

    operations = [operation for table in TABLES for operation in by_changes(table)]
