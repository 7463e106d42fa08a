"""Oscar as a library: its names resolve to our classes, and nothing of it is installed that we do not use."""

from io import StringIO

import pytest
from django.apps import apps
from django.conf import settings
from django.core.management import call_command
from oscar.core.loading import get_class, get_model

from catalog import models as catalogue
from catalog.slugs import slugify
from orders import models as order
from suppliers import models as partner
from suppliers import strategy

FORBIDDEN = (
    "oscar", "oscar.apps.basket", "oscar.apps.checkout", "oscar.apps.customer", "oscar.apps.dashboard",
    "oscar.apps.offer", "oscar.apps.voucher", "oscar.apps.search", "oscar.apps.analytics", "oscar.apps.payment",
    "oscar.apps.shipping", "oscar.apps.wishlists", "oscar.apps.communication", "haystack", "sorl.thumbnail",
    "django.contrib.sites", "django.contrib.flatpages", "widget_tweaks", "django_tables2",
)  # fmt: skip


@pytest.mark.parametrize(
    ("label", "name", "ours"),
    [
        ("catalogue", "Product", catalogue.Product),
        ("catalogue", "ProductClass", catalogue.ProductClass),
        ("catalogue", "ProductAttribute", catalogue.ProductAttribute),
        ("catalogue", "ProductAttributeValue", catalogue.ProductAttributeValue),
        ("catalogue", "AttributeOption", catalogue.AttributeOption),
        ("catalogue", "Category", catalogue.Category),
        ("partner", "Partner", partner.Partner),
        ("partner", "StockRecord", partner.StockRecord),
        ("order", "Order", order.Order),
        ("order", "Line", order.Line),
    ],
)
def test_oscars_models_are_ours(label, name, ours):
    assert get_model(label, name) is ours
    assert ours.__module__.split(".")[0] in {"catalog", "suppliers", "orders"}


def test_oscar_asks_our_strategy_for_prices_and_availability():
    assert get_class("partner.strategy", "Selector") is strategy.Selector
    assert isinstance(get_class("partner.strategy", "Selector")().strategy(), strategy.BestValue)


@pytest.mark.parametrize("label", ["catalogue", "partner", "order"])
def test_oscars_apps_run_under_our_configuration(label):
    config = apps.get_app_config(label)
    assert config.name in {"catalog", "suppliers", "orders"}
    assert type(config).__name__ in {"CatalogConfig", "SuppliersConfig", "OrdersConfig"}


def test_nothing_of_oscar_is_installed_that_we_do_not_use():
    installed = {config.name for config in apps.get_app_configs()}
    assert installed & set(FORBIDDEN) == set()
    assert {name for name in installed if name.startswith("oscar")} == {"oscar.apps.address"}
    tables = {model._meta.db_table for model in apps.get_models()}
    assert not [
        table for table in tables if table.startswith(("basket_", "voucher_", "offer_", "customer_", "wishlists_"))
    ]


def test_no_oscar_code_stands_in_a_request():
    stacked = [*settings.MIDDLEWARE, *settings.TEMPLATES[0]["OPTIONS"]["context_processors"]]
    assert not [name for name in stacked if name.startswith("oscar")]


@pytest.mark.parametrize(
    ("title", "slug"),
    [
        ("Балаларға арналған жүріс тірегі", "balalarga-arnalgan-zhuris-tiregi"),
        ("Ходунки детские", "khodunki-detskie"),
        ("Жөргек ӘҒҚҢӨҰҮҺІ", "zhorgek-agqnouuhi"),
        ("Щётка Ёлка", "shchyotka-yolka"),
        ("Bota 50", "bota-50"),
        ("♿", "item"),
        ("", "item"),
    ],
)
def test_addresses_are_readable_latin(title, slug):
    assert slugify(title) == slug
    from oscar.core.utils import slugify as oscars

    assert oscars(title) == slug


def test_settings_that_oscar_reads():
    assert settings.OSCAR_DEFAULT_CURRENCY == "KZT"
    assert settings.OSCAR_DELETE_IMAGE_FILES is False
    assert not getattr(settings, "OSCAR_CATALOGUE_USE_POSTGRES_MATERIALISED_VIEWS", False)


@pytest.mark.django_db
def test_models_and_migrations_agree():
    said = StringIO()
    call_command("makemigrations", "--check", "--dry-run", stdout=said)
    assert "No changes detected" in said.getvalue()
