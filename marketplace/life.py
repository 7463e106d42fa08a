"""Life situations: what to do, step by step, for those who do not know the words of the catalogue.

The texts are data (data/life.json), written in three languages by people who know the procedures.
"""

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from marketplace.context import page_path
from marketplace.rules import in_language

DATA = Path(__file__).parent / "data" / "life.json"


@dataclass(frozen=True)
class Step:
    """One thing to do; ``url`` leads to the page where it is done, if there is one."""

    title: str
    text: str
    url: str
    action: str


@dataclass(frozen=True)
class Situation:
    """One situation in the active language."""

    slug: str
    title: str
    lead: str
    steps: list[Step]


@cache
def _data() -> list[dict[str, Any]]:
    data: list[dict[str, Any]] = json.loads(DATA.read_text(encoding="utf-8"))
    return data


def situations() -> list[Situation]:
    """All of them, in the order of the file."""
    return [_in_words(item) for item in _data()]


def situation(slug: str) -> Situation | None:
    """One of them; None when there is no such situation."""
    return next((_in_words(item) for item in _data() if item["slug"] == slug), None)


def _in_words(item: dict[str, Any]) -> Situation:
    steps = [
        Step(
            title=in_language(step["title"]),
            text=in_language(step["text"]),
            url=page_path(step["path"]) if "path" in step else "",
            action=in_language(step.get("action")),
        )
        for step in item["steps"]
    ]
    return Situation(item["slug"], in_language(item["title"]), in_language(item["lead"]), steps)
