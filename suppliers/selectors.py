"""Who sees which suppliers and offers, and in which order."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db.models import Count, F, Q, QuerySet
from django.utils import translation
from django.utils.translation import gettext as _

from catalog.models import ProductDocument
from catalog.search import Listed
from catalog.search.documents import OfferFacts
from catalog.types import LANGUAGES
from marketplace import access, formats
from marketplace.errors import Forbidden, NotFound
from marketplace.models import Role, User
from marketplace.remembered import Remembered
from suppliers import delivery, guarantees, ranking, strategy
from suppliers.guarantees import Guarantee
from suppliers.models import MarketCell, Partner, StockRecord

# A supplier that is suspended keeps its page: people with its goods must find out whom they have.
VISIBLE = (Partner.Status.APPROVED, Partner.Status.PAUSED, Partner.Status.SUSPENDED)


@dataclass(frozen=True)
class RankedOffer:
    """One offer as a person compares it. Sums are KZT for ``packs`` packs, ``price`` is for one.

    ``you_pay`` has the delivery in it, where it is paid separately and the supplier has said how much (``delivery_price``,
    for one order).

    ``score`` and ``parts`` are whole numbers out of 100; ``why`` says in words why it stands here.
    """

    id: int
    product_id: int
    supplier: Partner
    rating: float | None
    price: Decimal
    unit_price: Decimal
    pack_size: int
    packs: int
    stock: int
    lead_days: int
    regions: list[str]
    delivers: bool
    warranty_months: int
    delivery_included: bool
    delivery_price: Decimal | None
    state_pays: Decimal
    you_pay: Decimal
    score: int
    parts: dict[str, int]
    why: str

    @property
    def delivery_words(self) -> str:
        return delivery.words(delivery.asked(self.delivery_included, self.delivery_price))

    @property
    def delivery_added(self) -> str:
        """What comes on top of the price, in a few words."""
        if self.delivery_price is None:
            return _("+ delivery, not said how much")
        return _("+ %(price)s for delivery") % {"price": formats.money(self.delivery_price)}

    @property
    def bars(self) -> list[dict[str, object]]:
        """The parts of the score as rows of a bar table."""
        return [{"label": str(ranking.LABELS[name]), "value": value} for name, value in self.parts.items()]


def ranked_offers(
    product_ids: Iterable[int],
    *,
    region: str = "",
    guarantee_of: dict[int, Guarantee] | None = None,
    packs: int = 1,
    policy: ranking.Policy | None = None,
) -> dict[int, list[RankedOffer]]:
    """Product id → its offers, best first; those that do not deliver to the region come last.

    ``guarantee_of``: product type id → what the state pays for this person. Two queries, one with a policy.
    """
    rules = policy or ranking.policy()
    offers: dict[int, list[StockRecord]] = {product_id: [] for product_id in product_ids}
    rows = strategy.purchasable(rules.fresh_since).filter(product__in=offers).select_related("partner", "product")
    for offer in rows.order_by("pk"):
        offers[offer.product_id].append(offer)
    return {
        product_id: _ranked(listed, region, guarantee_of or {}, packs, rules) for product_id, listed in offers.items()
    }


def _ranked(
    offers: list[StockRecord], region: str, guarantee_of: dict[int, Guarantee], packs: int, policy: ranking.Policy
) -> list[RankedOffer]:
    by_id = {offer.pk: offer for offer in offers}
    ranked: list[RankedOffer] = []
    for delivers in (True, False):
        reached = [offer for offer in offers if (not region or region in offer.regions) is delivers]
        order = ranking.rank([strategy.candidate(offer, region=region) for offer in reached], policy)
        others = ranking.compared(order) if order else None
        for place in order:
            assert others is not None
            offer = by_id[place.candidate.offer_id]
            guarantee = guarantee_of.get(offer.product.product_class_id)
            ranked.append(_view(offer, place, guarantee, packs, delivers, ranking.why(place, others)))
    return ranked


def _view(
    offer: StockRecord,
    place: ranking.Ranked,
    guarantee: Guarantee | None,
    packs: int,
    delivers: bool,
    why: str,
) -> RankedOffer:
    state_pays, you_pay = guarantees.split(offer.price * packs, offer.pack_size * packs, guarantee)
    return RankedOffer(
        id=offer.pk,
        product_id=offer.product_id,
        supplier=offer.partner,
        rating=place.candidate.standing.rating,
        price=offer.price,
        unit_price=place.candidate.unit_price.quantize(Decimal("0.01")),
        pack_size=offer.pack_size,
        packs=packs,
        stock=offer.net_stock_level,
        lead_days=place.candidate.lead_days,
        regions=offer.regions,
        delivers=delivers,
        warranty_months=offer.warranty_months,
        delivery_included=offer.delivery_included,
        delivery_price=offer.delivery_price,
        state_pays=state_pays,
        you_pay=you_pay + (offer.delivery or 0),
        score=round(place.score * 100),
        parts={name: round(value * 100) for name, value in place.parts.items()},
        why=why,
    )


def offer_facts(product_ids: Iterable[int], policy: ranking.Policy | None = None) -> dict[int, list[OfferFacts]]:
    """The offers of products as their search documents keep them, best first. Three queries at most."""
    rules = policy or ranking.policy()
    offers: dict[int, list[StockRecord]] = {}
    rows = strategy.purchasable(rules.fresh_since).filter(product__in=list(product_ids))
    for offer in rows.select_related("partner", "product").order_by("pk"):
        offers.setdefault(offer.product_id, []).append(offer)
    kinds = {listed[0].product.product_class_id for listed in offers.values()}
    medians = dict(MarketCell.objects.filter(type__in=kinds, region="").values_list("type", "median")) if kinds else {}
    facts = {}
    for product_id, listed in offers.items():
        by_id = {offer.pk: offer for offer in listed}
        order = ranking.rank([strategy.candidate(offer) for offer in listed], rules)
        words = _words(order, by_id)
        median = medians.get(listed[0].product.product_class_id)
        facts[product_id] = [
            _facts(by_id[place.candidate.offer_id], place, words, ranking.across(place.candidate, median, rules))
            for place in order
        ]
    return facts


def _words(order: list[ranking.Ranked], by_id: dict[int, StockRecord]) -> dict[int, dict[str, str]]:
    """Offer id → why it stands there, in three languages, for offers of which a list may show that.

    A list shows the best offer of a region, or of a supplier in a region. Of a supplier with thousands of offers
    for one product, most stand behind a better one of its own in every region: nobody would read their words.
    """
    covered: dict[int, set[str]] = {}
    shown = []
    for place in order:
        offer = by_id[place.candidate.offer_id]
        known = covered.get(offer.partner_id)
        if known is None or not known.issuperset(offer.regions):
            shown.append(place)
            covered.setdefault(offer.partner_id, set()).update(offer.regions)
    others = ranking.compared(order)
    words: dict[int, dict[str, str]] = {place.candidate.offer_id: {} for place in shown}
    for language in LANGUAGES:
        with translation.override(language):
            for place in shown:
                words[place.candidate.offer_id][language] = ranking.why(place, others)
    return words


def _facts(offer: StockRecord, place: ranking.Ranked, words: dict[int, dict[str, str]], worth: float) -> OfferFacts:
    partner = offer.partner
    return OfferFacts(
        id=offer.pk,
        supplier=partner.code,
        supplier_name=partner.name,
        group=partner.group_bin or partner.bin or partner.code,
        price=offer.price,
        unit_price=place.candidate.unit_price,
        pack_size=offer.pack_size,
        stock=offer.net_stock_level,
        lead_days=offer.lead_days,
        regions=offer.regions,
        lead_days_by_region=offer.lead_days_by_region,
        warranty_months=offer.warranty_months,
        delivery_included=offer.delivery_included,
        delivery_price=offer.delivery_price,
        rating=place.candidate.standing.rating,
        score=round(place.score, 4),
        parts={name: round(value, 4) for name, value in place.parts.items()},
        why=words.get(offer.pk, {}),
        worth=round(worth, 4),
        confirmed_at=int(offer.stock_confirmed_at.timestamp()) if offer.stock_confirmed_at else None,
    )


def current(row: ProductDocument | Listed) -> list[dict[str, Any]]:
    """The offers of a document whose stock is still fresh, best first.

    A document is rewritten when an offer changes; that a count has grown old since is seen here, not later by a sweep.
    """
    since = ranking.policy().fresh_since.timestamp()
    return [offer for offer in row.offers if offer.get("confirmed_at") is None or offer["confirmed_at"] >= since]


# --- Suppliers ---------------------------------------------------------------------------------


def visible_suppliers() -> QuerySet[Partner]:
    """Suppliers that everybody may look up, with the number of their published offers."""
    published = Count("stockrecords", filter=Q(stockrecords__status=StockRecord.Status.PUBLISHED))
    found: QuerySet[Partner] = (
        Partner.objects.filter(status__in=VISIBLE)
        .select_related("home_region")
        .annotate(offer_count=published)
        .order_by("name", "pk")
    )
    return found


def supplier(code: str) -> Partner:
    """One of them. Raises NotFound, also for those taken off the portal."""
    found = visible_suppliers().filter(code=code).first()
    if found is None:
        raise NotFound
    return found


def with_standing(actor: User, code: str) -> Partner:
    """A supplier with every ban it had: for overseers and its own people. Anybody else's raises NotFound."""
    rows = Partner.objects.select_related("home_region")
    if not actor.is_authenticated or actor.role not in {Role.REVIEWER, Role.AUDITOR, Role.ADMIN, Role.SUPPLIER}:
        raise NotFound
    if actor.role == Role.SUPPLIER:
        rows = rows.filter(users=actor)
    found: Partner | None = rows.filter(code=code).prefetch_related("suspensions").first()
    if found is None:
        raise NotFound
    return found


