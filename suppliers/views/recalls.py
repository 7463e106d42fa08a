"""Lots that are called back: the pages for everybody, and the form of who calls one back."""

from typing import Any

from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from catalog.models import Product
from marketplace import formats, kept_answers, policy
from marketplace.errors import Invalid
from marketplace.forms import EMPTY, add_errors, offer
from marketplace.kept_answers import kept_over_sign_in
from marketplace.models import Role
from suppliers import recalls
from suppliers import selectors as suppliers

PAGE_SIZE = 30
WHO_ANNOUNCES = (Role.SUPPLIER, Role.REVIEWER)


def _words(label: Any, hint: Any = "") -> forms.CharField:
    return forms.CharField(label=label, help_text=hint, required=False, widget=forms.Textarea(attrs={"rows": 3}))


class RecallForm(forms.Form):
    """What is called back, why, and what to do; a supplier is not asked who it is."""

    supplier = forms.ChoiceField(label=gettext_lazy("Supplier"), required=False)
    product = forms.IntegerField(
        label=gettext_lazy("Number of the product"),
        help_text=gettext_lazy("It stands at the end of the product's address."),
        required=False,
        widget=forms.TextInput(attrs={"inputmode": "numeric", "width": 10}),
    )
    lot = forms.CharField(
        label=gettext_lazy("Lot or serial number"),
        help_text=gettext_lazy("As it stands on the label."),
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off", "width": 20}),
    )
    reason_kk = _words(
        gettext_lazy("What is wrong, in Kazakh"), gettext_lazy("Short. Holders of the lot get it by SMS.")
    )
    reason_ru = _words(gettext_lazy("What is wrong, in Russian"))
    what_to_do_kk = _words(gettext_lazy("What people have to do, in Kazakh"))
    what_to_do_ru = _words(gettext_lazy("What people have to do, in Russian"))
    legal_basis = forms.CharField(
        label=gettext_lazy("Legal basis"),
        help_text=gettext_lazy("The law and the article."),
        required=False,
        widget=forms.TextInput(),
    )

    def __init__(self, *args: Any, for_state: bool, **kwargs: Any):
        super().__init__(*args, **kwargs)
        if for_state:
            offer(self, "supplier", [EMPTY, *suppliers.names()])
        else:
            del self.fields["supplier"]
            self.fields["product"].help_text = _(
                "The link “Call a lot back” beside each of your offers fills it in. It stands at the end of the product's address, too."
            )


@policy.anyone
@require_safe
def recalls_page(request: HttpRequest) -> HttpResponse:
    """All recalls, for everybody."""
    page = Paginator(recalls.public(), PAGE_SIZE).get_page(request.GET.get("page"))
    may = request.user.is_authenticated and request.user.role in WHO_ANNOUNCES
    return render(request, "recalls/list.html", {"page": page, "may_announce": may})


@policy.anyone
@require_safe
def recall(request: HttpRequest, recall_id: int) -> HttpResponse:
    """One recall, for everybody; nothing here tells who has the goods, or how many."""
    found = recalls.get(recall_id)
    rows = [
        {"key": _("Supplier"), "value": found.partner.name},
        {"key": _("Lot or serial number"), "value": found.lot},
        {"key": _("Who called it back"), "value": _("The ministry") if found.by_state else _("The supplier itself")},
        {"key": _("Legal basis"), "value": found.legal_basis},
        {"key": _("Since"), "value": formats.date_long(found.opened_at)},
        {"key": _("Ended"), "value": formats.date_long(found.closed_at) if found.closed_at else ""},
    ]
    context = {
        "recall": found,
        "rows": [row for row in rows if row["value"]],
        "follows": recalls.managed(request.user).filter(pk=found.pk).exists(),
    }
    return render(request, "recalls/recall.html", context)


@policy.only(*WHO_ANNOUNCES)
@kept_over_sign_in
@require_http_methods(["GET", "HEAD", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    """Call a lot back; what was typed stays when something is wrong."""
    for_state = request.user.role == Role.REVIEWER
    given = request.POST if request.method == "POST" else None
    form = RecallForm(given, for_state=for_state, initial={"product": request.GET.get("product", "")[:18]})
    kept = kept_answers.of(request)
    if kept is not None:
        kept_answers.fill(form, kept)
    if form.is_valid():
        data = form.cleaned_data
        try:
            found = recalls.announce(
                product=data["product"], lot=data["lot"], texts={name: data[name] for name in recalls.TEXTS},
                legal_basis=data["legal_basis"], supplier=data.get("supplier", ""), actor=request.user,
            )  # fmt: skip
        except Invalid as error:
            add_errors(form, error)
        except recalls.RunsAlready as error:
            messages.error(request, str(error))
            return redirect("suppliers:recall", error.extra["recall"])
        else:
            messages.success(request, _("The lot is called back. Whoever got it is being told."))
            return redirect("suppliers:recall", found.pk)
    context = {"form": form, "kept": kept is not None, "product": _named(form["product"].value())}
    return render(request, "recalls/new.html", context, status=422 if form.errors else 200)


def _named(number: Any) -> str:
    """The product of this number, so that nobody calls back another one than she means."""
    text = str(number or "").strip()
    found = (
        Product.objects.filter(pk=int(text)).first() if text.isascii() and text.isdigit() and len(text) < 18 else None
    )
    return found.title if found is not None else ""
