"""Goods come on sale: found in the catalogue or new, looked at, asked about their price; what is on sale stays meanwhile."""

from datetime import date
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client
from django.utils import translation

from catalog.models import Product, ProductDocument
from catalog.search.documents import parameters_of
from marketplace import outbox
from marketplace.drafts import beginning, files
from marketplace.errors import Forbidden, IllegalStep, Invalid, NotFound
from marketplace.models import Draft, Event, Notice, Role, StoredFile, User
from suppliers.effects import refresh_documents
from suppliers.listings import deciding
from suppliers.listings.models import Listing
from suppliers.listings.sending import KIND, ChangeWaits, submit
from suppliers.models import StockRecord
from suppliers.pricelist import prices
from suppliers.second_check import SamePerson, TooLate
from suppliers.states import LISTING, ListingStatus
from tests import factories as make
from tests.complaints.factories import at
from tests.suppliers.applicants import photo

pytestmark = pytest.mark.django_db
NOW = at("2026-11-23 10:00")
BACKEND = "django.contrib.auth.backends.ModelBackend"
PARAMETERS = {"p.handle_height.from": "45", "p.handle_height.to": "62,5", "p.max_user_mass": "35", "p.wheels": "four"}


@pytest.fixture
def market(index_folder):
    """Jarqyn Med (account yerlan) sells Bota 50 beside Qadam Orto; asel decides."""
    cache.clear()
    make.make_rules()
    prices.forget()
    for code in make.REGIONS:
        make.make_region(code)
    kind = make.make_type()
    bota = make.make_product(
        kind, "Bota 50", parameters={"handle_height": (450, 620), "max_user_mass": 35000, "wheels": "two"}
    )
    jarqyn, qadam = make.make_supplier("jarqyn-med", login="yerlan"), make.make_supplier("qadam-orto", login="natalya")
    make.make_offer(bota, qadam, price="100000.00")
    refresh_documents()
    outbox.drain()
    with translation.override("en"):
        yield SimpleNamespace(
            kind=kind, bota=bota, jarqyn=jarqyn, qadam=qadam, yerlan=User.objects.get(username="yerlan"),
            natalya=User.objects.get(username="natalya"), asel=make.make_user("asel", Role.REVIEWER, language="en"),
        )  # fmt: skip


def terms(**more: Any) -> dict[str, Any]:
    return {
        "sku": "J-1", "price": "98 000", "pack_size": "1", "stock": "7", "lead_days": "5", "regions": ["KZ-63", "KZ-79"],
        "lead.KZ-79": "9", "warranty_months": "12", **more,
    }  # fmt: skip


def new(**more: Any) -> dict[str, Any]:
    titles = {"title.kk": "Қулын 70", "title.ru": "Кулын 70"}
    return terms(**{"product": "new", "type": "child-walker", **titles, **PARAMETERS, **more})


def send(actor: User, values: dict[str, Any], now: Any = NOW) -> Listing:
    draft = Draft.objects.get(pk=beginning.begin(actor, KIND, values))
    answer = submit(draft_id=draft.pk, actor=actor, expected_rev=draft.rev, request=None, now=now)
    return Listing.objects.get(pk=answer.body["listing"]["id"])


def refused(actor: User, values: dict[str, Any]) -> set[str]:
    before = Listing.objects.count(), StockRecord.objects.count(), Event.objects.filter(kind="listing.sent").count()
    with pytest.raises(Invalid) as found:
        send(actor, values)
    after = Listing.objects.count(), StockRecord.objects.count(), Event.objects.filter(kind="listing.sent").count()
    assert after == before
    return {error.field for error in found.value.errors}


