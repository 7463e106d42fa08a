"""What the bot says: a text with answers to press, sent like every notice (outbox, retries, a known end)."""

from dataclasses import dataclass
from typing import Any

from complaints import tracking
from complaints.intake.models import TelegramChat
from marketplace import notices
from marketplace.models import Notice
from marketplace.notices import gateways, sending

REPLY, RECEIPT = "telegram.reply", "telegram.receipt"


@dataclass(frozen=True)
class Reply:
    """``buttons``: one a row; None leaves the ones that are there, an empty list takes them away."""

    text: str
    buttons: list[dict[str, Any]] | None = None
    kind: str = REPLY
    subject: str = ""


def pressed(*labels: Any) -> list[dict[str, Any]]:
    """Buttons with these words."""
    return [{"text": str(label)} for label in labels]


def send(chat: TelegramChat, reply: Reply, *, once: str) -> None:
    """Write a message to a chat into the running transaction."""
    notices.create(
        recipient=None,
        kind=reply.kind,
        subject=reply.subject or f"chat:{chat.pk}",
        title="",
        text=reply.text,
        dedupe=once,
        channel=gateways.TELEGRAM,
        address=str(chat.chat_id),
        language=chat.language,
        buttons=reply.buttons,
    )


def _code(notice: Notice) -> str:
    return tracking.code_of(notice.subject.partition(":")[2])


sending.filled_by(_code, RECEIPT)
