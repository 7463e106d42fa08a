"""Whether something has changed that pages for everybody are made of.

Triggers write a row of PageChange with each statement that changes such a table, in the same transaction.
"""

from django.db import connection

from marketplace.remembered import Remembered

LOOK_AGAIN_S = 0.25

Version = tuple[int, int]


def _load() -> Version:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*), coalesce(max(id), 0) FROM marketplace_pagechange")
        counted, last = cursor.fetchone()
    return int(counted), int(last)


_remembered = Remembered(_load, seconds=LOOK_AGAIN_S)
# Another one after every commit that changed something, in whatever order the transactions end; a quarter of
# a second old at most.
version = _remembered.get
forget = _remembered.forget