def test_a_supplier_finds_the_product_and_shares_it(market):
    client = Client()
    client.force_login(market.yerlan, BACKEND)
    url = client.post("/en/supplier/listings/begin/")["Location"]
    assert client.post(f"{url}product/", {"q": "Bota"})["Location"] == f"{url}product/", "what was found is shown first"
    page = client.get(f"{url}product/").content.decode()
    assert "Bota 50" in page and "a new product" in page
    chosen = {"q": "Bota", "product": str(market.bota.pk)}
    assert client.post(f"{url}product/", chosen)["Location"] == f"{url}offer/", "others describe it, nothing to say"
    boxes = terms() | {"_ver_regions": "0"}
    del boxes["lead.KZ-79"]
    assert client.post(f"{url}offer/", boxes)["Location"] == f"{url}check/"
    assert "lead.KZ-79" in client.get(f"{url}offer/").content.decode(), "days of one region can be told apart"
    client.post(f"{url}offer/", boxes | {"lead.KZ-79": "9"})
    draft = Draft.objects.get(author=market.yerlan)
    assert "Bota 50" in client.get(f"{url}check/").content.decode()
    sent = client.post(f"{url}check/", {"rev": draft.rev})["Location"]
    assert client.post(f"{url}check/", {"rev": draft.rev})["Location"] == sent
    listing = Listing.objects.get()
    assert (listing.status, listing.respond_by is not None) == ("moderation", True)
    assert StockRecord.objects.filter(partner=market.jarqyn).count() == 0, "nobody sees it yet"
    ministry = Client()
    ministry.force_login(market.asel, BACKEND)
    assert listing.number in ministry.get("/en/review/listings/").content.decode()
    ministry.post(f"/en/review/listings/{listing.pk}/", {"action": "publish"})
    offer = StockRecord.objects.get(partner=market.jarqyn)
    assert (offer.product, offer.status, offer.price, offer.lead_days_by_region) == (
        market.bota, "published", Decimal("98000.00"), {"KZ-79": 9},
    )  # fmt: skip
    outbox.drain()
    assert ProductDocument.objects.get().suppliers == ["jarqyn-med", "qadam-orto"]
    assert Notice.objects.get(recipient=market.yerlan).kind == "listing.publish"


def test_a_new_product_states_its_parameters_in_peoples_units_and_shows_its_photos(market):
    draft_id = beginning.begin(market.yerlan, KIND, new())
    files.attach(draft_id=draft_id, actor=market.yerlan, upload=photo())
    draft = Draft.objects.get(pk=draft_id)
    answer = submit(draft_id=draft_id, actor=market.yerlan, expected_rev=draft.rev, request=None, now=NOW)
    listing, picture = Listing.objects.get(pk=answer.body["listing"]["id"]), StoredFile.objects.get()
    assert listing.respond_by == date(2026, 11, 26)
    visitor = Client()
    assert visitor.get(f"/files/{picture.pk}/small/").status_code == 404
    deciding.publish(listing_id=listing.pk, actor=market.asel, now=NOW)
    product = Product.objects.get(title_kk="Қулын 70")
    assert (product.title_ru, product.product_class) == ("Кулын 70", market.kind)
    stated = parameters_of([product.pk])[product.pk]
    assert stated["handle_height"] == {"kind": "range", "min": 450, "max": 625}
    assert (stated["max_user_mass"]["value"], stated["wheels"]["value"]) == (35000, "four")
    outbox.drain()
    page = visitor.get(f"/en/catalog/{product.slug}_{product.pk}/").content.decode()
    assert f"/files/{picture.pk}/small/" in page
    small, medium = visitor.get(f"/files/{picture.pk}/small/"), visitor.get(f"/files/{picture.pk}/medium/")
    assert (small["Content-Type"], medium["Content-Type"]) == ("image/jpeg", "image/webp")


@pytest.mark.parametrize(
    ("values", "fields"),
    [
        (terms(), {"product"}),
        (terms(product="new"), {"type"}),
        (new(**{"title.kk": " "}), {"title.kk"}),
        (new(**{"p.wheels": "", "p.max_user_mass": ""}), {"p.wheels", "p.max_user_mass"}),
        (new(**{"p.wheels": "seven", "p.max_user_mass": "much"}), {"p.wheels", "p.max_user_mass"}),
        (new(**{"p.handle_height.from": "70"}), {"p.handle_height.to"}),
        (new(price="0", stock="-1", pack_size="x", lead_days="400", regions=[], sku=""),
         {"price", "stock", "pack_size", "lead_days", "regions", "sku"}),
        (new(**{"lead.KZ-63": "soon"}), {"lead.KZ-63"}),
    ],
)  # fmt: skip
def test_what_is_missing_or_wrong_is_named_and_nothing_is_sent(market, values, fields):
    assert refused(market.yerlan, values) == fields


