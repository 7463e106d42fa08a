"""Shapes of the complaint API's requests and answers, for checking input and for the published OpenAPI."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from ninja import Field, Schema

from complaints.checking import Filing
from marketplace import payloads
from marketplace.money import Money


class AddresseeOut(Schema):
    code: str
    name: str
    kind: str


class RouteIn(Schema):
    subject: str
    sphere: str = ""
    order_line: int | None = None
    supplier: str = ""
    qr: str = ""
    region: str = ""
    office: str = ""
    about: str = Field(
        "", description="Code of the state body that the complaint is against, or `addressee`: whichever would get it"
    )
    target: str = Field("", description="seller, association or body; empty: the routing table decides")
    targets: list[str] = Field([], description="At most three of them: the first is the addressee, others stand beside")
    beneficiary: int | None = None

    def filing(self) -> Filing:
        """What was said, without what PostgreSQL cannot store."""
        return Filing(**payloads.clean(self.dict()))


class ComplaintIn(RouteIn):
    text: str = ""
    template: str = ""
    demand: str = Field("", description="A code of the list, or own words")
    demands: list[str] = Field([], description="Several demands; `demand` may be one of them")
    channel: str = ""
    fields: dict[str, Any] = {}
    contact: dict[str, Any] = {}
    hide_name: bool = False
    received_on: date | None = Field(None, description="Office and hotline: the day the letter or visit came")


class NamedOut(Schema):
    code: str
    name: str


class AlsoOut(AddresseeOut):
    """Somebody who is addressed beside the addressee."""

    why: str = Field(description="informed, safety, rule or target")
    why_name: str
    rule: str
    legal_basis: str
    respond_by: date | None = Field(description="Nothing when it is only told")
    due_explained: str


class FiledOut(Schema):
    number: str
    tracking_code: str
    addressee: AddresseeOut
    respond_by: date
    due_at: datetime
    due_explained: str
    rule: str
    parallels: list[AlsoOut] = []


class StepOut(Schema):
    at: datetime
    kind: str
    title: str
    by: str
    by_name: str
    before: str
    after: str
    reason: str
    text: str
    respond_by: date | None
    to: str = Field("", description="Name of the body or supplier that the step names")
    note: str = Field("", description="What is to be said about the step, e.g. that the person was told too late")


class ComplaintRow(Schema):
    number: str
    status: str
    status_name: str
    subject: str
    subject_name: str
    sphere: str
    region: str
    priority: str
    addressee: AddresseeOut
    whose_turn: str | None
    filed_at: datetime
    respond_by: date | None
    due_at: datetime | None
    outcome: str | None


class TrackedOut(ComplaintRow):
    due_explained: str
    outcome_detail: str | None
    proposed_outcome: str | None
    timeline: list[StepOut]
    allowed: list[str]
    answer: str | None = None
    remedy: dict[str, Any] | None = None
    decision: str | None = None


class BesideOut(AddresseeOut):
    """Somebody addressed beside the addressee."""

    why: str = Field(description="informed, safety, rule or target")
    why_name: str
    respond_by: date | None = Field(description="Nothing when it is only told")
    due_explained: str
    late: bool
    done_at: datetime | None


class ComplaintOut(TrackedOut):
    escalates_to: dict[str, str] | None
    parallels: list[BesideOut]
    rule: str
    channel: str
    confirmed_by: str | None = Field(description="person, phone or panel: whose word ended the case")
    confirmed_by_person: bool
    returned_kzt: str
    duplicate_of: str | None
    text: str | None = None
    demand: str | None = None
    demand_name: str | None = None
    demands: list[NamedOut] | None = None
    template: str | None = None
    fields: dict[str, Any] | None = None
    order_line: int | None = None
    person: str | None = None
    contact: dict[str, str] | None = None


class ComplaintList(Schema):
    results: list[ComplaintRow]
    next: str | None
    count: int


class BodyOut(Schema):
    code: str
    name: str


class DeadlineOut(Schema):
    respond_by: date
    due_at: datetime
    explained: str
    rule: str


class RouteOut(Schema):
    addressee: AddresseeOut
    rule: str
    version: date
    why: str
    notes: list[str]
    legal_basis: str
    escalates_to: BodyOut | None = Field(description="The first of `joins`")
    joins: list[BodyOut] = Field(
        description="Bodies that silence brings in, each a day after the date of the one before"
    )
    above: BodyOut | None = Field(description="Told when the last of them is silent")
    informed: list[BodyOut]
    parallels: list[AlsoOut]
    region: str
    priority: int = Field(description="0 urgent, 1 high, 2 normal, 3 low")
    hide_name: bool
    sphere: str
    template: str | None
    respond_by: date
    due_at: datetime
    due_explained: str
    deadline: DeadlineOut


class ChoiceOut(Schema):
    code: str
    label: str


class QuestionOut(Schema):
    code: str
    kind: str = Field(description="text, number, money, date, flag or choice")
    label: str
    choices: list[ChoiceOut]
    required: bool


class TemplateOut(Schema):
    code: str
    title: str
    titles: dict[str, str]
    subjects: list[str]
    spheres: list[str]
    fields: list[QuestionOut]


class TemplateList(Schema):
    results: list[TemplateOut]
    next: str | None
    count: int
    subjects: dict[str, str]
    spheres: dict[str, str]
    demands: dict[str, str]


class FileOut(Schema):
    id: str
    content_type: str
    size: int


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
    unit: str = Field(description="per_cent, number, kzt or days")


class KpiList(Schema):
    first: date = Field(serialization_alias="from")
    last: date = Field(serialization_alias="to")
    region: str | None
    results: list[KpiOut]


# --- Steps -----------------------------------------------------------------------------------------


class Words(Schema):
    """What the acting side writes; ``reason`` is understood as ``text``."""

    text: str = ""
    reason: str = ""

    @property
    def words(self) -> str:
        return str(payloads.clean(self.text or self.reason))


class OfferIn(Words):
    remedy: str = Field("", description="One of the demands, for example same_replacement")
    promised_on: date | None = None
    amount: Decimal | None = Field(None, description="Money to be returned, KZT")


class RemedyIn(Words):
    kind: str = Field("", description="One of the demands; the offered one when empty")
    delivered_on: date | None = Field(None, description="Today when empty")
    value: Decimal | None = Field(None, description="What the remedy is worth, KZT")
    returned: Decimal | None = Field(None, description="Money returned, KZT; the offered sum when not given")
    proof_file: UUID | None = Field(None, description="A file that the supplier has added to the complaint")
    no_proof: str = Field("", description="Why there is no proof; needed when there is none")

    def record(self) -> dict[str, Any]:
        """Arguments of the step."""
        return {"text": self.words} | payloads.clean(self.dict(exclude={"text", "reason"}))


class DecideIn(Words):
    outcome: str = Field("", description="satisfied, explained or redirected")
    detail: str = ""
    returned: Decimal | None = Field(None, description="Money returned to the person, KZT")
    authority: str = Field("", description="Redirected: code of the body to which the matter was handed over")


class QuestionIn(Words):
    pause: str = Field("", description="A reason of the rule complaint.pause_reasons, for example details")


class RefuseIn(Words):
    ground: str = Field("", description="decided_by_court or decided_before_trial (law 274-IV, art. 42-6)")


class RedirectIn(Words):
    authority: str = Field("", description="Code of the body that gets the case")


class WithdrawIn(Words):
    kind: str = Field(default="own_will", description="own_will, settled_outside or pressure")


class TrackIn(Schema):
    """Both are compared without blanks, dashes and case."""

    number: str = ""
    code: str = Field("", description="The tracking code, 10 digits")


class TrackedStepIn(TrackIn, WithdrawIn):
    """``text`` for the steps that take words, ``kind`` for a withdrawal."""


class PretrialIn(Words):
    """``text`` names the papers of the consent; ``kind``: mediator, arbitration, association or sro (art. 42-8)."""

    kind: str = ""
    body: str = Field("", description="Name of the body")
    person_consented_on: date | None = None
    supplier_consented_on: date | None = None


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


class CourtIn(Words):
    role: str = "third_party"


class ResultIn(Words):
    result: str = Field("", description="won, lost or settled")
    recovered: Decimal | None = Field(None, description="Sum awarded, KZT")


class AgreedIn(Words):
    returned: Decimal | None = None


class CalledIn(Words):
    facts: list[str] = Field([], description="What the caller could name: name, phone, code, order, filed")


class VoteIn(Words):
    agrees: bool = Field(description="The outcome was reached")


class DuplicateIn(Schema):
    duplicate_of: str = ""
