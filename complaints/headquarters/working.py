"""What a board does: tasks with an owner and a day, watched by the clock, and minutes with decisions."""

from collections import Counter
from datetime import date, datetime

import structlog
from django.db import transaction
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from complaints.headquarters import selectors
from complaints.headquarters.leading import note
from complaints.headquarters.models import Minutes, Task
from marketplace import access, formats, notices, outbox
from marketplace.errors import DomainError, FieldError, Forbidden, Invalid, NotFound
from marketplace.models import OutboxRow, User
from marketplace.time import database_now

log = structlog.get_logger(__name__)


class AlreadyDone(DomainError):
    code = "already_done"
    message = gettext_lazy("This task is already done.")


def add_task(
    *,
    board_id: int,
    title: str,
    owner: int,
    due_on: date,
    actor: User,
    minutes_id: int | None = None,
    now: datetime | None = None,
) -> Task:
    """Give a member a task until a day, out of minutes when a decision asks for it. Raises Forbidden, NotFound, Invalid."""
    access.require_role(actor, *selectors.KEEPERS)
    now = now or database_now()
    with transaction.atomic(durable=True):
        board = selectors.get(actor, board_id)
        member = selectors.members(board).filter(pk=owner).first()
        errors = []
        if not title.strip() or len(title) > 200:
            errors.append(FieldError("title", "required", _("Say what has to be done, in at most 200 characters.")))
        if member is None:
            errors.append(FieldError("owner", "choice", _("Choose a member of the board.")))
        if due_on < timezone.localdate(now):
            errors.append(FieldError("due_on", "past", _("Give a day from today on.")))
        if errors or member is None:
            raise Invalid(errors)
        minutes = board.minutes.filter(pk=minutes_id).first() if minutes_id else None
        if minutes_id and minutes is None:
            raise NotFound
        task = Task.objects.create(
            board=board, minutes=minutes, title=title.strip(), owner=member, due_on=due_on, made_by=actor, made_at=now
        )
        note("task_given", board, actor, now, {"task": task.pk})
        outbox.add("headquarters.task_given", str(task.pk))
    return task


def finish(*, board_id: int, task_id: int, actor: User, now: datetime | None = None) -> Task:
    """The task is done: its owner or who leads the board says so. Raises Forbidden, NotFound, AlreadyDone."""
    now = now or database_now()
    with transaction.atomic(durable=True):
        board = selectors.get(actor, board_id)
        task = board.tasks.select_for_update().filter(pk=task_id).first()
        if task is None:
            raise NotFound
        if not selectors.may_finish(actor, task):
            raise Forbidden
        if Task.objects.filter(pk=task.pk, done_at=None).update(done_at=now, done_by=actor) != 1:
            raise AlreadyDone
        note("task_done", board, actor, now, {"task": task.pk})
    task.refresh_from_db()
    return task


def write_minutes(
    *, board_id: int, held_on: date, agenda: str, decisions: str, actor: User, now: datetime | None = None
) -> Minutes:
    """Minutes of a meeting that was held; they are not changed afterwards. Raises Forbidden, NotFound, Invalid."""
    access.require_role(actor, *selectors.KEEPERS)
    now = now or database_now()
    errors = [
        FieldError(name, "required", _("Write this part, in at most 10,000 characters."))
        for name, text in (("agenda", agenda), ("decisions", decisions))
        if not text.strip() or len(text) > 10_000
    ]
    if held_on > timezone.localdate(now):
        errors.append(FieldError("held_on", "future", _("Give a day that has come already.")))
    if errors:
        raise Invalid(errors)
    with transaction.atomic(durable=True):
        board = selectors.get(actor, board_id)
        minutes = Minutes.objects.create(
            board=board, held_on=held_on, agenda=agenda.strip(), decisions=decisions.strip(), author=actor,
            written_at=now,
        )  # fmt: skip
        note("minutes_written", board, actor, now, {"minutes": minutes.pk})
    return minutes


def mark_late(now: datetime) -> Counter[str]:
    """Open tasks whose day is over: marked and told, each once."""
    due = Task.objects.filter(done_at=None, late_at=None, due_on__lt=timezone.localdate(now))
    done: Counter[str] = Counter()
    for pk in list(due.order_by("due_on", "pk").values_list("pk", flat=True)[:500]):
        try:
            with transaction.atomic(durable=True):
                task = (
                    due.select_for_update(of=("self",), skip_locked=True).select_related("board").filter(pk=pk).first()
                )
                if task is not None and due.filter(pk=pk).update(late_at=now) == 1:
                    note("task_late", task.board, None, now, {"task": task.pk})
                    outbox.add("headquarters.task_late", str(task.pk))
                    done["headquarters tasks late"] += 1
        except Exception:
            log.exception("task_not_marked", task=pk)
    return done


_TITLES = {
    "headquarters.task_given": gettext_lazy("You have a task of the headquarters"),
    "headquarters.task_late": gettext_lazy("A task of the headquarters is late"),
}


@outbox.handler("headquarters.task_given", "headquarters.task_late")
def tell(row: OutboxRow) -> None:
    """The owner, and of lateness also whoever gave the task."""
    task = Task.objects.select_related("owner", "made_by").get(pk=row.key)
    late = row.topic == "headquarters.task_late"
    for reader in {task.owner, task.made_by} if late else {task.owner}:
        with translation.override(reader.language):
            title = str(_TITLES[row.topic])
            text = _("Due on %(day)s: %(task)s") % {"day": formats.date_long(task.due_on), "task": task.title}
        notices.create(
            recipient=reader,
            kind=row.topic,
            subject=f"headquarters:{task.board_id}",
            title=title,
            text=text,
            dedupe=f"{row.topic}:{task.pk}:{reader.pk}",
        )
