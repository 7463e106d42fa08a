"""`/api/v1/drafts/…` and `/api/v1/mirror`: help by a code, who else is here, the second screen."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from ninja import Router, Schema, Status

from marketplace.api import Problem, caller
from marketplace.drafts import hand_over, mirror, presence
from marketplace.drafts.pictures import Facts
from marketplace.second_screen import token_of

router = Router(tags=["drafts"])

REFUSALS = {403: Problem, 404: Problem, 409: Problem}


class CodeOut(Schema):
    code: str
    expires_at: datetime


class CodeIn(Schema):
    code: str


class DraftOut(Schema):
    draft: UUID


class PresenceIn(Schema):
    device: str = ""


class Other(Schema):
    name: str
    role: str


class PresenceOut(Schema):
    others: list[Other]


class Fact(Schema):
    label: str
    value: str


class MirrorLine(Schema):
    key: str
    title: str
    facts: list[Fact]
    state: str
    seal: str


class MirrorSection(Schema):
    heading: str
    facts: list[Fact]


class MirrorOut(Schema):
    rev: int
    person: str
    lines: list[MirrorLine]
    totals: list[Fact]
    sections: list[MirrorSection]
    all_confirmed: bool
    until: datetime


@router.post("/drafts/{uuid:draft_id}/continue-code", response={201: CodeOut, **REFUSALS})
def make_continue_code(request: HttpRequest, draft_id: UUID) -> Any:
    """The person agrees to be helped and gets a code of 6 digits; an earlier one stops working."""
    offer = hand_over.offer(draft_id=draft_id, actor=caller(request))
    return Status(201, {"code": offer.code, "expires_at": offer.expires_at})


@router.post("/drafts/continue", response={200: DraftOut, 403: Problem, 422: Problem, 429: Problem})
def continue_by_code(request: HttpRequest, body: CodeIn) -> Any:
    """A specialist enters the person's code and goes on with her draft. Wrong codes are counted and logged."""
    return {"draft": hand_over.redeem(actor=caller(request), code=body.code).pk}


@router.delete("/drafts/{uuid:draft_id}/help", response={200: dict[str, str], **REFUSALS})
def stop_help(request: HttpRequest, draft_id: UUID) -> Any:
    """The person ends all help with this draft at once, also a code that nobody has used yet."""
    hand_over.stop(draft_id=draft_id, actor=caller(request))
    return {"status": "stopped"}


@router.post("/drafts/{uuid:draft_id}/presence", response={200: PresenceOut, 404: Problem})
def note_presence(request: HttpRequest, draft_id: UUID, body: PresenceIn) -> Any:
    """Say that this draft is open here, and hear who else has it open. A hint only: nothing is locked."""
    return {"others": presence.seen(draft_id=draft_id, actor=caller(request), device=body.device)}


@router.post("/drafts/{uuid:draft_id}/mirror", response={201: CodeOut, **REFUSALS})
def open_mirror(request: HttpRequest, draft_id: UUID) -> Any:
    """A one-time code for a second screen beside the person; an earlier screen of the draft goes dark."""
    session_key = "" if "Authorization" in request.headers else request.session.session_key or ""
    offer = mirror.open_screen(draft_id=draft_id, actor=caller(request), session_key=session_key)
    return Status(201, {"code": offer.code, "expires_at": offer.expires_at})


@router.delete("/drafts/{uuid:draft_id}/mirror", response={200: dict[str, str], **REFUSALS})
def close_mirror(request: HttpRequest, draft_id: UUID) -> Any:
    """Close the second screen of the draft."""
    mirror.close_screen(draft_id=draft_id, actor=caller(request))
    return {"status": "closed"}


@router.get("/mirror", auth=None, response={200: MirrorOut, 404: Problem})
def read_mirror(request: HttpRequest, response: HttpResponse) -> Any:
    """What the second screen shows now, for the cookie it got by its code. Ask with If-None-Match."""
    found = mirror.of_token(token_of(request))
    etag = mirror.etag(found)
    if request.headers.get("If-None-Match") == etag:
        return HttpResponse(status=304, headers={"ETag": etag, "Cache-Control": "private, no-store"})
    shown = mirror.shown(found)
    response["ETag"] = etag
    response["Cache-Control"] = "private, no-store"
    return {
        "rev": found.draft.rev,
        "person": shown.picture.person,
        "lines": [
            {
                "key": item.line.key,
                "title": item.line.title,
                "facts": _facts(item.line.facts),
                "state": item.state,
                "seal": item.line.seal,
            }
            for item in shown.lines
        ],
        "totals": _facts(shown.picture.totals),
        "sections": [
            {"heading": section.heading, "facts": _facts(section.facts)} for section in shown.picture.sections
        ],
        "all_confirmed": shown.all_confirmed,
        "until": found.until,
    }


def _facts(facts: Facts) -> list[dict[str, str]]:
    return [{"label": label, "value": value} for label, value in facts]
