"""What clients of the draft API were told, held against what the portal's log says (guarantees G1, G2).

Every save carries a value that occurs nowhere else, so each can be found again. What a client knows of a save
is one of three things, kept apart: acknowledged (a receipt came), refused (the portal said that it did not
take it) and unknown (no answer, or none that says either). Unknown ones may have happened or not, but never
twice.
"""

import threading
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Literal

Outcome = Literal["ok", "fail", "unknown"]


@dataclass(frozen=True)
class Save:
    """One save as its client saw it. ``ver`` and ``state`` come from the receipt."""

    draft: str
    field: str
    value: str
    outcome: Outcome
    state: str = ""
    ver: int = 0
    seconds: float = 0.0
    tries: int = 1


@dataclass
class History:
    """Saves of all clients; safe to write from many threads."""

    saves: list[Save] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def add(self, save: Save) -> int:
        """Returns how many were acknowledged so far."""
        with self._lock:
            self.saves.append(save)
            return self.count("ok")

    def count(self, outcome: Outcome) -> int:
        return sum(save.outcome == outcome for save in self.saves)


def check(saves: Iterable[Save], drafts: dict[str, dict[str, Any]], logs: dict[str, list[dict[str, Any]]]) -> list[str]:
    """What is wrong, one line each; empty when every guarantee held.

    ``drafts``: ``GET /drafts/{id}`` by id; ``logs``: the ``results`` of its history, oldest first.
    """
    saves = list(saves)
    faults: list[str] = []
    for draft in {save.draft for save in saves}:
        logged = [op for row in logs.get(draft, []) for op in row["ops"]]
        known = [save for save in saves if save.draft == draft]
        faults += [f"draft {draft[:8]}: {fault}" for fault in _saves(known, logged)]
        faults += [f"draft {draft[:8]}: {fault}" for fault in _chain(drafts.get(draft), logs.get(draft, []))]
    return faults


def _saves(saves: list[Save], logged: list[dict[str, Any]]) -> Iterable[str]:
    """Acknowledged: once, as the receipt says. Refused: never. Unknown: at most once."""
    times = Counter(op["v"] for op in logged)
    found = {op["v"]: op for op in logged}
    for save in saves:
        count = times[save.value]
        if save.outcome == "ok" and count == 0:
            yield f"lost: {save.field} = {save.value}"
        elif save.outcome == "fail" and count:
            yield f"refused, yet there: {save.field} = {save.value}"
        elif count > 1:
            yield f"{count} times: {save.field} = {save.value}"
        elif save.outcome == "ok" and (found[save.value]["s"], found[save.value]["ver"]) != (save.state, save.ver):
            yield f"the receipt said {save.state} {save.ver}, the log {found[save.value]}"
    strangers = set(times) - {save.value for save in saves}
    if strangers:
        yield f"from nobody: {sorted(strangers)[:3]}"


def _chain(draft: dict[str, Any] | None, log: list[dict[str, Any]]) -> Iterable[str]:
    """Versions of a field grow by one, revisions of the draft never fall, the last applied value is the live one."""
    live: dict[str, tuple[int, str]] = {}
    revision = 0
    for row in log:
        changed = any(op["s"] in {"applied", "conflict"} for op in row["ops"])
        if row["rev"] != revision + changed:
            yield f"revision {row['rev']} after {revision}"
        revision = row["rev"]
        for op in row["ops"]:
            before = live.get(op["f"], (0, ""))[0]
            if op["s"] == "applied":
                if op["ver"] != before + 1:
                    yield f"{op['f']}: version {op['ver']} after {before}"
                live[op["f"]] = (op["ver"], op["v"])
            elif op["ver"] != before:
                yield f"{op['f']}: {op['s']} at version {op['ver']} while {before} was live"
    if draft is None:
        if log:
            yield "the draft is gone"
        return
    shown = {name: (entry["ver"], entry["v"]) for name, entry in draft["fields"].items()}
    if shown != live:
        yield f"shows {sorted(set(shown.items()) ^ set(live.items()))[:4]}"
    if draft["rev"] != revision:
        yield f"shows revision {draft['rev']}, the log ends with {revision}"
