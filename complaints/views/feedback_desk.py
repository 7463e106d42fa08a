"""Feedback at work: the owner's and the ministry's list, one mark with its steps, the board of means and gaps."""

import csv
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from complaints.feedback import answering, figures, questions, selectors
from complaints.feedback.forms import WordsForm
from complaints.feedback.models import Feedback
from complaints.feedback.states import FEEDBACK, FeedbackStatus
from marketplace import calendar, policy, regions
from marketplace.errors import IllegalStep, Invalid, NotFound
from marketplace.forms import add_errors
from marketplace.models import Role

PAGE_SIZE = 25
_DESK_ROLES = (Role.SUPPLIER, Role.CASEWORKER, Role.INSPECTOR, Role.REVIEWER, Role.AUDITOR, Role.ADMIN)
_ASKED: dict[str, tuple[str, Any, Any]] = {
    "reply": ("text", gettext_lazy("Your reply"), gettext_lazy("The ministry reads it as well.")),
    "note-action": ("text", gettext_lazy("What did you do?"), ""),
    "publish": (
        "public_text",
        gettext_lazy("Words for everybody"),
        gettext_lazy("Take out names, numbers and everything that shows who wrote it."),
    ),
}


@policy.only(*_DESK_ROLES)
@require_safe
def desk(request: HttpRequest) -> HttpResponse:
    """What waits for the actor, what is due first first."""
    page = Paginator(selectors.owed(request.user), PAGE_SIZE).get_page(request.GET.get("page"))
    context = {
        "page": page,
        "owner": request.user.role in {Role.SUPPLIER, Role.CASEWORKER},
        "replies": request.user.role in {Role.SUPPLIER, Role.REVIEWER, Role.AUDITOR},
        # Words that are published: the supplier may reply in public.
        "published": selectors.visible(request.user).filter(status=FeedbackStatus.PUBLISHED)[:PAGE_SIZE]
        if request.user.role == Role.SUPPLIER
        else [],
    }
    return render(request, "feedback/desk.html", context)


@policy.only(*_DESK_ROLES)
@require_http_methods(["GET", "HEAD", "POST"])
def item(request: HttpRequest, feedback_id: int) -> HttpResponse:
    """One mark; the button of a form says which step."""
    found = selectors.read(request.user, feedback_id)
    action = request.POST.get("action", "") if request.method == "POST" else ""
    failed = None
    if action:
        try:
            form = _form(action, found, request.POST)
            if form is None or form.is_valid():
                _do(request, action, feedback_id, form)
                messages.success(request, _("Saved."))
                return redirect("complaints:feedback_item", feedback_id)
            failed = (action, form)
        except Invalid as error:
            add_errors(form, error)
            failed = (action, form)
        except IllegalStep as error:
            messages.error(request, str(error))
            return redirect("complaints:feedback_item", feedback_id)
    return render(request, "feedback/item.html", _context(request, found, failed))


def _form(action: str, found: Feedback, data: Any = None) -> WordsForm | None:
    if action not in _ASKED:
        return None
    name, label, hint = _ASKED[action]
    initial = {"public_text": found.public_text or found.text} if action == "publish" else None
    return WordsForm(data, name=name, label=label, hint=hint, initial=initial, auto_id=f"id_{action}_%s")


def _do(request: HttpRequest, action: str, feedback_id: int, form: WordsForm | None) -> None:
    step = {"reply": answering.reply, "note-action": answering.note_action, "publish": answering.publish}.get(action)
    if step is not None and form is not None:
        step(feedback_id=feedback_id, actor=request.user, text=form.words)
    elif action == "keep-private":
        answering.keep_private(feedback_id=feedback_id, actor=request.user)
    else:
        raise NotFound


def _context(request: HttpRequest, found: Feedback, failed: tuple[str, WordsForm | None] | None) -> dict[str, Any]:
    allowed = FEEDBACK.allowed(found.status, selectors.parties(request.user, found))
    if not found.text:
        allowed = [step for step in allowed if step.action not in {"publish", "keep-private"}]
    forms = [
        {
            "step": step,
            "form": failed[1] if failed and failed[0] == step.action else _form(step.action, found),
        }
        for step in allowed
    ]
    asked = questions.form_about("office" if found.office_id else "supplier")
    answers = {questions.YES: _("Yes"), questions.NO: _("No")}
    return {
        "found": found,
        "forms": forms,
        "form": failed[1] if failed else None,
        "facets": [
            {"key": facet.label, "value": answers[found.facets[facet.code]]}
            for facet in asked.facets
            if facet.code in found.facets
        ],
        "may_reply": found.status == FeedbackStatus.PUBLISHED and request.user.role == Role.SUPPLIER,
        "due_words": calendar.in_words(found.due_explained),
    }


@policy.only(Role.REVIEWER, Role.AUDITOR, Role.ADMIN)
@require_safe
def board(request: HttpRequest) -> HttpResponse:
    """Means of offices and suppliers, and how far mystery visitors and clients are apart."""
    region = regions.find(request.GET.get("region", ""))
    rows = figures.board(region.code if region else "")
    if request.GET.get("as") == "csv":
        return _board_file(rows)
    context = {
        "region": region,
        "regions": regions.listed(),
        "rows": rows,
        "columns": [
            {"label": _("Office or supplier")},
            {"label": _("Marks"), "numeric": True},
            {"label": _("Mean"), "numeric": True},
            {"label": _("Mystery visits"), "numeric": True},
            {"label": _("Their mean"), "numeric": True},
            {"label": _("Gap"), "numeric": True},
            {"label": _("Answered of those invited, %"), "numeric": True},
        ],
        "cells": [
            [row.owner.name, row.figures.count, row.figures.mean, row.figures.mystery_count, *_or_dash(row.figures)]
            for row in rows
        ],
    }
    return render(request, "feedback/board.html", context)


def _or_dash(found: figures.Figures) -> list[Any]:
    gap = found.gap
    shown = [found.mystery_mean, None if gap is None else f"{gap:+.2f}", found.response_share]
    return ["–" if value is None else value for value in shown]


def _board_file(rows: list[figures.Row]) -> HttpResponse:
    response = HttpResponse(content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = 'attachment; filename="feedback.csv"'
    writer = csv.writer(response)
    writer.writerow(
        ["kind", "code", "name", "marks", "mean", "mystery_visits", "mystery_mean", "gap", "invited", "answered"]
    )
    for row in rows:
        found = row.figures
        numbers = [found.count, found.mean, found.mystery_count, found.mystery_mean, found.gap]
        numbers += [found.invited, found.answered]
        writer.writerow([row.what, row.owner.code, row.owner.name, *numbers])
    return response
