"""`manage.py import_prices FILE --supplier CODE [--dry-run]`: the pipeline of the supplier's page, here and now."""

import sys
import time
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.files.base import File
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.utils import translation

from marketplace.errors import Invalid
from suppliers.models import Partner, PriceList
from suppliers.pricelist import jobs, selectors, words

ROWS_REFUSED = 3
REMARKS_SHOWN = 50


class Command(BaseCommand):
    help = (
        "Check and apply a supplier's price list (xlsx, ods or csv). The same file again changes nothing. "
        "Exit codes: 0 every row is accepted, 3 some rows are refused and named, 1 nothing was read."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--supplier", required=True, help="the supplier's code, for example jarqyn-med")
        parser.add_argument("--dry-run", action="store_true", help="only say what would happen")
        parser.add_argument("--language", choices=["kk", "ru", "en"], default="en", help="of the messages")

    def handle(self, *args: Any, **options: Any) -> None:
        with translation.override(options["language"]):
            price_list = self._to_the_end(self._received(options))
            code = self._report(price_list)
        if code:
            sys.exit(code)

    def _received(self, options: dict[str, Any]) -> PriceList:
        supplier = Partner.objects.filter(code=options["supplier"]).first()
        if supplier is None:
            raise CommandError(f"there is no supplier {options['supplier']}")
        try:
            with options["file"].open("rb") as file, transaction.atomic(durable=True):
                upload = File(file, name=options["file"].name)
                return jobs.receive(
                    supplier_id=supplier.pk,
                    sent_by=None,
                    upload=upload,
                    name=options["file"].name,
                    dry_run=options["dry_run"],
                )
        except OSError as error:
            raise CommandError(f"{options['file']}: {error.strerror}") from None
        except Invalid as error:
            raise CommandError(" ".join(str(item.message) for item in error.errors)) from None

    def _to_the_end(self, price_list: PriceList) -> PriceList:
        """A worker may take slices meanwhile: whoever comes first does a part."""
        while not price_list.is_finished:
            before = price_list.position
            price_list = jobs.advance(price_list.pk, price_list.slice)
            if price_list.rows > jobs.PART:
                self.stderr.write(f"{price_list.done} / {price_list.rows}")
            if not price_list.is_finished and price_list.position == before:
                time.sleep(0.5)
        return price_list

    def _report(self, price_list: PriceList) -> int:
        if price_list.status == PriceList.Status.REFUSED:
            raise CommandError(words.said(price_list.refusal["code"], price_list.refusal["params"]))
        for number, sku, kind, remarks in selectors.remarked(price_list, REMARKS_SHOWN):
            said = " ".join(words.remark(*remark) for remark in remarks)
            self.stdout.write(f"{number}\t{sku}\t{words.kind(kind, dry_run=price_list.dry_run)}\t{said}")
        for kind in words.KINDS:
            self.stdout.write(f"{words.kind(kind, dry_run=price_list.dry_run)}: {getattr(price_list, kind)}")
        return ROWS_REFUSED if price_list.refused else 0
