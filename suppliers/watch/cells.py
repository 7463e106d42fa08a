"""Cells of the market: counted by the database for one kind at a time, and again when something changed.

A change notes its kind in the transaction of its effects (``note``); the sweep (``catch_up``) takes noted
kinds one by one. It deletes the note before it reads, so a change that comes meanwhile is counted next time.
Once a day all kinds are noted, because time itself changes the market: stock grows stale, programmes end.
"""

import json
import time
from collections.abc import Callable, Iterable

from django.db import connection, transaction
from django.db.models import F, FloatField
from django.db.models.functions import Cast

from catalog.models import ProductClass
from suppliers import ranking
from suppliers.market import independent_group
from suppliers.strategy import purchasable
from suppliers.watch import prices
from suppliers.watch.models import MarketCell, MarketDebt

# (type id, region) → people whose programme names it; told by the layer that keeps programmes.
Demand = Callable[[int], dict[str, int]]
_demand: Demand | None = None

# ``{offers}``: the offers that can be ordered now, as strategy.purchasable says; ``place`` '' is the whole country.
COUNT = """
WITH offer (regions, unit, owner) AS ({offers}),
placed AS (SELECT place, unit, owner FROM offer CROSS JOIN LATERAL unnest(array_append(regions, '')) AS place),
share AS (SELECT place, owner, count(*) AS part FROM placed GROUP BY place, owner),
choice AS (
    SELECT place, sum(part) AS offers, count(*) AS suppliers,
        round(sum(part) * sum(part) / sum(part * part), 2) AS choice_index
    FROM share GROUP BY place),
middle AS (SELECT place, percentile_cont(0.5) WITHIN GROUP (ORDER BY unit) AS median FROM placed GROUP BY place),
spread AS (
    SELECT place, median, percentile_cont(0.5) WITHIN GROUP (ORDER BY abs(unit - median)) AS mad
    FROM placed JOIN middle USING (place) GROUP BY place, median)
INSERT INTO partner_marketcell
    (type_id, region, offers, suppliers, choice_index, median, mad, asked, counted_at)
SELECT %s, place, coalesce(offers, 0), coalesce(suppliers, 0), coalesce(choice_index, 0),
    round(median::numeric, 4), round(mad::numeric, 4), coalesce((%s::jsonb ->> place)::int, 0), now()
FROM (SELECT code AS place FROM marketplace_region UNION ALL SELECT '') AS places
    LEFT JOIN choice USING (place) LEFT JOIN spread USING (place)
ON CONFLICT (type_id, region) DO UPDATE SET
    (offers, suppliers, choice_index, median, mad, asked, counted_at)
    = (excluded.offers, excluded.suppliers, excluded.choice_index, excluded.median, excluded.mad, excluded.asked,
       excluded.counted_at)
"""


def provide_demand(provider: Demand) -> Demand:
    """Register the function that tells how many people a kind is in a programme of, by region, '' for all."""
    global _demand
    _demand = provider
    return provider


def note(product_ids: Iterable[int]) -> None:
    """The kinds of these products are to be counted anew. The last thing of a transaction: others wait for it."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO partner_marketdebt (type_id) SELECT DISTINCT product_class_id FROM catalogue_product"
            " WHERE id = ANY(%s) AND product_class_id IS NOT NULL ORDER BY 1 ON CONFLICT DO NOTHING",
            [list(product_ids)],
        )


def note_all() -> int:
    """Every kind is to be counted anew; returns how many kinds there are."""
    kinds = list(ProductClass.objects.order_by("pk").values_list("pk", flat=True))
    MarketDebt.objects.bulk_create([MarketDebt(type_id=pk) for pk in kinds], ignore_conflicts=True)
    return len(kinds)


def catch_up(seconds: float | None = None) -> int:
    """Count the noted kinds, each in its transaction; returns how many. Safe to run twice and by two at once.

    After ``seconds`` the rest is left to the next sweep.
    """
    if not MarketCell.objects.exists():
        note_all()
    started, counted = time.monotonic(), 0
    while _count_next():
        counted += 1
        if seconds is not None and time.monotonic() - started > seconds:
            break
    return counted


def _count_next() -> bool:
    with transaction.atomic():
        debt = MarketDebt.objects.select_for_update(skip_locked=True).order_by("pk").first()
        if debt is None:
            return False
        MarketDebt.objects.filter(pk=debt.pk).delete()
        count(debt.pk)
    return True


def count(type_id: int) -> None:
    """Count the cells of one kind and look at its prices. Inside a transaction."""
    offers = (
        purchasable(ranking.policy().fresh_since)
        .filter(product__product_class=type_id)
        .annotate(unit=Cast(F("price"), FloatField()) / F("pack_size"), owner=independent_group())
        .order_by()
        .values_list("regions", "unit", "owner")
    )
    sql, params = offers.query.sql_with_params()
    asked = _demand(type_id) if _demand is not None else {}
    with connection.cursor() as cursor:
        cursor.execute(COUNT.format(offers=sql), [*params, type_id, json.dumps(asked)])
    prices.look(type_id)
