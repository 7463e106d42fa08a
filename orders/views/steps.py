"""The steps of an application, one form each: goods, delivery, contact, consent."""

import uuid
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from marketplace import kept_answers, policy
from marketplace.drafts import deciding, rights
from marketplace.drafts.saving import DraftClosed
from marketplace.errors import DomainError, Invalid, NotFound
from marketplace.forms import DraftForm
from marketplace.kept_answers import kept_over_sign_in
from marketplace.models import Draft, Role
from marketplace.views import attachments, draft_forms
from orders import choosing
from orders.forms import ConsentForm, ContactForm, DeliveryForm, first_place
from orders.review import Review, review
from orders.views import goods, tasks

FORMS: dict[str, type[DraftForm]] = {"delivery": DeliveryForm, "contact": ContactForm, "consent": ConsentForm}


@policy.only(Role.BENEFICIARY, Role.GUARDIAN, Role.CASEWORKER, Role.HOTLINE)
@kept_over_sign_in
@require_http_methods(["GET", "HEAD", "POST"])
def step(request: HttpRequest, draft_id: UUID, name: str) -> HttpResponse:
    """Show a step, or save it: always first, whatever is wrong with it; then the next step or the errors."""
    draft = tasks.opened(request, draft_id)
    if name not in tasks.steps_for(request.user, draft) or name == "check":
        raise NotFound
    if draft.status != Draft.Status.OPEN:
        return redirect("orders:draft", draft_id)
    if request.method != "POST":
        return _page(request, draft, name)
    try:
        return _saved(request, draft, name)
    except DraftClosed:
        return redirect("orders:draft", draft_id)


def _saved(request: HttpRequest, draft: Draft, name: str) -> HttpResponse:
    here = tasks.url_of(draft, name)
    found = review(draft, actor=request.user)
    receipt = draft_forms.save(request, draft, _form(request, draft, name, found, request.POST))
    problem = attachments.take(request, draft) if name == "goods" else ""
    if "_resolve" in request.POST:
        draft.refresh_from_db()
        try:
            draft_forms.settle(request, draft)
        except Invalid:  # a specialist who did not say how the person takes part
            return _page(request, draft, name, undecided=request.POST["_resolve"].partition(":")[2])
        except DomainError as error:
            messages.error(request, str(error))
        return redirect(here)
    if request.POST.get("_remove"):
        choosing.remove_line(draft_id=draft.pk, actor=request.user, key=request.POST["_remove"][:40])
    taken = name == "goods" and goods.take(request, draft)
    if (request.POST.get("_remove") or taken or attachments.stays(request)) and not problem:
        return redirect(here)
    if "leave" in request.POST and not problem:
        messages.success(request, _("Your answers are saved. You can go on at any time, on any device."))
        return redirect(tasks.list_of(request.user)[0])
    if receipt is not None or taken or request.POST.get("_remove"):
        draft.refresh_from_db()
        found = review(draft, actor=request.user)
    if problem:
        return _page(request, draft, name, found, photo_problem=problem)
    wrong = any(tasks.step_of(error.field) == name for error in found.problems)
    if wrong or any(tasks.step_of(field) == name for field in draft.conflicts):
        return _page(request, draft, name, found, errors=True)
    return redirect(tasks.url_of(draft, tasks.following(request.user, draft, name)))


def _page(
    request: HttpRequest,
    draft: Draft,
    name: str,
    found: Review | None = None,
    *,
    errors: bool = False,
    photo_problem: str = "",
    undecided: str = "",
) -> HttpResponse:
    """The form over the live values; with ``errors`` after a save, every wrong field of the step is named.

    ``undecided``: the field whose question was answered without the reason that a specialist gives.
    """
    found = found or review(draft, actor=request.user)
    form = _form(request, draft, name, found, draft_forms.live(draft) if errors else None)
    draft_forms.fill(form, draft, request.user)
    kept = kept_answers.of(request)
    if kept is not None:
        kept_answers.fill(form, kept)
    if undecided in form.conflicts:
        form.conflicts[undecided]["reason_missing"] = True
    listed = [error for error in found.problems if tasks.step_of(error.field) == name]
    if errors:
        form.put_errors([error for error in listed if first_place(error.field) in form.fields])
    names = tasks.steps_for(request.user, draft)
    number = names.index(name) + 1
    context: dict[str, Any] = {
        "draft": draft,
        "form": form,
        "kept": kept is not None,
        "title": tasks.TITLES[name],
        "number": number,
        "total": len(names),
        "key": uuid.uuid4().hex,
        "loose_errors": [
            str(error.message) for error in listed if errors and first_place(error.field) not in form.fields
        ],
        "back_url": reverse("orders:draft", args=[draft.pk]),
        "asks_reason": deciding.asks_reason(request.user),
        # When the help ends, nothing of it stays on the helper's device.
        "only_helps": rights.only_helps(request.user, draft),
        "has_errors": bool(undecided),
    }
    if name == "goods":
        context |= goods.context(request.user, draft, found, form)
        context |= attachments.context(draft, photo_problem) | {"has_errors": bool(photo_problem or undecided)}
    status = 422 if (errors and listed) or photo_problem or undecided else 200
    return render(request, f"beneficiary/step_{name if name == 'goods' else 'plain'}.html", context, status=status)


def _form(request: HttpRequest, draft: Draft, name: str, found: Review, data: Any) -> DraftForm:
    if name == "goods":
        return goods.form_of(request.user, draft, found, data)
    return FORMS[name](data, initial=draft_forms.live(draft))
