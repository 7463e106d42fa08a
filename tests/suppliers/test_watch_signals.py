"""Invitations of suppliers, and signals that suppliers act together."""

from datetime import timedelta
from decimal import Decimal

import pytest
import time_machine
from django.db import transaction
from django.utils import timezone

from marketplace import events, outbox
from marketplace.errors import Forbidden, Invalid, NotFound
from marketplace.models import Event, Notice, Region, Role
from suppliers.models import Invitation, MarketCell, Partner, Signal, StockRecord
from suppliers.watch import cells, collusion, inviting, signals
from tests import factories as make

BACKEND = "django.contrib.auth.backends.ModelBackend"


@pytest.fixture
def walker(db):
    make.make_rules()
    for place, code in enumerate(make.REGIONS):  # Shymkent touches East Kazakhstan here, Almaty does not
        make.make_region(code)
        Region.objects.filter(pk=code).update(tile_column=(0, 1, 5)[place])
    return make.make_product(make.make_type())


@pytest.fixture
def ministry(db):
    return make.make_user("ministry", Role.REVIEWER)


def empty_cell(product, region="KZ-63"):
    return MarketCell.objects.get(type=product.product_class_id, region=region)


# --- Invitations


@pytest.fixture
def near_and_far(walker):
    """Two who sell it next door and far away, one with a near kind next door, one without an account."""
    rollator = make.make_product(make.make_type("rollator"), "Rollator")
    make.make_offer(walker, make.make_supplier("far", login="far"), regions=["KZ-75"])
    make.make_offer(walker, make.make_supplier("next-door", login="nextdoor"), regions=["KZ-79"])
    make.make_offer(rollator, make.make_supplier("near-kind", login="nearkind"), regions=["KZ-79"])
    make.make_offer(rollator, make.make_supplier("too-far", login="toofar"), regions=["KZ-75"])
    make.make_offer(walker, make.make_supplier("nobody-there"), regions=["KZ-79"])
    cells.catch_up()
    return walker


@pytest.mark.django_db(transaction=True)
def test_suppliers_next_door_and_of_near_kinds_are_invited_once_in_the_period(near_and_far, ministry):
    cell = empty_cell(near_and_far)
    invitation = inviting.invite(cell_id=cell.pk, actor=ministry)
    assert invitation.suppliers == ["next-door", "far", "near-kind"]
    assert Event.objects.get(kind="market.invited").data["suppliers"] == invitation.suppliers
    outbox.drain()
    outbox.revive()
    assert set(Notice.objects.values_list("recipient__username", flat=True)) == {"nextdoor", "far", "nearkind"}
    assert "child-walker ru" in Notice.objects.first().text
    with pytest.raises(inviting.InvitedLately):
        inviting.invite(cell_id=cell.pk, actor=ministry)
    assert Invitation.objects.count() == 1
    with time_machine.travel(timezone.now() + timedelta(days=30)):
        StockRecord.objects.update(stock_confirmed_at=timezone.now())
        inviting.invite(cell_id=cell.pk, actor=ministry)
    assert Invitation.objects.count() == 2


@pytest.mark.django_db(transaction=True)
def test_nobody_is_invited_without_need_or_right(near_and_far, ministry):
    cell = empty_cell(near_and_far)
    for actor, error in ((make.make_user("auditor", Role.AUDITOR), Forbidden),):
        with pytest.raises(error):
            inviting.invite(cell_id=cell.pk, actor=actor)
    with pytest.raises(NotFound):
        inviting.invite(cell_id=empty_cell(near_and_far, "").pk, actor=ministry)
    MarketCell.objects.filter(pk=cell.pk).update(choice_index=2.0)
    with pytest.raises(inviting.EnoughChoice):
        inviting.invite(cell_id=cell.pk, actor=ministry)
    StockRecord.objects.update(status="withdrawn")
    MarketCell.objects.filter(pk=cell.pk).update(choice_index=0)
    with pytest.raises(inviting.NobodyToInvite):
        inviting.invite(cell_id=cell.pk, actor=ministry)
    assert not Invitation.objects.exists() and not Event.objects.exists()


def test_who_belongs_to_a_group_that_sells_there_adds_no_choice(near_and_far):
    make.make_offer(near_and_far, make.make_supplier("seller", bin="131340007006"), regions=["KZ-63"])
    Partner.objects.filter(code="next-door").update(group_bin="131340007006")
    assert inviting.candidates(empty_cell(near_and_far), 20) == ["far", "near-kind"]
    assert inviting.candidates(empty_cell(near_and_far), 1) == ["far"]


