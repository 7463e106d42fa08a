"""`/api/v1/open-data/prices`: choice and median prices by kind and region, for anybody to take and use."""

import csv
import io
from typing import Any

from django.http import HttpRequest, HttpResponse
from ninja import Router, Schema

from marketplace import api_document, replica
from marketplace.api import anyone
from suppliers.watch import reading

router = Router(tags=["open data"])
COUNTRY = "KZ"
COLUMNS = (
    "type", "iso_code", "unit", "region", "offers", "suppliers", "choice_index", "median_unit_price", "hidden",
)  # fmt: skip
KEPT_S = 3600


class PriceOut(Schema):
    """``region``: ISO 3166-2, KZ for the country; ``median_unit_price``: KZT for one ``unit``, null when hidden."""

    type: str
    iso_code: str
    unit: str
    region: str
    offers: int
    suppliers: int
    choice_index: float
    median_unit_price: str | None
    hidden: bool


class PricesOut(Schema):
    currency: str
    results: list[PriceOut]


@router.get("/open-data/prices.json", auth=anyone, response=PricesOut)
@replica.may_read
def prices_json(request: HttpRequest, response: HttpResponse) -> dict[str, Any]:
    """Choice index and median price of a unit by kind and region; a median of too few suppliers is hidden."""
    response["Cache-Control"] = f"public, max-age={KEPT_S}"
    return {"currency": "KZT", "results": [_row(cell) for cell in reading.shown()]}


@router.get("/open-data/prices.csv", auth=anyone, openapi_extra=api_document.file_of("text/csv"))
@replica.may_read
def prices_csv(request: HttpRequest) -> HttpResponse:
    """The same as a table: UTF-8, a heading, ``median_unit_price`` in KZT, empty where hidden is 1."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(COLUMNS)
    for cell in reading.shown():
        row = _row(cell)
        writer.writerow([int(row[name]) if name == "hidden" else row[name] for name in COLUMNS])  # None is empty
    response = HttpResponse(out.getvalue(), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = 'attachment; filename="prices.csv"'
    response["Cache-Control"] = f"public, max-age={KEPT_S}"
    return response


def _row(cell: reading.Choice) -> dict[str, Any]:
    return {
        "type": cell.kind.code,
        "iso_code": cell.kind.iso_code,
        "unit": cell.kind.unit,
        "region": cell.region or COUNTRY,
        "offers": cell.offers,
        "suppliers": cell.suppliers,
        "choice_index": cell.index,
        "median_unit_price": None if cell.median is None else f"{cell.median:.2f}",
        "hidden": cell.kept_back,
    }
