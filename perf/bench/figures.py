"""The figures of one run: medians of its rounds, the goals they are held against, a table to read."""

import statistics
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from perf.bench.client import Result

ROWS = {
    "list": "catalogue list",
    "type": "list of one type",
    "product": "product with its offers",
    "search": "search with facets (Russian, Kazakh, slips)",
    "fresh": "search that nobody asked before",
    "suggest": "suggestions",
    "fit": "signed-in list with fit verdicts",
    "save": "draft save; Oscar: add to basket",
    "walk": "the walk to a placed order",
    "work": "supplier's work list",
    "inbox": "supplier's complaints",
    "complaints": "all complaints, as the ministry lists them",
    "case": "one complaint with its history",
    "plain": "plain Django view",
    "static": "static file by nginx",
    "pgbench": "pgbench UPDATE, 8 clients",
}
STOCK = ("tuned", "dbbrowse")


@dataclass
class Measured:
    """One row on one side: a value for each round. Milliseconds, bytes of an answer, statements of a request."""

    rates: list[float] = field(default_factory=list)
    p50: list[float] = field(default_factory=list)
    p95: list[float] = field(default_factory=list)
    p99: list[float] = field(default_factory=list)
    bytes: int = 0
    failed: int = 0
    fault: str = ""
    queries: int | None = None
    queries_first: int | None = None

    def add(self, result: Result) -> None:
        self.rates.append(result.rate)
        for share, values in ((0.5, self.p50), (0.95, self.p95), (0.99, self.p99)):
            values.append(result.percentile(share))
        self.bytes = result.page_bytes or self.bytes
        refused = result.statuses[503]
        self.failed += result.failed + refused
        if (result.failed or refused) and not self.fault:
            self.fault = next(iter(result.odd.values()), b"no answer").decode("utf-8", "replace")[:600]

    @property
    def rate(self) -> float:
        return statistics.median(self.rates) if self.rates else 0.0

    @property
    def spread(self) -> float:
        """The quickest round over the slowest."""
        return max(self.rates) / min(self.rates) if self.rates and min(self.rates) else 0.0

    def as_data(self) -> dict[str, Any]:
        return {
            "rate": round(self.rate, 2),
            "spread": round(self.spread, 2),
            "rates": [round(rate, 2) for rate in self.rates],
            **{
                name: round(statistics.median(values), 2) if values else None
                for name, values in (("p50_ms", self.p50), ("p95_ms", self.p95), ("p99_ms", self.p99))
            },
            "bytes": self.bytes,
            "queries": self.queries,
            "queries_first": self.queries_first,
            "failed": self.failed,
            "fault": self.fault,
        }


class Figures:
    """Everything of a run: ``found[row][side]``."""

    def __init__(self) -> None:
        self.found: dict[str, dict[str, Measured]] = {}
        self.calibrations: list[float] = []
        self.extra: dict[str, float] = {}

    def of(self, row: str, side: str) -> Measured:
        return self.found.setdefault(row, {}).setdefault(side, Measured())

    def rate(self, row: str, side: str = "portal") -> float:
        found = self.found.get(row, {}).get(side)
        return found.rate if found else 0.0

    def stock(self, row: str) -> tuple[str, float]:
        """(the variant of Oscar that is best at it, its rate); ("", 0) where it has nothing like it."""
        rates = {side: self.rate(row, side) for side in STOCK if side in self.found.get(row, {})}
        best = max(rates, key=lambda side: rates[side], default="")
        return best, rates.get(best, 0.0)

    def times_stock(self, row: str) -> float | None:
        stock = self.stock(row)[1]
        return self.rate(row) / stock if stock else None

    def of_limit(self, row: str, limit: str) -> float | None:
        most = self.rate(limit, "limit")
        return self.rate(row) / most if most and row in self.found else None

    def queries(self, row: str, *, first: bool = False) -> int | None:
        found = self.found.get(row, {}).get("portal")
        return None if found is None else found.queries_first if first else found.queries

    def goals(self) -> list["Reached"]:
        return [goal.reached(self) for goal in GOALS]

    def as_data(self) -> dict[str, Any]:
        return {
            "calibration_s": [round(seconds, 3) for seconds in self.calibrations],
            "rows": {
                row: {side: found.as_data() for side, found in sides.items()} for row, sides in self.found.items()
            },
            "goals": [vars(goal) for goal in self.goals()],
        }


@dataclass(frozen=True)
class Reached:
    number: int
    measure: str
    goal: str
    value: float | None
    verdict: str  # met, missed, not measured


