"""What the value of each rule has to look like: ``data/rule_shapes.json`` of every app.

A shape is a tree of ``{kind: limits}``: leaves are whole, number, one_of, flag, time, money, word, codes, text (kk, ru,
en), texts (code → text) and words (language → list); ``list`` and ``fields`` hold others. The editor makes its form
from it, publishing checks against it strictly, reading only asks whether the code can work with the value.
"""

import json
import math
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from functools import cache
from pathlib import Path
from typing import Any

from django.apps import apps
from django.utils.translation import gettext as _

LANGUAGES = ("kk", "ru", "en")
Place = tuple[str | int, ...]
Spec = dict[str, Any]
COUNTABLE = 100_000
_TIME = re.compile(r"([01]\d|2[0-3]):[0-5]\d")
_CODE = re.compile(r"[a-z][a-z0-9_]*")


@dataclass(frozen=True)
class Problem:
    """What is wrong, and where in the value."""

    path: Place
    message: str


@dataclass(frozen=True)
class Shapes:
    """All files together; texts are {"kk", "ru", "en"}."""

    rules: dict[str, dict[str, Any]]
    labels: dict[str, dict[str, str]]
    groups: dict[str, dict[str, str]]
    less: list[list[str]]


@cache
def shapes() -> Shapes:
    """The files of all apps, read once."""
    found = Shapes({}, {}, {}, [])
    for app in apps.get_app_configs():
        file = Path(app.path) / "data" / "rule_shapes.json"
        if file.exists():
            data = json.loads(file.read_text(encoding="utf-8"))
            found.rules.update(data["rules"])
            found.labels.update(data["labels"])
            found.groups.update(data["groups"])
            found.less.extend(data["less"])
    return found


def of(code: str, value: Any) -> Spec:
    """The shape of a rule; one that has none takes the shape of its present value."""
    known = shapes().rules.get(code)
    return {"fields": known["value"]} if known else _like(value)


def problems(code: str, value: Any, *, strict: bool = False) -> list[Problem]:
    """What is wrong with a value. ``strict`` also asks for what only a new version needs: limits, all languages.

    A rule without a shape of its own must at least be an object.
    """
    known = shapes().rules.get(code)
    if known is None:
        return [] if isinstance(value, dict) else [Problem((), _("This is not a value of a rule."))]
    found = list(_walk({"fields": known["value"]}, value, (), strict))
    if strict and not found and "sum" in known and not math.isclose(sum(value.values()), known["sum"], abs_tol=1e-6):
        found.append(Problem((), _("Together the numbers must make %(sum)s.") % {"sum": known["sum"]}))
    return found


def kind_of(spec: Spec) -> tuple[str, Any]:
    """The kind of a node and its limits."""
    return next((kind, limits) for kind, limits in spec.items() if kind != "optional")


def is_term(value: Any) -> bool:
    """Does the value count days or hours until something is due?"""
    return isinstance(value, dict) and (
        (_whole(value.get("days")) and "kind" in value) or (_whole(value.get("hours")) and len(value) == 1)
    )


def _walk(spec: Spec, value: Any, path: Place, strict: bool) -> Iterator[Problem]:
    kind, limits = kind_of(spec)
    if kind == "fields":
        yield from _fields(limits, value, path, strict)
    elif kind == "list":
        if not isinstance(value, list) or (not value and not spec.get("optional")):
            yield Problem(path, _("Give at least one line."))
            return
        for place, item in enumerate(value):
            yield from _walk(limits, item, (*path, place), strict)
    elif not (value == [] and spec.get("optional")) and (message := _CHECKS[kind](value, limits, strict)):
        yield Problem(path, message)


def _fields(fields: dict[str, Spec], value: Any, path: Place, strict: bool) -> Iterator[Problem]:
    if not isinstance(value, dict):
        yield Problem(path, _("This is not a value of a rule."))
        return
    for name, spec in fields.items():
        if name in value:
            yield from _walk(spec, value[name], (*path, name), strict)
        elif not spec.get("optional") or strict:
            yield Problem((*path, name), _("Fill in this answer."))
    if strict:
        yield from (Problem((*path, name), _("The portal does not know this.")) for name in value if name not in fields)


