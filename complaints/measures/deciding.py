"""Steps with which the state goes beyond one case: instruct, ban, change a rule, stop a sale (domain 3.4).

Each is a step of its complaint, which stays where it is; what is decided is written down as a measure.
"""

from datetime import date, datetime
from typing import Any

from django.utils.translation import gettext_lazy as _

from catalog.models import Product
from complaints.measures.models import Measure
from complaints.stepping import Case, Plan, required_text, take
from marketplace.errors import FieldError, Invalid
from marketplace.idempotency import Answer, Request
from marketplace.models import Authority, Rule, User
from suppliers import offers, standing
from suppliers.models import Partner

Kind = Measure.Kind
MAX_BASIS = 300


def instruct(
    *,
    number: str,
    actor: User,
    authority: str,
    text: str,
    legal_basis: str,
    respond_by: date | None,
    request: Request | None = None,
    now: datetime | None = None,
) -> Answer:
    """The ministry tells a body (by its code) what to do, to the end of a local day. Raises Invalid."""
    text, legal_basis = _worded(text, legal_basis)
    body = Authority.objects.filter(code=authority).first()
    if body is None:
        raise Invalid([FieldError("authority", "unknown", _("Choose a body from the list."))])

    def plan(case: Case) -> Plan:
        if respond_by is None or respond_by < case.today:
            raise Invalid([FieldError("respond_by", "past", _("Give a day from today on."))])
        return _decided(
            case, actor, Kind.INSTRUCTION, text, legal_basis,
            data={"authority": body.code, "respond_by": f"{respond_by}"}, addressee=body, respond_by=respond_by,
        )  # fmt: skip

    return take(number=number, action="instruct", actor=actor, plan=plan, request=request, now=now)


def ban(
    *,
    number: str,
    actor: User,
    until: date | None,
    reason: str,
    legal_basis: str,
    request: Request | None = None,
    now: datetime | None = None,
) -> Answer:
    """Suspend the supplier of the case to the end of a day. Raises what ``suppliers.standing.suspend`` raises."""

    def plan(case: Case) -> Plan:
        supplier = _supplier(case)
        if supplier is None:
            raise Invalid([FieldError("until", "no_supplier", _("This case is about no supplier."))])
        if until is None:
            raise Invalid([FieldError("until", "required", _("Give the last day of the suspension."))])
        suspension = standing.impose(
            partner=standing.locked(supplier.code), until=until, reason=reason, legal_basis=legal_basis, actor=actor,
            now=case.now, data={"complaint": number},
        )  # fmt: skip
        return _decided(
            case, actor, Kind.BAN, suspension.reason, suspension.legal_basis,
            data={"supplier": supplier.code, "until": f"{until}"}, supplier=supplier, suspension=suspension,
        )  # fmt: skip

    return take(number=number, action="ban", actor=actor, plan=plan, request=request, now=now)


def change_rule(
    *,
    number: str,
    actor: User,
    rule: str,
    valid_from: date | None,
    text: str,
    legal_basis: str,
    request: Request | None = None,
    now: datetime | None = None,
) -> Answer:
    """A new version of a rule follows from the case: ``rule`` is its code. The version stands already. Raises Invalid."""
    text, legal_basis = _worded(text, legal_basis)
    version = Rule.objects.filter(code=rule.strip(), valid_from=valid_from).first() if valid_from else None
    if version is None:
        message = _("There is no version of this rule from that day. Publish it first, then link it.")
        raise Invalid([FieldError("rule", "unknown", message)])

    def plan(case: Case) -> Plan:
        return _decided(
            case, actor, Kind.RULE_CHANGE, text, legal_basis,
            data={"rule": version.code, "valid_from": f"{version.valid_from}"}, rule=version,
            done_at=case.now, done_by=actor,
        )  # fmt: skip

    return take(number=number, action="change-rule", actor=actor, plan=plan, request=request, now=now)


def stop_sale(
    *,
    number: str,
    actor: User,
    text: str,
    legal_basis: str,
    product: int | None = None,
    lot: str = "",
    everywhere: bool = False,
    request: Request | None = None,
    now: datetime | None = None,
) -> Answer:
    """A dangerous product leaves the market at once: the offers of the case's supplier, or everybody's.

    ``product`` is asked for only when the case is about no order line. Raises Invalid.
    """
    text, legal_basis = _worded(text, legal_basis)

    def plan(case: Case) -> Plan:
        line, supplier = case.complaint.order_line, None if everywhere else _supplier(case)
        found = line.product if line else Product.objects.filter(pk=product).first()
        if found is None:
            raise Invalid([FieldError("product", "required", _("Choose the product."))])
        of_lot = lot.strip()[:100]
        stopped = offers.recall(product_id=found.pk, partner=supplier, actor=actor, now=case.now, lot=of_lot)
        return _decided(
            case, actor, Kind.STOP_SALE, text, legal_basis,
            data={"product": found.pk, "offers": stopped}, product=found, supplier=supplier, lot=of_lot,
        )  # fmt: skip

    return take(number=number, action="stop-sale", actor=actor, plan=plan, request=request, now=now)


def _supplier(case: Case) -> Partner | None:
    found: Partner | None = case.complaint.supplier or case.complaint.addressee_supplier
    return found


def _decided(
    case: Case, actor: User, kind: str, text: str, legal_basis: str, *, data: dict[str, Any], **facts: Any
) -> Plan:
    """Write the measure down; its text is the measure's, not the timeline's."""
    measure = Measure.objects.create(
        kind=kind, complaint=case.complaint, authority=actor.authority, made_by=actor, made_at=case.now,
        text=text, legal_basis=legal_basis, **facts,
    )  # fmt: skip
    return Plan(data={"measure": measure.pk, **data})


def _worded(text: str, legal_basis: str) -> tuple[str, str]:
    text = required_text(text, "text", _("Write what is decided and why."))
    legal_basis = required_text(legal_basis, "legal_basis", _("Name the law and the article."))
    if len(legal_basis) > MAX_BASIS:
        raise Invalid([FieldError("legal_basis", "too_long", _("Write at most 300 characters."))])
    return text, legal_basis
