"""A changed document changes pages for everybody."""

from django.db import migrations

TRIGGER = """
CREATE TRIGGER changes_pages AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON catalogue_productdocument
    FOR EACH STATEMENT EXECUTE FUNCTION marketplace_changes_pages()
"""


class Migration(migrations.Migration):
    dependencies = [("catalogue", "0004_measures_history_and_pictures"), ("marketplace", "0014_page_changes")]

    operations = [migrations.RunSQL(TRIGGER, "DROP TRIGGER changes_pages ON catalogue_productdocument")]
