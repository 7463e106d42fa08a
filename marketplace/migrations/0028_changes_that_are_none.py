"""A statement that changes no row changes no page.

Sweeps write what is due every half a minute, mostly nothing: each of them made all kept pages old.
"""

from django.db import migrations

FUNCTION = """
CREATE OR REPLACE FUNCTION marketplace_changes_pages() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    changed boolean := true;
BEGIN
    -- One statement for each: an operation has only the rows that its trigger names.
    IF TG_OP = 'INSERT' THEN
        changed := EXISTS (SELECT FROM after);
    ELSIF TG_OP = 'UPDATE' THEN
        changed := EXISTS (SELECT * FROM after EXCEPT SELECT * FROM before);
    ELSIF TG_OP = 'DELETE' THEN
        changed := EXISTS (SELECT FROM before);
    END IF;
    IF changed THEN
        INSERT INTO marketplace_pagechange DEFAULT VALUES;
    END IF;
    RETURN NULL;
END
$$
"""
BEFORE = """
CREATE OR REPLACE FUNCTION marketplace_changes_pages() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO marketplace_pagechange DEFAULT VALUES;
    RETURN NULL;
END
$$
"""
BY_STATEMENT = """
CREATE TRIGGER changes_pages AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON {table}
    FOR EACH STATEMENT EXECUTE FUNCTION marketplace_changes_pages()
"""
ROWS = {
    "INSERT": "REFERENCING NEW TABLE AS after",
    "UPDATE": "REFERENCING OLD TABLE AS before NEW TABLE AS after",
    "DELETE": "REFERENCING OLD TABLE AS before",
    "TRUNCATE": "",
}


def by_changes(table: str) -> list[migrations.RunSQL]:
    """Instead of the trigger for any statement those that see which rows it changed."""
    created = [
        f"CREATE TRIGGER changes_pages_{event.lower()} AFTER {event} ON {table} {rows}"
        " FOR EACH STATEMENT EXECUTE FUNCTION marketplace_changes_pages()"
        for event, rows in ROWS.items()
    ]
    dropped = [f"DROP TRIGGER changes_pages_{event.lower()} ON {table}" for event in ROWS]
    return [
        migrations.RunSQL(f"DROP TRIGGER changes_pages ON {table}", BY_STATEMENT.format(table=table)),
        migrations.RunSQL("; ".join(created), "; ".join(dropped)),
    ]


class Migration(migrations.Migration):
    dependencies = [("marketplace", "0027_outbox_alike")]

    operations = [*by_changes("marketplace_rule"), migrations.RunSQL(FUNCTION, BEFORE)]
