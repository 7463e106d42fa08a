"""The same as last time: ready when the next part of the norm opens, told once, never sent by itself."""

import uuid
from datetime import date, datetime
from typing import Any

import pytest
from django.db import transaction
from django.test import Client
from django.utils import timezone

from catalog import types
from complaints.demo import prepared as demo
from marketplace import outbox
from marketplace.drafts import saving
from marketplace.errors import Invalid
from marketplace.models import Draft, DraftSave, Event, Notice
from orders import choosing, clocks, entitlements, fulfilment, repeat, shapes
from orders.models import Entitlement, Order, Tranche
from orders.review import most_fallbacks
from suppliers.models import StockRecord
from tests.concurrency.threads import Meeting
from tests.marketplace.racing import together
from tests.orders import factories as make

NEW_YEAR = "2027-01-01T00:00:10+05:00"


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


def hand_over(order: Order, monday: Any) -> Order:
    """The goods reach the person and are accepted."""
    supplier = order.partner.users.get()
    fulfilment.confirm(number=order.number, actor=supplier)
    fulfilment.ship(number=order.number, actor=supplier)
    fulfilment.deliver(number=order.number, actor=supplier, code=shapes.delivery_code(order))
    owner = order.placed_by
    return fulfilment.accept(number=order.number, actor=owner)


@pytest.fixture
def delivered(family, monday) -> Order:
    """Four packs of diapers of last autumn, with a comment for the courier and a next choice."""
    more = {"delivery.comment": "Есікті қағыңыз", "line.a.fallback": [family.other_diaper_offer.pk]}
    return hand_over(family.order(4, **more), monday)


def new_year(monday) -> None:
    """The first quarter of 2027 opens; the clock sees it, the handlers do their work."""
    monday.move_to(NEW_YEAR)
    StockRecord.objects.update(stock_confirmed_at=timezone.now())
    clocks.run(at(NEW_YEAR))
    outbox.drain()


def prepared() -> Draft:
    return Draft.objects.get(fields__has_key="repeat")


def none_prepared() -> bool:
    return not Draft.objects.filter(fields__has_key="repeat").exists()


@pytest.fixture
def signed_in(family):
    def client(user) -> Client:
        found = Client()
        found.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
        return found

    return client


# --- When a part opens ----------------------------------------------------------------------------


def test_the_application_is_ready_on_the_first_day(family, delivered, monday):
    monday.move_to("2026-12-31T23:59:59+05:00")
    clocks.run(at("2026-12-31T23:59:59+05:00"))
    outbox.drain()
    assert none_prepared()
    new_year(monday)

    draft = prepared()
    assert (draft.status, draft.kind, draft.beneficiary, draft.author) == ("open", "order", family.alihan, family.aigul)
    values = {name: entry["v"] for name, entry in draft.fields.items() if name != "repeat"}
    assert values == {
        "line.a.entitlement": family.diapers.pk,
        "line.a.offer": family.diaper_offer.pk,
        "line.a.quantity": 4,
        "line.a.fallback": [family.other_diaper_offer.pk],
        "contact.name": "Айгүл Нұрланова",
        "contact.phone": "+77000000011",
        "contact.channel": "sms",
        "delivery.region": "KZ-63",
        "delivery.address": make.ADDRESS,
        "delivery.comment": "Есікті қағыңыз",
    }
    save = DraftSave.objects.get(draft=draft)
    assert (save.device, save.actor, save.rev, len(save.ops)) == ("portal", family.aigul, 1, 10)
    event = Event.objects.get(kind="draft.prepared")
    assert (event.actor, event.on_behalf_of, event.subject) == (None, family.alihan, f"draft:{draft.pk}")
    notice = Notice.objects.get(kind="tranche.opened")
    assert notice.recipient == family.aigul
    assert "қаңтар–наурыз" in notice.title
    assert f"/kk/applications/{draft.pk}/" in notice.text
    assert Order.objects.count() == 1  # nothing is ordered by itself


