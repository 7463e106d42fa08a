"""A complaint form over its draft, without JavaScript: fill from the fields, save what changed, settle questions."""

import json
import uuid
from datetime import datetime
from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext as _

from complaints import complaint_draft, prefill, routing, templates
from complaints.forms import ComplaintForm, HotlineForm
from complaints.templates import Question
from marketplace.drafts import deciding, reading, saving
from marketplace.drafts.preparing import PORTAL
from marketplace.drafts.saving import PAGE_DEVICE, Op
from marketplace.models import Draft, Role, User
from marketplace.views.draft_forms import posted

_NOTHING: tuple[Any, ...] = ("", None, False, [])


def start(
    actor: User, values: dict[str, Any], beneficiary_id: int | None, known: prefill.Answers | None = None
) -> uuid.UUID:
    """A new draft with its first fields, then, in the portal's name, the answers that it ``known`` already."""
    draft_id = uuid.uuid4()
    _save(draft_id, actor, [Op(name, value, 0, 0) for name, value in values.items()], PAGE_DEVICE, beneficiary_id)
    asked = prefill.asked(known or {}, str(values.get("subject", "")), str(values.get("sphere", "")))
    _fill_in(draft_id, actor, asked, beneficiary_id)
    return draft_id


def fill_in(draft: Draft, actor: User, known: prefill.Answers) -> None:
    """After another choice of what is wrong: questions that nobody has answered yet, from what is known."""
    told = complaint_draft.filing_of(draft)
    asked = prefill.asked(known, told.subject, told.sphere)
    unanswered = {code: value for code, value in asked.items() if f"answer.{code}" not in draft.fields}
    _fill_in(draft.pk, actor, unanswered, draft.beneficiary_id)


def _fill_in(draft_id: uuid.UUID, actor: User, answers: prefill.Answers, beneficiary_id: int | None) -> None:
    if answers:
        ops = [Op(f"answer.{code}", value, 0, 0) for code, value in answers.items()]
        _save(draft_id, actor, ops, PORTAL, beneficiary_id)


def put(draft: Draft, actor: User, values: dict[str, Any]) -> None:
    """Save a few answers that another page than the form asks for."""
    changed = {name: value for name, value in values.items() if value != draft.value(name)}
    ops = [
        Op(name, value, draft.fields[name]["ver"] if name in draft.fields else 0, 0) for name, value in changed.items()
    ]
    if ops:
        _save(draft.pk, actor, ops, PAGE_DEVICE, draft.beneficiary_id)


def save(request: HttpRequest, draft: Draft, form: ComplaintForm) -> None:
    """Save the fields that the person changed; a newer foreign value stays and becomes a question.

    With the button of a question the other fields are saved first, then the question is settled.
    """
    pick, _colon, answered = request.POST.get("_resolve", "").partition(":")
    ops = []
    for name in form.fields:
        value = form.fields[name].widget.value_from_datadict(form.data, form.files, name)
        changed = value != draft.value(name) and not (value in _NOTHING and draft.value(name) in _NOTHING)
        if changed and name != answered and posted(request, form, name):
            base = request.POST.get(f"_ver_{name}", "")
            ops.append(Op(name, value, int(base) if base.isdigit() else 0, 0))
    if ops:
        device = request.POST.get("_device", "")[:64] or PAGE_DEVICE
        _save(draft.pk, request.user, ops, device, draft.beneficiary_id)
    if answered in draft.conflicts and pick in {"mine", "theirs"}:
        saving.resolve(
            draft_id=draft.pk,
            actor=request.user,
            field=answered,
            pick=pick,
            base=draft.fields[answered]["ver"],
            device=PAGE_DEVICE,
            reason=request.POST.get(f"_reason_{answered}", ""),
        )


def _save(draft_id: uuid.UUID, actor: User, ops: list[Op], device: str, beneficiary_id: int | None) -> None:
    body = json.dumps([[op.field, op.value, op.base] for op in ops]).encode()
    saving.save(
        draft_id=draft_id,
        actor=actor,
        key=f"{device}:{uuid.uuid4()}",
        body=body,
        device=device,
        kind=complaint_draft.KIND,
        schema=complaint_draft.SCHEMA,
        beneficiary_id=beneficiary_id,
        ops=ops,
    )


def form_of(draft: Draft, actor: User, data: Any = None, *, whole: bool = False) -> ComplaintForm:
    """The form of the draft's template, filled with the live values, or bound to what was just typed.

    ``whole``: with what it is about and what is wrong on the same page.
    """
    staff = actor.role in {Role.CASEWORKER, Role.HOTLINE}
    told, table = complaint_draft.filing_of(draft), routing.table()
    given: dict[str, Any] = {"table": table, "questions": questions_of(draft), "staff": staff}
    given["initial"] = _initial(draft, actor)
    given["about_addressee"] = routing.may_be_about_addressee(table.rows, told.subject, told.sphere)
    given["office"] = bool(told.office)
    form = HotlineForm(data, sphere=told.sphere, **given) if whole else ComplaintForm(data, **given)
    form.tell(recorded=told.recorded)
    for name in form.fields:
        if origin := prefill.origin(draft, name):
            form.fields[name].help_text = _("%(origin)s. Change it if it is wrong.") % {"origin": origin}
    form.versions = {name: draft.fields[name]["ver"] if name in draft.fields else 0 for name in form.fields}
    form.conflicts = {
        question["f"]: {
            "yours": question["yours"],
            "theirs": question["theirs"],
            "by": str(User.objects.filter(pk=question["by"]).first() or _("Somebody else")),
            "at": datetime.fromisoformat(question["at"]),
            "asks_reason": deciding.asks_reason(actor),
        }
        for question in reading.conflicts(actor, draft)
    }
    return form


def questions_of(draft: Draft) -> list[Question]:
    filing = complaint_draft.filing_of(draft)
    return templates.questions(templates.template_for(filing.subject, filing.sphere))


def _initial(draft: Draft, actor: User) -> dict[str, Any]:
    """Live values, and for untouched contact fields what the account knows."""
    account = draft.beneficiary if actor.role in {Role.CASEWORKER, Role.HOTLINE} else actor
    initial: dict[str, Any] = {}
    if account is not None:
        initial = {
            "contact.name": str(account),
            "contact.phone": account.phone,
            "contact.channel": account.channel,
        }
    if actor.role == Role.HOTLINE:
        initial["channel"] = "hotline"
    elif actor.role == Role.CASEWORKER:
        initial["channel"] = "office"
    initial |= {name: entry["v"] for name, entry in draft.fields.items()}
    if initial.get("demand") in routing.table().demands:  # a program, or an older page, chose one of the list
        initial |= {"demands": [*initial.get("demands", []), initial["demand"]], "demand": ""}
    return initial
