"""What was typed into a draft, read as what it means."""

import re
from typing import Any


def whole_number(value: Any) -> int | None:
    """``3`` or ``"3"``; None for anything else, also for ``True`` and ``3.5``."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value
    text = str(value).strip() if isinstance(value, str) else ""
    return int(text) if re.fullmatch(r"-?[0-9]{1,9}", text) else None


def is_yes(value: Any) -> bool:
    """A ticked box: ``true`` from programs and scripts, ``on`` from a plain form."""
    return value is True or (isinstance(value, str) and value.lower() in {"true", "on", "1", "yes"})