def judged(actor: User) -> QuerySet[Partner]:
    """Every supplier, those that may not sell now first. Raises Forbidden for who oversees nothing."""
    access.require_role(actor, Role.REVIEWER, Role.AUDITOR, Role.ADMIN)
    rows: QuerySet[Partner] = Partner.objects.select_related("home_region")
    return rows.order_by(F("suspended_until").asc(nulls_last=True), "name", "pk")


def name_of(code: str) -> str:
    """A supplier's name as it was at most a minute ago; the code of one that is not known."""
    return _names.get().get(code, code)


def names() -> list[tuple[str, str]]:
    """(code, name) of every supplier, by name, as they were at most a minute ago: to choose from."""
    return sorted(_names.get().items(), key=lambda item: item[1].casefold())


_names: Remembered[dict[str, str]] = Remembered(lambda: dict(Partner.objects.values_list("code", "name")))
forget = _names.forget


def shops_of(user: User) -> list[int]:
    """Ids of the suppliers that the account works for, asked for once in a request.

    A list and no join: what one supplier has stands in the order of an index, what a join finds must all be sorted.
    """
    found: list[int] | None = getattr(user, "_shops", None)
    if found is None:
        found = list(
            Partner.users.through.objects.filter(user=user).order_by("partner").values_list("partner", flat=True)
        )
        user._shops = found  # type: ignore[attr-defined]
    return found


def supplier_of(user: User) -> Partner | None:
    """The supplier whose account this is."""
    found: Partner | None = Partner.objects.filter(users=user).order_by("pk").first()
    return found


def own_supplier(actor: User) -> Partner:
    """The supplier that the actor works for. Raises Forbidden for everybody else."""
    partner = supplier_of(actor) if actor.is_authenticated and actor.role == Role.SUPPLIER else None
    if partner is None:
        raise Forbidden
    return partner


def own_offers(actor: User) -> QuerySet[StockRecord]:
    """The actor's own offers in every state. Raises Forbidden for who works for no supplier."""
    offers: QuerySet[StockRecord] = StockRecord.objects.filter(partner=own_supplier(actor))
    return offers.select_related("product", "partner").order_by("product__product_class__sort", "product__title", "pk")


def own_offer(actor: User, offer_id: int) -> StockRecord:
    """One own offer. Foreign and missing alike raise NotFound."""
    found = own_offers(actor).filter(pk=offer_id).first()
    if found is None:
        raise NotFound
    return found