def test_a_licensed_kind_needs_the_suppliers_licence(market):
    make.make_type("home-care", sphere="special_services", attributes={})
    values = new() | {"type": "home-care"}
    assert refused(market.yerlan, values) == {"product"}
    type(market.jarqyn).objects.filter(pk=market.jarqyn.pk).update(licence_until=date(2026, 11, 23))
    assert send(market.yerlan, values).status == "moderation"


def test_a_changed_offer_is_sold_as_it_was_until_somebody_has_looked(market):
    alone = make.make_product(
        market.kind, "Samal 3", parameters={"handle_height": (450, 620), "max_user_mass": 35000, "wheels": "two"}
    )
    offer = make.make_offer(alone, market.jarqyn, price="90000.00", partner_sku="J-9", stock=4, num_allocated=1)
    client = Client()
    client.force_login(market.yerlan, BACKEND)
    url = client.post("/en/supplier/listings/begin/", {"offer": offer.pk})["Location"]
    about = client.get(f"{url}about/").content.decode()
    assert "Samal 3 kk" in about and 'value="62"' in about, "the present answers are there"
    draft = Draft.objects.get(author=market.yerlan)
    changed = {"p.handle_height.to": "70", "_ver_p.handle_height.to": "1"}
    client.post(f"{url}about/", changed)
    client.post(f"{url}offer/", {"price": "95000", "_ver_price": "1"})
    draft.refresh_from_db()
    submit(draft_id=draft.pk, actor=market.yerlan, expected_rev=draft.rev, request=None, now=NOW)
    listing = Listing.objects.get()
    offer.refresh_from_db()
    assert (offer.price, offer.status) == (Decimal("90000.00"), "published")
    assert parameters_of([alone.pk])[alone.pk]["handle_height"]["max"] == 620
    with pytest.raises(ChangeWaits):
        send(
            market.yerlan,
            {
                "offer": offer.pk,
                "product": str(alone.pk),
                **terms(sku="J-9"),
                **PARAMETERS,
                "title.kk": "a",
                "title.ru": "b",
            },
        )
    deciding.publish(listing_id=listing.pk, actor=market.asel, now=NOW)
    offer.refresh_from_db()
    assert (offer.price, offer.num_in_stock, offer.num_allocated) == (Decimal("95000.00"), 4, 1)
    assert parameters_of([alone.pk])[alone.pk]["handle_height"]["max"] == 700


@pytest.mark.parametrize(
    ("said", "price"),
    [
        ({}, None),
        ({"delivery": "included", "delivery_price": "900"}, None),
        ({"delivery": "apart", "delivery_price": "1 500,50"}, Decimal("1500.50")),
    ],
)
def test_a_supplier_says_what_the_delivery_costs(market, said, price):
    listing = send(market.yerlan, new(**said))
    included = price is None
    client = Client()
    client.force_login(market.asel, BACKEND)
    page = client.get(f"/en/review/listings/{listing.pk}/").content.decode().replace("\u00a0", " ")
    assert ("Delivery is in the price." in page, "Delivery 1,500.50 ₸, paid" in page) == (included, not included)
    deciding.publish(listing_id=listing.pk, actor=market.asel, now=NOW)
    offer = StockRecord.objects.get(partner=market.jarqyn)
    assert (offer.delivery_included, offer.delivery_price) == (included, price)
    client.force_login(market.yerlan, BACKEND)
    url = client.post("/en/supplier/listings/begin/", {"offer": offer.pk})
    again = client.get(f"{url['Location']}offer/").content.decode()
    assert f'value="{"included" if included else "apart"}" selected' in again
    assert ('value="1500.50"' in again) is not included


@pytest.mark.parametrize("typed", ["", "0", "-5", "30000.01", "1500.005", "some"])
def test_a_delivery_that_is_paid_separately_has_a_price(market, typed):
    assert refused(market.yerlan, new(delivery="apart", delivery_price=typed)) == {"delivery_price"}


def test_a_listing_of_before_the_price_was_asked_for_goes_on_sale_without_one(market):
    listing = send(market.yerlan, new(delivery="apart", delivery_price="1500"))
    data = {name: value for name, value in listing.answers.items() if name != "delivery_price"}
    Listing.objects.update(answers=data)
    deciding.publish(listing_id=listing.pk, actor=market.asel, now=NOW)
    offer = StockRecord.objects.get(partner=market.jarqyn)
    assert (offer.delivery_included, offer.delivery_price, offer.delivery) == (False, None, None)