@dataclass(frozen=True)
class Goal:
    """A row of the goals: at least (or, with ``most``, at most) so much of what ``of`` says."""

    number: int
    measure: str
    bar: float
    of: Callable[[Figures], float | None]
    unit: str = "× Oscar's best"
    most: bool = False

    def reached(self, figures: Figures) -> Reached:
        value = self.of(figures)
        verdict = "not measured"
        if value is not None:
            verdict = "met" if (value <= self.bar if self.most else value >= self.bar) else "missed"
        sign = "≤" if self.most else "≥"
        return Reached(
            self.number, self.measure, f"{sign} {self.bar:g} {self.unit}", value and round(value, 3), verdict
        )


def _stock(number: int, row: str, bar: float) -> Goal:
    return Goal(number, ROWS[row], bar, lambda figures: figures.times_stock(row))


def _plain(number: int, row: str, bar: float) -> Goal:
    return Goal(number, ROWS[row], bar, lambda figures: figures.of_limit(row, "plain"), "of a plain view")


def _queries(number: int, measure: str, bar: float, of: Callable[[Figures], float | None]) -> Goal:
    return Goal(number, measure, bar, of, "queries", most=True)


GOALS = (
    _stock(1, "list", 40),
    _plain(1, "list", 0.33),
    _stock(1, "type", 40),
    _plain(1, "type", 0.33),
    _stock(2, "product", 15),
    _plain(2, "product", 0.33),
    _queries(2, "product, first look", 4, lambda figures: figures.queries("product", first=True)),
    _plain(3, "fit", 0.10),
    _stock(4, "search", 50),
    _stock(6, "save", 30),
    Goal(6, ROWS["save"], 0.25, lambda figures: figures.of_limit("save", "pgbench"), "of pgbench"),
    Goal(
        6, "p99 of a save at half its peak", 50, lambda figures: figures.extra.get("save_half_p99_ms"), "ms", most=True
    ),
    _stock(7, "walk", 10),
    _queries(7, ROWS["walk"], 60, lambda figures: figures.queries("walk")),
    _queries(7, "its submit", 25, lambda figures: figures.extra.get("submit_queries")),
)
ELSEWHERE = (
    (5, "search at 100,000 × 5; ≥ 100 rps, p99 ≤ 100 ms", "`make bench GROWTH=1`"),
    (8, "overload ×2, ×5, ×10", "`python -m perf.bench.overload`"),
    (9, "acknowledged = durable", "the same, and `make chaos`"),
    (10, "growth of lists, products, saves, orders, work lists", "`make bench GROWTH=1`"),
    (11, "growth of search", "`make bench GROWTH=1`"),
    (12, "the reset morning", "`python -m perf.bench.morning`"),
    (13, "first start, warm start", "tests/infrastructure"),
)


def table(figures: Figures) -> str:
    """What one run found, as a Markdown table that also reads well in a terminal."""
    lines = [
        "| what | portal /s (spread) | p50 / p95 / p99 ms | queries first, again | bytes | Oscar's best /s | its p50 / p99 ms"
        " | its queries | portal ÷ Oscar | ÷ plain view |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    for row, title in ROWS.items():
        sides = figures.found.get(row, {})
        ours = sides.get("portal") or sides.get("limit")
        if ours is None:
            continue
        variant, _rate = figures.stock(row)
        theirs = sides.get(variant)
        times, share = figures.times_stock(row), figures.of_limit(row, "plain") if "portal" in sides else None
        cells = [
            title,
            f"{ours.rate:,.1f} ({ours.spread:.2f})" + (f", {ours.failed} failed" if ours.failed else ""),
            " / ".join(_ms(values) for values in (ours.p50, ours.p95, ours.p99)),
            f"{_number(ours.queries_first)}, {_number(ours.queries)}" if "portal" in sides else "",
            f"{ours.bytes:,}" if ours.bytes else "",
            f"{theirs.rate:,.1f} ({variant})" + (f", {theirs.failed} failed" if theirs.failed else "")
            if theirs
            else "",
            f"{_ms(theirs.p50)} / {_ms(theirs.p99)}" if theirs else "",
            _number(theirs.queries) if theirs else "",
            f"{times:.1f}" if times else "",
            f"{share:.2f}" if share else "",
        ]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def goals_table(figures: Figures) -> str:
    lines = ["| 6b | measure | goal | reached | |", "|---|---|---|---|---|"]
    lines += [
        f"| {goal.number} | {goal.measure} | {goal.goal} | {_number(goal.value)} | {_loud(goal.verdict)} |"
        for goal in figures.goals()
    ]
    lines += [f"| {number} | {measure} | | {where} | |" for number, measure, where in ELSEWHERE]
    return "\n".join(lines)


def _loud(verdict: str) -> str:
    return f"**{verdict}**" if verdict == "missed" else verdict


def _ms(values: list[float]) -> str:
    return f"{statistics.median(values):.1f}" if values else "–"


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:,.3g}" if isinstance(value, float) else f"{value}"
