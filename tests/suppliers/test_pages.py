"""The storefront's pages and the supplier's own offers: what stands on them, what they cost, what they refuse."""

import re
from decimal import Decimal
from html.parser import HTMLParser

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import translation

from catalog import search
from catalog.models import Category, Product, ProductDocument
from marketplace import drawing
from marketplace.models import Event, OutboxRow
from suppliers import guarantees
from suppliers.effects import refresh_documents
from suppliers.guarantees import Guarantee
from suppliers.models import StockRecord
from suppliers.watch import cells
from tests import factories as make

BACKEND = "django.contrib.auth.backends.ModelBackend"
CHILD = {"handle_height_mm": 500, "mass_g": 17000}


class Checked(HTMLParser):
    """Headings, ids and labels of a page, and what a strict policy would refuse."""

    def __init__(self, page: str):
        super().__init__()
        self.headings: list[int] = []
        self.ids: list[str] = []
        self.labelled: set[str] = set()
        self.controls: list[str] = []
        self.refused: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        if re.fullmatch("h[1-6]", tag):
            self.headings.append(int(tag[1]))
        if found.get("id"):
            self.ids.append(found["id"])
        if tag == "label":
            self.labelled.add(found["for"])
        if tag in {"input", "select", "textarea"} and found.get("type") not in {"hidden", "submit"}:
            self.controls.append(found.get("id") or "")
        if "style" in found or tag == "style" or (tag == "script" and "src" not in found):
            self.refused.append(self.get_starttag_text())


def assert_sound(page: str) -> None:
    checked = Checked(page)
    assert checked.headings.count(1) == 1
    steps = zip(checked.headings, checked.headings[1:], strict=False)
    assert all(after <= before + 1 for before, after in steps), checked.headings
    assert len(checked.ids) == len(set(checked.ids)), "an id stands twice"
    assert set(checked.controls) <= checked.labelled
    assert checked.refused == []


