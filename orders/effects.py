"""What follows from a step: each side is told in its language, by the way it chose. Safe to run twice."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from marketplace import formats, notices, outbox
from marketplace.models import Draft, Notice, OutboxRow, User
from marketplace.notices import sending
from orders import repeat, shapes
from orders.models import Entitlement, Order, Tranche
from orders.reach import who_acts_for
from orders.states import HAPPENED


@dataclass(frozen=True)
class Words:
    title: str
    text: str


def person_of(order: Order) -> User:
    """Who is told: the guardian who ordered, else another guardian, else the person herself."""
    assert order.user is not None
    return who_acts_for(order.user, order.placed_by_id)


# --- Words for the person -----------------------------------------------------------------------


def _to_person(order: Order, word: str) -> Words | None:
    writer = _PERSON.get(word)
    return writer(order) if writer else None


def _facts(order: Order) -> dict[str, Any]:
    return {
        "number": order.number,
        "supplier": order.partner.name,
        "date": formats.date_long(order.due_at) if order.due_at else "",
        "promised": formats.date_long(order.promised_on) if order.promised_on else "",
        "code": notices.FILLED_LATER,
        "url": f"{settings.PORTAL_URL}/{translation.get_language()}/orders/{order.number}/",
    }


def _sent(order: Order) -> Words:
    return Words(
        _("Order %(number)s is sent") % _facts(order),
        _("%(supplier)s answers by %(date)s. You need not do anything now. %(url)s") % _facts(order),
    )


def _confirmed(order: Order) -> Words:
    return Words(
        _("Order %(number)s is confirmed") % _facts(order),
        _("%(supplier)s brings the goods by %(promised)s. %(url)s") % _facts(order),
    )


def _not_taken(order: Order) -> Words:
    passed_on = order.passed_on.select_related("partner").first()
    if passed_on is not None:
        return Words(
            _("Order %(number)s goes to another supplier") % _facts(order),
            _("%(supplier)s did not take it. We sent it to your next choice: %(next)s, order %(new)s.")
            % (_facts(order) | {"next": passed_on.partner.name, "new": passed_on.number}),
        )
    return Words(
        _("Order %(number)s was not taken: choose again") % _facts(order),
        _("%(supplier)s did not take it. Your norm is free again. Choose another supplier. %(url)s") % _facts(order),
    )


def _shipped(order: Order) -> Words:
    return Words(
        _("Order %(number)s is on the way") % _facts(order),
        _("Tell the courier this code when you get the goods: %(code)s. Tell it to nobody before. %(url)s")
        % _facts(order),
    )


def _delivered(order: Order) -> Words:
    return Words(
        _("Order %(number)s was handed over: check it") % _facts(order),
        _("Check the goods by %(date)s. Then accept them, or reject them with a reason. %(url)s") % _facts(order),
    )


def _delivery_failed(order: Order) -> Words:
    return Words(
        _("Order %(number)s was not delivered") % _facts(order),
        _("Nobody took the goods. %(supplier)s will try once more, or your social office will call you.")
        % _facts(order),
    )


def _taken_back(order: Order) -> Words:
    return Words(
        _("Order %(number)s: the goods were taken back") % _facts(order),
        _("Your norm is free again. You can order other goods. %(url)s") % _facts(order),
    )


def _cancelled(order: Order) -> Words:
    return Words(
        _("Order %(number)s is cancelled") % _facts(order),
        _("Your norm is free again. You can order other goods. %(url)s") % _facts(order),
    )


_PERSON: dict[str, Callable[[Order], Words]] = {
    "sent": _sent,
    "confirmed": _confirmed,
    "declined": _not_taken,
    "timed_out": _not_taken,
    "shipped": _shipped,
    "replaced": _shipped,
    "delivered": _delivered,
    "delivery_failed": _delivery_failed,
    "taken_back": _taken_back,
    "cancelled": _cancelled,
}

# --- Words for the supplier: no name, no address, the desk shows what is needed ---------------------

_SUPPLIER = {
    "sent": lambda: _("Answer by %(date)s: confirm or decline."),
    "timed_out": lambda: _("You did not answer in time. The order is closed for you."),
    "accepted": lambda: _("The person accepted the goods. Sign the act by %(date)s."),
    "accepted_with_remarks": lambda: _("The person accepted the goods with remarks. Sign the act by %(date)s."),
    "rejected": lambda: _("The person rejected the goods. Replace them or take them back by %(date)s."),
    "cancelled": lambda: _("The order was called off. Do not send the goods."),
    "held": lambda: _("The payment is on hold while a case is examined."),
    "released": lambda: _("The payment goes on."),
    "paid": lambda: _("The payment is recorded."),
    "refunded": lambda: _("The person has the money back after a recall. The state does not pay for these goods."),
    "paid_in_part": lambda: _("The payment is recorded, without what a complaint is open about."),
}


def _code(notice: Notice) -> str:
    return shapes.code_of(notice.subject.partition(":")[2])


sending.filled_by(_code, *(f"order.{word}" for word, writer in _PERSON.items() if writer is _shipped))


@outbox.handler(*[f"order.{word}" for word, _label in HAPPENED.values()])
def tell(row: OutboxRow) -> None:
    """Notices about one step, to the person and to the supplier's people; one for each row and recipient."""
    order = Order.objects.select_related("partner", "user", "placed_by").get(number=row.key)
    word = row.topic.removeprefix("order.")
    _tell_person(row, order, word)
    if word in _SUPPLIER:
        notices.tell(
            order.partner.users.all(), lambda: _to_supplier(order, word), kind=row.topic,
            subject=f"order:{order.number}", dedupe=f"{row.topic}:{order.number}:{row.pk}",
        )  # fmt: skip


