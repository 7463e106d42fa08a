"""Passwords: words of this portal, of which none may be made (ASVS 6.1.2); one that was given is changed first (6.4.1)."""

import hashlib
import unicodedata
from pathlib import Path
from typing import BinaryIO

from allauth.account.internal.flows.login import get_authentication_records
from django.conf import settings
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from marketplace.errors import DomainError
from marketplace.models import User

# The portal, its number, the ministry's other portals, the country; in both alphabets.
WORDS = (
    "tirek", "тірек", "тирек", "portal", "портал", "1414", "egov", "enbek", "еңбек", "енбек", "qazaqstan", "kazakhstan",
    "қазақстан", "казахстан", "parol", "пароль", "құпиясөз",
)  # fmt: skip
LEAST_BESIDE = 6


class OwnWordsValidator:
    """Refuses a password in which fewer than LEAST_BESIDE letters and digits stand beside these words."""

    def validate(self, password: str, user: User | None = None) -> None:
        rest = unicodedata.normalize("NFKC", password).casefold()
        found = False
        for word in WORDS:
            found |= word in rest
            rest = rest.replace(word, " ")
        if found and len([letter for letter in rest if letter.isalnum()]) < LEAST_BESIDE:
            raise ValidationError(self.get_help_text(), code="password_of_own_words")

    def get_help_text(self) -> str:
        return _("A password made of the name of the portal is easy to guess. Choose other words.")


class PasswordGiven(DomainError):
    """An administrator chose the password: the person has to choose one that nobody else knows."""

    status = 403
    code = "password_given"
    message = gettext_lazy(
        "Somebody else chose this password. Sign in on the portal's pages and choose one of your own."
    )


def was_given(*, user_id: int) -> None:
    """An administrator has set the person's password."""
    User.objects.filter(pk=user_id).update(password_given=True)


def is_to_be_changed(request: HttpRequest) -> bool:
    """Somebody is signed in by a password that somebody else chose."""
    if settings.SESSION_COOKIE_NAME not in request.COOKIES:
        return False
    user = request.user
    if not user.is_authenticated or not user.password_given:
        return False
    return any(record["method"] == "password" for record in get_authentication_records(request, user))


# --- Passwords that were stolen somewhere -----------------------------------------------------------

LONGEST_LINE = 64  # 40 letters of a digest, a colon, a number


class BreachedPasswordsValidator:
    """Refuses what stands in the list that ``BREACHED_PASSWORDS`` names, if it does; nothing of it leaves the node."""

    def validate(self, password: str, user: User | None = None) -> None:
        if settings.BREACHED_PASSWORDS and is_in_list(password, Path(settings.BREACHED_PASSWORDS)):
            raise ValidationError(self.get_help_text(), code="password_breached")

    def get_help_text(self) -> str:
        return _("A password that was stolen somewhere is tried first. Choose another one.")


def is_in_list(password: str, path: Path) -> bool:
    """Whether a file of lines ``SHA-1:count``, ordered by digest, has the password: by halving, in some thirty reads."""
    wanted = hashlib.sha1(password.encode(), usedforsecurity=False).hexdigest().upper().encode()
    with path.open("rb") as file:
        low, high = 0, file.seek(0, 2)
        while low < high:  # the line that is wanted begins in [low, high), if it is there
            middle = (low + high) // 2
            begin = _line_begin(file, middle, low)
            file.seek(begin)
            line = file.readline()
            digest = line[:40].upper()
            if digest == wanted:
                return True
            low, high = (begin + len(line), high) if digest < wanted else (low, begin)
    return False


def _line_begin(file: BinaryIO, inside: int, least: int) -> int:
    """Where the line begins that has this byte."""
    start = max(least, inside - LONGEST_LINE)
    file.seek(start)
    before = file.read(inside - start).rfind(b"\n")
    return start if before < 0 else start + before + 1
