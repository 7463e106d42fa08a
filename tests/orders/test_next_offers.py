"""Whom to ask next when a supplier declines, whether what is ordered fits, and the wish for a fitting."""

import re
import uuid

import pytest

from catalog import types
from catalog.models import ProductClass
from marketplace.models import Draft, Event, PersonRecord
from orders import fulfilment
from orders.models import Order
from suppliers.effects import refresh_documents
from suppliers.models import StockRecord
from tests import factories as market
from tests.market import index_folder  # noqa: F401
from tests.orders import factories as make
from tests.orders.test_pages_ordering import posted, signed_in  # noqa: F401


@pytest.fixture
def sizes(family, index_folder):  # noqa: F811
    """Diapers by size: Jarqyn's M pack of 30, Altyn's S pack of 20, both with their documents."""
    market.make_attribute(
        family.diapers_type,
        "user_mass",
        kind="range",
        unit="g",
        shown_unit="kg",
        required=True,
        fit={"measure": "mass_g", "rule": "within", "tolerance": 0},
    )
    types.forget()
    small = market.make_product(family.diapers_type, "Жөргек S", parameters={"user_mass": (3000, 6000)})
    market._state(family.diaper_offer.product, family.diapers_type.attributes.get(code="user_mass"), (9000, 20000))
    offer = make.make_offer(small, family.altyn, price="3800.00", pack_size=20)
    refresh_documents()
    PersonRecord.objects.filter(user=family.alihan).update(measures={"mass_g": 17000})
    return offer


def goods(client, draft):
    return client.get(f"/en/applications/{draft.pk}/goods/")


def options(page: str, name: str) -> dict[str, str]:
    select = re.search(rf'<select[^>]*name="{re.escape(name)}"[^>]*>(.*?)</select>', page, re.S)[1]
    found = re.findall(r'<option value="([^"]*)"[^>]*>([^<]*)', select)
    return {value: label.replace("\u00a0", " ") for value, label in found}


def test_the_page_asks_for_each_place_and_keeps_the_person_s_order(family, signed_in):  # noqa: F811
    third = make.make_offer(family.diaper_offer.product, make.make_supplier("third"), price="5500.00")
    draft = make.make_draft(family.aigul, make.fields_for((family.diapers, family.diaper_offer, 2)))
    client, url = signed_in(family.aigul), f"/en/applications/{draft.pk}/goods/"
    page = goods(client, draft)
    assert {str(third.pk), str(family.other_diaper_offer.pk), ""} == set(options(page.content.decode(), "line.a.next1"))

    chosen = {"line.a.next1": str(third.pk), "line.a.next2": str(family.other_diaper_offer.pk)}
    assert client.post(url, posted(page, **chosen)).status_code == 302

    order = Order.objects.get(number=make.submit(Draft.objects.get(), family.aigul).body["orders"][0]["number"])
    assert order.fallback == {"a": [third.pk, family.other_diaper_offer.pk]}


def test_of_a_whole_list_and_a_place_the_later_word_counts(family, signed_in, monday):  # noqa: F811
    other = family.other_diaper_offer.pk
    third = make.make_offer(family.diaper_offer.product, make.make_supplier("third"), price="5500.00").pk
    draft = make.make_draft(family.aigul, make.fields_for((family.diapers, family.diaper_offer, 2)))
    make.save(draft.pk, family.aigul, {"line.a.fallback": [other, third]})
    monday.shift(60)
    make.save(draft.pk, family.aigul, {"line.a.next1": str(third), "line.a.next2": ""})
    page = goods(signed_in(family.aigul), draft).content.decode()
    assert re.search(rf'<option value="{third}" selected', page)
    monday.shift(60)
    make.save(draft.pk, family.aigul, {"line.a.fallback": [other]})

    order = Order.objects.get(number=make.submit(Draft.objects.get(), family.aigul).body["orders"][0]["number"])
    assert order.fallback == {"a": [other]}


def test_the_same_offer_twice_is_named_at_the_first_place(family, signed_in):  # noqa: F811
    other = str(family.other_diaper_offer.pk)
    draft = make.make_draft(family.aigul, make.fields_for((family.diapers, family.diaper_offer, 2)))
    third = make.make_offer(family.diaper_offer.product, make.make_supplier("third"), price="5500.00")
    client, url = signed_in(family.aigul), f"/en/applications/{draft.pk}/goods/"
    fields = posted(goods(client, draft), **{"line.a.next1": other, "line.a.next2": other})
    answer = client.post(url, fields)

    assert answer.status_code == 422
    assert 'id="id_line.a.next1-error"' in answer.content.decode()
    assert Order.objects.count() == 0 and third


def test_passing_on_never_brings_fewer_pieces_and_keeps_the_consent(family, sizes):
    """60 pieces in packs of 30 are 3 packs of 20; 70 pieces would be 4 of 20, never 3."""
    StockRecord.objects.filter(pk=family.diaper_offer.pk).update(pack_size=35, price="6650.00")
    order = family.order(2, **{"line.a.next1": sizes.pk})
    assert order.lines.get().units == 70
    fulfilment.decline(number=order.number, actor=family.yerlan, reason="жоқ")

    line = order.passed_on.get().lines.get()
    assert (line.quantity, line.units) == (4, 80)
    first, second = Event.objects.filter(kind="order.sent").order_by("pk")
    draft = Draft.objects.get()
    agreed = draft.fields["consent.terms"]
    assert second.data["consent"] == first.data["consent"]
    assert second.data["consent"] == {
        "field": "consent.terms",
        "ver": agreed["ver"],
        "by": family.aigul.pk,
        "at": agreed["at"],
    }
    assert second.data["places"] == {"a": 1} and second.data["previous"] == order.number


