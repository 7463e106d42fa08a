"""The Bot API of Telegram over HTTP: send a message, fetch a photo, say where updates go.

``TELEGRAM_TOKEN`` is a part of every address there, so no address stands in an error or in a log.
https://core.telegram.org/bots/api
"""

import http.client
import json
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.conf import settings

from marketplace import outgoing

LONGEST_TEXT = 4096  # of one message, in UTF-16 units
LONGEST_WAIT = timedelta(hours=1)
FILE_SECONDS = 20.0
# "Not you", "no such chat", "blocked by the person": never again. 401 and 404 mean a wrong token, which is mended.
_NEVER = {400, 403}


class Away(Exception):
    """Not now. ``wait`` when Telegram says after how long it takes messages again (429)."""

    def __init__(self, why: str, wait: timedelta | None = None):
        super().__init__(why)
        self.wait = wait


class Refused(Exception):
    """Never: the chat is gone, the person has blocked the bot, the file cannot be had."""


@dataclass(frozen=True)
class BotApi:
    """The API of one bot; ``root`` is Telegram's or a local Bot API server's."""

    root: str
    token: str
    seconds: float = outgoing.SECONDS

    def call(self, method: str, arguments: dict[str, Any]) -> Any:
        """The result of a method. Raises Away, Refused."""
        body = json.dumps(arguments).encode()
        status, answer = self._ask(f"/bot{self.token}/{method}", body=body, limit=outgoing.ANSWER_LIMIT)
        try:
            told = json.loads(answer)
        except ValueError:
            told = None
        if not isinstance(told, dict):
            raise Away(f"HTTP {status}")
        if status == 200 and told.get("ok") is True:
            return told.get("result")
        if status in _NEVER:
            raise Refused(f"HTTP {status}")
        raise Away(f"HTTP {status}", _wait(told) if status == 429 else None)

    def file(self, file_id: str, limit: int) -> bytes:
        """The bytes of a file, at most ``limit`` of them. Raises Away, Refused (also when it is larger)."""
        found = self.call("getFile", {"file_id": file_id})
        path = found.get("file_path") if isinstance(found, dict) else None
        if not isinstance(path, str) or not path or ".." in path:
            raise Refused("no file_path")
        status, content = self._ask(f"/file/bot{self.token}/{path}", limit=limit + 1, seconds=FILE_SECONDS)
        if len(content) > limit:
            raise Refused("too large")
        if status == 200:
            return content
        raise (Refused if status in {*_NEVER, 404} else Away)(f"HTTP {status}")

    def _ask(
        self, path: str, *, body: bytes | None = None, limit: int, seconds: float | None = None
    ) -> tuple[int, bytes]:
        headers = {"Content-Type": "application/json"} if body is not None else {}
        try:
            return outgoing.ask(
                f"{self.root}{path}", body=body, headers=headers, seconds=seconds or self.seconds, limit=limit
            )
        except (OSError, http.client.HTTPException) as error:
            raise Away(type(error).__name__) from None


def api() -> BotApi | None:
    """The portal's bot; None where none is set up."""
    return BotApi(settings.TELEGRAM_API_URL, settings.TELEGRAM_TOKEN) if settings.TELEGRAM_TOKEN else None


def _wait(told: dict[str, Any]) -> timedelta | None:
    parameters = told.get("parameters")
    seconds = parameters.get("retry_after") if isinstance(parameters, dict) else None
    if not isinstance(seconds, int) or seconds <= 0:
        return None
    return min(timedelta(seconds=seconds), LONGEST_WAIT)
