"""Photos, voice and video that were sent to the bot: fetched from Telegram by a worker, made clean like all others."""

import io

from django.core.files.base import File
from django.db import transaction
from django.db.models.functions import Now
from django.utils import translation
from django.utils.translation import gettext as _

from complaints import attachments
from complaints.intake import replies
from complaints.intake.models import TelegramChat, TelegramPhoto
from complaints.intake.replies import Reply
from complaints.intake.telegram import LARGEST_FETCHED
from complaints.models import Complaint
from complaints.states import ENDED_STATES, PERSON
from marketplace import events, files, outbox, telegram
from marketplace.errors import Invalid
from marketplace.models import OutboxRow, StoredFile
from marketplace.recordings import Recording

TOPIC = "telegram.photo"


def subject_of(key: object) -> str:
    """Under which name the photos of a complaint in the making wait."""
    return f"{attachments.WAITING}{key}"


def kept(chat: TelegramChat) -> list[str]:
    """Ids of the photos that have come so far for the complaint that is being made."""
    return [str(pk) for pk in StoredFile.objects.filter(subject=subject_of(chat.key)).values_list("pk", flat=True)]


def on_the_way(chat: TelegramChat) -> int:
    """How many photos were sent, whether they have come or not."""
    return TelegramPhoto.objects.filter(chat=chat, key=chat.key).count()


def ask_for(chat: TelegramChat, file_id: str) -> None:
    """Have a photo fetched, for the complaint that is being made or, after it, for the one that was just filed."""
    number = chat.said.get("sent", "")
    photo = TelegramPhoto.objects.create(
        chat=chat, key=chat.key, file_id=file_id, complaint=Complaint.objects.filter(number=number).first()
    )
    outbox.add(TOPIC, str(photo.pk))


def hand_over(chat: TelegramChat, complaint: Complaint) -> None:
    """What is still on its way goes to the case itself when it comes."""
    TelegramPhoto.objects.filter(chat=chat, key=chat.key, done_at=None).update(complaint=complaint)


@outbox.handler(TOPIC, talks=True)
def fetch(row: OutboxRow) -> None:
    """Fetch, make clean, keep and tell; a file that cannot be had is told as well. Raises telegram.Away to be run again."""
    photo = TelegramPhoto.objects.filter(pk=int(row.key), done_at=None).first()
    bot = telegram.api()
    if photo is None or bot is None:
        return
    picture, trouble = None, ""
    try:
        picture = attachments.clean(File(io.BytesIO(bot.file(photo.file_id, LARGEST_FETCHED)), name="photo"))
    except telegram.Refused:
        trouble = "lost"
    except telegram.Away:
        if row.attempts < outbox.MAX_ATTEMPTS:
            raise
        trouble = "lost"
    except Invalid as error:
        trouble = error.errors[0].code
    with transaction.atomic(durable=True):
        chat = TelegramChat.objects.select_for_update().filter(pk=photo.chat_id).first()
        if chat is None or not TelegramPhoto.objects.filter(pk=photo.pk, done_at=None).update(done_at=Now()):
            return
        with translation.override(chat.language):
            reply = _keep(chat, photo, picture) if picture is not None else Reply(_refusal(trouble))
            replies.send(chat, reply, once=f"telegram.photo:{photo.pk}")


def _refusal(trouble: str) -> str:
    if trouble in files.REFUSALS:
        return str(files.REFUSALS[trouble])
    return _("The file did not come. Send it again.")


def _keep(chat: TelegramChat, photo: TelegramPhoto, picture: files.Picture | Recording) -> Reply:
    photo.refresh_from_db()
    case = photo.complaint_id
    complaint = Complaint.objects.select_for_update().get(pk=case) if case is not None else None
    if complaint is None and photo.key != chat.key:
        return Reply(_("The file came after you had stopped. It is not kept."))
    if complaint is not None and complaint.status in ENDED_STATES:
        return Reply(str(attachments.Ended.message))
    subject = f"complaint:{complaint.number}" if complaint is not None else subject_of(chat.key)
    count = StoredFile.objects.filter(subject=subject).count() + 1
    if count > attachments.most():
        return Reply(str(attachments.TooMany.at(attachments.most())))
    stored = files.keep(picture=picture, subject=subject, purpose="complaint", owner=None)
    if complaint is not None:
        events.record(
            kind="complaint.file_added",
            subject=subject,
            actor=None,
            data={"party": PERSON, "file": str(stored.pk), "size": stored.size},
        )
    return Reply(_("The file is kept: %(count)s of %(most)s.") % {"count": count, "most": attachments.most()})
