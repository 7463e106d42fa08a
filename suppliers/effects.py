"""What follows from a changed offer or supplier: the search documents of the products concerned, and who is told."""

from collections.abc import Callable, Iterable
from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from catalog.models import Product
from catalog.search import documents
from marketplace import formats, notices, outbox
from marketplace.models import OutboxRow, Role, User
from suppliers import complaint_facts, offers, ranking, selectors
from suppliers.demand import needs
from suppliers.demand.models import UnmetNeed
from suppliers.models import Invitation, Partner, StockRecord, Suspension
from suppliers.watch import cells, inviting, signals

BATCH = 500


def refresh_documents(product_ids: Iterable[int] | None = None) -> int:
    """Rewrite the documents of these products, or of all; the indexes and the cells of the market follow.

    Returns the number of documents. Used by the handlers below and by the loaders.
    """
    ids = Product.objects.order_by("pk").values_list("pk", flat=True) if product_ids is None else product_ids
    wanted, written = sorted(set(ids)), 0
    policy = ranking.policy() if wanted else None
    for start in range(0, len(wanted), BATCH):
        batch = wanted[start : start + BATCH]
        with transaction.atomic():
            documents.lock(batch)
            written += documents.refresh(batch, selectors.offer_facts(batch, policy))
            cells.note(batch)
    return written


@outbox.handler("offer.changed", merges=True)
def offer_changed(row: OutboxRow) -> None:
    """``key`` is the offer's id."""
    refresh_documents(StockRecord.objects.filter(pk=row.key).values_list("product_id", flat=True))


@outbox.handler("supplier.changed", merges=True)
def supplier_changed(row: OutboxRow) -> None:
    """``key`` is the supplier's id: its state or the facts of its score changed.

    Its products go on in rows of their own, a batch each: one transaction never holds them all.
    """
    products = StockRecord.objects.filter(partner=row.key).order_by("product_id").values_list("product_id", flat=True)
    _hand_on(list(products.distinct()))


@outbox.handler("product-type.changed", merges=True)
def product_type_changed(row: OutboxRow) -> None:
    """``key`` is the type's id: its names, its shelf or a parameter changed."""
    _hand_on(list(Product.objects.filter(product_class=row.key).order_by("pk").values_list("pk", flat=True)))


def _hand_on(ids: list[int]) -> None:
    batches = [ids[start : start + BATCH] for start in range(0, len(ids), BATCH)]
    outbox.add_many([("products.changed", str(batch[0]), {"products": batch}) for batch in batches])


@outbox.handler("products.changed")
def products_changed(row: OutboxRow) -> None:
    """The payload names at most a batch of product ids."""
    refresh_documents(row.payload["products"])


@outbox.handler("supplier.complaints_changed", merges=True)
def complaints_changed(row: OutboxRow) -> None:
    """``key`` is the supplier's id: a complaint fact came or went."""
    complaint_facts.recount(int(row.key))


@outbox.handler("supplier.suspended", "supplier.restored", "supplier.terminated")
def tell_supplier(row: OutboxRow) -> None:
    """The supplier's people learn what was decided, until when, why, and how to appeal."""
    partner = Partner.objects.get(pk=row.key)
    suspension = Suspension.objects.filter(pk=row.payload.get("suspension")).first()
    notices.tell(
        partner.users.all(), lambda: _words(row.topic, suspension), kind=row.topic, subject=f"supplier:{partner.code}",
        dedupe=f"{row.topic}:{row.pk}",
    )  # fmt: skip


def _words(topic: str, suspension: Suspension | None) -> tuple[str, str]:
    if topic == "supplier.restored":
        return _("You may sell again"), _("The suspension is over. Your offers are back in the catalogue.")
    facts = {
        "number": suspension.number if suspension else "",
        "day": formats.date_long(suspension.until) if suspension else "",
        "reason": suspension.reason if suspension else "",
        "basis": suspension.legal_basis if suspension else "",
        "url": f"{settings.PORTAL_URL}/{translation.get_language()}/supplier/offers/",
    }
    if topic == "supplier.terminated":
        return (
            _("Your shop was taken off the portal"),
            _("You do not sell on the portal any more. You may appeal: %(url)s") % facts,
        )
    return (
        _("Your sales are suspended until %(day)s") % facts,
        _(
            "Decision %(number)s. Reason: %(reason)s Basis: %(basis)s. Carry out the orders that you have. You may appeal: %(url)s"
        )
        % facts,
    )


