"""A sweep over what is due: each row in a transaction of its own, and a broken one keeps nobody else."""

from collections import Counter
from collections.abc import Callable
from typing import TypeVar

import structlog
from django.db import models, transaction
from django.db.models import QuerySet

log = structlog.get_logger(__name__)

BATCH = 200
Row = TypeVar("Row", bound=models.Model)


def one_by_one(due: QuerySet[Row], by: str, move: Callable[[Row], str], *, broken: str, named: str) -> Counter[str]:
    """``move`` every row of ``due``, the first by ``by`` first; how often it said which word.

    Twice or by two at once changes nothing more: who is locked is another sweep's. A row that raises is logged as
    ``broken`` under ``named``, and the next sweep tries it again.
    """
    done = Counter[str]()
    for pk in list(due.order_by(by, "pk").values_list("pk", flat=True)[:BATCH]):
        try:
            with transaction.atomic(durable=True):
                row = due.select_for_update(of=("self",), no_key=True, skip_locked=True).filter(pk=pk).first()
                if row is not None:
                    done[move(row)] += 1
        except Exception:
            log.exception(broken, **{named: pk})
    return done
