"""A changed supplier changes pages for everybody."""

from django.db import migrations

TRIGGER = """
CREATE TRIGGER changes_pages AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON partner_partner
    FOR EACH STATEMENT EXECUTE FUNCTION marketplace_changes_pages()
"""


class Migration(migrations.Migration):
    dependencies = [("partner", "0005_reply_to_complaints"), ("marketplace", "0014_page_changes")]

    operations = [migrations.RunSQL(TRIGGER, "DROP TRIGGER changes_pages ON partner_partner")]