def text_of(page: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", page.split("<main", 1)[1]).replace("\u00a0", " ").split())


def open_page(client: Client, path: str, status: int = 200, **params) -> str:
    answer = client.get(path, params)
    assert answer.status_code == status, (path, answer.status_code, answer.headers.get("Location"))
    page = answer.content.decode()
    assert_sound(page)
    return page


def signed_in(user) -> Client:
    client = Client()
    client.force_login(user, BACKEND)
    return client


@pytest.fixture
def market(db, index_folder):
    make.make_rules()
    for code in make.REGIONS:
        make.make_region(code)
    kind = make.make_type(names={"kk": "Жүріс тірегі", "ru": "Ходунки детские", "en": "Child walker"})
    make.make_type("hand-bike", attributes={})
    good = make.make_product(kind, "Bota 50", parameters={
        "handle_height": (440, 580), "max_user_mass": 35000, "wheels": "four", "supports": ["head"], "folding": True,
    })  # fmt: skip
    low = make.make_product(
        kind, "Qulyn S", parameters={"handle_height": (300, 420), "max_user_mass": 20000, "wheels": "two"}
    )
    jarqyn, qadam = make.make_supplier("jarqyn-med", login="yerlan"), make.make_supplier("qadam-orto", login="natalya")
    make.make_offer(good, jarqyn, price="142000.00", stock=64, warranty_months=24)
    make.make_offer(good, qadam, price="149500.00", regions=["KZ-63"], lead_days=5)
    make.make_offer(low, qadam, price="120000.00", regions=["KZ-79"])
    refresh_documents()
    cells.catch_up()
    return kind


@pytest.fixture
def aigul(market, monkeypatch):
    """A mother whose son's programme pays 100,000 for a walker."""
    alihan = make.make_person("alihan", measures=CHILD)
    lines = {alihan.pk: [Guarantee(7, market.pk, "piece", Decimal("100000.00"), 1)]}
    monkeypatch.setattr(guarantees, "_provider", lambda person_id: lines.get(person_id, []))
    return make.make_guardian("aigul", [alihan])


def bota() -> ProductDocument:
    return ProductDocument.objects.get(product__title_en="Bota 50 en")


def bota_page() -> str:
    return f"/en/catalog/bota-50_{bota().pk}/"


# --- The storefront


@pytest.mark.parametrize("language", ["kk", "ru", "en"])
@pytest.mark.parametrize(
    "path", ["", "child-walker/", "search/?q=Bota", "compare/", "suppliers/jarqyn-med/", "search/"]
)
def test_every_page_is_sound_in_every_language(market, language, path):
    open_page(Client(), f"/{language}/catalog/{path}")


def test_shelves_name_their_types_and_how_many_products_there_are(market):
    text = text_of(open_page(Client(), "/en/catalog/"))
    assert "Child walker 2 products" in text
    assert "hand-bike en no products yet" in text


def test_the_mother_sees_what_the_programme_entitles_to(market, aigul):
    page = open_page(signed_in(aigul), "/en/catalog/")
    assert "The programme of Alihan entitles to" in page
    assert "1 piece left, the state pays up to 100,000 ₸ for each" in text_of(page)
    assert "programme of" not in open_page(Client(), "/en/catalog/")


def test_the_list_of_a_type_shows_fit_price_and_what_she_pays(market, aigul):
    text = text_of(open_page(signed_in(aigul), "/en/catalog/child-walker/"))
    assert text.index("Bota 50 en") < text.index("Qulyn S en")
    assert "Fits" in text and "from 142,000 ₸ You pay 42,000 ₸ 2 suppliers" in text
    assert "Does not fit handle height en: 30–42 cm, you need 50 cm." in text
    assert "Only what fits (1)" in text


def test_a_card_is_drawn_once_for_all_but_the_measures_that_it_names(market, aigul, monkeypatch):
    monkeypatch.setattr(drawing, "_kept", drawing.LRUCache(100))
    taller = make.make_person("dana", measures={**CHILD, "handle_height_mm": 512})
    mothers = [aigul, make.make_guardian("saule", [taller])]
    seen = [text_of(open_page(signed_in(mother), "/en/catalog/child-walker/")) for mother in mothers]
    assert "30–42 cm, you need 50 cm." in seen[0] and "51.2" not in seen[0]
    assert "30–42 cm, you need 51.2 cm." in seen[1] and "need 50 cm" not in seen[1]
    cards = [str(html) for key, html in drawing._kept.items() if key[0].endswith("product_card.html")]
    assert any("Qulyn S en" in card for card in cards)
    assert not any("you need" in card for card in cards)


def test_filters_work_in_peoples_units_and_can_be_taken_off(market):
    page = open_page(Client(), "/en/catalog/child-walker/", **{"attr.handle_height.from": "40", "region": "KZ-79"})
    assert "2 products" in text_of(page)
    page = open_page(
        Client(), "/en/catalog/child-walker/", **{"attr.handle_height.from": "42,1", "attr.wheels": "four"}
    )
    assert "1 product" in text_of(page) and "Qulyn S" not in page
    assert "wheels en: four en (1)" in text_of(page)
    remove = re.search(r'href="(\?[^"]*)"><span class="govuk-visually-hidden">Remove filter:', page).group(1)
    assert "attr.wheels" not in remove or "attr.handle_height" not in remove


def test_choices_say_how_many_products_they_give(market):
    text = text_of(open_page(Client(), "/en/catalog/child-walker/"))
    assert "four en (1)" in text and "two en (1)" in text and "chest en" not in text
    assert "East Kazakhstan Region (1)" in text and "Shymkent (2)" in text and "Qadam-Orto (2)" in text


def test_a_wrong_filter_is_named_kept_and_left_out(market):
    page = open_page(Client(), "/en/catalog/child-walker/", price_from="cheap", **{"attr.wheels": "four"})
    assert "There is a problem" in page
    assert "Enter a number, for example 15000." in page
    assert 'value="cheap"' in page
    assert "1 product" in text_of(page)


@pytest.mark.parametrize(
    "params", [{"sort": "beauty"}, {"region": "mars"}, {"attr.wheels": "nine"}, {"page": "0"}, {"page": "x"}]
)
def test_hostile_parameters_break_no_page(market, params):
    open_page(Client(), "/en/catalog/child-walker/", **params)


def test_the_search_finds_and_says_when_it_does_not(market):
    assert "Bota 50 ru" in open_page(Client(), "/ru/catalog/search/", q="bota")
    assert "Nothing found" in open_page(Client(), "/en/catalog/search/", q="щщщ")


def test_lists_have_pages_and_the_last_one_stands_for_any_beyond(market):
    for number in range(20):
        make.make_product(market, f"Walker {number}")
    refresh_documents()
    first = open_page(Client(), "/en/catalog/child-walker/")
    assert "22 products" in text_of(first) and 'href="?page=2"' in first
    last = open_page(Client(), "/en/catalog/child-walker/", page="99")
    assert last.count("app-cards__item") == 2


def test_a_product_shows_parameters_fit_and_offers_side_by_side(market, aigul):
    page = open_page(signed_in(aigul), bota_page())
    text = text_of(page)
    assert "handle height en 44–58 cm" in text
    assert "Fits Alihan" in text
    assert "enough for your 17 kg" in text
    rows = re.findall(r'<tr class="govuk-table__row">\s*<th scope="row".*?</tr>', page, flags=re.S)
    near, far = (" ".join(re.sub(r"<[^>]+>", " ", row).replace("\u00a0", " ").split()) for row in rows[:2])
    chosen = "no marks yet Choose this offer"
    assert (
        near
        == f"Jarqyn-Med {chosen} Jarqyn-Med 142,000 ₸ 142,000 ₸ 42,000 ₸ in 6 days Delivery is in the price. 64 pieces 24 months"
    )
    assert (
        far
        == f"Qadam-Orto {chosen} Qadam-Orto 149,500 ₸ 149,500 ₸ 49,500 ₸ in 5 days Delivery is in the price. 10 pieces none"
    )
    assert "1. Jarqyn-Med:" in text and "Lowest price" in text and "Few complaints" in text
    assert "Choice among independent suppliers of this kind: 2.0" in text


def test_offers_are_shown_for_the_region_asked_for(market):
    text = text_of(open_page(Client(), bota_page(), region="KZ-79"))
    assert "Jarqyn-Med" in text and "1 more supplier does not deliver to this region." in text
    text = text_of(
        open_page(
            Client(), f"/en/catalog/qulyn-s_{ProductDocument.objects.exclude(pk=bota().pk).get().pk}/", region="KZ-63"
        )
    )
    assert "Nobody delivers it there now" in text


def test_who_may_order_chooses_an_offer_and_a_visitor_signs_in_first(market, aigul):
    page = open_page(signed_in(aigul), bota_page(), draft="0b9c2a52-5a51-4f39-9e52-1d2f3a4b5c6d")
    offer = StockRecord.objects.get(product=bota().pk, partner__code="jarqyn-med")
    form = re.search(
        rf'<form method="post" action="([^"]+)">.*?name="offer" value="{offer.pk}".*?</form>', page, flags=re.S
    )
    assert form.group(1) == reverse("orders:add_line")
    assert 'name="draft" value="0b9c2a52-5a51-4f39-9e52-1d2f3a4b5c6d"' in form.group(0)
    visitor = open_page(Client(), bota_page())
    assert "Choose this offer" not in visitor and "Sign in to order" in visitor
    seller = open_page(signed_in(offer.partner.users.get()), bota_page())
    assert "Choose this offer" not in seller and "Sign in to order" not in seller


def test_an_old_address_leads_to_the_product(market):
    answer = Client().get(f"/en/catalog/old-name_{bota().pk}/?region=KZ-63")
    assert (answer.status_code, answer["Location"]) == (301, f"{bota_page()}?region=KZ-63")


def test_oscars_own_addresses_lead_here(market):
    with translation.override("ru"):
        assert Product.objects.get(pk=bota().pk).get_absolute_url() == f"/ru/catalog/bota-50_{bota().pk}/"
        shelf = Category.objects.get(code="walkers").get_absolute_url()
    answer = Client().get(shelf)
    assert (answer.status_code, answer["Location"]) == (302, "/ru/catalog/#walkers")


@pytest.mark.parametrize("path", ["flying-carpet/", "nothing_999999/", "suppliers/nobody/", "x_99999999999999999999/"])
def test_what_is_not_there_is_a_404(market, path):
    assert Client().get(f"/en/catalog/{path}").status_code == 404


def test_an_office_passes_the_person_on_through_the_storefront(market, aigul):
    alihan = aigul.wards.get().ward
    gulnar = signed_in(make.make_caseworker("gulnar"))
    page = open_page(gulnar, "/en/catalog/child-walker/", **{"for": alihan.pk})
    assert f'name="for" value="{alihan.pk}"' in page
    assert f"/en/catalog/bota-50_{bota().pk}/?for={alihan.pk}" in page
    assert "Fits Alihan" in text_of(open_page(gulnar, bota_page(), **{"for": alihan.pk}))
    stranger = signed_in(make.make_caseworker("dina", office="shymkent"))
    assert stranger.get("/en/catalog/child-walker/", {"for": alihan.pk}).status_code == 404


def test_products_stand_side_by_side(market, aigul):
    page = open_page(signed_in(aigul), "/en/catalog/compare/", p=str(bota().pk))
    text = text_of(page)
    assert "Bota 50 en Qulyn S en" in text
    assert "handle height en 44–58 cm 30–42 cm" in text
    assert "supports en head en not stated" in text
    assert "Nothing to compare" in open_page(Client(), "/en/catalog/compare/", p="x")


def test_products_are_added_and_taken_out_without_scripts(market):
    other = make.make_product(make.make_type(), "Arman")
    make.make_offer(other)
    refresh_documents()
    qulyn = Product.objects.get(title_en="Qulyn S en")
    page = open_page(Client(), "/en/catalog/compare/", p=[bota().pk, qulyn.pk])
    assert f'<option value="{other.pk}">Arman en' in page and f'type="hidden" name="p" value="{bota().pk}"' in page
    assert "Arman en" in text_of(open_page(Client(), "/en/catalog/compare/", p=[bota().pk, qulyn.pk, other.pk]))
    taken_out = f"?p={qulyn.pk}&amp;alone=1"
    assert taken_out in page
    alone = text_of(open_page(Client(), "/en/catalog/compare/", p=qulyn.pk, alone=1)).split("Add a product")[0]
    assert "Qulyn S en" in alone and "Bota 50 en" not in alone, "what was taken out stays out"
    many = [make.make_product(make.make_type(), f"More {number}").pk for number in range(5)]
    refresh_documents()
    assert open_page(Client(), "/en/catalog/compare/", p=many).count('scope="col"') == 1 + 4


@pytest.mark.parametrize("language", ["kk", "ru", "en"])
def test_the_weights_and_an_example_are_public(market, language):
    page = open_page(Client(), f"/{language}/catalog/how-we-rank/")
    assert "30" in text_of(page) and "112" in text_of(page)
    assert f"/{language}/catalog/how-we-rank/" in open_page(Client(), bota_page().replace("/en/", f"/{language}/"))


def test_a_suppliers_page_tells_facts_and_goods(market):
    text = text_of(open_page(Client(), "/en/catalog/suppliers/qadam-orto/"))
    assert "no marks yet" in text and "Sells 2 products" in text


# --- What pages cost


@pytest.mark.parametrize("products", [5, 25])
@pytest.mark.parametrize(
    ("path", "most"), [("child-walker/", 4), ("search/?q=walker", 4), ("", 3), ("suppliers/jarqyn-med/", 5)]
)
def test_lists_cost_the_same_few_queries_for_any_number_of_products(market, aigul, products, path, most):
    for number in range(products):
        make.make_offer(make.make_product(market, f"Walker {number}"), price="100000.00")
    refresh_documents()
    search.rebuild()
    client = signed_in(aigul)
    client.get(f"/en/catalog/{path}")
    with CaptureQueriesContext(connection) as queries:
        client.get(f"/en/catalog/{path}")
    # session, user, ward, products; the programme adds two in the real portal
    asked = [query["sql"][:90] for query in queries if "pagechange" not in query["sql"]]  # looked for 4 times a second
    assert len(asked) == most, asked


def test_a_product_page_costs_few_queries(market, aigul):
    client, path = signed_in(aigul), bota_page()
    client.get(path)
    with CaptureQueriesContext(connection) as queries:
        client.get(path)
    # session, user, document, ward, offers, prices out of line, photos, recalls, choice index
    assert len(queries) == 9, [query["sql"][:90] for query in queries]


@pytest.mark.parametrize("products", [5, 25])
def test_the_list_of_own_offers_costs_the_same_few_queries(market, products):
    for number in range(products):
        make.make_offer(make.make_product(market, f"Walker {number}"))
    yerlan = signed_in(StockRecord.objects.filter(partner__code="jarqyn-med").first().partner.users.get())
    with CaptureQueriesContext(connection) as queries:
        yerlan.get("/en/supplier/offers/")
    assert len(queries) == 6, [query["sql"][:90] for query in queries]


# --- The supplier's own offers


@pytest.fixture
def yerlan(market) -> Client:
    OutboxRow.objects.all().delete()
    return signed_in(StockRecord.objects.get(partner__code="jarqyn-med").partner.users.get())


def own_offer() -> StockRecord:
    return StockRecord.objects.get(partner__code="jarqyn-med")


@pytest.mark.parametrize("language", ["kk", "ru", "en"])
def test_a_supplier_sees_its_own_offers_with_price_and_stock(yerlan, language):
    page = open_page(yerlan, f"/{language}/supplier/offers/")
    assert 'value="142000"' in page and 'value="64"' in page
    assert "Qadam" not in text_of(page) and "149500" not in page


def test_price_and_stock_are_saved_as_typed_by_people(yerlan):
    answer = yerlan.post(
        f"/en/supplier/offers/{own_offer().pk}/", {"action": "save", "price": "139 000,50", "stock": "12"}
    )
    assert answer.status_code == 302
    assert (own_offer().price, own_offer().num_in_stock) == (Decimal("139000.50"), 12)
    assert "Saved." in yerlan.get(answer["Location"]).content.decode()


@pytest.mark.parametrize(
    ("typed", "message"),
    [
        ({"price": "cheap", "stock": "5"}, "Enter a number, for example 15000."),
        ({"price": "0", "stock": "5"}, "Give a price above zero, in tenge."),
        ({"price": "1000", "stock": "few"}, "Enter the number of packs in digits, for example 3."),
        ({"price": "1000", "stock": "-1"}, "Give the number of packs, from 0 to 1,000,000."),
        ({"price": "", "stock": ""}, "Give a price or a stock, or confirm the stock."),
    ],
)
def test_a_wrong_answer_is_named_at_its_box_kept_and_changes_nothing(yerlan, typed, message):
    answer = yerlan.post(f"/en/supplier/offers/{own_offer().pk}/", {"action": "save", **typed})
    page = answer.content.decode()
    assert answer.status_code == 422
    assert_sound(page)
    assert "There is a problem" in page and page.count(message) == 2
    assert all(f'value="{value}"' in page for value in typed.values() if value)
    assert (own_offer().price, own_offer().num_in_stock) == (Decimal("142000.00"), 64)
    assert Event.objects.count() == OutboxRow.objects.count() == 0


def test_buttons_confirm_withdraw_and_publish(yerlan):
    for action, status in (("confirm", "published"), ("withdraw", "withdrawn"), ("publish", "published")):
        assert yerlan.post(f"/en/supplier/offers/{own_offer().pk}/", {"action": action}).status_code == 302
        assert own_offer().status == status
    assert list(Event.objects.order_by("pk").values_list("kind", flat=True)) == [
        "offer.updated", "offer.withdraw", "offer.publish",
    ]  # fmt: skip


@pytest.mark.parametrize("action", ["save", "confirm", "withdraw", "publish"])
def test_a_foreign_offer_is_a_404_and_stays(yerlan, action):
    foreign = StockRecord.objects.filter(partner__code="qadam-orto").first()
    for pk in (foreign.pk, 999_999):
        answer = yerlan.post(f"/en/supplier/offers/{pk}/", {"action": action, "price": "1", "stock": "1"})
        assert answer.status_code == 404
    again = StockRecord.objects.get(pk=foreign.pk)
    assert (again.price, again.num_in_stock, again.status) == (foreign.price, foreign.num_in_stock, foreign.status)
    assert Event.objects.count() == 0


def test_others_have_no_offers_here(market):
    visitor = Client().get("/en/supplier/offers/")
    assert visitor.status_code == 302 and "/account/login/" in visitor["Location"]
    assert signed_in(make.make_person("marat")).get("/en/supplier/offers/").status_code == 403
