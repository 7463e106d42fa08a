"""The ways out: an SMS gateway over HTTP, e-mail over SMTP, and the spool of the demonstration."""

import http.client
import json
import smtplib
import socket
import ssl
import threading
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import urlsplit

from django.conf import settings
from django.core.mail import EmailMessage

from marketplace.models import Notice, User

SECONDS = 5.0
ANSWER_LIMIT = 64 * 1024


@dataclass(frozen=True)
class Handed:
    """The network has the message. ``delivered`` when it also says that the person has it."""

    reference: str = ""
    delivered: bool = False


class Unreachable(Exception):
    """Not now: time-out, refused connection, overload. The message may be tried again."""


class Undeliverable(Exception):
    """Never: the gateway refuses this address or this message."""


class Gateway(Protocol):
    def send(self, notice: Notice) -> Handed:
        """Hand one message on within about SECONDS. Raises Unreachable or Undeliverable."""


def for_channel(channel: str) -> Gateway | None:
    """The gateway of a channel. Without one the demonstration spools; elsewhere there is no way: None."""
    if channel == User.Channel.SMS and settings.SMS_GATEWAY_URL:
        return HttpSmsGateway(settings.SMS_GATEWAY_URL, settings.SMS_GATEWAY_TOKEN, settings.SMS_SENDER)
    if channel == User.Channel.EMAIL and settings.EMAIL_HOST:
        return MailGateway()
    return Spool() if settings.DEMO else None


class Spool:
    """The local stand-in: a notice counts as delivered, the page demo/outbox/ shows it."""

    def send(self, notice: Notice) -> Handed:
        return Handed(reference="spool", delivered=True)


class MailGateway:
    """E-mail through the server named by EMAIL_URL."""

    def send(self, notice: Notice) -> Handed:
        message = EmailMessage(subject=notice.title, body=notice.text, to=[notice.address])
        try:
            message.send()
        except smtplib.SMTPRecipientsRefused as error:
            codes = [code for code, _answer in error.recipients.values()]
            if all(code >= 500 for code in codes):
                raise Undeliverable(f"SMTP {codes[0]}") from None
            raise Unreachable(f"SMTP {codes[0]}") from None
        except smtplib.SMTPResponseException as error:
            raise (Undeliverable if error.smtp_code >= 550 else Unreachable)(f"SMTP {error.smtp_code}") from None
        except (smtplib.SMTPException, OSError) as error:
            raise Unreachable(type(error).__name__) from None
        return Handed()


class HttpSmsGateway:
    """An SMS provider with an HTTP interface.

    ``POST <url>`` with a bearer token and ``{"to": "+77010000001", "text": …, "sender": …, "id": …}``;
    2xx with ``{"id": "<reference>"}`` means taken. ``id`` and the Idempotency-Key are the same for every
    try, so that the provider can recognise a message it already has. Redirects are not followed: the
    token goes to the configured host only.
    """

    def __init__(self, url: str, token: str, sender: str, seconds: float = SECONDS):
        self.url = urlsplit(url)
        self.token = token
        self.sender = sender
        self.seconds = seconds

    def send(self, notice: Notice) -> Handed:
        body = json.dumps(
            {"to": dialled(notice.address), "text": notice.text, "sender": self.sender, "id": f"notice-{notice.pk}"}
        )
        try:
            status, answer = self._post(body.encode(), key=f"notice-{notice.pk}")
        except (OSError, http.client.HTTPException) as error:
            raise Unreachable(type(error).__name__) from None
        if status in {408, 425, 429} or status >= 500 or 300 <= status < 400:
            raise Unreachable(f"HTTP {status}")
        if status >= 400:
            raise Undeliverable(f"HTTP {status}")
        return Handed(reference=_reference(answer))

    def _post(self, body: bytes, key: str) -> tuple[int, bytes]:
        """Status and answer. A time-out of the socket bounds single reads; the timer bounds the whole."""
        connection, late = self._connection(), threading.Event()
        timer = threading.Timer(self.seconds, _cut, [connection, late])
        try:
            connection.connect()
            timer.start()
            connection.request(
                "POST",
                self.url.path or "/",
                body,
                {
                    "Authorization": f"Bearer {self.token}",
                    "Content-Type": "application/json",
                    "Idempotency-Key": key,
                },
            )
            response = connection.getresponse()
            answer = response.read(ANSWER_LIMIT)
            if late.is_set():  # half an answer looks like a whole one to http.client
                raise TimeoutError
            return response.status, answer
        except (OSError, http.client.HTTPException):
            if late.is_set():
                raise TimeoutError from None
            raise
        finally:
            timer.cancel()
            connection.close()

    def _connection(self) -> http.client.HTTPConnection:
        host, port = self.url.hostname or "", self.url.port
        if self.url.scheme == "https":
            return http.client.HTTPSConnection(host, port, timeout=self.seconds, context=ssl.create_default_context())
        return http.client.HTTPConnection(host, port, timeout=self.seconds)


def dialled(phone: str) -> str:
    """``8 (701) 000-00-01`` and ``+7 701 000 00 01`` → ``+77010000001``."""
    digits = "".join(letter for letter in phone if letter.isdigit())
    if len(digits) == 11 and digits.startswith("8"):
        digits = f"7{digits[1:]}"
    return f"+{digits}"


def _cut(connection: http.client.HTTPConnection, late: threading.Event) -> None:
    """Ends a conversation that takes too long; the reading side wakes up at once."""
    late.set()
    if connection.sock is not None:
        with suppress(OSError):  # it ended by itself at the same moment
            connection.sock.shutdown(socket.SHUT_RDWR)


def _reference(answer: bytes) -> str:
    try:
        data = json.loads(answer)
    except ValueError:
        return ""
    return str(data.get("id", ""))[:100] if isinstance(data, dict) else ""
