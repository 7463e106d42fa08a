"""`python -m perf.bench.prices [--rows N]`: a price list of 100,000 rows, checked and applied, on a database of its own.

The list goes slice by slice as a worker does it, in this one process. Printed are the seconds of each half and the
most memory that this process (Django with the list's articles) and the readers of the file held.
"""

import argparse
import io
import os
import resource
import sys
import tempfile
import threading
import time
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import openpyxl
import psutil
import psycopg2

from tests import services

OFFERS_OF_A_PRODUCT = 5


def workbook(rows: int, sku: str = "bench-{}", title: str = "Кресло-коляска Берік A-{}", first: int = 0) -> bytes:
    """A price list as an xlsx; ``sku`` and ``title`` take the number of the row, from ``first``."""
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet()
    sheet.append(["sku", "title", "price", "stock", "pack_size", "lead_days", "warranty", "regions"])
    for number in range(first, first + rows):
        sheet.append([sku.format(number), title.format(number), 1100.5 + number, 6, 1, 7, 12, "KZ-79, KZ-63"])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def database() -> None:
    """Settings and a fresh database with the schema."""
    urls, template = services.start()
    server, _slash, name = urls.database_url.rpartition("/")
    if template:
        name = "bench_prices"
        connection = psycopg2.connect(urls.database_url)
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(f'DROP DATABASE IF EXISTS "{name}"')
            cursor.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        connection.close()
    os.environ |= {
        "DATABASE_URL": f"{server}/{name}",
        "REDIS_URL": urls.redis_url,
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "STATEMENT_TIMEOUT_MS": "60000",  # a worker's
    }
    import django

    django.setup()
    if not template:
        from django.core.management import call_command

        call_command("migrate", verbosity=0)


def shop(rows: int) -> Any:
    """A supplier with an offer for every row, five for each product."""
    from django.utils import timezone

    from catalog.models import Product
    from suppliers.models import StockRecord
    from tests import factories as make

    make.make_rules()
    for code in make.REGIONS:
        make.make_region(code)
    kind, supplier = make.make_type(), make.make_supplier("jarqyn-med", login="yerlan")
    Product.objects.bulk_create(
        [
            Product(
                structure="standalone", product_class=kind, upc=f"bench-{number}", slug=f"bench-{number}",
                title=f"Walker {number}",
            )
            for number in range(-(-rows // OFFERS_OF_A_PRODUCT))
        ],
        batch_size=2000,
    )  # fmt: skip
    products = list(Product.objects.order_by("pk").values_list("pk", flat=True))
    for start in range(0, rows, 5000):
        StockRecord.objects.bulk_create(
            StockRecord(
                partner=supplier, product_id=products[number // OFFERS_OF_A_PRODUCT], partner_sku=f"bench-{number}",
                price=1000 + number, num_in_stock=5, num_allocated=0, status="published", regions=["KZ-79", "KZ-63"],
                lead_days=7, warranty_months=12, stock_confirmed_at=timezone.now(),
            )
            for number in range(start, min(start + 5000, rows))
        )  # fmt: skip
    return SimpleNamespace(jarqyn=supplier, yerlan=supplier.users.get())


class Readers(threading.Thread):
    """The most that a process that reads the file held."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.most = 0

    def run(self) -> None:
        while True:
            time.sleep(0.05)
            for child in psutil.Process().children():
                with suppress(psutil.Error):
                    if any(part.endswith("sheet.py") for part in child.cmdline()):
                        self.most = max(self.most, child.memory_info().rss)


def megabytes(who: int) -> float:
    return resource.getrusage(who).ru_maxrss / 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000)
    rows = parser.parse_args().rows
    with tempfile.TemporaryDirectory(prefix="tirek-prices-") as folder:
        os.environ["PORTAL_STATE"] = folder
        database()
        if (child := os.fork()) == 0:  # file and offers are made elsewhere: their memory is no part of the measure
            (Path(folder) / "a.xlsx").write_bytes(workbook(rows))
            shop(rows)
            os._exit(0)
        _pid, status = os.waitpid(child, 0)
        if status:
            sys.exit("the offers could not be made")
        measure((Path(folder) / "a.xlsx").read_bytes(), rows)


def measure(content: bytes, rows: int) -> None:
    from django.core.files.base import ContentFile

    from suppliers.models import Partner
    from suppliers.pricelist import jobs

    supplier, readers = Partner.objects.get(code="jarqyn-med"), Readers()
    readers.start()
    print(f"{rows} rows, {len(content) / 1e6:.1f} MB of xlsx")
    for dry_run in (True, False):
        started, processor, slices = time.monotonic(), time.process_time(), 0
        found = jobs.send(
            supplier_id=supplier.pk, sent_by=supplier.users.get(), upload=ContentFile(content, "a.xlsx"), name="a.xlsx",
            dry_run=dry_run,
        )  # fmt: skip
        while not found.is_finished:
            found = jobs.advance(found.pk, found.slice)
            slices += 1
        print(
            f"{'check' if dry_run else 'apply'}: {found.status}, {found.changed} changed, {found.refused} refused,"
            f" {time.monotonic() - started:.1f} s ({time.process_time() - processor:.1f} s of this process's own),"
            f" {slices} slices; this process {megabytes(resource.RUSAGE_SELF):.0f} MB,"
            f" its readers {readers.most / 1e6:.0f} MB",
            flush=True,
        )


if __name__ == "__main__":
    main()
