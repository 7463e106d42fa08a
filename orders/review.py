"""What an order draft comes to: every line against the programme, the offers and the stock.

The check page reads it without locks, the submit with the rows locked, so both apply one set of rules.
Errors are wrong answers (422); shortages are right answers that came too late or too large (409).
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal

from django.utils import timezone
from django.utils.translation import gettext as _

from catalog.models import Product
from marketplace import formats, rules
from marketplace.drafts.answers import is_yes
from marketplace.errors import FieldError
from marketplace.models import Draft, Region, Role, User
from marketplace.regions import RegionFacts
from marketplace.remembered import Remembered
from orders import draft_fields, ledger, norms
from orders.draft_fields import Answers, LineAnswers
from orders.models import Entitlement, Tranche
from suppliers import delivery, guarantees, ranking
from suppliers.delivery import Delivery
from suppliers.models import Partner, StockRecord


@dataclass(frozen=True)
class ReviewedLine:
    """A line that can be ordered: what it costs the state and the person, what the norm keeps."""

    key: str
    standing: norms.Standing
    offer: StockRecord
    quantity: int
    units: int
    price: Decimal
    state_pays: Decimal
    you_pay: Decimal
    left_after: int
    fallback: list[int]
    fitting: str = ""


def delivery_of(lines: Sequence[ReviewedLine]) -> Delivery:
    """The delivery of the order that these lines of one supplier make: paid once."""
    return delivery.of_order(line.offer.delivery for line in lines)


def in_all(lines: Sequence[ReviewedLine]) -> Decimal:
    """KZT that the person pays for one supplier's lines and their delivery."""
    return sum((line.you_pay for line in lines), delivery_of(lines).price)


@dataclass(frozen=True)
class Shortage:
    """Stock, norm or budget does not reach; ``fits`` is the number of packs that would."""

    line: LineAnswers
    field: str
    code: str
    message: str
    fits: int = 0
    next_date: date | None = None
    offer: StockRecord | None = None


@dataclass
class Taken:
    """What earlier lines of the same draft already use: units and KZT by programme line, packs by offer.

    ``delivery``: KZT of an order's delivery that may still be spent when it is passed on.
    """

    units: Counter[int] = field(default_factory=Counter)
    sums: dict[int, Decimal] = field(default_factory=lambda: defaultdict(Decimal))
    packs: Counter[int] = field(default_factory=Counter)
    delivery: Decimal = Decimal(0)


@dataclass
class Review:
    answers: Answers
    policy: ranking.Policy | None = None
    standings: dict[int, norms.Standing] = field(default_factory=dict)
    offers: dict[int, StockRecord] = field(default_factory=dict)
    fallbacks: dict[int, StockRecord] = field(default_factory=dict)
    lines: list[ReviewedLine] = field(default_factory=list)
    errors: list[FieldError] = field(default_factory=list)
    shortages: list[Shortage] = field(default_factory=list)

    @property
    def fresh_since(self) -> datetime:
        """Since when a stock count is fresh enough."""
        assert self.policy is not None
        return self.policy.fresh_since

    @property
    def problems(self) -> list[FieldError]:
        """Everything that keeps the draft from being sent: errors, then shortages."""
        return [*self.errors, *(FieldError(item.field, item.code, item.message) for item in self.shortages)]

    @property
    def state_pays(self) -> Decimal:
        return sum((line.state_pays for line in self.lines), Decimal(0))

    @property
    def you_pay(self) -> Decimal:
        """With the delivery of each order, where it is paid separately."""
        return sum((in_all(lines) for lines in self.by_supplier()), Decimal(0))

    def by_supplier(self) -> list[list[ReviewedLine]]:
        """Lines of one supplier make one order; suppliers in the order of their keys."""
        groups: dict[int, list[ReviewedLine]] = {}
        for line in self.lines:
            groups.setdefault(line.offer.partner_id, []).append(line)
        return [groups[partner] for partner in sorted(groups)]


def review(draft: Draft, *, actor: User, lock: bool = False, on: date | None = None) -> Review:
    """Check every rule; with ``lock`` inside the submit's transaction: tranches, then offers, in pk order."""
    day = on or timezone.localdate()
    answers = draft_fields.read(draft)
    result = Review(answers, errors=list(answers.errors))
    result.standings = _standings(draft, answers.lines, lock, day)
    result.policy = ranking.policy()
    result.offers = _offers({line.offer for line in answers.lines if line.offer}, lock)
    result.fallbacks = _fallbacks({pk for line in answers.lines for pk in line.fallback})
    taken = Taken()
    for line in answers.lines:
        _review_line(result, line, taken)
        _check_fallback(result, line, result.fallbacks, result.standings.get(line.entitlement or 0))
    result.errors += consent_errors(draft, actor)
    return result


