"""What complaints keep of one person, for marketplace/personal.py."""

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from complaints.models import Complaint
from marketplace import formats
from marketplace.models import User
from marketplace.personal import Row, as_text, part


@part("complaints", gettext_lazy("Complaints"))
def complaints(person: User) -> list[Row]:
    """Everything that was said in the person's cases."""
    rows = Complaint.objects.filter(complainant=person).order_by("pk")
    return [
        [
            (_("Number"), row.number),
            (_("Filed"), formats.datetime_short(row.filed_at)),
            (_("State"), row.get_status_display()),
            (_("What happened"), row.text),
            (_("Further answers"), as_text(row.fields) if row.fields else ""),
            (_("Demand"), row.demand),
            (_("Contact"), as_text(row.contact) if row.contact else ""),
            (_("Answer"), row.answer),
            (_("Decision"), row.decision),
        ]
        for row in rows
    ]
