"""`/api/v1/headquarters`: boards of situational headquarters, to read. What a guest gets names no person."""

from typing import Any

from django.http import HttpRequest
from ninja import Router

from complaints.headquarters import selectors
from complaints.headquarters.models import Board
from complaints.headquarters.schemas import BoardList, BoardOut
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
    tasks = [
        {"id": task.pk, "title": task.title, "due_on": task.due_on, "done_at": task.done_at}
        for task in selectors.tasks(board)
    ]
    return _row(board) | {"cases": [vars(case) for case in selectors.cases(board)], "tasks": tasks}


def _row(board: Board) -> dict[str, Any]:
    return {
        "id": board.pk,
        "region": board.region_id,
        "basis": board.basis,
        "opened_at": board.opened_at,
        "closed_at": board.closed_at,
    }
