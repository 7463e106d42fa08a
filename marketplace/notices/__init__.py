"""Messages to people: written with their cause, sent afterwards, each ending in a known state (guarantee G5).

``create`` writes a notice in the running transaction, ``tell`` one to each of several people; ``sending`` takes it from there; ``gateways``
speak to the networks; ``calls`` is the list of people whom nobody could reach otherwise.
"""

import hashlib
import json
from collections.abc import Callable, Iterable
from typing import Any

from django.conf import settings
from django.db import connection
from django.utils import translation
from django.utils.translation import get_language

from marketplace import outbox
from marketplace.models import Notice, User

TITLE_LENGTH = 200  # as long as the columns
DEDUPE_LENGTH = 120
TOPIC = "notice.send"
# Where a code or a link stands in a text: no table keeps it, it is derived when the message is read or leaves.
FILLED_LATER = "{code}"


def create(
    *,
    recipient: User | None,
    kind: str,
    subject: str,
    title: str,
    text: str,
    dedupe: str,
    channel: str | None = None,
    address: str | None = None,
    language: str | None = None,
    buttons: list[dict[str, Any]] | None = None,
    otherwise: str = "",
) -> int | None:
    """Write one notice and its sending into the running transaction; once for each ``dedupe``.

    ``title`` and ``text`` are ready to read, in the recipient's language. Channel, address and language
    default to the recipient's own; a visitor's complaint gives ``address`` instead. Who can only be
    reached by phone, or not at all, goes onto the call list. ``buttons`` stand under a message of the Telegram
    bot, ``otherwise`` is the phone for when its chat is gone. Returns the notice's id, None when it had been
    written before. The moment of writing is the database's.
    """
    channel, address = _way(recipient, channel, address)
    by_phone = channel == User.Channel.CALL
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO marketplace_notice (recipient_id, kind, subject, channel, language, address, title, text,"
            " buttons, otherwise, status, attempts, reference, error, dedupe)"
            " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, 0, '', '', %s)"
            " ON CONFLICT (dedupe) DO NOTHING RETURNING id",
            [
                recipient.pk if recipient else None,
                kind,
                subject,
                channel,
                language or (recipient.language if recipient else get_language()) or settings.LANGUAGE_CODE,
                address,
                " ".join(title.split())[:TITLE_LENGTH],
                text,
                json.dumps(buttons) if buttons is not None else None,
                otherwise,
                Notice.Status.CALL if by_phone else Notice.Status.CREATED,
                _short(dedupe),
            ],
        )
        inserted = cursor.fetchone()
    if inserted is None:
        return None
    notice_id: int = inserted[0]
    if not by_phone:
        outbox.add(TOPIC, str(notice_id))
    return notice_id


def tell(people: Iterable[User], words: Callable[[], tuple[str, str]], *, kind: str, subject: str, dedupe: str) -> int:
    """One notice to each of these people whose account works, in the own language; returns how many were written.

    ``words`` gives title and text in the active language; without a title there is nothing to say. ``dedupe`` names
    the event: whoever was told of it is not told again.
    """
    told = 0
    for user in people:
        if not user.is_active:
            continue
        with translation.override(user.language):
            title, text = words()
        if title:
            once = f"{dedupe}:{user.pk}"
            written = create(recipient=user, kind=kind, subject=subject, title=title, text=text, dedupe=once)
            told += written is not None
    return told


def _short(dedupe: str) -> str:
    """The name of the event and recipient, as long as the column is."""
    if len(dedupe) <= DEDUPE_LENGTH:
        return dedupe
    return f"{dedupe[:50]}:{hashlib.sha256(dedupe.encode()).hexdigest()}"


def _way(recipient: User | None, channel: str | None, address: str | None) -> tuple[str, str]:
    """The channel that can be used and its address; a phone call when there is no other."""
    if address:
        return channel or (User.Channel.EMAIL if "@" in address else User.Channel.SMS), address
    if recipient is None:
        return User.Channel.CALL, ""
    wanted = channel or recipient.channel
    if wanted == User.Channel.CALL:
        return User.Channel.CALL, recipient.phone
    reach: dict[str, str] = {User.Channel.SMS: recipient.phone, User.Channel.EMAIL: recipient.email}
    for possible in (wanted, *reach):
        if reach[possible]:
            return possible, reach[possible]
    return User.Channel.CALL, ""
