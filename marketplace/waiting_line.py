"""Who waits while more people come than the portal can serve, and who is let in next. Kept in Valkey, known to all nodes.

Nobody waits until a request finds no room in the web nodes (config/nginx.conf says so). Then the room opens, first for what
matters least (Importance), and a second later for more while that does not help. Whoever comes gets a ticket. As many are
let in a second as the nodes have room for: a little more each second, a third less when a request found none again. They
go by importance, then by ticket, and a ticket that did not come back in time loses its place. When the line is empty and
there was room for QUIET_S, the room closes.

Without Valkey there is no line: who finds room is served, who finds none hears that the portal is busy.
"""

import math
import secrets
import time
from dataclasses import dataclass
from enum import IntEnum
from functools import cache

import redis
from django.conf import settings

from marketplace.cache import Breaker


class Importance(IntEnum):
    """What waits first stands first. What saves and sends is not here: it never waits."""

    OPEN_DATA = 1  # and reports
    SEARCH = 2
    BROWSING = 3
    FEEDBACK = 4  # and complaints without a draft
    SIGN_IN = 5  # and pages of those who signed in


FIRST_RATE = 5.0  # people a second, before anything was measured
LEAST_RATE, MOST_RATE = 0.5, 1000.0
KEPT_S = 90  # for how long a ticket keeps its place without a renewal
KEPT_BY_HAND_S = 900  # on a page that does not renew itself
QUIET_S = 5
LOOKED_AT_S = 0.5  # for how long a process believes that nobody waits
LEAST_WAIT_S, MOST_WAIT_S = 5, 30  # between two renewals, without their spread

# One step of the line, at once for all nodes: [let in?, how many are before, let in a second * 1000 or -1 for "not known"].
ASK = """
local line, kept, state, flow, open = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local now, ticket, importance = tonumber(ARGV[1]), ARGV[2], tonumber(ARGV[3])
local found_room, keep = ARGV[4] == '1', tonumber(ARGV[5])
local first, least, most, quiet, most_level = tonumber(ARGV[6]), tonumber(ARGV[7]), tonumber(ARGV[8]), tonumber(ARGV[9]), 5

local level = tonumber(redis.call('GET', open) or '0')
if level == 0 and found_room then return {1, 0, -1} end
local known = {}
local stored = redis.call('HGETALL', state)
for i = 1, #stored, 2 do known[stored[i]] = tonumber(stored[i + 1]) end
if level == 0 then
  level = 1
  known.opened, known.at, known.judged, known.credit = now, now, now, 0
  known.rate, known.number = known.rate or first, known.number or 0
  redis.call('DEL', flow)
end

local gone = redis.call('ZRANGEBYSCORE', kept, '-inf', now, 'LIMIT', 0, 1000)
if #gone > 0 then
  redis.call('ZREM', line, unpack(gone))
  redis.call('ZREM', kept, unpack(gone))
end

if not found_room then known.full = now end
known.credit = known.credit + known.rate * math.max(0, now - known.at)
if now - known.judged >= 1 then
  if known.full and known.full > known.judged then
    known.rate = math.max(least, known.rate * 0.7)
    known.credit = math.min(known.credit, known.rate)
    level = math.min(most_level, level + 1)
  else
    known.rate = math.min(most, known.rate * 1.1 + 0.1)
  end
  known.judged = now
end
-- Who is called comes with the next renewal only: the credit of some renewals is kept for them.
known.at, known.credit = now, math.min(known.credit, math.max(1, known.rate * 45))

local closed = redis.call('ZCARD', line) == 0 and now - (known.full or 0) > quiet
local let_in, ahead = closed or importance > level, 0
if not let_in then
  local score = redis.call('ZSCORE', line, ticket)
  local number = score and tonumber(score) % 1e12
  if not number then
    known.number = known.number + 1
    number = known.number
  end
  redis.call('ZADD', line, string.format('%.0f', (most_level - importance) * 1e12 + number), ticket)
  redis.call('ZADD', kept, now + keep, ticket)
  ahead = redis.call('ZRANK', line, ticket)
  -- Her turn: the credit is enough for all who are before her as well.
  let_in = found_room and ahead < math.floor(known.credit)
  if let_in then known.credit = known.credit - 1 end
end

local bucket = math.floor(now / 10)
if let_in then
  redis.call('ZREM', line, ticket)
  redis.call('ZREM', kept, ticket)
  redis.call('HINCRBY', flow, bucket, 1)
end
local counted, begun, passed = 0, known.opened, -1
local buckets = redis.call('HGETALL', flow)
for i = 1, #buckets, 2 do
  if tonumber(buckets[i]) < bucket - 3 then redis.call('HDEL', flow, buckets[i])
  else counted = counted + tonumber(buckets[i + 1]) end
end
begun = math.max(begun, (bucket - 3) * 10)
if counted > 0 and now - begun >= 5 then passed = math.floor(counted * 1000 / (now - begun)) end

for name, value in pairs(known) do redis.call('HSET', state, name, string.format('%.3f', value)) end
for _, key in ipairs({line, kept, state, flow}) do redis.call('EXPIRE', key, 1800) end
if closed then redis.call('DEL', open) else redis.call('SET', open, level, 'EX', 60) end
return {let_in and 1 or 0, ahead, passed}
"""


