"""What stands beside a report's sums: how many were filed where and when, and how each state body worked."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from complaints.reporting import bodies
from complaints.reports import Period, Reading
from marketplace.models import Region

MONTHS_SHOWN = 6

# In the half-year that ends with the period, of the whole country.
_FILED = """
SELECT region_id, date_trunc('month', day)::date AS month, sum(filed) AS cases FROM total
WHERE day BETWEEN %(since)s AND %(last)s GROUP BY 1, 2 HAVING sum(filed) > 0
"""


@dataclass(frozen=True)
class Beside:
    """``filed``: complaints by region code and first day of the month. ``bodies``: a row for each that did something."""

    filed: dict[tuple[str, date], int]
    bodies: list[dict[str, Any]]
    months: list[date]

    def of_month(self, month: date) -> dict[str, int]:
        return {region: cases for (region, first), cases in self.filed.items() if first == month}

    def of_region(self, region: Region | None) -> dict[date, int]:
        return {
            first: sum(cases for (code, day), cases in self.filed.items() if day == first and _in(code, region))
            for first in self.months
        }


def _in(code: str, region: Region | None) -> bool:
    return region is None or code == region.pk


def beside(month: Period, region: Region | None, *, after: int | None = None) -> Beside:
    """Both tables of a month's report, of one moment."""
    months = [month.first]
    while len(months) < MONTHS_SHOWN:
        months.insert(0, (months[0] - timedelta(days=1)).replace(day=1))
    found = Reading(month, region, after).rows({"since": months[0]}, filed=_FILED, bodies=bodies.BODIES)
    filed = {(row["region_id"], date.fromisoformat(row["month"])): row["cases"] for row in found["filed"]}
    return Beside(filed, [bodies.named(bodies.with_shares(row)) for row in found["bodies"]], months)
