"""The right of reply: a supplier's words about its complaints or a published mark, and the ministry's look at them."""

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from complaints.feedback import replying
from complaints.feedback.forms import WordsForm
from complaints.feedback.models import PublicReply
from complaints.feedback.states import REPLY, ReplyStatus
from marketplace import policy
from marketplace.errors import IllegalStep, Invalid, NotFound
from marketplace.forms import add_errors
from marketplace.models import Role

PAGE_SIZE = 25


@policy.only(Role.SUPPLIER, Role.REVIEWER, Role.AUDITOR)
@require_http_methods(["GET", "HEAD", "POST"])
def replies(request: HttpRequest) -> HttpResponse:
    """The list with its forms; a refused form keeps what was typed."""
    mark_id = _number(request.GET.get("mark", ""))
    wrong: tuple[str, WordsForm] | None = None
    if request.method == "POST":
        key, form = request.POST.get("action", ""), _words(request.POST.get("action", ""), data=request.POST)
        try:
            _do(request, key, form.data.get("text", ""), mark_id)
            messages.success(request, _("Saved."))
            return redirect("complaints:public_replies")
        except Invalid as error:
            form.is_valid()
            form.errors.clear()
            add_errors(form, error)
            wrong = (key, form)
        except IllegalStep as error:
            messages.error(request, str(error))
            return redirect("complaints:public_replies")
    return render(request, "feedback/replies.html", _context(request, mark_id, wrong))


def _do(request: HttpRequest, key: str, text: str, mark_id: int | None) -> None:
    action, _sep, number = key.partition(":")
    actor, reply_id = request.user, _number(number)
    if action == "offer":
        replying.offer(actor=actor, text=text, feedback_id=mark_id)
    elif reply_id is None or action not in {"publish", "refuse", "withdraw"}:
        raise NotFound
    elif action == "withdraw":
        replying.withdraw(actor=actor, reply_id=reply_id)
    else:
        {"publish": replying.publish, "refuse": replying.refuse}[action](actor=actor, reply_id=reply_id, text=text)


def _context(request: HttpRequest, mark_id: int | None, wrong: tuple[str, WordsForm] | None) -> dict[str, Any]:
    supplier = request.user.role == Role.SUPPLIER
    rows = replying.replies(request.user)
    if not supplier:
        rows = rows.filter(status=ReplyStatus.WAITING).order_by("pk")
    page = Paginator(rows, PAGE_SIZE).get_page(request.GET.get("page"))
    party = {Role.SUPPLIER: "supplier", Role.REVIEWER: "ministry"}.get(request.user.role, "")
    own = replying.answerable(request.user, mark_id) if supplier else (None, None)
    return {
        "page": page,
        "items": [_item(reply, party, wrong) for reply in page],
        "own": own[0],
        "mark": own[1],
        "offer": _bound("offer", "", wrong),
        "form": wrong[1] if wrong else None,
    }


def _item(reply: PublicReply, party: str, wrong: tuple[str, WordsForm] | None) -> dict[str, Any]:
    steps = []
    for step in REPLY.allowed(reply.status, [party]):
        key = f"{step.action}:{reply.pk}"
        initial = reply.text if step.action == "publish" else ""
        form = None if step.action == "withdraw" else _bound(key, initial, wrong)
        steps.append({"key": key, "label": step.label, "form": form})
    return {"reply": reply, "steps": steps}


def _bound(key: str, initial: str, wrong: tuple[str, WordsForm] | None) -> WordsForm:
    return wrong[1] if wrong and wrong[0] == key else _words(key, initial=initial)


def _words(key: str, *, data: Any = None, initial: str = "") -> WordsForm:
    labels = {
        "offer": _("Your words for everybody"),
        "publish": _("Words for everybody"),
        "refuse": _("Why is it not published?"),
    }
    action = key.partition(":")[0]
    return WordsForm(
        data,
        name="text",
        label=labels.get(action, ""),
        hint=_("No names, no numbers of people.") if action != "refuse" else "",
        initial={"text": initial},
        auto_id=f"id_{key.replace(':', '_')}_%s",
    )


def _number(text: str) -> int | None:
    return int(text) if text.isdecimal() and len(text) < 10 else None
