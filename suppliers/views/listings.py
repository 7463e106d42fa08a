"""A supplier puts goods on sale: a draft step by step, the preview, and what became of it."""

import uuid
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from catalog import stating, types
from catalog.search import documents
from marketplace import calendar, policy
from marketplace.drafts import beginning, reading, retention
from marketplace.errors import DomainError, FieldError, Invalid
from marketplace.forms import DraftForm, add_errors
from marketplace.kept_answers import kept_over_sign_in
from marketplace.models import Draft, Role, User
from marketplace.views import attachments, draft_forms, draft_steps
from suppliers import selectors as suppliers
from suppliers.listings import answers, deciding, forms, selectors, words
from suppliers.listings.models import Listing
from suppliers.listings.sending import DAYS_RULE, KIND, submit
from suppliers.models import StockRecord
from suppliers.onboarding.forms import WordsForm
from suppliers.pricelist import prices
from suppliers.states import LISTING

# After these the answers may be sent again.
ENDED = (Listing.Status.REFUSED, Listing.Status.UPHELD, Listing.Status.WITHDRAWN)


@policy.only(Role.SUPPLIER)
@require_safe
def listings(request: HttpRequest) -> HttpResponse:
    """What was begun, put aside or sent; the button that begins."""
    suppliers.own_supplier(request.user)
    rows = reading.visible(request.user).filter(kind=KIND).exclude(status=Draft.Status.SUBMITTED)
    unsent = list(rows.order_by("-updated_at", "pk")[:40])
    context = {
        "drafts": [
            {"draft": row, "title": row.value("title.ru") or row.value("q") or ""}
            for row in unsent
            if row.status == Draft.Status.OPEN
        ],
        "aside": retention.with_ends([draft for draft in unsent if draft.status == Draft.Status.DISCARDED]),
        "sent": list(selectors.visible(request.user)[:40]),
    }
    return render(request, "supplier/listings/list.html", context)


@policy.only(Role.SUPPLIER)
@require_POST
def start(request: HttpRequest) -> HttpResponse:
    """A new listing, or with ``offer`` the change of an own offer: its present answers are there."""
    known: dict[str, Any] = {}
    if text := request.POST.get("offer", ""):
        known = _of_offer(suppliers.own_offer(request.user, int(text) if text.isdecimal() and len(text) < 18 else 0))
    return redirect("suppliers:listing_draft", beginning.begin(request.user, KIND, known))


def _of_offer(offer: StockRecord) -> dict[str, Any]:
    product = offer.product
    known: dict[str, Any] = {
        "offer": offer.pk,
        "product": str(product.pk),
        "sku": offer.partner_sku,
        "price": f"{offer.price:.2f}",
        "pack_size": str(offer.pack_size),
        "stock": str(offer.net_stock_level),
        "lead_days": str(offer.lead_days),
        "warranty_months": str(offer.warranty_months),
        "delivery": "included" if offer.delivery_included else answers.DELIVERY_APART,
        "delivery_price": f"{offer.delivery_price:.2f}" if offer.delivery_price else "",
        "regions": list(offer.regions),
        **{f"lead.{code}": str(days) for code, days in offer.lead_days_by_region.items()},
    }
    for name, column in (("title", "title"), ("description", "description")):
        for language in ("kk", "ru"):
            known[f"{name}.{language}"] = getattr(product, f"{column}_{language}") or ""
    kind = types.book().by_id[product.product_class_id]
    stated = documents.parameters_of([product.pk]).get(product.pk, {})
    for code, parameter in stated.items():
        if (attribute := kind.attribute(code)) is not None:
            known |= stating.typed_of(attribute, parameter)
    return {name: value for name, value in known.items() if value not in ("", [])}


# --- The draft ------------------------------------------------------------------------------------


def _names(draft: Draft) -> list[str]:
    partner = suppliers.supplier_of(draft.author)
    known = answers.type_of(draft, answers.product_of(draft)) is not None
    described = partner is not None and known and answers.describes(draft, partner)
    return ["product", "about", "offer"] if described else ["product", "offer"]