def test_the_clock_and_the_handler_may_run_twice(family, delivered, monday):
    new_year(monday)
    draft = prepared()
    clocks.run(at(NEW_YEAR))
    tranche = Tranche.objects.get(entitlement=family.diapers, opens_on="2027-01-01")
    with transaction.atomic():
        outbox.add("tranche.opened", str(tranche.pk))
    outbox.drain()
    assert prepared() == draft and DraftSave.objects.filter(draft=draft).count() == 1
    # Put aside is put aside: the part is the same, there is no second application for it.
    saving.discard(draft_id=draft.pk, actor=family.aigul)
    with transaction.atomic():
        assert repeat.prepare(tranche_id=tranche.pk, now=timezone.now()) is None
    assert Draft.objects.filter(fields__has_key="repeat").count() == 1


def test_it_is_sent_only_with_the_persons_consent(family, delivered, monday):
    new_year(monday)
    draft = prepared()
    assert draft.value("consent.terms") is None
    with pytest.raises(Invalid) as refused:
        make.submit(draft, family.aigul)
    assert [error.field for error in refused.value.errors] == ["consent.terms"]
    make.save(draft.pk, family.aigul, {"consent.terms": True})
    answer = make.submit(draft, family.aigul, key="key-2")
    assert answer.status == 201
    tranche = Tranche.objects.get(entitlement=family.diapers, opens_on="2027-01-01")
    assert (tranche.reserved_quantity, tranche.free_quantity) == (120, 245)


def test_packs_follow_the_pack_of_today_and_stay_within_the_part(family, monday):
    hand_over(family.order(12), monday)  # 360 pieces
    StockRecord.objects.filter(pk=family.diaper_offer.pk).update(pack_size=28, price="6100.00")
    new_year(monday)
    draft = prepared()
    assert draft.value("line.a.quantity") == 13  # 364 of 365 pieces, no fewer than last time


def test_a_smaller_part_takes_fewer_packs(family, monday):
    hand_over(family.order(12), monday)
    Tranche.objects.filter(entitlement=family.diapers, opens_on="2027-01-01").update(quantity=100)
    new_year(monday)
    assert prepared().value("line.a.quantity") == 3  # 90 of 100 pieces


def test_a_pack_larger_than_the_part_is_left_to_the_person(family, delivered, monday, signed_in):
    StockRecord.objects.filter(pk=family.diaper_offer.pk).update(pack_size=400)
    new_year(monday)
    draft = prepared()
    assert draft.value("line.a.quantity") is None
    page = signed_in(family.aigul).get(f"/en/applications/{draft.pk}/goods/").content.decode()
    assert "A whole pack does not fit into your norm now. Choose another offer." in page


# --- When nothing is prepared ----------------------------------------------------------------------


def told_plainly() -> bool:
    notice = Notice.objects.get(kind="tranche.opened")
    return "365" in notice.text and "/applications/" not in notice.text


def test_not_without_goods_that_reached_the_person(family, monday):
    family.order(4)  # sent, never answered
    new_year(monday)
    assert none_prepared() and told_plainly()


def test_not_while_an_application_for_it_is_open(family, delivered, monday):
    other = make.make_draft(family.aigul, {"line.x.entitlement": str(family.diapers.pk)})
    new_year(monday)
    assert none_prepared() and told_plainly()
    assert Draft.objects.get(status="open") == other


def test_an_open_application_for_something_else_does_not_matter(family, delivered, monday):
    make.make_draft(family.aigul, make.fields_for((family.walker, family.walker_offer, 1)))
    new_year(monday)
    assert prepared().value("line.a.quantity") == 4


def test_not_when_the_person_turned_it_off(family, delivered, monday):
    repeat.turn(entitlement_id=family.diapers.pk, actor=family.aigul, on=False)
    repeat.turn(entitlement_id=family.diapers.pk, actor=family.aigul, on=False)
    assert Event.objects.filter(kind="entitlement.repeat_off").count() == 1
    new_year(monday)
    assert none_prepared() and told_plainly()


