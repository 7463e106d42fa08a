"""What the market watch shows: choice by kind and region for everybody, what to do about it for the ministry.

Kinds that nobody sells anywhere and that stand in no programme are left out of counts: they are no market.
"""

from dataclasses import dataclass
from statistics import median

from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from catalog import types
from catalog.types import ProductType
from marketplace import access, rules
from marketplace.errors import NotFound
from marketplace.models import Region, Role, User
from suppliers.watch.models import Invitation, MarketCell, PriceFlag, Signal
from suppliers.watch.signals import kinds_for

OVERSEERS = (Role.REVIEWER, Role.AUDITOR, Role.ADMIN)


def alarm() -> int:
    """A choice index below this is too little choice (rule ``market.choice_index_alarm``)."""
    return int(rules.get("market.choice_index_alarm").value["below"])


def markets() -> QuerySet[MarketCell]:
    """Cells of kinds that are sold or asked for anywhere."""
    whole = MarketCell.objects.filter(type=OuterRef("type"), region="").filter(Q(offers__gt=0) | Q(asked__gt=0))
    return MarketCell.objects.filter(Exists(whole))


@dataclass(frozen=True)
class RegionChoice:
    """A region with its numbers of kinds: all of the market, without a supplier, with one, with too little choice."""

    region: Region
    kinds: int
    none: int
    one: int
    low: int

    @property
    def weak(self) -> int:
        """Kinds below the alarm."""
        return self.none + self.one + self.low


def by_region(below: int) -> list[RegionChoice]:
    """All regions in their order; two queries. ``low`` are kinds of several suppliers whose index is below the alarm."""
    counted = (
        markets()
        .exclude(region="")
        .order_by()
        .values("region")
        .annotate(
            kinds=Count("pk"),
            none=Count("pk", filter=Q(suppliers=0)),
            one=Count("pk", filter=Q(suppliers=1)),
            low=Count("pk", filter=Q(suppliers__gt=1, choice_index__lt=below)),
        )
    )
    rows = {row["region"]: {name: row[name] for name in ("kinds", "none", "one", "low")} for row in counted}
    nothing = {"kinds": 0, "none": 0, "one": 0, "low": 0}
    return [RegionChoice(region, **rows.get(region.pk, nothing)) for region in Region.objects.all()]


@dataclass(frozen=True)
class Standing:
    """How a market stands now: its kinds, those without a supplier and with one, the median choice index of all."""

    kinds: int
    none: int
    one: int
    index: float | None


def standing(region: str) -> Standing:
    """The market of a region, '' is the country. One query."""
    found = markets().filter(region=region).order_by().values_list("suppliers", "choice_index")
    sellers, indexes = zip(*found, strict=True) if found else ((), ())
    middle = round(median(indexes), 1) if indexes else None
    return Standing(len(sellers), sellers.count(0), sellers.count(1), middle)


@dataclass(frozen=True)
class Choice:
    """A cell as everybody may see it; the median is kept back where it would be one or two suppliers' own price."""

    kind: ProductType
    region: str
    offers: int
    suppliers: int
    index: float
    median: object
    kept_back: bool


def shown(*, kind: ProductType | None = None, region: str | None = None) -> list[Choice]:
    """Cells in the order of the catalogue: of one kind, of one region ('' is the country), or all. Two queries."""
    least = int(rules.get("market.public_median").value["min_suppliers"])
    book = types.book()
    cells = markets().order_by("type__sort", "type__code", "region")
    if kind is not None:
        cells = cells.filter(type=kind.id)
    if region is not None:
        cells = cells.filter(region=region)
    return [
        Choice(
            book.by_id[cell.type_id],
            cell.region,
            cell.offers,
            cell.suppliers,
            cell.choice_index,
            cell.median if cell.suppliers >= least else None,
            0 < cell.suppliers < least,
        )
        for cell in cells
        if cell.type_id in book.by_id
    ]


# --- For the ministry


def weak_cells(actor: User, *, region: str = "", how: str = "") -> QuerySet[MarketCell]:
    """Cells below the alarm, those that most people ask for first. ``how``: none, one, low or all of them."""
    access.require_role(actor, *OVERSEERS)
    cells = markets().exclude(region="").filter(choice_index__lt=alarm())
    if region:
        cells = cells.filter(region=region)
    if how in {"none", "one"}:
        cells = cells.filter(suppliers=("none", "one").index(how))
    elif how == "low":
        cells = cells.filter(suppliers__gt=1)
    return cells.order_by("-asked", "choice_index", "type__sort", "type__code", "region")


def flags(actor: User) -> QuerySet[PriceFlag]:
    """Prices out of line that nobody explained, the farthest first."""
    access.require_role(actor, *OVERSEERS)
    return _with_offer(PriceFlag.objects.filter(state=PriceFlag.State.OPEN)).order_by("-times", "pk")


def flag(actor: User, flag_id: int) -> PriceFlag:
    """One of them, also an explained one. Raises NotFound."""
    access.require_role(actor, *OVERSEERS)
    found = _with_offer(PriceFlag.objects.filter(pk=flag_id)).first()
    if found is None:
        raise NotFound
    return found


def explained(actor: User) -> QuerySet[PriceFlag]:
    """Flags that the ministry explained, the latest first."""
    access.require_role(actor, *OVERSEERS)
    return _with_offer(PriceFlag.objects.filter(state=PriceFlag.State.EXPLAINED)).order_by("-closed_at", "-pk")


def _with_offer(rows: QuerySet[PriceFlag]) -> QuerySet[PriceFlag]:
    return rows.select_related("offer__product", "offer__partner", "closed_by")


def invitations(actor: User) -> QuerySet[Invitation]:
    """Whom was asked to sell what and where, the latest first."""
    access.require_role(actor, *OVERSEERS)
    return Invitation.objects.select_related("region", "sent_by")


def signals(actor: User, state: str = Signal.State.OPEN) -> QuerySet[Signal]:
    """Signals that the ministry sees, alerts that the auditor sees too; the strongest first."""
    return _signals(actor).filter(state=state).order_by("-strength", "pk")


def signal(actor: User, signal_id: int) -> Signal:
    """One of them in whatever state. Raises NotFound."""
    found = _signals(actor).filter(pk=signal_id).first()
    if found is None:
        raise NotFound
    return found


def _signals(actor: User) -> QuerySet[Signal]:
    rows = Signal.objects.filter(kind__in=kinds_for(actor))
    return rows.select_related("dismissed_by", "staff__office")


def invited(actor: User, cells: list[MarketCell]) -> dict[tuple[int, str], Invitation]:
    """The last invitation for these cells whose period runs. One query."""
    rows = invitations(actor).filter(
        type__in={cell.type_id for cell in cells},
        region__in={cell.region for cell in cells},
        again_from__gt=timezone.localdate(),
    )
    return {(row.type_id, row.region_id): row for row in rows.order_by("at")}
