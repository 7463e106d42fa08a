"""Search documents: one row per product with everything a list, a search or a product page shows.

The catalogue gives titles, texts and parameters; the suppliers' layer hands in its offers as plain
data, already ranked. Who changed something refreshes; the engines follow through the outbox.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django.db import connection, transaction
from django.utils import timezone

from catalog.models import Product, ProductAttributeValue, ProductClass, ProductDocument
from catalog.search import tokens
from catalog.types import KINDS, LANGUAGES
from marketplace import outbox

TOPIC = "document.changed"
BATCH = 500


@dataclass(frozen=True)
class OfferFacts:
    """A published offer with stock, as the documents keep it. Prices are KZT for a pack and for a unit, without the
    delivery: ``delivery_price`` is for one order, where it is paid separately and known.

    ``group``: the BIN that counts as one independent supplier; ``parts``: the parts of the score, 0–1;
    ``why``: why it stands at this place, in three languages; ``worth``: beside other products of the kind; ``confirmed_at``: when its stock was counted, seconds since 1970.
    """

    id: int
    supplier: str
    supplier_name: str
    group: str
    price: Decimal
    unit_price: Decimal
    pack_size: int
    stock: int
    lead_days: int
    regions: Sequence[str]
    lead_days_by_region: Mapping[str, int] = field(default_factory=dict)
    warranty_months: int = 0
    delivery_included: bool = True
    delivery_price: Decimal | None = None
    rating: float | None = None
    score: float = 0.0
    parts: Mapping[str, float] = field(default_factory=dict)
    why: Mapping[str, str] = field(default_factory=dict)
    worth: float | None = None
    confirmed_at: int | None = None

    def as_data(self) -> dict[str, Any]:
        """JSON-ready; sums as text, so that nothing rounds them."""
        return {
            **{name: value for name, value in vars(self).items() if name != "worth"},
            "price": f"{self.price:.2f}",
            "unit_price": f"{self.unit_price:.4f}",
            "delivery_price": None if self.delivery_price is None else f"{self.delivery_price:.2f}",
            "regions": list(self.regions),
            "lead_days_by_region": dict(self.lead_days_by_region),
            "parts": dict(self.parts),
            "why": dict(self.why),
        }


def lock(product_ids: Iterable[int]) -> list[int]:
    """Lock the products in pk order; call it before reading what goes into their documents.

    Two refreshers of one product then wait for each other, and the later one has read the later offers.
    """
    return list(
        Product.objects.select_for_update(no_key=True)
        .filter(pk__in=list(product_ids))
        .order_by("pk")
        .values_list("pk", flat=True)
    )


def refresh(product_ids: Iterable[int], offers: Mapping[int, Sequence[OfferFacts]]) -> int:
    """Write the documents of these products; what is no longer published loses its document.

    ``offers``: ranked best first, by product id; a product that is not named has none. Returns the
    number of documents written. Adds the outbox rows that make the search engines follow; they index texts
    alone, so another price or stock is none of their business.
    """
    ids = sorted(set(product_ids))
    if not ids:
        return 0
    with transaction.atomic():
        products = list(
            Product.objects.filter(
                pk__in=ids, moderation=Product.Moderation.PUBLISHED, is_public=True, product_class__isnull=False
            ).order_by("pk")
        )
        types = ProductClass.objects.select_related("shelf").in_bulk({product.product_class_id for product in products})
        parameters = parameters_of([product.pk for product in products])
        known = {
            pk: (version, text_hash)
            for pk, version, text_hash in ProductDocument.objects.filter(pk__in=ids).values_list(
                "pk", "version", "text_hash"
            )
        }
        rows = [
            _document(
                product,
                types[product.product_class_id],
                parameters.get(product.pk, {}),
                offers.get(product.pk, ()),
                known.get(product.pk, (0, ""))[0] + 1,
            )
            for product in products
        ]
        ProductDocument.objects.bulk_create(
            rows,
            update_conflicts=True,
            unique_fields=["product"],
            update_fields=[item.name for item in ProductDocument._meta.concrete_fields if not item.primary_key],
            batch_size=BATCH,
        )
        gone = known.keys() - {product.pk for product in products}
        if gone:
            ProductDocument.objects.filter(pk__in=gone).delete()
        reworded = sorted(gone | {row.pk for row in rows if row.text_hash != known.get(row.pk, (0, ""))[1]})
        outbox.add_many(
            [
                (TOPIC, str(reworded[start]), {"products": reworded[start : start + BATCH]})
                for start in range(0, len(reworded), BATCH)
            ]
        )
    return len(rows)


def _document(
    product: Product,
    product_type: ProductClass,
    parameters: dict[str, Any],
    offers: Sequence[OfferFacts],
    version: int,
) -> ProductDocument:
    titles = {language: getattr(product, f"title_{language}") or "" for language in LANGUAGES}
    texts = {language: getattr(product, f"description_{language}") or "" for language in LANGUAGES}
    words = _words(product, product_type, titles)
    return ProductDocument(
        product=product,
        type=product_type,
        shelf_slug=product_type.shelf.slug if product_type.shelf else "",
        slug=product.slug,
        brand=product.brand,
        titles=titles,
        texts=texts,
        words=words,
        model_name=product.model_name,
        text_hash=hashlib.sha256("\n".join([words, *texts.values()]).encode()).hexdigest()[:32],
        parameters=parameters,
        offers=[offer.as_data() for offer in offers],
        offer_count=len(offers),
        best_price=min((offer.price for offer in offers), default=None),
        best_unit_price=min((offer.unit_price for offer in offers), default=None),
        suppliers=sorted({offer.supplier for offer in offers}),
        regions=sorted({region for offer in offers for region in offer.regions}),
        score=max((offer.score if offer.worth is None else offer.worth for offer in offers), default=0.0),
        version=version,
        updated_at=timezone.now(),
    )


def _words(product: Product, product_type: ProductClass, titles: dict[str, str]) -> str:
    names = [getattr(product_type, f"name_{language}") or "" for language in LANGUAGES]
    everyday = [word for words in (product_type.keywords or {}).values() for word in words]
    listed = [*titles.values(), product.brand, product.model_name, *names, *everyday, product_type.iso_code]
    return tokens.fold(" · ".join(part for part in listed if part))


def parameters_of(product_ids: Sequence[int]) -> dict[int, dict[str, dict[str, Any]]]:
    """The stated parameters by product: ``{code: {"kind", "min", "max"} | {"kind", "value"}}``."""
    values = ProductAttributeValue.objects.filter(product__in=product_ids).values_list(
        "pk", "product_id", "attribute__code", "attribute__type", "value_range", "value_integer", "value_boolean",
        "value_text", "value_option__option",
    )  # fmt: skip
    many = _chosen(product_ids)
    found: dict[int, dict[str, dict[str, Any]]] = {}
    for pk, product_id, code, storage, interval, number, flag, text, option in values:
        kind = KINDS.get(storage, "text")
        stated: Any
        if kind == "range":
            if interval is None or interval.lower is None or interval.upper is None:
                continue
            parameter = {"kind": kind, "min": interval.lower, "max": interval.upper - 1}
        else:
            stated = {"number": number, "flag": flag, "text": text, "choice": option, "multi": many.get(pk)}[kind]
            if stated in (None, "", []):
                continue
            parameter = {"kind": kind, "value": stated}
        found.setdefault(product_id, {})[code] = parameter
    return found


def _chosen(product_ids: Sequence[int]) -> dict[int, list[str]]:
    """The options of multi-valued parameters, by value id, in the order of the definition."""
    through = ProductAttributeValue.value_multi_option.through
    chosen: dict[int, list[str]] = {}
    for value_id, option in (
        through.objects.filter(productattributevalue__product__in=product_ids)
        .order_by("attributeoption_id")
        .values_list("productattributevalue_id", "attributeoption__option")
    ):
        chosen.setdefault(value_id, []).append(option)
    return chosen


@dataclass(frozen=True)
class Entry:
    """A document as the search engines index it: tokens by the weight of where they stand."""

    id: int
    title: list[str]
    type: list[str]
    body: list[str]
    codes: list[str]


def entries(product_ids: Sequence[int] | None = None) -> Iterable[Entry]:
    """Index entries of these products, or of all, one after the other."""
    rows = ProductDocument.objects.order_by("pk")
    if product_ids is not None:
        rows = rows.filter(pk__in=product_ids)
    types = ProductClass.objects.in_bulk()
    # A named cursor would need a transaction around the whole rebuild.
    last = 0
    while batch := list(rows.filter(pk__gt=last)[:BATCH]):
        for row in batch:
            yield _entry(row, types[row.type_id])
        last = batch[-1].pk


def _entry(row: ProductDocument, product_type: ProductClass) -> Entry:
    names = [getattr(product_type, f"name_{language}") or "" for language in LANGUAGES]
    everyday = [word for words in (product_type.keywords or {}).values() for word in words]
    return Entry(
        id=row.pk,
        title=tokens.tokens(" ".join([*row.titles.values(), row.brand, row.model_name])),
        type=tokens.tokens(" ".join([*names, *everyday])),
        body=tokens.tokens(" ".join(row.texts.values())),
        codes=tokens.code_tokens(product_type.iso_code),
    )


def last_resort(text: str, limit: int) -> list[int]:
    """Product ids by PostgreSQL alone, nearest first: all words contained, else similar by trigrams.

    Both tests are asked in the form that the trigram index answers; only what passes is measured.
    """
    words = [word for word in (tokens.fold(word) for word in tokens.words(text)) if word not in tokens.STOP_WORDS]
    if not words:
        return []
    contained = " AND ".join(["words LIKE %s"] * len(words))
    likes, asked = [f"%{_root(word)}%" for word in words], " ".join(words)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL pg_trgm.word_similarity_threshold = 0.5")
        cursor.execute(
            f"SELECT product_id FROM catalogue_productdocument WHERE ({contained}) OR words %%> %s"  # noqa: S608 # nosec B608
            f" ORDER BY ({contained}) DESC, word_similarity(%s, words) DESC, product_id LIMIT %s",
            [*likes, asked, *likes, asked, limit],
        )
        return [product_id for (product_id,) in cursor.fetchall()]


def _root(word: str) -> str:
    """The word without its ending, as far as that is safe without any rules of a language."""
    return word if len(word) < 5 else word[: max(4, len(word) - 2)]
