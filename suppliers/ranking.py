"""Best value: offers ranked by what they are worth to the person, not by the lowest price.

First the gate: what fits comes before what is not known to fit, and that before what does not. Then the
score, a weighted mean of five parts between 0 and 1 whose weights are public rule data:

- quality: mean mark of the supplier, times the share of lines that were not rejected at acceptance;
- delivery: share of lines that came in time and how soon this offer comes, half and half;
- complaints: few of them per delivered line: a confirmed case counts in full, silence in part, and each
  fades to nothing over the months of the rule (``complaint_load``);
- warranty: months, with the first year counting most;
- price: the cheapest unit price of the comparison divided by this one; in lists of different products, which have no
  common cheapest one, how the unit price stands against the median of the kind (``across``).

That unit price is what one unit costs when one pack is ordered and brought: the goods and the delivery, where it is paid
separately (``delivered_price``). One pack, because nobody knows yet how many will be ordered together, and the smallest
order is the one that a dear delivery hurts. A delivery of which nobody has said the price counts as the most that may be
asked for it (rule ``listing.delivery_price``): saying nothing is never worth more than saying how much. The medians of the
market stay those of the goods: a single pack would make the cheap ones with a delivery look out of line.

Rates are Bayesian: the rule's prior counts as so many deliveries or marks already seen, so that a new
supplier starts in the middle and one lucky delivery proves nothing. Nothing here reads a database
except ``policy``.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from marketplace import calendar, formats, rules
from marketplace.remembered import Remembered
from suppliers import delivery

LABELS = {
    "quality": gettext_lazy("Quality"),
    "delivery": gettext_lazy("Delivery"),
    "complaints": gettext_lazy("Few complaints"),
    "warranty": gettext_lazy("Warranty"),
    "price": gettext_lazy("Price"),
}
PARTS = tuple(LABELS)


@dataclass(frozen=True)
class Policy:
    """The rule data of a day: weights, priors, since when a stock count is fresh enough, the dearest delivery (KZT)."""

    weights: Mapping[str, float]
    complaint_prior: Mapping[str, float]
    complaint_weights: Mapping[str, float]
    priors: Mapping[str, Any]
    stale_days: int
    delivery_most: Decimal

    @property
    def fresh_since(self) -> Any:
        return timezone.now() - timedelta(days=self.stale_days)


@dataclass(frozen=True)
class Standing:
    """What is counted about a supplier: facts of deliveries, acceptances, complaints and marks.

    ``complaint_load``: its complaints as ``complaint_load()`` weighs them.
    """

    delivered_lines: int = 0
    on_time_lines: int = 0
    rejected_lines: int = 0
    complaint_load: float = 0.0
    rating_sum: int = 0
    rating_count: int = 0

    @property
    def rating(self) -> float | None:
        """The plain mean of the marks, one decimal; None without marks."""
        return round(self.rating_sum / self.rating_count, 1) if self.rating_count else None


@dataclass(frozen=True)
class Candidate:
    """An offer as the ranking sees it. ``unit_price``: KZT for one unit; ``fit``: 0 fits, 1 unknown, 2 does not.

    ``delivery``: KZT for bringing one order, zero when it is in the price, None when nobody has said.
    """

    offer_id: int
    unit_price: Decimal
    lead_days: int
    warranty_months: int
    standing: Standing
    fit: int = 0
    delivery: Decimal | None = Decimal(0)
    pack_size: int = 1


@dataclass(frozen=True)
class Ranked:
    """``score`` and ``parts`` are between 0 and 1; ``price``: KZT for one unit, brought."""

    candidate: Candidate
    score: float
    parts: Mapping[str, float]
    price: Decimal


def policy(on: date | None = None) -> Policy:
    """The rules in force on a day; today's are remembered for a minute, so most pages do not ask for them."""
    return _remembered.get() if on is None else _in_force(on)


def _in_force(on: date | None = None) -> Policy:
    found = rules.several(
        "ranking.weights",
        "ranking.complaint_prior",
        "ranking.complaint_weights",
        "ranking.priors",
        "listing.stale_days",
        delivery.RULE,
        on=on,
    )
    return Policy(
        weights=found["ranking.weights"].value,
        complaint_prior=found["ranking.complaint_prior"].value,
        complaint_weights=found["ranking.complaint_weights"].value,
        priors=found["ranking.priors"].value,
        stale_days=found["listing.stale_days"].value["days"],
        delivery_most=Decimal(found[delivery.RULE].value["most"]),
    )


