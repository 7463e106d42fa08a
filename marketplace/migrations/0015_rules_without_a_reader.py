"""Two rules that no code reads leave the rule book: a number that the ministry edits and nobody reads is a lie.

Prices are checked when an application is sent and held by nobody before; the portal takes no applications for an
assistant, whose ten days belong to the office.
"""

from typing import Any

from django.db import migrations

DEAD = ("order.quote_hours", "entitlement.assistant_application_days")


def remove(apps: Any, _schema_editor: Any) -> None:
    apps.get_model("marketplace", "Rule").objects.filter(code__in=DEAD).delete()


class Migration(migrations.Migration):
    dependencies = [("marketplace", "0014_page_changes")]

    operations = [migrations.RunPython(remove, migrations.RunPython.noop)]