@pytest.mark.django_db(transaction=True)
def test_the_clock_invites_where_people_ask_and_only_once(near_and_far):
    assert inviting.invite_due() == 0, "nobody asks for it"
    MarketCell.objects.filter(pk=empty_cell(near_and_far).pk).update(asked=3)
    assert (inviting.invite_due(), inviting.invite_due()) == (1, 0)
    assert Invitation.objects.get().sent_by is None


def test_the_ministry_invites_from_the_list(client, near_and_far, ministry, monkeypatch):
    monkeypatch.setattr(transaction, "atomic", _not_durable(transaction.atomic))
    client.force_login(ministry, BACKEND)
    cell = empty_cell(near_and_far)
    address = f"/en/review/market/cells/{cell.pk}/invite/"
    assert address in client.get("/en/review/market/cells/?region=KZ-63").content.decode()
    page = client.post(address, {"region": "KZ-63"}, follow=True).content.decode()
    assert "3 suppliers are invited." in page and address not in page
    assert "Suppliers were invited a short time ago." in client.post(address, follow=True).content.decode()
    assert Invitation.objects.get().sent_by == ministry


def _not_durable(atomic):
    def inner(*args, durable=False, **kwargs):
        return atomic(*args, **kwargs)

    return inner


# --- Signals


def found(kind):
    return [finding for function in signals._sources for finding in function() if finding.kind == kind]


def old(offer, days=60):
    StockRecord.objects.filter(pk=offer.pk).update(date_created=timezone.now() - timedelta(days=days))
    return offer


@pytest.fixture
def twins(walker):
    """Two independent suppliers with the same price of three products for two months, a third one that differs."""
    one, other, third = (make.make_supplier(code) for code in ("altyn", "jarqyn", "qadam"))
    for number in range(3):
        product = make.make_product(walker.product_class, f"Walker {number}")
        for supplier, price in ((one, "142000.00"), (other, "142000.00"), (third, "143000.00")):
            old(make.make_offer(product, supplier, price=price))
    return one, other, third


def test_the_same_prices_of_several_products_for_long_are_a_signal_with_its_evidence(twins):
    (finding,) = found("same_price")
    assert (finding.parties, finding.strength) == (("altyn", "jarqyn"), 3)
    line = collusion._same_price_line(finding.evidence[0])
    assert "Walker 0" in line and "142" in line


@pytest.mark.parametrize(
    "change",
    [
        lambda: StockRecord.objects.filter(partner__code="jarqyn", product__title_en="Walker 0 en").update(
            price="1.00"
        ),
        lambda: StockRecord.objects.filter(partner__code="jarqyn").update(pack_size=2),
        lambda: StockRecord.objects.update(date_created=timezone.now() - timedelta(days=29)),
        lambda: Partner.objects.filter(code__in=["altyn", "jarqyn"]).update(group_bin="131340007006"),
        lambda: StockRecord.objects.filter(partner__code="jarqyn").update(status="withdrawn"),
    ],
)
def test_fewer_other_younger_declared_or_withdrawn_prices_are_none(twins, change):
    change()
    assert found("same_price") == []


def test_a_price_that_was_changed_lately_was_not_held_for_long(twins):
    for offer in StockRecord.objects.filter(partner__code="jarqyn"):
        change(offer, timezone.now() - timedelta(days=3))
    assert found("same_price") == []


def test_a_price_that_many_ask_is_a_tariff(twins, walker):
    for number in range(4):
        supplier = make.make_supplier(f"more-{number}")
        for offer in StockRecord.objects.filter(partner__code="altyn"):
            old(make.make_offer(offer.product, supplier, price="142000.00"))
    assert found("same_price") == []


def change(offer, at, before="100.00", after="110.00"):
    data = {"before": {"price": before, "stock": 1}, "after": {"price": after, "stock": 1}}
    events.record(kind="offer.updated", subject=f"offer:{offer.pk}", actor=None, data=data, at=at)


def test_prices_changed_in_the_same_minute_again_and_again(walker):
    one, other = (make.make_offer(walker, make.make_supplier(code)) for code in ("altyn", "jarqyn"))
    start = timezone.now().replace(second=5) - timedelta(days=10)
    for day in range(2):
        for offer in (one, other):
            change(offer, start + timedelta(days=day, seconds=offer.pk % 30))
    change(one, start + timedelta(days=3))
    change(other, start + timedelta(days=3, minutes=1))  # the next minute
    change(one, start + timedelta(days=4), after="100.00")  # a stock alone
    change(other, start + timedelta(days=4), after="100.00")
    assert found("same_minute") == []
    for offer in (one, other):
        change(offer, start + timedelta(days=5))
    (finding,) = found("same_minute")
    assert (finding.parties, finding.strength) == (("altyn", "jarqyn"), 3)


