"""Suggestions while typing, and help where nothing was found; by the API and on pages without script."""

import pytest
from django.test import Client

from catalog.search import suggest

pytestmark = pytest.mark.django_db


def asked(text: str, **more) -> list[dict]:
    answer = Client(headers={"accept-language": "ru"}).get("/api/v1/suggest", {"q": text, **more})
    assert answer.status_code == 200, answer.content
    return answer.json()["results"]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("ходун", "walking-frame-adult"), ("жөрг", "adult-diapers"), ("жорг", "adult-diapers"),
        ("кресло-ко", "wheelchair-manual-standard"), ("walk", "walking-stick"), ("rjkzcr", "wheelchair-manual-standard"),
        ("hodunki", "walking-frame-adult"),
    ],
)  # fmt: skip
def test_a_beginning_suggests_its_types(demo_market, text, code):
    found = asked(text, limit=20)
    assert code in {item["code"] for item in found if item["kind"] == "type"}


def test_brands_and_products_are_suggested_with_their_pages(demo_market):
    found = asked("duld")
    assert {"brand", "product"} <= {item["kind"] for item in found}
    for item in found:
        assert Client().get(item["url"]).status_code == 200


def test_a_short_or_meaningless_text_suggests_nothing(demo_market):
    assert asked("") == asked("к") == asked("?!") == asked("йцукенгшщз") == []


def test_limits_are_kept_and_told(demo_market):
    assert len(asked("ко", limit=3)) <= 3
    assert Client().get("/api/v1/suggest", {"q": "ко", "limit": 500}).status_code == 422
    assert Client().get("/api/v1/suggest", {"q": "к" * 500}).status_code == 422


def test_the_nearest_types_of_a_text_without_results(demo_market):
    codes = [kind.code for kind in suggest.nearest_types("инвалидн колясочн кресло")]
    assert any(code.startswith("wheelchair") for code in codes)
    assert suggest.nearest_types("zzzzzz") == []


def test_a_page_says_how_it_read_the_text_and_offers_the_kinds(demo_market):
    page = Client().get("/ru/catalog/search/", {"q": "[jleyrb"}).content.decode()
    assert "ходунки" in page and "/ru/catalog/walking-frame-adult/" in page


def test_an_empty_page_offers_the_nearest_kinds_and_the_complaint(demo_market):
    page = Client().get("/en/catalog/search/", {"q": "walkers", "price_to": "1"}).content.decode()
    assert "Nearest kinds" in page and "/en/catalog/walking-frame-adult/" in page
    assert "/en/complaints/new/?subject=nothing_fits&amp;sphere=durable" in page


def test_a_type_without_a_fitting_product_offers_the_complaint(demo_market):
    page = Client().get("/en/catalog/walking-stick/", {"price_to": "1"}).content.decode()
    assert "subject=nothing_fits&amp;sphere=durable" in page
