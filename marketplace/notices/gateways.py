"""The ways out: an SMS gateway over HTTP, e-mail over SMTP, a Telegram bot, and the spool of the demonstration."""

import http.client
import json
import smtplib
import time
from collections import defaultdict
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Protocol

from django.conf import settings
from django.core.mail import EmailMessage

from marketplace import outgoing, telegram
from marketplace.breaker import Breaker
from marketplace.models import Notice, User

SLOW_S = 3.0
SPARED_S = 30.0
# No channel that an account may choose: the chat is where somebody has written to the bot.
TELEGRAM = "telegram"


@dataclass(frozen=True)
class Handed:
    """The network has the message. ``delivered`` when it also says that the person has it."""

    reference: str = ""
    delivered: bool = False


class Unreachable(Exception):
    """Not now: time-out, refused connection, overload. The message may be tried again, not before ``wait``."""

    def __init__(self, why: str, wait: timedelta | None = None):
        super().__init__(why)
        self.wait = wait


class Undeliverable(Exception):
    """Never: the gateway refuses this address or this message."""


class Gateway(Protocol):
    def send(self, notice: Notice) -> Handed:
        """Hand one message on within about SECONDS. Raises Unreachable or Undeliverable."""


def for_channel(channel: str) -> Gateway | None:
    """The gateway of a channel. Without one the demonstration spools; elsewhere there is no way: None."""
    if channel == User.Channel.SMS and settings.SMS_GATEWAY_URL:
        return _sms()
    if channel == User.Channel.EMAIL and settings.EMAIL_HOST:
        return MailGateway()
    if channel == TELEGRAM and (bot := telegram.api()):
        return TelegramGateway(bot)
    return Spool() if settings.DEMO else None


# Providers that were away or slow a moment ago, by address: known to the whole process.
_spared: defaultdict[str, Breaker] = defaultdict(lambda: Breaker(SPARED_S))


def _sms() -> Gateway:
    first = HttpSmsGateway(settings.SMS_GATEWAY_URL, settings.SMS_GATEWAY_TOKEN, settings.SMS_SENDER)
    if not settings.SMS_SECOND_GATEWAY_URL:
        return first
    second = HttpSmsGateway(settings.SMS_SECOND_GATEWAY_URL, settings.SMS_SECOND_GATEWAY_TOKEN, settings.SMS_SENDER)
    return TwoProviders(first, second)


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

    def __init__(self, url: str, token: str, sender: str, seconds: float = outgoing.SECONDS):
        self.url = url
        self.token = token
        self.sender = sender
        self.seconds = seconds

    def send(self, notice: Notice) -> Handed:
        body = json.dumps(
            {"to": dialled(notice.address), "text": notice.text, "sender": self.sender, "id": f"notice-{notice.pk}"}
        )
        headers = {
            "Authorization": f"Bearer {self.token}",
            "Content-Type": "application/json",
            "Idempotency-Key": f"notice-{notice.pk}",
        }
        try:
            status, answer = outgoing.ask(self.url, body=body.encode(), headers=headers, seconds=self.seconds)
        except (OSError, http.client.HTTPException) as error:
            raise Unreachable(type(error).__name__) from None
        if status in {408, 425, 429} or status >= 500 or 300 <= status < 400:
            raise Unreachable(f"HTTP {status}")
        if status >= 400:
            raise Undeliverable(f"HTTP {status}")
        return Handed(reference=_reference(answer))


class TwoProviders:
    """The first provider; while it is away or slow, the second, and the first again as soon as it is well.

    A provider that fails or takes longer than ``SLOW_S`` is spared for ``SPARED_S``, then tried with one message. When
    both are in trouble each message asks both in turn. A provider that took a message and did not say so in time makes
    its person read it twice: better than not at all. An address that one of them refuses is not tried at the other.
    """

    def __init__(self, first: HttpSmsGateway, second: HttpSmsGateway):
        self.providers = (first, second)

    def send(self, notice: Notice) -> Handed:
        well = [provider for provider in self.providers if _spared[provider.url].admits()]
        others = [provider for provider in self.providers if provider not in well]
        away = Unreachable("no provider")
        for provider in [*well, *others]:
            began = time.monotonic()
            try:
                handed = provider.send(notice)
            except Unreachable as error:
                away = error
                _spared[provider.url].trip()
                continue
            if time.monotonic() - began > SLOW_S:
                _spared[provider.url].trip()
            else:
                _spared[provider.url].reset()
            return handed
        raise away


class TelegramGateway:
    """A message to the chat of a person who has written to our bot, with the buttons under it."""

    def __init__(self, bot: telegram.BotApi):
        self.bot = bot

    def send(self, notice: Notice) -> Handed:
        said: dict[str, Any] = {
            "chat_id": int(notice.address),
            "text": _cut_to(notice.text, telegram.LONGEST_TEXT),
            "link_preview_options": {"is_disabled": True},
        }
        if notice.buttons is not None:
            said["reply_markup"] = _keyboard(notice.buttons)
        try:
            sent = self.bot.call("sendMessage", said)
        except telegram.Refused as error:
            raise Undeliverable(str(error)) from None
        except telegram.Away as error:
            raise Unreachable(str(error), error.wait) from None
        return Handed(reference=str(sent.get("message_id", ""))[:100] if isinstance(sent, dict) else "")


def _keyboard(buttons: list[dict[str, Any]]) -> dict[str, Any]:
    """One button a row; ``{"text": …, "phone": true}`` asks for the person's own number. Without any the old ones go."""
    if not buttons:
        return {"remove_keyboard": True}
    rows = [[{"text": one["text"], **({"request_contact": True} if one.get("phone") else {})}] for one in buttons]
    return {"keyboard": rows, "resize_keyboard": True, "one_time_keyboard": True}


def _cut_to(text: str, units: int) -> str:
    """At most so many UTF-16 units, as Telegram counts them; never half a letter."""
    if len(text.encode("utf-16-le")) <= 2 * units:
        return text
    return text.encode("utf-16-le")[: 2 * (units - 1)].decode("utf-16-le", "ignore") + "…"


def dialled(phone: str) -> str:
    """``8 (701) 000-00-01`` and ``+7 701 000 00 01`` → ``+77010000001``."""
    digits = "".join(letter for letter in phone if letter.isdigit())
    if len(digits) == 11 and digits.startswith("8"):
        digits = f"7{digits[1:]}"
    return f"+{digits}"


def _reference(answer: bytes) -> str:
    try:
        data = json.loads(answer)
    except ValueError:
        return ""
    return str(data.get("id", ""))[:100] if isinstance(data, dict) else ""
