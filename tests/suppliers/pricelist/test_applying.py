"""A price list changes own offers, once, and says of every row what became of it."""

from decimal import Decimal

import pytest
from django.core.files.base import ContentFile
from django.db import OperationalError, connection
from django.test.utils import CaptureQueriesContext

from catalog.models import ProductDocument
from marketplace import outbox
from marketplace.errors import Invalid
from marketplace.models import Event, OutboxRow
from suppliers import ranking
from suppliers.models import PriceList, PriceListPart, StockRecord
from suppliers.pricelist import files, jobs
from tests import factories as make
from tests.suppliers.pricelist.lists import csv_of, everything, results, send, stored, xlsx_of

pytestmark = pytest.mark.django_db


def test_prices_and_free_stock_are_set_and_told(shop):
    found = send(shop, csv_of([["A1", "", "139000,50", 20], ["A2", "", "", 6]]))
    assert (found.status, found.rows, found.changed, found.refused) == ("done", 2, 2, 0)
    assert stored(shop.a1) == (Decimal("139000.50"), 20, 3, "published"), "three promised ones lie beside the twenty"
    assert stored(shop.a2) == (Decimal("99000.00"), 6, 0, "published"), "a stock that is counted is on sale again"
    event = Event.objects.get(kind="offer.updated", subject=f"offer:{shop.a1.pk}")
    assert event.actor == shop.yerlan
    assert event.data == {
        "price_list": str(found.pk),
        "before": {"price": "142000.00", "stock": 7},
        "after": {"price": "139000.50", "stock": 20},
    }
    back = Event.objects.get(kind="offer.confirm-stock")
    assert (back.subject, back.before, back.after) == (f"offer:{shop.a2.pk}", "hidden", "published")
    refresh = OutboxRow.objects.get(topic="products.changed")
    assert refresh.payload == {"products": sorted([shop.bota.pk, shop.qulyn.pk])}


def delivery(offer: StockRecord) -> tuple[bool, Decimal | None]:
    row = StockRecord.objects.get(pk=offer.pk)
    return row.delivery_included, row.delivery_price


def test_a_list_says_what_a_delivery_costs(shop):
    head = ["sku", "product", "price", "stock", "Цена доставки"]
    found = send(shop, xlsx_of([["A1", None, None, None, 1500], ["A2", None, 98000, None, None]], head), name="a.xlsx")
    assert results(found) == [("A1", "changed", []), ("A2", "changed", [])]
    assert (delivery(shop.a1), delivery(shop.a2)) == ((False, Decimal("1500.00")), (True, None)), "empty says nothing"
    event = Event.objects.get(kind="offer.updated", subject=f"offer:{shop.a1.pk}")
    assert (event.data["before"], event.data["after"]) == ({"delivery": "0.00"}, {"delivery": "1500.00"})

    send(shop, csv_of([["A1", "", "139000", 20]]))
    assert delivery(shop.a1) == (False, Decimal("1500.00")), "a list without the column changes nothing of it"

    wrong = [["A1", None, None, None, cell] for cell in (-1, "бесплатно", "1500.005")] + [["A2", "", "", "", 30001]]
    before = everything()
    found = send(shop, xlsx_of(wrong, head), name="b.xlsx")
    assert [code for _sku, _kind, [code] in results(found)] == [
        "E2 delivery_range", "E3 number", "E4 price_places", "E5 delivery_most",
    ]  # fmt: skip
    assert everything() == before

    send(shop, xlsx_of([["A1", None, None, None, 0], ["N1", "qulyn-s", 90000, 2, 700]], head), name="c.xlsx")
    new = StockRecord.objects.get(partner=shop.jarqyn, partner_sku="N1")
    assert (delivery(shop.a1), delivery(new)) == ((True, None), (False, Decimal("700.00")))


def test_an_offer_whose_delivery_nobody_has_priced_keeps_that_until_somebody_does(shop):
    StockRecord.objects.filter(pk=shop.a1.pk).update(delivery_included=False)
    send(shop, csv_of([["A1", "", "139000", 20]]))
    assert delivery(shop.a1) == (False, None)
    head = ["sku", "product", "price", "stock", "delivery"]
    assert results(send(shop, xlsx_of([["A1", "", "", "", 0]], head), name="a.xlsx")) == [("A1", "changed", [])]
    assert delivery(shop.a1) == (True, None)


def test_our_template_says_what_deliveries_cost_and_changes_nothing(shop):
    StockRecord.objects.filter(pk=shop.a1.pk).update(delivery_included=False, delivery_price="1500.00")
    StockRecord.objects.filter(pk=shop.a2.pk).update(delivery_included=False)
    before = StockRecord.objects.order_by("pk").values_list("delivery_included", "delivery_price")
    stated = list(before)
    for kind in ("xlsx", "csv"):
        content = files.template(shop.jarqyn, kind)
        assert {one[1] for one in results(send(shop, content, name=f"own.{kind}"))} <= {"same", "changed"}
        assert list(before.all()) == stated