def test_an_offer_whose_whole_packs_exceed_the_norm_is_passed_over(family, sizes):
    """The quarter gives 365 pieces: 360 in packs of 30 fit, 360 in packs of 200 would be 400."""
    big = make.make_offer(family.diaper_offer.product, make.make_supplier("big"), price="100.00", pack_size=200)
    order = family.order(12, **{"line.a.next1": big.pk, "line.a.next2": family.other_diaper_offer.pk})
    fulfilment.decline(number=order.number, actor=family.yerlan, reason="жоқ")
    following = order.passed_on.get()
    assert following.partner == family.altyn
    assert Event.objects.filter(kind="order.sent").latest("pk").data["places"] == {"a": 2}


def test_another_product_is_named_with_whether_it_fits(family, sizes, signed_in):  # noqa: F811
    draft = make.make_draft(family.aigul, make.fields_for((family.diapers, family.diaper_offer, 2)))
    page = goods(signed_in(family.aigul), draft).content.decode()
    listed = options(page, "line.a.next1")
    assert "Does not fit" in listed[str(sizes.pk)] and "3–6 kg, you need 17 kg" in listed[str(sizes.pk)]
    assert "fit" not in listed[str(family.other_diaper_offer.pk)], "the same product fits as the chosen one"
    assert "9–20 kg, you need 17 kg: this fits" in page.replace("\u00a0", " ")
    check = signed_in(family.aigul).get(f"/en/applications/{draft.pk}/check/").content.decode()
    assert "9–20 kg, you need 17 kg: this fits" in check.replace("\u00a0", " ")


def test_measures_in_the_application_count_before_the_known_ones(family, sizes, signed_in):  # noqa: F811
    fields = make.fields_for((family.diapers, family.diaper_offer, 2)) | {"measures.mass_g": 25000}
    draft = make.make_draft(family.aigul, fields)
    page = goods(signed_in(family.aigul), draft).content.decode().replace("\u00a0", " ")
    assert "9–20 kg, you need 25 kg" in page and "Does not fit" in page


def test_the_check_page_lists_who_is_asked_next_in_order(family, signed_in):  # noqa: F811
    fields = make.fields_for((family.diapers, family.diaper_offer, 2)) | {
        "line.a.next1": family.other_diaper_offer.pk,
    }
    draft = make.make_draft(family.aigul, fields)
    page = signed_in(family.aigul).get(f"/en/applications/{draft.pk}/check/").content.decode()
    assert ("If the supplier declines" in page and "1. Бала жөргегі kk" in page) or "1. Бала жөргегі" in page


# --- Made to measure ------------------------------------------------------------------------------


@pytest.fixture
def corset(family):
    ProductClass.objects.filter(pk=family.walker_type.pk).update(made_to_measure=True)
    types.forget()
    refresh_documents()
    return make.fields_for((family.walker, family.walker_offer, 1))


def test_a_wish_for_the_fitting_goes_with_the_order_to_whom_sees_the_contact(family, corset, signed_in, index_folder):  # noqa: F811
    draft = make.make_draft(family.aigul, corset)
    client, url = signed_in(family.aigul), f"/en/applications/{draft.pk}/goods/"
    page = goods(client, draft)
    assert "It is made to your measure after a fitting." in page.content.decode()
    client.post(url, posted(page, **{"line.a.fitting": "Үйде, сағат 15-тен кейін"}))
    assert "Үйде, сағат 15-тен кейін" in client.get(f"/en/applications/{draft.pk}/check/").content.decode()

    number = make.submit(Draft.objects.get(), family.aigul).body["orders"][0]["number"]
    assert Order.objects.get(number=number).lines.get().fitting_wish == "Үйде, сағат 15-тен кейін"
    supplier = signed_in(family.natalya)
    assert "Үйде" not in supplier.get(f"/en/supplier/orders/{number}/").content.decode()
    fulfilment.confirm(number=number, actor=family.natalya)
    assert "Үйде" in supplier.get(f"/en/supplier/orders/{number}/").content.decode()
    data = supplier.get(f"/api/v1/orders/{number}").json()
    assert list(data["fitting_wishes"].values()) == ["Үйде, сағат 15-тен кейін"]


def test_a_wish_that_is_too_long_is_refused_and_kept_and_goods_off_the_shelf_ask_for_none(family, corset, signed_in):  # noqa: F811
    draft = make.make_draft(family.aigul, corset | {"line.a.fitting": "а" * 301})
    with pytest.raises(Exception) as refused:
        make.submit(draft, family.aigul)
    assert "line.a.fitting" in {error.field for error in refused.value.errors}
    assert Order.objects.count() == 0

    ProductClass.objects.update(made_to_measure=False)
    types.forget()
    other = make.make_draft(family.aigul, make.fields_for((family.diapers, family.diaper_offer, 1)))
    assert "line.a.fitting" not in goods(signed_in(family.aigul), other).content.decode()
    assert uuid.UUID(str(other.pk))
