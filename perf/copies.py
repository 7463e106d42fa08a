"""Goods by the hundred thousand: the first ``goods.PATTERNS`` are loaded like any file, the rest are copied from them
inside the database, with another number in code, title, model and address. The loaders would make the same.
"""

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor

from django.db import connection, models, transaction

from catalog.models import Product, ProductAttributeValue, ProductDocument
from catalog.search import documents
from suppliers.models import StockRecord

CHUNK = 5_000
CONNECTIONS = 2
CODE = "'scale-' || lpad(c.number::text, greatest(6, length(c.number::text)), '0')"
MODEL = "left(p.model_name, length(p.model_name) - length(c.base_number::text)) || c.number"

COPIED = f"""
CREATE TEMPORARY TABLE copied AS
SELECT c.*, {CODE} AS code, {MODEL} AS model, p.model_name AS base_model FROM (
    SELECT p.id AS base_id, substr(p.upc, 7)::int AS base_number, n.number,
        nextval(pg_get_serial_sequence('catalogue_product', 'id')) AS id
    FROM generate_series(%(first)s, %(last)s) AS n(number)
    JOIN catalogue_product p ON p.upc LIKE 'scale-%%' AND substr(p.upc, 7)::int = (n.number - 1) %% %(patterns)s + 1
    ORDER BY n.number) c
JOIN catalogue_product p ON p.id = c.base_id
"""
COPIED_VALUES = """
CREATE TEMPORARY TABLE copied_value AS
SELECT v.id AS base_id, nextval(pg_get_serial_sequence('catalogue_productattributevalue', 'id')) AS id, c.id AS product_id
FROM copied c JOIN catalogue_productattributevalue v ON v.product_id = c.base_id ORDER BY c.number, v.id
"""
COPIED_OFFERS = """
CREATE TEMPORARY TABLE copied_offer AS
SELECT s.id AS base_id, nextval(pg_get_serial_sequence('partner_stockrecord', 'id')) AS id, c.id AS product_id
FROM copied c JOIN partner_stockrecord s ON s.product_id = c.base_id ORDER BY c.number, s.id
"""
INDEXES = (
    "CREATE INDEX ON copied_offer (product_id, base_id); ANALYZE copied; ANALYZE copied_value; ANALYZE copied_offer"
)

FORGET = "DROP TABLE copied, copied_value, copied_offer"


def renumbered(text: str) -> str:
    """SQL: the text with the copy's number in the place of the last word's."""
    return f"left({text}, length({text}) - length(c.base_number::text)) || c.number"


TITLES = {f"title{suffix}": renumbered(f"b.title{suffix}") for suffix in ("", "_kk", "_ru", "_en")}
WORDS = "replace(b.words, lower(c.base_model), lower(c.model))"
OFFERS = """(SELECT jsonb_agg(jsonb_set(o.offer, '{id}', to_jsonb(n.id)) ORDER BY o.place)
    FROM jsonb_array_elements(b.offers) WITH ORDINALITY AS o(offer, place)
    JOIN copied_offer n ON n.product_id = c.id AND n.base_id = (o.offer ->> 'id')::bigint)"""


def copy(first: int, last: int, patterns: int, say: Callable[[str], None] = lambda text: None) -> None:
    """Make goods number ``first`` to ``last`` out of the first ``patterns``, which must be there, documents included."""
    chunks = [(start, min(start + CHUNK - 1, last)) for start in range(first, last + 1, CHUNK)]
    if connection.in_atomic_block:  # other connections would not see what they copy
        for chunk in chunks:
            _copy(chunk, patterns)
        return
    _fill(chunks, patterns, say)
    with connection.cursor() as cursor:
        # The database's own housekeeper may hold a table that has just been filled: wait for it.
        cursor.execute("SET statement_timeout = 0; SET lock_timeout = 0")
        cursor.execute(f"VACUUM (ANALYZE) {', '.join(TABLES)}")
        cursor.execute("RESET statement_timeout; RESET lock_timeout")


def _fill(chunks: list[tuple[int, int]], patterns: int, say: Callable[[str], None]) -> None:
    with ThreadPoolExecutor(CONNECTIONS) as pool:
        for _start, end in pool.map(lambda chunk: _copy_and_close(chunk, patterns), chunks):
            say(f"{end} products")


