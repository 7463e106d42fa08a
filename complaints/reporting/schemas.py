"""The API's shapes of reports and indicators."""

from datetime import date
from typing import Any

from ninja import Field, Schema


class CourtOut(Schema):
    joined: int
    won: int
    recovered_kzt: int | float


class FinesOut(Schema):
    """Imposed in the period; ``paid_kzt``: what of it is paid by now."""

    imposed: int
    sum_kzt: int | float
    paid_kzt: int | float


class SellerOut(Schema):
    answered: int
    in_time: int
    median_days: float | None
    ignored: int
    ignored_share: float | None
    in_time_share: float | None


class ScorecardOut(Schema):
    """A state body's work in the period; ``body`` is its code, shares are per cent of what it decided."""

    body: str
    name: str
    decided: int
    in_time: int
    refused: int
    redirected: int
    reopened: int
    confirmed: int
    overdue: int
    in_time_share: float | None
    redirected_share: float | None
    reopened_share: float | None
    confirmed_share: float | None


class ReportOut(Schema):
    """``outcomes`` add up to ``examined``; a published table of other years is marked ``imported``."""

    first: date = Field(serialization_alias="from")
    last: date = Field(serialization_alias="to")
    region: str | None
    examined: int
    received: int | None
    by_channel: dict[str, int]
    outcomes: dict[str, int] | None
    satisfied_share: float | None
    confirmed_share: float | None
    returned_kzt: int | float | None
    court: CourtOut | None
    fines: FinesOut | None
    seller: SellerOut | None
    bodies: list[ScorecardOut]
    outreach: dict[str, Any] | None
    users: dict[str, int] | None
    through_the_system: int | None
    imported: bool
    source: str | None
    self_check: str


class KpiOut(Schema):
    """``value`` is part ÷ whole in per cent where there is a whole, else the part; null where there is nothing."""

    code: str
    name: str
    formula: str
    part: int | float | None
    whole: int | None
    value: int | float | None
    unit: str = Field(description="per_cent, number, kzt, days, minutes or seconds")


class CallReason(Schema):
    """``code``: a subject of complaints, or ``application``; ``share``: per cent of all calls with a known reason."""

    code: str
    name: str
    calls: int
    share: float | None


class KpiList(Schema):
    first: date = Field(serialization_alias="from")
    last: date = Field(serialization_alias="to")
    region: str | None
    results: list[KpiOut]
    call_reasons: list[CallReason]
