"""The same complaint without an account: nothing is stored before it is sent, the page carries the answers."""

import uuid
from dataclasses import replace
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from complaints import attachments, filing, routing, templates
from complaints.checking import Filing
from complaints.complaint_draft import in_draft_names
from complaints.forms import ComplaintForm
from complaints.routing import ADDRESSEE
from complaints.targets import PRECEDENCE
from complaints.views import visitor_photos as photos
from complaints.views.filed import send
from complaints.views.new import STEPS, check_context
from marketplace import policy
from marketplace.errors import Invalid, TooManyTries
from marketplace.forms import add_errors
from marketplace.kept_answers import comes_back
from marketplace.rules import in_language
from marketplace.views.attachments import MEGABYTE

CARRIED = ("subject", "sphere", "region", "supplier", "qr")


@policy.anyone
@comes_back
@require_http_methods(["GET", "HEAD", "POST"])
def visitor(request: HttpRequest) -> HttpResponse:
    """Form, check and send on one address; the button says which."""
    said = request.POST if request.method == "POST" else request.GET
    carried = {name: said[name][:100] for name in CARRIED if said.get(name)}
    template = templates.template_for(carried.get("subject", ""), carried.get("sphere", ""))
    if "subject" not in carried or "sphere" not in carried:
        return redirect("complaints:new")
    table = routing.table()
    asked: dict[str, Any] = {
        "table": table,
        "questions": templates.questions(template),
        "about_addressee": routing.may_be_about_addressee(table.rows, carried["subject"], carried["sphere"]),
    }
    form = ComplaintForm(request.POST if request.method == "POST" else None, **asked)
    key = said.get("key", "")[:60] or str(uuid.uuid4())
    problem = photos.take(request, key) if request.method == "POST" else ""
    if problem or photos.stays(request):
        form = ComplaintForm(initial=_typed(request, form), **asked)
    kept = photos.of(request, key)
    recorded = attachments.told([photo.id for photo in kept])
    form.tell(recorded=recorded)
    page: dict[str, Any] = {
        "form": form,
        "carried": carried,
        "key": key,
        "photos": kept,
        "recording_megabytes": attachments.recording_bytes() // MEGABYTE,
        "photo_problem": problem,
        "photo_errors": [{"text": problem, "target": "photo"}] if problem else [],
        "has_errors": bool(problem),
        "subject": routing.table().subject_name(carried["subject"]),
        "title": in_language(template.title) if template else "",
        "total": STEPS,
    }
    if request.method != "POST" or "edit" in request.POST or not form.is_valid():
        return render(request, "complaints/visitor_form.html", page, status=422 if problem else 200)
    told = replace(_filing(carried, form), photos=[photo.id for photo in kept], recorded=recorded)
    try:
        if "send" in request.POST:
            return send(request, told, page["key"])
        checked, route = filing.preview(actor=request.user, filing=told)
        if checked.errors:
            raise Invalid(checked.errors)
    except Invalid as error:
        add_errors(form, in_draft_names(error))
        return render(request, "complaints/visitor_form.html", page)
    except (filing.AlreadyOpen, TooManyTries) as error:
        form.add_error(None, str(error))
        return render(request, "complaints/visitor_form.html", page, status=error.status)
    hidden = [
        (name, value)
        for name, said in _typed(request, form).items()
        for value in (said if isinstance(said, list) else [said])
        if value not in (None, "", False)
    ]
    return render(request, "complaints/visitor_check.html", page | check_context(checked, route) | {"hidden": hidden})


def _filing(carried: dict[str, str], form: ComplaintForm) -> Filing:
    values = form.cleaned_data
    return Filing(
        subject=carried["subject"],
        sphere=carried["sphere"],
        region=carried.get("region", ""),
        supplier=carried.get("supplier", ""),
        qr=carried.get("qr", ""),
        text=values["text"],
        demand=values["demand"],
        demands=values["demands"],
        hide_name=values["hide_name"],
        about=ADDRESSEE if values.get("about") else "",
        targets=[target for target in PRECEDENCE if values[f"target.{target}"]],
        fields={
            name.removeprefix("answer."): str(value)
            for name, value in values.items()
            if name.startswith("answer.") and value not in (None, "")
        },
        contact={
            name.removeprefix("contact."): value
            for name, value in values.items()
            if name.startswith("contact.") and value
        },
    )


def _typed(request: HttpRequest, form: ComplaintForm) -> dict[str, Any]:
    return {
        name: form.fields[name].widget.value_from_datadict(request.POST, request.FILES, name) for name in form.fields
    }
