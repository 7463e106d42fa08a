"""The dated facts of suppliers out of the cases that are known: they replace counters without dates."""

from django.conf import settings
from django.db import migrations

CONFIRMED = """
INSERT INTO partner_complaintfact (supplier_id, "case", kind, day)
SELECT supplier_id, number, 'confirmed', (closed_at AT TIME ZONE %s)::date FROM complaints_complaint
WHERE confirmed_by_person AND outcome = 'satisfied' AND supplier_id IS NOT NULL AND closed_at IS NOT NULL
ON CONFLICT DO NOTHING
"""
SILENT = """
INSERT INTO partner_complaintfact (supplier_id, "case", kind, day)
SELECT c.addressee_supplier_id, c.number, 'silent', (min(s.at) AT TIME ZONE %s)::date
FROM complaints_complaint c JOIN complaints_complaintstep s ON s.complaint_id = c.id AND s.step LIKE 'ignored:%%'
WHERE c.addressee_supplier_id IS NOT NULL AND c.duplicate_of_id IS NULL
GROUP BY c.addressee_supplier_id, c.number ON CONFLICT DO NOTHING
"""


class Migration(migrations.Migration):
    dependencies = [("complaints", "0006_report_facts"), ("partner", "0002_complaint_facts")]

    operations = [
        migrations.RunSQL([(CONFIRMED, [settings.TIME_ZONE]), (SILENT, [settings.TIME_ZONE])], migrations.RunSQL.noop)
    ]