def consent_errors(draft: Draft, actor: User) -> list[FieldError]:
    """The person (or her guardian) agrees herself; the office brings the proof of her consent.

    That the actor may act for her at all is known by now: the draft was opened for the actor.
    """
    if actor.role in {Role.BENEFICIARY, Role.GUARDIAN}:
        if not is_yes(draft.value(draft_fields.OWNER_CONSENT)):
            message = _("Tick the box to go on. Without your consent we cannot send the order.")
            return [FieldError(draft_fields.OWNER_CONSENT, "required", message)]
        return []
    if actor.role == Role.CASEWORKER and not draft.value("consent.proof"):
        message = _("Record how the person agreed: a signed form, a call or a visit.")
        return [FieldError("consent.proof", "required", message)]
    return []


def _standings(draft: Draft, lines: list[LineAnswers], lock: bool, day: date) -> dict[int, norms.Standing]:
    """Programme lines of the beneficiary that the draft names; foreign ones are as good as missing."""
    wanted = {line.entitlement for line in lines if line.entitlement}
    if not wanted:
        return {}
    open_now = Tranche.objects.filter(
        entitlement__in=wanted,
        entitlement__beneficiary=draft.beneficiary_id,
        opens_on__lte=day,
        closes_on__gte=day,
    )
    running = ledger.lock(open_now) if lock else list(open_now.select_related("entitlement__product_type"))
    found: dict[int, Entitlement] = {tranche.entitlement_id: tranche.entitlement for tranche in running}
    if wanted - set(found):
        rest = Entitlement.objects.select_related("product_type").filter(
            pk__in=wanted - set(found), beneficiary=draft.beneficiary_id
        )
        found |= {entitlement.pk: entitlement for entitlement in rest}
    return {
        pk: norms.standing(entitlement, day, [row for row in running if row.entitlement_id == pk])
        for pk, entitlement in found.items()
    }


def _offers(wanted: set[int], lock: bool) -> dict[int, StockRecord]:
    rows = StockRecord.objects.filter(pk__in=wanted).order_by("pk")
    if lock:
        rows = rows.select_for_update(of=("self",), no_key=True)
    return {row.pk: row for row in rows.select_related("partner", "product__product_class")} if wanted else {}


def _fallbacks(wanted: set[int]) -> dict[int, StockRecord]:
    rows = StockRecord.objects.filter(pk__in=wanted).select_related("partner", "product")
    return {row.pk: row for row in rows} if wanted else {}


def why_not_offered(
    offer: StockRecord, region: Region | RegionFacts | None, fresh_since: datetime
) -> tuple[str, str] | None:
    """(code, words) when this offer cannot be ordered there: ``suppliers.strategy.purchasable``, reason by reason."""
    product = offer.product
    if offer.status == StockRecord.Status.RECALLED:
        return "recalled", _("The state has stopped the sale of these goods. Choose other ones.")
    published = offer.status == StockRecord.Status.PUBLISHED and product.moderation == Product.Moderation.PUBLISHED
    if not published or not product.is_public:
        return "not_offered", _("This offer is no longer sold. Choose another one.")
    if offer.stock_confirmed_at is None or offer.stock_confirmed_at < fresh_since:
        return "not_offered", _("The supplier has not confirmed the stock lately. Choose another offer.")
    if offer.partner.status != Partner.Status.APPROVED:
        return "supplier", _("This supplier is not approved now. Choose another offer.")
    if region is not None and region.code not in offer.regions:
        return "region", _("%(supplier)s does not deliver to this region: %(region)s. Choose another offer.") % {
            "supplier": offer.partner.name,
            "region": region.name,
        }
    return None


def shares(
    offer: StockRecord, quantity: int, standing: norms.Standing, free_sum: Decimal
) -> tuple[Decimal, Decimal, Decimal]:
    """(price, state pays, you pay) of so many packs; ``free_sum`` is what the tranche still has."""
    price = offer.price * quantity
    guarantee = norms.guarantee(standing, free_sum=free_sum)
    state_pays, you_pay = guarantees.split(price, quantity * offer.pack_size, guarantee)
    return price, state_pays, you_pay