def test_not_when_the_line_is_suspended(family, delivered, monday):
    entitlements.change(entitlement_id=family.diapers.pk, action="suspend", actor=family.gulnar, reason="тексеру")
    new_year(monday)
    assert none_prepared() and not Notice.objects.filter(kind="tranche.opened").exists()


def test_not_when_goods_were_rejected(family, monday):
    order = family.order(4)
    supplier = order.partner.users.get()
    fulfilment.confirm(number=order.number, actor=supplier)
    fulfilment.ship(number=order.number, actor=supplier)
    fulfilment.deliver(number=order.number, actor=supplier, code=shapes.delivery_code(order))
    fulfilment.reject(number=order.number, actor=family.aigul, reason="Өлшемі келмейді")
    new_year(monday)
    assert none_prepared()


def test_what_lasts_for_a_term_of_use_is_not_repeated(family, delivered):
    assert repeat.is_repeatable(family.diapers) and not repeat.is_repeatable(family.walker)
    family.diapers.product_type.made_to_measure = True
    assert not repeat.is_repeatable(family.diapers)


def test_the_latest_order_counts(family, monday):
    hand_over(family.order(2), monday)
    monday.move_to("2026-11-24T10:00:00+05:00")
    hand_over(family.order(5, **{"delivery.comment": "Қақпа жабық"}), monday)
    monday.move_to("2026-11-25T10:00:00+05:00")
    family.order(1)  # still on its way: not known to suit
    new_year(monday)
    draft = prepared()
    assert draft.value("line.a.quantity") == 5 and draft.value("delivery.comment") == "Қақпа жабық"


# --- What the person sees --------------------------------------------------------------------------


def test_home_and_list_show_it_first_in_packs_and_pieces(family, delivered, monday, signed_in):
    new_year(monday)
    draft = prepared()
    parent = signed_in(family.aigul)
    for url in ("/en/", "/en/applications/"):
        page = parent.get(url).content.decode()
        assert "Ready to check: same as last time" in page
        assert "4 packs (120 pieces)" in page.replace("\xa0", " ")
        assert f"/en/applications/{draft.pk}/" in page
    home = parent.get("/en/").content.decode()
    assert home.index("Ready to check") < home.index("What your programme gives")
    assert home.count(f"/en/applications/{draft.pk}/") == 2  # the link and the button that puts it aside
    assert "Ready to check" not in signed_in(family.marat).get("/en/").content.decode()


def test_every_page_says_what_changed(family, delivered, monday, signed_in):
    StockRecord.objects.filter(pk=family.diaper_offer.pk).update(price="6100.00", pack_size=28)
    new_year(monday)
    draft = prepared()
    parent = signed_in(family.aigul)
    for path in ("", "goods/", "check/"):
        page = parent.get(f"/en/applications/{draft.pk}/{path}").content.decode().replace("\xa0", " ")
        assert "The price of a pack changed: 5,700 ₸ last time, 6,100 ₸ now." in page, path
        assert "The pack changed: 30 pieces last time, 28 pieces now." in page
        assert "Last time you got 4 packs (120 pieces), now it is 5 packs (140 pieces)." in page
    assert delivered.number in parent.get(f"/en/applications/{draft.pk}/").content.decode()


def test_an_offer_that_is_gone_leads_to_the_alternatives(family, delivered, monday, signed_in):
    StockRecord.objects.filter(pk=family.diaper_offer.pk).update(status=StockRecord.Status.WITHDRAWN)
    new_year(monday)
    draft = prepared()
    parent = signed_in(family.aigul)
    url = f"/en/applications/{draft.pk}/goods/"
    page = parent.get(url).content.decode().replace("\xa0", " ")
    assert "The offer of last time cannot be ordered now. This offer is no longer sold. Choose another one." in page
    assert f'name="_take" value="a:{family.other_diaper_offer.pk}:4"' in page
    assert "4 packs (120 pieces)" in page
    answer = parent.post(url, {"_take": f"a:{family.other_diaper_offer.pk}:4", "_key": "k", "line.a.quantity": "4"})
    assert (answer.status_code, answer.url) == (302, url)
    draft.refresh_from_db()
    assert draft.value("line.a.offer") == family.other_diaper_offer.pk
    assert (draft.value("line.a.quantity"), draft.value("line.a.fallback")) == (4, [])
    page = parent.get(url).content.decode()
    assert "last time" not in page.split("<form", 2)[-1]


