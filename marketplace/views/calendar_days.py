"""The calendar at the ministry: holidays and moved days of a year, one added, one struck."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from marketplace import policy
from marketplace.errors import Invalid, NotFound
from marketplace.forms import add_errors
from marketplace.models import CalendarDay, Role
from marketplace.rulebook import days, previewing, versions
from marketplace.rulebook.forms import DayForm, StrikeForm


@policy.only(Role.REVIEWER)
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """The days of a year, this one by default."""
    text = request.GET.get("year", str(timezone.localdate().year))
    if not text.isdecimal() or not 2000 <= int(text) <= 2100:
        raise NotFound
    told = days.of_year(request.user, int(text))
    context = {
        "year": int(text),
        "years": days.years(),
        "days": [_row(item) for item in told if item.day.struck_at is None],
        "struck": [_row(item) for item in told if item.day.struck_at is not None],
    }
    return render(request, "review/calendar/index.html", context)


def _row(item: days.Told) -> dict[str, Any]:
    return {
        "day": item.day,
        "basis": versions.in_language(item.day.basis),
        "mark": versions.MARKS.get(item.day.mark, item.day.mark),
        "added": item.added,
        "struck": item.struck,
        "url": reverse("marketplace:calendar_strike", args=[item.day.pk]),
    }


@policy.only(Role.REVIEWER)
@require_http_methods(["GET", "HEAD", "POST"])
def add(request: HttpRequest) -> HttpResponse:
    """A new day: first what it changes for new filings, then the button that adds it."""
    versions.require_editor(request.user)
    form, preview = DayForm(request.POST or None), None
    if request.method == "POST" and form.is_valid():
        day, today = days.proposed(**form.typed()), timezone.localdate()
        said = {"reason": form.cleaned_data["reason"], "knowing": form.cleaned_data["knowing"]}
        try:
            if request.POST.get("action") == "add":
                days.add(actor=request.user, day=day, **said)
                messages.success(request, _("The day is in the calendar. Dates that are fixed stay."))
                return redirect(f"{reverse('marketplace:calendar')}?year={day.day.year}")
            if errors := days.problems(day, **said | {"knowing": True}, today=today):
                raise Invalid(errors)
            preview = previewing.of_day(also=day, today=today)
        except Invalid as error:
            add_errors(form, error)
    return render(request, "review/calendar/add.html", {"form": form, "preview": preview})


@policy.only(Role.REVIEWER)
@require_http_methods(["GET", "HEAD", "POST"])
def strike(request: HttpRequest, day_id: int) -> HttpResponse:
    """A day that does not apply: what striking it changes, and why it is struck."""
    day = days.one(request.user, day_id)
    today = timezone.localdate()
    form = StrikeForm(request.POST or None, begun=day.day <= today)
    if request.method == "POST" and form.is_valid():
        try:
            days.strike(actor=request.user, day_id=day_id, **form.cleaned_data)
        except Invalid as error:
            add_errors(form, error)
        else:
            messages.success(request, _("The day was struck. Dates that are fixed stay."))
            return redirect(f"{reverse('marketplace:calendar')}?year={day.day.year}")
    context = {"form": form, "day": day, "preview": _without(day), "basis": versions.in_language(day.basis)}
    return render(request, "review/calendar/strike.html", context)


def _without(day: CalendarDay) -> previewing.Preview:
    return previewing.of_day(without=day.day, today=timezone.localdate())
