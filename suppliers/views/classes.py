"""The tree of product classes for those who keep it: names in three languages, codes and how sure they are, parameters."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from catalog import classification, types, units
from catalog.types import Attribute, ProductType
from marketplace import policy
from marketplace.errors import NotFound
from suppliers.watch.reading import OVERSEERS


@policy.only(*OVERSEERS)
@require_safe
def classes(request: HttpRequest) -> HttpResponse:
    """Classes, shelves and kinds; all of them, or those whose code is not sure."""
    only = request.GET.get("uncertain") == "1"
    found = classification.tree(uncertain_only=only)
    context = {
        "classes": found,
        "only": only,
        "count": sum(row.count for row in found),
        "uncertain": sum(classification.is_uncertain(kind) for kind in types.book().types),
        "marks": classification.MARKS.items(),
    }
    return render(request, "review/classes/list.html", context)


@policy.only(*OVERSEERS)
@require_safe
def kind(request: HttpRequest, code: str) -> HttpResponse:
    """One kind: its names, its code, and what is asked of its goods, what must be stated marked."""
    found = types.book().by_code.get(code)
    if found is None:
        raise NotFound
    context = {
        "kind": found,
        "rows": _about(found),
        "columns": [
            {"label": _("Parameter")},
            {"label": _("Values")},
            {"label": _("Must be stated")},
            {"label": _("Compared with")},
        ],
        "own": [_parameter(attribute) for attribute in found.attributes if not attribute.common],
        "common": [_parameter(attribute) for attribute in found.attributes if attribute.common],
    }
    return render(request, "review/classes/kind.html", context)


def _about(found: ProductType) -> list[dict[str, Any]]:
    mark = str(classification.MARKS.get(found.iso_mark, ""))
    rows = [
        {"key": "Қазақша", "value": found.names["kk"]},
        {"key": "Русский", "value": found.names["ru"]},
        {"key": "English", "value": found.names["en"]},
        {"key": "ISO 9999", "value": found.iso_code},
        {"key": _("How sure the code is"), "value": f"{found.iso_mark}: {mark}" if mark else ""},
        {"key": _("Note"), "value": found.iso_note},
        {"key": _("Counted in"), "value": units.label(found.unit) or found.unit},
        {"key": _("Made to measure"), "value": _("Yes") if found.made_to_measure else ""},
    ]
    return [row for row in rows if row["value"]]


def _parameter(attribute: Attribute) -> list[str]:
    names = " · ".join(dict.fromkeys(attribute.names[language] for language in types.LANGUAGES))
    measure = attribute.fit.measure.name if attribute.fit else "–"
    return [names, _values(attribute), _("yes") if attribute.required else "–", measure]


def _values(attribute: Attribute) -> str:
    if attribute.choices:
        return ", ".join(choice.name for choice in attribute.choices)
    if attribute.minimum is not None and attribute.maximum is not None:
        return str(units.interval(attribute.minimum, attribute.maximum, attribute.unit, attribute.shown_unit))
    return _("yes or no") if attribute.kind == "flag" else _("text")
