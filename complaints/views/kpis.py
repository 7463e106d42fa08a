"""The indicators with their formulas: a table for everybody, a file, and the cases behind for those who may know them."""

import csv
import io
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from complaints.reporting import calls, kpis
from complaints.views.reports import Links, month_of, months_offered, region_of
from marketplace import formats, policy, regions, replica
from marketplace.models import Region
from suppliers.watch import reading as market


@policy.anyone
@require_safe
@replica.may_read
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
            [row["name"], row["formula"], _made_of(row), _value(row, _url(request, row, links, region))]
            for row in kpis.of_period(month, region)
        ],
        "call_columns": [{"label": _("Reason")}, {"label": _("Calls"), "numeric": True}, {"label": _("Share"), "numeric": True}],
        "call_rows": [
            [row["name"], _linked(row["calls"], links.to(**row["figure"]) if row["figure"] else ""), f"{row['share']}{formats.NO_BREAK}%"]
            for row in calls.reasons(month, region)
        ],
    }  # fmt: skip
    return render(request, "reports/kpis.html", context)


@policy.anyone
@require_safe
@replica.may_read
def indicators_file(request: HttpRequest) -> HttpResponse:
    """The same table for a spreadsheet, with the codes that programs know."""
    month, region = month_of(request.GET.get("month", "")), region_of(request.GET.get("region", ""))
    place = region.pk if region else "KZ"
    file = io.StringIO()
    writer = csv.writer(file)
    writer.writerow(["code", "name", "formula", "part", "whole", "value", "unit", "from", "to", "region"])
    for row in kpis.of_period(month, region):
        cells = [row[name] for name in ("code", "name", "formula", "part", "whole", "value", "unit")]
        writer.writerow([*cells, month.first, month.last, place])
    for reason in calls.reasons(month, region):
        code, formula = f"call_reason.{reason['code']}", str(calls.FORMULA)
        cells = [code, reason["name"], formula, reason["calls"], reason["whole"], reason["share"], kpis.SHARE]
        writer.writerow([*cells, month.first, month.last, place])
    response = HttpResponse(file.getvalue().encode("utf-8-sig"), content_type="text/csv; charset=utf-8")
    name = f"kpis-{place}-{month.first:%Y-%m}.csv"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _made_of(row: dict[str, Any]) -> str:
    return "" if row["whole"] is None or row["part"] is None else f"{row['part']} / {row['whole']}"


def _value(row: dict[str, Any], url: str) -> Any:
    """In words of its unit; a link to what it counts where the reader may list it."""
    if row["value"] is None:
        return "–"
    words = {
        kpis.SHARE: f"{row['value']}{formats.NO_BREAK}%",
        kpis.MONEY: formats.money(row["value"]),
    }.get(row["unit"], str(row["value"]))
    return _linked(words, url if row["part"] else "")


def _url(request: HttpRequest, row: dict[str, Any], links: Links, region: Region | None) -> str:
    """The cases behind an indicator, or a region's kinds of goods in the market watch, for whoever may see them."""
    if row["watch"] and region and request.user.is_authenticated and request.user.role in market.OVERSEERS:
        return f"{reverse('suppliers:watch_cells')}?{urlencode({'region': region.pk, 'how': row['watch']})}"
    return links.to(**row["figure"]) if row["figure"] else ""


def _linked(words: Any, url: str) -> Any:
    return format_html('<a class="govuk-link" href="{}">{}</a>', url, words) if url else words
