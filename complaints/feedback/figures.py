"""What the marks say: Bayesian means by public weights, and how far mystery visitors and clients are apart.

Means and weights are rule data. What people gave counts by its channel: a code on a wall weighs less than a
link that only the person of a delivery has. Mystery visits never enter the clients' mean. A mean of too few
marks is shown to nobody outside the ministry.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Count, Q, Sum

from complaints.feedback.models import Feedback, Occasion
from complaints.reporting.shares import share
from marketplace import rules
from marketplace.models import Office
from suppliers.models import Partner

MYSTERY = Feedback.Channel.MYSTERY


@dataclass(frozen=True)
class Policy:
    """Rule data of a day. ``prior_marks`` marks of ``prior_mark`` count as already given."""

    weights: Mapping[str, float]
    prior_mark: float
    prior_marks: float
    shown_from: int


@dataclass
class Figures:
    """Marks of one owner by channel: channel → (number, sum)."""

    policy: Policy
    channels: dict[str, tuple[int, int]] = field(default_factory=dict)
    # People who got a link, and those of them who gave a mark; counted for the board.
    invited: int = 0
    answered: int = 0

    @property
    def response_share(self) -> float | None:
        """Answered ÷ invited, per cent: how far the marks speak for everybody. None without invitations."""
        return share(self.answered, self.invited)

    @property
    def count(self) -> int:
        """How many clients gave a mark."""
        return sum(number for channel, (number, _sum) in self.channels.items() if channel != MYSTERY)

    @property
    def mean(self) -> float:
        """The clients' weighted mean with the rule's prior, two decimals."""
        weight, total = self._weighed()
        prior = self.policy.prior_marks
        return round((prior * self.policy.prior_mark + total) / (prior + weight), 2)

    @property
    def public_mean(self) -> float | None:
        """The mean as everybody may see it; None below the smallest number of marks."""
        return self.mean if self.count >= self.policy.shown_from else None

    @property
    def client_mean(self) -> float | None:
        """The clients' weighted mean as it is, without the prior."""
        weight, total = self._weighed()
        return round(total / weight, 2) if weight else None

    @property
    def mystery_count(self) -> int:
        return self.channels.get(MYSTERY, (0, 0))[0]

    @property
    def mystery_mean(self) -> float | None:
        number, total = self.channels.get(MYSTERY, (0, 0))
        return round(total / number, 2) if number else None

    @property
    def gap(self) -> float | None:
        """Mystery visitors' mean minus the clients'; below zero the clients are kinder than the visitors."""
        if self.mystery_mean is None or self.client_mean is None:
            return None
        return round(self.mystery_mean - self.client_mean, 2)

    def _weighed(self) -> tuple[float, float]:
        weight = total = 0.0
        for channel, (number, marks) in self.channels.items():
            share = self.policy.weights.get(channel, 0.0)
            weight, total = weight + share * number, total + share * marks
        return weight, total


@dataclass(frozen=True)
class Row:
    """One owner on the ministry's board."""

    owner: Office | Partner
    what: str
    figures: Figures


def policy() -> Policy:
    """One query."""
    found = rules.several("feedback.weights", "feedback.average")
    average = found["feedback.average"].value
    return Policy(
        weights=found["feedback.weights"].value,
        prior_mark=float(average["mark"]),
        prior_marks=float(average["marks"]),
        shown_from=int(average["shown_from"]),
    )


def of(*, office: Office | None = None, supplier: Partner | None = None, in_force: Policy | None = None) -> Figures:
    """The figures of one office or supplier. Two queries, one with a policy."""
    rows = Feedback.objects.filter(office=office) if office is not None else Feedback.objects.filter(supplier=supplier)
    return Figures(in_force or policy(), _by_channel(rows.order_by().values("channel")))


def board(region: str = "") -> list[Row]:
    """Every owner with a mark, the widest gap first, then the lowest mean. Five queries."""
    in_force, rows = policy(), Feedback.objects.order_by()
    if region:
        rows = rows.filter(region=region)
    counted: dict[tuple[str, int], dict[str, tuple[int, int]]] = defaultdict(dict)
    for row in rows.values("supplier", "office", "channel").annotate(number=Count("pk"), marks=Sum("mark")):
        key = ("office", row["office"]) if row["office"] else ("supplier", row["supplier"])
        counted[key][row["channel"]] = (row["number"], row["marks"])
    owners: dict[str, Mapping[int, Any]] = {
        "office": Office.objects.in_bulk([pk for what, pk in counted if what == "office"]),
        "supplier": Partner.objects.in_bulk([pk for what, pk in counted if what == "supplier"]),
    }
    asked = _invitations(region)
    listed = [
        Row(owners[what][pk], what, Figures(in_force, channels, *asked.get((what, pk), (0, 0))))
        for (what, pk), channels in counted.items()
    ]
    return sorted(listed, key=lambda row: (-abs(row.figures.gap or 0), row.figures.mean, row.owner.name))


def _invitations(region: str) -> dict[tuple[str, int], tuple[int, int]]:
    """Owner → people invited by a link, and those of them who answered. One query."""
    rows = Occasion.objects.filter(invited_at__isnull=False)
    if region:
        rows = rows.filter(region=region)
    counted = rows.values("supplier", "office").annotate(
        invited=Count("pk"), answered=Count("pk", filter=Q(used_at__isnull=False))
    )
    return {
        ("office", row["office"]) if row["office"] else ("supplier", row["supplier"]): (row["invited"], row["answered"])
        for row in counted
    }


def _by_channel(rows: Iterable[Any]) -> dict[str, tuple[int, int]]:
    counted = rows.annotate(number=Count("pk"), marks=Sum("mark"))  # type: ignore[attr-defined]
    return {row["channel"]: (row["number"], row["marks"]) for row in counted}
