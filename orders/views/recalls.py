"""A recall as its supplier and the ministry follow it, and the answer of who has the goods."""

from typing import Any

from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from marketplace import policy
from marketplace.errors import DomainError, Invalid
from marketplace.forms import add_errors
from marketplace.kept_answers import kept_over_sign_in
from marketplace.models import Role
from orders import holders, selectors
from suppliers.models import LotRecall

PAGE_SIZE = 50


class CloseForm(forms.Form):
    """How the recall ended, in words for everybody."""

    result = forms.CharField(
        label=gettext_lazy("How did it end?"),
        help_text=gettext_lazy("Everybody can read it."),
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
    )


@policy.only(Role.SUPPLIER, Role.REVIEWER, Role.AUDITOR)
@require_http_methods(["GET", "HEAD", "POST"])
def holders_page(request: HttpRequest, recall_id: int) -> HttpResponse:
    """Counts and orders of a recall; the supplier says what is done, and ends it."""
    recall = holders.recall_of(request.user, recall_id)
    form = CloseForm(request.POST if "close" in request.POST else None)
    if request.method == "POST":
        try:
            _act(request, recall, form)
        except Invalid as error:
            form.is_valid()
            add_errors(form, error)
        except DomainError as error:
            if error.status in {403, 404}:
                raise
            messages.error(request, str(error))
        if not form.errors:
            return redirect("orders:recall_holders", recall_id)
    page = Paginator(holders.listed(request.user, recall), PAGE_SIZE).get_page(request.GET.get("page"))
    counted = holders.progress(recall.pk)
    context: dict[str, Any] = {
        "recall": recall,
        "page": page,
        "rows": [
            {"key": _("Told"), "value": str(counted.told)},
            {"key": _("Answered"), "value": str(counted.answered)},
            {"key": _("Replaced"), "value": str(counted.replaced)},
            {"key": _("Paid back"), "value": str(counted.refunded)},
            {"key": _("Repaired"), "value": str(counted.repaired)},
            {"key": _("Kept"), "value": str(counted.kept)},
            {"key": _("Still waiting"), "value": str(counted.waiting)},
        ],
        "owing": holders.owe_back(page),
        "may_serve": request.user.role == Role.SUPPLIER,
        "may_record": request.user.role == Role.REVIEWER,
        "form": form if _may_close(request, recall) else None,
    }
    return render(request, "recalls/holders.html", context, status=422 if form.errors else 200)


def _act(request: HttpRequest, recall: LotRecall, form: CloseForm) -> None:
    if "close" in request.POST:
        holders.close(recall_id=recall.pk, actor=request.user, result=request.POST.get("result", ""))
        messages.success(request, _("The recall is over."))
    elif request.POST.get("served", "").isdecimal():
        holders.serve(holder_id=int(request.POST["served"]), recall_id=recall.pk, actor=request.user)
        messages.success(request, _("Done. The person is told."))
    elif request.POST.get("returned", "").isdecimal():
        holders.record_return(holder_id=int(request.POST["returned"]), recall_id=recall.pk, actor=request.user)
        messages.success(request, _("Recorded: the money is with the state."))


def _may_close(request: HttpRequest, recall: LotRecall) -> bool:
    if recall.status != LotRecall.Status.RUNNING:
        return False
    return request.user.role == Role.REVIEWER or (request.user.role == Role.SUPPLIER and not recall.by_state)


@policy.only(Role.BENEFICIARY, Role.GUARDIAN, Role.CASEWORKER)
@kept_over_sign_in
@require_http_methods(["GET", "POST"])
def answer(request: HttpRequest, number: str, holder_id: int) -> HttpResponse:
    """What the person wants for goods that were called back; her office may say it for her."""
    if request.method == "GET":
        return redirect("orders:detail", selectors.get(request.user, number).number)
    try:
        holders.answer(holder_id=holder_id, number=number, actor=request.user, wish=request.POST.get("wish", ""))
    except DomainError as error:
        if error.status in {403, 404}:
            raise
        messages.error(request, str(error.errors[0].message if isinstance(error, Invalid) else error))
    else:
        messages.success(request, _("We have told the supplier what you want."))
    return redirect("orders:detail", number)