def test_what_others_sell_as_well_is_not_one_suppliers_to_describe(market):
    listing = send(market.yerlan, terms(product=str(market.bota.pk), **{"title.kk": "Менікі", "title.ru": "Моё"}))
    deciding.publish(listing_id=listing.pk, actor=market.asel, now=NOW)
    market.bota.refresh_from_db()
    assert market.bota.title_kk == "Bota 50 kk"


def test_a_price_out_of_line_is_asked_about_unless_its_reason_is_given(market):
    for number in range(5):
        make.make_offer(market.bota, make.make_supplier(f"shop-{number}"), price="100000.00")
    prices.forget()
    dear = terms(product=str(market.bota.pk), price="170000")
    listing = send(market.yerlan, dear)
    assert (listing.status, listing.median) == ("price_review", Decimal("100000.00"))
    deciding.explain(listing_id=listing.pk, actor=market.yerlan, text="Titanium.", now=NOW)
    listing.refresh_from_db()
    assert (listing.status, listing.price_reason) == ("moderation", "Titanium.")
    assert send(market.natalya, dear | {"sku": "Q-7", "price_reason": "Titanium."}).status == "moderation"
    assert send(market.natalya, dear | {"sku": "Q-8", "price": "160000"}).status == "moderation", "not above the factor"


def test_a_price_out_of_line_goes_on_sale_with_a_note_only(market):
    for number in range(5):
        make.make_offer(market.bota, make.make_supplier(f"shop-{number}"), price="100000.00")
    prices.forget()
    dear = terms(product=str(market.bota.pk), price="170000", price_reason="Titanium.")
    listing = send(market.yerlan, dear)
    with pytest.raises(Invalid):
        deciding.publish(listing_id=listing.pk, actor=market.asel, now=NOW)
    client = Client()
    client.force_login(market.asel, BACKEND)
    path = f"/en/review/listings/{listing.pk}/"
    assert "Why may the price be so high?" in client.get(path).content.decode()
    assert client.post(path, {"action": "publish", "text": " "}).status_code == 422
    assert (
        not StockRecord.objects.filter(partner=market.jarqyn).exists() and Listing.objects.get().status == "moderation"
    )
    assert client.post(path, {"action": "publish", "text": "Medical titanium."}).status_code == 302
    assert StockRecord.objects.get(partner=market.jarqyn).price == Decimal("170000.00")
    assert Event.objects.get(kind="listing.publish").reason == "Medical titanium."
    assert "Medical titanium." in client.get(path).content.decode()
    plain = send(market.natalya, new(sku="Q-9"))
    assert "Why may the price be so high?" not in client.get(f"/en/review/listings/{plain.pk}/").content.decode()


def test_nobody_else_sees_or_decides(market):
    listing = send(market.yerlan, new())
    for actor in (market.natalya, make.make_user("gulnar", Role.CASEWORKER)):
        with pytest.raises((NotFound, Forbidden)):
            deciding.withdraw(listing_id=listing.pk, actor=actor)
        client = Client()
        client.force_login(actor, BACKEND)
        assert client.get(f"/en/supplier/listings/{listing.pk}/").status_code in (403, 404)
        assert client.get(f"/en/review/listings/{listing.pk}/").status_code == 403
        refused = 404 if actor.role == Role.SUPPLIER else 403
        assert client.get(f"/en/supplier/listings/{listing.draft_id}/").status_code == refused
    for door in (
        lambda: deciding.publish(listing_id=listing.pk, actor=market.yerlan),
        lambda: deciding.refuse(listing_id=listing.pk, actor=market.yerlan, reason="other", text="x"),
        lambda: deciding.question_price(listing_id=listing.pk, actor=market.yerlan, text="x"),
        lambda: deciding.uphold(listing_id=listing.pk, actor=market.yerlan, text="x"),
        lambda: deciding.appeal(listing_id=listing.pk, actor=market.asel, text="x"),
    ):
        with pytest.raises(Forbidden):
            door()
    with pytest.raises(Forbidden):
        beginning.begin(make.make_user("aidos", Role.SUPPLIER), KIND, {})
    assert Listing.objects.get().status == "moderation"


