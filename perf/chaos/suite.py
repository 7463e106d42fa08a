"""The suite: faults with what must hold under each, their controls, and the table of guarantees that comes out.

A fault is one function that injects it, watches, and says what was wrong. Its control is the same with one
protection switched off: it must find something wrong, or the check could not have failed.
"""

import json
import random
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from perf.chaos.cluster import Answer, Cluster, percentile
from perf.portal import ROOT

RESULT = ROOT / "perf" / "results" / "chaos.json"

GUARANTEES = {
    "G1": "An acknowledged save is never lost.",
    "G2": "A draft becomes orders at most once.",
    "G3": "Stock, norm and budget never go below zero.",
    "G4": "Every complaint is answered or escalated: not before its due time, at most 5 minutes after.",
    "G5": "Every notice ends in a known state.",
    "G6": "No request waits longer than 10 s: an answer, or an honest error that keeps the form.",
    "G7": "With Valkey, search engine and SMS gateway down, people sign in, browse, save, submit, complain.",
    "G8": "Every change, and every read of personal data, leaves a log row.",
}

# Proved by tests of `make test`, where time and data can be held still; a test looks that they exist.
ELSEWHERE = {
    "F15": ("clock skew", "G4", "tests/complaints/test_wrong_clocks.py"),
    "F16": ("month, year and holiday boundaries", "G4", "tests/complaints/test_reference_calendar.py"),
    "F16b": ("every complaint reaches an end", "G4", "tests/complaints/test_g4.py"),
    "F20b": ("double submit, each layer alone", "G2", "tests/concurrency/test_submit_together.py"),
    "F21": ("clerk and citizen in one draft", "G1", "tests/marketplace/test_draft_races.py"),
    "F22b": ("the browser without a line", "G1", "tests/browser/test_drafts_offline.py"),
    "F25": ("deadlock bait", "G3", "tests/concurrency/test_submit_together.py"),
    "F27": ("overload", "G6", "perf/bench/overload.py"),
    "F28": ("a bad price list", "G6", "tests/suppliers/pricelist/test_hostile_files.py"),
    "F28b": ("a killed import", "G2", "tests/suppliers/pricelist/test_killed.py"),
    "G5": ("notices, providers in trouble", "G5", "tests/marketplace/test_notices.py"),
    "G8": ("the audit log and its chain", "G8", "tests/marketplace/test_events.py"),
}


class NotTried(Exception):
    """This machine does not let the fault be injected; the message says why."""


@dataclass
class Found:
    """What one run of a fault showed: figures by name, and what was wrong, one line each."""

    figures: dict[str, Any] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)

    def check(self, holds: bool, words: str) -> None:
        if not holds:
            self.wrong.append(words)

    def expect(self, answer: Answer, *statuses: int, what: str) -> Answer:
        """The answer, noted as wrong when its status is another one."""
        said = json.dumps(answer.body, ensure_ascii=False)[:200] if answer.body else ""
        self.check(
            answer.status in statuses, f"{what}: {answer.status or 'no answer'} after {answer.seconds:.1f} s {said}"
        )
        return answer

    def within(self, name: str, seconds: float, bar: float) -> None:
        """Note a time in milliseconds; wrong when it is over the bar."""
        self.figures[name] = round(seconds * 1000) if seconds != float("inf") else None
        self.check(seconds <= bar, f"{name}: {seconds:.2f} s, at most {bar:.2f} s")


@dataclass
class Stage:
    """What a fault acts on. ``quick`` numbers say that everything works, full ones are what README quotes."""

    cluster: Cluster
    quick: bool
    seed: int

    def __post_init__(self) -> None:
        self.chance = random.Random(self.seed)

    def number(self, quick: int, full: int) -> int:
        return quick if self.quick else full

    @staticmethod
    def calm(ask: Callable[[], Answer], times: int = 5) -> float:
        """The worst of some answers before the fault: how slow this machine is today, which is no fault's work."""
        return percentile([ask().seconds for _turn in range(times)], 1.0)


Run = Callable[[Stage], Found]


@dataclass
class Fault:
    code: str
    name: str
    guarantees: tuple[str, ...]
    expected: str
    run: Run
    quick: bool
    without: str = ""  # the protection that the control switches off
    control: Run | None = None


FAULTS: dict[str, Fault] = {}


