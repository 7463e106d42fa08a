"""Check your answers, send them once, and the receipt."""

import uuid
from decimal import Decimal, InvalidOperation
from typing import Any
from uuid import UUID

from django.db.models import Prefetch
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from marketplace import formats, idempotency, policy
from marketplace.drafts import mirror, reading, rights, sending
from marketplace.drafts.answers import is_yes
from marketplace.errors import Changed, DomainError, FieldError, Invalid, NotFound
from marketplace.models import Draft, Role, User
from marketplace.views import attachments
from orders import choosing, draft_fields, repeat_notes, selectors, submission
from orders.fits import Fitting
from orders.models import Line
from orders.review import Review, ReviewedLine, delivery_of, in_all, review
from orders.views import tasks


@policy.only(Role.BENEFICIARY, Role.GUARDIAN, Role.CASEWORKER, Role.HOTLINE)
@require_http_methods(["GET", "HEAD", "POST"])
def check(request: HttpRequest, draft_id: UUID) -> HttpResponse:
    """All answers and sums on one page; sending works once, a refusal keeps everything and says what to do."""
    draft = tasks.opened(request, draft_id)
    if draft.status == Draft.Status.SUBMITTED:
        return redirect("orders:submitted", draft_id)
    if draft.status == Draft.Status.DISCARDED:
        return redirect("orders:applications")
    if request.method != "POST":
        return _page(request, draft)
    try:
        _send(request, draft)
    except sending.AlreadySubmitted:
        pass
    except Invalid as error:
        return _page(request, draft, errors=error.errors, status=error.status, problem=str(error))
    except DomainError as error:
        if error.status in {403, 404} and not isinstance(error, rights.OnlyHelps):
            raise
        return _page(request, draft, status=error.status, problem=str(error))
    return redirect("orders:submitted", draft_id)


def _send(request: HttpRequest, draft: Draft) -> None:
    """Save the owner's consent with the answers she has just read, then submit that very revision."""
    rights.check_sends(request.user, draft)
    rev = _number(request, "rev")
    if draft.rev != rev and draft.status == Draft.Status.OPEN:
        raise Changed
    if rights.owns(request.user, draft):
        ticked = request.POST.get(draft_fields.OWNER_CONSENT) == "on"
        if ticked != is_yes(draft.value(draft_fields.OWNER_CONSENT)):
            receipt = choosing.save(draft.pk, request.user, {draft_fields.OWNER_CONSENT: ticked}, draft=draft)
            if receipt.rev != rev + 1:
                raise Changed
            rev = receipt.rev
    key = request.POST.get("key", "")[:200] or uuid.uuid4().hex
    submission.submit(
        draft_id=draft.pk,
        actor=request.user,
        expected_rev=rev,
        request=idempotency.request_of(user=request.user, key=f"page:{key}", action=f"submit:{draft.pk}", body=b""),
        seen_you_pay=_seen(request),
    )


def _number(request: HttpRequest, name: str) -> int:
    text = request.POST.get(name, "")
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise Changed
    return int(text)


def _seen(request: HttpRequest) -> Decimal:
    """The sum that the page showed; a damaged one counts as another sum."""
    try:
        return Decimal(request.POST.get("you_pay", ""))
    except InvalidOperation:
        raise Changed from None


