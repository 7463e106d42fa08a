"""A supplier sees its own price lists; foreign and missing ones are the same 404."""

from collections.abc import Iterator
from itertools import islice
from uuid import UUID

from django.db.models import QuerySet

from marketplace.errors import NotFound
from marketplace.models import User
from suppliers.models import PriceList, PriceListPart
from suppliers.pricelist.checking import Remark
from suppliers.selectors import own_supplier

Result = tuple[int, str, str, list[Remark]]  # row number, article, what became of it, remarks


def own_lists(actor: User) -> QuerySet[PriceList]:
    """The newest first. Raises Forbidden for who works for no supplier."""
    found: QuerySet[PriceList] = PriceList.objects.filter(supplier=own_supplier(actor)).order_by("-created_at", "-pk")
    return found


def own_list(actor: User, price_list_id: UUID) -> PriceList:
    """One of them. Raises NotFound."""
    found = own_lists(actor).filter(pk=price_list_id).first()
    if found is None:
        raise NotFound
    return found


def results(price_list: PriceList, start: int = 0, most: int | None = None) -> Iterator[Result]:
    """What became of the rows, in their order, from the ``start``-th on."""
    parts = PriceListPart.objects.filter(price_list=price_list).order_by("start")
    # Every part but the last one has the same number of rows, yet a list may be read by another release.
    rows = ((number, sku, kind, remarks) for part in parts.iterator(10) for number, sku, kind, remarks in part.results)
    return islice(rows, start, None if most is None else start + most)


def remarked(price_list: PriceList, most: int) -> list[Result]:
    """The first rows that something is said about."""
    parts = PriceListPart.objects.filter(price_list=price_list, remarks__gt=0).order_by("start")
    rows = (
        (number, sku, kind, remarks)
        for part in parts.iterator(10)
        for number, sku, kind, remarks in part.results
        if remarks
    )
    return list(islice(rows, most))
