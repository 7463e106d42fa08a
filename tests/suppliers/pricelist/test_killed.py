"""A list goes on after its worker was killed, and two workers do no row twice. Real commits, a real SIGKILL."""

import os
import signal
import subprocess
import sys
import threading
from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.files.base import ContentFile
from django.db import IntegrityError, connection
from django.utils import timezone

from marketplace import outbox
from marketplace.models import Event, OutboxRow
from suppliers.models import PriceList, PriceListPart, StockRecord
from suppliers.pricelist import jobs, selectors
from tests.suppliers.pricelist.lists import shop  # noqa: F401

pytestmark = pytest.mark.django_db(transaction=True)
ROOT = Path(__file__).resolve().parents[3]
ROWS, PART = 200, 50
# Does the first slice in a process of its own, and dies after three parts, before anything is tidied up.
KILLED = """
import os, signal, sys
import django
from django.conf import settings
settings.DATABASES["default"]["NAME"] = sys.argv[1]
settings.MEDIA_ROOT = sys.argv[2]
django.setup()
from suppliers.pricelist import jobs
done, apply_part, jobs.PART = [], jobs.apply_part, 50
def counted(*args, **more):
    if len(done) == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    done.append(1)
    return apply_part(*args, **more)
jobs.apply_part = counted
jobs.advance(sys.argv[3], 0)
"""


@pytest.fixture
def many(shop, monkeypatch):  # noqa: F811
    """A list of 200 offers, each a tenge dearer, that waits."""
    monkeypatch.setattr(jobs, "SMALL", 0)
    monkeypatch.setattr(jobs, "PART", PART)
    StockRecord.objects.bulk_create(
        StockRecord(
            partner=shop.jarqyn, product=shop.bota, partner_sku=f"S{number}", price=1000, num_in_stock=1,
            num_allocated=0, status="published", stock_confirmed_at=timezone.now(),
        )
        for number in range(ROWS)
    )  # fmt: skip
    text = "sku;price\n" + "".join(f"S{number};{2000 + number}\n" for number in range(ROWS))
    return jobs.send(
        supplier_id=shop.jarqyn.pk, sent_by=shop.yerlan, name="a.csv", dry_run=False,
        upload=ContentFile(text.encode(), "a.csv"),
    )  # fmt: skip


def do_slices() -> None:
    """The worker's part, without the search documents that follow from it."""
    while row := OutboxRow.objects.filter(topic=jobs.TOPIC, done_at=None, handed_at=None).order_by("pk").first():
        assert outbox.run(row.pk)


def kill_in_the_middle(found: PriceList, media: Path) -> None:
    ended = subprocess.run(
        [sys.executable, "-c", KILLED, connection.settings_dict["NAME"], str(media), str(found.pk)],
        cwd=ROOT,
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "config.settings"},
        capture_output=True,
        timeout=120,
        check=False,
    )
    assert ended.returncode == -signal.SIGKILL, ended.stderr.decode()[-2000:]


def assert_every_row_once(found: PriceList) -> None:
    found.refresh_from_db()
    assert (found.status, found.rows, found.done, found.changed) == ("done", ROWS, ROWS, ROWS)
    numbers = [number for number, _sku, _kind, _remarks in selectors.results(found)]
    assert numbers == list(range(2, ROWS + 2)), "a row is missing, or was done twice"
    told = Counter(Event.objects.filter(kind="offer.updated").values_list("subject", flat=True))
    assert len(told) == ROWS and set(told.values()) == {1}
    prices = dict(StockRecord.objects.filter(partner_sku__startswith="S").values_list("partner_sku", "price"))
    assert all(prices[f"S{number}"] == 2000 + number for number in range(ROWS))


def test_a_killed_worker_loses_nothing_and_repeats_nothing(many, media):
    kill_in_the_middle(many, media)
    many.refresh_from_db()
    assert (many.status, many.done, PriceListPart.objects.count()) == ("running", 3 * PART, 3)
    OutboxRow.objects.update(handed_at=timezone.now() - timedelta(minutes=2))  # as the relay had left it
    outbox.requeue()
    do_slices()
    assert_every_row_once(many)


def test_control_without_the_stored_position_rows_are_done_twice(many, media):
    """What the position is for: take it away after the kill, and rows that are done begin again."""
    kill_in_the_middle(many, media)
    PriceListPart.objects.all().delete()
    PriceList.objects.filter(pk=many.pk).update(position=0, changed=0)
    do_slices()
    with pytest.raises(AssertionError):
        assert_every_row_once(many)
    many.refresh_from_db()
    assert (many.changed, many.same) == (PART, 3 * PART)


def test_a_part_that_comes_twice_is_refused_by_the_database(many, media):
    kill_in_the_middle(many, media)
    PriceList.objects.filter(pk=many.pk).update(position=0)
    with pytest.raises(IntegrityError):
        jobs.advance(many.pk, 0)
    assert PriceListPart.objects.count() == 3


def test_two_workers_of_one_slice_share_the_parts(many):
    barrier = threading.Barrier(2)

    def work() -> None:
        barrier.wait()
        jobs.advance(many.pk, 0)
        connection.close()

    threads = [threading.Thread(target=work) for _worker in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    many.refresh_from_db()
    while not many.is_finished:
        many = jobs.advance(many.pk, many.slice)
    assert_every_row_once(many)


def test_slices_are_short_and_each_adds_the_next(many, monkeypatch):
    monkeypatch.setattr(jobs, "SLICE_SECONDS", 0.0)
    monkeypatch.setattr(jobs.advance, "__defaults__", (0.0, jobs.reading.SECONDS))
    do_slices()
    assert_every_row_once(many)
    slices = [row.payload["slice"] for row in OutboxRow.objects.filter(topic=jobs.TOPIC).order_by("pk")]
    assert slices == [0, 1, 2, 3, 4], "four parts, a slice each, and one that finds the end"


def test_a_refused_part_leaves_nothing_half_written(many, monkeypatch):
    """The second part fails as a whole: the first stays, the list waits at its end."""
    from suppliers.pricelist import applying

    real, calls = applying.PriceListPart.objects.create, []

    def fails_once(**fields):
        calls.append(fields["start"])
        if len(calls) == 2:
            raise RuntimeError("the disk is full")
        return real(**fields)

    monkeypatch.setattr(applying.PriceListPart.objects, "create", fails_once)
    with pytest.raises(RuntimeError):
        jobs.advance(many.pk, 0)
    many.refresh_from_db()
    assert (many.status, many.done, many.position) == ("running", PART, PART + 1)
    assert StockRecord.objects.filter(price=1000).count() == ROWS - PART
    assert Event.objects.filter(kind="offer.updated").count() == PART
    jobs.advance(many.pk, 0)
    assert_every_row_once(many)