def _copy_and_close(chunk: tuple[int, int], patterns: int) -> tuple[int, int]:
    try:
        _copy(chunk, patterns)
    finally:
        connection.close()
    return chunk


def _copy(chunk: tuple[int, int], patterns: int) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        # What the inverted indexes put off is done at once by the VACUUM at the end.
        cursor.execute("SET LOCAL statement_timeout = 0; SET LOCAL work_mem = '128MB'")
        cursor.execute("SET LOCAL gin_pending_list_limit = '512MB'")
        cursor.execute(COPIED, {"first": chunk[0], "last": chunk[1], "patterns": patterns})
        for statement in (COPIED_VALUES, COPIED_OFFERS, INDEXES, *STATEMENTS, FORGET):
            cursor.execute(statement)


def _insert(model: type[models.Model], changed: Mapping[str, str], source: str) -> str:
    """INSERT … SELECT of all columns of the base row ``b``, but those in ``changed``."""
    columns = [str(field.column) for field in model._meta.concrete_fields]
    values = ", ".join(changed.get(column, f'b."{column}"') for column in columns)
    names = ", ".join(f'"{column}"' for column in columns)
    return f"INSERT INTO {model._meta.db_table} ({names}) SELECT {values} FROM {source}"


def _statements() -> Iterable[str]:
    yield _insert(
        Product,
        {**TITLES, "id": "c.id", "upc": "c.code", "model_name": "c.model", "slug": renumbered("b.slug")},
        "copied c JOIN catalogue_product b ON b.id = c.base_id ORDER BY c.number",
    )
    through = Product.categories.through
    yield (
        f"INSERT INTO {through._meta.db_table} (product_id, category_id)"
        f" SELECT c.id, b.category_id FROM copied c JOIN {through._meta.db_table} b ON b.product_id = c.base_id"
    )
    yield _insert(
        ProductAttributeValue,
        {"id": "n.id", "product_id": "n.product_id", "value_text": "CASE WHEN b.value_text = c.base_model THEN c.model ELSE b.value_text END"},
        "copied_value n JOIN catalogue_productattributevalue b ON b.id = n.base_id"
        " JOIN copied c ON c.id = n.product_id ORDER BY n.id",
    )  # fmt: skip
    many = ProductAttributeValue.value_multi_option.through._meta.db_table
    yield (
        f"INSERT INTO {many} (productattributevalue_id, attributeoption_id)"
        f" SELECT n.id, b.attributeoption_id FROM copied_value n JOIN {many} b ON b.productattributevalue_id = n.base_id"
        " ORDER BY n.id, b.id"
    )
    yield _insert(
        StockRecord,
        {
            "id": "n.id",
            "product_id": "n.product_id",
            "partner_sku": "c.code || substr(b.partner_sku, strpos(b.partner_sku, '-') + 1 + greatest(6, length(c.base_number::text)))",
        },
        "copied_offer n JOIN partner_stockrecord b ON b.id = n.base_id JOIN copied c ON c.id = n.product_id ORDER BY n.id",
    )
    titles = ", ".join(
        f"'{language}', " + renumbered(f"(b.titles ->> '{language}')") for language in documents.LANGUAGES
    )
    texts = " || ".join(f"E'\\n' || (b.texts ->> '{language}')" for language in documents.LANGUAGES)
    yield _insert(
        ProductDocument,
        {
            "product_id": "c.id",
            "slug": renumbered("b.slug"),
            "model_name": "c.model",
            "titles": f"jsonb_build_object({titles})",
            "words": WORDS,
            "text_hash": f"left(encode(sha256(convert_to({WORDS} || {texts}, 'UTF8')), 'hex'), 32)",
            "parameters": "CASE WHEN b.parameters ? 'model'"
            " THEN jsonb_set(b.parameters, '{model,value}', to_jsonb(c.model)) ELSE b.parameters END",
            "offers": f"coalesce({OFFERS}, '[]')",
        },
        "copied c JOIN catalogue_productdocument b ON b.product_id = c.base_id ORDER BY c.number",
    )


STATEMENTS = tuple(_statements())
TABLES = [model._meta.db_table for model in (Product, ProductAttributeValue, StockRecord, ProductDocument)]
