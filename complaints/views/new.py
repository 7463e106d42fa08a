"""A new complaint: what is it about, what is wrong, the story, check, send. Signed in it is a draft that saves itself."""

import uuid
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from complaints import checking, complaint_draft, filing, prefill, routing, selectors, shapes, templates, tracking
from complaints.forms import SphereForm, SubjectForm
from complaints.models import Complaint
from complaints.views import drafting, filed
from marketplace import access, calendar, formats, idempotency, kept_answers, policy
from marketplace.drafts import deciding, files, reading, rights
from marketplace.drafts.sending import AlreadySubmitted
from marketplace.errors import Changed, Forbidden, Invalid, NotFound
from marketplace.forms import add_errors
from marketplace.kept_answers import comes_back, kept_over_sign_in
from marketplace.models import Draft, Role, User
from marketplace.rules import in_language
from marketplace.views import attachments
from orders.models import Line
from suppliers import qr

STEPS = 3


@policy.anyone
@comes_back
@require_http_methods(["GET", "HEAD", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    """What is it about (unless an order line says it), what is wrong, where. ``?line=`` ``?supplier=`` ``?sphere=``."""
    if request.user.is_authenticated:
        access.require_role(request.user, Role.BENEFICIARY, Role.GUARDIAN, Role.CASEWORKER, Role.HOTLINE, Role.SUPPLIER)
    table = routing.table()
    line = _line(request)
    sphere = line.product.get_product_class().sphere if line else request.GET.get("sphere", "")
    if sphere not in table.spheres:
        about = SphereForm(request.GET if "sphere" in request.GET else None, table=table)
        lines = _delivered(request.user) if request.user.is_authenticated and "supplier" not in request.GET else []
        return render(request, "complaints/about.html", {"form": about, "lines": lines, "kept": _kept(request)})
    known = line is not None or "supplier" in request.GET or "qr" in request.GET
    ask_region = not known and not _has_region(request.user)
    form = SubjectForm(
        request.POST if request.method == "POST" else None,
        initial={"subject": request.GET.get("subject", "")},
        table=table,
        sphere=sphere,
        ask_region=ask_region,
    )
    if form.is_valid():
        return _begin(request, line, sphere, form.cleaned_data)
    return render(
        request,
        "complaints/subject.html",
        {"form": form, "line": line, "product": shapes.line_title(line) if line else "", "total": STEPS},
    )


def _line(request: HttpRequest) -> Line | None:
    """The order line of the address. Raises NotFound for a foreign one."""
    text = request.GET.get("line", "")
    if not text:
        return prefill.own_line(request.user, request.GET.get("qr", ""))
    if not text.isdigit() or len(text) > 18:
        raise NotFound
    return checking.find_line(request.user, int(text))


def _delivered(actor: User) -> list[Line]:
    """The latest goods the person got: one tap from there to the complaint."""
    lines = Line.objects.filter(order__user__in=access.people_of(actor)).exclude(
        order__status__in=checking.NOT_DELIVERED
    )
    return list(lines.select_related("order", "product").order_by("-pk")[:5])


def _has_region(actor: Any) -> bool:
    return actor.is_authenticated and actor.role != Role.HOTLINE and actor.region_id is not None


def _kept(request: HttpRequest) -> dict[str, str]:
    return {name: request.GET[name] for name in ("supplier", "qr", "beneficiary") if request.GET.get(name)}


def _begin(request: HttpRequest, line: Line | None, sphere: str, answers: dict[str, str]) -> HttpResponse:
    """A draft for those who signed in; a visitor carries the answers along."""
    values = {"subject": answers["subject"], "sphere": sphere}
    values |= {"region": answers["region"]} if answers.get("region") else {}
    values |= {name: request.GET[name] for name in ("supplier", "qr") if request.GET.get(name)}
    if not request.user.is_authenticated:
        return redirect(f"{reverse('complaints:visitor')}?{urlencode(values)}")
    known: prefill.Answers = {}
    if scanned := values.pop("qr", ""):
        supplier = qr.supplier_of(scanned)
        values |= {"supplier": supplier.code, "channel": Complaint.Channel.QR} if supplier else {}
        known = prefill.of_token(scanned)
    if line is not None:
        values["line"] = str(line.pk)
        known = prefill.of_line(line, timezone.localdate())
    person = line.order.user_id if line else request.GET.get("beneficiary", "")
    beneficiary = int(person) if str(person).isdigit() else None
    known |= prefill.of_writer(request.user, complaint_draft.beneficiary_for(request.user, beneficiary))
    return redirect("complaints:draft", drafting.start(request.user, values, beneficiary, known))


@policy.only(Role.BENEFICIARY, Role.GUARDIAN, Role.CASEWORKER, Role.HOTLINE, Role.SUPPLIER)
@require_http_methods(["GET", "HEAD", "POST"])
def subject(request: HttpRequest, draft_id: uuid.UUID) -> HttpResponse:
    """The way back from the story: what is wrong can be answered anew, everything else stays as it was typed."""
    found = _open_draft(request, draft_id)
    if found.status == Draft.Status.SUBMITTED:
        return redirect(case_of(found))
    told = complaint_draft.filing_of(found)
    form = SubjectForm(
        request.POST if request.method == "POST" else None,
        initial={"subject": told.subject, "region": told.region},
        table=routing.table(),
        sphere=told.sphere,
        ask_region=bool(told.region),
    )
    if form.is_valid():
        drafting.put(found, request.user, form.cleaned_data)
        if told.order_line:
            line = checking.find_line(request.user, told.order_line)
            changed = reading.get(request.user, draft_id)
            drafting.fill_in(changed, request.user, prefill.of_line(line, timezone.localdate()))
        return redirect("complaints:draft", draft_id)
    return render(request, "complaints/subject.html", {"form": form, "total": STEPS})


@policy.only(Role.BENEFICIARY, Role.GUARDIAN, Role.CASEWORKER, Role.HOTLINE, Role.SUPPLIER)
@kept_over_sign_in
@require_http_methods(["GET", "HEAD", "POST"])
def draft(request: HttpRequest, draft_id: uuid.UUID) -> HttpResponse:
    """The story and the form's further questions; saved as it is typed, or with the button."""
    found = _open_draft(request, draft_id)
    if found.status == Draft.Status.SUBMITTED:
        return redirect(case_of(found))
    if request.method != "POST":
        return _form_page(request, found)
    form = drafting.form_of(found, request.user, request.POST)
    try:
        drafting.save(request, found, form)
    except Invalid:  # a specialist who did not say how the person takes part
        return _form_page(request, found, undecided=request.POST.get("_resolve", "").partition(":")[2])
    problem = attachments.take(request, found)
    form.tell(recorded=files.has_recording(found))
    if problem:
        return _form_page(request, reading.get(request.user, draft_id), photo_problem=problem)
    if "leave" in request.POST:
        messages.success(request, _("Your answers are saved. You can go on at any time, on any device."))
        return redirect("complaints:list")
    if "_resolve" in request.POST or attachments.stays(request):
        return redirect(request.path)
    if form.is_valid():
        return redirect("complaints:check", draft_id)
    return _form_page(request, reading.get(request.user, draft_id), form)


def _form_page(
    request: HttpRequest, found: Draft, form: Any = None, *, undecided: str = "", photo_problem: str = ""
) -> HttpResponse:
    form = form or drafting.form_of(found, request.user)
    kept = kept_answers.of(request)
    if kept is not None:
        kept_answers.fill(form, kept)
    if undecided in form.conflicts:
        form.conflicts[undecided]["reason_missing"] = True
    told = complaint_draft.filing_of(found)
    table = routing.table()
    line = checking.find_line(request.user, told.order_line) if told.order_line else None
    context = {
        "draft": found,
        "form": form,
        "kept": kept is not None,
        "asks_reason": deciding.asks_reason(request.user),
        # When the help ends, nothing of it stays on the helper's device.
        "only_helps": rights.only_helps(request.user, found),
        "has_errors": bool(undecided or photo_problem),
        **attachments.context(found, photo_problem),
        "product": shapes.line_title(line) if line else "",
        "subject": table.subject_name(told.subject),
        "title": _title(told.subject, told.sphere),
        "total": STEPS,
    }
    return render(request, "complaints/form.html", context, status=422 if undecided or photo_problem else 200)


def _title(subject: str, sphere: str) -> str:
    found = templates.template_for(subject, sphere)
    return in_language(found.title) if found else ""


@policy.anyone
@require_http_methods(["GET", "HEAD", "POST"])
def check(request: HttpRequest, draft_id: uuid.UUID) -> HttpResponse:
    """Before sending: the answers, the addressee, why, by which law, until when, and where the result will be."""
    found = _open_draft(request, draft_id)
    if found.status == Draft.Status.SUBMITTED:
        return redirect(case_of(found))
    told = complaint_draft.filing_of(found)
    if request.method == "POST":
        rev = request.POST.get("rev", "")
        once = idempotency.request_of(
            user=request.user, key=f"page:{draft_id}:{rev}", action=f"submit:{draft_id}", body=rev.encode()
        )
        try:
            answer = complaint_draft.submit(
                draft_id=draft_id,
                actor=request.user,
                expected_rev=int(rev) if rev.isdigit() else -1,
                request=once,
                origin=filed.origin_of(request),
            )
        except AlreadySubmitted as error:
            return redirect("complaints:detail", error.extra["number"])
        except filing.AlreadyOpen as error:
            messages.error(request, str(error))
            return redirect("complaints:detail", error.extra["number"])
        except Changed as error:
            messages.error(request, str(error))
            return redirect(request.path)
        except Invalid as error:
            return _wrong_page(request, found, error)
        return redirect("complaints:sent", answer.body["number"])
    try:
        checked, route = filing.preview(actor=request.user, filing=told)
        if checked.errors:
            raise Invalid(checked.errors)
    except Invalid as error:
        return _wrong_page(request, found, complaint_draft.in_draft_names(error))
    return render(
        request,
        "complaints/check.html",
        check_context(checked, route, found) | {"draft": found} | attachments.context(found),
    )


def _wrong_page(request: HttpRequest, found: Draft, error: Invalid) -> HttpResponse:
    """The form with the saved answers as if they had just been typed, and what is wrong with them."""
    typed = {name: entry["v"] for name, entry in found.fields.items()}
    form = drafting.form_of(found, request.user, typed)
    form.is_valid()
    add_errors(form, error)
    return _form_page(request, found, form)


def check_context(checked: checking.Checked, route: routing.Route, found: Draft | None = None) -> dict[str, Any]:
    """What the check page shows of a filing and its route; what stands as the portal filled it in says so."""
    told, table = checked.filing, checked.table
    rows: list[dict[str, Any]] = [{"key": _("What is wrong"), "value": table.subject_name(told.subject)}]
    if checked.line is not None:
        rows.append({"key": _("Product"), "value": shapes.line_title(checked.line)})
    elif checked.supplier is not None:
        rows.append({"key": _("Supplier"), "value": checked.supplier.name})
    words = [told.text or _("You say it in the recording.")]
    if told.recorded and not told.text and route.supplier is not None and (told.hide_name or route.hide_name):
        words.append(
            _("The supplier does not get the recording: it would show who you are. Write a few words as well.")
        )
    rows.append({"key": _("What happened"), "lines": words})
    for question, words in templates.answered(checked.template, checked.answers):
        origin = prefill.origin(found, f"answer.{question.code}") if found is not None else ""
        rows.append({"key": question.label, "lines": [words, *filter(None, [origin])]})
    if checked.demands:
        rows.append({"key": _("Demand"), "lines": [table.demand_name(code) for code in checked.demands]})
    if checked.contact.get("phone"):
        rows.append({"key": _("Phone"), "value": checked.contact["phone"]})
    if checked.received_on is not None:
        rows.append({"key": _("Received on"), "value": formats.date_long(checked.received_on)})
    return {
        "rows": rows,
        "route": route,
        "due_words": calendar.in_words(route.deadline.explained),
        "total": STEPS,
    }


def _open_draft(request: HttpRequest, draft_id: uuid.UUID) -> Draft:
    if not request.user.is_authenticated:
        raise Forbidden
    found = reading.get(request.user, draft_id)
    if found.kind != complaint_draft.KIND or found.status == Draft.Status.DISCARDED:
        raise NotFound
    rights.log_look(request.user, found)
    return found


def case_of(found: Draft) -> str:
    return reverse("complaints:detail", args=[found.result["complaint"]["number"]])


@policy.anyone
@require_safe
def sent(request: HttpRequest, number: str) -> HttpResponse:
    """The receipt: number, tracking code, the date and how it was computed. For whoever filed it."""
    complaint = filed_here(request, number)
    if complaint is None:
        raise NotFound
    context = {
        "complaint": complaint,
        "code": tracking.code_of(number),
        "addressee": shapes.addressee(complaint),
        "enclosed": shapes.enclosed(number),
        "due_words": calendar.in_words(complaint.due_explained),
    }
    return render(request, "complaints/sent.html", context)


def filed_here(request: HttpRequest, number: str) -> Complaint | None:
    """The complaint, for whoever filed it: the account, the person, or the visitor's browser."""
    complaint = (
        Complaint.objects.select_related("addressee_supplier", "addressee_authority").filter(number=number).first()
    )
    if complaint is None or complaint.number in request.session.get("filed", []):
        return complaint
    user = request.user
    own = user.is_authenticated and (complaint.filed_by_id == user.pk or selectors.is_person(user, complaint))
    return complaint if own else None
