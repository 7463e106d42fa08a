"""GET /products and its kin, the supplier's own offers: shapes, whose measures, bad input in three languages."""

import json
from datetime import date
from decimal import Decimal

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from catalog.models import ProductDocument
from marketplace.models import Event, OutboxRow, ReadLog
from suppliers import guarantees
from suppliers.effects import refresh_documents
from suppliers.guarantees import Guarantee
from suppliers.models import Partner, StockRecord
from suppliers.watch import cells
from tests import factories as make

CHILD = {"handle_height_mm": 500, "mass_g": 17000}
NBSP = "\u00a0"


def get(client: Client, path: str, status: int = 200, language: str = "en", **params) -> dict:
    answer = client.get(f"/api/v1{path}", params, headers={"Accept-Language": language})
    assert answer.status_code == status, answer.content.decode()[:2000]
    return answer.json()


def post(client: Client, path: str, body: object, status: int = 200, language: str = "en") -> dict:
    answer = client.post(
        f"/api/v1{path}", json.dumps(body), content_type="application/json", headers={"Accept-Language": language}
    )
    assert answer.status_code == status, answer.content.decode()[:2000]
    return answer.json()


def signed_in(user) -> Client:
    client = Client()
    client.force_login(user, "django.contrib.auth.backends.ModelBackend")
    return client


@pytest.fixture
def market(db, index_folder):
    """Aigul's son Alihan needs a walker; three products, two suppliers, one product nobody sells."""
    make.make_rules()
    for code in make.REGIONS:
        make.make_region(code)
    kind = make.make_type(names={"kk": "Жүріс тірегі", "ru": "Ходунки детские", "en": "Child walker"})
    good = make.make_product(kind, "Bota 50", parameters={
        "handle_height": (440, 580), "max_user_mass": 35000, "wheels": "four", "supports": ["head"], "folding": True,
    })  # fmt: skip
    low = make.make_product(
        kind, "Qulyn S", parameters={"handle_height": (300, 420), "max_user_mass": 20000, "wheels": "two"}
    )
    make.make_product(kind, "Qulyn M", parameters={"max_user_mass": 35000})
    jarqyn, qadam = make.make_supplier("jarqyn-med", login="yerlan"), make.make_supplier("qadam-orto", login="natalya")
    make.make_offer(good, jarqyn, price="142000.00", stock=64, lead_days=6, warranty_months=24)
    make.make_offer(good, qadam, price="149500.00", lead_days=5, regions=["KZ-63"])
    make.make_offer(low, qadam, price="120000.00", regions=["KZ-79"])
    refresh_documents()
    cells.catch_up()
    return kind


@pytest.fixture
def family(market):
    alihan = make.make_person("alihan", measures=CHILD)
    return alihan, make.make_guardian("aigul", [alihan])


@pytest.fixture
def programme(monkeypatch, market, family):
    """The state pays 100,000 for a walker of Alihan's."""
    alihan, _aigul = family

    def lines(person_id: int) -> list[Guarantee]:
        return [Guarantee(7, market.pk, "piece", Decimal("100000.00"), 1)] if person_id == alihan.pk else []

    monkeypatch.setattr(guarantees, "_provider", lines)


def test_a_visitor_sees_products_with_their_best_offer(market):
    page = get(Client(), "/products", type="child-walker", sort="price")
    assert (page["count"], page["next"]) == (3, None)
    cheap, good, unsold = page["results"]
    assert (good["title"], good["offer_count"], good["choice_index"]) == ("Bota 50 en", 2, 1.8)
    assert good["type"] == {"code": "child-walker", "iso_code": "12 06 06", "name": "Child walker"}
    assert good["attributes"]["handle_height"] == {
        "name": "handle height en", "kind": "range", "unit": "mm", "min": 440, "max": 580, "text": f"44–58{NBSP}cm",
    }  # fmt: skip
    best = good["best_offer"]
    assert best["supplier"] == {"code": "jarqyn-med", "name": "Jarqyn-Med", "rating": None}
    assert best["price"] == best["you_pay"] == {"amount": "142000.00", "currency": "KZT"}
    assert best["state_pays"] == {"amount": "0.00", "currency": "KZT"}
    assert set(best["score_parts"]) == {"quality", "delivery", "complaints", "warranty", "price"}
    assert best["why"].startswith("Lowest price")
    assert cheap["best_offer"]["price"]["amount"] == "120000.00"
    assert (unsold["offer_count"], unsold["best_offer"]) == (0, None)
    assert good["fit"]["verdict"] == "unknown" and len(good["fit"]["reasons"]) == 2