def _form(draft: Draft, name: str, data: Any) -> DraftForm:
    initial = draft_forms.live(draft)
    if name == "product":
        return forms.ProductForm(data, initial=initial, choices=_choices(draft))
    if name == "about":
        kind = answers.type_of(draft, answers.product_of(draft))
        assert kind is not None  # the step is there only then
        return forms.AboutForm(data, initial=initial, kind=kind)
    chosen = draft.value("regions")
    return forms.OfferForm(data, initial=initial, chosen=sorted(map(str, chosen)) if isinstance(chosen, list) else [])


def _choices(draft: Draft) -> list[tuple[str, str]]:
    """What the words find; the product that was chosen stays in the list."""
    choices = forms.found(str(draft.value("q") or ""))
    product = answers.product_of(draft)
    if product is not None and str(product.pk) not in dict(choices):
        choices.insert(0, (str(product.pk), product.title))
    return choices


def _problems(actor: User, draft: Draft) -> list[FieldError]:
    return answers.read(draft, suppliers.own_supplier(actor), timezone.localdate()).errors


def _step_of(field: str) -> str:
    first = field.partition(".")[0]
    return {"q": "product", "product": "product", "type": "product"}.get(
        first, "about" if first in {"title", "description", "p"} else "offer"
    )


STEPS = draft_steps.Steps(
    kind=KIND,
    titles={
        "product": gettext_lazy("Which product"),
        "about": gettext_lazy("What it is like"),
        "offer": gettext_lazy("Price, stock and delivery"),
    },
    names=_names,
    form=_form,
    problems=_problems,
    step_of=_step_of,
    route="suppliers:listing",
    submit=submit,
    heading=gettext_lazy("Goods to put on sale"),
    list_name=gettext_lazy("Goods that I put on sale"),
    back_text=gettext_lazy("All steps"),
    sent=gettext_lazy("It is sent. We tell you when it is on sale."),
    photos={
        "about": (
            gettext_lazy("Photos (optional)"),
            gettext_lazy("Of the thing itself, one from each side. JPEG, PNG or WebP, at most 10 MB."),
        )
    },
)


@policy.only(Role.SUPPLIER)
@require_safe
def draft(request: HttpRequest, draft_id: uuid.UUID) -> HttpResponse:
    """The steps with their states; a draft that was sent leads to its listing."""
    return draft_steps.tasks(request, draft_id, STEPS)


@policy.only(Role.SUPPLIER)
@kept_over_sign_in
@require_http_methods(["GET", "HEAD", "POST"])
def step(request: HttpRequest, draft_id: uuid.UUID, name: str) -> HttpResponse:
    """One step; new words to search by show what they find before anything else is asked."""
    found = draft_steps.opened(request, draft_id, STEPS)
    searched = found.value("q")
    answer = draft_steps.step(request, found, name, STEPS)
    if name == "product" and request.method == "POST" and answer.status_code in (302, 422):
        found.refresh_from_db()
        if found.value("q") != searched and found.value("product") in (None, ""):
            return redirect(request.path)
    return answer


@policy.only(Role.SUPPLIER)
@require_http_methods(["GET", "HEAD", "POST"])
def check(request: HttpRequest, draft_id: uuid.UUID) -> HttpResponse:
    """The preview, until when the ministry looks at it, what stays on sale meanwhile, and the button."""
    found = draft_steps.opened(request, draft_id, STEPS)
    if found.status == Draft.Status.SUBMITTED:
        return STEPS.outcome(found.result)
    if request.method == "POST":
        return draft_steps.send(request, found, STEPS)
    told = answers.read(found, suppliers.own_supplier(request.user), timezone.localdate())
    if told.errors or found.conflicts or told.type is None:
        return redirect("suppliers:listing_draft", draft_id)
    counted = calendar.deadline(DAYS_RULE, timezone.localdate())
    median = prices.median_of(told.type.id)
    title = told.texts.get("title.ru") or (told.product.title if told.product else "")
    context = {
        "draft": found,
        "rows": words.summary(title, told.as_data(), told.product),
        "respond_by": counted.respond_by,
        "due_words": calendar.in_words(counted.explained),
        "changes": told.offer is not None,
        "high": prices.out_of_line(told.unit_price, median),
        "unit_price": told.unit_price,
        "median": median,
        "explained": bool(told.price_reason),
        **attachments.context(found),
    }
    return render(request, "supplier/listings/check.html", context)