_remembered = Remembered(_in_force)
forget = _remembered.forget


def rank(candidates: Iterable[Candidate], policy: Policy) -> list[Ranked]:
    """Best first. Better on one part and equal on the rest never ranks lower."""
    listed = [(candidate, delivered_price(candidate, policy)) for candidate in candidates]
    cheapest = min((price for _candidate, price in listed), default=Decimal(0))
    ranked = []
    for candidate, price in listed:
        parts = parts_of(candidate, cheapest, policy)
        ranked.append(Ranked(candidate, score(parts, policy.weights), parts, price))
    return sorted(ranked, key=_key)


def delivered_price(candidate: Candidate, policy: Policy) -> Decimal:
    """KZT for one unit when one pack is ordered and brought."""
    asked = policy.delivery_most if candidate.delivery is None else candidate.delivery
    return candidate.unit_price + asked / candidate.pack_size


def _key(ranked: Ranked) -> tuple[object, ...]:
    # A part without weight still decides between equal scores; the id only between equal offers.
    return (ranked.candidate.fit, -ranked.score, *(-ranked.parts[name] for name in PARTS), ranked.candidate.offer_id)


def score(parts: Mapping[str, float], weights: Mapping[str, float]) -> float:
    """The weighted mean of the parts."""
    total = sum(weights[name] for name in PARTS)
    return sum(weights[name] * parts[name] for name in PARTS) / total


def parts_of(candidate: Candidate, cheapest: Decimal, policy: Policy) -> dict[str, float]:
    """The five parts; ``cheapest`` is the lowest unit price of the comparison, brought."""
    standing, priors, price = candidate.standing, policy.priors, delivered_price(candidate, policy)
    on_time = _smoothed(standing.on_time_lines, standing.delivered_lines, priors["on_time"])
    soon = priors["half_lead_days"] / (priors["half_lead_days"] + candidate.lead_days)
    return {
        "quality": _quality(standing, priors),
        "delivery": (on_time + soon) / 2,
        "complaints": complaints_part(standing, policy.complaint_prior),
        "warranty": candidate.warranty_months / (candidate.warranty_months + priors["half_warranty_months"]),
        "price": float(cheapest / price) if price else 1.0,
    }


def across(candidate: Candidate, median: Decimal | None, policy: Policy) -> float:
    """The worth of an offer beside offers for other products of its kind, between 0 and 1.

    The price part is one half at the median unit price of the kind (KZT), more below it and less above; one half too
    while the kind has no median. Better on one part and equal on the rest is never worth less.
    """
    unit_price = delivered_price(candidate, policy)
    price = float(median / (median + unit_price)) if median else 0.5
    return score({**parts_of(candidate, unit_price, policy), "price": price}, policy.weights)


def _smoothed(hits: int, lines: int, prior: Mapping[str, float]) -> float:
    """A rate with its prior counted in as so many lines already seen."""
    return (hits + prior["rate"] * prior["lines"]) / (lines + prior["lines"])


def _quality(standing: Standing, priors: Mapping[str, Any]) -> float:
    prior: Mapping[str, float] = priors["rating"]
    mark = (standing.rating_sum + prior["mark"] * prior["marks"]) / (standing.rating_count + prior["marks"])
    rejected = _smoothed(standing.rejected_lines, standing.delivered_lines, priors["rejected"])
    return (mark - 1) / 4 * (1 - min(1.0, rejected))


def complaints_part(standing: Standing, prior: Mapping[str, float]) -> float:
    """1 without complaints, one half at the rate that the prior takes for usual."""
    usual = prior["complaints"] / prior["deliveries"]
    rate = (standing.complaint_load + prior["complaints"]) / (standing.delivered_lines + prior["deliveries"])
    return usual / (usual + rate)


def counted_since(today: date, policy: Policy) -> date:
    """The day whose complaints have just faded to nothing (rule ``ranking.complaint_prior``, months)."""
    return calendar.add_months(today, -int(policy.complaint_prior["decay_months"]))


