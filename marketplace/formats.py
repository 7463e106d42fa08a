"""Money, dates and quantities as people read them, in Kazakh, Russian and English.

Formatting happens on the server with the page's language, never with the browser's locale: a Kazakh page must not
show "01:45 AM". Instants are shown in Asia/Almaty; a naive value is a programming error and is refused by Django's
own ``localtime``.
"""

import zoneinfo
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal

from django.utils import timezone
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

ALMATY = zoneinfo.ZoneInfo("Asia/Almaty")
NO_BREAK = "\u00a0"

# Whole names inside a date; Russian needs the genitive. Written out here because Django's Kazakh catalogue has gaps.
_MONTHS = {
    "kk": "қаңтар ақпан наурыз сәуір мамыр маусым шілде тамыз қыркүйек қазан қараша желтоқсан",
    "ru": "января февраля марта апреля мая июня июля августа сентября октября ноября декабря",
    "en": "January February March April May June July August September October November December",
}
MONTHS = {language: names.split() for language, names in _MONTHS.items()}


# The names by themselves, where they differ from those inside a date.
_RUSSIAN = "январь февраль март апрель май июнь июль август сентябрь октябрь ноябрь декабрь"
MONTH_NAMES = MONTHS | {"ru": _RUSSIAN.split()}


def _language(language: str | None) -> str:
    code = (language or get_language() or "kk")[:2]
    return code if code in MONTHS else "en"


def group_digits(number: Decimal | int, *, language: str | None = None, places: int = 0) -> str:
    """``305374.72`` → ``305 374,72`` (kk, ru; no-break spaces) or ``305,374.72`` (en)."""
    text = f"{number:,.{places}f}"
    if _language(language) == "en":
        return text
    return text.replace(",", NO_BREAK).replace(".", ",")


def money(amount: Decimal | int | str, language: str | None = None) -> str:
    """A sum in tenge: ``305 374,72 ₸``; whole sums have no tiyn: ``305 374 ₸``."""
    exact = Decimal(str(amount)).quantize(Decimal("0.01"), rounding=ROUND_HALF_UP)
    places = 0 if exact == exact.to_integral_value() else 2
    return f"{group_digits(exact, language=language, places=places)}{NO_BREAK}₸"


def local_date(value: date | datetime) -> date:
    """The calendar day in Kazakhstan."""
    return timezone.localtime(value, ALMATY).date() if isinstance(value, datetime) else value


def date_long(value: date | datetime, language: str | None = None) -> str:
    """``2026 жылғы 5 желтоқсан``, ``5 декабря 2026``, ``5 December 2026``."""
    day, code = local_date(value), _language(language)
    month = MONTHS[code][day.month - 1]
    if code == "kk":
        return f"{day.year}{NO_BREAK}жылғы {day.day}{NO_BREAK}{month}"
    if code == "ru":
        return f"{day.day}{NO_BREAK}{month}{NO_BREAK}{day.year}"
    return f"{day.day}{NO_BREAK}{month} {day.year}"


def months(first: date, last: date, language: str | None = None) -> str:
    """``October``, or ``October–December`` when the days lie in several months."""
    names = MONTH_NAMES[_language(language)]
    begins, ends = names[first.month - 1], names[last.month - 1]
    return begins if (first.year, first.month) == (last.year, last.month) else f"{begins}–{ends}"


def datetime_short(value: datetime, language: str | None = None) -> str:
    """``05.12.2026, 14:30`` (kk, ru) or ``5 Dec 2026, 14:30`` (en), 24 hours."""
    moment, code = timezone.localtime(value, ALMATY), _language(language)
    if code == "en":
        return f"{moment.day}{NO_BREAK}{MONTHS['en'][moment.month - 1][:3]}{NO_BREAK}{moment:%Y, %H:%M}"
    return f"{moment:%d.%m.%Y, %H:%M}"


def clock(value: datetime) -> str:
    """``14:30`` in Kazakhstan."""
    return f"{timezone.localtime(value, ALMATY):%H:%M}"


def quantity(number: int | Decimal, unit: str = "piece") -> str:
    """``3 packs``: the number with its unit in words. Units: the keys of ``UNITS``; another unit is shown as it is."""
    exact = Decimal(str(number)).normalize()
    places = max(0, -int(exact.as_tuple().exponent))
    shown = group_digits(exact, places=places)
    if unit not in UNITS:
        return f"{shown}{NO_BREAK}{unit}"
    # A fraction takes the form of "2" in Russian ("1,5 часа"): close enough to every rule in use here.
    count = int(exact) if places == 0 else 2
    return UNITS[unit](count) % {"number": shown}


def packs(count: int, pack_size: int, unit: str = "piece") -> str:
    """``3 packs (90 pieces)``; a pack of one is just pieces."""
    if pack_size == 1:
        return quantity(count, unit)
    return _("%(packs)s (%(pieces)s)") % {
        "packs": quantity(count, "pack"),
        "pieces": quantity(count * pack_size, unit),
    }


def pieces_and_packs(count: int, pack_size: int, unit: str = "piece") -> str:
    """``245 pieces (8 packs)``: pieces of the norm, and how many whole packs they are."""
    if pack_size == 1:
        return quantity(count, unit)
    return _("%(pieces)s (%(packs)s)") % {
        "pieces": quantity(count, unit),
        "packs": quantity(count // pack_size, "pack"),
    }


UNITS = {
    "piece": lambda n: ngettext("%(number)s piece", "%(number)s pieces", n),
    "pack": lambda n: ngettext("%(number)s pack", "%(number)s packs", n),
    "pair": lambda n: ngettext("%(number)s pair", "%(number)s pairs", n),
    "set": lambda n: ngettext("%(number)s set", "%(number)s sets", n),
    "hour": lambda n: ngettext("%(number)s hour", "%(number)s hours", n),
    "day": lambda n: ngettext("%(number)s day", "%(number)s days", n),
    "visit": lambda n: ngettext("%(number)s visit", "%(number)s visits", n),
    "month": lambda n: ngettext("%(number)s month", "%(number)s months", n),
    "person": lambda count: ngettext("%(number)s person", "%(number)s people", count),
    "child": lambda count: ngettext("%(number)s child", "%(number)s children", count),
    "region": lambda count: ngettext("%(number)s region", "%(number)s regions", count),
}


def days_until(day: date, today: date | None = None) -> str:
    """How far a deadline is, in words: ``today``, ``in 4 days``, ``2 days late``. Counted once, when the page is made."""
    left = (day - (today or timezone.localtime(timezone=ALMATY).date())).days
    if left == 0:
        return _("today")
    if left == 1:
        return _("tomorrow")
    if left > 0:
        return ngettext("in %(days)s day", "in %(days)s days", left) % {"days": left}
    return ngettext("%(days)s day late", "%(days)s days late", -left) % {"days": -left}
