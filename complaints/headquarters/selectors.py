"""Who sees which board, and what of its cases. A foreign board is the same NotFound as a missing one."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import F, Q, QuerySet

from complaints import routing
from complaints.headquarters.models import Board, BoardGuest, Minutes, Task
from complaints.shapes import outcome_name
from complaints.states import ComplaintStatus
from marketplace import access
from marketplace.errors import NotFound
from marketplace.models import Role, User

KEEPERS = (Role.INSPECTOR, Role.REVIEWER)
READERS = (*KEEPERS, Role.GUEST, Role.AUDITOR, Role.ADMIN)


@dataclass(frozen=True)
class AnonymousCase:
    """All that a board shows of a complaint; ``reference`` is the board's own number, not the complaint's."""

    reference: int
    subject: str
    sphere: str
    region: str
    status: str
    status_name: str
    filed_on: date
    respond_by: date | None
    closed_on: date | None
    outcome: str


def visible(actor: User) -> QuerySet[Board]:
    """Boards: all for the ministry and overseers, the own region's for a department, her invitations for a guest."""
    access.require_role(actor, *READERS)
    boards = Board.objects.select_related("region")
    if actor.role == Role.INSPECTOR:
        own = actor.authority.region_id if actor.authority else None
        return boards.filter(region=own) if own else boards.none()
    if actor.role == Role.GUEST:
        invited = BoardGuest.objects.filter(user=actor, removed_at=None).values("board")
        return boards.filter(pk__in=invited)
    return boards


def get(actor: User, board_id: int) -> Board:
    """One board. Raises Forbidden for a role without boards, NotFound for a foreign board."""
    board = visible(actor).filter(pk=board_id).first()
    if board is None:
        raise NotFound
    return board


def keeps(actor: User) -> bool:
    """Whether the actor leads boards: shares cases, invites, gives tasks, writes minutes."""
    return actor.role in KEEPERS


def cases(board: Board) -> list[AnonymousCase]:
    """The board's cases: only these columns are read, so that nothing else can be shown."""
    table = routing.table()
    rows = board.cases.values(
        "pk", "complaint__subject", "complaint__sphere", "complaint__status", "complaint__filed_on",
        "complaint__respond_by", "complaint__closed_at", "complaint__outcome", "complaint__outcome_detail",
        region=F("complaint__region__name"),
    )  # fmt: skip
    return [_anonymous(dict(row), table) for row in rows]


def _anonymous(row: dict[str, Any], table: routing.Table) -> AnonymousCase:
    closed_at = row["complaint__closed_at"]
    return AnonymousCase(
        reference=row["pk"],
        subject=table.subject_name(row["complaint__subject"]),
        sphere=table.sphere_name(row["complaint__sphere"]),
        region=row["region"],
        status=row["complaint__status"],
        status_name=str(ComplaintStatus(row["complaint__status"]).label),
        filed_on=row["complaint__filed_on"],
        respond_by=row["complaint__respond_by"],
        closed_on=closed_at.date() if closed_at else None,
        outcome=outcome_name(row["complaint__outcome"], row["complaint__outcome_detail"]),
    )


def members(board: Board) -> QuerySet[User]:
    """Who may own a task: the department of the region, the ministry, the guests."""
    guests = BoardGuest.objects.filter(board=board, removed_at=None).values("user")
    staff = Q(role=Role.REVIEWER) | Q(role=Role.INSPECTOR, authority__region=board.region_id)
    return User.objects.filter(staff | Q(pk__in=guests), is_active=True).order_by("full_name", "username")


def tasks(board: Board) -> QuerySet[Task]:
    """Open ones first, what is due first."""
    return board.tasks.select_related("owner", "minutes").order_by(F("done_at").desc(nulls_first=True), "due_on", "pk")


def minutes(actor: User, board_id: int, minutes_id: int) -> Minutes:
    """One meeting's minutes. Raises Forbidden, NotFound."""
    found = get(actor, board_id).minutes.select_related("author", "board__region").filter(pk=minutes_id).first()
    if found is None:
        raise NotFound
    return found


def may_finish(actor: User, task: Task) -> bool:
    return task.owner_id == actor.pk or keeps(actor)


def own_tasks(actor: User) -> QuerySet[Task]:
    """Open tasks of the actor, for the home page."""
    return Task.objects.filter(owner=actor, done_at=None, board__in=visible(actor)).order_by("due_on", "pk")
