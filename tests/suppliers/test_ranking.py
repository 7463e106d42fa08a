"""Best value: the parts, their order, and what must hold for any offers."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from suppliers import ranking
from suppliers.ranking import Candidate, Policy, Standing

POLICY = Policy(
    weights={"quality": 0.3, "delivery": 0.2, "complaints": 0.2, "warranty": 0.1, "price": 0.2},
    complaint_prior={"complaints": 2, "deliveries": 100, "decay_months": 12},
    complaint_weights={"confirmed": 1, "silent": 0.25},
    priors={
        "rating": {"mark": 4, "marks": 10},
        "on_time": {"rate": 0.9, "lines": 20},
        "rejected": {"rate": 0.02, "lines": 50},
        "half_lead_days": 15,
        "half_warranty_months": 12,
    },
    stale_days=14,
    delivery_most=Decimal(30000),
)
TODAY = date(2026, 12, 1)
NEW = Standing()
GOOD = Standing(delivered_lines=200, on_time_lines=196, rating_sum=480, rating_count=100)


def candidate(offer_id: int = 1, price: str = "100.00", **more) -> Candidate:
    defaults = {"lead_days": 6, "warranty_months": 12, "standing": NEW}
    return Candidate(offer_id=offer_id, unit_price=Decimal(price), **(defaults | more))


def order(*candidates: Candidate, policy: Policy = POLICY) -> list[int]:
    return [place.candidate.offer_id for place in ranking.rank(candidates, policy)]


def test_the_parts_of_a_new_supplier_are_the_priors():
    parts = ranking.parts_of(candidate(lead_days=15), Decimal("100.00"), POLICY)
    assert parts == pytest.approx(
        {"quality": 0.75 * 0.98, "delivery": (0.9 + 0.5) / 2, "complaints": 0.5, "warranty": 0.5, "price": 1.0}
    )


def test_a_good_supplier_stands_before_a_cheaper_unknown_one():
    assert order(candidate(1, "100.00"), candidate(2, "110.00", standing=GOOD)) == [2, 1]


def test_the_lowest_price_does_not_win_by_itself_but_decides_between_equals():
    assert order(candidate(1, "101.00"), candidate(2, "100.00")) == [2, 1]


def load(*noted: tuple[str, date, int]) -> float:
    return ranking.complaint_load(noted, POLICY, TODAY)


def test_complaints_cost_the_place_and_silence_costs_less():
    bad = replace(GOOD, complaint_load=load(("confirmed", TODAY, 30)))
    silent = replace(GOOD, complaint_load=load(("silent", TODAY, 30)))
    listed = [candidate(1, standing=bad), candidate(2, standing=silent), candidate(3, standing=GOOD)]
    assert order(*listed) == [3, 2, 1]


def test_a_complaint_fades_in_a_straight_line_to_nothing():
    # 12 months before 1 December 2026 are 365 days.
    assert load(("confirmed", date(2026, 12, 1), 1)) == 1
    assert load(("confirmed", date(2026, 9, 19), 1)) == pytest.approx(292 / 365)
    assert load(("confirmed", date(2025, 12, 2), 1)) == pytest.approx(1 / 365)
    assert load(("confirmed", date(2025, 12, 1), 1)) == 0
    assert load(("confirmed", date(2020, 1, 1), 99)) == 0


def test_the_same_complaints_weigh_less_in_a_larger_volume():
    small = replace(GOOD, delivered_lines=100, on_time_lines=98, complaint_load=10.0)
    large = replace(GOOD, delivered_lines=1000, on_time_lines=980, complaint_load=10.0)
    parts = [ranking.complaints_part(each, POLICY.complaint_prior) for each in (small, large)]
    assert parts[0] == pytest.approx(0.02 / (0.02 + 12 / 200))
    assert parts[1] == pytest.approx(0.02 / (0.02 + 12 / 1100))


notes = st.lists(
    st.tuples(st.sampled_from(["confirmed", "silent"]), st.dates(date(2024, 1, 1), TODAY), st.integers(1, 50)),
    max_size=8,
)


@given(notes, st.dates(date(2024, 1, 1), TODAY), st.integers(0, 5000))
def test_more_confirmed_complaints_never_give_a_better_place(noted, day, lines):
    fewer = Standing(delivered_lines=lines, complaint_load=load(*noted))
    more = replace(fewer, complaint_load=load(*noted, ("confirmed", day, 1)))
    assert ranking.complaints_part(more, POLICY.complaint_prior) <= ranking.complaints_part(
        fewer, POLICY.complaint_prior
    )
    # the lower id wins ties, so the worse one gets it
    assert order(candidate(1, standing=more), candidate(2, standing=fewer))[0] == 2 or load(("confirmed", day, 1)) == 0


@given(notes, st.integers(1, 400))
def test_time_alone_never_makes_it_worse_and_ends_it(noted, days):
    later = ranking.complaint_load(noted, POLICY, TODAY + timedelta(days=days))
    assert later <= ranking.complaint_load(noted, POLICY, TODAY) + 1e-9
    assert ranking.complaint_load(noted, POLICY, TODAY + timedelta(days=366)) == 0


def test_one_lucky_mark_proves_nothing():
    lucky = Standing(rating_sum=5, rating_count=1)
    assert order(candidate(1, standing=lucky), candidate(2, standing=GOOD)) == [2, 1]


def test_fit_is_a_gate_before_every_score():
    assert order(candidate(1, fit=2, standing=GOOD), candidate(2, "900.00", fit=0), candidate(3, fit=1)) == [2, 3, 1]


def test_why_says_what_an_offer_is_best_at():
    cheap, quick = candidate(1, "100.00", lead_days=9), candidate(2, "150.00", lead_days=3, warranty_months=24)
    dear = candidate(3, "160.00", lead_days=9)
    places = ranking.rank([cheap, quick, dear], POLICY)
    with translation.override("en"):
        others = ranking.compared(places)
        words = {place.candidate.offer_id: ranking.why(place, others) for place in places}
        alone = ranking.why(places[0], ranking.compared(places[:1]))
    assert words[1] == "Lowest price."
    assert words[2] == "Comes soonest: in 3 days, longest warranty: 24 months."
    assert words[3] == "Dearer than the lowest price by 60%, without being best at anything else."
    assert alone == "The only offer."


standings = st.builds(
    lambda delivered, on_time, rejected, complaints, count, share: Standing(
        delivered_lines=delivered,
        on_time_lines=min(on_time, delivered),
        rejected_lines=min(rejected, delivered),
        complaint_load=complaints / 4,
        rating_count=count,
        rating_sum=round(count * (1 + 4 * share)),
    ),
    *[st.integers(0, 500)] * 4,
    st.integers(0, 300),
    st.floats(0, 1),
)
candidates = st.builds(
    lambda price, lead, warranty, standing, delivery, pack: candidate(
        1,
        str(Decimal(price) / 100),
        lead_days=lead,
        warranty_months=warranty,
        standing=standing,
        delivery=delivery,
        pack_size=pack,
    ),
    st.integers(1, 10**9),
    st.integers(0, 120),
    st.integers(0, 120),
    standings,
    st.one_of(st.none(), st.decimals(0, 30000, places=2)),  # in the price, stated, or not
    st.integers(1, 200),
)
weights = st.fixed_dictionaries({name: st.floats(0, 1) for name in ranking.PARTS}).filter(
    lambda w: sum(w.values()) > 0.01
)
BETTER = {
    "price": lambda c: replace(c, unit_price=c.unit_price * Decimal("0.9")),
    "delivery": lambda c: replace(
        c, delivery=Decimal("0.9") * (POLICY.delivery_most if c.delivery is None else c.delivery)
    ),
    "soon": lambda c: replace(c, lead_days=max(0, c.lead_days - 3)),
    "warranty": lambda c: replace(c, warranty_months=c.warranty_months + 6),
    "marks": lambda c: replace(
        c, standing=replace(c.standing, rating_sum=c.standing.rating_sum + 10, rating_count=c.standing.rating_count + 2)
    ),
    "in time": lambda c: replace(
        c, standing=replace(c.standing, on_time_lines=min(c.standing.delivered_lines, c.standing.on_time_lines + 5))
    ),
    "fewer rejected": lambda c: replace(
        c, standing=replace(c.standing, rejected_lines=max(0, c.standing.rejected_lines - 5))
    ),
    "fewer complaints": lambda c: replace(
        c, standing=replace(c.standing, complaint_load=max(0.0, c.standing.complaint_load - 5))
    ),
    "fits": lambda c: replace(c, fit=0),
}


@given(base=candidates, others=st.lists(candidates, max_size=4), how=st.sampled_from(sorted(BETTER)), weights=weights)
def test_better_on_one_part_and_equal_on_the_rest_never_ranks_lower(base, others, how, weights):
    twin = replace(BETTER[how](base), offer_id=2)  # the higher id loses every tie that is left to the id
    crowd = [replace(other, offer_id=10 + number) for number, other in enumerate(others)]
    places = order(base, twin, *crowd, policy=replace(POLICY, weights=weights))
    same = (
        ranking.parts_of(base, Decimal(1), POLICY) == ranking.parts_of(twin, Decimal(1), POLICY)
        and base.fit == twin.fit
    )
    assert same or places.index(2) < places.index(1)


@given(base=candidates, price=st.decimals(0, 30000, places=2), weights=weights)
def test_a_delivery_of_which_nobody_says_the_price_is_never_worth_more_than_one_that_is_told(base, price, weights):
    silent, told = replace(base, delivery=None), replace(base, delivery=price, offer_id=2)
    assert order(silent, told, policy=replace(POLICY, weights=weights))[0] == 2 or price == POLICY.delivery_most
    assert ranking.across(silent, Decimal(100), POLICY) <= ranking.across(told, Decimal(100), POLICY)


def test_a_low_price_does_not_hide_a_dear_delivery():
    """Ten pieces: 900 and 300 for bringing them, against 1,100 with the delivery in it."""
    apart = candidate(1, "90.00", delivery=Decimal(300), pack_size=10)
    within, silent = candidate(2, "110.00", pack_size=10), candidate(3, "90.00", delivery=None, pack_size=10)
    places = ranking.rank([apart, within, silent], POLICY)
    assert [(place.candidate.offer_id, place.price) for place in places] == [(2, 110), (1, 120), (3, 3090)]
    with translation.override("en"):
        others = ranking.compared(places)
        words = {place.candidate.offer_id: ranking.why(place, others) for place in places}
        # As they arrive later, only the price is left to be best at.
        late = ranking.rank([within, replace(apart, lead_days=9, warranty_months=0), replace(silent, lead_days=9, warranty_months=0)], POLICY)  # fmt: skip
        said = {place.candidate.offer_id: ranking.why(place, ranking.compared(late)) for place in late}
    assert words[2].startswith("Lowest price with delivery")
    assert said[1] == "With delivery dearer than the cheapest by 9%, without being best at anything else."
    assert said[3] == "The supplier has not said how much delivery costs, and it is not best at anything."


@given(st.lists(candidates, min_size=1, max_size=6))
def test_scores_and_parts_stay_between_nothing_and_all(listed):
    for place in ranking.rank([replace(item, offer_id=number) for number, item in enumerate(listed)], POLICY):
        assert 0 <= place.score <= 1
        assert set(place.parts) == set(ranking.PARTS)
        assert all(0 <= value <= 1 for value in place.parts.values())


@given(st.lists(candidates, min_size=2, max_size=6), st.randoms())
def test_the_order_does_not_depend_on_the_order_of_asking(listed, random):
    numbered = [replace(item, offer_id=number) for number, item in enumerate(listed)]
    shuffled = numbered[:]
    random.shuffle(shuffled)
    assert order(*numbered) == order(*shuffled)


@given(
    base=candidates,
    how=st.sampled_from(sorted(set(BETTER) - {"fits"})),
    weights=weights,
    median=st.one_of(st.none(), st.decimals("0.01", "10000000", places=2)),
)
def test_better_on_one_part_is_never_worth_less_beside_other_products(base, how, weights, median):
    policy = replace(POLICY, weights=weights)
    worth = ranking.across(base, median, policy)
    assert 0 <= worth <= 1
    assert ranking.across(BETTER[how](base), median, policy) >= worth - 1e-12


def test_the_price_part_is_one_half_at_the_median_of_the_kind():
    only_price = replace(POLICY, weights=dict.fromkeys(ranking.PARTS, 0.0) | {"price": 1.0})
    at = [
        ranking.across(candidate(price=price), Decimal("100.00"), only_price) for price in ("50.00", "100.00", "300.00")
    ]
    assert at == pytest.approx([2 / 3, 1 / 2, 1 / 4])
    assert ranking.across(candidate(price="7.00"), None, only_price) == 0.5, "nothing is known of the kind yet"


def test_the_public_example_follows_the_rules_in_force():
    with translation.override("en"):
        [(best, why), (second, _why)] = ranking.example(POLICY)
        assert (best.candidate.offer_id, second.candidate.offer_id) == (2, 1)
        assert "omes soonest" in why
        cheap = replace(POLICY, weights=dict.fromkeys(ranking.PARTS, 0.0) | {"price": 1.0})
        assert ranking.example(cheap)[0][0].candidate.offer_id == 1
    assert next(name for name, _share in ranking.shares(POLICY)) == "quality"
    assert sum(share for _name, share in ranking.shares(POLICY)) == pytest.approx(1)
