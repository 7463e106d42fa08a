"""The page of one case, for each side, and the buttons of its legal steps."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from complaints import (
    attachments,
    bodies,
    confirming,
    court,
    parallels,
    person,
    routing,
    selectors,
    seller,
    shapes,
    step_forms,
    templates,
)
from complaints.measures import deciding
from complaints.measures import forms as measure_forms
from complaints.measures import shapes as measure_shapes
from complaints.models import Complaint
from complaints.states import COMPLAINT, HAPPENED, OPEN_STATES, TURN_LABELS, WHOSE_TURN, ComplaintStatus
from complaints.step_forms import StepForm
from marketplace import calendar, events, formats, policy
from marketplace.errors import DomainError, FieldError, Invalid, NotFound
from marketplace.forms import add_errors
from marketplace.idempotency import Answer
from marketplace.kept_answers import kept_over_sign_in
from marketplace.models import Role, User
from marketplace.views.attachments import MEGABYTE


@dataclass(frozen=True)
class StepDoor:
    """The form of a step and the service behind it."""

    form: type[StepForm]
    service: Callable[..., Answer]


DOORS = {
    "answer": StepDoor(step_forms.AnswerForm, seller.answer),
    "offer": StepDoor(step_forms.OfferForm, seller.offer),
    "remedy-done": StepDoor(step_forms.RemedyForm, seller.remedy_done),
    "accept-offer": StepDoor(StepForm, person.accept_offer),
    "accept-answer": StepDoor(StepForm, person.accept_answer),
    "reject-answer": StepDoor(step_forms.NoteForm, person.reject_answer),
    "confirm-outcome": StepDoor(StepForm, person.confirm_outcome),
    "reopen": StepDoor(step_forms.NoteForm, person.reopen),
    "reply": StepDoor(step_forms.ReplyForm, person.reply),
    "appeal-refusal": StepDoor(step_forms.NoteForm, person.appeal_refusal),
    "withdraw": StepDoor(step_forms.WithdrawForm, person.withdraw),
    "confirm-by-phone": StepDoor(step_forms.CallerForm, confirming.confirm_by_phone),
    "reopen-by-phone": StepDoor(step_forms.CallerForm, confirming.reopen_by_phone),
    "not-reached": StepDoor(step_forms.TriesForm, confirming.not_reached),
    "vote": StepDoor(step_forms.VoteForm, confirming.vote),
    "take-up": StepDoor(StepForm, bodies.take_up),
    "decide": StepDoor(step_forms.DecideForm, bodies.decide),
    "extend": StepDoor(step_forms.ReasonForm, bodies.extend),
    "refuse": StepDoor(step_forms.RefuseForm, bodies.refuse),
    "redirect": StepDoor(step_forms.RedirectForm, bodies.redirect),
    "to-ministry": StepDoor(step_forms.ReasonForm, bodies.to_ministry),
    "to-pretrial": StepDoor(measure_forms.PretrialForm, bodies.to_pretrial),
    "instruct": StepDoor(measure_forms.InstructForm, deciding.instruct),
    "ban": StepDoor(measure_forms.SuspendForm, deciding.ban),
    "change-rule": StepDoor(measure_forms.ChangeRuleForm, deciding.change_rule),
    "stop-sale": StepDoor(measure_forms.StopSaleForm, deciding.stop_sale),
    "pretrial-agreed": StepDoor(step_forms.AgreedForm, bodies.pretrial_agreed),
    "pretrial-failed": StepDoor(step_forms.NoteForm, bodies.pretrial_failed),
    "ask-person": StepDoor(step_forms.QuestionForm, bodies.ask_person),
    "link-duplicate": StepDoor(step_forms.DuplicateForm, bodies.link_duplicate),
    "to-court": StepDoor(step_forms.CourtForm, court.to_court),
    "court-result": StepDoor(step_forms.ResultForm, court.court_result),
}
PARALLEL = "parallel-done"
# Steps that end or undo something stand behind a summary and in another colour.
GRAVE = {"withdraw", "refuse", "link-duplicate", "ban", "stop-sale"}


@policy.signed_in
@require_safe
def detail(request: HttpRequest, number: str) -> HttpResponse:
    """The case as the person, the office or an overseer sees it."""
    return _page(request, number, "complaints/detail.html")


@policy.only(Role.SUPPLIER)
@require_safe
def supplier_case(request: HttpRequest, number: str) -> HttpResponse:
    """The case in the supplier's inbox."""
    return _page(request, number, "complaints/supplier_case.html")