def test_the_change_reaches_the_documents(shop):
    send(shop, csv_of([["A1", "", "120000", ""]]))
    outbox.drain()
    assert ProductDocument.objects.get(pk=shop.bota.pk).best_price == Decimal("120000.00")


def test_a_check_says_the_same_and_changes_nothing(shop):
    rows = [["A1", "", "139000", 20], ["A1", "", "1", 1], ["Q1", "", "1", 1], ["N1", "qulyn-s", "90000", 2]]
    before = everything()
    checked = send(shop, csv_of(rows), dry_run=True)
    assert everything() == before
    applied = jobs.apply_checked(supplier_id=shop.jarqyn.pk, price_list_id=checked.pk, sent_by=shop.yerlan)
    applied = jobs.at_once(applied)
    assert results(applied) == results(checked)
    assert results(checked) == [
        ("A1", "changed", []),
        ("A1", "refused", ["A3 twice"]),
        ("Q1", "refused", ["A4 unknown_sku"]),
        ("N1", "created", []),
    ]
    again = jobs.apply_checked(supplier_id=shop.jarqyn.pk, price_list_id=checked.pk, sent_by=shop.yerlan)
    assert again.pk == applied.pk


def test_the_same_file_twice_changes_nothing(shop):
    content = csv_of([["A1", "", "139000", 20]])
    first = send(shop, content)
    StockRecord.objects.filter(pk=shop.a1.pk).update(price=Decimal("5"))  # a control: a second run would be seen
    before = everything()
    second = send(shop, content, name="renamed.csv")
    assert (second.pk, results(second)) == (first.pk, results(first))
    assert everything() == before
    assert PriceList.objects.count() == 1


def test_the_same_values_in_another_file_touch_no_offer(shop):
    send(shop, csv_of([["A1", "", "139000", 20]]))
    written = list(StockRecord.objects.order_by("pk").values_list("pk", "date_updated"))
    events, refreshes = everything()[1:]
    found = send(shop, xlsx_of([["A1", None, 139000, 20]]), name="prices.xlsx")
    assert results(found) == [("A1", "same", [])]
    assert list(StockRecord.objects.order_by("pk").values_list("pk", "date_updated")) == written
    assert everything()[1:] == (events, refreshes)


def test_an_old_list_counts_again_after_another_one(shop):
    monday, tuesday = csv_of([["A1", "", "139000", 20]]), csv_of([["A1", "", "150000", 20]])
    for content in (monday, tuesday, monday):
        found = send(shop, content)
    assert (found.round, found.changed, stored(shop.a1)[0]) == (2, 1, Decimal("139000.00"))


def test_a_foreign_offer_is_an_unknown_one(shop):
    before = everything()
    found = send(shop, csv_of([["Q1", "", "1", 1], ["Q1", "bota-50", "", ""]]))
    assert results(found)[0] == ("Q1", "refused", ["A2 unknown_sku"])
    assert results(found)[1] == ("Q1", "refused", ["C3 nothing"])
    assert everything() == before


def test_an_own_article_like_a_foreign_one_is_a_draft_of_ones_own(shop):
    before = stored(shop.q1)
    send(shop, csv_of([["Q1", "qulyn-s", "90000", 2]]))
    assert stored(shop.q1) == before
    new = StockRecord.objects.get(partner=shop.jarqyn, partner_sku="Q1")
    assert (new.status, new.product, new.price, new.net_stock_level) == ("draft", shop.qulyn, Decimal("90000.00"), 2)
    assert Event.objects.get(kind="offer.created").subject == f"offer:{new.pk}"


@pytest.mark.parametrize(
    ("row", "remark"),
    [
        (["", "bota-50", "130000", ""], None),
        (["", "secret", "130000", 1], "B2 unknown_product"),
        (["", "nowhere", "130000", 1], "B2 unknown_product"),
        (["N1", "", "130000", 1], "A2 unknown_sku"),
        (["N1", "qulyn-s", "130000", ""], "D2 needed"),
        (["N1", "qulyn-s", "", 1], "C2 needed"),
        (["A1", "qulyn-s", "130000", ""], "B2 other_product"),
        (["", "", "130000", ""], "A2 nameless"),
        (["A1", "", "", ""], "C2 nothing"),
    ],
)
def test_which_offer_a_row_means(shop, row, remark):
    found = send(shop, csv_of([row]))
    assert results(found)[0][2] == ([remark] if remark else [])
    assert stored(shop.a1)[0] == (Decimal("142000.00") if remark else Decimal("130000.00"))


def test_one_of_several_offers_of_a_product_needs_its_article(shop):
    make.make_offer(shop.bota, shop.jarqyn, partner_sku="A1-b")
    assert results(send(shop, csv_of([["", "bota-50", "1000", ""]]))) == [("bota-50", "refused", ["A2 several"])]


