"""Is a routing table whole? Every subject and sphere must lead to exactly one body that exists."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from complaints.models import Complaint
from complaints.routing import ANY, SELLER, decide
from marketplace.models import Authority, Region

LANGUAGES = ("kk", "ru", "en")
PRIORITIES = tuple(priority.name.lower() for priority in Complaint.Priority)
# The longest rule's name that a complaint keeps.
MAX_RULE = 10


@dataclass(frozen=True)
class Problem:
    """What is wrong and in which cell; ``place`` counts rows from 1, 0 is the table as a whole."""

    place: int
    column: str
    message: str

    def __str__(self) -> str:
        if not self.place:
            return self.message
        return _("Row %(row)s, column “%(column)s”: %(message)s") % {
            "row": self.place, "column": self.column, "message": self.message,
        }  # fmt: skip


class Bodies:
    """Which kinds of body exist, and in which regions: a body of the whole country serves all of them."""

    def __init__(self) -> None:
        self.regions = set(Region.objects.values_list("pk", flat=True))
        self._serves: dict[str, set[str]] = {}
        for kind, region in Authority.objects.order_by().values_list("kind", "region").distinct():
            self._serves.setdefault(kind, set()).update(self.regions if region is None else {region})

    @property
    def kinds(self) -> list[str]:
        return sorted(self._serves)

    def missing(self, kinds: Iterable[str]) -> list[str]:
        """Regions in which none of the kinds has a body."""
        return sorted(self.regions - set().union(*(self._serves.get(kind, set()) for kind in kinds)))


def problems(value: dict[str, Any], bodies: Bodies | None = None) -> list[Problem]:
    """Everything that is wrong with a table, cell by cell, then combination by combination; empty when it is whole."""
    bodies = bodies or Bodies()
    found = [problem for place, row in enumerate(value["table"], 1) for problem in _cells(place, row, value, bodies)]
    return found or [*_combinations(value)]


def _cells(place: int, row: dict[str, Any], value: dict[str, Any], bodies: Bodies) -> Iterator[Problem]:
    def unknown(column: str, code: str) -> Problem:
        return Problem(place, column, _("unknown code “%(code)s”") % {"code": code})

    if not row["rule"] or len(row["rule"]) > MAX_RULE:
        yield Problem(place, "rule", _("give a name of at most 10 characters"))
    if row["subject"] != ANY and row["subject"] not in value["subjects"]:
        yield unknown("subject", row["subject"])
    if not row["spheres"]:
        yield Problem(place, "spheres", _("name at least one sphere, or “any”"))
    yield from (unknown("spheres", code) for code in row["spheres"] if code != ANY and code not in value["spheres"])
    known = {*bodies.kinds, SELLER}
    if row["first"] not in known:
        yield unknown("first", row["first"])
    for column in ("also", "escalates_to"):
        yield from (unknown(column, code) for code in row[column] if code not in known)
    if SELLER in row["escalates_to"]:
        yield Problem(place, "escalates_to", _("the supplier cannot join; name state bodies"))
    if row["priority"] not in PRIORITIES:
        yield unknown("priority", row["priority"])
    for column in ("why", "legal_basis"):
        for language in LANGUAGES:
            if not row[column].get(language):
                yield Problem(place, f"{column}_{language}", _("the text is missing"))
    if row["first"] in known:
        # Without a known supplier the first of the joining bodies examines.
        answering = row["escalates_to"] if row["first"] == SELLER else [row["first"]]
        if not answering:
            yield Problem(place, "escalates_to", _("name the body that joins when the supplier is silent"))
        elif missing := bodies.missing(answering):
            column = "escalates_to" if row["first"] == SELLER else "first"
            yield Problem(place, column, _("no such body in %(regions)s") % {"regions": ", ".join(missing)})


def _combinations(value: dict[str, Any]) -> Iterator[Problem]:
    """Combinations that no row answers, and rows that no combination reaches."""
    rows = [row | {"place": place} for place, row in enumerate(value["table"], 1)]
    reached = set()
    for subject, sphere in combinations(value):
        try:
            reached.add(decide(rows, subject, sphere)["place"])
        except LookupError:
            message = _("Nobody answers “%(subject)s” in “%(sphere)s”: add a last row for everything.")
            yield Problem(0, "", message % {"subject": subject, "sphere": sphere})
    for row in rows:
        if row["place"] not in reached:
            yield Problem(row["place"], "subject", _("a row above answers everything that this row would answer"))


def combinations(value: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Every subject with every sphere."""
    return (
        (subject, sphere)
        for subject in value["subjects"]
        for sphere in value["spheres"]
        if ANY not in (subject, sphere)
    )
