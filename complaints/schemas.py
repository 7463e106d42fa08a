"""Shapes of the complaint API's requests and answers, for checking input and for the published OpenAPI."""

from datetime import date, datetime
from typing import Any

from ninja import Field, Schema

from complaints.checking import Filing
from marketplace import payloads


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


class CaseFileOut(Schema):
    """A picture or recording of a complaint."""

    id: str
    content_type: str = Field(description="image/…, audio/… or video/…")
    size: int = Field(description="Bytes")
    created_at: datetime
    url: str | None = Field(description="Answers Range requests; nothing when it would show who complains")
    transcript: str = Field(description="What a recording says, written down by the person or the state's side")


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
    files: list[CaseFileOut] | None = None
    order_line: int | None = None
    person: str | None = None
    contact: dict[str, str] | None = None


class ComplaintList(Schema):
    results: list[ComplaintRow]
    next: str | None
    count: int
    more_than_count: bool = Field(description="There are more than `count`: nobody counted them all")


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


class AnswerChoiceOut(Schema):
    code: str
    label: str


class QuestionOut(Schema):
    code: str
    kind: str = Field(description="text, number, money, date, flag or choice")
    label: str
    choices: list[AnswerChoiceOut]
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


class TranscriptIn(Schema):
    text: str = Field(description="What the recording says or shows; everybody who reads the complaint sees it")
