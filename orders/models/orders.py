"""Orders: one order has one supplier. What Oscar keeps for baskets and payments is left out."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from oscar.apps.address.abstract_models import AbstractShippingAddress
from oscar.apps.order import abstract_models as oscar_order

from orders.states import OPEN_STATES, OrderStatus
from suppliers.delivery import Delivery


class ShippingAddress(AbstractShippingAddress):
    """Oscar's order points here; the portal keeps the delivery address on the order itself."""

    class Meta(AbstractShippingAddress.Meta):
        app_label = "order"


class Order(oscar_order.AbstractOrder):
    # Hidden fields of Oscar: no multi-site, baskets, bills, guests or analytics here.
    site = basket = billing_address = guest_email = analytics_tracked = None

    draft = models.ForeignKey("marketplace.Draft", models.PROTECT, related_name="orders")
    partner = models.ForeignKey("partner.Partner", models.PROTECT, related_name="orders", verbose_name=_("supplier"))
    placed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="placed_orders", verbose_name=_("placed by")
    )
    status = models.CharField(_("state"), max_length=24, choices=OrderStatus, default=OrderStatus.SENT)
    region = models.ForeignKey("marketplace.Region", models.PROTECT, related_name="+", verbose_name=_("region"))
    office = models.ForeignKey(
        "marketplace.Office", models.PROTECT, related_name="orders", null=True, blank=True, verbose_name=_("office")
    )
    state_pays = models.DecimalField(_("the state pays"), max_digits=12, decimal_places=2)
    you_pay = models.DecimalField(_("the person pays"), max_digits=12, decimal_places=2)
    contact_name = models.CharField(_("contact name"), max_length=200)
    contact_phone = models.CharField(_("contact phone"), max_length=20)
    contact_channel = models.CharField(_("notices by"), max_length=10)
    delivery_address = models.CharField(_("delivery address"), max_length=300)
    delivery_comment = models.TextField(_("comment for the courier"), blank=True)
    # What happens next must happen by this moment; null when nobody owes a step.
    due_at = models.DateTimeField(_("due"), null=True, blank=True)
    due_rule = models.CharField(_("rule of the date"), max_length=80, blank=True)
    # The day by which the goods were promised; compared at delivery, not moved by later steps.
    promised_on = models.DateField(_("promised for"), null=True, blank=True)
    code_attempts = models.PositiveSmallIntegerField(_("wrong delivery codes"), default=0)
    delivery_attempts = models.PositiveSmallIntegerField(_("delivery attempts"), default=0)
    # {"<line key>": [offer id, …]}
    fallback = models.JSONField(_("next offers, best first"), default=dict, blank=True)
    # A declined order passes its lines on; their next offers may belong to different suppliers.
    previous = models.ForeignKey(
        "self", models.PROTECT, related_name="passed_on", null=True, blank=True, verbose_name=_("passed on from")
    )
    snapshot_hash = models.CharField(_("digest of what was signed"), max_length=64, blank=True)

    @property
    def delivery(self) -> Delivery:
        """What bringing it costs the person, a part of ``you_pay``: in Oscar's own columns."""
        return Delivery(self.shipping_code, self.shipping_incl_tax)

    class Meta(oscar_order.AbstractOrder.Meta):
        verbose_name = _("order")
        verbose_name_plural = _("orders")
        constraints = [
            models.UniqueConstraint(
                fields=["draft", "partner"],
                name="order_once_per_draft_and_supplier",
                condition=Q(previous__isnull=True),
            ),
            models.UniqueConstraint(
                fields=["previous", "partner"],
                name="order_passed_on_once",
                condition=Q(previous__isnull=False),
            ),
            models.CheckConstraint(condition=Q(status__in=OrderStatus.values), name="order_status_known"),
            models.CheckConstraint(condition=Q(state_pays__gte=0) & Q(you_pay__gte=0), name="order_sums_not_negative"),
        ]
        indexes = [
            models.Index(fields=["partner", "due_at"], name="order_supplier_work", condition=Q(status__in=OPEN_STATES)),
            # How many wait for the supplier, and which are owed to it: without those in other states.
            models.Index(
                fields=["partner", "status"],
                include=["due_rule"],
                name="order_supplier_states",
                condition=Q(status__in=OPEN_STATES),
            ),
            models.Index(fields=["office", "due_at"], name="order_office_work", condition=Q(status__in=OPEN_STATES)),
            models.Index(fields=["user", "-date_placed"], name="order_of_person"),
            models.Index(fields=["due_at"], name="order_due", condition=Q(due_at__isnull=False)),
        ]


class Line(oscar_order.AbstractLine):
    """One offer in one order. ``quantity`` counts packs of the offer, ``units`` pieces of the norm.

    ``key`` is the line's key in the draft (``line.<key>.offer``); ``num_allocated`` the packs that
    the offer's stock still holds for this line.
    """

    key = models.CharField(_("line of the application"), max_length=40, blank=True)
    entitlement = models.ForeignKey("order.Entitlement", models.PROTECT, related_name="lines", null=True)
    tranche = models.ForeignKey("order.Tranche", models.PROTECT, related_name="lines", null=True)
    pack_size = models.PositiveIntegerField(_("units in a pack"), default=1)
    units = models.PositiveIntegerField(_("units of the norm"))
    state_pays = models.DecimalField(_("the state pays"), max_digits=12, decimal_places=2)
    you_pay = models.DecimalField(_("the person pays"), max_digits=12, decimal_places=2)
    warranty_months = models.PositiveSmallIntegerField(_("warranty, months"), default=0)
    lot = models.CharField(_("lot or serial number"), max_length=80, blank=True)
    # Goods made to measure: when and where a fitting suits, in the person's words; shown with the contact.
    fitting_wish = models.CharField(_("wish for the fitting"), max_length=300, blank=True, default="")
    # Lines of one order may be paid on different days: a disputed one waits (PaymentHold).
    paid_at = models.DateTimeField(_("paid to the supplier at"), null=True, blank=True)
    # A recall was served with the money: nothing is owed for it any more, its norm is free again.
    refunded_at = models.DateTimeField(_("money given back at"), null=True, blank=True)

    class Meta(oscar_order.AbstractLine.Meta):
        verbose_name = _("order line")
        verbose_name_plural = _("order lines")
        constraints = [
            models.CheckConstraint(condition=Q(quantity__gte=1) & Q(units__gte=1), name="line_quantity_positive"),
        ]
        indexes = [
            models.Index(fields=["order"], name="line_refunded", condition=Q(refunded_at__isnull=False)),
        ]


class LineAttribute(oscar_order.AbstractLineAttribute):
    # Oscar links basket options here; orders of this portal have none.
    option = None


class LinePrice(oscar_order.AbstractLinePrice):
    pass


class OrderNote(oscar_order.AbstractOrderNote):
    pass


class OrderStatusChange(oscar_order.AbstractOrderStatusChange):
    pass


class ShippingEventType(oscar_order.AbstractShippingEventType):
    pass


class ShippingEvent(oscar_order.AbstractShippingEvent):
    pass


class ShippingEventQuantity(oscar_order.AbstractShippingEventQuantity):
    pass


class PaymentEventType(oscar_order.AbstractPaymentEventType):
    pass


class PaymentEvent(oscar_order.AbstractPaymentEvent):
    pass
