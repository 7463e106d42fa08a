"""A cache that is never needed: with Valkey away, reads miss and writes are dropped.

A breaker keeps a dead or silent Valkey from costing its timeout on every request.
"""

import threading
import time
from collections import defaultdict
from collections.abc import Callable
from typing import Any, TypeVar

import structlog
from django.core.cache.backends.redis import RedisCache
from redis.exceptions import RedisError

log = structlog.get_logger(__name__)
T = TypeVar("T")

OPEN_SECONDS = 5.0


class Breaker:
    """Closed until an error; then calls are skipped for ``OPEN_SECONDS``."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._skip_until = 0.0

    def call(self, function: Callable[[], T], otherwise: T) -> T:
        if time.monotonic() < self._skip_until:
            return otherwise
        try:
            return function()
        except (RedisError, OSError) as error:
            with self._lock:
                self._skip_until = time.monotonic() + OPEN_SECONDS
            log.warning("cache_unavailable", error=type(error).__name__)
            return otherwise


# One per server, shared by the threads of a process: Django makes a cache object for each thread.
_breakers: defaultdict[str, Breaker] = defaultdict(Breaker)


class ForgivingRedisCache(RedisCache):
    """Django's Redis cache whose failures are misses."""

    def __init__(self, server: str, params: dict[str, Any]) -> None:
        super().__init__(server, params)
        self._breaker = _breakers[server]

    def add(self, *args: Any, **kwargs: Any) -> bool:
        # "It was not there yet": whoever uses a key as a lock (allauth's rate limits) must not wait
        # for a release that never comes, else nobody could sign in.
        return self._breaker.call(lambda: super(ForgivingRedisCache, self).add(*args, **kwargs), True)

    def get(self, key: str, default: Any = None, version: int | None = None) -> Any:
        return self._breaker.call(lambda: super(ForgivingRedisCache, self).get(key, default, version), default)

    def set(self, *args: Any, **kwargs: Any) -> None:
        self._breaker.call(lambda: super(ForgivingRedisCache, self).set(*args, **kwargs), None)

    def touch(self, *args: Any, **kwargs: Any) -> bool:
        return self._breaker.call(lambda: super(ForgivingRedisCache, self).touch(*args, **kwargs), False)

    def delete(self, *args: Any, **kwargs: Any) -> bool:
        return self._breaker.call(lambda: super(ForgivingRedisCache, self).delete(*args, **kwargs), False)

    def get_many(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        return self._breaker.call(lambda: super(ForgivingRedisCache, self).get_many(*args, **kwargs), {})

    def set_many(self, *args: Any, **kwargs: Any) -> list[str]:
        return self._breaker.call(lambda: super(ForgivingRedisCache, self).set_many(*args, **kwargs), [])

    def delete_many(self, *args: Any, **kwargs: Any) -> None:
        self._breaker.call(lambda: super(ForgivingRedisCache, self).delete_many(*args, **kwargs), None)

    def incr(self, key: str, delta: int = 1, version: int | None = None) -> int:
        return self._breaker.call(lambda: super(ForgivingRedisCache, self).incr(key, delta, version), delta)

    def has_key(self, *args: Any, **kwargs: Any) -> bool:
        return self._breaker.call(lambda: super(ForgivingRedisCache, self).has_key(*args, **kwargs), False)

    def clear(self) -> None:
        self._breaker.call(super().clear, None)
