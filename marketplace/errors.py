"""Refusals of a rule: each says, in the reader's language, what is wrong and what to do.

Services raise these; pages and the API turn them into answers (``status`` is the HTTP status).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True)
class FieldError:
    """What is wrong with one field; ``message`` may be a lazy translation."""

    field: str
    code: str
    message: Any


class DomainError(Exception):
    """A rule says no. ``extra`` holds machine-readable facts for the API's answer."""

    status = 409
    code = "refused"
    message: Any = _("This cannot be done now.")

    def __init__(self, message: Any = None, *, code: str | None = None, **extra: Any):
        if message is not None:
            self.message = message
        if code is not None:
            self.code = code
        self.extra = extra
        super().__init__(self.code)

    def __str__(self) -> str:
        return str(self.message)


class Invalid(DomainError):
    """Some fields are wrong; every one of them is named."""

    status = 422
    code = "invalid"
    message = _("Some answers need correction. Everything you typed is kept.")

    def __init__(self, errors: Sequence[FieldError], message: Any = None):
        super().__init__(message)
        self.errors = list(errors)


class BadRequest(DomainError):
    status = 400
    code = "bad_request"
    message = _("The request is not complete.")


class TooLarge(DomainError):
    status = 413
    code = "too_large"
    message = _("This is too large. Send it in smaller parts.")


class NotFound(DomainError):
    """Missing and foreign things answer alike."""

    status = 404
    code = "not_found"
    message = _("There is nothing at this address, or it is not yours to see.")


class Forbidden(DomainError):
    status = 403
    code = "forbidden"
    message = _("Your role does not allow this.")


class IllegalStep(DomainError):
    """The thing is in another state by now."""

    status = 409
    code = "illegal_step"
    message = _("This step is not possible in the current state: %(state)s.")

    def __init__(self, *, action: str, state: Any, allowed: list[str]):
        super().__init__(_("This step is not possible in the current state: %(state)s.") % {"state": state})
        self.extra = {"action": action, "allowed": allowed}


class Changed(DomainError):
    """The thing changed since it was read."""

    status = 412
    code = "changed"
    message = _("Something changed since you looked. Check it again, then confirm.")


class KeyReused(DomainError):
    status = 422
    code = "idempotency_key_reused"
    message = _("This Idempotency-Key was already used for another request. Use a new key.")


class TooManyTries(DomainError):
    """Guessing stops here for a while; ``retry_after`` in seconds."""

    status = 429
    code = "too_many_tries"
    message = _("Too many tries. Wait a quarter of an hour, then try again.")
    retry_after = 900


class Busy(DomainError):
    """Somebody else holds the row, or the database is away: try again, nothing was lost."""

    status = 503
    code = "busy"
    message = _("Many people are here right now. Your answers are kept. Try again in a moment.")
    retry_after = 2


class NoRoom(Busy):
    """The disk of the files is full: answers live in the database and are not touched."""

    code = "no_room"
    message = _("There is no room for files at this moment. Your answers are kept. Send the file again later.")
    retry_after = 600
