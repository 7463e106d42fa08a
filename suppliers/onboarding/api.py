"""Applications of suppliers, for programs: an applicant sees the own ones, the ministry decides.

An application is written and sent as a draft of the kind ``onboarding`` (``/drafts``).
"""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from ninja import Router, Schema

from marketplace.api import Problem, paged
from marketplace.models import Role, User
from suppliers.onboarding import answers, deciding, selectors, words
from suppliers.onboarding.models import WAITING, Application
from suppliers.schemas import CaseOut, RefusalIn, RefusalReasonsOut, WordsIn
from suppliers.second_check import is_another
from suppliers.shapes import case_data
from suppliers.states import APPLICATION

router = Router(tags=["applications of suppliers"])


class ApplicationRow(CaseOut):
    """``iin``: the last digits of an entrepreneur's number, empty where there is a BIN. ``supplier``: the shop's code,
    null until it is approved. ``allowed`` has ``correct`` where a draft may be sent again.
    """

    name: str
    bin: str
    iin: str
    supplier: str | None


class ApplicationPaper(Schema):
    url: str
    content_type: str


class ApplicationOut(ApplicationRow):
    papers: list[ApplicationPaper]


class ApplicationsOut(Schema):
    results: list[ApplicationRow]
    next: str | None
    count: int


STEP = {200: ApplicationOut, 403: Problem, 404: Problem, 409: Problem, 422: Problem}


@router.get("/supplier-applications", response=ApplicationsOut, operation_id="list_supplier_applications")
def list_applications(request: HttpRequest, page: int = 1) -> dict[str, Any]:
    """The caller's own applications; for the ministry and the audit all, what waits for an answer first."""
    return paged(request, selectors.worklist(request.auth), page, lambda row: _row(request.auth, row))


@router.get(
    "/supplier-applications/refusal-reasons", response=RefusalReasonsOut,
    operation_id="list_application_refusal_reasons",
)  # fmt: skip
def list_reasons(request: HttpRequest) -> dict[str, Any]:
    """Why an application may be refused, in the language of the request."""
    return {"results": [{"code": code, "name": name} for code, name in words.reasons()]}


@router.get(
    "/supplier-applications/{int:application_id}", response={200: ApplicationOut, 404: Problem},
    operation_id="get_supplier_application",
)  # fmt: skip
def get_application(request: HttpRequest, application_id: int) -> dict[str, Any]:
    """One application."""
    return _data(request.auth, selectors.get(request.auth, application_id))


@router.post(
    "/supplier-applications/{int:application_id}/approve", response=STEP, operation_id="approve_supplier_application"
)
def approve_application(request: HttpRequest, application_id: int) -> dict[str, Any]:
    """The ministry lets the business sell: its shop opens."""
    return _taken(request, application_id, deciding.approve)


@router.post("/supplier-applications/{int:application_id}/ask", response=STEP, operation_id="ask_supplier_applicant")
def ask_applicant(request: HttpRequest, application_id: int, body: WordsIn) -> dict[str, Any]:
    """The ministry asks the applicant for what is missing."""
    return _taken(request, application_id, deciding.ask, text=body.text)


@router.post(
    "/supplier-applications/{int:application_id}/refuse", response=STEP, operation_id="refuse_supplier_application"
)
def refuse_application(request: HttpRequest, application_id: int, body: RefusalIn) -> dict[str, Any]:
    """The ministry refuses for a reason of the list and in words."""
    return _taken(request, application_id, deciding.refuse, reason=body.reason, text=body.text)


@router.post(
    "/supplier-applications/{int:application_id}/uphold", response=STEP, operation_id="uphold_application_refusal"
)
def uphold_refusal(request: HttpRequest, application_id: int, body: WordsIn) -> dict[str, Any]:
    """The ministry refuses after a second check, by another person than the one who refused."""
    return _taken(request, application_id, deciding.uphold, text=body.text)


@router.post(
    "/supplier-applications/{int:application_id}/appeal", response=STEP, operation_id="appeal_application_refusal"
)
def appeal_refusal(request: HttpRequest, application_id: int, body: WordsIn) -> dict[str, Any]:
    """The applicant asks for a second check."""
    return _taken(request, application_id, deciding.appeal, text=body.text)


@router.post(
    "/supplier-applications/{int:application_id}/withdraw", response=STEP, operation_id="withdraw_supplier_application"
)
def withdraw_application(request: HttpRequest, application_id: int) -> dict[str, Any]:
    """The applicant takes it back."""
    return _taken(request, application_id, deciding.withdraw)


def _taken(request: HttpRequest, application_id: int, step: Callable[..., Application], **given: str) -> dict[str, Any]:
    step(application_id=application_id, actor=request.auth, **given)
    return _data(request.auth, selectors.get(request.auth, application_id))


def _data(actor: User, row: Application) -> dict[str, Any]:
    papers = [
        {"url": reverse("stored_file", args=[paper.pk]), "content_type": paper.content_type}
        for paper in answers.papers(row.pk)
    ]
    return _row(actor, row) | {"papers": papers}


def _row(actor: User, row: Application) -> dict[str, Any]:
    decides = actor.role == Role.REVIEWER and is_another(row, actor)
    parties = ["applicant"] if row.author_id == actor.pk else ["ministry"] if decides else []
    return case_data(row, WAITING) | {
        "name": row.name,
        "bin": row.bin,
        "iin": row.iin_shown,
        "supplier": row.partner.code if row.partner else None,
        "allowed": APPLICATION.actions(row.status, parties),
    }
