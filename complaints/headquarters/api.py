"""`/api/v1/headquarters`: boards of situational headquarters and their minutes. What a guest gets names no person."""

from typing import Any

from django.http import HttpRequest
from ninja import Router

from complaints.headquarters import selectors, working
from complaints.headquarters.models import Board, Minutes, Task
from complaints.headquarters.schemas import BoardList, BoardOut, MinutesIn, MinutesList, MinutesOut
from marketplace import payloads
from marketplace.api import Problem, paged

router = Router(tags=["headquarters"])


@router.get("/headquarters", response={200: BoardList, 403: Problem}, operation_id="list_headquarters")
def list_headquarters(request: HttpRequest, page: int = 1) -> dict[str, Any]:
    """The boards that the caller may see."""
    return paged(request, selectors.visible(request.auth), page, _row)


@router.get(
    "/headquarters/{int:board_id}",
    response={200: BoardOut, 403: Problem, 404: Problem},
    operation_id="get_headquarters",
)
def get_headquarters(request: HttpRequest, board_id: int) -> dict[str, Any]:
    """One board: its anonymised cases and its tasks."""
    board = selectors.get(request.auth, board_id)
    tasks = [_task(task) for task in selectors.tasks(board)]
    return _row(board) | {"cases": [vars(case) for case in selectors.cases(board)], "tasks": tasks}


@router.get(
    "/headquarters/{int:board_id}/minutes",
    response={200: MinutesList, 403: Problem, 404: Problem},
    operation_id="list_minutes",
)
def list_minutes(request: HttpRequest, board_id: int, page: int = 1) -> dict[str, Any]:
    """Minutes of a board's meetings, the latest first."""
    return paged(request, selectors.get(request.auth, board_id).minutes.all(), page, _minutes_row)


@router.post(
    "/headquarters/{int:board_id}/minutes",
    response={201: MinutesOut, 403: Problem, 404: Problem, 422: Problem},
    operation_id="write_minutes",
)
def write_minutes(request: HttpRequest, board_id: int, body: MinutesIn) -> Any:
    """Write minutes of a meeting that was held: the department of the region or the ministry. They stay as written."""
    written = working.write_minutes(board_id=board_id, actor=request.auth, **payloads.clean(body.dict()))
    return 201, _minutes(written)


@router.get(
    "/headquarters/{int:board_id}/minutes/{int:minutes_id}",
    response={200: MinutesOut, 403: Problem, 404: Problem},
    operation_id="get_minutes",
)
def get_minutes(request: HttpRequest, board_id: int, minutes_id: int) -> dict[str, Any]:
    """What was spoken and decided, and the tasks that were given for it."""
    return _minutes(selectors.minutes(request.auth, board_id, minutes_id))


def _minutes(row: Minutes) -> dict[str, Any]:
    tasks = [_task(task) for task in row.tasks.order_by("due_on", "pk")]
    return _minutes_row(row) | {"agenda": row.agenda, "decisions": row.decisions, "tasks": tasks}


def _minutes_row(row: Minutes) -> dict[str, Any]:
    return {"id": row.pk, "held_on": row.held_on, "written_at": row.written_at}


def _task(task: Task) -> dict[str, Any]:
    return {"id": task.pk, "title": task.title, "due_on": task.due_on, "done_at": task.done_at}


def _row(board: Board) -> dict[str, Any]:
    return {
        "id": board.pk,
        "region": board.region_id,
        "basis": board.basis,
        "opened_at": board.opened_at,
        "closed_at": board.closed_at,
    }
