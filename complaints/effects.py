"""What follows a step: notices to both sides, payments on hold. Handlers read current state and run twice safely."""

from collections.abc import Iterable
from typing import Any

from django.db.models import QuerySet
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from complaints import holds, shapes
from complaints.models import Complaint
from complaints.states import BODY, HAPPENED, PERSON, SELLER, TURN_LABELS, WHOSE_TURN
from marketplace import calendar, formats, notices, outbox
from marketplace.models import Event, OutboxRow, Role, User

# Who is told of a step, beside nobody: the sides that did not take it themselves.
_TOLD: dict[str, tuple[str, ...]] = {
    "filed": (PERSON, SELLER, BODY),
    "answered": (PERSON,),
    "offered": (PERSON,),
    "offer_accepted": (SELLER,),
    "answer_accepted": (SELLER,),
    "answer_rejected": (SELLER, BODY, PERSON),
    "answer_lapsed": (PERSON, SELLER),
    "offer_lapsed": (PERSON, SELLER, BODY),
    "remedy_done": (PERSON,),
    "escalated": (PERSON, SELLER, BODY),
    "taken_up": (PERSON,),
    "decided": (PERSON, SELLER),
    "extended": (PERSON,),
    "refused": (PERSON, SELLER),
    "redirected": (PERSON, BODY),
    "passed_to_ministry": (PERSON, BODY),
    "pretrial_opened": (PERSON, SELLER),
    "pretrial_agreed": (PERSON, SELLER),
    "pretrial_failed": (PERSON, SELLER, BODY),
    "court_opened": (PERSON, SELLER),
    "court_decided": (PERSON, SELLER),
    "asked": (PERSON,),
    "replied": (BODY,),
    "resumed": (PERSON, BODY),
    "confirmed": (SELLER, BODY),
    "reopened": (SELLER, BODY),
    "unconfirmed": (PERSON, BODY),
    "refusal_appealed": (BODY,),
    "withdrawn": (SELLER, BODY),
    "linked": (PERSON,),
}
_TITLES = dict(HAPPENED.values())


@outbox.handler(*(f"complaint.{word}" for word in _TOLD))
def tell(row: OutboxRow) -> None:
    """One notice for each person of each side, once for each event."""
    complaint = _complaint(row.key)
    event = Event.objects.get(pk=row.payload["event"])
    word = event.kind.removeprefix("complaint.")
    # A step by the code: the person hears of it, too, in case somebody else has her code.
    sides = dict.fromkeys((*_TOLD[word], PERSON) if event.data.get("by") == "code" else _TOLD[word])
    for side in sides:
        for recipient, contact in _people(complaint, side, event):
            _send(complaint, f"complaint.{word}", str(event.pk), recipient, contact, side, _TITLES[word])


@outbox.handler("complaint.reminder")
def remind(row: OutboxRow) -> None:
    """The supplier is told how many days are left, while the case still waits for the answer."""
    complaint = _complaint(row.key)
    if complaint.status != "with_seller":
        return
    for recipient, contact in _people(complaint, SELLER, None):
        title = gettext_lazy("A complaint waits for your answer")
        _send(complaint, "complaint.reminder", f"{row.payload['day']}", recipient, contact, SELLER, title)


@outbox.handler("complaint.overdue")
def report_late_body(row: OutboxRow) -> None:
    """The person, the late body and the ministry learn that a date has passed."""
    complaint = _complaint(row.key)
    title = gettext_lazy("The state body did not decide in time")
    told = [*_people(complaint, PERSON, None), *_people(complaint, BODY, None)]
    told += [(reviewer, {}) for reviewer in User.objects.filter(role=Role.REVIEWER, is_active=True)]
    for recipient, contact in told:
        _send(complaint, "complaint.overdue", str(row.payload["event"]), recipient, contact, PERSON, title)


@outbox.handler("order.act_signed")
def hold_payment(row: OutboxRow) -> None:
    """An act was signed while a complaint of safety or fraud is open: its payment waits."""
    complaint = holds.open_cases().select_related("order_line__order").filter(order_line__order__number=row.key).first()
    if complaint is not None:
        holds.hold(complaint, row.created_at)


def _complaint(number: str) -> Complaint:
    return Complaint.objects.select_related(
        "complainant", "filed_by", "addressee_supplier", "addressee_authority", "region"
    ).get(number=number)


def _people(complaint: Complaint, side: str, event: Event | None) -> Iterable[tuple[User | None, dict[str, Any]]]:
    """The people of a side with the contact to use; who took the step is not told of it."""
    if side == PERSON:
        return _owner(complaint)
    if side == SELLER:
        staff = complaint.addressee_supplier.users.all() if complaint.addressee_supplier else User.objects.none()
        return _staff(staff, event)
    staff = (
        User.objects.filter(authority=complaint.addressee_authority_id) if complaint.addressee_authority_id else None
    )
    return _staff(staff, event) if staff is not None else []


def _owner(complaint: Complaint) -> list[tuple[User | None, dict[str, Any]]]:
    """Whoever filed for herself or her ward, by the contact she gave; a visitor only by that contact."""
    person, filer = complaint.complainant, complaint.filed_by
    if person is not None and filer is not None and filer.role == Role.GUARDIAN:
        person = filer
    if person is None and not complaint.contact.get("phone") and not complaint.contact.get("email"):
        return []
    return [(person, complaint.contact)]


def _staff(staff: QuerySet[User], event: Event | None) -> list[tuple[User | None, dict[str, Any]]]:
    known = staff.filter(is_active=True)
    return [(user, {}) for user in (known.exclude(pk=event.actor_id) if event and event.actor_id else known)]


def _send(
    complaint: Complaint,
    kind: str,
    once: str,
    recipient: User | None,
    contact: dict[str, Any],
    side: str,
    title: Any,
) -> None:
    """A notice in the recipient's language; a visitor is told in Kazakh and Russian, the state languages."""
    channel, address = _way(contact)
    language = recipient.language if recipient else "kk"
    with translation.override(language):
        heading = _("Complaint %(number)s") % {"number": complaint.number}
        lines = [f"{title}."]
        if complaint.respond_by:
            lines.append(
                _("Next: %(who)s, by %(day)s.")
                % {"who": _turn(complaint), "day": formats.date_long(complaint.respond_by)}
            )
        if kind == "complaint.filed" and side == PERSON:
            lines.append(calendar.in_words(complaint.due_explained))
        if complaint.outcome:
            lines.append(shapes.outcome_name(complaint.outcome, complaint.outcome_detail) + ".")
        notices.create(
            recipient=recipient,
            channel=channel,
            address=address,
            language=language,
            kind=kind,
            subject=f"complaint:{complaint.number}",
            title=heading,
            text=" ".join(lines),
            dedupe=f"{kind}:{complaint.number}:{once}:{recipient.pk if recipient else address}",
        )


def _way(contact: dict[str, Any]) -> tuple[str | None, str | None]:
    """Channel and address that the person asked for in this complaint."""
    channel = contact.get("channel") or None
    if channel == User.Channel.EMAIL and contact.get("email"):
        return channel, contact["email"]
    if contact.get("phone") and channel != User.Channel.EMAIL:
        return channel, contact["phone"]
    return (User.Channel.EMAIL, contact["email"]) if contact.get("email") else (channel, None)


def _turn(complaint: Complaint) -> str:
    """Who owes the next step, by name for bodies and suppliers."""
    turn = WHOSE_TURN.get(complaint.status)
    if turn in {SELLER, BODY}:
        return shapes.addressee(complaint)["name"]
    return str(TURN_LABELS[turn]) if turn else ""