def test_the_guardian_sees_what_fits_her_ward_first_and_what_the_state_pays(market, family, programme):
    _alihan, aigul = family
    page = get(signed_in(aigul), "/products", type="child-walker")
    assert [row["fit"]["verdict"] for row in page["results"]] == ["fits", "unknown", "does_not_fit"]
    good, unknown, low = page["results"]
    assert good["best_offer"]["state_pays"]["amount"] == "100000.00"
    assert good["best_offer"]["you_pay"]["amount"] == "42000.00"
    assert low["fit"]["reasons"][0] == f"handle height en: 30–42{NBSP}cm, you need 50{NBSP}cm."
    assert "handle height en: not stated by the supplier." in unknown["fit"]["reasons"]
    assert get(signed_in(aigul), "/products", type="child-walker", fits=1)["count"] == 1
    assert page["facets"]["fit"] == [
        {"value": "fits", "label": "Fits", "count": 1},
        {"value": "unknown", "label": "Not known whether it fits", "count": 1},
        {"value": "does_not_fit", "label": "Does not fit", "count": 1},
    ]


def test_an_office_chooses_for_its_own_person_and_leaves_a_trace(market, family):
    alihan, _aigul = family
    gulnar = make.make_caseworker("gulnar")
    page = get(signed_in(gulnar), "/products", **{"type": "child-walker", "for": alihan.pk})
    assert page["results"][0]["fit"]["verdict"] == "fits"
    assert list(ReadLog.objects.values_list("actor__username", "person__username")) == [("gulnar", "alihan")]
    assert get(signed_in(gulnar), "/products", type="child-walker")["results"][0]["fit"]["verdict"] == "unknown"


@pytest.mark.parametrize("who", ["visitor", "stranger", "other office", "supplier"])
def test_nobody_else_chooses_for_him(market, family, who):
    alihan, _aigul = family
    client = {
        "visitor": Client,
        "stranger": lambda: signed_in(make.make_person("marat")),
        "other office": lambda: signed_in(make.make_caseworker("dina", office="shymkent")),
        "supplier": lambda: signed_in(StockRecord.objects.first().partner.users.get()),
    }[who]()
    foreign = get(client, "/products", 404, **{"for": alihan.pk})
    missing = get(client, "/products", 404, **{"for": 999_999})
    assert foreign == missing
    assert ReadLog.objects.count() == 0


def test_facets_name_their_choices(market):
    facets = get(Client(), "/products", type="child-walker", region="KZ-79")["facets"]
    assert {"value": "KZ-63", "label": "East Kazakhstan Region", "count": 1} in facets["region"]
    assert facets["supplier"] == [
        {"value": "jarqyn-med", "label": "Jarqyn-Med", "count": 1},
        {"value": "qadam-orto", "label": "Qadam-Orto", "count": 1},
    ]
    assert facets["type"] == [{"value": "child-walker", "label": "Child walker", "count": 2}]
    assert facets["attr.wheels"] == [
        {"value": "four", "label": "four en", "count": 1},
        {"value": "two", "label": "two en", "count": 1},
    ]


def test_pages_lead_to_each_other(market):
    for number in range(20):
        make.make_product(market, f"Walker {number}")
    refresh_documents()
    first = get(Client(), "/products", type="child-walker", sort="price")
    assert (first["count"], len(first["results"])) == (23, 20)
    assert first["next"].startswith("http://testserver/api/v1/products?") and "page=2" in first["next"]
    second = get(Client(), first["next"].removeprefix("http://testserver/api/v1"))
    assert (len(second["results"]), second["next"]) == (3, None)
    assert {row["id"] for row in first["results"]} & {row["id"] for row in second["results"]} == set()


