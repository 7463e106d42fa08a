"""What follows a step: notices to both sides. Handlers read current state and run twice safely."""

from collections.abc import Iterable
from typing import Any

from django.db.models import Q, QuerySet
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from complaints import shapes
from complaints.models import Complaint
from complaints.states import BODY, HAPPENED, PERSON, SELLER, TURN_LABELS, WHOSE_TURN
from marketplace import calendar, formats, notices, outbox
from marketplace.models import Authority, Event, OutboxRow, Role, User
from marketplace.notices import gateways

# Those addressed beside the addressee.
BESIDE = "beside"
# Who is told of a step, beside nobody: the sides that did not take it themselves.
_TOLD: dict[str, tuple[str, ...]] = {
    "filed": (PERSON, SELLER, BODY, BESIDE),
    "answered": (PERSON,),
    "offered": (PERSON,),
    "offer_accepted": (SELLER,),
    "answer_accepted": (SELLER,),
    "answer_rejected": (SELLER, BODY, PERSON),
    "answer_lapsed": (PERSON, SELLER),
    "offer_lapsed": (PERSON, SELLER, BODY),
    "remedy_done": (PERSON,),
    "escalated": (PERSON, SELLER, BODY),
    "passed_up": (PERSON, SELLER, BODY),
    "taken_up": (PERSON,),
    "parallel_done": (PERSON, BODY),
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
    "instructed": (PERSON,),
    "banned": (PERSON,),
    "rule_changed": (PERSON,),
    "sale_stopped": (PERSON, SELLER, BODY),
    "asked": (PERSON,),
    "replied": (BODY,),
    "resumed": (PERSON, BODY),
    "confirmed": (SELLER, BODY),
    "reopened": (SELLER, BODY),
    "unconfirmed": (PERSON, BODY),
    "call_due": (PERSON,),
    "unreached": (PERSON,),
    "voted": (),
    "confirmed_by_panel": (PERSON, SELLER, BODY),
    "refusal_appealed": (BODY,),
    "withdrawn": (SELLER, BODY),
    "linked": (PERSON,),
}
_OVERDUE = gettext_lazy("The state body did not decide in time")
_TITLES = dict(HAPPENED.values()) | shapes.BESIDE_TITLES


@outbox.handler(*(f"complaint.{word}" for word in _TOLD))
def tell(row: OutboxRow) -> None:
    """One notice for each person of each side, once for each event."""
    complaint = _complaint(row.key)
    event = Event.objects.get(pk=row.payload["event"])
    word = event.kind.removeprefix("complaint.")
    # A step by the code or by phone: the person hears of it, too, in case it was somebody else.
    sides = dict.fromkeys((*_TOLD[word], PERSON) if event.data.get("by") else _TOLD[word])
    for side in sides:
        for recipient, contact in _people(complaint, side, event):
            _send(complaint, f"complaint.{word}", str(event.pk), recipient, contact, side, _TITLES[word])

    if event.data.get("told_in_time") is False:
        for recipient, contact in _above(Authority.objects.filter(code=event.data.get("from"))):
            _send(complaint, "complaint.passed_on_late", str(event.pk), recipient, contact, BODY, shapes.PASSED_ON_LATE)


@outbox.handler("complaint.misdirected")
def ask_whose(row: OutboxRow) -> None:
    """On the last day a body that has done nothing yet is asked whether the case is its own."""
    complaint = _complaint(row.key)
    for recipient, contact in _people(complaint, BODY, None):
        title = gettext_lazy("Is this complaint yours? If not, pass it on today: the person must know")
        _send(complaint, "complaint.misdirected", row.payload["day"], recipient, contact, BODY, title)


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
    """The late body, the one above it and the ministry learn that a date has passed.

    So does the person, unless the next body joined: then that step tells.
    """
    complaint = _complaint(row.key)
    event = Event.objects.get(pk=row.payload["event"])
    late = Authority.objects.filter(code=event.data["authority"])
    told = [] if row.payload.get("passed_up") else _owner(complaint)
    told += _staff(_of_bodies(late), None)
    told += [person for person in _above(late) if person not in told]
    for recipient, contact in told:
        _send(complaint, "complaint.overdue", str(event.pk), recipient, contact, PERSON, _OVERDUE)


@outbox.handler("complaint.parallel_late")
def report_late_parallel(row: OutboxRow) -> None:
    """A parallel addressee was silent: itself, the one above it and the person are told."""
    complaint = _complaint(row.key)
    event = Event.objects.get(pk=row.payload["event"])
    bodies = Authority.objects.filter(code=event.data["to"])
    shops = User.objects.filter(partners__code=event.data["to"])
    told = _owner(complaint)
    told += _staff(_of_bodies(bodies), None) if bodies else _staff(shops, None)
    told += [person for person in _above(bodies) if person not in told]
    for recipient, contact in told:
        title = shapes.BESIDE_TITLES["parallel_late"]
        _send(complaint, "complaint.parallel_late", str(event.pk), recipient, contact, PERSON, title)


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
    if side == BESIDE:
        rows = complaint.parallels.all()
        bodies = Authority.objects.filter(pk__in=rows.values("authority"))
        shops = User.objects.filter(partners__in=rows.values("supplier"))
        return [*_staff(_of_bodies(bodies), event), *_staff(shops.distinct(), event)]
    return _staff(_of_bodies(Authority.objects.filter(complaints=complaint)), event)


def _of_bodies(bodies: QuerySet[Authority]) -> QuerySet[User]:
    return User.objects.filter(authority__in=bodies)


def _above(bodies: QuerySet[Authority]) -> list[tuple[User | None, dict[str, Any]]]:
    """Who works one level up, and the ministry's reviewers."""
    staff = User.objects.filter(Q(authority__children__in=bodies) | Q(role=Role.REVIEWER))
    return _staff(staff.distinct(), None)


def _owner(complaint: Complaint) -> list[tuple[User | None, dict[str, Any]]]:
    """Whoever filed for herself or her ward, by the contact she gave; a visitor only by that contact."""
    person, filer = complaint.complainant, complaint.filed_by
    if person is not None and filer is not None and filer.role == Role.GUARDIAN:
        person = filer
    reached = complaint.telegram_chat or complaint.contact.get("phone") or complaint.contact.get("email")
    if person is None and not reached:
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
    """A notice in the recipient's language; who has no account is told in the language of the complaint."""
    channel, address = _way(contact)
    otherwise = ""
    if recipient is None and complaint.telegram_chat:
        otherwise, channel, address = contact.get("phone", ""), gateways.TELEGRAM, str(complaint.telegram_chat)
    language = recipient.language if recipient else complaint.language
    with translation.override(language):
        heading = _("Complaint %(number)s") % {"number": complaint.number}
        lines = [f"{title}."]
        if complaint.respond_by:
            lines.append(
                _("Next: %(who)s, by %(day)s.")
                % {"who": _turn(complaint), "day": formats.date_long(complaint.respond_by)}
            )
        if kind == "complaint.filed" and side == PERSON:
            lines.append(calendar.in_words(complaint.due_explained, short=True))
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
            text=" ".join([f"{heading}.", *lines] if channel == gateways.TELEGRAM else lines),
            dedupe=f"{kind}:{complaint.number}:{once}:{recipient.pk if recipient else address}",
            otherwise=otherwise,
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
