"""What complaints do to a supplier's record: counted facts that the ranking of offers reads."""

from django.db.models import F

from marketplace import outbox
from suppliers.models import Partner


def confirmed(supplier_id: int | None) -> None:
    """The person confirmed that the complaint was justified and is settled."""
    _count(supplier_id, "confirmed_complaints", 1)


def taken_back(supplier_id: int | None) -> None:
    """A confirmed complaint was opened again: it is not settled after all."""
    _count(supplier_id, "confirmed_complaints", -1)


def silent(supplier_id: int | None) -> None:
    """The supplier let the time of an answer pass."""
    _count(supplier_id, "silent_complaints", 1)


def marked(supplier_id: int, mark: int) -> None:
    """Somebody who has the supplier's goods gave a mark from 1 to 5."""
    Partner.objects.filter(pk=supplier_id).update(rating_sum=F("rating_sum") + mark, rating_count=F("rating_count") + 1)
    outbox.add("supplier.changed", str(supplier_id))


def _count(supplier_id: int | None, fact: str, change: int) -> None:
    Partner.objects.filter(pk=supplier_id).update(**{fact: F(fact) + change})
    outbox.add("supplier.changed", str(supplier_id))
