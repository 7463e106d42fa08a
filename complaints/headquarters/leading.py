"""Who leads a board: opens it, invites guests, puts cases on it and takes them off."""

from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from complaints import selectors as complaints
from complaints.headquarters import selectors
from complaints.headquarters.models import Board, BoardGuest, SharedCase
from marketplace import access, events
from marketplace.errors import DomainError, FieldError, Invalid, NotFound
from marketplace.models import Region, Role, User
from marketplace.time import database_now


class AlreadyOpen(DomainError):
    code = "already_open"
    message = _("This region already has a headquarters.")


class AlreadyThere(DomainError):
    code = "already_there"
    message = _("This is on the board already.")


def open_board(*, region: str, basis: str, actor: User, now: datetime | None = None) -> Board:
    """A headquarters of a region by an order of the Committee's chair: the ministry, or that region's department.

    Raises Forbidden, NotFound (a foreign region), Invalid, AlreadyOpen.
    """
    access.require_role(actor, *selectors.KEEPERS)
    if not basis.strip() or len(basis) > 200:
        raise Invalid(
            [FieldError("basis", "required", _("Name the order: number and day, in at most 200 characters."))]
        )
    found = Region.objects.filter(pk=region).first()
    if found is None:
        raise Invalid([FieldError("region", "choice", _("Choose the region."))])
    if actor.role == Role.INSPECTOR and (actor.authority is None or actor.authority.region_id != found.pk):
        raise NotFound
    now = now or database_now()
    with transaction.atomic(durable=True):
        try:
            with transaction.atomic():
                board = Board.objects.create(region=found, basis=basis.strip(), opened_by=actor, opened_at=now)
        except IntegrityError:
            raise AlreadyOpen from None
        note("opened", board, actor, now)
    return board


def invite(*, board_id: int, username: str, organisation: str, actor: User, now: datetime | None = None) -> BoardGuest:
    """Let a guest account see this board. Raises Forbidden, NotFound, Invalid, AlreadyThere."""
    access.require_role(actor, *selectors.KEEPERS)
    errors = []
    if not organisation.strip() or len(organisation) > 200:
        errors.append(FieldError("organisation", "required", _("Name the organisation, in at most 200 characters.")))
    guest = User.objects.filter(username=username.strip(), role=Role.GUEST, is_active=True).first()
    if guest is None:
        message = _("There is no guest account of this name. The administrator makes guest accounts.")
        errors.append(FieldError("username", "unknown", message))
    if errors or guest is None:
        raise Invalid(errors)
    now = now or database_now()
    with transaction.atomic(durable=True):
        board = selectors.get(actor, board_id)
        try:
            with transaction.atomic():
                found = BoardGuest.objects.create(
                    board=board, user=guest, organisation=organisation.strip(), invited_by=actor, invited_at=now
                )
        except IntegrityError:
            raise AlreadyThere from None
        note("invited", board, actor, now, {"guest": found.pk})
    return found


def remove(*, board_id: int, guest_id: int, actor: User, now: datetime | None = None) -> None:
    """The guest sees the board no longer. Raises Forbidden, NotFound."""
    access.require_role(actor, *selectors.KEEPERS)
    now = now or database_now()
    with transaction.atomic(durable=True):
        board = selectors.get(actor, board_id)
        if BoardGuest.objects.filter(pk=guest_id, board=board, removed_at=None).update(removed_at=now) != 1:
            raise NotFound
        note("removed", board, actor, now, {"guest": guest_id})


def share(*, board_id: int, number: str, actor: User, now: datetime | None = None) -> SharedCase:
    """Put a case that the actor sees on the board, anonymised. Raises Forbidden, NotFound, Invalid, AlreadyThere."""
    access.require_role(actor, *selectors.KEEPERS)
    now = now or database_now()
    with transaction.atomic(durable=True):
        board = selectors.get(actor, board_id)
        complaint = complaints.visible(actor).filter(number=number.strip().upper()).first()
        if complaint is None:
            raise Invalid([FieldError("number", "unknown", _("You have no complaint of this number."))])
        try:
            with transaction.atomic():
                shared = SharedCase.objects.create(board=board, complaint=complaint, shared_by=actor, shared_at=now)
        except IntegrityError:
            raise AlreadyThere from None
        note("shared", board, actor, now, {"case": shared.pk, "complaint": complaint.number})
    return shared


def unshare(*, board_id: int, case_id: int, actor: User, now: datetime | None = None) -> None:
    """Take a case off the board. Raises Forbidden, NotFound."""
    access.require_role(actor, *selectors.KEEPERS)
    now = now or database_now()
    with transaction.atomic(durable=True):
        board = selectors.get(actor, board_id)
        if SharedCase.objects.filter(pk=case_id, board=board).delete()[0] != 1:
            raise NotFound
        note("unshared", board, actor, now, {"case": case_id})


def note(word: str, board: Board, actor: User | None, now: datetime, data: dict[str, Any] | None = None) -> Any:
    """The event of a step on a board; ids only."""
    return events.record(
        kind=f"headquarters.{word}", subject=f"headquarters:{board.pk}", actor=actor, data=data or {}, at=now
    )