@pytest.mark.parametrize(
    ("language", "message"), [("en", "There is no such product type."), ("ru", None), ("kk", None)]
)
def test_wrong_parameters_are_named_in_the_asked_language(market, language, message):
    answer = get(Client(), "/products", 422, language, type="carpet", region="KZ-99", sort="beauty", price="9..1")
    assert answer["status"] == 422
    assert [error["field"] for error in answer["errors"]] == ["type", "region", "price", "sort"]
    assert all(error["code"] and error["message"] for error in answer["errors"])
    if message:
        assert answer["errors"][0]["message"] == message


def test_a_product_comes_with_its_offers_as_they_are_now(market, family, programme):
    _alihan, aigul = family
    row = ProductDocument.objects.get(product__title_en="Bota 50 en")
    StockRecord.objects.filter(product=row.pk, partner__code="jarqyn-med").update(num_allocated=60)
    detail = get(signed_in(aigul), f"/products/{row.pk}", packs=2)
    assert [offer["supplier"]["code"] for offer in detail["offers"]] == ["jarqyn-med", "qadam-orto"]
    first = detail["offers"][0]
    assert (first["stock"], first["lead_days"], first["pack_size"]) == (4, 6, 1)
    assert (first["state_pays"]["amount"], first["you_pay"]["amount"]) == ("200000.00", "84000.00")
    assert set(first) == {
        "id", "supplier", "price", "unit_price", "pack_size", "stock", "lead_days", "regions", "delivers",
        "warranty_months", "delivery_included", "delivery_price", "state_pays", "you_pay", "score", "score_parts", "why",
    }  # fmt: skip
    assert 0 <= first["score"] <= 100
    assert detail["best_offer"] == first


def test_offers_that_do_not_reach_the_region_come_last(market):
    row = ProductDocument.objects.get(product__title_en="Bota 50 en")
    detail = get(Client(), f"/products/{row.pk}", region="shymkent")
    assert [(o["supplier"]["code"], o["delivers"]) for o in detail["offers"]] == [
        ("jarqyn-med", True), ("qadam-orto", False),
    ]  # fmt: skip
    assert detail["choice_index"] == 2.0


def test_a_product_that_is_not_published_is_a_missing_one(market):
    row = ProductDocument.objects.first()
    row.product.moderation = "withdrawn"
    row.product.save()
    refresh_documents([row.pk])
    assert get(Client(), f"/products/{row.pk}", 404) == get(Client(), "/products/999999", 404)


@pytest.mark.parametrize("params", [{"packs": 0}, {"packs": "many"}, {"region": "mars"}, {"for": "me"}])
def test_a_wrong_parameter_of_a_product_is_named(market, params):
    row = ProductDocument.objects.first()
    answer = get(Client(), f"/products/{row.pk}", 422, **params)
    assert [error["field"] for error in answer["errors"]] == list(params)


def test_suppliers_are_listed_and_described(market):
    make.make_supplier("kerbez-trade", status="suspended", suspended_until=date(2030, 1, 1))
    make.make_supplier("bala-qadam", status="terminated")
    page = get(Client(), "/suppliers")
    assert [(row["code"], row["status"], row["offer_count"]) for row in page["results"]] == [
        ("jarqyn-med", "approved", 1), ("kerbez-trade", "suspended", 0), ("qadam-orto", "approved", 2),
    ]  # fmt: skip
    one = get(Client(), "/suppliers/jarqyn-med")
    assert one["facts"]["delivered_lines"] == 0
    assert one["qr_url"] == "http://testserver/api/v1/suppliers/jarqyn-med/qr.svg"
    assert get(Client(), "/suppliers/bala-qadam", 404) == get(Client(), "/suppliers/nobody", 404)


def test_a_supplier_with_a_part_of_a_complaint_is_described(market):
    Partner.objects.filter(code="jarqyn-med").update(complaint_load=0.25)
    assert get(Client(), "/suppliers/jarqyn-med")["facts"]["complaint_load"] == 0.25


def test_the_qr_code_is_an_svg(market):
    answer = Client().get("/api/v1/suppliers/jarqyn-med/qr.svg")
    assert (answer.status_code, answer["Content-Type"]) == (200, "image/svg+xml")
    assert answer.content.startswith(b"<svg") and b"style=" not in answer.content


# --- The supplier's own offers


def yerlan() -> Client:
    return signed_in(StockRecord.objects.get(partner__code="jarqyn-med").partner.users.get())


