"""Components that are drawn once for all who see the same. What is shown decides, so what is kept cannot be old."""

import threading
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from cachetools import LRUCache
from django.template.loader import render_to_string
from django.utils.functional import Promise
from django.utils.html import conditional_escape
from django.utils.safestring import SafeString
from django.utils.translation import get_language

HERE = "\ufdd0"  # no character of any text
MOST_KEPT = 10_000  # about a kilobyte each
PLAIN = (bool, int, Decimal, date, type(None))

_kept: LRUCache[tuple[Any, ...], SafeString] = LRUCache(MOST_KEPT)
_lock = threading.Lock()


def drawn(template: str, shown: Mapping[str, Any]) -> SafeString:
    """The HTML of a component that looks at nothing beside ``shown`` and the language.

    It stays in the memory of the process: not for what tells of a person. Raises TypeError for anything in ``shown``
    beside texts, numbers, sums, dates, lists and mappings of them.
    """
    key = (template, get_language(), _frozen(shown))
    with _lock:
        html = _kept.get(key)
    if html is None:
        html = render_to_string(template, dict(shown))
        with _lock:
            _kept[key] = html
    return html


def drawn_around(template: str, shown: Mapping[str, Any], inner: str) -> SafeString:
    """``drawn`` with ``inner`` in the place of HERE, where one text of ``shown`` is HERE: the component is kept, what
    stands in it is not. A text is escaped, markup is not.
    """
    return SafeString(drawn(template, shown).replace(HERE, conditional_escape(inner)))  # nosec B703


def _frozen(value: Any) -> Any:
    """A key that is the same only for what is drawn alike: 1, True and 1.00 are not, nor is a text that is markup."""
    if isinstance(value, str):
        return (value, isinstance(value, SafeString))
    if isinstance(value, PLAIN):
        return (type(value), str(value))
    if isinstance(value, Promise):
        return (str(value), False)
    if isinstance(value, Mapping):
        return (dict, *((name, _frozen(one)) for name, one in value.items()))
    if isinstance(value, list | tuple):
        return tuple(map(_frozen, value))
    raise TypeError(f"{type(value).__name__} cannot be compared by what is drawn of it")