@outbox.handler(inviting.TOPIC)
def tell_invited(row: OutboxRow) -> None:
    """``key`` is the invitation's id: the people of the suppliers asked learn what is wanted, and where."""
    invitation = Invitation.objects.select_related("type", "region").get(pk=row.key)

    def words() -> tuple[str, str]:
        facts = {
            "kind": invitation.type.name,
            "region": invitation.region.name,
            "url": f"{settings.PORTAL_URL}/{translation.get_language()}/market/?type={invitation.type.code}",
        }
        text = _("Too few suppliers sell “%(kind)s” in the region (%(region)s). Can you? Look: %(url)s")
        return _("%(region)s: sell “%(kind)s” there") % facts, text % facts

    for partner in Partner.objects.filter(code__in=invitation.suppliers).order_by("pk").prefetch_related("users"):
        notices.tell(
            partner.users.all(), words, kind=row.topic, subject=f"supplier:{partner.code}",
            dedupe=f"{row.topic}:{invitation.pk}",
        )  # fmt: skip


@outbox.handler(signals.FOUND)
def tell_auditors(row: OutboxRow) -> None:
    """New alerts: every auditor is told how many there are; who and what they are about stands on the page alone."""
    number = row.payload["alerts"]

    def words() -> tuple[str, str]:
        title = ngettext("%(number)s new alert", "%(number)s new alerts", number) % {"number": number}
        return title, _("Look at what was found and why it may matter, under “Signals and alerts”.")

    auditors = User.objects.filter(role=Role.AUDITOR).order_by("pk")
    notices.tell(auditors, words, kind=row.topic, subject="alerts", dedupe=f"{row.topic}:{row.pk}")


@outbox.handler("product.changed", merges=True)
def product_changed(row: OutboxRow) -> None:
    """``key`` is the product's id."""
    refresh_documents([int(row.key)])


@outbox.handler(needs.MET)
def need_met(row: OutboxRow) -> None:
    """``key`` is the need's id: who said it for the person, else the person, learns what fits now."""
    need = UnmetNeed.objects.select_related("person", "said_by", "type", "product").get(pk=row.key)
    told = need.said_by if need.said_by.role in {Role.BENEFICIARY, Role.GUARDIAN} else need.person
    with translation.override(told.language):
        facts = {"kind": need.type.name, "product": need.product.title if need.product else ""}
        path = need.product.get_absolute_url() if need.product else ""
        notices.create(
            recipient=told,
            kind=row.topic,
            subject=f"need:{need.pk}",
            title=_("Something fits now: %(kind)s") % facts,
            text=_("You said that nothing fits. Look at this: %(product)s. %(url)s")
            % (facts | {"url": f"{settings.PORTAL_URL}{path}"}),
            dedupe=f"{row.topic}:{need.pk}",
        )


def remind_of_stock() -> int:
    """Suppliers whose stock soon counts as stale: one notice for all their offers. Returns how many were written.

    Safe to run twice: the notice is named after the count that grows old first, and is not written again for it.
    """
    told = 0
    for row in offers.stale_soon():
        partner = Partner.objects.get(pk=row["partner"])
        words = _stock_words(row["number"], row["first"])
        with transaction.atomic(durable=True):
            told += notices.tell(
                partner.users.all(), words, kind="supplier.stock_grows_stale", subject=f"supplier:{partner.code}",
                dedupe=f"supplier.stock_grows_stale:{partner.pk}:{row['first']:%Y%m%dT%H%M%S}",
            )  # fmt: skip
    return told


def _stock_words(number: int, first: datetime) -> Callable[[], tuple[str, str]]:
    leaves = timezone.localdate(first) + (timezone.localdate() - timezone.localdate(ranking.policy().fresh_since))

    def words() -> tuple[str, str]:
        title = ngettext(
            "Count your stock by %(day)s: %(number)s offer leaves the catalogue",
            "Count your stock by %(day)s: %(number)s offers leave the catalogue",
            number,
        ) % {"day": formats.date_long(leaves), "number": number}
        url = f"{settings.PORTAL_URL}/{translation.get_language()}/supplier/offers/"
        return title, _("Confirm that it is right, or change it: %(url)s") % {"url": url}

    return words
