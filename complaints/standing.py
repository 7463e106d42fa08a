"""What complaints and marks do to a supplier's record: dated facts that the ranking of offers reads.

A complaint that its person confirmed as settled was justified: it counts in full. Silence counts in part
(rule ``ranking.complaint_weights``) until the case is confirmed. Call these inside the transaction of the step.
"""

from datetime import date

from django.db.models import F

from complaints.models import Complaint
from marketplace import outbox
from suppliers import complaint_facts
from suppliers.complaint_facts import Kind
from suppliers.models import Partner


def confirmed(complaint: Complaint, day: date) -> None:
    """The person confirmed that the complaint was justified and is settled."""
    if complaint.supplier_id:
        complaint_facts.note(supplier_id=complaint.supplier_id, case=complaint.number, kind=Kind.CONFIRMED, day=day)


def reopened(complaint: Complaint) -> None:
    """A confirmed complaint was opened again: it is not settled after all."""
    if complaint.supplier_id:
        complaint_facts.take_back(supplier_id=complaint.supplier_id, case=complaint.number, kinds=[Kind.CONFIRMED])


def silent(complaint: Complaint, day: date) -> None:
    """The addressed supplier let the time of an answer, or its own promise, pass."""
    if complaint.addressee_supplier_id:
        complaint_facts.note(
            supplier_id=complaint.addressee_supplier_id, case=complaint.number, kind=Kind.SILENT, day=day
        )


def duplicate(complaint: Complaint) -> None:
    """Examined under an earlier number: what it says is said there."""
    for supplier_id in {complaint.supplier_id, complaint.addressee_supplier_id}:
        if supplier_id:
            complaint_facts.take_back(supplier_id=supplier_id, case=complaint.number, kinds=Kind.values)


def marked(supplier_id: int, mark: int) -> None:
    """Somebody who has the supplier's goods gave a mark from 1 to 5."""
    Partner.objects.filter(pk=supplier_id).update(rating_sum=F("rating_sum") + mark, rating_count=F("rating_count") + 1)
    outbox.add("supplier.changed", str(supplier_id))
