"""How many people have come by when: the clocks of open loops."""

import math
from collections.abc import Callable

TAIL = 10.0  # seconds after the last arrival in which people finish


def steady(rate: float) -> Callable[[float], float]:
    """``rate`` people a second."""
    return lambda t: rate * t


def rush(people: int, seconds: float) -> Callable[[float], float]:
    """The first morning of a quarter: hardly anybody, at nine everybody, then fewer and fewer.

    A tenth of the time is before nine, with a twentieth of the people; of the others half come within a seventh of the
    rest.
    """
    nine, before = seconds / 10, people / 20
    fading = (seconds - nine) / 7 / math.log(2)
    whole = 1 - math.exp(-(seconds - nine) / fading)

    def come(t: float) -> float:
        if t < nine:
            return before * t / nine
        return before + (people - before) * (1 - math.exp(-(t - nine) / fading)) / whole

    return come
