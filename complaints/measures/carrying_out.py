"""What happens with a measure afterwards: reported as carried out, marked late by the clock, lifted."""

from collections import Counter
from datetime import datetime

import structlog
from django.db import transaction
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from complaints.measures import selectors
from complaints.measures.models import Measure
from complaints.stepping import required_text
from marketplace import events, formats, notices, outbox
from marketplace.errors import DomainError, Forbidden, NotFound
from marketplace.models import OutboxRow, Role, User
from marketplace.time import database_now
from suppliers import offers

log = structlog.get_logger(__name__)

Kind = Measure.Kind


class AlreadyDone(DomainError):
    code = "already_done"
    message = gettext_lazy("This measure is already carried out.")


def report(*, measure_id: int, actor: User, result: str, now: datetime | None = None) -> Measure:
    """Say what was done. An instruction: its addressee; a stop-sale is lifted by who may decide it: the ministry

    or the body that made it; then the offers may be put on sale again. Raises Forbidden, NotFound, Invalid, AlreadyDone.
    """
    result = required_text(result, "result", gettext_lazy("Write what was done."))
    now = now or database_now()
    with transaction.atomic(durable=True):
        measure = selectors.visible(actor).select_for_update(of=("self",)).filter(pk=measure_id).first()
        if measure is None:
            raise NotFound
        if not selectors.may_report(actor, measure):
            raise Forbidden
        if Measure.objects.filter(pk=measure.pk, done_at=None).update(done_at=now, done_by=actor, result=result) != 1:
            raise AlreadyDone
        if measure.kind == Kind.STOP_SALE:
            assert measure.product_id is not None
            offers.release(product_id=measure.product_id, partner=measure.supplier, actor=actor, now=now)
        _note("measure_done", measure, actor, now)
    measure.refresh_from_db()
    return measure


def mark_late(now: datetime) -> Counter[str]:
    """Instructions whose day is over and that nobody reported: marked and told, each once."""
    due = Measure.objects.filter(
        kind=Kind.INSTRUCTION, done_at=None, late_at=None, respond_by__lt=timezone.localdate(now)
    )
    done: Counter[str] = Counter()
    for pk in list(due.order_by("respond_by", "pk").values_list("pk", flat=True)[:500]):
        try:
            with transaction.atomic(durable=True):
                measure = due.select_for_update(of=("self",), skip_locked=True).filter(pk=pk).first()
                if measure is not None and due.filter(pk=pk).update(late_at=now) == 1:
                    _note("measure_late", measure, None, now)
                    done["instructions late"] += 1
        except Exception:
            log.exception("measure_not_marked", measure=pk)
    return done


def _note(word: str, measure: Measure, actor: User | None, now: datetime) -> None:
    event = events.record(
        kind=f"complaint.{word}",
        subject=f"complaint:{measure.complaint.number}",
        actor=actor,
        data={"party": "authority" if actor else "clock", "measure": measure.pk},
        at=now,
    )
    outbox.add(f"complaint.{word}", str(measure.pk), {"event": event.pk})


@outbox.handler("complaint.instructed", "complaint.measure_late", "complaint.measure_done")
def tell(row: OutboxRow) -> None:
    """An instruction reaches the people of its body; lateness them and the ministry; a report the ministry."""
    word = row.topic.removeprefix("complaint.")
    if word == "instructed":
        measures = Measure.objects.filter(complaint__number=row.key, kind=Kind.INSTRUCTION, done_at=None)
    else:
        measures = Measure.objects.filter(pk=row.key)
    for measure in measures.select_related("complaint", "addressee"):
        staff = User.objects.filter(authority=measure.addressee_id) if measure.addressee_id else User.objects.none()
        ministry = User.objects.filter(role=Role.REVIEWER)
        readers = {"instructed": staff, "measure_late": staff | ministry, "measure_done": ministry}[word]
        for reader in readers.filter(is_active=True):
            _send(row, measure, word, reader)


_TITLES = {
    "instructed": gettext_lazy("An instruction for your body"),
    "measure_late": gettext_lazy("An instruction was not carried out in time"),
    "measure_done": gettext_lazy("A measure is carried out"),
}


def _send(row: OutboxRow, measure: Measure, word: str, reader: User) -> None:
    with translation.override(reader.language):
        text = _("Complaint %(number)s: %(kind)s.") % {
            "number": measure.complaint.number,
            "kind": measure.get_kind_display(),
        }
        if measure.respond_by:
            text += " " + _("To be carried out by %(day)s.") % {"day": formats.date_long(measure.respond_by)}
        title = str(_TITLES[word])
    notices.create(
        recipient=reader,
        kind=row.topic,
        subject=f"complaint:{measure.complaint.number}",
        title=title,
        text=text,
        dedupe=f"{word}:{measure.pk}:{reader.pk}",
    )