def test_a_refusal_has_its_reason_and_the_answers_come_back(market):
    listing = send(market.yerlan, new())
    with pytest.raises(Invalid):
        deciding.refuse(listing_id=listing.pk, actor=market.asel, reason="mood", text=" ", now=NOW)
    deciding.refuse(listing_id=listing.pk, actor=market.asel, reason="parameters", text="Handle.", now=NOW)
    client = Client()
    client.force_login(market.yerlan, BACKEND)
    assert "Handle." in client.get(f"/en/supplier/listings/{listing.pk}/").content.decode()
    client.post(f"/en/supplier/listings/{listing.pk}/", {"action": "again"})
    again = Draft.objects.get(author=market.yerlan, status="open")
    assert again.value("title.kk") == "Қулын 70"
    assert not StockRecord.objects.filter(partner=market.jarqyn).exists()


# --- A second check ------------------------------------------------------------------------------------


@pytest.fixture
def bauyrzhan(market) -> User:
    return make.make_user("bauyrzhan", Role.REVIEWER, language="en")


def refused_listing(market, **more: Any) -> Listing:
    listing = send(market.yerlan, new(**more))
    return deciding.refuse(listing_id=listing.pk, actor=market.asel, reason="parameters", text="Handle.", now=NOW)


def test_another_person_decides_on_refused_goods_by_a_day(market, bauyrzhan):
    listing = refused_listing(market)
    assert listing.respond_by == date(2026, 12, 7), "until then it may be appealed"
    client, ministry, other = Client(), Client(), Client()
    for browser, user in ((client, market.yerlan), (ministry, market.asel), (other, bauyrzhan)):
        browser.force_login(user, BACKEND)
    own, desk = f"/en/supplier/listings/{listing.pk}/", f"/en/review/listings/{listing.pk}/"
    assert client.post(own, {"action": "appeal", "text": " "}).status_code == 422
    assert Listing.objects.get().status == "refused"
    deciding.appeal(listing_id=listing.pk, actor=market.yerlan, text="It says 45 on the tube.", now=NOW)
    listing.refresh_from_db()
    assert (listing.status, listing.respond_by) == ("appealed", date(2026, 11, 30))
    events = Event.objects.count()
    for door in (
        lambda: deciding.publish(listing_id=listing.pk, actor=market.asel, now=NOW),
        lambda: deciding.uphold(listing_id=listing.pk, actor=market.asel, text="No.", now=NOW),
    ):
        with pytest.raises(SamePerson):
            door()
    listing.refresh_from_db()
    assert listing.status == "appealed" and Event.objects.count() == events
    assert not StockRecord.objects.filter(partner=market.jarqyn).exists()
    assert "Somebody else decides" in ministry.get(desk).content.decode()
    assert "It says 45 on the tube." in other.get(desk).content.decode()
    outbox.drain()
    assert list(Notice.objects.filter(kind="listing.appeal").values_list("recipient__username", flat=True)) in (
        ["bauyrzhan", "yerlan"], ["yerlan", "bauyrzhan"],
    )  # fmt: skip
    other.post(desk, {"action": "publish"})
    assert StockRecord.objects.get(partner=market.jarqyn).status == "published"


def test_goods_are_named_in_the_readers_language_and_both_sides_read_what_was_written(market):
    client, ministry = Client(), Client()
    client.force_login(market.yerlan, BACKEND)
    ministry.force_login(market.asel, BACKEND)
    with translation.override("kk"):  # the language of who sent it is nobody's but its own
        shared = send(market.yerlan, terms(product=str(market.bota.pk)))
    assert (
        '<h1 class="govuk-heading-l">Bota 50 en</h1>'
        in client.get(f"/en/supplier/listings/{shared.pk}/").content.decode()
    )
    for path in ("/ru/review/listings/", f"/ru/review/listings/{shared.pk}/", "/ru/supplier/listings/"):
        browser = client if "supplier" in path else ministry
        assert "Bota 50 ru" in browser.get(path).content.decode(), path

    listing = refused_listing(market, sku="J-2")
    assert "Қулын 70" in client.get(f"/kk/supplier/listings/{listing.pk}/").content.decode()
    desk = ministry.get(f"/en/review/listings/{listing.pk}/").content.decode()
    assert "The supplier can ask for a second check until:" in desk and "The ministry wrote:" in desk
    deciding.appeal(listing_id=listing.pk, actor=market.yerlan, text="It says 45 on the tube.", now=NOW)
    own = client.get(f"/en/supplier/listings/{listing.pk}/").content.decode()
    assert "Handle." in own and "You wrote: It says 45 on the tube." in own
    assert "until:" not in ministry.get(f"/en/review/listings/{listing.pk}/").content.decode()