def _page(
    request: HttpRequest,
    draft: Draft,
    *,
    errors: list[FieldError] | None = None,
    status: int = 200,
    problem: str = "",
) -> HttpResponse:
    if request.method == "POST":
        draft.refresh_from_db()
    found = review(draft, actor=request.user)
    fitting = Fitting(request.user, draft, found)
    fitting.look(line.offer.product_id for line in found.lines)
    consent = draft_fields.OWNER_CONSENT
    before = [error for error in found.problems if error.field != consent]
    unsaid = [error for error in errors or [] if error.field == consent or error.code == mirror.NotConfirmed.code]
    listed = [*before, *unsaid]
    office, helper = tasks.is_office(request.user, draft), rights.only_helps(request.user, draft)
    context: dict[str, Any] = {
        "draft": draft,
        "found": found,
        "notes": [note for notes in repeat_notes.of(draft, found).values() for note in notes],
        "groups": [_group(lines, fitting, found) for lines in found.by_supplier()],
        "answers": _answers(draft, found, office),
        "errors": [{"text": str(error.message), "url": _where(draft, error)} for error in listed],
        "consent_error": next((str(error.message) for error in errors or [] if error.field == consent), ""),
        "has_errors": bool(listed),
        "problem": "" if listed else problem,
        "questions": reading.conflicts(request.user, draft),
        "question_urls": sorted({tasks.url_of(draft, tasks.step_of(name)) for name in draft.conflicts}),
        "can_send": not before and not draft.conflicts and not helper,
        "helper": helper,
        "screen": mirror.shown_beside(draft) if office else None,
        "consented": is_yes(draft.value(consent)),
        "office": office,
        "key": uuid.uuid4().hex,
        "number": len(tasks.steps_for(request.user, draft)),
        "back_url": reverse("orders:draft", args=[draft.pk]),
    }
    return render(request, "beneficiary/check.html", context | attachments.context(draft), status=status)


def _where(draft: Draft, error: FieldError) -> str:
    if error.code == mirror.NotConfirmed.code:
        return "#screen"
    return "#consent" if error.field == draft_fields.OWNER_CONSENT else tasks.url_of(draft, tasks.step_of(error.field))


def _group(lines: list[ReviewedLine], fitting: Fitting, found: Review) -> dict[str, Any]:
    """One supplier's order to be: its lines, whether each fits, and sums."""
    return {
        "supplier": lines[0].offer.partner,
        "lines": [
            {"line": line, "fit": fitting.of(line.offer.product_id), "next": _next(line, found)} for line in lines
        ],
        "delivery": (brought := delivery_of(lines)).words,
        "total": sum((line.price for line in lines), brought.price),
        "state_pays": sum((line.state_pays for line in lines), Decimal(0)),
        "you_pay": in_all(lines),
    }


def _next(line: ReviewedLine, found: Review) -> list[str]:
    """Who is asked next, in the person's order."""
    named = [found.fallbacks[pk] for pk in line.fallback if pk in found.fallbacks]
    return [f"{place}. {offer.product.title}, {offer.partner.name}" for place, offer in enumerate(named, 1)]


def _answers(draft: Draft, found: Review, office: bool) -> list[dict[str, Any]]:
    """Rows of the summary list with the way to change each."""
    answers = found.answers
    channel = dict(User.Channel.choices).get(str(draft.value("contact.channel") or answers.channel), "")
    rows = [
        ("contact", _("Whom the courier calls"), draft.value("contact.name")),
        ("contact", _("Phone"), draft.value("contact.phone")),
        ("contact", _("News by"), channel),
        ("delivery", _("Region"), answers.region.name if answers.region else draft.value("delivery.region")),
        ("delivery", _("Address"), draft.value("delivery.address")),
        ("delivery", _("For the courier"), draft.value("delivery.comment") or "–"),
    ]
    if office:
        rows.append(("consent", _("Consent of the person"), _proof(draft)))
    return [{"key": label, "value": value, "change_url": tasks.url_of(draft, step)} for step, label, value in rows]


def _proof(draft: Draft) -> str:
    from orders.forms import PROOFS

    proof, day = draft.value("consent.proof"), draft.value("consent.date")
    text = str(dict(PROOFS).get(proof if isinstance(proof, str) else "", proof or ""))
    return f"{text}, {day}" if text and day else text


@policy.only(Role.BENEFICIARY, Role.GUARDIAN, Role.CASEWORKER, Role.HOTLINE)
@require_safe
def submitted(request: HttpRequest, draft_id: UUID) -> HttpResponse:
    """The receipt: the orders that came out of the application, and what happens next."""
    draft = tasks.opened(request, draft_id)
    if draft.status != Draft.Status.SUBMITTED:
        raise NotFound
    numbers = [row["number"] for row in draft.result.get("orders", [])]
    orders = (
        selectors.visible(request.user)
        .filter(number__in=numbers)
        .select_related("partner")
        .prefetch_related(Prefetch("lines", Line.objects.select_related("product__product_class").order_by("pk")))
        .order_by("partner__name")
    )
    return render(request, "beneficiary/submitted.html", {"draft": draft, "orders": orders, "money": formats.money})