@policy.only(Role.INSPECTOR, Role.REVIEWER, Role.AUDITOR, Role.ADMIN)
@require_safe
def review_case(request: HttpRequest, number: str) -> HttpResponse:
    """The case on the desk of a state body or the ministry."""
    return _page(request, number, "review/case.html")


@policy.signed_in
@kept_over_sign_in
@require_http_methods(["GET", "POST"])
def step(request: HttpRequest, number: str, action: str) -> HttpResponse:
    """Take a step; a refusal shows the page again with everything that was typed.

    After a sign-in that interrupted a button the browser comes back with GET: to the page of the button.
    """
    if request.method == "GET":
        return redirect(case_url(request.user, selectors.read(request.user, number).number))
    wrong = attempt(request, number=number, action=action, actor=request.user)
    if wrong is None:
        return redirect(case_url(request.user, number))
    return _page(request, number, _template_of(request.user), wrong=wrong)


def attempt(request: HttpRequest, *, number: str, action: str, actor: selectors.Viewer) -> StepForm | None:
    """Take the step that was posted and say so in a message; the form again when its answers are wrong.

    Raises NotFound (no such step, foreign case), Forbidden.
    """
    door = DOORS.get(action)
    if door is None:
        raise NotFound
    form = door.form(request.POST, request.FILES, action=action, table=routing.table())
    if not form.is_valid():
        return form
    try:
        door.service(number=number, actor=actor, **form.arguments())
    except Invalid as error:
        add_errors(form, error, {"outcome": "verdict", "detail": "verdict"})
        return form
    except DomainError as error:
        if error.status in {403, 404}:
            raise
        messages.error(request, str(error))
    else:
        messages.success(request, f"{HAPPENED[action][1]}.")
    return None


@policy.signed_in
@kept_over_sign_in
@require_http_methods(["GET", "POST"])
def parallel_done(request: HttpRequest, number: str) -> HttpResponse:
    """Whoever is addressed beside the addressee tells what it did; a refusal keeps what was typed."""
    if request.method == "GET":
        return redirect(case_url(request.user, selectors.read(request.user, number).number))
    form = step_forms.DoneForm(request.POST, action=PARALLEL)
    if form.is_valid():
        try:
            parallels.report(number=number, actor=request.user, **form.arguments())
        except Invalid as error:
            add_errors(form, error)
        except DomainError as error:
            if error.status in {403, 404}:
                raise
            messages.error(request, str(error))
            return redirect(case_url(request.user, number))
        else:
            messages.success(request, _("The person reads what you did."))
            return redirect(case_url(request.user, number))
    return _page(request, number, _template_of(request.user), wrong=form)


@policy.signed_in
@require_POST
def attach(request: HttpRequest, number: str) -> HttpResponse:
    """Add a picture or recording to the case."""
    upload = request.FILES.get("file")
    try:
        if upload is None:
            raise Invalid([FieldError("file", "required", _("Choose a file first."))])
        attachments.add(number=number, actor=request.user, upload=upload)
    except DomainError as error:
        if error.status in {403, 404}:
            raise
        reason = error.errors[0].message if isinstance(error, Invalid) else error
        messages.error(request, str(reason))
    else:
        messages.success(request, _("The file was added."))
    return redirect(case_url(request.user, number))


@policy.signed_in
@kept_over_sign_in
@require_http_methods(["GET", "POST"])
def transcribe(request: HttpRequest, number: str, file_id: UUID) -> HttpResponse:
    """Write beside a recording what it says; a text that is refused stands in the form again."""
    if request.method == "POST":
        text = request.POST.get("transcript", "")
        try:
            attachments.transcribe(number=number, file_id=file_id, actor=request.user, text=text)
        except Invalid as error:
            complaint = selectors.read(request.user, number)
            wrong = [item.message for item in error.errors]
            page = context(request.user, complaint) | {
                "untold": {"id": file_id, "text": text, "errors": wrong},
                "file_errors": [{"text": message, "target": file_id} for message in wrong],
                "has_errors": True,
            }
            return render(request, _template_of(request.user), page, status=422)
        messages.success(request, _("The text of the recording is kept."))
    return redirect(case_url(request.user, selectors.read(request.user, number).number))


_DESKS: dict[str, tuple[str, str]] = {
    Role.SUPPLIER: ("supplier_case", "complaints/supplier_case.html"),
    Role.INSPECTOR: ("review_case", "review/case.html"),
    Role.REVIEWER: ("review_case", "review/case.html"),
}


