"""Count the changes of what pages for everybody are made of."""

import django.db.models.functions.datetime
from django.db import migrations, models

FUNCTION = """
CREATE FUNCTION marketplace_changes_pages() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO marketplace_pagechange DEFAULT VALUES;
    RETURN NULL;
END
$$
"""
TRIGGER = """
CREATE TRIGGER changes_pages AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON marketplace_rule
    FOR EACH STATEMENT EXECUTE FUNCTION marketplace_changes_pages()
"""


class Migration(migrations.Migration):
    dependencies = [("marketplace", "0013_telegram_bot")]

    operations = [
        migrations.CreateModel(
            name="PageChange",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
            ],
        ),
        migrations.RunSQL(FUNCTION, "DROP FUNCTION marketplace_changes_pages()"),
        migrations.RunSQL(TRIGGER, "DROP TRIGGER changes_pages ON marketplace_rule"),
    ]
