"""Updates of the Bot API as the conversation reads them: text, the own number, a photo, voice or video. Nothing else.

https://core.telegram.org/bots/api#update
"""

from dataclasses import dataclass

from django.conf import settings
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from marketplace import files, payloads

LONGEST_FILE_ID = 250  # as long as the column
PICTURES = {"image/jpeg", "image/png", "image/webp"}
LARGEST_FETCHED = 20 * 1024 * 1024  # bytes: more of a file a bot does not get


@dataclass(frozen=True)
class Incoming:
    """One message of one person. ``phone`` is the number of the sender's own account, vouched for by Telegram.

    ``file`` is a photo or, when it is ``spoken``, voice or video.
    """

    update_id: int
    chat_id: int
    language: str
    text: str = ""
    phone: str = ""
    file: str = ""
    spoken: bool = False
    too_large: bool = False


class _Lenient(BaseModel):
    model_config = ConfigDict(extra="ignore", strict=True)


class _From(_Lenient):
    id: int
    is_bot: bool = False
    language_code: str = ""


class _Chat(_Lenient):
    id: int
    type: str


class _File(_Lenient):
    file_id: str = Field(min_length=1, max_length=LONGEST_FILE_ID)
    file_size: int = 0
    mime_type: str = ""


class _Contact(_Lenient):
    phone_number: str = Field(max_length=30)
    user_id: int | None = None


class _Message(_Lenient):
    sender: _From = Field(alias="from")
    chat: _Chat
    text: str = ""
    caption: str = ""
    contact: _Contact | None = None
    photo: list[_File] = []
    document: _File | None = None
    voice: _File | None = None
    audio: _File | None = None
    video: _File | None = None
    video_note: _File | None = None


class _Update(_Lenient):
    update_id: int
    message: _Message | None = None


def read(body: bytes) -> Incoming | None:
    """The message of an update; None for what the bot does not take part in: groups, channels, edits, other bots.

    Raises ValueError for what is no update.
    """
    try:
        update = _Update.model_validate(payloads.read(body))
    except ValidationError:
        raise ValueError("no update") from None
    message = update.message
    if message is None or message.chat.type != "private" or message.sender.is_bot:
        return None
    own = message.contact is not None and message.contact.user_id == message.sender.id
    sizes = [*message.photo]
    if message.document is not None and message.document.mime_type in PICTURES:
        sizes.append(message.document)
    spoken = message.voice or message.audio or message.video or message.video_note
    if spoken is not None:
        sizes = [spoken]
    most = LARGEST_FETCHED if spoken is not None else files.MAX_BYTES
    fitting = [size for size in sizes if size.file_size <= most]
    return Incoming(
        update_id=update.update_id,
        chat_id=message.chat.id,
        language=_language(message.sender.language_code),
        text=(message.text or message.caption).strip(),
        phone=message.contact.phone_number if own and message.contact else "",
        file=max(fitting, key=lambda size: size.file_size).file_id if fitting else "",
        spoken=spoken is not None,
        too_large=bool(sizes) and not fitting,
    )


def _language(tag: str) -> str:
    """``ru-KZ`` → ``ru``; what the portal does not speak becomes Kazakh."""
    short = tag.partition("-")[0].lower()
    return short if short in dict(settings.LANGUAGES) else settings.LANGUAGE_CODE
