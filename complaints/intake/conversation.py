"""The bot's questions, one at a time: what happened, about whom, what is wrong, where, how to answer; then the check.

The next question is the first that is needed and has no answer; "Back" forgets the latest answer. Answers are the
words of the buttons, so that they can be pressed, typed or spoken. Nothing is stored as a complaint before the check
has named the addressee, why, by which law and until when, and the person has pressed "Send the complaint".
"""

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from complaints import checking, filing, shapes
from complaints.intake import checked, photos
from complaints.intake.models import TelegramChat
from complaints.intake.replies import RECEIPT, Reply, pressed
from complaints.intake.talk import Talk, named_by
from complaints.intake.telegram import Incoming
from marketplace import notices, regions
from marketplace.context import LANGUAGE_NAMES
from marketplace.errors import DomainError, FieldError, Invalid
from orders.draft_fields import phone_number
from suppliers import qr

BACK, STOP, SEND = gettext_lazy("Back"), gettext_lazy("Do not send"), gettext_lazy("Send the complaint")
ANEW = gettext_lazy("A new complaint")
UNKNOWN = gettext_lazy("I do not know")
MY_PHONE = gettext_lazy("Send my phone number")
NO_PHONE = gettext_lazy("Only in this chat")
ORDER_DIGITS = 10
Code = TypeVar("Code")


def answer(chat: TelegramChat, message: Incoming, now: datetime) -> Reply | None:
    """What the bot says to a message; the chat carries what was understood. None: nothing needs to be said yet."""
    talk = Talk(chat, now)
    command, _blank, rest = message.text.partition(" ")
    if command == "/start" or message.text in ("/new", str(ANEW)):
        return _begin(talk, rest.strip() if command == "/start" else "")
    if message.text in ("/stop", str(STOP)):
        return _end(talk)
    if _speaks(chat, message.text):
        with translation.override(chat.language):
            return _ask(talk)
    if "sent" in talk.said:
        return None if message.file else Reply(_say_sent(talk), pressed(ANEW))
    if message.text in ("/back", str(BACK)):
        return _back(talk)
    if message.too_large and message.spoken:
        return Reply(_("The recording is too large. Make it shorter, or send it in several parts."))
    if message.too_large:
        return Reply(_("The file is larger than 10 MB. Make the photo smaller and try again."))
    tells = message.text or message.spoken
    if message.file and not (tells and "text" not in talk.said):
        return None if "text" in talk.said else _ask(talk)
    return _go_on(talk, message)


# --- The way through the questions --------------------------------------------------------------


def _begin(talk: Talk, token: str) -> Reply:
    """A new complaint; the link of a printed code brings what it is about along."""
    talk.chat.said, talk.chat.key = {}, uuid.uuid4()
    if qr.read(token) is not None:
        talk.put("about", {"token": token.upper()})
    asked = _ask(talk)
    greeting = _("This bot takes complaints about assistive goods, services and offices.")
    return Reply(f"{greeting}\n\n{asked.text}", pressed(*LANGUAGE_NAMES.values()))


def _end(talk: Talk) -> Reply:
    talk.chat.said, talk.chat.key = {}, uuid.uuid4()
    return Reply(_("Nothing was sent. What you wrote is forgotten here."), pressed(ANEW))


def _back(talk: Talk) -> Reply:
    if talk.trail:
        talk.drop(talk.trail[-1])
    return _ask(talk)


def _go_on(talk: Talk, message: Incoming) -> Reply:
    question = _next(talk)
    trouble = question.take(talk, message) if question is not None else None
    if question is None:
        return _at_check(talk, message)
    asked = _ask(talk)
    return Reply(f"{trouble}\n\n{asked.text}", asked.buttons) if trouble else asked


def _ask(talk: Talk) -> Reply:
    question = _next(talk)
    if question is None:
        return _show_check(talk)
    asked = question.ask(talk)
    if not talk.trail:
        return asked
    return Reply(asked.text, [*(asked.buttons or []), *pressed(BACK, STOP)])


def _speaks(chat: TelegramChat, text: str) -> bool:
    """The person has chosen a language by its own name."""
    for code, name in LANGUAGE_NAMES.items():
        if text.casefold() == name.casefold():
            chat.language = code
            return True
    return False


# --- The questions ------------------------------------------------------------------------------


@dataclass(frozen=True)
class Question:
    """``take`` keeps the answer and returns nothing, or what was not understood, in words."""

    name: str
    needed: Callable[[Talk], bool]
    ask: Callable[[Talk], Reply]
    take: Callable[[Talk, Incoming], str | None]


