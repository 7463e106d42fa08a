"""Choice and prices by kind and region, for everybody."""

from decimal import Decimal
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from catalog import types
from catalog.types import ProductType
from marketplace import formats, places, policy, regions
from marketplace.models import Region
from marketplace.shared_pages import shared_page
from suppliers.watch import reading

NOTHING = "–"


@policy.anyone
@require_safe
@shared_page
def market(request: HttpRequest) -> HttpResponse:
    """A map of the choice, of all kinds or of one, and a table with the same numbers and median prices."""
    kind = types.book().by_code.get(request.GET.get("type", ""))
    region = regions.find(request.GET.get("region", ""))
    below = reading.alarm()
    context = _of_kind(kind) if kind is not None else _of_all(region.code if region else "", below)
    chosen = kind.code if kind else ""
    context |= {
        "kind": kind,
        "region": region,
        "below": below,
        "kinds": [
            {"value": "", "label": _("All kinds"), "checked": not chosen},
            *({"value": one.code, "label": one.name, "checked": one.code == chosen} for one in types.book().types),
        ],
        "crumbs": [
            {"label": _("Home"), "url": reverse("marketplace:home")},
            {"label": _("Catalogue"), "url": reverse("catalogue:index")},
        ],
    }
    return render(request, "catalog/market.html", context)


def _of_all(region: str, below: int) -> dict[str, Any]:
    counts = reading.by_region(below)
    address = reverse("suppliers:market")
    return {
        "tiles": [
            places.tile(
                row.region,
                row.kinds - row.weak,
                level(row.kinds - row.weak, row.kinds),
                f"{address}?region={row.region.pk}",
            )
            for row in counts
        ],
        "columns": [
            {"label": _("Kind")},
            {"label": _("Independent suppliers"), "numeric": True},
            {"label": _("Choice index"), "numeric": True},
            {"label": _("Median price"), "numeric": True},
        ],
        "rows": [
            [link(f"{address}?type={row.kind.code}", row.kind.name), *_numbers(row)]
            for row in reading.shown(region=region)
        ],
        "region_columns": [
            {"label": _("Region")},
            {"label": _("Kinds with a choice"), "numeric": True},
            {"label": _("One supplier"), "numeric": True},
            {"label": _("No supplier"), "numeric": True},
        ],
        "region_rows": [
            [link(f"{address}?region={row.region.pk}", row.region.name), row.kinds - row.weak, row.one, row.none]
            for row in counts
        ],
    }


def _of_kind(kind: ProductType) -> dict[str, Any]:
    cells = {row.region: row for row in reading.shown(kind=kind)}
    most = max((row.index for code, row in cells.items() if code), default=0.0)
    rows = [(region, cells.get(region.pk)) for region in Region.objects.all()]
    whole = cells.get("")
    return {
        "tiles": [
            places.tile(region, index_text(row.index if row else 0), level(row.index if row else 0, most))
            for region, row in rows
        ],
        "columns": [
            {"label": _("Region")},
            {"label": _("Independent suppliers"), "numeric": True},
            {"label": _("Choice index"), "numeric": True},
            {"label": _("Median price"), "numeric": True},
        ],
        "rows": [
            [_("All Kazakhstan"), *(_numbers(whole) if whole else (0, NOTHING, NOTHING))],
            *([region.name, *(_numbers(row) if row else (0, NOTHING, NOTHING))] for region, row in rows),
        ],
    }


def link(url: str, text: str) -> SafeString:
    """A link as a cell of a table."""
    return format_html('<a class="govuk-link" href="{}">{}</a>', url, text)


def level(value: float, most: float) -> int:
    """0 to 4 for the shade of a tile; nothing but zero gets 0."""
    return -int(-4 * value // most) if most and value > 0 else 0


def index_text(index: float) -> str:
    """One decimal, as people write it."""
    return formats.group_digits(Decimal(str(index)), places=1) if index else "0"


def _numbers(row: reading.Choice) -> tuple[int, str, str]:
    price = NOTHING
    if row.median is not None:
        price = _("%(price)s for %(unit)s") % {
            "price": formats.money(row.median),
            "unit": formats.quantity(1, row.kind.unit),
        }
    elif row.kept_back:
        price = _("not shown")
    return row.suppliers, index_text(row.index), price
