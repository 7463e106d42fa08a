"""What a person can quote: the case number, and the code that opens it without signing in.

Whoever shows both is the person of the case: most people who complain have no account.

The number is short and follows the one before, so it opens nothing by itself. The code is derived
from the secret key and only its keyed hash is stored; a new key closes nothing that was told before.
"""

from dataclasses import dataclass, field
from datetime import date
from typing import ClassVar, Literal

from django.db import connection

from marketplace import crypto

CODE_DIGITS = 10


@dataclass(frozen=True)
class Holder:
    """Somebody without an account who shows the number and the code of one case; selectors.holder makes it.

    ``acts`` is false for the account of a desk or of the other side: it may look, the steps are the person's.
    """

    number: str
    code: str = field(repr=False)
    acts: bool = True
    is_authenticated: ClassVar[Literal[False]] = False


def next_number(day: date) -> str:
    """``C-2026-000123``."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval('complaints_number')")
        return f"C-{day.year}-{cursor.fetchone()[0]:06d}"


def code_of(number: str) -> str:
    """The tracking code of a case: digits only, so that it can be told by phone in any language."""
    return crypto.code("tracking", number, CODE_DIGITS)


def hash_of(number: str, code: str) -> bytes:
    """What stands in ``Complaint.tracking_hash``."""
    return crypto.blind_index(f"tracking:{number}:{code}")


def hashes_of(number: str, code: str) -> list[bytes]:
    """What may stand there while keys are changed."""
    return list(crypto.blind_indexes(f"tracking:{number}:{code}"))


def normalise(number: str, code: str) -> tuple[str, str]:
    """What people type: blanks, dashes and small letters do not matter."""
    return number.strip().upper(), "".join(letter for letter in code if letter.isdigit())
