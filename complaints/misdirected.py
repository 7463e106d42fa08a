"""A case that came to the wrong body: the person must know within three working days (rule ``complaint.misdirected_days``).

On the last of them a body that has done nothing yet is asked whether the case is its own. Whoever passes a case on
later is told about to the body above and the ministry, and stands on the ministry's board.
"""

from collections import Counter
from datetime import date, datetime, timedelta
from functools import cache
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Count, Q
from django.utils import timezone

from complaints.models import Complaint, ComplaintStep
from complaints.states import ComplaintStatus
from marketplace import calendar, outbox
from marketplace.models import Authority, Event

RULE = "complaint.misdirected_days"
# Working days may stand far apart: New Year and Nauryz with their moved days.
FARTHEST = timedelta(days=30)


def received_on(complaint: Complaint) -> date:
    """The day on which the present body got the case: when it joined, else the day of receipt."""
    return timezone.localdate(complaint.escalated_at) if complaint.escalated_at else complaint.day_zero


def tell_by(received: date) -> date:
    """The last day on which the person may learn that another body has to examine it."""
    return calendar.deadline(RULE, received).respond_by


def facts(complaint: Complaint, today: date) -> dict[str, Any]:
    """What the event of a step says that passes the case on: until when, and whether in time."""
    last = tell_by(received_on(complaint))
    return {"tell_by": last.isoformat(), "told_in_time": today <= last}


def remind(now: datetime) -> Counter[str]:
    """Ask each body on the last day, once for each time it got the case; a sweep that comes a day late asks no more."""
    today, asked = timezone.localdate(now), Counter[str]()
    last_day = cache(tell_by)
    for complaint in _untouched(today):
        received = received_on(complaint)
        if last_day(received) != today:
            continue
        step = f"misdirected:{complaint.addressee_authority_id}:{received}"
        with transaction.atomic(durable=True):
            held = _untouched(today).select_for_update(skip_locked=True, of=("self",)).filter(pk=complaint.pk).first()
            if held is None or received_on(held) != received:
                continue
            try:
                with transaction.atomic():
                    ComplaintStep.objects.create(complaint=held, step=step, at=now)
            except IntegrityError:
                continue
            outbox.add("complaint.misdirected", held.number, {"day": received.isoformat()})
            asked["asked whether it is theirs"] += 1
    return asked


def _untouched(today: date) -> Any:
    """Cases that a body has and has not taken up: escalated ones, and those that came to it first."""
    first = Q(status=ComplaintStatus.WITH_BODY, escalated_at=None, filed_on__gte=today - FARTHEST)
    since = timezone.make_aware(datetime.combine(today - FARTHEST, datetime.min.time()))
    joined = Q(status=ComplaintStatus.ESCALATED, escalated_at__gte=since)
    return Complaint.objects.filter(first | joined, addressee_authority__isnull=False).order_by("pk")


def late_since(first: date) -> list[dict[str, Any]]:
    """Bodies that passed cases on too late since a day, those with the most first."""
    since = timezone.make_aware(datetime.combine(first, datetime.min.time()))
    rows = (
        Event.objects.filter(kind__in=("complaint.redirected", "complaint.decided"), at__gte=since)
        .filter(data__told_in_time=False)
        .order_by()
        .values("data__from")
        .annotate(number=Count("pk"))
        .order_by("-number", "data__from")
    )
    found = {row["data__from"]: row["number"] for row in rows}
    names = {body.code: body.name for body in Authority.objects.filter(code__in=found)}
    return [{"name": names[code], "cases": cases} for code, cases in found.items() if code in names]
