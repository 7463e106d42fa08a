"""Kazakhstan's 12-digit identity numbers: IIN of a person, BIN of an organisation."""

_FIRST = range(1, 12)
_SECOND = (3, 4, 5, 6, 7, 8, 9, 10, 11, 1, 2)


def has_valid_checksum(number: str) -> bool:
    """Two-pass modulo-11 check of the last digit.

    A slip of the eleventh digit goes unnoticed (its weight is 11, nothing modulo 11), about one single
    slip in ten in all: always show the name back.
    """
    if len(number) != 12 or not number.isascii() or not number.isdigit():
        return False
    digits = [int(letter) for letter in number]
    for weights in (_FIRST, _SECOND):
        control = sum(weight * digit for weight, digit in zip(weights, digits, strict=False)) % 11
        if control < 10:
            return control == digits[11]
    return False


def is_bin(number: str) -> bool:
    """A BIN has 4, 5 or 6 as its fifth digit (kind of organisation)."""
    return has_valid_checksum(number) and number[4] in "456"


def is_iin(number: str) -> bool:
    """An IIN has 0–3 as its fifth digit (first digit of the day of birth)."""
    return has_valid_checksum(number) and number[4] in "0123"


def masked(number: str) -> str:
    """``841317301336`` → ``••••••••1336``: enough to compare with a paper; of less than eight signs nothing is shown."""
    shown = number[-4:] if len(number) >= 8 else ""
    return "•" * (len(number) - len(shown)) + shown