def test_a_second_refusal_is_the_last_and_the_answers_come_back(market, bauyrzhan):
    listing = refused_listing(market)
    deciding.appeal(listing_id=listing.pk, actor=market.yerlan, text="Please.", now=NOW)
    client, other = Client(), Client()
    client.force_login(market.yerlan, BACKEND)
    other.force_login(bauyrzhan, BACKEND)
    assert other.post(f"/en/review/listings/{listing.pk}/", {"action": "uphold", "text": ""}).status_code == 422
    other.post(f"/en/review/listings/{listing.pk}/", {"action": "uphold", "text": "The tube says 54."})
    listing.refresh_from_db()
    assert (listing.status, listing.respond_by) == ("upheld", None)
    page = client.get(f"/en/supplier/listings/{listing.pk}/").content.decode()
    assert "The tube says 54." in page and 'value="appeal"' not in page and 'value="again"' in page
    outbox.drain()
    assert "The tube says 54." in Notice.objects.get(kind="listing.uphold", recipient=market.yerlan).text


def test_a_second_check_is_asked_for_in_time_and_not_beside_goods_that_were_sent_again(market):
    listing = refused_listing(market)
    late = at("2026-12-08 00:01")
    with pytest.raises(TooLate):
        deciding.appeal(listing_id=listing.pk, actor=market.yerlan, text="Please.", now=late)
    again = send(market.yerlan, new(), at("2026-11-24 10:00"))
    with pytest.raises(TooLate) as refused:
        deciding.appeal(listing_id=listing.pk, actor=market.yerlan, text="Please.", now=NOW)
    assert "sent these goods again" in str(refused.value)
    listing.refresh_from_db()
    assert (listing.status, listing.appeal) == ("refused", "")
    deciding.withdraw(listing_id=again.pk, actor=market.yerlan, now=NOW)
    deciding.appeal(listing_id=listing.pk, actor=market.yerlan, text="Please.", now=at("2026-12-07 23:59"))
    assert Listing.objects.get(pk=listing.pk).status == "appealed"


def test_a_change_of_an_offer_is_appealed_or_sent_again_never_both(market):
    offer = make.make_offer(market.bota, market.jarqyn, price="90000.00", partner_sku="J-9")
    change = {"offer": offer.pk, **terms(product=str(market.bota.pk), sku="J-9")}
    listing = send(market.yerlan, change)
    deciding.refuse(listing_id=listing.pk, actor=market.asel, reason="other", text="No.", now=NOW)
    deciding.appeal(listing_id=listing.pk, actor=market.yerlan, text="Please.", now=NOW)
    with pytest.raises(ChangeWaits):
        send(market.yerlan, change)
    assert Listing.objects.count() == 1


def test_a_late_second_check_is_brought_before_everybody_but_who_refused(market, bauyrzhan):
    listing = refused_listing(market)
    deciding.appeal(listing_id=listing.pk, actor=market.yerlan, text="Please.", now=NOW)
    assert not deciding.run(at("2026-11-30 23:59"))
    assert deciding.run(at("2026-12-01 00:05")) == {"listings overdue": 1}
    assert not deciding.run(at("2026-12-01 00:06"))
    outbox.drain()
    told = set(Notice.objects.filter(kind="listing.overdue").values_list("recipient__username", flat=True))
    assert told == {"bauyrzhan", "yerlan"}
    listing.refresh_from_db()
    assert (listing.status, listing.respond_by) == ("appealed", date(2026, 12, 8))
    # A refusal that nobody appeals against ends nothing.
    refused_listing(market, sku="J-2")
    assert not deciding.run(at("2026-12-08 23:59"))


