"""Filing a complaint: check everything at once, decide the addressee, start the clock, in one transaction.

Routes of domain part 4; template and answers of part 5. The law asks only what happened: own words, written, spoken
or signed, are always enough, and nothing a person typed is refused for its style.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from complaints import attachments, contact_keys, holds, parallels, shapes, tracking
from complaints.checking import Checked, Filing, check
from complaints.models import Complaint
from complaints.routing import Route
from complaints.selectors import Actor
from complaints.states import CLOCK, COMPLAINT, HAPPENED, OPEN_STATES
from marketplace import calendar, events, idempotency, outbox, rules
from marketplace.errors import DomainError, Invalid, TooManyTries
from marketplace.idempotency import Answer, Request
from marketplace.limits import Limit, Tries
from marketplace.models import Draft
from marketplace.time import database_now


class TooManyComplaints(TooManyTries):
    """A network that sends complaints without an account like a machine."""

    message = _("Many complaints came from your network within an hour. Your text is kept. Send it later or call 1414.")
    retry_after = 3600


class AlreadyOpen(DomainError):
    """One open complaint per order line and subject."""

    code = "already_open"

    def __init__(self, number: str):
        message = _("This complaint is already being examined: number %(number)s. Look there how it goes.")
        super().__init__(message % {"number": number}, number=number)


def preview(*, actor: Actor, filing: Filing, now: datetime | None = None) -> tuple[Checked, Route]:
    """Where the complaint would go, why and until when: shown before sending. Raises like ``file``.

    What only matters for sending (text, answers, contact) is not asked for yet.
    """
    now = now or database_now()
    checked = check(actor=actor, filing=filing, now=now)
    needed = {
        "subject",
        "sphere",
        "region",
        "supplier",
        "qr",
        "office",
        "about",
        "order_line",
        "beneficiary",
        "received_on",
        "target",
        "targets",
    }
    errors = [error for error in checked.errors if error.field in needed]
    if errors:
        raise Invalid(errors)
    return checked, checked.route(now)


def file(
    *,
    actor: Actor,
    filing: Filing,
    request: Request | None = None,
    now: datetime | None = None,
    address: str = "",
) -> Answer:
    """Register the complaint and send it to its addressee: one durable transaction, once per key.

    ``address`` is the network address by which the complaints of people without an account are counted.
    Raises Forbidden, NotFound (a foreign order line), Invalid (every wrong field), AlreadyOpen, TooManyComplaints.
    The answer carries the tracking code; it is not stored.
    """

    def work() -> tuple[int, dict[str, Any]]:
        complaint, route = register(actor=actor, filing=filing, now=now or database_now())
        return 201, receipt(complaint, route)

    with counted(actor, address) as count:
        answer = with_code(idempotency.once(request, work))
        if not answer.replayed:
            count()
    return answer


@contextmanager
def counted(actor: Actor, address: str) -> Iterator[Callable[[], None]]:
    """Count a filing without an account by its address (rule ``complaint.anonymous_filings``).

    Only a new complaint counts, which the block says by calling what it gets: not the one that was refused, nor
    one that was sent again. Raises TooManyComplaints before anything is done.
    """
    if not address or actor.is_authenticated:
        yield lambda: None
        return
    most = int(rules.get("complaint.anonymous_filings").value["of_address_an_hour"])
    tries = Tries([(Limit("complaints-of-address", most=most, seconds=3600), address)])
    if not tries.allowed():
        raise TooManyComplaints
    filed: list[bool] = []
    try:
        yield lambda: filed.append(True)
    finally:
        if not filed:
            tries.rollback()


def with_code(answer: Answer) -> Answer:
    """The answer with the tracking code, which is derived each time and kept in no table."""
    return replace(answer, body=answer.body | {"tracking_code": tracking.code_of(answer.body["number"])})


def receipt(complaint: Complaint, route: Route) -> dict[str, Any]:
    """What the person gets back, without the tracking code."""
    return {
        "number": complaint.number,
        "addressee": route.addressee,
        "respond_by": route.deadline.respond_by.isoformat(),
        "due_at": timezone.localtime(route.deadline.due_at).isoformat(),
        "due_explained": calendar.in_words(route.deadline.explained),
        "rule": route.rule,
        "parallels": shapes.also(route),
    }


def register(*, actor: Actor, filing: Filing, now: datetime, draft: Draft | None = None) -> tuple[Complaint, Route]:
    """The effect of ``file`` inside the caller's transaction."""
    checked = check(actor=actor, filing=filing, now=now)
    if checked.errors:
        raise Invalid(checked.errors)
    route = checked.route(now)
    complaint = _insert(_row(actor, checked, route, now, draft))
    parallels.address(complaint, route.parallels)
    attachments.adopt(complaint, filing.photos)
    holds.hold(complaint, now)
    action = "to-seller" if route.supplier is not None else "to-body"
    word = HAPPENED[action][0]
    event = events.record(
        kind=f"complaint.{word}",
        subject=f"complaint:{complaint.number}",
        actor=complaint.filed_by,
        on_behalf_of=checked.complainant,
        before="registered",
        after=complaint.status,
        data={
            "party": "desk" if checked.by_staff else "owner",
            "rule": route.rule,
            "channel": checked.channel,
            "region": route.region.pk,
            "addressee": route.addressee["code"],
            "respond_by": route.deadline.respond_by.isoformat(),
            **({"received_on": checked.received_on.isoformat()} if checked.received_on else {}),
            "beside": [one.to.code for one in route.parallels],
        },
        at=now,
    )
    outbox.add(f"complaint.{word}", complaint.number, {"event": event.pk})
    return complaint, route


