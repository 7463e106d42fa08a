"""Changed choice changes pages for everybody."""

from django.db import migrations

TRIGGER = """
CREATE TRIGGER changes_pages AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON partner_marketcell
    FOR EACH STATEMENT EXECUTE FUNCTION marketplace_changes_pages()
"""


class Migration(migrations.Migration):
    dependencies = [("partner", "0007_market_watch")]

    operations = [migrations.RunSQL(TRIGGER, "DROP TRIGGER changes_pages ON partner_marketcell")]