def case_url(user: User, number: str) -> str:
    """The page on which this person works on the case."""
    return reverse(f"complaints:{_DESKS.get(user.role, ('detail', ''))[0]}", args=[number])


def _template_of(user: User) -> str:
    return _DESKS.get(user.role, ("detail", "complaints/detail.html"))[1]


def _page(request: HttpRequest, number: str, template: str, wrong: StepForm | None = None) -> HttpResponse:
    complaint = selectors.read(request.user, number)
    return render(request, template, context(request.user, complaint, wrong))


def context(actor: selectors.Viewer, complaint: Complaint, wrong: StepForm | None = None) -> dict[str, Any]:
    """Everything a case page shows; a fixed number of queries."""
    table = routing.table(complaint.rule_version)
    seen = selectors.sight(actor, complaint)
    held = selectors.parties(actor, complaint)
    timeline = shapes.timeline(complaint, events.of_subject(f"complaint:{complaint.number}"), seen)
    return {
        "complaint": complaint,
        "form": wrong,
        "facts": _facts(complaint, table, seen),
        "story": _story(complaint, table, seen) if seen.story else [],
        "remedy": _remedy(complaint, table) if seen.texts else [],
        "turn": turn_words(complaint),
        "due_words": calendar.in_words(complaint.due_explained),
        "outcome": shapes.outcome_name(complaint.outcome, complaint.outcome_detail),
        "proposed": shapes.outcome_name(complaint.proposed_outcome, complaint.proposed_detail),
        "timeline": [_event(item) for item in reversed(timeline)],
        "steps": _steps(complaint, held, table, wrong),
        "parallels": (beside := shapes.beside(complaint)),
        "candidates": _numbers(actor, selectors.earlier_of_the_matter(actor, complaint), table),
        "linked": _numbers(actor, selectors.linked_to(actor, complaint), table),
        "own_part": _own_part(actor, complaint, wrong) if beside else None,
        "records": measure_shapes.of_case(actor, complaint, wrong),
        "files": _files(actor, complaint, seen),
        "may_attach": actor.is_authenticated and bool(held) and complaint.closed_at is None,
    }


def _files(actor: selectors.Viewer, complaint: Complaint, seen: selectors.Sight) -> dict[str, Any]:
    """Pictures and recordings for whoever may open them; what recordings say for everybody who reads the story."""
    found = attachments.of(complaint.number) if seen.story else []
    recordings = [stored for stored in found if stored.is_recording]
    return {
        "pictures": [stored for stored in found if not stored.is_recording] if seen.traces else [],
        "recordings": recordings,
        "open": seen.traces,
        "may_transcribe": bool(recordings) and attachments.may_transcribe(actor, complaint),
        "megabytes": attachments.recording_bytes() // MEGABYTE,
    }


def _numbers(actor: selectors.Viewer, cases: list[Complaint], table: routing.Table) -> list[dict[str, Any]]:
    """Cases as links for those who have a page of them."""
    return [
        {
            "number": case.number,
            "url": case_url(actor, case.number) if isinstance(actor, User) else "",
            "subject": table.subject_name(case.subject),
            "filed_on": case.filed_on,
        }
        for case in cases
    ]


def _own_part(actor: selectors.Viewer, complaint: Complaint, wrong: StepForm | None) -> dict[str, Any] | None:
    """What the actor is asked beside the addressee, with the form to tell what was done; None when nothing is."""
    row = selectors.own_parallels(actor).filter(complaint=complaint, done_at=None).first()
    if row is None or complaint.status not in OPEN_STATES:
        return None
    refused = wrong is not None and wrong.action == PARALLEL
    return {
        "why": row.get_why_display(),
        "respond_by": row.respond_by,
        "due_words": calendar.in_words(row.due_explained),
        "form": wrong if refused else step_forms.DoneForm(action=PARALLEL),
    }


def turn_words(complaint: Complaint) -> str:
    """Whose turn it is, by name where there is one."""
    turn = WHOSE_TURN.get(complaint.status)
    if turn in {"supplier", "authority", "ministry"}:
        return shapes.addressee(complaint)["name"]
    return str(TURN_LABELS[turn]) if turn else ""