def _row(actor: Actor, checked: Checked, route: Route, now: datetime, draft: Draft | None) -> Complaint:
    filing, number = checked.filing, tracking.next_number(timezone.localdate(now))
    action = "to-seller" if route.supplier is not None else "to-body"
    return Complaint(
        number=number,
        tracking_hash=tracking.hash_of(number, tracking.code_of(number)),
        draft=draft,
        complainant=checked.complainant,
        filed_by=actor if actor.is_authenticated else None,
        order_line=checked.line,
        supplier=checked.line.order.partner if checked.line else checked.supplier,
        office=checked.office,
        region=route.region,
        template=checked.template,
        subject=filing.subject,
        sphere=checked.sphere,
        text=filing.text.strip(),
        demand=checked.demands[0] if checked.demands else "",
        demands=checked.demands,
        fields=checked.answers,
        contact=checked.contact,
        language=(get_language() or "kk")[:2],
        contact_key=contact_keys.key_of(checked.contact.get("phone", "")),
        telegram_chat=filing.chat,
        # Who says that the seller may not see the name has said it, wherever the form asked.
        hide_name=filing.hide_name or route.hide_name or checked.answers.get("consent") is False,
        channel=checked.channel,
        priority=route.priority,
        hold_payment=holds.wanted(route, filing.subject, timezone.localdate(now)),
        status=COMPLAINT.find(action, "registered", [CLOCK]).target,
        addressee_supplier=route.supplier,
        addressee_authority=route.authority,
        escalates_to=route.escalates_to,
        joins=[body.code for body in route.joins[1:]],
        rule=route.rule,
        rule_version=route.version,
        filed_at=now,
        filed_on=timezone.localdate(now),
        received_on=checked.received_on,
        respond_by=route.deadline.respond_by,
        due_at=route.deadline.due_at,
        due_explained=route.deadline.explained,
    )


def _insert(complaint: Complaint) -> Complaint:
    """The unique index decides between twins: the later one is told the number of the first."""
    try:
        with transaction.atomic():
            complaint.save(force_insert=True)
    except IntegrityError as error:
        if "complaint_open_once" not in str(error):
            raise
        raise AlreadyOpen(open_number(complaint.order_line_id, complaint.subject)) from None
    return complaint


def open_number(line_id: int | None, subject: str) -> str:
    """The number of the open complaint about this line and subject, or nothing."""
    rows = Complaint.objects.filter(order_line=line_id, subject=subject, status__in=OPEN_STATES)
    return rows.values_list("number", flat=True).first() or ""