def _next(talk: Talk) -> Question | None:
    return next((one for one in QUESTIONS if one.name not in talk.said and one.needed(talk)), None)


def _ask_text(_talk: Talk) -> Reply:
    text = _("What happened? Write it in one message, or say it by voice or video. Photos may come before or after it.")
    return Reply(text, pressed(*LANGUAGE_NAMES.values()))


def _take_text(talk: Talk, message: Incoming) -> str | None:
    if not message.text and not message.spoken:
        return _("This bot takes words, photos, voice and video only.")
    talk.put("text", message.text)
    talk.said.pop("recorded", None)
    if message.spoken:
        talk.said["recorded"] = True
    return None


def _ask_about(talk: Talk) -> Reply:
    offered = [name for _token, name in talk.said.get("offered", [])]
    text = _("About whom? Write a part of the name of the supplier or office, or the number of your order.")
    return Reply(text, pressed(*offered, UNKNOWN))


def _take_about(talk: Talk, message: Incoming) -> str | None:
    offered = talk.said.pop("offered", [])
    text = message.text
    if _is(text, UNKNOWN):
        talk.put("about", {})
    elif (token := _chosen(text, offered)) is not None:
        talk.put("about", {"token": token})
    elif qr.read(text) is not None:
        talk.put("about", {"token": text.strip().upper()})
    elif (digits := text.replace(" ", "")).isdecimal() and len(digits) == ORDER_DIGITS:
        talk.put("about", {"order": digits})
    elif found := named_by(text):
        talk.said["offered"] = found
        return _("Choose one, or write the name another way.")
    else:
        return _("We found nobody by this name. Write it another way, or press “I do not know”.")
    return None


def _ask_proof(_talk: Talk) -> Reply:
    text = _("Is the order yours? Press the button: we compare your phone number with that of the order.")
    return Reply(text, [{"text": str(MY_PHONE), "phone": True}, *pressed(UNKNOWN)])


def _take_proof(talk: Talk, message: Incoming) -> str | None:
    if not message.phone and not _is(message.text, UNKNOWN):
        return _("Press one of the buttons.")
    if message.phone and talk.prove(message.phone):
        return None
    # Whether there is such an order is not told: its number is not lost, it goes into the story.
    talk.said["order_said"] = talk.said["about"]["order"]
    talk.drop("about")
    return _("We cannot tell that this order is yours. Its number goes with your complaint.")


def _ask_line(talk: Talk) -> Reply:
    return Reply(_("Which thing of the parcel?"), pressed(*(shapes.line_title(line) for line in talk.lines)))


def _ask_sphere(talk: Talk) -> Reply:
    return Reply(_("What is the complaint about?"), pressed(*(name for _code, name in _spheres(talk))))


def _spheres(talk: Talk) -> list[tuple[str, str]]:
    return [(code, talk.table.sphere_name(code)) for code in talk.table.spheres if code != "any"]


def _ask_subject(talk: Talk) -> Reply:
    return Reply(_("What is wrong?"), pressed(*(name for _code, name in _subjects(talk))))


def _subjects(talk: Talk) -> list[tuple[str, str]]:
    return [(code, talk.table.subject_name(code)) for code in talk.table.subjects_of(talk.sphere)]


def _ask_region(_talk: Talk) -> Reply:
    return Reply(_("Where did it happen?"), pressed(*(name for _code, name in _regions())))


def _regions() -> list[tuple[str, str]]:
    return [(row.code, row.name) for row in regions.listed()]


def _ask_phone(_talk: Talk) -> Reply:
    text = _("News come into this chat. May we also call or write to your phone? Press the button or type the number.")
    return Reply(text, [{"text": str(MY_PHONE), "phone": True}, *pressed(NO_PHONE)])


def _take_phone(talk: Talk, message: Incoming) -> str | None:
    if _is(message.text, NO_PHONE):
        talk.put("phone", "")
        return None
    said = f"+{message.phone.lstrip('+')}" if message.phone else message.text
    number = phone_number(said)
    if number is None:
        return _("Enter a phone number, for example 8 701 000 00 01.")
    talk.put("phone", number)
    return None


def _take_choice(
    name: str, options: Callable[[Talk], Sequence[tuple[object, str]]]
) -> Callable[[Talk, Incoming], str | None]:
    def take(talk: Talk, message: Incoming) -> str | None:
        chosen = _chosen(message.text, options(talk))
        if chosen is None:
            return _("Press one of the buttons.")
        talk.put(name, chosen)
        return None

    return take


