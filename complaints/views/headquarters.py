"""Pages of the situational headquarters: boards, one board with its cases, tasks and guests, minutes to print."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from complaints.headquarters import forms, leading, selectors, working
from complaints.headquarters.models import Board
from complaints.step_forms import StepForm
from marketplace import policy
from marketplace.errors import DomainError, Invalid, NotFound
from marketplace.forms import add_errors
from marketplace.models import Role

# What who leads a board does there: the form, its service, the words of the button and of the message.
DOORS: dict[str, tuple[type[forms.BoardForm], Callable[..., Any], Any, Any]] = {
    "share": (forms.ShareForm, leading.share, lambda: _("Put a case on the board"), lambda: _("It is on the board.")),
    "task": (forms.TaskForm, working.add_task, lambda: _("Give a task"), lambda: _("The task is given.")),
    "minutes": (forms.MinutesForm, working.write_minutes, lambda: _("Write minutes"), lambda: _("Written down.")),
    "invite": (
        forms.InviteForm,
        leading.invite,
        lambda: _("Invite a guest"),
        lambda: _("The guest sees this board now."),
    ),
}


@policy.only(Role.INSPECTOR, Role.REVIEWER, Role.GUEST, Role.AUDITOR, Role.ADMIN)
@require_http_methods(["GET", "HEAD", "POST"])
def boards(request: HttpRequest) -> HttpResponse:
    """The boards that this person sees; who leads them opens one here."""
    rows = list(selectors.visible(request.user))
    form = forms.OpenForm(request.POST if request.method == "POST" else None, action="open")
    if request.method == "POST" and _done(request, form, lambda given: leading.open_board(actor=request.user, **given)):
        messages.success(request, _("The headquarters is open."))
        return redirect("complaints:headquarters")
    context = {"boards": rows, "form": form if selectors.keeps(request.user) else None}
    return render(request, "review/headquarters/boards.html", context)


@policy.only(Role.INSPECTOR, Role.REVIEWER, Role.GUEST, Role.AUDITOR, Role.ADMIN)
@require_http_methods(["GET", "HEAD", "POST"])
def board(request: HttpRequest, board_id: int) -> HttpResponse:
    """One board; a refused form keeps what was typed."""
    found = selectors.get(request.user, board_id)
    action, wrong = request.POST.get("action", ""), None
    if request.method == "POST" and action in DOORS:
        kind, service, _label, done = DOORS[action]
        wrong = kind(request.POST, action=action, board=found)
        if _done(request, wrong, lambda given: service(board_id=board_id, actor=request.user, **given)):
            messages.success(request, done())
            return redirect("complaints:headquarters_board", board_id)
    return render(request, "review/headquarters/board.html", _context(request, found, wrong))


def _context(request: HttpRequest, found: Board, wrong: StepForm | None) -> dict[str, Any]:
    keeps = selectors.keeps(request.user)
    steps = []
    for action, (kind, _service, label, _message) in DOORS.items() if keeps else ():
        refused = wrong is not None and wrong.action == action
        form = wrong if refused else kind(action=action, board=found)
        steps.append({"action": action, "label": label(), "form": form, "open": refused})
    return {
        "board": found,
        "cases": selectors.cases(found),
        "tasks": [{"row": row, "may": selectors.may_finish(request.user, row)} for row in selectors.tasks(found)],
        "minutes": list(found.minutes.all()),
        "guests": list(found.guests.filter(removed_at=None).select_related("user")),
        "keeps": keeps,
        "steps": steps,
        "form": wrong,
    }


@policy.only(Role.INSPECTOR, Role.REVIEWER, Role.GUEST, Role.AUDITOR, Role.ADMIN)
@require_http_methods(["GET", "HEAD", "POST"])
def minutes(request: HttpRequest, board_id: int, minutes_id: int) -> HttpResponse:
    """Minutes as a page to print; a decision becomes a task here."""
    row = selectors.minutes(request.user, board_id, minutes_id)
    found = row.board
    form = forms.TaskForm(request.POST if request.method == "POST" else None, action="task", board=found)
    if request.method == "POST" and _done(
        request,
        form,
        lambda given: working.add_task(board_id=board_id, minutes_id=minutes_id, actor=request.user, **given),
    ):
        messages.success(request, _("The task is given."))
        return redirect("complaints:headquarters_minutes", board_id, minutes_id)
    context = {
        "board": found,
        "minutes": row,
        "tasks": list(row.tasks.select_related("owner")),
        "form": form if selectors.keeps(request.user) else None,
    }
    return render(request, "review/headquarters/minutes.html", context)


@policy.only(Role.INSPECTOR, Role.REVIEWER, Role.GUEST, act=[Role.GUEST])
@require_POST
def step(request: HttpRequest, board_id: int, what: str, row_id: int) -> HttpResponse:
    """One tap: a task is done, a case leaves the board, a guest is removed."""
    given: dict[str, Any] = {"board_id": board_id, "actor": request.user}
    try:
        if what == "done":
            working.finish(task_id=row_id, **given)
        elif what == "unshare":
            leading.unshare(case_id=row_id, **given)
        elif what == "remove":
            leading.remove(guest_id=row_id, **given)
        else:
            raise NotFound
    except DomainError as error:
        if error.status in {403, 404}:
            raise
        messages.error(request, str(error))
    else:
        messages.success(request, _("Done."))
    return redirect("complaints:headquarters_board", board_id)


def _done(request: HttpRequest, form: StepForm, service: Callable[[dict[str, Any]], Any]) -> bool:
    """Whether the service took the answers; else the form knows what is wrong with them."""
    if not form.is_valid():
        return False
    try:
        service(form.arguments())
    except Invalid as error:
        add_errors(form, error)
        return False
    except DomainError as error:
        if error.status in {403, 404}:
            raise
        form.add_error(None, str(error))
        return False
    return True