def _tell_person(row: OutboxRow, order: Order, word: str) -> None:
    person = person_of(order)
    with translation.override(person.language):
        words = _to_person(order, word)
    if words is None:
        return
    by_mail = order.contact_channel == User.Channel.EMAIL
    notices.create(
        recipient=person,
        channel=order.contact_channel,
        address=None if by_mail else order.contact_phone,
        kind=row.topic,
        subject=f"order:{order.number}",
        title=words.title,
        text=words.text,
        dedupe=f"{row.topic}:{order.number}:{row.pk}:{person.pk}",
    )


def _to_supplier(order: Order, word: str) -> tuple[str, str]:
    title = _("Order %(number)s: %(what)s") % {"number": order.number, "what": order.get_status_display()}
    return title, _SUPPLIER[word]() % _facts(order)


@outbox.handler("entitlement.suspend", "entitlement.expire", "entitlement.resume", "entitlement.renew")
def tell_about_programme(row: OutboxRow) -> None:
    """The person hears when a line of the programme stops or starts again."""
    entitlement = Entitlement.objects.select_related("product_type", "beneficiary").get(pk=row.key)
    person = who_acts_for(entitlement.beneficiary)
    with translation.override(person.language):
        title = _("Your programme: %(type)s") % {"type": entitlement.product_type.name}
        text = _("The state of this line is now: %(status)s. Ask your social office if you have questions.") % {
            "status": entitlement.get_status_display()
        }
    _about_programme(row, person, entitlement, title, text)


@outbox.handler("tranche.opened")
def tell_about_tranche(row: OutboxRow) -> None:
    """The next part of a norm is open; where something can be repeated, the application is ready with the news."""
    tranche = Tranche.objects.select_related("entitlement__product_type", "entitlement__beneficiary").get(pk=row.key)
    entitlement = tranche.entitlement
    draft = repeat.prepare(tranche_id=tranche.pk, now=timezone.now())
    person = draft.author if draft else who_acts_for(entitlement.beneficiary)
    with translation.override(person.language):
        words = _ready(tranche, draft) if draft else _open(tranche)
    _about_programme(row, person, entitlement, words.title, words.text)


def _open(tranche: Tranche) -> Words:
    return Words(
        _("You can order again: %(type)s") % {"type": tranche.entitlement.product_type.name},
        _("%(quantity)s until %(date)s.")
        % {
            "quantity": formats.quantity(tranche.free_quantity, tranche.entitlement.unit),
            "date": formats.date_long(tranche.closes_on),
        },
    )


def _ready(tranche: Tranche, draft: Draft) -> Words:
    months = formats.months(tranche.opens_on, tranche.closes_on)
    return Words(
        _("Your application for %(months)s is ready: check and send") % {"months": months},
        _("%(type)s, same as last time. Nothing is ordered until you send it. %(url)s")
        % {
            "type": tranche.entitlement.product_type.name,
            "url": f"{settings.PORTAL_URL}/{translation.get_language()}/applications/{draft.pk}/",
        },
    )


def _about_programme(row: OutboxRow, person: User, entitlement: Entitlement, title: str, text: str) -> None:
    notices.create(
        recipient=person,
        kind=row.topic,
        subject=f"entitlement:{entitlement.pk}",
        title=title,
        text=text,
        dedupe=f"{row.topic}:{row.key}:{row.pk}",
    )
