"""Price lists go after their days, file and all; the latest applied one and those still read stay."""

from datetime import datetime, timedelta
from pathlib import Path

from django.utils import timezone

from marketplace import tidying
from marketplace.models import Event
from suppliers.models import PriceList
from suppliers.pricelist import keeping
from tests.suppliers.pricelist.lists import csv_of, send


def aged(price_list: PriceList, days: int) -> PriceList:
    PriceList.objects.filter(pk=price_list.pk).update(finished_at=timezone.now() - timedelta(days=days))
    return price_list


def test_old_lists_go_with_their_files_and_the_latest_applied_one_stays(
    shop, media: Path, django_capture_on_commit_callbacks
):
    first = aged(send(shop, csv_of([["A1", "", "141000", "9"]])), 500)
    last = aged(send(shop, csv_of([["A1", "", "140000", "9"]])), 400)
    checked = aged(send(shop, csv_of([["A1", "", "139000", "9"]]), dry_run=True), 366)
    young = aged(send(shop, csv_of([["A1", "", "138000", "9"]]), dry_run=True), 364)
    waiting = PriceList.objects.create(supplier=shop.jarqyn, sha256="0" * 64, dry_run=True, name="x", size=1)
    files = {row.pk: Path(row.file.path) for row in (first, last, checked, young)}
    assert all(file.exists() for file in files.values())
    now: datetime = timezone.now()
    with django_capture_on_commit_callbacks(execute=True):
        assert keeping.forget_old(now) == 2
    assert keeping.forget_old(now) == 0
    assert set(PriceList.objects.values_list("pk", flat=True)) == {last.pk, young.pk, waiting.pk}
    assert {pk for pk, file in files.items() if file.exists()} == {last.pk, young.pk}
    assert Event.objects.filter(kind="price-list.forgotten").count() == 2
    assert Event.objects.filter(subject=f"offer:{shop.a1.pk}", kind="offer.updated").count() == 2, "what they did stays"


def test_the_night_does_it(shop):
    aged(send(shop, csv_of([["A1", "", "141000", "9"]]), dry_run=True), 366)
    assert tidying.tidy_up()["price_lists"] == 1
