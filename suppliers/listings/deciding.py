"""What becomes of a listing: the ministry puts it on sale, refuses it or asks about its price; the supplier explains,
or asks for a second check, which is another person's.

Until it is published nothing on sale changes: a changed offer is sold as it was. Every step is one transaction: the
row locked, a conditional UPDATE, the event, the outbox rows.
"""

from collections import Counter
from datetime import datetime
from typing import Any
from uuid import uuid4

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from catalog import stating, types
from catalog.models import Category, Product, ProductClass
from catalog.slugs import slugify
from marketplace import access, events, outbox
from marketplace.errors import DomainError, FieldError, Invalid
from marketplace.models import Role, StoredFile, User
from marketplace.time import database_now
from suppliers import sweeping
from suppliers.listings import answers, selectors, words
from suppliers.listings.models import LISTING_WAITS, Listing
from suppliers.listings.sending import DAYS_RULE, tell
from suppliers.models import Partner, StockRecord
from suppliers.pricelist import prices
from suppliers.second_check import TooLate, by_another, date_by, in_time
from suppliers.selectors import own_supplier
from suppliers.states import LISTING
from suppliers.written import required

APPEAL_RULE = "listing.appeal_days"
SECOND_RULE = "listing.appeal_review_days"
S = Listing.Status
# Offers in these states come on sale with the listing; a recalled one stays stopped.
COMES_BACK = (StockRecord.Status.DRAFT, StockRecord.Status.HIDDEN, StockRecord.Status.WITHDRAWN)


class CannotSell(DomainError):
    code = "cannot_sell"


def publish(*, listing_id: int, actor: User, text: str = "", now: datetime | None = None) -> Listing:
    """The product and the offer become what the listing says; for a price out of line the ministry says why (F27).

    Raises Forbidden, NotFound, IllegalStep, SamePerson, CannotSell, Invalid.
    """
    access.require_role(actor, Role.REVIEWER)
    moment = now or database_now()
    with transaction.atomic(durable=True):
        listing = selectors.locked(actor, listing_id)
        LISTING.find("publish", listing.status, ["ministry"])
        by_another(listing, actor)
        if prices.out_of_line(listing.unit_price, listing.median):
            listing.words = required(text, "text", _("The price is far above others of its kind. Write why it may be."))
        if listing.partner.status not in (Partner.Status.APPROVED, Partner.Status.PAUSED):
            raise CannotSell(_("This supplier may not sell now."))
        product = _put_product(listing)
        offer = _put_offer(listing, product, moment)
        StoredFile.objects.filter(subject=f"listing:{listing.pk}").update(
            subject=f"product:{product.pk}", purpose="product"
        )
        listing.product, listing.offer = product, offer
        listing.respond_by, listing.decided_at = None, moment
        _take(listing, "publish", "ministry", actor, moment, reason=text.strip())
        outbox.add("product.changed", str(product.pk))
    return listing


def refuse(*, listing_id: int, actor: User, reason: str, text: str, now: datetime | None = None) -> Listing:
    """Refuse for a reason of the list and in words; what is on sale stays, and a second check may be asked for.

    Raises Forbidden, NotFound, IllegalStep, Invalid.
    """
    access.require_role(actor, Role.REVIEWER)
    errors = []
    if reason not in dict(words.reasons()):
        errors.append(FieldError("reason", "required", _("Choose the reason.")))
    try:
        told = required(text, "text", _("Write what to change. The supplier reads it."))
    except Invalid as error:
        errors += error.errors
    if errors:
        raise Invalid(errors)
    moment = now or database_now()
    with transaction.atomic(durable=True):
        listing = selectors.locked(actor, listing_id)
        listing.reason, listing.words, listing.refused_by = reason, told, actor
        listing.decided_at = moment
        date_by(listing, APPEAL_RULE, moment)
        _take(listing, "refuse", "ministry", actor, moment, reason=told)
    return listing