@dataclass(frozen=True)
class Answer:
    """``per_second``: how many were let in during the last half minute; None when there is nothing to judge by yet."""

    let_in: bool
    ahead: int
    per_second: float | None

    @property
    def minutes(self) -> int | None:
        """About how long she waits, in whole minutes, at least one; None: not known."""
        if not self.per_second:
            return None
        return max(1, math.ceil((self.ahead + 1) / self.per_second / 60))

    def again_in(self) -> int:
        """Seconds until she is to ask again, of a random spread: a crowd that came together must not come together again."""
        expected = (self.ahead + 1) / self.per_second / 5 if self.per_second else 2 * LEAST_WAIT_S
        seconds = min(MOST_WAIT_S, max(LEAST_WAIT_S, expected))
        return round(seconds * (1 + secrets.randbelow(500) / 1000))


class Line:
    """The line under ``prefix``; what this process knows of it without asking."""

    def __init__(self, client: "redis.Redis", prefix: str = "tirek:waiting") -> None:
        self._keys = [f"{prefix}:{name}" for name in ("line", "kept", "state", "flow", "open")]
        self._client = client
        self._script = client.register_script(ASK)
        self._breaker = Breaker()
        self._level, self._looked_at = 0, float("-inf")

    def waits(self, importance: Importance) -> bool:
        """Does anybody who is as little important have to wait now? Asks Valkey twice a second at most."""
        now = time.monotonic()
        if now - self._looked_at >= LOOKED_AT_S:
            self._looked_at = now
            self._level = self._breaker.call(lambda: int(self._client.get(self._keys[-1]) or 0), 0)
        return importance <= self._level

    def ask(
        self, ticket: str, importance: Importance, *, found_room: bool, by_hand: bool = False, now: float | None = None
    ) -> Answer | None:
        """Take a place or keep it, and hear whether it is one's turn. None: Valkey is away."""
        arguments: list[str | int | float] = [
            f"{time.time() if now is None else now:.3f}",
            *(ticket, int(importance), int(found_room), KEPT_BY_HAND_S if by_hand else KEPT_S),
            *(FIRST_RATE, LEAST_RATE, MOST_RATE, QUIET_S),
        ]
        found = self._breaker.call(lambda: self._script(keys=self._keys, args=arguments), None)
        self._looked_at = float("-inf")
        if found is None:
            return None
        let_in, ahead, passed = (int(number) for number in found)
        return Answer(bool(let_in), ahead, passed / 1000 if passed > 0 else None)


@cache
def line() -> Line:
    """The portal's one line."""
    return Line(redis.Redis.from_url(settings.REDIS_URL, socket_timeout=0.3, socket_connect_timeout=0.3, retry=None))