def fault(code: str, name: str, guarantees: str, expected: str, *, quick: bool = False) -> Callable[[Run], Run]:
    """Register a function as a fault of reliability: its code, what is done, which guarantees it tries."""

    def register(run: Run) -> Run:
        FAULTS[code] = Fault(code, name, tuple(guarantees.split()), expected, run, quick)
        return run

    return register


def control(code: str, without: str) -> Callable[[Run], Run]:
    """Register the fault's control: the same without a protection, which must find something wrong."""

    def register(run: Run) -> Run:
        FAULTS[code].without, FAULTS[code].control = without, run
        return run

    return register


@dataclass
class Result:
    """One line of the report."""

    code: str
    name: str
    guarantees: tuple[str, ...]
    expected: str
    figures: dict[str, Any]
    wrong: list[str]
    without: str
    control_saw: list[str]
    seconds: float
    not_tried: str = ""

    @property
    def held(self) -> bool:
        return not self.not_tried and not self.wrong and (not self.without or bool(self.control_saw))


def play(one: Fault, stage: Stage) -> Result:
    """The fault, then its control. What raises is wrong, and no control: a suite must come to its end."""
    began, seen, not_tried = time.monotonic(), Found(), ""
    try:
        found = one.run(stage)
        if one.control:
            seen = one.control(stage)
    except NotTried as reason:
        found, not_tried = Found(), str(reason)
    except Exception as error:  # the others still have their turn
        at = traceback.extract_tb(error.__traceback__)[-1]
        found = Found(wrong=[f"{type(error).__name__}: {str(error)[:300]} ({Path(at.filename).name}:{at.lineno})"])
    return Result(
        one.code, one.name, one.guarantees, one.expected, found.figures, found.wrong, one.without, seen.wrong[:5],
        round(time.monotonic() - began, 1), not_tried,
    )  # fmt: skip


def chosen(codes: Sequence[str], *, quick: bool) -> list[Fault]:
    """Faults by their codes; without codes the quick ones, or all. Raises KeyError for an unknown code."""
    if codes:
        return [FAULTS[code] for code in codes]
    return [one for one in FAULTS.values() if one.quick or not quick]


@contextmanager
def staged(cluster: Cluster, *, quick: bool, seed: int) -> Iterator[Stage]:
    try:
        yield Stage(cluster, quick, seed)
    finally:
        cluster.close()


# --- The report -----------------------------------------------------------------------------------


def lines(results: Sequence[Result]) -> str:
    """One line a fault, then one a guarantee: what tried it, and whether it held."""
    rows = [
        "| fault | expected | figures | control: without … | held |",
        "|---|---|---|---|---|",
    ]
    for one in results:
        figures = ", ".join(f"{name} {value}" for name, value in one.figures.items())
        held = "not tried: " + one.not_tried if one.not_tried else "yes" if one.held else "**no**"
        seen = f"{one.without}: {'seen' if one.control_saw else '**not seen**'}" if one.without else ""
        rows.append(f"| {one.code} {one.name} | {one.expected} | {figures} | {seen} | {held} |")
    rows += ["", "| guarantee | tried by | held |", "|---|---|---|"]
    for code, words in GUARANTEES.items():
        tried = [one for one in results if code in one.guarantees and not one.not_tried]
        tests = [f"`{path}`" for _name, guarantee, path in ELSEWHERE.values() if guarantee == code]
        by = ", ".join([*(one.code for one in tried), *dict.fromkeys(tests)])
        held = "in `make test`" if not tried else "yes" if all(one.held for one in tried) else "**no**"
        rows.append(f"| {code} {words} | {by} | {held} |")
    return "\n".join(rows)


def write(results: Sequence[Result], *, quick: bool, seed: int, path: Path = RESULT) -> None:
    """The same for programs."""
    path.parent.mkdir(exist_ok=True)
    content = {
        "at": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
        "quick": quick,
        "seed": seed,
        "guarantees": {
            code: {
                "promise": words,
                "held": all(one.held or one.not_tried for one in results if code in one.guarantees),
                "faults": [one.code for one in results if code in one.guarantees],
                "tests": sorted({path for _name, guarantee, path in ELSEWHERE.values() if guarantee == code}),
            }
            for code, words in GUARANTEES.items()
        },
        "faults": [{**asdict(one), "held": one.held} for one in results],
    }
    path.write_text(json.dumps(content, ensure_ascii=False, indent=1))