def uphold(*, listing_id: int, actor: User, text: str, now: datetime | None = None) -> Listing:
    """Refuse after the second check. Raises Forbidden, NotFound, IllegalStep, SamePerson, Invalid."""
    access.require_role(actor, Role.REVIEWER)
    told = required(text, "text", _("Write what to change. The supplier reads it."))
    moment = now or database_now()
    with transaction.atomic(durable=True):
        listing = selectors.locked(actor, listing_id)
        LISTING.find("uphold", listing.status, ["ministry"])
        by_another(listing, actor)
        listing.words, listing.respond_by, listing.decided_at = told, None, moment
        _take(listing, "uphold", "ministry", actor, moment, reason=told)
    return listing


def appeal(*, listing_id: int, actor: User, text: str, now: datetime | None = None) -> Listing:
    """The supplier asks for a second check. Raises Forbidden, NotFound, IllegalStep, TooLate, Invalid (nothing said)."""
    said = required(text, "text", _("Write what was judged wrongly."))
    moment = now or database_now()
    sent_again = TooLate(_("You have sent these goods again since. What you sent last counts."))
    try:
        with transaction.atomic(durable=True):
            listing = _own(actor, listing_id)
            LISTING.find("appeal", listing.status, ["supplier"])
            in_time(listing, moment)
            if _sent_again(listing):
                raise sent_again
            listing.appeal, listing.overdue_at = said, None
            date_by(listing, SECOND_RULE, moment)
            _take(listing, "appeal", "supplier", actor, moment, reason=said)
    except IntegrityError:  # the same change was sent at the same moment
        raise sent_again from None
    return listing


def _sent_again(listing: Listing) -> bool:
    """Does a later listing of the same goods wait, or has it come on sale?"""
    same = Q(answers__sku=listing.answers["sku"])
    if listing.offer_id is not None:
        same |= Q(offer=listing.offer_id)
    later = Listing.objects.filter(same, partner=listing.partner_id, submitted_at__gt=listing.submitted_at)
    return later.filter(status__in=(*LISTING_WAITS, S.PUBLISHED)).exists()


def question_price(*, listing_id: int, actor: User, text: str, now: datetime | None = None) -> Listing:
    """Ask the supplier why the price is what it is. Raises Forbidden, NotFound, IllegalStep, Invalid."""
    access.require_role(actor, Role.REVIEWER)
    asked = required(text, "text", _("Write what you want to know. The supplier reads it."))
    moment = now or database_now()
    with transaction.atomic(durable=True):
        listing = selectors.locked(actor, listing_id)
        listing.words = asked
        date_by(listing, DAYS_RULE, moment)
        _take(listing, "question-price", "ministry", actor, moment, reason=asked)
    return listing


def explain(*, listing_id: int, actor: User, text: str, now: datetime | None = None) -> Listing:
    """The supplier says why; the ministry's time begins anew. Raises Forbidden, NotFound, IllegalStep, Invalid."""
    said = required(text, "text", _("Write why the price is what it is."))
    moment = now or database_now()
    with transaction.atomic(durable=True):
        listing = _own(actor, listing_id)
        listing.price_reason = said
        date_by(listing, DAYS_RULE, moment)
        _take(listing, "explain", "supplier", actor, moment, reason=said)
    return listing


def withdraw(*, listing_id: int, actor: User, now: datetime | None = None) -> Listing:
    """The supplier takes the listing back; what is on sale stays. Raises Forbidden, NotFound, IllegalStep."""
    with transaction.atomic(durable=True):
        listing = _own(actor, listing_id)
        listing.respond_by = None
        _take(listing, "withdraw", "supplier", actor, now or database_now())
    return listing


def run(now: datetime) -> Counter[str]:
    """Every listing whose day has passed at ``now``, once; twice or by two at once changes nothing more.

    Nothing comes on sale, and nothing is refused, because the ministry was silent: everybody who can decide is told,
    and the day is counted anew. A supplier that does not explain its price loses the listing.
    """
    due = Listing.objects.filter(status__in=LISTING_WAITS, respond_by__lt=timezone.localdate(now))
    return sweeping.one_by_one(
        due.select_related("partner"), "respond_by", lambda listing: _silence(listing, now),
        broken="listing_not_moved", named="listing",
    )  # fmt: skip


# --- Steps --------------------------------------------------------------------------------------


