"""What a printed code stands for: a supplier, an office, the delivery note of an order, a lot of goods.

A code says whose goods or service it is about and nothing about a person: of an order only its supplier and
the kind of goods are shown.
"""

from dataclasses import dataclass
from typing import Any

from django.db.models import Min
from django.utils.translation import gettext as _

from marketplace.errors import NotFound
from marketplace.models import Office, Role, User
from orders.models import Line, Order
from orders.states import OrderStatus
from suppliers import qr
from suppliers import selectors as suppliers
from suppliers.models import Partner

GOODS, OFFICE_SPHERE = "goods", "office"
LISTED = 20
# Parcels for which a note is still to be printed.
_TO_DELIVER = (OrderStatus.CONFIRMED, OrderStatus.IN_DELIVERY)


@dataclass(frozen=True)
class Subject:
    """``event`` names the delivery that the code proves; empty when it hangs on a wall for everybody."""

    kind: str
    number: int
    supplier: Partner | None = None
    office: Office | None = None
    sphere: str = GOODS
    region_id: str | None = None
    detail: str = ""
    lot: str = ""
    event: str = ""

    @property
    def token(self) -> str:
        return qr.make(self.kind, self.number)

    @property
    def what(self) -> str:
        """``supplier`` or ``office``: whose mark it is."""
        return "office" if self.office is not None else "supplier"

    @property
    def name(self) -> str:
        return self.office.name if self.office is not None else self.supplier.name if self.supplier else ""

    @property
    def owner(self) -> dict[str, Any]:
        """The two columns that a mark has for it."""
        return {"supplier": self.supplier, "office": self.office}

    @property
    def title(self) -> str:
        """What was scanned, in words."""
        return {
            qr.SUPPLIER: _("Supplier"),
            qr.OFFICE: _("Social office"),
            qr.DELIVERY_NOTE: _("Delivery note"),
            qr.LOT: _("Lot of goods"),
        }[self.kind]


def of_token(token: str) -> Subject:
    """Raises NotFound for a token that nobody issued, and for one whose thing is gone."""
    named = qr.read(token)
    found = _FIND[named[0]](named[1]) if named is not None and named[0] in _FIND else None
    if found is None:
        raise NotFound
    return found


def of_supplier(partner: Partner) -> Subject:
    return Subject(qr.SUPPLIER, partner.pk, supplier=partner, region_id=partner.home_region_id)


def of_office(office: Office) -> Subject:
    return Subject(qr.OFFICE, office.pk, office=office, sphere=OFFICE_SPHERE, region_id=office.region_id)


def _supplier(number: int) -> Subject | None:
    partner = qr.supplier_of(qr.make(qr.SUPPLIER, number))
    return of_supplier(partner) if partner is not None else None


def _office(number: int) -> Subject | None:
    office = Office.objects.filter(pk=number).first()
    return of_office(office) if office is not None else None


def _note(number: int) -> Subject | None:
    order = Order.objects.select_related("partner").filter(pk=number).first()
    if order is None:
        return None
    line = order.lines.select_related("product__product_class", "product__parent__product_class").first()
    return Subject(
        qr.DELIVERY_NOTE,
        number,
        supplier=order.partner,
        sphere=_sphere(line),
        region_id=order.region_id,
        event=f"order:{order.number}",
    )


def lines_of_note(token: str) -> list[Line]:
    """The lines of the order whose delivery note was scanned; none for every other code."""
    named = qr.read(token)
    if named is None or named[0] != qr.DELIVERY_NOTE:
        return []
    lines = Line.objects.select_related(
        "order__user", "order__partner", "order__region", "order__office", "product__product_class", "product__parent"
    )
    return list(lines.filter(order=named[1]).order_by("pk"))


def _lot(number: int) -> Subject | None:
    lines = Line.objects.select_related("partner", "product__product_class", "product__parent__product_class")
    line = lines.filter(pk=number, partner__isnull=False).exclude(lot="").first()
    if line is None:
        return None
    detail = _("%(product)s, lot %(lot)s") % {"product": line.title, "lot": line.lot}
    region_id = line.partner.home_region_id
    return Subject(
        qr.LOT,
        number,
        supplier=line.partner,
        sphere=_sphere(line),
        region_id=region_id,
        detail=detail,
        lot=line.lot,
    )


def _sphere(line: Line | None) -> str:
    product = line.product if line is not None else None
    return product.get_product_class().sphere or GOODS if product is not None else GOODS


_FIND = {qr.SUPPLIER: _supplier, qr.OFFICE: _office, qr.DELIVERY_NOTE: _note, qr.LOT: _lot}


def supplier_behind(kind: str) -> qr.SupplierOf:
    """For suppliers/qr.py: who answers for a note or a lot."""

    def found(number: int) -> Partner | None:
        subject = _FIND[kind](number)
        return subject.supplier if subject is not None else None

    return found


# --- Whose sheets a person prints ---------------------------------------------------------------


def printable(actor: User) -> list[Subject]:
    """The codes of the actor's own shop with its latest notes and lots, or of the own office. Six queries at most.

    Raises Forbidden for who works for no supplier, NotFound for everybody without a wall to hang a sheet on.
    """
    if actor.role == Role.SUPPLIER:
        partner = suppliers.own_supplier(actor)
        return [of_supplier(partner), *_notes_of(partner), *_lots_of(partner)]
    if actor.role == Role.CASEWORKER and actor.office is not None:
        return [of_office(actor.office)]
    raise NotFound


def _notes_of(partner: Partner) -> list[Subject]:
    orders = Order.objects.filter(partner=partner, status__in=_TO_DELIVER).order_by("-pk")[:LISTED]
    return [
        Subject(
            qr.DELIVERY_NOTE,
            order.pk,
            supplier=partner,
            region_id=order.region_id,
            detail=_("Order %(number)s") % {"number": order.number},
        )
        for order in orders
    ]


def _lots_of(partner: Partner) -> list[Subject]:
    """Each lot once; its first line stands for it."""
    lots = (
        Line.objects.filter(partner=partner)
        .exclude(lot="")
        .values("product_id", "lot")
        .annotate(first=Min("pk"), title=Min("title"))
        .order_by("-first")[:LISTED]
    )
    return [
        Subject(
            qr.LOT,
            lot["first"],
            supplier=partner,
            region_id=partner.home_region_id,
            detail=_("%(product)s, lot %(lot)s") % {"product": lot["title"], "lot": lot["lot"]},
        )
        for lot in lots
    ]


def is_own(actor: Any, subject: Subject) -> bool:
    """Whether the actor answers for what the code stands for: then a printed sheet counts as rolled out."""
    if not actor.is_authenticated:
        return False
    if subject.office is not None:
        return actor.role == Role.CASEWORKER and actor.office_id == subject.office.pk
    if actor.role != Role.SUPPLIER or subject.supplier is None:
        return False
    return subject.supplier.pk in suppliers.shops_of(actor)
