"""The operator of 1414 on one screen: find the caller or the case, see what she began, write down the complaint."""

import time
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_http_methods

from complaints import callers, complaint_draft, filing, routing, selectors
from complaints.forms import CheckCallerForm, ComplaintForm, FindForm
from complaints.models import Complaint
from complaints.views import drafting
from complaints.views.case import turn_words
from marketplace import policy, rules
from marketplace.drafts import files, reading, rights
from marketplace.errors import Invalid, NotFound
from marketplace.forms import add_errors
from marketplace.kept_answers import kept_over_sign_in
from marketplace.models import Draft, Role, User
from marketplace.notices import calls
from marketplace.views import attachments, hand_over

CALLS_SHOWN = 20
SESSION_NAME = "checked_callers"


@policy.only(Role.HOTLINE)
@require_http_methods(["GET", "HEAD", "POST"])
def desk(request: HttpRequest) -> HttpResponse:
    """Search by phone, name or number, which travel in the body of the request, never in an address."""
    if request.method != "POST":
        return _page(request, _id(request.GET.get("person", "")), _draft(request, request.GET.get("draft", "")))
    form = FindForm(request.POST)
    if not form.is_valid():
        return _page(request, find=form)
    found, table = callers.find(request.user, form.cleaned_data["what"]), routing.table()
    more = {
        "searched": True,
        "people": [_begun(person) for person in found.people],
        "too_many": found.more,
        "cases": [_row(complaint, table) for complaint in found.cases],
    }
    return _page(request, find=form, **more)


@policy.only(Role.HOTLINE)
@require_http_methods(["POST"])
def caller(request: HttpRequest, person_id: int) -> HttpResponse:
    """The check of the caller: then what she began is shown for some minutes."""
    form = CheckCallerForm(request.POST)
    try:
        if form.is_valid():
            callers.check(actor=request.user, person_id=person_id, facts=form.cleaned_data["facts"])
            minutes = int(rules.get("complaint.caller_minutes").value["minutes"])
            checked = request.session.get(SESSION_NAME, {})
            request.session[SESSION_NAME] = checked | {str(person_id): int(time.time()) + 60 * minutes}
            return redirect(f"{reverse('complaints:hotline')}?{urlencode({'person': person_id})}")
    except Invalid as error:
        add_errors(form, error)
    return _page(request, person_id, caller_form=form)


@policy.only(Role.HOTLINE)
@require_http_methods(["POST"])
def begin(request: HttpRequest) -> HttpResponse:
    """An empty complaint on the same page, for the person who was found or for nobody who is known."""
    person_id = _id(request.POST.get("person", ""))
    draft_id = drafting.start(request.user, {"channel": Complaint.Channel.HOTLINE.value}, person_id)
    return redirect(_address(draft_id, person_id))


@policy.only(Role.HOTLINE)
@kept_over_sign_in
@require_http_methods(["GET", "POST"])
def complaint(request: HttpRequest, draft_id: UUID) -> HttpResponse:
    """Save what was typed; then check and send, or stay with the questions that belong to what was chosen."""
    found = _draft(request, str(draft_id))
    if found is None or request.method == "GET":
        return redirect(_address(draft_id, None))
    form = drafting.form_of(found, request.user, request.POST, whole=True)
    drafting.save(request, found, form)
    problem = attachments.take(request, found)
    form.tell(recorded=files.has_recording(found))
    saved = reading.get(request.user, draft_id)
    if "_stay" in request.POST or "_resolve" in request.POST or (attachments.stays(request) and not problem):
        return redirect(_address(draft_id, saved.beneficiary_id))
    if not problem and form.is_valid():
        try:
            checked, _route = filing.preview(actor=request.user, filing=complaint_draft.filing_of(saved))
            if checked.errors:
                raise Invalid(checked.errors)
            return redirect("complaints:check", draft_id)
        except Invalid as error:
            add_errors(form, complaint_draft.in_draft_names(error))
    return _page(request, saved.beneficiary_id, saved, form=form, problem=problem)


def _page(
    request: HttpRequest,
    person_id: int | None = None,
    draft: Draft | None = None,
    *,
    find: FindForm | None = None,
    form: ComplaintForm | None = None,
    caller_form: CheckCallerForm | None = None,
    problem: str = "",
    **more: Any,
) -> HttpResponse:
    table = routing.table()
    context: dict[str, Any] = {
        "find": find or FindForm(),
        "outcome_calls": [_row(complaint, table) for complaint in selectors.owed(request.user)[:CALLS_SHOWN]],
        "calls": calls.to_read_out(request.user, CALLS_SHOWN)[0],
        **hand_over.desk(request.user),
        **more,
    }
    if person_id is not None:
        person = callers.person(request.user, person_id)
        context |= {"person": _begun(person), "caller_form": caller_form or CheckCallerForm()}
        context |= {
            "checked": request.session.get(SESSION_NAME, {}).get(str(person_id), 0) > time.time(),
            "orders": callers.orders_of(person),
            "cases": [_row(complaint, table) for complaint in callers.cases_of(request.user, person)],
        }
    if draft is not None:
        form = form or drafting.form_of(draft, request.user, whole=True)
        context |= {"draft": draft, "complaint": form, **attachments.context(draft, problem)}
    context["form"] = find if find is not None else caller_form if caller_form is not None else form
    return render(request, "hotline/desk.html", context, status=422 if problem else 200)


def _begun(person: User) -> dict[str, Any]:
    return {"user": person, "drafts": callers.begun(person)}


def _draft(request: HttpRequest, text: str) -> Draft | None:
    """The complaint that is being written. Raises NotFound for one that is foreign, of another kind, or closed."""
    if not text:
        return None
    try:
        found = reading.get(request.user, UUID(text))
    except ValueError:
        raise NotFound from None
    if found.kind != complaint_draft.KIND or found.status != Draft.Status.OPEN:
        raise NotFound
    rights.log_look(request.user, found)
    return found


def _address(draft_id: UUID, person_id: int | None) -> str:
    named = {"draft": draft_id} | ({"person": person_id} if person_id else {})
    return f"{reverse('complaints:hotline')}?{urlencode(named)}#complaint"


def _id(text: str) -> int | None:
    return int(text) if text.isdigit() and len(text) < 19 else None


def _row(complaint: Complaint, table: routing.Table) -> dict[str, Any]:
    return {
        "complaint": complaint,
        "subject": table.subject_name(complaint.subject),
        "turn": turn_words(complaint),
    }
