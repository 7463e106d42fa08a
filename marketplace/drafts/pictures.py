"""What a second screen shows of a draft: values only, in the words of its kind."""

import hashlib
import json
from dataclasses import dataclass, field
from typing import Any

Facts = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Line:
    """One thing that the person confirms by itself.

    ``versions``: of the fields it is made of; ``stamp``: what it shows beyond them, free of language (a price
    that moved is another line); ``ready``: complete, so that it can be confirmed.
    """

    key: str
    title: str
    facts: Facts
    versions: dict[str, int]
    stamp: tuple[Any, ...] = ()
    ready: bool = True

    @property
    def seal(self) -> str:
        """Digest of the line as it stands: what was confirmed is this and nothing else."""
        shown = json.dumps([self.key, self.versions, [str(part) for part in self.stamp]], sort_keys=True)
        return hashlib.sha256(shown.encode()).hexdigest()[:32]


@dataclass(frozen=True)
class Section:
    heading: str
    facts: Facts


@dataclass(frozen=True)
class Picture:
    """Whom it is for, its lines, the sums, and the rest in sections."""

    person: str
    lines: list[Line]
    totals: Facts = ()
    sections: list[Section] = field(default_factory=list)
