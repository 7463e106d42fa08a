"""The steps of an application, one form each: goods, delivery, contact, consent."""

import uuid
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from marketplace import formats
from marketplace.drafts.saving import DraftClosed
from marketplace.errors import DomainError, NotFound
from marketplace.models import Draft
from orders import choosing, norms, selectors
from orders.forms import ConsentForm, ContactForm, DeliveryForm, DraftForm, GoodsForm
from orders.review import Review, review
from orders.views import drafting, tasks
from suppliers import selectors as market

FORMS: dict[str, type[DraftForm]] = {"delivery": DeliveryForm, "contact": ContactForm, "consent": ConsentForm}
MOST_OTHERS = 5


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def step(request: HttpRequest, draft_id: UUID, name: str) -> HttpResponse:
    """Show a step, or save it: always first, whatever is wrong with it; then the next step or the errors."""
    draft = tasks.opened(request, draft_id)
    if name not in tasks.steps_for(request.user) or name == "check":
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
    if "_resolve" in request.POST:
        try:
            drafting.settle(request, draft)
        except DomainError as error:
            messages.error(request, str(error))
        return redirect(here)
    found = review(draft, actor=request.user)
    receipt = drafting.save(request, draft, _form(draft, name, found, request.POST))
    if request.POST.get("_remove"):
        choosing.remove_line(draft_id=draft.pk, actor=request.user, key=request.POST["_remove"][:40])
        return redirect(here)
    if "leave" in request.POST:
        messages.success(request, _("Your answers are saved. You can go on at any time, on any device."))
        return redirect("orders:applications")
    if receipt is not None:
        draft.refresh_from_db()
        found = review(draft, actor=request.user)
    wrong = any(tasks.step_of(error.field) == name for error in [*found.errors, *found.shortages])
    if wrong or any(tasks.step_of(field) == name for field in draft.conflicts):
        return _page(request, draft, name, found, errors=True)
    return redirect(tasks.url_of(draft, tasks.following(request.user, name)))


def _page(
    request: HttpRequest, draft: Draft, name: str, found: Review | None = None, *, errors: bool = False
) -> HttpResponse:
    """The form over the live values; with ``errors`` after a save, every wrong field of the step is named."""
    found = found or review(draft, actor=request.user)
    form = _form(draft, name, found, drafting.live(draft) if errors else None)
    drafting.fill(form, draft, request.user)
    listed = [error for error in [*found.errors, *found.shortages] if tasks.step_of(error.field) == name]
    if errors:
        form.put_errors([error for error in listed if error.field in form.fields])
    names = tasks.steps_for(request.user)
    number = names.index(name) + 1
    context: dict[str, Any] = {
        "draft": draft,
        "form": form,
        "title": tasks.TITLES[name],
        "number": number,
        "total": len(names),
        "key": uuid.uuid4().hex,
        "loose_errors": [str(error.message) for error in listed if errors and error.field not in form.fields],
        "back_url": reverse("orders:draft", args=[draft.pk]),
    }
    if name == "goods":
        context |= _goods(request, draft, found, form)
    status = 422 if errors and listed else 200
    return render(request, f"beneficiary/step_{name if name == 'goods' else 'plain'}.html", context, status=status)


def _form(draft: Draft, name: str, found: Review, data: Any) -> DraftForm:
    kind: Any = GoodsForm if name == "goods" else FORMS[name]
    more = {"lines": _others(draft, found)} if name == "goods" else {}
    return kind(data, initial=drafting.live(draft), **more)


# --- Goods -------------------------------------------------------------------------------------------


def _others(draft: Draft, found: Review) -> dict[str, list[tuple[str, str]]]:
    """Line key → other offers of the same product that deliver to the region, best first, as choices."""
    chosen = {line.key: found.offers.get(line.offer or 0) for line in found.answers.lines}
    products = {offer.product_id for offer in chosen.values() if offer is not None}
    if not hasattr(found, "ranked"):
        region = found.answers.region.code if found.answers.region else ""
        guarantee_of = {
            standing.entitlement.product_type_id: norms.guarantee(standing) for standing in found.standings.values()
        }
        found.ranked = market.ranked_offers(products, region=region, guarantee_of=guarantee_of, policy=found.policy)
    return {
        key: [
            (str(row.id), _choice(row))
            for row in (found.ranked.get(offer.product_id, []) if offer else [])
            if row.delivers and offer is not None and row.id != offer.pk
        ][:MOST_OTHERS]
        for key, offer in chosen.items()
    }


def _choice(row: market.RankedOffer) -> str:
    return _("%(supplier)s: %(price)s, you pay %(you_pay)s") % {
        "supplier": row.supplier.name,
        "price": formats.money(row.price),
        "you_pay": formats.money(row.you_pay),
    }


def _goods(request: HttpRequest, draft: Draft, found: Review, form: DraftForm) -> dict[str, Any]:
    """The lines with their controls, and the programme's lines from which to choose more."""
    reviewed = {line.key: line for line in found.lines}
    lines = []
    for line in found.answers.lines:
        offer, standing = found.offers.get(line.offer or 0), found.standings.get(line.entitlement or 0)
        fallback = f"line.{line.key}.fallback"
        lines.append(
            {
                "key": line.key,
                "offer": offer,
                "standing": standing,
                "reviewed": reviewed.get(line.key),
                "unit": standing.entitlement.unit if standing else "piece",
                "quantity": form[line.name("quantity")],
                "fallback": form[fallback] if fallback in form.fields else None,
                "other_url": _catalogue_url(draft, standing, offer) if standing or offer else "",
            }
        )
    chosen = {line.entitlement for line in found.answers.lines}
    more = [
        {"standing": standing, "url": _catalogue_url(draft, standing), "reason": norms.why_not(standing)}
        for standing in selectors.programme(request.user, person_id=draft.beneficiary_id)
        if standing.entitlement.pk not in chosen
    ]
    return {"lines": lines, "more": more}


def _catalogue_url(draft: Draft, standing: norms.Standing | None, offer: Any = None) -> str:
    """Where to choose for this line: the page of the chosen product, else the products of the type."""
    query = urlencode({"draft": draft.pk, "for": draft.beneficiary_id})
    if offer is not None:
        return f"{offer.product.get_absolute_url()}?{query}"
    assert standing is not None
    return f"{reverse('catalogue:type', args=[standing.entitlement.product_type.code])}?{query}"
