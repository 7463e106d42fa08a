"""Access in an emergency: who asks, who decides, and the data while they may be seen."""

from typing import Any

from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from marketplace import access, emergency, policy, rules
from marketplace.errors import Invalid
from marketplace.forms import add_errors
from marketplace.models import EmergencyAccess
from marketplace.time import database_now

PAGE_SIZE = 20


class AskForm(forms.Form):
    """Whose data, and why."""

    person = forms.IntegerField(
        label=gettext_lazy("Number of the person"),
        help_text=gettext_lazy("It stands in the log beside the trouble."),
        min_value=1,
        max_value=2**62,
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off", "width": 10}),
        error_messages={
            "required": gettext_lazy("Enter the number of the person."),
            "invalid": gettext_lazy("Give a number."),
        },
    )
    reason = forms.CharField(
        label=gettext_lazy("Why do you have to see these data?"),
        help_text=gettext_lazy("The person reads this afterwards."),
        max_length=emergency.LONGEST_REASON,
        widget=forms.Textarea(attrs={"rows": 3}),
        error_messages={"required": gettext_lazy("Say why you have to see these data.")},
    )


@policy.only(*emergency.READS, act=emergency.ASKS)
@require_http_methods(["GET", "HEAD", "POST"])
def listed(request: HttpRequest) -> HttpResponse:
    """All requests; the form for a new one stands there for who may ask."""
    asks = request.user.role in emergency.ASKS
    form = AskForm(request.POST if request.method == "POST" else None) if asks else None
    if form is not None and form.is_valid():
        try:
            emergency.ask(actor=request.user, person_id=form.cleaned_data["person"], reason=form.cleaned_data["reason"])
        except Invalid as error:
            add_errors(form, error)
        else:
            messages.success(request, _("Asked. Another person decides."))
            return redirect("marketplace:emergency")
    page = Paginator(emergency.listed(request.user), PAGE_SIZE).get_page(request.GET.get("page"))
    people = [row.person_id for row in page]  # a reason tells of a person's matter
    access.log_reads(actor=request.user, person_ids=people, purpose="emergency", subject="people:emergency")
    now = database_now()
    context = {
        "form": form,
        "page": page,
        "rows": [_row(request, item, now) for item in page],
        "minutes": rules.get(emergency.RULE).value["minutes"],
    }
    return render(request, "emergency/list.html", context, status=422 if form is not None and form.errors else 200)


def _row(request: HttpRequest, item: EmergencyAccess, now: Any) -> dict[str, Any]:
    waits = item.status == EmergencyAccess.Status.ASKED
    mine = item.asked_by_id == request.user.pk
    return {
        "item": item,
        "decides": waits and not mine and request.user.role in emergency.DECIDES,
        "looks": mine and item.until is not None and item.until > now,
    }


@policy.only(*emergency.DECIDES, act=emergency.DECIDES)
@require_POST
def decide(request: HttpRequest, access_id: int) -> HttpResponse:
    """One of two buttons."""
    try:
        emergency.decide(actor=request.user, access_id=access_id, give=request.POST.get("give") == "1")
    except emergency.AlreadyDecided as error:
        messages.info(request, str(error))
    else:
        messages.success(request, _("Decided."))
    return redirect("marketplace:emergency")


@policy.only(*emergency.ASKS)
@require_safe
def look(request: HttpRequest, access_id: int) -> HttpResponse:
    """The person's data; nothing of them stays in the browser."""
    found, parts = emergency.look(actor=request.user, access_id=access_id)
    return render(request, "emergency/person.html", {"access": found, "parts": parts})
