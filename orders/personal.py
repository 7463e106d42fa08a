"""What orders keep of one person, for marketplace/personal.py."""

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from marketplace import formats
from marketplace.models import User
from marketplace.personal import Row, part
from orders.models import Entitlement, Order


@part("programme", gettext_lazy("Programme"))
def programme(person: User) -> list[Row]:
    """Lines of the individual programme."""
    rows = Entitlement.objects.filter(beneficiary=person).select_related("product_type").order_by("pk")
    return [
        [
            (_("Kind"), row.product_type.name),
            (_("State"), row.get_status_display()),
            (_("Norm"), f"{row.norm} {row.unit} {row.get_period_display()}"),
            (_("The state pays at most"), formats.money(row.guaranteed_unit_sum)),
            (_("Valid from"), formats.date_long(row.valid_from)),
            (_("Valid to"), formats.date_long(row.valid_to) if row.valid_to else ""),
            (_("Programme number"), row.source),
        ]
        for row in rows
    ]


@part("orders", gettext_lazy("Orders"))
def orders(person: User) -> list[Row]:
    """Orders with whom and where the goods were brought to."""
    rows = Order.objects.filter(user=person).select_related("partner").prefetch_related("lines").order_by("pk")
    return [
        [
            (_("Number"), row.number),
            (_("Sent"), formats.datetime_short(row.date_placed)),
            (_("State"), row.get_status_display()),
            (_("Supplier"), row.partner.name),
            (_("Goods"), ", ".join(f"{line.title} × {line.quantity}" for line in row.lines.all())),
            (_("The state pays"), formats.money(row.state_pays)),
            (_("Delivery"), row.delivery.words),
            (_("You pay"), formats.money(row.you_pay)),
            (_("Whom the courier calls"), f"{row.contact_name} {row.contact_phone}".strip()),
            (_("Address"), row.delivery_address),
            (_("For the courier"), row.delivery_comment),
        ]
        for row in rows
    ]
