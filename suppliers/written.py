"""Words that somebody reads: they have to be there, and not without end."""

from typing import Any

from django.utils.translation import gettext_lazy as _

from marketplace.errors import FieldError, Invalid

MAX_TEXT = 4000


def required(text: str, name: str, message: Any) -> str:
    """The text without blanks around it. Raises Invalid at the field ``name``: ``message`` when there is none."""
    if not text.strip():
        raise Invalid([FieldError(name, "required", message)])
    if len(text) > MAX_TEXT:
        raise Invalid([FieldError(name, "too_long", _("Write at most 4,000 characters."))])
    return text.strip()
