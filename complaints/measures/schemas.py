"""The API's shapes of what goes beyond a case: measures, fines, the ministry's board."""

from datetime import date
from decimal import Decimal

from ninja import Field, Schema

from complaints.schemas_of_steps import Words
from marketplace.money import Money


class InstructIn(Words):
    authority: str = Field("", description="Code of the body that has to act")
    legal_basis: str = ""
    respond_by: date | None = None


class BanIn(Words):
    until: date | None = Field(None, description="Last day of the ban; on the next day it lifts itself")
    legal_basis: str = ""


class ChangeRuleIn(Words):
    rule: str = Field("", description="Code of the rule")
    valid_from: date | None = None
    legal_basis: str = ""


class StopSaleIn(Words):
    legal_basis: str = ""
    product: int | None = Field(None, description="Only when the complaint names no order line")
    lot: str = ""
    everywhere: bool = False


class FineIn(Schema):
    article: str = ""
    amount: Decimal | None = Field(None, description="KZT")
    imposed_on: date | None = None


class MeasureOut(Schema):
    """``until``: the last day of a ban; ``respond_by``: of an instruction."""

    id: int
    kind: str
    complaint: str
    authority: dict[str, str] | None
    addressee: dict[str, str] | None
    supplier: dict[str, str] | None
    product: int | None
    lot: str
    text: str
    legal_basis: str
    made_at: str
    until: date | None
    respond_by: date | None
    late: bool
    rule: str | None
    done_at: str | None
    result: str
    may_report: bool


class MeasureList(Schema):
    results: list[MeasureOut]
    next: str | None
    count: int


class FineOut(Schema):
    id: int
    complaint: str
    supplier: dict[str, str] | None
    article: str
    amount: Money
    imposed_on: date
    appealed_on: date | None
    paid_on: date | None


class FineList(Schema):
    results: list[FineOut]
    next: str | None
    count: int


class SystemicGroup(Schema):
    by: str = Field(description="supplier, type or region")
    key: str
    subject: str
    name: str
    subject_name: str
    cases: int
    open: int
    many: bool = Field(description="at or above the ministry's threshold")
    lead: str = Field(description="number of the case under which they are examined as one, if they are")


class LateBody(Schema):
    name: str
    cases: int
    oldest: date | None = None


class RegionChoiceOut(Schema):
    """As the market watch counted last: kinds of goods of a region, those without a supplier, those with one."""

    region: str
    kinds: int
    none: int
    one: int


class SystemicBoard(Schema):
    days: int
    groups: list[SystemicGroup]
    late: list[LateBody]
    passed_on_late: list[LateBody]
    choice: list[RegionChoiceOut]