def _whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _in_limits(value: Any, limits: list[Any], strict: bool) -> bool:
    # A published number stays readable when the limits become narrower, unless no calendar could count it.
    if strict:
        return bool(limits[0] <= value <= limits[1])
    return bool(min(0, limits[0]) <= value <= max(COUNTABLE, limits[1]))


def _check_whole(value: Any, limits: list[int], strict: bool) -> str:
    if _whole(value) and _in_limits(value, limits, strict):
        return ""
    return _("Enter a whole number from %(least)s to %(most)s.") % {"least": limits[0], "most": limits[1]}


def _check_number(value: Any, limits: list[float], strict: bool) -> str:
    known = isinstance(value, float) or _whole(value)
    if known and math.isfinite(value) and _in_limits(value, limits, strict):
        return ""
    return _("Enter a number from %(least)s to %(most)s.") % {"least": limits[0], "most": limits[1]}


def _check_money(value: Any, limits: list[int], strict: bool) -> str:
    try:
        amount = Decimal(value) if isinstance(value, str) else None
    except InvalidOperation:
        amount = None
    if amount is not None and amount.is_finite() and _in_limits(amount, limits, strict):
        return ""
    return _("Enter a sum from %(least)s to %(most)s tenge.") % {"least": limits[0], "most": limits[1]}


def _check_text(value: Any, limits: Any, strict: bool) -> str:
    texts = isinstance(value, dict) and all(isinstance(text, str) for text in value.values())
    whole = texts and all(value.get(language, "").strip() for language in LANGUAGES)
    return "" if whole or (texts and value and not strict) else _("Give the text in Kazakh, Russian and English.")


def _check_texts(value: Any, limits: Any, strict: bool) -> str:
    if isinstance(value, dict) and value:
        return next(filter(None, (_check_text(text, limits, strict) for text in value.values())), "")
    return _("Give at least one line.")


def _check_words(value: Any, limits: Any, strict: bool) -> str:
    lists = isinstance(value, dict) and all(
        isinstance(words, list) and all(isinstance(word, str) and word.strip() for word in words)
        for words in value.values()
    )
    whole = lists and all(value.get(language) for language in LANGUAGES)
    return "" if whole or (lists and not strict) else _("Give words in Kazakh, Russian and English, one on a line.")


def _check_codes(value: Any, limits: Any, strict: bool) -> str:
    listed = isinstance(value, list) and all(isinstance(code, str) and _CODE.fullmatch(code) for code in value)
    if not listed or not value:
        return _("Name at least one code: small Latin letters, digits, lines.")
    if strict and isinstance(limits, list) and (foreign := [code for code in value if code not in limits]):
        return _("Unknown: %(codes)s.") % {"codes": ", ".join(foreign)}
    return ""


def _check_flag(value: Any, limits: Any, strict: bool) -> str:
    return "" if isinstance(value, bool) else _("Answer yes or no.")


def _check_one_of(value: Any, limits: list[str], strict: bool) -> str:
    return "" if value in limits else _("Choose one of the answers.")


def _check_time(value: Any, limits: Any, strict: bool) -> str:
    return "" if isinstance(value, str) and _TIME.fullmatch(value) else _("Enter a time, for example 00:05.")


def _check_word(value: Any, limits: Any, strict: bool) -> str:
    return "" if isinstance(value, str) and value.strip() else _("Fill in this answer.")


_CHECKS: dict[str, Callable[[Any, Any, bool], str]] = {
    "whole": _check_whole,
    "number": _check_number,
    "money": _check_money,
    "text": _check_text,
    "texts": _check_texts,
    "words": _check_words,
    "codes": _check_codes,
    "flag": _check_flag,
    "one_of": _check_one_of,
    "time": _check_time,
    "word": _check_word,
}


def _like(value: Any) -> Spec:
    """A shape that fits the value, for a rule that nobody described yet."""
    if isinstance(value, bool):
        return {"flag": True}
    if _whole(value):
        return {"whole": [0, 1_000_000]}
    if isinstance(value, float):
        return {"number": [0, 1_000_000]}
    if isinstance(value, list):
        codes = all(isinstance(item, str) for item in value)
        return {"codes": True} if codes else {"list": _like(value[0])}
    if isinstance(value, dict):
        if value and set(value) <= set(LANGUAGES):
            return {"words" if isinstance(next(iter(value.values())), list) else "text": True}
        return {"fields": {name: _like(item) for name, item in value.items()}}
    return {"word": True}