def test_it_is_put_aside_with_one_button(family, delivered, monday, signed_in):
    new_year(monday)
    draft = prepared()
    parent = signed_in(family.aigul)
    assert parent.post(f"/en/applications/{draft.pk}/discard/").status_code == 200
    draft.refresh_from_db()
    assert draft.status == "discarded"
    assert "Ready to check" not in parent.get("/en/").content.decode()


def test_the_person_turns_it_off_and_on_by_buttons(family, delivered, monday, signed_in):
    parent = signed_in(family.aigul)
    url = f"/en/programme/{family.diapers.pk}/repeat/"
    assert url in parent.get("/en/programme/").content.decode()
    assert f"/en/programme/{family.walker.pk}/repeat/" not in parent.get("/en/programme/").content.decode()
    assert parent.post(url, {"on": "0"}).url == "/en/programme/"
    assert not Entitlement.objects.get(pk=family.diapers.pk).repeats
    assert parent.post(url, {"on": "1"}).url == "/en/programme/"
    assert Entitlement.objects.get(pk=family.diapers.pk).repeats
    for stranger in (family.marat, family.dina):
        assert signed_in(stranger).post(url, {"on": "0"}).status_code == 404
    assert signed_in(family.gulnar).post(url, {"on": "0"}).status_code == 403
    assert Entitlement.objects.get(pk=family.diapers.pk).repeats
    assert Event.objects.filter(kind__startswith="entitlement.repeat").count() == 2


def test_pages_of_a_prepared_application_stay_within_their_queries(
    family, delivered, monday, signed_in, django_assert_max_num_queries
):
    new_year(monday)
    draft = prepared()
    types.book(), most_fallbacks.get()  # a process keeps them for a minute
    for user in (family.aigul, family.gulnar):
        client = signed_in(user)
        for path in ("", "goods/", "check/"):
            with django_assert_max_num_queries(12):
                assert client.get(f"/ru/applications/{draft.pk}/{path}").status_code == 200
    parent = signed_in(family.aigul)
    for path in ("", "applications/", f"orders/{delivered.number}/"):
        with django_assert_max_num_queries(12):
            assert parent.get(f"/ru/{path}").status_code == 200


# --- The button of an order ----------------------------------------------------------------------


def button_key(page: str) -> str:
    return page.split('name="key" value="')[1].split('"')[0]


def test_order_the_same_again_when_the_norm_has_a_rest(family, delivered, signed_in):
    parent = signed_in(family.aigul)
    url = f"/en/orders/{delivered.number}/"
    page = parent.get(url).content.decode()
    assert "Order the same again" in page
    key = button_key(page)
    answer = parent.post(f"{url}again/", {"key": key})
    draft = prepared()
    assert answer.url == f"/en/applications/{draft.pk}/"
    assert (draft.value("line.a.quantity"), draft.value("consent.terms")) == (4, None)
    assert Event.objects.get(kind="draft.prepared").actor == family.aigul
    # Pressed twice, and pressed later: the same application while it is open.
    assert parent.post(f"{url}again/", {"key": key}).url == answer.url
    assert parent.post(f"{url}again/", {"key": uuid.uuid4().hex}).url == answer.url
    assert Draft.objects.filter(fields__has_key="repeat").count() == 1