def _silence(listing: Listing, now: datetime) -> str:
    if listing.status == S.PRICE_REVIEW:
        listing.respond_by, listing.due_explained, listing.decided_at = None, {}, now
        _take(listing, "lapse", "clock", None, now)
        return "listings lapsed"
    listing.overdue_at = listing.overdue_at or now
    date_by(listing, SECOND_RULE if listing.status == S.APPEALED else DAYS_RULE, now)
    listing.save(update_fields=["overdue_at", "respond_by", "due_explained"])
    tell("overdue", listing, listing.status, None, now)
    return "listings overdue"


def _own(actor: User, listing_id: int) -> Listing:
    own_supplier(actor)
    return selectors.locked(actor, listing_id)


def _take(listing: Listing, action: str, party: str, actor: User | None, now: datetime, *, reason: str = "") -> None:
    before = listing.status
    step = LISTING.find(action, before, [party])
    LISTING.take(
        Listing.objects.filter(pk=listing.pk), step, before, respond_by=listing.respond_by,
        product_id=listing.product_id, offer_id=listing.offer_id,
    )  # fmt: skip
    listing.status = step.target
    listing.save()
    tell(action, listing, before, actor, now, reason=reason)


def _put_product(listing: Listing) -> Product:
    """The product that the listing describes, new or changed; one that others sell as well is left as it is."""
    data, product = listing.answers, listing.product
    if product is not None and not (data["edits_product"] and answers.may_edit_product(product, listing.partner)):
        return product
    texts, stated = data["texts"], data["parameters"]
    kind = ProductClass.objects.get(code=data["type"])
    if product is None:
        product = Product(
            structure=Product.STANDALONE, product_class=kind, upc=f"{listing.partner.code[:40]}-{uuid4().hex[:12]}",
            slug=slugify(texts["title.kk"])[:255],
        )  # fmt: skip
    for name, column in (("title", "title"), ("description", "description")):
        for language in ("kk", "ru"):
            setattr(product, f"{column}_{language}", texts[f"{name}.{language}"])
        setattr(product, f"{column}_en", texts[f"{name}.ru"])
    product.brand, product.model_name = str(stated.get("brand", ""))[:100], str(stated.get("model", ""))[:100]
    product.save()
    attributes = {attribute.code: attribute for attribute in types.book().by_code[data["type"]].attributes}
    stating.state(
        product,
        {code: tuple(value) if attributes[code].kind == "range" else value for code, value in stated.items()},
    )
    if kind.shelf_id:
        product.categories.add(Category.objects.get(pk=kind.shelf_id))
    return product


def _put_offer(listing: Listing, product: Product, now: datetime) -> StockRecord:
    data, numbers = listing.answers, listing.answers["numbers"]
    offer: StockRecord | None = None
    if listing.offer_id is not None:
        rows = StockRecord.objects.select_for_update(of=("self",), no_key=True)
        offer = rows.get(pk=listing.offer_id)
    before = offer.status if offer is not None else ""
    taken = StockRecord.objects.filter(partner=listing.partner, partner_sku=data["sku"])
    if taken.exclude(pk=listing.offer_id).exists():
        raise Invalid([FieldError("sku", "taken", _("The supplier has an offer with this article number already."))])
    values: dict[str, Any] = {
        "partner_sku": data["sku"],
        "price": data["price"],
        "pack_size": numbers["pack_size"],
        "lead_days": numbers["lead_days"],
        "warranty_months": numbers["warranty_months"],
        "regions": data["regions"],
        "lead_days_by_region": data["lead_by_region"],
        "delivery_included": data.get("delivery_included", True),
        "delivery_price": data.get("delivery_price"),
    }
    if offer is None:
        offer = StockRecord(
            product=product, partner=listing.partner, num_allocated=0, num_in_stock=numbers["stock"],
            status=StockRecord.Status.PUBLISHED, stock_confirmed_at=now, **values,
        )  # fmt: skip
    else:
        # Its stock is the supplier's to count every day: the listing's number is as old as the listing.
        for name, value in values.items():
            setattr(offer, name, value)
        if offer.status in COMES_BACK:
            offer.status = StockRecord.Status.PUBLISHED
    offer.save()
    events.record(
        kind="offer.listed", subject=f"offer:{offer.pk}", actor=None, before=before, after=offer.status,
        data={"listing": listing.pk}, at=now,
    )  # fmt: skip
    return offer