def _facts(complaint: Complaint, table: routing.Table, seen: selectors.Sight) -> list[dict[str, Any]]:
    rows = [
        {"key": _("Number of the complaint"), "value": complaint.number},
        {"key": _("What is wrong"), "value": table.subject_name(complaint.subject)},
        {"key": _("What it is about"), "value": table.sphere_name(complaint.sphere)},
        {"key": _("Addressed to"), "value": shapes.addressee(complaint)["name"]},
    ]
    if complaint.order_line is not None and seen.traces:
        rows.append({"key": _("Product"), "value": shapes.line_title(complaint.order_line)})
        rows.append({"key": _("Order"), "value": complaint.order_line.order.number})
    if complaint.supplier is not None and complaint.addressee_authority is not None:
        rows.append({"key": _("Supplier"), "value": complaint.supplier.name})
    rows.append({"key": _("Region"), "value": complaint.region.name})
    if complaint.received_on is not None:
        rows.append({"key": _("Received on"), "value": formats.date_long(complaint.received_on)})
    if complaint.status == ComplaintStatus.OUTCOME_PANEL:
        votes = confirming.votes_of(complaint).count()
        rows.append({"key": _("Votes of the panel"), "value": f"{votes}"})
    shown = shapes.person(complaint, seen)
    if shown.get("person"):
        rows.append({"key": _("Person"), "value": shown["person"]})
    if shown.get("contact", {}).get("phone"):
        rows.append({"key": _("Phone"), "value": shown["contact"]["phone"]})
    return rows


def _story(complaint: Complaint, table: routing.Table, seen: selectors.Sight) -> list[dict[str, Any]]:
    told = complaint.text
    if not told:
        spoken = any(stored.is_recording for stored in attachments.of(complaint.number))
        told = _("The person says it in the recording.") if spoken else _("It was removed: it is kept for a time only.")
    rows: list[dict[str, Any]] = [{"key": _("What happened"), "value": told}]
    answers = templates.shown(complaint.template, shapes.answers(complaint, seen))
    rows += [{"key": label, "value": value} for label, value in answers]
    if complaint.wanted:
        rows.append({"key": _("Demand"), "lines": [table.demand_name(code) for code in complaint.wanted]})
    return rows


def _remedy(complaint: Complaint, table: routing.Table) -> list[dict[str, Any]]:
    """What was promised and what was delivered; the proof is among the pictures."""
    promised, rows = complaint.remedy, []
    if promised.get("promised_on"):
        rows.append({"key": _("Promised"), "value": _remedy_words(table, promised.get("kind"))})
        rows.append({"key": _("Promised for"), "value": formats.date_long(date.fromisoformat(promised["promised_on"]))})
    if delivered := promised.get("delivered"):
        rows.append({"key": _("Delivered"), "value": _remedy_words(table, delivered["kind"])})
        rows.append({"key": _("Delivered on"), "value": formats.date_long(date.fromisoformat(delivered["on"]))})
        rows.append({"key": _("Worth"), "value": formats.money(delivered["value"])})
        rows.append({"key": _("Money returned"), "value": formats.money(complaint.returned_sum)})
        proof = _("A picture of the case") if delivered["proof"] else delivered["no_proof"]
        rows.append({"key": _("Proof"), "value": proof})
    return rows


def _remedy_words(table: routing.Table, kind: str | None) -> str:
    return table.demand_name(kind) if kind else str(_("As described in the answer"))


def _event(item: dict[str, Any]) -> dict[str, Any]:
    text = item["text"] or item["reason"]
    title = f"{item['title']}: {item['to']}" if item["to"] else item["title"]
    text = "\n".join(filter(None, [item["note"], text]))
    return {"title": title, "at": datetime.fromisoformat(item["at"]), "by": item["by_name"], "text": text}


def _steps(complaint: Complaint, held: set[str], table: routing.Table, wrong: StepForm | None) -> list[dict[str, Any]]:
    """The legal steps with their forms; the one that was refused keeps what was typed."""
    steps: list[dict[str, Any]] = []
    for legal in COMPLAINT.allowed(complaint.status, held - {"clock"}):
        if legal.action not in DOORS or any(step["action"] == legal.action for step in steps):
            continue
        refused = wrong is not None and wrong.action == legal.action
        form = wrong if wrong is not None and refused else DOORS[legal.action].form(action=legal.action, table=table)
        steps.append(
            {
                "action": legal.action,
                "url": reverse("complaints:step", args=[complaint.number, legal.action]),
                "label": legal.label,
                "form": form,
                "open": refused,
                "plain": not form.fields,
                "grave": legal.action in GRAVE,
            }
        )
    return steps