def test_the_button_is_not_there_without_a_rest_or_before_the_goods(family, monday, signed_in):
    parent = signed_in(family.aigul)
    sent = family.order(2)
    assert "Order the same again" not in parent.get(f"/en/orders/{sent.number}/").content.decode()
    assert parent.post(f"/en/orders/{sent.number}/again/", {"key": "k"}).status_code == 404
    done = hand_over(sent, monday)
    Tranche.objects.filter(entitlement=family.diapers, opens_on="2026-10-01").update(quantity=60)
    assert "Order the same again" not in parent.get(f"/en/orders/{done.number}/").content.decode()
    answer = parent.post(f"/en/orders/{done.number}/again/", {"key": "k"}, follow=True)
    assert "Your norm for this period is used up." in answer.content.decode()
    assert none_prepared()


def test_who_may_press_it(family, delivered, signed_in):
    url = f"/en/orders/{delivered.number}/again/"
    for stranger in (family.marat, family.dina):
        assert signed_in(stranger).post(url, {"key": "k"}).status_code == 404
    for stranger in (family.yerlan, family.gani):
        assert signed_in(stranger).post(url, {"key": "k"}).status_code == 403
    assert none_prepared()
    office = signed_in(family.gulnar)
    assert "Order the same again" in office.get(f"/en/orders/{delivered.number}/").content.decode()
    assert office.post(url, {"key": "k"}).status_code == 302
    assert prepared().author == family.gulnar


# --- Two at once -----------------------------------------------------------------------------------


def race(family) -> int:
    """Four workers prepare the same part at the same moment; returns how many applications there are then."""
    tranche = Tranche.objects.get(entitlement=family.diapers, opens_on=date(2027, 1, 1))

    def one(number: int) -> None:
        with transaction.atomic(durable=True):
            repeat.prepare(tranche_id=tranche.pk, now=at(NEW_YEAR))

    together(one, 4)
    return Draft.objects.filter(fields__has_key="repeat").count()


@pytest.mark.django_db(transaction=True)
def test_two_beats_prepare_one_application(family, delivered, monday):
    monday.move_to(NEW_YEAR)
    assert race(family) == 1
    assert DraftSave.objects.filter(device="portal").count() == 1


@pytest.mark.django_db(transaction=True)
def test_control_without_lock_and_name_there_are_several(family, delivered, monday, monkeypatch):
    monday.move_to(NEW_YEAR)
    unlocked = Tranche.objects.select_related("entitlement__product_type", "entitlement__beneficiary")
    monkeypatch.setattr(repeat, "_locked", lambda pk: unlocked.get(pk=pk))
    all_looked = Meeting(4)  # nobody writes before everybody has seen that there is none

    def any_name(tranche: Tranche) -> uuid.UUID:
        all_looked.wait()
        return uuid.uuid4()

    monkeypatch.setattr(repeat, "_id_for", any_name)
    assert race(family) > 1


def test_new_goods_do_not_slip_into_a_prepared_application(family, delivered, monday):
    new_year(monday)
    ready = prepared()
    other = choosing.choose_offer(actor=family.aigul, offer_id=family.walker_offer.pk)
    assert other != ready.pk
    saving.discard(draft_id=other, actor=family.aigul)
    # Once she has begun to change it, it is an application like any other.
    make.save(ready.pk, family.aigul, {"delivery.comment": "Қоңырау соғыңыз"})
    assert choosing.choose_offer(actor=family.aigul, offer_id=family.walker_offer.pk) == ready.pk


def test_the_demo_has_one_ready_with_a_photo_and_makes_it_once(
    family, delivered, monday, monkeypatch, settings, tmp_path
):
    settings.MEDIA_ROOT = tmp_path
    monkeypatch.setattr(demo, "PERSON", "alihan")
    monkeypatch.setattr(demo, "TYPE", "child-diapers")
    assert demo.make() is False  # she has ordered from this part
    monday.move_to(NEW_YEAR)
    assert demo.make() is True
    assert prepared().files.get().status == "kept"
    assert demo.make() is False
    assert Draft.objects.filter(fields__has_key="repeat").count() == 1
