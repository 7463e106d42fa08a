"""What `make load` allows: a share of errors, and for each journey the time within which 95 of 100 must be over.

The machines are shared, so a budget in milliseconds alone would say how busy the neighbours were. Each journey's budget
follows the run's own anchor: somebody who all the while asks twice a second whether a process is alive, through the same
proxy, beside the same crowd. A page that became slow moves its journey against the anchor; a slow machine moves both. What
would move both as well, a portal that is slow as a whole, meets the bound of patience, which follows nothing. Both are
generous: they are to find what has broken, not what became a tenth slower; for that there is `make bench`.
"""

import csv
import html
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

ERRORS = 0.01  # of all requests
BROKEN = 0.02  # of all journeys
TIMES = 8  # so many times what the anchor took (p95), for each request of a journey
FLOOR_MS = 250  # a request is always allowed this: on a quiet machine an anchor of 3 ms would be no measure
PATIENCE_S = 1.0  # and never more than this, on average
ENOUGH = 5  # journeys of a kind; below that a p95 says nothing
WAITED_OUT = "503, waited out"  # the row of answers that asked to come again in a moment
ARRIVED = 0.95  # of those who should have come; else the generator was too slow, and the run says nothing


@dataclass(frozen=True)
class Budget:
    """``requests``: how many a journey has, one after the other; ``patience``: seconds, if not one a request."""

    requests: int
    patience: float = 0.0

    def allowed_ms(self, anchor_ms: float) -> float:
        """The p95 that is allowed beside an anchor of so many milliseconds."""
        patience = (self.patience or self.requests * PATIENCE_S) * 1000
        return min(patience, self.requests * max(FLOOR_MS, TIMES * anchor_ms))


USUAL = {
    # A password's hash is slow by design: it counts as ten requests.
    "sign in": Budget(13),
    "look around": Budget(4),
    "browse": Budget(4),
    "search": Budget(2),
    "order": Budget(14),
    # A line of 250 kbit/s takes about 10 s of this for itself; its person waits a minute.
    "order on a slow line": Budget(400, patience=60),
    # The same without what the line took: pages, styles and scripts of an old phone's first visit.
    "order on a slow line, without the line": Budget(24),
    "office desk": Budget(2),
    "list of people": Budget(1),
    "help a person": Budget(17),
    "supplier's work list": Budget(3),
    "ask where a complaint goes": Budget(2),
    "complain": Budget(2),
    "look at my complaints": Budget(2),
    "complain by a printed code": Budget(9),
    "ask how it goes by number and code": Budget(2),
    "a call to 1414": Budget(9),
}
# In a rush some are asked to come again in a moment; they wait for it, and a minute is what people bear.
RUSH = {"sign in": Budget(400, patience=30), "nine o'clock: to the order": Budget(400, patience=60)}
SHAPES = {"usual": USUAL, "arrivals": USUAL, "rush": RUSH}


@dataclass(frozen=True)
class Row:
    """One line of Locust's statistics; milliseconds."""

    kind: str
    name: str
    times: int
    failed: int
    p50: float
    p95: float


@dataclass(frozen=True)
class Judged:
    """A journey against its budget. ``p95`` and ``allowed`` in milliseconds."""

    name: str
    times: int
    failed: int
    p50: float
    p95: float
    allowed: float

    @property
    def enough(self) -> bool:
        return self.times >= ENOUGH

    @property
    def over(self) -> bool:
        return self.enough and self.p95 > self.allowed

    @property
    def words(self) -> str:
        if not self.enough:
            return "too few to judge"
        return "over budget" if self.over else "within"


@dataclass(frozen=True)
class Verdict:
    """A whole run. ``wrong``: why it fails, in words; empty when it does not."""

    requests: int
    failed: int
    anchor_ms: float
    waited_out: int
    outcomes: Mapping[str, int]
    journeys: tuple[Judged, ...]
    wrong: tuple[str, ...]

    def lines(self) -> list[str]:
        share = self.failed / self.requests if self.requests else 1.0
        told = ", ".join(f"{number} {name}" for name, number in sorted(self.outcomes.items()))
        head = [
            f"{self.requests} requests, {self.failed} failed ({share:.2%}, allowed {ERRORS:.0%}), {self.waited_out} waited out a 503.",
            f"Anchor: p95 {self.anchor_ms:.0f} ms.{f' {told}.' if told else ''}",
        ]
        wide = max((len(one.name) for one in self.journeys), default=10)
        rows = [
            f"{one.name:<{wide}}  {one.times:>5} times  {one.failed:>3} broken  p50 {one.p50:>7.0f}  p95 {one.p95:>7.0f} of"
            f" {one.allowed:>7.0f} ms  {one.words}"
            for one in self.journeys
        ]
        return [*head, *rows, *(f"FAILED: {words}" for words in self.wrong)]


