"""Small numbers that could point at people are hidden, and so are those that would betray them.

Cells stand in lines that add up to their totals. A cell of few cases (rule ``open_data.small_cell``) is hidden; a single
hidden cell of a line could be computed from the others: then the smallest other one of the line is hidden too.
"""

from collections.abc import Iterator

from marketplace import rules

RULE = "open_data.small_cell"
TOTAL = "total"
COUNTRY = "KZ"

Cell = tuple[str, str]  # (region, what is counted)


def smallest_shown() -> int:
    """Fewer cases than these are hidden (rule data)."""
    return int(rules.get(RULE).value["min_count"])


def with_totals(counted: dict[Cell, int]) -> dict[Cell, int]:
    """The cells with the totals of both their lines: ``(region, TOTAL)``, ``(COUNTRY, what)`` and of all."""
    cells = dict(counted)
    for (region, what), cases in counted.items():
        for total in ((region, TOTAL), (COUNTRY, what), (COUNTRY, TOTAL)):
            cells[total] = cells.get(total, 0) + cases
    return cells


def hidden(cells: dict[Cell, int], smallest: int) -> set[Cell]:
    """Cells of fewer than ``smallest`` cases, and others until no line has a single hidden one."""
    found = {cell for cell, cases in cells.items() if 0 < cases < smallest}
    lines = list(lines_of(cells))
    while True:
        betrayed = next((line for line in lines if sum(cell in found for cell in line) == 1), None)
        if betrayed is None:
            return found
        open_cells = [cell for cell in betrayed if cell not in found]
        if not open_cells:  # a line of one cell gives nothing away that it does not say itself
            lines.remove(betrayed)
            continue
        # A cell with cases rather than an empty one, a part rather than a total, the smallest of them.
        found.add(min(open_cells, key=lambda cell: (cells[cell] == 0, cells[cell], cell)))


def lines_of(cells: dict[Cell, int]) -> Iterator[list[Cell]]:
    """Cells of which the last is the sum of the others: along each region, along each thing that is counted."""
    for place in (0, 1):
        groups: dict[str, list[Cell]] = {}
        for cell in cells:
            groups.setdefault(cell[place], []).append(cell)
        yield from groups.values()