@pytest.mark.parametrize("state", ListingStatus.values)
def test_only_the_steps_of_the_table_are_possible(market, state):
    offer = make.make_offer(market.bota, market.jarqyn) if state == "published" else None
    doors = {
        "publish": lambda pk: deciding.publish(listing_id=pk, actor=market.asel, now=NOW),
        "refuse": lambda pk: deciding.refuse(listing_id=pk, actor=market.asel, reason="other", text="No.", now=NOW),
        "question-price": lambda pk: deciding.question_price(listing_id=pk, actor=market.asel, text="Why?", now=NOW),
        "explain": lambda pk: deciding.explain(listing_id=pk, actor=market.yerlan, text="So.", now=NOW),
        "withdraw": lambda pk: deciding.withdraw(listing_id=pk, actor=market.yerlan, now=NOW),
        "uphold": lambda pk: deciding.uphold(listing_id=pk, actor=market.asel, text="No.", now=NOW),
        "appeal": lambda pk: deciding.appeal(listing_id=pk, actor=market.yerlan, text="Please.", now=NOW),
    }
    # The clock's own step: test_a_price_that_nobody_explains_… takes it.
    assert {step.action for step in LISTING.steps} == {*doors, "lapse"}
    targets = {step.action: step.target for step in LISTING.allowed(state, ["ministry", "supplier"])}
    for number, (action, door) in enumerate(doors.items()):
        listing = send(market.yerlan, new(sku=f"J-{number}"))
        Listing.objects.filter(pk=listing.pk).update(
            status=state, product=market.bota if offer else None, offer=offer, respond_by=date(2026, 12, 1)
        )
        events = Event.objects.count()
        if action in targets:
            door(listing.pk)
            assert Listing.objects.get(pk=listing.pk).status == targets[action]
        else:
            with pytest.raises(IllegalStep):
                door(listing.pk)
            assert Listing.objects.get(pk=listing.pk).status == state and Event.objects.count() == events


def test_goods_that_nobody_looked_at_are_brought_before_everybody_who_can_decide(market):
    second = make.make_user("bauyrzhan", Role.REVIEWER, language="en")
    listing = send(market.yerlan, new())
    assert listing.respond_by == date(2026, 11, 26)
    assert not deciding.run(at("2026-11-26 23:59"))
    assert deciding.run(at("2026-11-27 00:05")) == {"listings overdue": 1}
    assert not deciding.run(at("2026-11-27 00:06"))  # the day is counted anew
    outbox.drain()
    told = Notice.objects.filter(kind="listing.overdue")
    assert {notice.recipient for notice in told} == {market.asel, second, market.yerlan}
    listing.refresh_from_db()
    assert (listing.status, listing.overdue_at, listing.respond_by) == (
        "moderation", at("2026-11-27 00:05"), date(2026, 12, 2),
    )  # fmt: skip
    client = Client()
    client.force_login(second, BACKEND)
    assert "Late" in client.get("/en/review/listings/").content.decode()
    assert deciding.run(at("2026-12-03 00:05")) == {"listings overdue": 1}
    listing.refresh_from_db()
    assert listing.overdue_at == at("2026-11-27 00:05")
    deciding.publish(listing_id=listing.pk, actor=second, now=at("2026-12-03 10:00"))
    assert not deciding.run(at("2027-01-03 10:00"))


def test_a_price_that_nobody_explains_ends_the_listing_and_what_is_on_sale_stays(market):
    listing = send(market.yerlan, new())
    deciding.question_price(listing_id=listing.pk, actor=market.asel, text="Why?", now=NOW)
    assert deciding.run(at("2026-11-27 00:05")) == {"listings lapsed": 1}
    outbox.drain()
    listing.refresh_from_db()
    assert (listing.status, listing.respond_by) == ("withdrawn", None)
    last = Notice.objects.filter(recipient=market.yerlan, kind="listing.lapse").get()
    assert f"/supplier/listings/{listing.pk}/" in last.text
    assert not StockRecord.objects.filter(partner=market.jarqyn).exists()
    assert not deciding.run(at("2026-12-27 00:05"))


def test_one_broken_listing_does_not_keep_the_others(market, monkeypatch):
    first, second = send(market.yerlan, new()), send(market.yerlan, new(sku="J-2"))
    whole = deciding._silence

    def broken(listing, now):
        if listing.pk == first.pk:
            raise RuntimeError("broken")
        return whole(listing, now)

    monkeypatch.setattr(deciding, "_silence", broken)
    assert deciding.run(at("2026-11-27 00:05")) == {"listings overdue": 1}
    second.refresh_from_db()
    first.refresh_from_db()
    assert (first.overdue_at, second.overdue_at) == (None, at("2026-11-27 00:05"))


