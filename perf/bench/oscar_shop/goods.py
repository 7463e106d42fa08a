"""The portal's products and suppliers as Oscar keeps them, read from the portal's database.

The same titles, texts, prices, stock and suppliers; three attributes and one picture for each product (all products
share a picture's file: the weight of a page, not of a disk, is measured).
"""

import shutil
import sys
from collections import defaultdict
from decimal import Decimal
from typing import Any

import psycopg2
import psycopg2.extras
from django.core.management import call_command
from django.db import connection, transaction
from oscar.core.loading import get_model
from PIL import Image

BATCH = 2_000
MOST_INDEXED = (
    1_200  # the thousand of a usual run beside the goods of the demo; Whoosh needs minutes for each further thousand
)
PICTURE = "images/products/goods.png"
ATTRIBUTES = ("brand", "model", "country")

PRODUCTS = """
SELECT p.id, p.upc, p.title_ru, p.description_ru, p.brand, p.model_name, c.code AS type, c.name_ru AS type_name,
    coalesce((SELECT o.option FROM catalogue_productattributevalue v
        JOIN catalogue_productattribute a ON a.id = v.attribute_id AND a.code = 'country'
        JOIN catalogue_attributeoption o ON o.id = v.value_option_id WHERE v.product_id = p.id LIMIT 1), '') AS country
FROM catalogue_product p JOIN catalogue_productclass c ON c.id = p.product_class_id
WHERE p.id > %s AND EXISTS (SELECT 1 FROM partner_stockrecord s WHERE s.product_id = p.id AND s.status = 'published')
ORDER BY p.id LIMIT %s
"""
OFFERS = """
SELECT s.product_id, s.partner_sku, s.price, s.num_in_stock, p.code, p.name
FROM partner_stockrecord s JOIN partner_partner p ON p.id = s.partner_id
WHERE s.product_id = ANY(%s) AND s.status = 'published' ORDER BY s.id
"""


def seed(portal_url: str) -> int:
    """Fill an empty shop with the portal's products; returns how many."""
    call_command("migrate", run_syncdb=True, verbosity=0)
    country = get_model("address", "Country")
    country.objects.get_or_create(
        iso_3166_1_a2="KZ", defaults={"name": "Kazakhstan", "printable_name": "Kazakhstan", "is_shipping_country": True}
    )
    _picture()
    last, done = 0, 0
    with psycopg2.connect(portal_url) as portal, portal.cursor(cursor_factory=psycopg2.extras.RealDictCursor) as cursor:
        cursor.execute("SET statement_timeout = 0")
        while True:
            cursor.execute(PRODUCTS, (last, BATCH))
            products = cursor.fetchall()
            if not products:
                break
            cursor.execute(OFFERS, ([row["id"] for row in products],))
            with transaction.atomic():
                _store(products, cursor.fetchall())
            last, done = products[-1]["id"], done + len(products)
    with connection.cursor() as own:
        own.execute("ANALYZE")
    return done


def index() -> None:
    """Build Haystack's index over at most ``MOST_INDEXED`` products."""
    if get_model("catalogue", "Product").objects.count() <= MOST_INDEXED:
        call_command("rebuild_index", interactive=False, verbosity=0)


def _picture() -> None:
    from django.conf import settings

    target = settings.MEDIA_ROOT / PICTURE
    target.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (400, 400), (90, 140, 190)).save(target)
    shutil.copy(target, settings.MEDIA_ROOT / settings.OSCAR_MISSING_IMAGE_URL)


def _store(products: list[Any], offers: list[Any]) -> None:
    Product, Image_ = get_model("catalogue", "Product"), get_model("catalogue", "ProductImage")
    ProductCategory = get_model("catalogue", "ProductCategory")
    Value, StockRecord = get_model("catalogue", "ProductAttributeValue"), get_model("partner", "StockRecord")
    types = {row["type"]: _type(row["type"], row["type_name"]) for row in products}
    partners = {row["code"]: _partner(row["code"], row["name"]) for row in offers}
    made = Product.objects.bulk_create(
        Product(
            upc=row["upc"],
            title=row["title_ru"] or row["upc"],
            slug=row["upc"].lower(),
            description=row["description_ru"] or "",
            product_class=types[row["type"]][0],
        )
        for row in products
    )
    by_id = {row["id"]: product for row, product in zip(products, made, strict=True)}
    ProductCategory.objects.bulk_create(
        ProductCategory(product=by_id[row["id"]], category=types[row["type"]][1]) for row in products
    )
    Value.objects.bulk_create(
        Value(product=by_id[row["id"]], attribute=types[row["type"]][2][code], value_text=text or "—")
        for row in products
        for code, text in zip(ATTRIBUTES, (row["brand"], row["model_name"], row["country"]), strict=True)
    )
    Image_.objects.bulk_create(Image_(product=product, original=PICTURE, display_order=0) for product in made)
    of_product = defaultdict(list)
    for row in offers:
        of_product[row["product_id"]].append(row)
    StockRecord.objects.bulk_create(
        StockRecord(
            product=by_id[product_id],
            partner=partners[row["code"]],
            partner_sku=row["partner_sku"],
            price_currency="KZT",
            price=Decimal(row["price"]),
            num_in_stock=row["num_in_stock"] + 1_000_000,  # the measurement must not sell it out
        )
        for product_id, rows in of_product.items()
        for row in rows
    )


_types: dict[str, Any] = {}
_partners: dict[str, Any] = {}


def _type(code: str, name: str) -> Any:
    """The product class, its category and its three attributes."""
    if code not in _types:
        ProductClass, Category = get_model("catalogue", "ProductClass"), get_model("catalogue", "Category")
        Attribute = get_model("catalogue", "ProductAttribute")
        product_class, _new = ProductClass.objects.get_or_create(slug=code, defaults={"name": name})
        category = Category.objects.filter(slug=code).first() or Category.add_root(name=name, slug=code)
        attributes = {
            attribute: Attribute.objects.get_or_create(
                code=attribute, product_class=product_class, defaults={"name": attribute, "type": "text"}
            )[0]
            for attribute in ATTRIBUTES
        }
        _types[code] = (product_class, category, attributes)
    return _types[code]


def _partner(code: str, name: str) -> Any:
    if code not in _partners:
        _partners[code] = get_model("partner", "Partner").objects.get_or_create(code=code, defaults={"name": name})[0]
    return _partners[code]


def main() -> None:
    """``python -m perf.bench.oscar_shop.goods PORTAL_DATABASE_URL``"""
    import django

    django.setup()
    print(seed(sys.argv[1]), "products")
    index()


if __name__ == "__main__":
    main()
