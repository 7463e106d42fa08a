"""A changed document changes pages for everybody."""

from django.db import migrations

TRIGGER = """
CREATE TRIGGER changes_pages AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON catalogue_productdocument
    FOR EACH STATEMENT EXECUTE FUNCTION marketplace_changes_pages()
"""


class Migration(migrations.Migration):
    dependencies = [("catalogue", "0003_search_debts_and_words"), ("marketplace", "0013_page_changes")]

    operations = [migrations.RunSQL(TRIGGER, "DROP TRIGGER changes_pages ON catalogue_productdocument")]