def test_a_supplier_sees_only_its_own_offers(market):
    page = get(yerlan(), "/supplier/offers")
    assert page["count"] == 1
    assert page["results"][0]["price"]["amount"] == "142000.00"
    assert (page["results"][0]["stock"], page["results"][0]["reserved"]) == (64, 0)
    get(Client(), "/supplier/offers", 401)
    get(signed_in(make.make_person("marat")), "/supplier/offers", 403)


def test_price_and_stock_change_through_the_api(market):
    offer = StockRecord.objects.get(partner__code="jarqyn-med")
    answer = post(yerlan(), f"/supplier/offers/{offer.pk}", {"price": "139000.00", "stock": 5})
    assert (answer["price"]["amount"], answer["stock"]) == ("139000.00", 5)
    offer.refresh_from_db()
    assert (offer.price, offer.num_in_stock) == (Decimal("139000.00"), 5)
    assert post(yerlan(), f"/supplier/offers/{offer.pk}", {"confirm_stock": True})["stock"] == 5
    assert post(yerlan(), f"/supplier/offers/{offer.pk}/withdraw", {})["status"] == "withdrawn"
    assert post(yerlan(), f"/supplier/offers/{offer.pk}/publish", {})["status"] == "published"
    assert post(yerlan(), f"/supplier/offers/{offer.pk}/publish", {}, 409)["allowed"] == ["withdraw"]


@pytest.mark.parametrize("language", ["kk", "ru", "en"])
@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"price": "0"}, "price"),
        ({"price": "cheap"}, "price"),
        ({"stock": -3}, "stock"),
        ({"stock": "many"}, "stock"),
        ({"stock": 1.5}, "stock"),
        ({}, "price"),
    ],
)
def test_bad_values_are_named_and_nothing_changes(market, body, field, language):
    offer = StockRecord.objects.get(partner__code="jarqyn-med")
    OutboxRow.objects.all().delete()
    answer = post(yerlan(), f"/supplier/offers/{offer.pk}", body, 422, language)
    assert [error["field"] for error in answer["errors"]] == [field]
    assert answer["errors"][0]["message"]
    again = StockRecord.objects.get(pk=offer.pk)
    assert (again.price, again.num_in_stock) == (offer.price, offer.num_in_stock)
    assert Event.objects.count() == OutboxRow.objects.count() == 0


def test_a_foreign_offer_answers_like_a_missing_one_and_stays(market):
    foreign = StockRecord.objects.filter(partner__code="qadam-orto").first()
    answers = [post(yerlan(), f"/supplier/offers/{pk}", {"price": "1.00"}, 404) for pk in (foreign.pk, 999_999)]
    assert answers[0] == answers[1]
    again = StockRecord.objects.get(pk=foreign.pk)
    assert (again.price, again.status) == (foreign.price, "published")
    assert Event.objects.count() == 0


def test_broken_json_is_a_bad_request(market):
    offer = StockRecord.objects.get(partner__code="jarqyn-med")
    answer = yerlan().post(f"/api/v1/supplier/offers/{offer.pk}", "{", content_type="application/json")
    assert answer.status_code == 400


@pytest.mark.parametrize("products", [5, 25])
def test_the_list_costs_the_same_few_queries_for_any_number_of_products(market, family, products):
    _alihan, aigul = family
    for number in range(products):
        make.make_offer(make.make_product(market, f"Walker {number}"), price="100000.00")
    refresh_documents()
    client = signed_in(aigul)
    get(client, "/products", type="child-walker", region="KZ-63")
    with CaptureQueriesContext(connection) as queries:
        get(client, "/products", type="child-walker", region="KZ-63")
    # session, user, ward, products, programme
    assert len([query for query in queries if "pagechange" not in query["sql"]]) == 5


def test_the_openapi_document_knows_the_market():
    schema = Client().get("/api/v1/openapi.json").json()
    products = schema["paths"]["/api/v1/products"]["get"]
    names = {parameter["name"] for parameter in products["parameters"]}
    assert {"q", "type", "region", "supplier", "price", "sort", "page", "fits", "for", "attributes"} <= names
    assert products["summary"]
    offer = schema["components"]["schemas"]["OfferOut"]["properties"]
    assert {"price", "unit_price", "state_pays", "you_pay", "score_parts", "why"} <= set(offer)
