"""Whoever is addressed beside the addressee: told at filing, with a date of its own where the rule gives one.

A parallel addressee says what it did; the case itself stays with its addressee. Its silence is told to
the person and one level up, once. Ended cases ask nobody for anything.
"""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime

from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from complaints import selectors
from complaints.models import Complaint, ComplaintParallel
from complaints.routing import Parallel
from complaints.states import BODY, CLOCK, OPEN_STATES, SELLER
from complaints.stepping import passed, required_text
from marketplace import events, idempotency, outbox
from marketplace.errors import DomainError, Forbidden
from marketplace.idempotency import Answer
from marketplace.models import Authority, User
from marketplace.time import database_now

BATCH = 100


class NothingToReport(DomainError):
    code = "nothing_to_report"
    message = _("You have told already what you did, or the complaint has ended.")


def address(complaint: Complaint, found: Iterable[Parallel]) -> None:
    """Write down who is addressed beside the addressee; inside the transaction that registers."""
    ComplaintParallel.objects.bulk_create(
        ComplaintParallel(
            complaint=complaint,
            authority=one.to if isinstance(one.to, Authority) else None,
            supplier=None if isinstance(one.to, Authority) else one.to,
            why=one.why,
            respond_by=one.deadline.respond_by if one.deadline else None,
            due_at=one.deadline.due_at if one.deadline else None,
            due_explained=one.deadline.explained if one.deadline else {},
        )
        for one in found
    )


def report(
    *, number: str, actor: User, text: str, request: idempotency.Request | None = None, now: datetime | None = None
) -> Answer:
    """A parallel addressee says what it did: the person reads it. Once.

    Raises NotFound (foreign), Forbidden (addressed in no such way), NothingToReport, Invalid (no words).
    """
    text = required_text(text, "text", _("Say what you did. The person reads it."))

    def work() -> tuple[int, dict[str, str]]:
        at = now or database_now()
        complaint = selectors.lock(actor, number)
        rows = list(selectors.own_parallels(actor).filter(complaint=complaint))
        if not rows:
            raise Forbidden
        row = next((one for one in rows if one.done_at is None), None)
        if row is None or complaint.status not in OPEN_STATES:
            raise NothingToReport
        row.done_at, row.done = at, text
        row.save(update_fields=["done_at", "done"])
        event = events.record(
            kind="complaint.parallel_done",
            subject=f"complaint:{number}",
            actor=actor,
            data={
                "party": BODY if row.authority_id else SELLER,
                "to": row.addressee.code,
                "why": row.why,
                "in_time": row.respond_by is None or timezone.localdate(at) <= row.respond_by,
            },
            at=at,
        )
        Complaint.objects.filter(pk=complaint.pk).update(texts={**complaint.texts, str(event.pk): text})
        outbox.add("complaint.parallel_done", number, {"event": event.pk})
        return 200, {"number": number, "status": complaint.status}

    return idempotency.once(request, work)


def waiting() -> QuerySet[ComplaintParallel]:
    """Rows of open cases about which nobody was told yet that they are late.

    Whoever has the case itself by now answers by the date of the case.
    """
    mine = Q(authority=F("complaint__addressee_authority")) | Q(
        supplier=F("complaint__addressee_supplier"), complaint__addressee_authority=None
    )
    rows = ComplaintParallel.objects.filter(done_at=None, late_at=None, complaint__status__in=OPEN_STATES)
    return rows.exclude(mine)


def run(now: datetime) -> Counter[str]:
    """Everybody whose own date has passed at ``now`` without a word, once."""
    done: Counter[str] = Counter()
    due = waiting().filter(passed(now)).order_by("respond_by", "pk").values_list("pk", flat=True)
    for pk in list(due):
        with transaction.atomic(durable=True):
            # The case first, as every step does: two orders of locks would wait for each other.
            number = ComplaintParallel.objects.values_list("complaint__number", flat=True).get(pk=pk)
            complaint = Complaint.objects.select_for_update(skip_locked=True).filter(number=number).first()
            if complaint is None or not waiting().filter(passed(now), pk=pk).update(late_at=now):
                continue
            row = ComplaintParallel.objects.select_related("authority", "supplier").get(pk=pk)
            event = events.record(
                kind="complaint.parallel_late",
                subject=f"complaint:{number}",
                actor=None,
                data={"party": CLOCK, "to": row.addressee.code, "why": row.why, "respond_by": f"{row.respond_by}"},
                at=now,
            )
            outbox.add("complaint.parallel_late", number, {"event": event.pk})
            done["parallel addressees late"] += 1
    return done
