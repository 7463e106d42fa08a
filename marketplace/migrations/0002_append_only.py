"""The logs can only grow: nobody changes or removes a row of them, whatever program tries."""

from django.db import migrations

TABLES = ("marketplace_event", "marketplace_readlog", "marketplace_auditseal")

FUNCTION = """
CREATE FUNCTION marketplace_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
END
$$
"""
ROWS = """
CREATE TRIGGER append_only_rows BEFORE UPDATE OR DELETE ON {table}
    FOR EACH ROW EXECUTE FUNCTION marketplace_append_only()
"""
TRUNCATE = """
CREATE TRIGGER append_only_truncate BEFORE TRUNCATE ON {table}
    FOR EACH STATEMENT EXECUTE FUNCTION marketplace_append_only()
"""


class Migration(migrations.Migration):
    dependencies = [("marketplace", "0001_initial")]

    operations = [
        migrations.RunSQL(FUNCTION, "DROP FUNCTION marketplace_append_only()"),
        *(
            migrations.RunSQL(trigger.format(table=table), f"DROP TRIGGER {name} ON {table}")
            for table in TABLES
            for name, trigger in (("append_only_rows", ROWS), ("append_only_truncate", TRUNCATE))
        ),
    ]