# --- By the API ------------------------------------------------------------------------------------------


def caller(user: User):
    client = Client()
    client.force_login(user, BACKEND)

    def call(path: str, body: dict[str, Any] | None = None, *, get: bool = False):
        if get:
            return client.get(f"/api/v1{path}")
        return client.post(f"/api/v1{path}", body or {}, content_type="application/json")

    return call


def test_by_the_api_from_the_refusal_to_the_shelf(market, bauyrzhan):
    yerlan, natalya, asel, other = map(caller, (market.yerlan, market.natalya, market.asel, bauyrzhan))
    listing = send(market.yerlan, new(), None)
    path = f"/listings/{listing.pk}"
    [row] = yerlan("/listings", get=True).json()["results"]
    assert (row["number"], row["allowed"], row["supplier"]["code"]) == (listing.number, ["withdraw"], "jarqyn-med")
    assert row["answers"]["texts"]["title.kk"] == "Қулын 70" and row["unit_price"]["amount"] == "98000.00"
    assert natalya("/listings", get=True).json()["count"] == 0
    assert asel("/listings", get=True).json()["results"][0]["allowed"] == ["publish", "refuse", "question-price"]
    reasons = asel("/listings/refusal-reasons", get=True).json()["results"]
    assert "parameters" in {reason["code"] for reason in reasons} and all(reason["name"] for reason in reasons)
    assert asel(f"{path}/refuse", {"reason": "mood", "text": " "}).status_code == 422
    told = asel(f"{path}/refuse", {"reason": "parameters", "text": "Handle."}).json()
    assert (told["status"], told["reason"], told["words"], told["allowed"]) == ("refused", "parameters", "Handle.", [])
    assert yerlan(path, get=True).json()["allowed"] == ["appeal"]
    assert asel(f"{path}/appeal", {"text": "x"}).status_code == 403
    assert yerlan(f"{path}/appeal", {"text": "It says 45."}).json()["status"] == "appealed"
    again = asel(f"{path}/publish")
    assert (again.status_code, again.json()["code"]) == (409, "same_person")
    assert asel(path, get=True).json()["allowed"] == []
    assert yerlan(f"{path}/publish").status_code == 403
    published = other(f"{path}/publish").json()
    assert (
        published["status"] == "published" and StockRecord.objects.get(pk=published["offer"]).partner == market.jarqyn
    )
    assert other(f"{path}/uphold", {"text": "x"}).status_code == 409


def test_by_the_api_a_price_is_asked_about_and_explained(market):
    yerlan, asel = caller(market.yerlan), caller(market.asel)
    path = f"/listings/{send(market.yerlan, new(), None).pk}"
    assert asel(f"{path}/question-price", {"text": "Why?"}).json()["status"] == "price_review"
    assert yerlan(f"{path}/explain", {"text": "Titanium."}).json()["price_reason"] == "Titanium."
    assert yerlan(f"{path}/withdraw").json()["status"] == "withdrawn"
    assert yerlan(f"{path}/withdraw").status_code == 409


def test_by_the_api_nobody_else_sees_or_decides(market):
    path = f"/listings/{send(market.yerlan, new(), None).pk}"
    assert Client().get("/api/v1/listings").status_code == 401
    doors = {
        "publish": {}, "withdraw": {}, "refuse": {"reason": "other", "text": "x"},
        **{door: {"text": "x"} for door in ("question-price", "uphold", "explain", "appeal")},
    }  # fmt: skip
    for actor, seen in (
        (market.natalya, 404),
        (make.make_user("gulnar", Role.CASEWORKER), 404),
        (make.make_user("audit", Role.AUDITOR), 200),
    ):
        call = caller(actor)
        assert call(path, get=True).status_code == seen
        for door, body in doors.items():
            assert call(f"{path}/{door}", body).status_code in {403, 404}, (actor, door)
    assert caller(make.make_user("aigul", Role.GUARDIAN))("/listings", get=True).status_code == 403
    assert Listing.objects.get().status == "moderation"
