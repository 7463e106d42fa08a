"""The API's shapes of situational headquarters."""

from datetime import date, datetime

from ninja import Field, Schema


class BoardRow(Schema):
    id: int
    region: str
    basis: str
    opened_at: datetime
    closed_at: datetime | None


class BoardList(Schema):
    results: list[BoardRow]
    next: str | None
    count: int


class BoardCaseOut(Schema):
    reference: int = Field(description="the board's own number, not the complaint's")
    subject: str
    sphere: str
    region: str
    status: str
    status_name: str
    filed_on: date
    respond_by: date | None
    closed_on: date | None
    outcome: str


class TaskOut(Schema):
    id: int
    title: str
    due_on: date
    done_at: datetime | None


class BoardOut(BoardRow):
    cases: list[BoardCaseOut]
    tasks: list[TaskOut]


class MinutesIn(Schema):
    """Guests read them: no names, no numbers of orders."""

    held_on: date
    agenda: str
    decisions: str


class MinutesRow(Schema):
    id: int
    held_on: date
    written_at: datetime


class MinutesList(Schema):
    results: list[MinutesRow]
    next: str | None
    count: int


class MinutesOut(MinutesRow):
    agenda: str
    decisions: str
    tasks: list[TaskOut] = Field(description="given out of these minutes")