def read(stats: Path) -> list[Row]:
    """Locust's statistics (``…_stats.csv``), without its total."""
    with stats.open(encoding="utf-8") as file:
        return [
            Row(
                row["Type"],
                row["Name"],
                int(row["Request Count"]),
                int(row["Failure Count"]),
                _number(row["50%"]),
                _number(row["95%"]),
            )
            for row in csv.DictReader(file)
            if row["Name"] != "Aggregated"
        ]


def _number(text: str) -> float:
    return float(text) if text not in ("", "N/A") else 0.0


def judge(rows: Iterable[Row], budgets: Mapping[str, Budget], *, due: int = 0) -> Verdict:
    """Hold a run against its budgets. ``due``: how many people should have come, in an open loop."""
    rows = list(rows)
    asked = [row for row in rows if row.kind not in ("journey", "anchor", "outcome")]
    requests, failed = sum(row.times for row in asked), sum(row.failed for row in asked)
    anchor = next((row.p95 for row in rows if row.kind == "anchor"), 0.0)
    outcomes = {row.name: row.times for row in rows if row.kind == "outcome"}
    found = {row.name: row for row in rows if row.kind == "journey"}
    judged = tuple(
        Judged(name, row.times, row.failed, row.p50, row.p95, budget.allowed_ms(anchor))
        for name, budget in budgets.items()
        for row in [found.get(name, Row("journey", name, 0, 0, 0.0, 0.0))]
    )
    whole, broken = sum(row.times for row in found.values()), sum(row.failed for row in found.values())
    wrong = [f"{one.name}: p95 {one.p95:.0f} ms, allowed {one.allowed:.0f}" for one in judged if one.over]
    if not requests or failed > ERRORS * requests:
        wrong.append(f"{failed} of {requests} requests failed")
    if broken > BROKEN * whole:
        wrong.append(f"{broken} of {whole} journeys broke off")
    if not anchor:
        wrong.append("there was no anchor to measure by")
    if 2 * sum(one.enough for one in judged) < len(judged):
        wrong.append("too few journeys to judge by: a longer run, or more people")
    came = outcomes.get("came", 0)
    if due and came < ARRIVED * due:
        wrong.append(f"the generator let in {came} of {due} people: it needs workers (LOAD_WORKERS)")
    waited = sum(row.times for row in asked if row.name == WAITED_OUT)
    return Verdict(requests, failed, anchor, waited, outcomes, judged, tuple(wrong))


def write_into(page: Path, verdict: Verdict) -> None:
    """Put the journeys and their budgets above the charts of Locust's result page."""
    cells = "".join(
        f"<tr><td>{html.escape(one.name)}<td>{one.times}<td>{one.failed}<td>{one.p50:.0f}<td>{one.p95:.0f}"
        f"<td>{one.allowed:.0f}<td>{one.words}"
        for one in verdict.journeys
    )
    said = "".join(f"<p>{html.escape(line)}</p>" for line in verdict.lines() if "  " not in line)
    table = (
        f'<section style="font-family: sans-serif; margin: 2rem"><h1>Journeys and their budgets</h1>{said}'
        '<table border="1" cellpadding="4" style="border-collapse: collapse"><tr><th>journey<th>times<th>broken<th>p50, ms'
        f"<th>p95, ms<th>allowed, ms<th>{cells}</table></section>"
    )
    text = page.read_text(encoding="utf-8")
    changed, times = re.subn(r"^(\s*<body>)\s*$", lambda match: match[1] + table, text, count=1, flags=re.MULTILINE)
    if not times:
        raise ValueError(f"{page.name} has no body of its own")
    page.write_text(changed, encoding="utf-8")
