"""Made-up goods and offers in the format of the demo's data files, loaded by the same loaders.

Deterministic: product number n of a seed is always the same, whatever else is asked for. After ``PATTERNS`` products
the same ones come again under other numbers, so that the database can make them out of the first (copies.py).
"""

import json
import random
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from catalog import search
from catalog.loading import load_products
from catalog.models import Product
from catalog.types import Attribute, ProductType, book
from marketplace.models import Region
from perf import copies
from suppliers.effects import refresh_documents
from suppliers.loading import load_offers
from suppliers.models import Partner

CHUNK = PATTERNS = 2000
BRANDS = ("Ақжол", "Берік", "Дала", "Едіге", "Жайлау", "Көмек", "Медет", "Нұр", "Самал", "Тұлпар", "Ұлан", "Шапағат")


def seed_products(products: int, offers: int, seed: int, say: Any = lambda text: None) -> None:
    """Add goods ``scale-000001`` … with ``offers`` offers each; what is there already is kept."""
    kinds = [kind for kind in book().types if kind.iso_code]
    regions = list(Region.objects.values_list("code", flat=True))
    suppliers = list(Partner.objects.filter(status="approved").order_by("pk").values_list("code", flat=True))
    have = Product.objects.filter(upc__startswith="scale-").count()
    loaded = min(products, PATTERNS)
    for first in range(have + 1, loaded + 1, CHUNK):
        numbers = range(first, min(first + CHUNK, loaded + 1))
        goods = [_product(number, kinds, seed) for number in numbers]
        _load(load_products, goods)
        _load(load_offers, [offer for number in numbers for offer in _offers(number, offers, suppliers, regions, seed)])
        say(f"{numbers[-1]} products")
    if have < loaded:
        refresh_documents()
    if max(have, loaded) < products:
        copies.copy(max(have, loaded) + 1, products, PATTERNS, say)
    if have < products:
        search.rebuild()


def _load(load: Any, rows: list[dict[str, Any]]) -> None:
    with tempfile.NamedTemporaryFile("w", suffix=".json", encoding="utf-8") as file:
        json.dump(rows, file, ensure_ascii=False)
        file.flush()
        load(Path(file.name))


def pattern(number: int) -> int:
    """The number of the first product that is like this one."""
    return (number - 1) % PATTERNS + 1


def _product(number: int, kinds: list[ProductType], seed: int) -> dict[str, Any]:
    chance = random.Random(f"{seed}:product:{pattern(number)}")
    kind, brand = chance.choice(kinds), chance.choice(BRANDS)
    model = f"{chance.choice('ABCDKMT')}-{number}"
    by_code = {attribute.code: attribute for attribute in kind.attributes}
    own = {"brand", "model", "country"}
    values = {
        attribute.code: _value(attribute, chance)
        for attribute in kind.attributes
        if attribute.code not in own and (attribute.required or chance.random() < 0.3)
    }
    return {
        "code": f"scale-{number:06d}",
        "type": kind.code,
        "title": {language: f"{kind.names[language]} {brand} {model}" for language in ("kk", "ru", "en")},
        "brand": brand,
        "model": model,
        "country": _value(by_code["country"], chance),
        "description": {language: kind.summaries[language] for language in ("kk", "ru", "en")},
        "attributes": {code: value for code, value in values.items() if value is not None},
    }


def _value(attribute: Attribute, chance: random.Random) -> Any:
    low, high = attribute.minimum or 0, attribute.maximum or 1000
    if attribute.kind == "range":
        return sorted((chance.randint(low, high), chance.randint(low, high)))
    if attribute.kind == "number":
        return chance.randint(low, high)
    if attribute.kind == "choice":
        return chance.choice(attribute.choices).code if attribute.choices else None
    if attribute.kind == "multi":
        return [chance.choice(attribute.choices).code] if attribute.choices else None
    if attribute.kind == "flag":
        return chance.random() < 0.5
    return "—"


def _offers(number: int, offers: int, suppliers: list[str], regions: list[str], seed: int) -> Iterator[dict[str, Any]]:
    chance = random.Random(f"{seed}:offers:{pattern(number)}")
    price = chance.randint(20, 4000) * 100
    for place, supplier in enumerate(chance.sample(suppliers, min(offers, len(suppliers)))):
        yield {
            "product": f"scale-{number:06d}",
            "supplier": supplier,
            "sku": f"scale-{number:06d}-{place}",
            "price": f"{price * chance.uniform(0.9, 1.2):.2f}",
            "pack_size": 1,
            "stock": chance.randint(5, 5000),
            "lead_days": chance.randint(2, 20),
            "regions": sorted(chance.sample(regions, chance.randint(5, len(regions)))),
            "warranty_months": chance.choice((6, 12, 24)),
            **_delivery(chance),
        }


def _delivery(chance: random.Random) -> dict[str, Any]:
    """In the price four times of five, else paid separately."""
    if chance.random() < 0.8:
        return {"delivery_included": True}
    return {"delivery_included": False, "delivery_price": f"{chance.randint(5, 60) * 100}.00"}
