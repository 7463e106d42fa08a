"""What would happen to a complaint: the same rule engine, with a version and a day of one's choice."""

from dataclasses import dataclass
from datetime import date, datetime, time

from django.utils import timezone

from complaints import routing, targets
from complaints.routing import Route, Table
from marketplace.models import Authority, Office, Region, Rule
from orders.models import Line
from suppliers.models import Partner


@dataclass(frozen=True)
class Question:
    """A complaint that nobody filed."""

    subject: str
    sphere: str
    region: Region
    day: date
    supplier: Partner | None = None
    about: Authority | None = None
    # A line of an order says the supplier and the place of delivery; they come before what stands above.
    line: Line | None = None
    office: Office | None = None
    targets: tuple[str, ...] = ()


def table_of(value: dict[str, object], valid_from: date) -> Table:
    """A rule's value, or a working copy's, as a table to route with."""
    return Table(valid_from, value["table"], value["subjects"], value["spheres"], value["demands"])  # type: ignore[arg-type]


def answer(question: Question, table: Table | None = None) -> Route:
    """Addressee, rule, why, basis and deadline; by the version in force on the day when no table is given."""
    return targets.routed(
        subject=question.subject,
        chosen=question.targets,
        sphere=question.sphere,
        region=question.region,
        supplier=question.supplier,
        about=question.about,
        line=question.line,
        office=question.office,
        now=timezone.make_aware(datetime.combine(question.day, time(12))),
        in_force=table,
    )


def version_on(day: date) -> Rule:
    """The version in force on a day."""
    return Rule.objects.filter(code=routing.RULE, valid_from__lte=day).latest("valid_from")
