"""Which engines there are, the wanted one first."""

from collections.abc import Sequence
from typing import Protocol

from django.conf import settings

from catalog.search import embedded
from catalog.search.tokens import Question


class Engine(Protocol):
    """What a search engine is to the rest: the modules ``embedded`` and ``elastic`` are two.

    Each function raises Unavailable, and nothing else, when the engine cannot do it now.
    """

    NAME: str

    def search(self, question: Question, limit: int | None = None) -> list[int]: ...

    def fault(self) -> str: ...

    def count(self) -> int: ...

    def write(self, product_ids: Sequence[int]) -> None: ...

    def rebuild(self) -> int: ...


def engines() -> list[Engine]:
    """Elasticsearch where it is configured, and always the embedded index."""
    if not settings.ELASTICSEARCH_URL:
        return [embedded]
    from catalog.search import elastic  # its client is an eighth of what a program loads at its start

    return [elastic, embedded]
