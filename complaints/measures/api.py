"""`/api/v1/measures` and fines: what bodies and the ministry decided beyond a case. Its steps are in api_steps.py."""

from typing import Any

from django.http import HttpRequest
from ninja import Router

from complaints import selectors as cases
from complaints.measures import carrying_out, fines, selectors, shapes, systemic
from complaints.measures.models import Measure
from complaints.measures.schemas import FineIn, FineList, FineOut, MeasureList, MeasureOut, SystemicBoard
from complaints.schemas_of_steps import Words
from marketplace.api import Problem, paged

router = Router(tags=["measures"])
_ANSWERS = {403: Problem, 404: Problem, 409: Problem, 422: Problem}


@router.get("/measures", response={200: MeasureList, 403: Problem}, operation_id="list_measures")
def list_measures(request: HttpRequest, kind: str = "", open: bool = False, page: int = 1) -> dict[str, Any]:
    """Bans, stop-sales, instructions and rule changes that the caller may know of; open ones first."""
    rows = selectors.listed(request.auth)
    if kind:
        rows = rows.filter(kind=kind)
    if open:
        rows = rows.filter(done_at=None)
    shown: list[Measure] = []

    def shape(row: Measure) -> dict[str, Any]:
        shown.append(row)
        return shapes.measure(request.auth, row)

    found = paged(request, rows, page, shape)
    selectors.log(request.auth, shown)
    return found


@router.get("/board", response={200: SystemicBoard, 403: Problem}, operation_id="get_board")
def get_board(request: HttpRequest) -> dict[str, Any]:
    """The ministry's board: what happened again and again, late bodies, late hand-overs, where goods have no choice."""
    found = systemic.board(request.auth)
    groups = [vars(group) for rows in found.groups.values() for group in rows]
    choice = [{"region": row.region.pk, "kinds": row.kinds, "none": row.none, "one": row.one} for row in found.choice]
    return {
        "days": found.days,
        "groups": groups,
        "late": found.late,
        "passed_on_late": found.passed_on_late,
        "choice": choice,
    }


@router.post("/measures/{int:measure_id}/done", response={200: MeasureOut, **_ANSWERS}, operation_id="report_measure")
def report_measure(request: HttpRequest, measure_id: int, body: Words) -> dict[str, Any]:
    """An instruction is carried out, or a stop-sale lifted; the text says what was done."""
    carrying_out.report(measure_id=measure_id, actor=request.auth, result=body.words)
    return shapes.measure(request.auth, selectors.listed(request.auth).get(pk=measure_id))


@router.get("/complaints/{number}/fines", response={200: FineList, 404: Problem}, operation_id="list_fines")
def list_fines(request: HttpRequest, number: str, page: int = 1) -> dict[str, Any]:
    """Fines of a case."""
    complaint = cases.read(request.auth, number)
    return paged(request, selectors.fines(request.auth).filter(complaint=complaint), page, shapes.fine)


@router.post("/complaints/{number}/fines", response={201: FineOut, **_ANSWERS}, operation_id="impose_fine")
def impose_fine(request: HttpRequest, number: str, body: FineIn) -> Any:
    """The body of the case notes a fine of its supplier."""
    fine = fines.impose(
        number=number, actor=request.auth, article=body.article, amount=body.amount, imposed_on=body.imposed_on
    )
    return 201, shapes.fine(fine)


@router.post("/fines/{int:fine_id}/paid", response={200: FineOut, **_ANSWERS}, operation_id="fine_paid")
def fine_paid(request: HttpRequest, fine_id: int) -> dict[str, Any]:
    """The fine was paid today."""
    return shapes.fine(fines.note_paid(fine_id=fine_id, actor=request.auth))


@router.post("/fines/{int:fine_id}/appealed", response={200: FineOut, **_ANSWERS}, operation_id="fine_appealed")
def fine_appealed(request: HttpRequest, fine_id: int) -> dict[str, Any]:
    """The fine was appealed against today."""
    return shapes.fine(fines.note_appealed(fine_id=fine_id, actor=request.auth))
