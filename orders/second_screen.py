"""What the person sees of an order draft on the second screen: goods, packs and pieces, sums, address. No numbers of hers."""

from django.utils.translation import gettext as _

from marketplace import formats
from marketplace.drafts.pictures import Line, Picture, Section
from marketplace.models import Draft, User
from orders.draft_fields import RANKS, LineAnswers
from orders.review import Review, ReviewedLine, delivery_of, review
from suppliers.delivery import INCLUDED

PARTS = ("entitlement", "offer", "quantity", "fallback", *RANKS, "fitting")


def picture(draft: Draft) -> Picture:
    """The draft as it stands now."""
    assert draft.beneficiary is not None
    found = review(draft, actor=draft.beneficiary)
    totals = (
        (_("The state pays"), formats.money(found.state_pays)),
        *(
            (_("Delivery: %(supplier)s") % {"supplier": lines[0].offer.partner.name}, delivery_of(lines).words)
            for lines in found.by_supplier()
            if delivery_of(lines).terms != INCLUDED
        ),
        (_("You pay"), formats.money(found.you_pay)),
    )
    return Picture(
        person=str(draft.beneficiary),
        lines=lines(draft, found),
        totals=totals if found.lines else (),
        sections=[_contact(draft, found), _delivery(draft, found)],
    )


def lines(draft: Draft, found: Review) -> list[Line]:
    """Each line of goods, also one that is not complete yet."""
    reviewed = {line.key: line for line in found.lines}
    return [_line(draft, found, answers, reviewed.get(answers.key)) for answers in found.answers.lines]


def _line(draft: Draft, found: Review, answers: LineAnswers, line: ReviewedLine | None) -> Line:
    offer = found.offers.get(answers.offer or 0)
    standing = found.standings.get(answers.entitlement or 0)
    names = [name for part in PARTS if (name := answers.name(part)) in draft.fields]
    title = offer.product.title if offer else standing.entitlement.product_type.name if standing else _("Product")
    facts = [(_("Supplier"), offer.partner.name)] if offer else []
    if offer and standing and answers.quantity:
        unit = standing.entitlement.unit
        facts.append((_("Quantity"), formats.packs(answers.quantity, offer.pack_size, unit)))
    if line is not None:
        facts += [
            (_("Price"), formats.money(line.price)),
            (_("The state pays"), formats.money(line.state_pays)),
            (_("You pay"), formats.money(line.you_pay)),
        ]
    if answers.fitting:
        facts.append((_("Fitting"), answers.fitting))
    return Line(
        key=answers.key,
        title=title,
        facts=tuple(facts),
        versions={name: draft.fields[name]["ver"] for name in names},
        stamp=(line.offer.pk, line.units, line.price, line.state_pays, line.you_pay, line.offer.delivery)
        if line
        else (),
        ready=line is not None,
    )


def _contact(draft: Draft, found: Review) -> Section:
    answers = found.answers
    channel = dict(User.Channel.choices).get(str(draft.value("contact.channel") or answers.channel), "")
    return Section(
        _("Contact"),
        (
            (_("Whom the courier calls"), _text(draft, "contact.name")),
            (_("Phone"), _text(draft, "contact.phone")),
            (_("News by"), str(channel)),
        ),
    )


def _delivery(draft: Draft, found: Review) -> Section:
    region = found.answers.region
    return Section(
        _("Delivery"),
        (
            (_("Region"), region.name if region else _text(draft, "delivery.region")),
            (_("Address"), _text(draft, "delivery.address")),
            (_("For the courier"), _text(draft, "delivery.comment")),
        ),
    )


def _text(draft: Draft, field: str) -> str:
    value = draft.value(field)
    return "–" if value in (None, "") else str(value)
