"""JSON from outside, made fit for PostgreSQL.

``jsonb`` knows neither NUL characters nor halves of surrogate pairs, and a text column no NUL. They
carry no meaning and come from broken programs; dropping them keeps the rest of what was typed.
"""

import json
import math
from typing import Any


def read(body: bytes) -> Any:
    """The value of a JSON text. Raises ValueError: not JSON, NaN or Infinity, nested without end."""
    try:
        return clean(json.loads(body, parse_constant=_refuse, parse_float=_finite))
    except RecursionError:
        raise ValueError("nested too deeply") from None


def clean(value: Any) -> Any:
    """The same value without what cannot be stored, in its strings and its keys."""
    if isinstance(value, str):
        return value.replace("\x00", "").encode("utf-8", "ignore").decode()
    if isinstance(value, list):
        return [clean(item) for item in value]
    if isinstance(value, dict):
        return {clean(key): clean(item) for key, item in value.items()}
    return value


def _refuse(constant: str) -> Any:
    raise ValueError(f"{constant} is not JSON")


def _finite(text: str) -> float:
    number = float(text)
    return number if math.isfinite(number) else _refuse(text)
