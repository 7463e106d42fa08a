"""What complaints and feedback forget of people, by the rules ``retention.…`` (marketplace/keeping.py)."""

from datetime import datetime

from django.db.models import Q

from complaints.feedback.models import Feedback, Occasion
from complaints.feedback.states import SETTLED_STATES
from complaints.measures.models import PretrialCase
from complaints.models import Complaint, ComplaintParallel
from complaints.states import ENDED_STATES
from marketplace import files
from marketplace.keeping import batch_of, ids, kind


@kind(
    "retention.complaint_days",
    "complaints.Complaint",
    "complaints.ComplaintParallel",
    "complaints.PretrialCase",
    "marketplace.StoredFile",
)
def _complaints(before: datetime) -> int:
    """What was told, shown and answered, and how to reach whoever told it. Subject, dates and outcome stay for reports."""
    told = ~Q(text="") | ~Q(contact={}) | ~Q(answer="") | ~Q(decision="") | ~Q(texts={}) | ~Q(demand="")
    found = batch_of(Complaint.objects.filter(told, status__in=ENDED_STATES, closed_at__lt=before))
    Complaint.objects.filter(pk__in=ids(found)).update(
        text="", fields={}, contact={}, contact_key=b"", telegram_chat=None, demand="", demands=[],
        answer="", remedy={}, decision="", texts={},
    )  # fmt: skip
    ComplaintParallel.objects.filter(complaint__in=ids(found)).update(done="")
    PretrialCase.objects.filter(complaint__in=ids(found)).update(papers="", agreed_text="")
    files.forget_of([f"complaint:{row.number}" for row in found])
    return len(found)


@kind("retention.feedback_days", "complaints.Feedback", "complaints.Occasion")
def _feedback(before: datetime) -> int:
    """Words, replies and who was asked; the mark stays, and what a moderator let be published."""
    words = Feedback.objects.filter(status__in=SETTLED_STATES, given_at__lt=before)
    found = batch_of(words.exclude(text="", reply="", action=""))
    Feedback.objects.filter(pk__in=ids(found)).update(text="", reply="", action="")
    over = Q(call=None) | Q(call__finished_at__lt=before)
    asked = batch_of(Occasion.objects.filter(over, happened_on__lt=before.date()))
    Occasion.objects.filter(pk__in=ids(asked)).delete()
    return len(found) + len(asked)
