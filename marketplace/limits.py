"""How often something may be tried: counted in the cache, without a lock, so that a crowd never waits for a count.

Without the cache nothing is limited: people must be able to sign in while Valkey is away.
"""

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass

from django.core.cache import cache

from marketplace import crypto

PROBE_SECONDS = 10


@dataclass(frozen=True)
class Limit:
    """At most ``most`` tries within ``seconds`` from the first one."""

    name: str
    most: int
    seconds: int


def counting() -> bool:
    """Whether tries can be counted now. Doors that a short code opens stay shut while they cannot."""
    cache.set("limit:probe", 1, PROBE_SECONDS)
    return bool(cache.get("limit:probe"))


class Tries:
    """One try against several limits, each with its own count for whom it counts."""

    def __init__(self, limits: Iterable[tuple[Limit, str]]):
        self.counts = [(limit, _key(limit, who)) for limit, who in limits]

    def allowed(self) -> bool:
        """Count this try; false when any of the limits is passed."""
        passed = [limit for limit, key in self.counts if _count(key, limit.seconds) > limit.most]
        return not passed

    def rollback(self) -> None:
        """This try was a good one: it does not count."""
        for _limit, key in self.counts:
            with suppress(ValueError):  # its time ran out meanwhile
                cache.decr(key)


def _key(limit: Limit, who: str) -> str:
    # Names may be personal numbers: the cache holds none, nor a hash that trying them all would reverse.
    return f"limit:{limit.name}:{crypto.digest('limit', who).hex()[:32]}"


def _count(key: str, seconds: int) -> int:
    cache.add(key, 0, seconds)
    try:
        return cache.incr(key)
    except ValueError:  # its time ran out between the two calls
        return 1
