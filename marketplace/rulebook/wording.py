"""Values of rules in words, by the labels of the shapes."""

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from marketplace import rule_shapes
from marketplace.rule_shapes import kind_of
from marketplace.rules import in_language


def label(name: str | int) -> str:
    """The label of a part of a value; the name itself when it has none."""
    if isinstance(name, int):
        return str(name + 1)
    return in_language(rule_shapes.shapes().labels.get(name)) or name


def path_label(path: rule_shapes.Place) -> str:
    """«Rating: share»."""
    return ": ".join(label(part) for part in path)


def pairs(code: str, value: Any) -> list[tuple[str, str]]:
    """Every part of a value as (label, text)."""
    return list(_pairs(rule_shapes.of(code, value), value, ()))


def short(code: str, value: Any) -> str:
    """A value on one line: long lists only by their number."""
    if rule_shapes.is_term(value):
        return term(value)
    spec = rule_shapes.of(code, value)
    kind, fields = kind_of(spec)
    if kind != "fields" or not isinstance(value, dict):
        return str(value)
    parts = []
    for name, item in value.items():
        node = fields.get(name)
        if isinstance(item, list | dict) and not (node and _is_plain(node)):
            text = ngettext("%(count)s line", "%(count)s lines", len(item)) % {"count": len(item)}
        else:
            text = _text(item)
        parts.append(f"{label(name)}: {text}")
    return "; ".join(parts)


def term(span: dict[str, Any]) -> str:
    """«10 calendar days», «24 hours»."""
    if "hours" in span:
        return ngettext("%(count)s hour", "%(count)s hours", span["hours"]) % {"count": span["hours"]}
    if span.get("kind") == "working":
        return ngettext("%(count)s working day", "%(count)s working days", span["days"]) % {"count": span["days"]}
    return ngettext("%(count)s calendar day", "%(count)s calendar days", span["days"]) % {"count": span["days"]}


def _is_plain(spec: dict[str, Any]) -> bool:
    kind, limits = kind_of(spec)
    return kind == "codes" or (kind == "list" and "whole" in limits)


def _pairs(spec: dict[str, Any], value: Any, path: rule_shapes.Place) -> Any:
    kind, limits = kind_of(spec)
    if kind == "fields" and isinstance(value, dict):
        for name, item in value.items():
            yield from _pairs(limits.get(name, {"word": True}), item, (*path, name))
    elif kind == "list" and isinstance(value, list) and not _is_plain(spec):
        for place, item in enumerate(value):
            yield from _pairs(limits, item, (*path, place))
    elif kind == "text" and isinstance(value, dict):
        for language, text in value.items():
            yield f"{path_label(path)} ({language})", str(text)
    else:
        yield path_label(path), _text(value)


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return _("Yes") if value else _("No")
    if isinstance(value, list):
        return ", ".join(map(str, value))
    if isinstance(value, dict):
        if all(isinstance(item, str) for item in value.values()):
            return in_language(value)
        return "; ".join(f"{name}: {_text(item)}" for name, item in value.items())
    return label(value) if isinstance(value, str) else str(value)
