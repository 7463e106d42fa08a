"""Open data: how complaints ended, by month and region. Small cells are hidden, and so are those that would betray them.

Every line of the table adds up to its total, also over the regions. A cell of few cases (rule
``open_data.small_cell``) could point at people. A
single hidden cell of a line could be computed from the others; then the smallest other one of the line is hidden too.
"""

import csv
import io
from collections.abc import Iterator
from datetime import date, timedelta

from complaints.reports import Period, Reading
from complaints.states import Outcome
from marketplace import regions, rules

RULE = "open_data.small_cell"
MONTHS = 12
COLUMNS = ("month", "region", "outcome", "cases", "hidden")
TOTAL = "total"
COUNTRY = "KZ"
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

Cell = tuple[str, str]


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
    for (region, outcome), cases in list(cells.items()):
        for total in ((region, TOTAL), (COUNTRY, outcome), (COUNTRY, TOTAL)):
            cells[total] = cells.get(total, 0) + cases
    return cells


def smallest_shown() -> int:
    """Fewer cases than these are hidden (rule data)."""
    return int(rules.get(RULE).value["min_count"])


def hidden(cells: dict[Cell, int], smallest: int) -> set[Cell]:
    """Cells of fewer than ``smallest`` cases, and others until no line has a single hidden one."""
    found = {cell for cell, cases in cells.items() if 0 < cases < smallest}
    lines = list(_lines(cells))
    while True:
        betrayed = next((line for line in lines if sum(cell in found for cell in line) == 1), None)
        if betrayed is None:
            return found
        # A cell with cases rather than an empty one, a part rather than a total, the smallest of them.
        open_cells = [cell for cell in betrayed if cell not in found]
        found.add(min(open_cells, key=lambda cell: (cells[cell] == 0, cells[cell], cell)))


def _lines(cells: dict[Cell, int]) -> Iterator[list[Cell]]:
    """Cells of which the last is the sum of the others: along each region, along each outcome."""
    for place in (0, 1):
        for name in dict.fromkeys(cell[place] for cell in cells):
            yield [cell for cell in cells if cell[place] == name]


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