@policy.only(Role.SUPPLIER)
@require_safe
def history(request: HttpRequest, draft_id: uuid.UUID) -> HttpResponse:
    """Every save of a listing that is being written."""
    return draft_steps.history(request, draft_id, STEPS)


@policy.only(Role.SUPPLIER)
@require_http_methods(["GET", "POST"])
def bring_back(request: HttpRequest, draft_id: uuid.UUID) -> HttpResponse:
    """An earlier answer counts again."""
    return draft_steps.bring_back(request, draft_id, STEPS)


@policy.only(Role.SUPPLIER)
@require_http_methods(["GET", "POST"])
def discard(request: HttpRequest, draft_id: uuid.UUID) -> HttpResponse:
    """Put the draft aside; it can be restored until it is removed."""
    return draft_steps.discard(request, draft_id, STEPS)


@policy.only(Role.SUPPLIER)
@require_http_methods(["GET", "POST"])
def restore(request: HttpRequest, draft_id: uuid.UUID) -> HttpResponse:
    """Take it up with everything that was in it."""
    return draft_steps.restore(request, draft_id, STEPS)


# --- What became of it ------------------------------------------------------------------------------


@policy.only(Role.SUPPLIER)
@require_http_methods(["GET", "HEAD", "POST"])
def listing(request: HttpRequest, listing_id: int) -> HttpResponse:
    """The own listing: where it stands and until when, what was asked, and the supplier's own steps."""
    suppliers.own_supplier(request.user)
    found = selectors.get(request.user, listing_id)
    action, label = (
        ("appeal", _("What was judged wrongly?"))
        if found.status == Listing.Status.REFUSED
        else ("explain", _("Why is the price what it is?"))
    )
    form = WordsForm(request.POST if request.method == "POST" else None, action=action, label=label)
    if request.method == "POST":
        try:
            return _act(request, found, form)
        except Invalid as error:
            form.is_valid()
            add_errors(form, error)
        except DomainError as error:
            if error.status in {403, 404}:
                raise
            messages.error(request, str(error))
            return redirect("suppliers:listing", listing_id)
    context = {
        "listing": found,
        "steps": LISTING.actions(found.status, ["supplier"]),
        "again": found.status in ENDED,
        "may_appeal": found.respond_by is not None and found.respond_by >= timezone.localdate(),
        "reason": words.reason_name(found.reason) if found.reason else "",
        "due_words": calendar.in_words(found.due_explained),
        "rows": words.summary(found.name, found.answers, found.product),
        "form": form,
    }
    return render(request, "supplier/listings/listing.html", context, status=422 if form.errors else 200)


def _act(request: HttpRequest, found: Listing, form: WordsForm) -> HttpResponse:
    action, actor = request.POST.get("action", ""), request.user
    if action == "again":
        values = {name: entry["v"] for name, entry in found.draft.fields.items()}
        return redirect("suppliers:listing_draft", beginning.begin(actor, KIND, values))
    if action == "withdraw":
        deciding.withdraw(listing_id=found.pk, actor=actor)
        messages.success(request, _("It is withdrawn. What is on sale stays as it was."))
    elif action == "appeal":
        deciding.appeal(listing_id=found.pk, actor=actor, text=form.data.get("text", ""))
        messages.success(request, _("Somebody else looks at it once more."))
    else:
        deciding.explain(listing_id=found.pk, actor=actor, text=form.data.get("text", ""))
        messages.success(request, _("The ministry reads your words."))
    return redirect("suppliers:listing", found.pk)