def complaint_load(noted: Iterable[tuple[str, date, int]], policy: Policy, today: date) -> float:
    """Complaints as the ranking weighs them: kind, its day, how many cases.

    A case of today counts with the weight of its kind (rule ``ranking.complaint_weights``), an older one
    with less, in a straight line, and nothing from ``decay_months`` on.
    """
    since = counted_since(today, policy)
    whole = (today - since).days
    if whole <= 0:
        return 0.0
    # A day ahead of today (a clock that runs fast) counts as today.
    return sum(
        policy.complaint_weights[kind] * cases * min(max((day - since).days, 0), whole) / whole
        for kind, day, cases in noted
    )


@dataclass(frozen=True)
class Comparison:
    """The best of what is compared, found once: so that words for thousands of offers stay linear.

    ``apart``: somebody's delivery is paid separately, so that prices are compared with it.
    """

    number: int
    apart: bool
    cheapest: Decimal
    soonest: int
    longest_warranty: int
    best: Mapping[str, float]
    worst: Mapping[str, float]


def compared(ranked: Sequence[Ranked]) -> Comparison:
    """What the words for each of these (at least one) are measured by."""
    offers = [one.candidate for one in ranked]
    return Comparison(
        number=len(offers),
        apart=any(offer.delivery != 0 for offer in offers),
        cheapest=min(one.price for one in ranked),
        soonest=min(offer.lead_days for offer in offers),
        longest_warranty=max(offer.warranty_months for offer in offers),
        best={name: max(one.parts[name] for one in ranked) for name in PARTS},
        worst={name: min(one.parts[name] for one in ranked) for name in PARTS},
    )


def why(ranked: Ranked, others: Comparison) -> str:
    """Why the offer stands where it stands, in words: what it is best at, else what holds it back."""
    own, best = ranked.candidate, []
    if others.number <= 1:
        return _("The only offer.")
    if ranked.price == others.cheapest and own.delivery is not None:
        best.append(_("lowest price with delivery") if others.apart else _("lowest price"))
    if own.lead_days == others.soonest:
        best.append(_lead_words(own.lead_days))
    if own.warranty_months and own.warranty_months == others.longest_warranty:
        best.append(_("longest warranty: %(term)s") % {"term": formats.quantity(own.warranty_months, "month")})
    if _stands_out(ranked, others, "quality") and own.standing.rating is not None:
        mark = formats.group_digits(Decimal(str(own.standing.rating)), places=1)
        best.append(_("best marks: %(mark)s of 5") % {"mark": mark})
    if _stands_out(ranked, others, "complaints"):
        best.append(_("fewest confirmed complaints"))
    if best:
        text = ", ".join(best[:3])
        return f"{text[0].upper()}{text[1:]}."
    if own.delivery is None:
        return _("The supplier has not said how much delivery costs, and it is not best at anything.")
    dearer = {"percent": round((ranked.price / others.cheapest - 1) * 100)}
    if others.apart:
        return (
            _("With delivery dearer than the cheapest by %(percent)s%%, without being best at anything else.") % dearer
        )
    return _("Dearer than the lowest price by %(percent)s%%, without being best at anything else.") % dearer


def shares(policy: Policy) -> list[tuple[str, float]]:
    """The parts with their share of the score, the heaviest first."""
    total = sum(policy.weights[name] for name in PARTS)
    return sorted(((name, policy.weights[name] / total) for name in PARTS), key=lambda item: -item[1])


def example(policy: Policy) -> list[tuple[Ranked, str]]:
    """Two made-up offers, ranked by the rules in force: a cheap one of a supplier with trouble, a dearer reliable one."""
    troubled = Standing(delivered_lines=200, on_time_lines=140, rejected_lines=12, complaint_load=14, rating_sum=330, rating_count=100)  # fmt: skip
    reliable = Standing(delivered_lines=200, on_time_lines=196, rejected_lines=1, complaint_load=1, rating_sum=470, rating_count=100)  # fmt: skip
    order = rank(
        [
            Candidate(1, Decimal(100_000), lead_days=20, warranty_months=6, standing=troubled),
            Candidate(2, Decimal(112_000), lead_days=7, warranty_months=24, standing=reliable),
        ],
        policy,
    )
    others = compared(order)
    return [(ranked, why(ranked, others)) for ranked in order]


def _lead_words(days: int) -> str:
    return ngettext("comes soonest: in %(days)s day", "comes soonest: in %(days)s days", days) % {"days": days}


def _stands_out(ranked: Ranked, others: Comparison, part: str) -> bool:
    """Best at it, and not merely because all are equal."""
    return ranked.parts[part] == others.best[part] > others.worst[part]
