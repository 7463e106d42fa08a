"""What the portal knows already: answers of a new complaint out of the order, or of the printed code that was scanned.

They are the first saves of the draft, in the portal's name, so that its history shows them; the person changes what
is wrong. Nothing is filled in that only she can know: the pieces she counted, what she measured.
"""

from datetime import date
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from catalog import parameters, types
from catalog.search import documents
from complaints import checking, templates
from complaints.codes import subjects
from complaints.codes.subjects import Subject
from complaints.selectors import Actor
from marketplace import access
from marketplace.drafts.preparing import PORTAL
from marketplace.errors import NotFound
from marketplace.models import Draft, Guardianship, Role, User
from orders.models import Delivery, Line, Order
from suppliers import qr
from suppliers.models import Partner

Answers = dict[str, Any]


def of_line(line: Line, today: date) -> Answers:
    """Facts of an ordered line by the codes of the questions they answer; ``today`` is the day of the complaint."""
    order = line.order
    handed_over = order.deliveries.filter(outcome=Delivery.Outcome.DELIVERED).order_by("attempt").last()
    return _known(
        {
            "lot": line.lot,
            "serial": line.lot,  # one column holds either: what was read from the goods at the door
            "days_in_use": (today - timezone.localdate(handed_over.at)).days if handed_over else None,
            "ordered": ordered_parameters(line),
            "ordered_pieces": line.units,
            "pack_size": line.pack_size,
            "promised": order.promised_on.isoformat() if order.promised_on else None,
            "act_number": act_number(order),
            **of_supplier(order.partner),
        }
    )


def of_supplier(partner: Partner) -> Answers:
    """Who sold it, for the form about goods bought elsewhere."""
    return _known({"seller_name": partner.name, "seller_address": partner.address})


def of_code(subject: Subject) -> Answers:
    """The same of a code that was read."""
    answers = {"lot": subject.lot, "serial": subject.lot}
    if subject.office is not None:
        answers["office"] = subject.office.name
    return _known(answers) | (of_supplier(subject.supplier) if subject.supplier is not None else {})


def of_writer(actor: Any, person: User | None) -> Answers:
    """Who writes for the person, and why she may: a guardian by the paper, a caseworker by the office."""
    if person is None or person == actor:
        return {}
    if actor.role == Role.CASEWORKER:
        basis = actor.office.name if actor.office is not None else ""
    else:
        basis = Guardianship.objects.filter(guardian=actor, ward=person).values_list("basis", flat=True).first() or ""
    speaks = actor.role in {Role.CASEWORKER, Role.GUARDIAN}
    return _known({"representative": str(actor), "representative_basis": basis}) if speaks else {}


def own_line(actor: Actor, token: str) -> Line | None:
    """The line behind the delivery note that was scanned, when the parcel is the actor's own and holds one thing."""
    named = qr.read(token)
    if named is None or named[0] != qr.DELIVERY_NOTE or not actor.is_authenticated:
        return None
    lines = list(Line.objects.filter(order=named[1], order__user__in=access.people_of(actor))[:2])
    return checking.find_line(actor, lines[0].pk) if len(lines) == 1 else None


def of_token(token: str) -> Answers:
    """What a printed code tells to whoever scans it. Of the order behind a delivery note: nothing but its seller."""
    try:
        return of_code(subjects.of_token(token))
    except NotFound:
        return {}


def act_number(order: Order) -> str:
    """The acceptance act's number; the order's own while there is no act."""
    act = getattr(order, "act", None)
    return str(act.number if act is not None else order.number)


def ordered_parameters(line: Line) -> str:
    """``Seat width: 45 cm; load: 130 kg``: what the product promises, by the catalogue."""
    product = line.product
    if product is None:
        return ""
    product_type = types.book().by_id.get(product.get_product_class().pk)
    stated = documents.parameters_of([product.pk]).get(product.pk, {})
    rows = [row for row in parameters.shown(product_type, stated) if not row.common] if product_type else []
    return "; ".join(f"{row.name}: {row.text}" for row in rows)[: templates.MAX_ANSWER]


def _known(answers: Answers) -> Answers:
    return {code: value for code, value in answers.items() if value not in (None, "")}


def asked(answers: Answers, subject: str, sphere: str) -> Answers:
    """Those that the form of this subject and sphere asks for."""
    questions = templates.questions(templates.template_for(subject, sphere))
    return {question.code: answers[question.code] for question in questions if question.code in answers}


def origin(draft: Draft, field: str) -> str:
    """Where an answer comes from that stands as the portal filled it in; nothing for the person's own words."""
    entry = draft.fields.get(field)
    if entry is None or entry["dev"] != PORTAL:
        return ""
    if field.startswith("answer.representative"):
        return _("Filled in for you")
    return _("From your order") if draft.value("line") else _("From the code you scanned")