def _review_line(result: Review, line: LineAnswers, taken: Taken) -> None:
    """One line; ``taken`` holds what earlier lines of this draft use of the same tranche and stock."""
    before = len(result.errors) + len(result.shortages)
    standing, offer = result.standings.get(line.entitlement or 0), result.offers.get(line.offer or 0)
    if line.entitlement and standing is None:
        message = _("There is no such line in the programme.")
        result.errors.append(FieldError(line.name("entitlement"), "unknown", message))
    if line.offer and offer is None:
        result.errors.append(
            FieldError(line.name("offer"), "unknown", _("There is no such offer. Choose another one."))
        )
    used_up = None
    if standing is not None and (reason := norms.why_not(standing)):
        if reason[0] == "norm_used_up":
            used_up = Shortage(line, line.name("quantity"), *reason, next_date=standing.next_date)
            result.shortages.append(used_up)
        else:
            result.errors.append(FieldError(line.name("entitlement"), *reason))
    if offer is not None and (reason := why_not_offered(offer, result.answers.region, result.fresh_since)):
        result.errors.append(FieldError(line.name("offer"), *reason))
    if standing and offer and offer.product.product_class_id != standing.entitlement.product_type_id:
        message = _("This product is not what the line of the programme names: %(type)s.") % {
            "type": standing.entitlement.product_type.name
        }
        result.errors.append(FieldError(line.name("offer"), "type", message))
    if standing is None or offer is None or line.quantity is None or line.quantity < 1:
        return
    _check_amounts(result, line, standing, offer, taken, skip_norm=used_up is not None)
    if len(result.errors) + len(result.shortages) == before:
        _accept_line(result, line, standing, offer, taken)


def _check_amounts(
    result: Review,
    line: LineAnswers,
    standing: norms.Standing,
    offer: StockRecord,
    taken: Taken,
    *,
    skip_norm: bool,
) -> None:
    assert line.quantity is not None
    units = line.quantity * offer.pack_size
    left = standing.remaining - taken.units[standing.entitlement.pk]
    if not skip_norm and standing.usable and units > left:
        result.shortages.append(
            Shortage(
                line, line.name("quantity"), "norm_ran_out", norms.too_many(standing, units, left, offer.pack_size),
                fits=max(left, 0) // offer.pack_size, next_date=standing.next_date,
            )
        )  # fmt: skip
    stock = offer.num_in_stock - offer.num_allocated - taken.packs[offer.pk]
    if line.quantity > stock:
        message = _("%(supplier)s has %(left)s in stock. Order fewer or choose another offer.") % {
            "supplier": offer.partner.name,
            "left": formats.packs(max(stock, 0), offer.pack_size, standing.entitlement.unit),
        }
        result.shortages.append(
            Shortage(line, line.name("offer"), "stock_ran_out", message, fits=max(stock, 0), offer=offer)
        )


def _accept_line(result: Review, line: LineAnswers, standing: norms.Standing, offer: StockRecord, taken: Taken) -> None:
    assert line.quantity is not None
    entitlement = standing.entitlement.pk
    units = line.quantity * offer.pack_size
    free_sum = standing.remaining_sum - taken.sums[entitlement]
    price, state_pays, you_pay = shares(offer, line.quantity, standing, free_sum)
    taken.units[entitlement] += units
    taken.sums[entitlement] += state_pays
    taken.packs[offer.pk] += line.quantity
    result.lines.append(
        ReviewedLine(
            key=line.key,
            standing=standing,
            offer=offer,
            quantity=line.quantity,
            units=units,
            price=price,
            state_pays=state_pays,
            you_pay=you_pay,
            left_after=standing.remaining - taken.units[entitlement],
            fallback=line.fallback,
            fitting=line.fitting if offer.product.product_class.made_to_measure else "",
        )
    )


# How many offers a person may name to be asked next; asked for a line and a page alike.
most_fallbacks: Remembered[int] = Remembered(lambda: int(rules.get("order.fallback_choices").value["count"]))


def _check_fallback(
    result: Review, line: LineAnswers, offers: dict[int, StockRecord], standing: norms.Standing | None
) -> None:
    """The next offers, best first: of the same type, known, and not the chosen one again."""
    if not line.fallback:
        return
    most = most_fallbacks.get()
    if len(line.fallback) > most:
        message = _("Choose %(count)s further offers at most.") % {"count": most}
        result.errors.append(FieldError(line.name("fallback"), "too_many", message))
    if not _all_fit(line.fallback, line.offer, offers.values(), standing):
        message = _("A further offer must be another offer for the same line of the programme.")
        result.errors.append(FieldError(line.name("fallback"), "choice", message))


def _all_fit(
    wanted: list[int], chosen: int | None, offers: Iterable[StockRecord], standing: norms.Standing | None
) -> bool:
    types = {offer.pk: offer.product.product_class_id for offer in offers}
    right = standing.entitlement.product_type_id if standing else None
    return all(
        pk in types and pk != chosen and (right is None or types[pk] == right) for pk in wanted
    ) and len(set(wanted)) == len(wanted)  # fmt: skip
