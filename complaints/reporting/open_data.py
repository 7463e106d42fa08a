"""Open data: how complaints ended, by month and region. Small cells are hidden, and so are those that would betray them.

Every line of the table adds up to its total, also over the regions (marketplace/small_cells.py).
"""

import csv
import io
from datetime import date, timedelta

from complaints.reports import Period, Reading
from complaints.states import Outcome
from marketplace import regions
from marketplace.small_cells import Cell, hidden, smallest_shown, with_totals

MONTHS = 12
COLUMNS = ("month", "region", "outcome", "cases", "hidden")
LICENCE = "CC BY 4.0"
LICENCE_URL = "https://creativecommons.org/licenses/by/4.0/"

# As the report counts them (reports.py), for every region at once.
_STANDING = """
SELECT region_id, outcome, sum(cases) AS cases FROM (
    SELECT region_id, outcome, sum(came - went) AS cases FROM total
    WHERE day <= %(last)s AND is_open GROUP BY region_id, outcome
    UNION ALL SELECT region_id, outcome, sum(came) FROM total
    WHERE day BETWEEN %(first)s AND %(last)s AND NOT is_open GROUP BY region_id, outcome
    UNION ALL SELECT region_id, outcome, -count(*) FROM stretch
    WHERE began_on >= %(first)s AND until_on <= %(last)s AND {reopened} GROUP BY region_id, outcome) found
GROUP BY region_id, outcome
"""


def complete_months(today: date) -> list[Period]:
    """The last months that are over, the oldest first."""
    found: list[Period] = []
    first = today.replace(day=1)
    for _number in range(MONTHS):
        first = (first - timedelta(days=1)).replace(day=1)
        found.insert(0, Period.month(first))
    return found


def table(period: Period, *, after: int | None = None) -> dict[Cell, int]:
    """Cases by region and outcome with the totals of both."""
    rows = Reading(period, None, after).rows(found=_STANDING)["found"]
    counted = {(row["region_id"], row["outcome"]): row["cases"] for row in rows}
    cells = {
        (region.code, outcome): counted.get((region.code, outcome), 0)
        for region in regions.listed()
        for outcome in Outcome.values
    }
    return with_totals(cells)


def write(today: date, *, after: int | None = None) -> bytes:
    """The file: UTF-8, a heading, a line for each month, region and outcome; ``cases`` is empty where hidden is 1."""
    out, smallest = io.StringIO(), smallest_shown()
    writer = csv.writer(out)
    writer.writerow(COLUMNS)
    for period in complete_months(today):
        cells = table(period, after=after)
        secret = hidden(cells, smallest)
        for (region, outcome), cases in sorted(cells.items()):
            covered = (region, outcome) in secret
            writer.writerow([f"{period.first:%Y-%m}", region, outcome, "" if covered else cases, int(covered)])
    return out.getvalue().encode()
