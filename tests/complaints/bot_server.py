"""Telegram on this machine: the methods of the Bot API that the portal uses, with Telegram's own answers and limits.

``Person`` writes like somebody with the application in her hand: her messages come to the webhook as updates, in
Telegram's shapes, with the secret that was registered; what the bot sent her is read from the server.
"""

import itertools
import json
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote

from django.test import Client

TOKEN = "123456:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw"
SECRET = "a-secret-of-the-webhook_1"
LARGEST_FILE = 20 * 1024 * 1024
WEBHOOK = "/hooks/telegram"


def _failure(code: int, description: str, **parameters: Any) -> tuple[int, dict[str, Any]]:
    more = {"parameters": parameters} if parameters else {}
    return code, {"ok": False, "error_code": code, "description": description, **more}


@dataclass
class BotServer:
    """``chats`` have written to the bot, ``blocked`` have blocked it since; ``retry_after`` limits the next messages."""

    chats: set[int] = field(default_factory=set)
    blocked: set[int] = field(default_factory=set)
    files: dict[str, bytes] = field(default_factory=dict)
    sent: list[dict[str, Any]] = field(default_factory=list)
    webhook: dict[str, Any] = field(default_factory=dict)
    retry_after: int = 0
    broken: int = 0  # an HTTP status of a proxy in between, without JSON
    asked: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}"

    def stop(self) -> None:
        self.server.shutdown()
        self.server.server_close()

    def to(self, chat_id: int) -> list[dict[str, Any]]:
        return [message for message in self.sent if message["chat_id"] == chat_id]

    def _call(self, method: str, said: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        found = getattr(self, f"_{method}", None)
        return found(said) if found else _failure(404, "Not Found: method not found")

    def _sendMessage(self, said: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        if self.retry_after:
            seconds, self.retry_after = self.retry_after, 0
            return _failure(429, f"Too Many Requests: retry after {seconds}", retry_after=seconds)
        if said["chat_id"] not in self.chats:
            return _failure(400, "Bad Request: chat not found")
        if said["chat_id"] in self.blocked:
            return _failure(403, "Forbidden: bot was blocked by the user")
        if not said["text"].strip():
            return _failure(400, "Bad Request: message text is empty")
        if len(said["text"].encode("utf-16-le")) > 2 * 4096:
            return _failure(400, "Bad Request: message is too long")
        markup = said.get("reply_markup", {})
        if any(not button["text"] for row in markup.get("keyboard", []) for button in row):
            return _failure(400, "Bad Request: text buttons are unallowed in the keyboard without text")
        self.sent.append(said)
        chat = {"id": said["chat_id"], "type": "private"}
        return 200, {"ok": True, "result": {"message_id": len(self.sent), "chat": chat, "text": said["text"]}}

    def _getFile(self, said: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        content = self.files.get(said["file_id"])
        if content is None:
            return _failure(400, "Bad Request: invalid file_id")
        if len(content) > LARGEST_FILE:
            return _failure(400, "Bad Request: file is too big")
        found = {"file_id": said["file_id"], "file_size": len(content), "file_path": f"photos/{said['file_id']}.jpg"}
        return 200, {"ok": True, "result": found}

    def _setWebhook(self, said: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        self.webhook = said
        return 200, {"ok": True, "result": True, "description": "Webhook was set"}

    def _deleteWebhook(self, _said: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        self.webhook = {}
        return 200, {"ok": True, "result": True, "description": "Webhook was deleted"}

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                said = json.loads(self.rfile.read(int(self.headers["Content-Length"])) or "{}")
                _slash, bot, method = self.path.split("/")
                outer.asked.append(method)
                if bot != f"bot{TOKEN}":
                    self._say(*_failure(401, "Unauthorized"))
                else:
                    self._say(*outer._call(method, said))

            def do_GET(self) -> None:
                place, _dot, _kind = self.path.removeprefix(f"/file/bot{TOKEN}/photos/").rpartition(".")
                content = outer.files.get(unquote(place))
                if content is None or not self.path.startswith(f"/file/bot{TOKEN}/"):
                    self._say(*_failure(404, "Not Found"))
                else:
                    self._answer(200, content)

            def _say(self, status: int, told: dict[str, Any]) -> None:
                if outer.broken:
                    self._answer(outer.broken, b"<html>Bad Gateway</html>")
                else:
                    self._answer(status, json.dumps(told).encode())

            def _answer(self, status: int, content: bytes) -> None:
                self.send_response(status)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_args: object) -> None:
                pass

        return Handler


_updates = itertools.count(700_000_001)


@dataclass
class Person:
    """Somebody in her private chat with the bot."""

    server: BotServer
    chat_id: int = 5_550_001
    language: str = "en"
    phone: str = "77000000001"
    secret: str = SECRET

    def __post_init__(self) -> None:
        self.server.chats.add(self.chat_id)

    def update(self, **message: Any) -> dict[str, Any]:
        user = {"id": self.chat_id, "is_bot": False, "first_name": "Aigul", "language_code": self.language}
        chat = {"id": self.chat_id, "type": "private", "first_name": "Aigul"}
        number = next(_updates)
        return {
            "update_id": number,
            "message": {"message_id": number, "date": 1_795_000_000, "from": user, "chat": chat, **message},
        }

    def post(self, update: dict[str, Any]) -> int:
        headers = {"X-Telegram-Bot-Api-Secret-Token": self.secret} if self.secret else {}
        return Client().post(WEBHOOK, update, content_type="application/json", headers=headers).status_code

    def write(self, text: str) -> None:
        assert self.post(self.update(text=text)) == 200

    def share_phone(self, phone: str = "", of: int | None = None) -> None:
        contact = {"phone_number": phone or self.phone, "first_name": "Aigul", "user_id": of or self.chat_id}
        assert self.post(self.update(contact=contact)) == 200

    def photograph(self, content: bytes, *, name: str, **more: Any) -> None:
        """Telegram offers a photo in several sizes; the last one is the largest."""
        self.server.files |= {f"{name}-small": content[:100], name: content}
        sizes = [
            {"file_id": f"{name}-small", "file_unique_id": "s", "width": 90, "height": 90, "file_size": 100},
            {"file_id": name, "file_unique_id": "l", "width": 800, "height": 800, "file_size": len(content)},
        ]
        assert self.post(self.update(photo=sizes, **more)) == 200

    @property
    def heard(self) -> list[str]:
        return [message["text"] for message in self.server.to(self.chat_id)]

    @property
    def buttons(self) -> list[str]:
        """What can be pressed now."""
        for message in reversed(self.server.to(self.chat_id)):
            if "reply_markup" in message:
                return [button["text"] for row in message["reply_markup"].get("keyboard", []) for button in row]
        return []