def _chosen(text: str, options: Sequence[tuple[Code, str]]) -> Code | None:
    """The code of the option whose words were pressed or typed; also by its place in the list."""
    said = text.strip().casefold()
    for place, (code, label) in enumerate(options, 1):
        if said in (label.casefold(), str(place)):
            return code
    return None


def _is(text: str, label: object) -> bool:
    return text.strip().casefold() == str(label).casefold()


def _line_options(talk: Talk) -> list[tuple[object, str]]:
    return [(line.pk, shapes.line_title(line)) for line in talk.lines]


QUESTIONS = [
    Question("text", lambda _talk: True, _ask_text, _take_text),
    Question("about", lambda _talk: True, _ask_about, _take_about),
    Question("proof", lambda talk: "order" in talk.said["about"], _ask_proof, _take_proof),
    Question("line", lambda talk: len(talk.lines) > 1, _ask_line, _take_choice("line", _line_options)),
    Question("sphere", lambda talk: not talk.sphere, _ask_sphere, _take_choice("sphere", _spheres)),
    Question("subject", lambda _talk: True, _ask_subject, _take_choice("subject", _subjects)),
    Question("region", lambda talk: not talk.region, _ask_region, _take_choice("region", lambda _talk: _regions())),
    Question("phone", lambda _talk: True, _ask_phone, _take_phone),
]


# --- The check and the sending ------------------------------------------------------------------


def _show_check(talk: Talk) -> Reply:
    """Addressee, why, legal basis, date: before anything is sent."""
    told = talk.filing()
    try:
        found, route = filing.preview(actor=AnonymousUser(), filing=told, now=talk.now)
        if found.errors:
            raise Invalid(found.errors)
    except Invalid as error:
        return _wrong(talk, error)
    text = checked.in_words(found, route, subject=talk.subject, photos=photos.on_the_way(talk.chat))
    return Reply(text, pressed(SEND, BACK, STOP))


def _at_check(talk: Talk, message: Incoming) -> Reply:
    if _is(message.text, SEND):
        return _file(talk)
    if not message.text:
        return Reply(_("This bot takes words, photos, voice and video only."))
    longer = f"{talk.said['text']}\n{message.text}".strip()
    if len(longer) > checking.MAX_TEXT:
        return Reply(_("Write at most 20,000 characters."))
    talk.said["text"] = longer
    return Reply(_("Added to your story. Press “Send the complaint” when it is complete."), pressed(SEND, BACK, STOP))


def _file(talk: Talk) -> Reply:
    """Register the complaint by the service of every channel; the bot's answer belongs to the same transaction."""
    visitor = AnonymousUser()
    try:
        with filing.counted(visitor, f"telegram:{talk.chat.chat_id}") as count, transaction.atomic():
            complaint, _route = filing.register(actor=visitor, filing=talk.filing(), now=talk.now)
            count()
    except Invalid as error:
        return _wrong(talk, error)
    except filing.AlreadyOpen as error:
        talk.chat.said, talk.chat.key = {}, uuid.uuid4()
        return Reply(str(error), pressed(ANEW))
    except DomainError as error:
        return Reply(str(error), pressed(SEND, BACK, STOP))
    photos.hand_over(talk.chat, complaint)
    talk.chat.said, talk.chat.key = {"sent": complaint.number}, uuid.uuid4()
    lines = [
        _("Complaint sent"),
        f"{_('Your number')}: {complaint.number}",
        f"{_('Tracking code')}: {notices.FILLED_LATER}",
        _(
            "Write down the number and the code. With them you see how it goes and take every step without signing in. "
            "Show the code to nobody."
        ),
        f"{settings.PORTAL_URL}/{talk.chat.language}/track/",
        _say_sent(talk),
    ]
    return Reply("\n".join(lines), pressed(ANEW), kind=RECEIPT, subject=f"complaint:{complaint.number}")


def _say_sent(talk: Talk) -> str:
    return _("News about %(number)s come into this chat.") % {"number": talk.said["sent"]}


def _wrong(talk: Talk, error: Invalid) -> Reply:
    """What the checks refuse, in words, and the question it belongs to once more."""
    for item in error.errors:
        talk.drop(_QUESTION_OF.get(item.field, "text"))
    words = "\n".join(_once(error.errors))
    asked = _ask(talk)
    return Reply(f"{words}\n\n{asked.text}", asked.buttons)


def _once(errors: Sequence[FieldError]) -> list[str]:
    return list(dict.fromkeys(str(item.message) for item in errors))


_QUESTION_OF = {
    "subject": "subject",
    "sphere": "subject",
    "region": "region",
    "qr": "about",
    "office": "about",
    "order_line": "about",
    "contact.phone": "phone",
}
