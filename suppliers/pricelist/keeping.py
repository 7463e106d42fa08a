"""Price lists are not kept for ever: rule ``supplier.price_list_keep_days``; the latest applied one of each supplier stays."""

from datetime import datetime, timedelta

from django.db import transaction

from marketplace import events, rules, tidying
from suppliers.models import PriceList

RULE = "supplier.price_list_keep_days"
BATCH = 200


def forget_old(now: datetime) -> int:
    """Remove lists that came to their end long ago, their file and what became of their rows; how many. Safe to run twice.

    What they changed stands in the events of the offers.
    """
    days = int(rules.get(RULE).value["days"])
    applied = PriceList.objects.filter(status=PriceList.Status.DONE, dry_run=False)
    kept = applied.order_by("supplier_id", "-finished_at", "pk").distinct("supplier_id").values_list("pk", flat=True)
    old = PriceList.objects.filter(finished_at__lt=now - timedelta(days=days)).exclude(pk__in=list(kept))
    removed = 0
    for pk in list(old.order_by("finished_at", "pk").values_list("pk", flat=True)[:BATCH]):
        with transaction.atomic(durable=True):
            row = old.select_for_update(of=("self",), skip_locked=True).filter(pk=pk).first()
            if row is not None:
                _forget(row)
                removed += 1
    return removed


def _forget(row: PriceList) -> None:
    """The row and its results with the transaction, the bytes once that is committed."""
    file, subject = row.file, f"price-list:{row.pk}"
    events.record(kind="price-list.forgotten", subject=subject, actor=None, before=row.status)
    row.delete()
    transaction.on_commit(lambda: file.delete(save=False))


tidying.register("price_lists", forget_old)