def test_packs_terms_and_regions(shop):
    head = ["Артикул", "Единиц в упаковке", "pack_size", "lead_days", "warranty", "regions"]
    found = send(
        shop,
        xlsx_of([["A1", "", 12, 5, 24, "Shymkent; kz-63"], ["A2", "", 0, 5.5, -1, "Atlantis"]], [*head, "stock"]),
        name="a.xlsx",
    )
    row = StockRecord.objects.get(pk=shop.a1.pk)
    assert (row.pack_size, row.lead_days, row.warranty_months, row.regions) == (12, 5, 24, ["KZ-63", "KZ-79"])
    assert results(found)[1] == ("A2", "refused", ["C3 pack_range", "D3 whole", "E3 warranty_range", "F3 region"])


def test_a_price_far_above_the_median_is_remarked_not_refused(shop):
    for number in range(5):
        make.make_offer(shop.qulyn, make.make_supplier(f"s-{number}"), price=f"{100000 + number}")
    found = send(shop, csv_of([["A1", "", "1420000", ""]]))
    assert results(found) == [("A1", "changed", ["C2 price_high"])]
    assert send(shop, csv_of([["A1", "", "110000", ""]])).parts.get().remarks == 0


def test_rows_go_in_parts_and_every_row_counts_once(shop, monkeypatch):
    monkeypatch.setattr(jobs, "PART", 3)
    rows = [["A1", "", 1000 + number, ""] for number in range(8)]
    found = send(shop, csv_of(rows))
    assert list(PriceListPart.objects.values_list("start", flat=True)) == [2, 5, 8]
    assert (found.rows, found.done, found.changed, found.refused) == (8, 8, 1, 7)
    assert results(found)[7] == ("A1", "refused", ["A9 twice"]), "the first one counts, across parts"
    assert stored(shop.a1)[0] == Decimal("1000.00")


def test_too_many_lists_at_once_are_refused(shop, monkeypatch):
    monkeypatch.setattr(jobs, "SMALL", 0)
    for number in range(jobs.MOST_WAITING):
        jobs.send(
            supplier_id=shop.jarqyn.pk, sent_by=None, name="a.csv", dry_run=True,
            upload=_file(csv_of([["A1", "", 1000 + number, ""]])),
        )  # fmt: skip
    with pytest.raises(Invalid) as refused:
        jobs.send(
            supplier_id=shop.jarqyn.pk,
            sent_by=None,
            name="a.csv",
            dry_run=True,
            upload=_file(csv_of([["A1", "", 7, 7]])),
        )
    assert refused.value.errors[0].code == "waiting"
    assert PriceList.objects.count() == jobs.MOST_WAITING


def test_a_list_that_is_not_checked_to_its_end_is_not_applied(shop, monkeypatch):
    monkeypatch.setattr(jobs, "SMALL", 0)
    waiting = jobs.send(
        supplier_id=shop.jarqyn.pk, sent_by=None, name="a.csv", dry_run=True, upload=_file(csv_of([["A1", "", 5, ""]]))
    )
    with pytest.raises(jobs.NotChecked):
        jobs.apply_checked(supplier_id=shop.jarqyn.pk, price_list_id=waiting.pk, sent_by=None)
    assert PriceList.objects.count() == 1


def _file(content: bytes) -> ContentFile:
    return ContentFile(content, "a.csv")


def test_an_offer_that_is_held_is_left_to_the_worker(shop, monkeypatch):
    """The sender of a small list does not wait for somebody else's lock, and hears of no error."""
    real = jobs.apply_part

    def held(*args, **more):
        raise OperationalError("canceling statement due to lock timeout")

    monkeypatch.setattr(jobs, "apply_part", held)
    found = jobs.send(
        supplier_id=shop.jarqyn.pk, sent_by=None, name="a.csv", dry_run=False, upload=_file(csv_of([["A1", "", 5, ""]]))
    )
    assert (found.status, found.done) == ("running", 0)
    monkeypatch.setattr(jobs, "apply_part", real)
    outbox.drain()
    assert stored(shop.a1)[0] == Decimal("5.00")


def test_a_part_asks_as_much_for_many_rows_as_for_few(shop):
    """Rows are read and written together: what a part costs grows by rows, never by statements."""

    def statements(first: int, count: int) -> int:
        for number in range(first, first + count):
            make.make_offer(shop.bota, shop.jarqyn, partner_sku=f"B{number}", stock=5)
        rows = [[f"B{number}", "", 100 + number, 6] for number in range(first, first + count)]
        with CaptureQueriesContext(connection) as captured:
            assert send(shop, csv_of(rows)).changed == count
        return len(captured)

    ranking.policy()  # what a delivery may cost is remembered for a minute
    assert statements(0, 2) == statements(100, 60)
