"""A changed document changes its product's page and the lists, not the pages of other products."""

from django.db import migrations

FUNCTION = """
CREATE FUNCTION catalogue_changes_pages() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (SELECT count(*) FROM changed) > 500 THEN
        INSERT INTO marketplace_pagechange DEFAULT VALUES;
    ELSE
        INSERT INTO marketplace_pagechange (product_id) SELECT product_id FROM changed;
    END IF;
    RETURN NULL;
END
$$
"""
TRIGGERS = [
    f"CREATE TRIGGER changes_pages_{event.lower()} AFTER {event} ON catalogue_productdocument"
    f" REFERENCING {rows} TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION catalogue_changes_pages()"
    for event, rows in (("INSERT", "NEW"), ("UPDATE", "NEW"), ("DELETE", "OLD"))
]
TRUNCATED = """
CREATE TRIGGER changes_pages_truncate AFTER TRUNCATE ON catalogue_productdocument
    FOR EACH STATEMENT EXECUTE FUNCTION marketplace_changes_pages()
"""
BEFORE = """
CREATE TRIGGER changes_pages AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON catalogue_productdocument
    FOR EACH STATEMENT EXECUTE FUNCTION marketplace_changes_pages()
"""


class Migration(migrations.Migration):
    dependencies = [
        ("catalogue", "0007_notes_on_codes_in_three_languages"),
        ("marketplace", "0026_page_changes_of_products"),
    ]

    operations = [
        migrations.RunSQL("DROP TRIGGER changes_pages ON catalogue_productdocument", BEFORE),
        migrations.RunSQL(FUNCTION, "DROP FUNCTION catalogue_changes_pages()"),
        *(
            migrations.RunSQL(trigger, f"DROP TRIGGER {trigger.split()[2]} ON catalogue_productdocument")
            for trigger in [*TRIGGERS, TRUNCATED]
        ),
    ]
