"""What has changed of what pages for everybody are made of, as this process has noticed it.

Triggers write rows of PageChange in the changing transaction: a product's number where only its document changed,
nothing where any page may have. A process counts what it notices: a *moment* is how far it has counted.
"""

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

from django.db import connection

from marketplace.remembered import Remembered

Value = TypeVar("Value")

LOOK_AGAIN_S = 0.25
NO_PRODUCT = 0
MOST_PRODUCTS = 100_000  # told apart; more at a time count as everything

# A transaction that was running when we looked, or began later, may have committed since: all of those are read again.
SINCE = """
SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint, pg_snapshot_xmax(pg_current_snapshot())::text::bigint,
    (SELECT json_agg(json_build_array(id, product_id, transaction)) FROM marketplace_pagechange WHERE transaction >= %s)
"""
NEVER = 2**62


class _Noticed:
    """Loaded by one thread at a time (``Remembered``)."""

    def __init__(self) -> None:
        self.moment = 1
        self._counting = threading.Lock()
        self._oldest = NEVER  # the oldest transaction that was running at the last look
        self._seen: dict[int, int] = {}  # row → transaction
        self._everything = 1  # the moment at which any page may have changed
        self._products: dict[int, int] = {}

    def look(self) -> int:
        """Count what was committed since the last look; the moment now."""
        with connection.cursor() as cursor:
            cursor.execute(SINCE, [self._oldest])
            oldest, next_transaction, rows = cursor.fetchone()
            if self._oldest == NEVER:
                cursor.execute(SINCE, [oldest])
                oldest, next_transaction, rows = cursor.fetchone()
        products = {product for pk, product, _transaction in rows or [] if pk not in self._seen}
        seen = {pk: transaction for pk, _product, transaction in rows or []}
        # Another database than the last time, or what we saw from inside a transaction was taken back.
        restored = self._oldest != NEVER and next_transaction < self._oldest
        gone = any(transaction >= self._oldest and pk not in seen for pk, transaction in self._seen.items())
        if products or restored or gone:
            self.count()
            if restored or gone or None in products or len(self._products) + len(products) > MOST_PRODUCTS:
                self._everything = self.moment
                self._products.clear()
            else:
                self._products.update(dict.fromkeys(products, self.moment))
        self._oldest, self._seen = oldest, seen
        return self.moment

    def count(self) -> int:
        """One more moment."""
        with self._counting:
            self.moment += 1
            return self.moment

    def changed(self, since: int, product: int | None) -> bool:
        last = self.moment if product is None else max(self._everything, self._products.get(product, 0))
        return last > since


_noticed = _Noticed()
_remembered = Remembered(lambda: _noticed.look(), seconds=LOOK_AGAIN_S, waits=True)
# Another number after every commit that changed something; a quarter of a second old at most.
moment = _remembered.get


def changed(since: int, product: int | None = None) -> bool:
    """Whether a page that was begun at the moment ``since`` may be another now; of ``product`` alone when it shows no other.

    Raises DatabaseError.
    """
    moment()
    return _noticed.changed(since, product)


def renew_lists() -> int:
    """Have every list made anew, because one that was made a moment ago may show less than has been noticed; the moment
    since which they show all.
    """
    return _noticed.count()


class KeptUntilChange(Generic[Value]):
    """What pages for everybody read of tables whose changes name no product; a quarter of a second old at most.

    For what pages show. A rule that decides asks the table.
    """

    def __init__(self, load: Callable[[], Value]):
        self._load = load
        self._kept: tuple[int, Value] | None = None

    def get(self) -> Value:
        """Raises DatabaseError."""
        begun = moment()
        kept = self._kept
        if kept is None or _noticed.changed(kept[0], NO_PRODUCT):
            self._kept = kept = (begun, self._load())
        return kept[1]


def forget() -> None:
    """Look at once, the next time."""
    _remembered.forget()
