"""A product's photos change its page; a flagged price changes pages for everybody."""

from django.db import migrations

FUNCTION = """
CREATE FUNCTION partner_photo_changes_page() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    subject text := CASE TG_OP WHEN 'DELETE' THEN OLD.subject ELSE NEW.subject END;
BEGIN
    IF subject ~ '^product:[0-9]{1,18}$' THEN
        INSERT INTO marketplace_pagechange (product_id) VALUES (split_part(subject, ':', 2)::bigint);
    END IF;
    RETURN NULL;
END
$$
"""
PHOTOS = """
CREATE TRIGGER changes_pages AFTER INSERT OR UPDATE OR DELETE ON marketplace_storedfile
    FOR EACH ROW EXECUTE FUNCTION partner_photo_changes_page()
"""
FLAGS = """
CREATE TRIGGER changes_pages AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON partner_priceflag
    FOR EACH STATEMENT EXECUTE FUNCTION marketplace_changes_pages()
"""


class Migration(migrations.Migration):
    dependencies = [
        ("partner", "0018_price_of_delivery"),
        ("marketplace", "0026_page_changes_of_products"),
    ]

    operations = [
        migrations.RunSQL(FUNCTION, "DROP FUNCTION partner_photo_changes_page()"),
        migrations.RunSQL(PHOTOS, "DROP TRIGGER changes_pages ON marketplace_storedfile"),
        migrations.RunSQL(FLAGS, "DROP TRIGGER changes_pages ON partner_priceflag"),
    ]
