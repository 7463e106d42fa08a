"""What a person can quote: the case number, and the code that opens it without signing in.

The number is short and follows the one before, so it opens nothing by itself. The code is derived
from the secret key and only its keyed hash is stored; a new key closes nothing that was told before.
"""

import hmac
from datetime import date

from django.db import connection

from marketplace import crypto

CODE_DIGITS = 10


def next_number(day: date) -> str:
    """``C-2026-000123``."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval('complaints_number')")
        return f"C-{day.year}-{cursor.fetchone()[0]:06d}"


def code_of(number: str) -> str:
    """The tracking code of a case: digits only, so that it can be told by phone in any language."""
    return crypto.code("tracking", number, CODE_DIGITS)


def hash_of(number: str, code: str) -> bytes:
    return crypto.blind_index(f"tracking:{number}:{code}")


def normalise(number: str, code: str) -> tuple[str, str]:
    """What people type: blanks, dashes and small letters do not matter."""
    return number.strip().upper(), "".join(letter for letter in code if letter.isdigit())


def fits(stored: bytes, number: str, code: str) -> bool:
    """Is this the code of the case? Compared in constant time."""
    return hmac.compare_digest(bytes(stored), hash_of(number, code))
