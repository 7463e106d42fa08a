"""The indicators with their formulas: a table for everybody, a file, and the cases behind for those who may know them."""

import csv
import io
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from complaints.reporting import kpis
from complaints.views.reports import Links, month_of, months_offered, region_of
from marketplace import formats, regions


@require_safe
def indicators(request: HttpRequest) -> HttpResponse:
    """Every indicator of a month and a region with what it is made of."""
    month, region = month_of(request.GET.get("month", "")), region_of(request.GET.get("region", ""))
    links = Links(request, month, region)
    context = {
        "month": month,
        "region": region,
        "months": months_offered(),
        "regions": regions.listed(),
        "columns": [
            {"label": _("Indicator")}, {"label": _("How it is counted")}, {"label": _("From"), "numeric": True},
            {"label": _("Value"), "numeric": True},
        ],
        "rows": [
            [row["name"], row["formula"], _made_of(row), _value(row, links)] for row in kpis.of_period(month, region)
        ],
    }  # fmt: skip
    return render(request, "reports/kpis.html", context)


@require_safe
def indicators_file(request: HttpRequest) -> HttpResponse:
    """The same table for a spreadsheet, with the codes that programs know."""
    month, region = month_of(request.GET.get("month", "")), region_of(request.GET.get("region", ""))
    file = io.StringIO()
    writer = csv.writer(file)
    writer.writerow(["code", "name", "formula", "part", "whole", "value", "unit", "from", "to", "region"])
    for row in kpis.of_period(month, region):
        cells = [row[name] for name in ("code", "name", "formula", "part", "whole", "value", "unit")]
        writer.writerow([*cells, month.first, month.last, region.pk if region else "KZ"])
    response = HttpResponse(file.getvalue().encode("utf-8-sig"), content_type="text/csv; charset=utf-8")
    name = f"kpis-{region.pk if region else 'KZ'}-{month.first:%Y-%m}.csv"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _made_of(row: dict[str, Any]) -> str:
    return "" if row["whole"] is None else f"{row['part']} / {row['whole']}"


def _value(row: dict[str, Any], links: Links) -> Any:
    """In words of its unit; a link to the cases where it counts some and the reader may list them."""
    if row["value"] is None:
        return "–"
    words = {
        kpis.SHARE: f"{row['value']} %",
        kpis.MONEY: formats.money(row["value"]),
    }.get(row["unit"], str(row["value"]))
    url = links.to(**row["figure"]) if row["figure"] and row["part"] else ""
    return format_html('<a class="govuk-link" href="{}">{}</a>', url, words) if url else words