@pytest.mark.parametrize(
    ("what", "one", "other"),
    [
        ("phone", "8 (7232) 00-00-61", "+7 7232 000061"),
        ("email", "Shop@demo.invalid", "shop@demo.invalid"),
        ("address", "Өскемен қ., Протозанов көшесі, 0", "өскемен қ. протозанов көшесі 0"),
    ],
)
def test_a_shared_contact_is_found_however_it_is_written(walker, what, one, other):
    make.make_supplier("altyn", **{what: one})
    jarqyn = make.make_supplier("jarqyn", **{what: other})
    make.make_supplier("qadam", phone="1414")
    (finding,) = found("shared_contact")
    assert (finding.parties, [row["what"] for row in finding.evidence]) == (("altyn", "jarqyn"), [what])
    Partner.objects.filter(pk=jarqyn.pk).update(group_bin=Partner.objects.get(code="altyn").bin)
    assert found("shared_contact") == []


def test_one_account_that_works_for_two_suppliers(walker):
    altyn = make.make_supplier("altyn", login="gani")
    make.make_supplier("jarqyn").users.add(altyn.users.get())
    (finding,) = found("shared_contact")
    assert finding.evidence == [{"what": "account", "value": ""}]


@pytest.fixture
def signal(twins, monkeypatch):
    monkeypatch.setattr(transaction, "atomic", _not_durable(transaction.atomic))
    assert signals.sweep() == 1
    return Signal.objects.get()


def test_a_sweep_twice_is_the_same_and_what_is_not_seen_any_more_goes(signal):
    assert signals.sweep() == 1
    assert Signal.objects.count() == 1
    StockRecord.objects.filter(partner__code="jarqyn").update(price=Decimal("1.00"))
    assert signals.sweep() == 0
    assert Signal.objects.get().state == "gone"


def test_a_dismissed_signal_comes_back_only_when_it_gets_stronger(signal, ministry, walker):
    signals.dismiss(signal_id=signal.pk, actor=ministry, reason="One distributor")
    assert Event.objects.get(kind="market-signal.dismiss").reason == "One distributor"
    assert signals.sweep() == 0
    for code in ("altyn", "jarqyn"):
        old(make.make_offer(walker, Partner.objects.get(code=code), price="9000.00"))
    assert signals.sweep() == 1
    assert (Signal.objects.get().state, Signal.objects.get().strength) == ("open", 4)


def test_only_the_ministry_dismisses_and_only_with_a_reason(signal, ministry):
    for actor, reason, error in (
        (make.make_user("auditor", Role.AUDITOR), "One distributor", Forbidden),
        (ministry, " ", Invalid),
    ):
        with pytest.raises(error):
            signals.dismiss(signal_id=signal.pk, actor=actor, reason=reason)
    with pytest.raises(NotFound):
        signals.dismiss(signal_id=signal.pk + 1, actor=ministry, reason="One distributor")
    assert Signal.objects.get().state == "open" and not Event.objects.exists()


@pytest.mark.parametrize(
    ("role", "status"),
    [(Role.REVIEWER, 200), (Role.AUDITOR, 404), (Role.ADMIN, 403), (Role.INSPECTOR, 403), (Role.SUPPLIER, 403)],
)
def test_signals_are_for_the_ministry_and_alerts_for_the_auditor_too(client, signal, role, status):
    client.force_login(make.make_user("someone", role), BACKEND)
    page = client.get("/en/review/market/signals/")
    assert page.status_code == (200 if role == Role.AUDITOR else status)
    assert b"Walker" not in page.content or role == Role.REVIEWER
    assert client.get(f"/en/review/market/signals/{signal.pk}/").status_code == status


def test_a_signal_is_read_and_dismissed_on_its_page(client, signal, ministry):
    client.force_login(ministry, BACKEND)
    page = client.get("/en/review/market/signals/").content.decode()
    assert "Walker 2 en" in page and "A signal is no proof" in page
    address = f"/en/review/market/signals/{signal.pk}/"
    assert client.post(address, {"reason": ""}).status_code == 422
    assert client.post(address, {"reason": "One distributor"}).status_code == 302
    assert "One distributor" in client.get("/en/review/market/signals/").content.decode()
    assert client.get("/en/review/market/signals/999/").status_code == 404
