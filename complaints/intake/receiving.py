"""One message to the bot: taken once, answered once, in one transaction; the answer leaves through the outbox."""

from datetime import datetime, timedelta

from django.db import connection, transaction
from django.db.models.functions import Now
from django.utils import translation

from complaints.intake import conversation, photos, replies
from complaints.intake.models import TelegramChat, TelegramUpdate
from complaints.intake.telegram import Incoming
from marketplace import rules, tidying
from marketplace.limits import Limit, Tries
from marketplace.time import database_now

# No person writes faster; an album of ten photos comes as ten messages.
MESSAGES_OF_CHAT = Limit("telegram-messages", most=60, seconds=60)
# Telegram gives up on an update after a day.
UPDATES_KEPT = timedelta(days=7)


def take(message: Incoming, now: datetime | None = None) -> None:
    """Do what a message asks for, once for each number of an update, however often Telegram sends it.

    A chat that writes like a machine is not listened to for the rest of the minute.
    """
    if not Tries([(MESSAGES_OF_CHAT, str(message.chat_id))]).allowed():
        return
    with transaction.atomic(durable=True):
        if not _first_time(message.update_id):
            return
        chat = _locked(message)
        with translation.override(chat.language):
            if message.file:
                photos.ask_for(chat, message.file)
            reply = conversation.answer(chat, message, now or database_now())
            chat.updated_at = Now()
            chat.save()
            if reply is not None:
                replies.send(chat, reply, once=f"telegram:{message.update_id}")


def _first_time(update_id: int) -> bool:
    """A twin waits here until the first one is done, or does its work when that one failed."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO complaints_telegramupdate (update_id) VALUES (%s) ON CONFLICT DO NOTHING", [update_id]
        )
        return bool(cursor.rowcount)


def _locked(message: Incoming) -> TelegramChat:
    TelegramChat.objects.bulk_create(
        [TelegramChat(chat_id=message.chat_id, language=message.language)], ignore_conflicts=True
    )
    return TelegramChat.objects.select_for_update().get(chat_id=message.chat_id)


def forget(now: datetime) -> int:
    """Remove conversations that nobody went on with (rule ``complaint.visitor_photo_days``, like their photos)."""
    TelegramUpdate.objects.filter(at__lt=now - UPDATES_KEPT).delete()
    days = int(rules.get("complaint.visitor_photo_days").value["days"])
    return TelegramChat.objects.filter(updated_at__lt=now - timedelta(days=days)).delete()[0]


tidying.register("telegram_chats", forget)
