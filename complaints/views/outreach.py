"""The outreach log of a department: its lines, a form for one more, and sums that nobody types in."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from complaints import report_files
from complaints.reporting import outreach
from complaints.reporting.forms import OutreachForm
from complaints.reports import Period
from marketplace import policy
from marketplace.errors import Invalid
from marketplace.forms import add_errors
from marketplace.models import Role

PAGE_SIZE = 25


@policy.only(Role.INSPECTOR, Role.REVIEWER)
@require_http_methods(["GET", "HEAD", "POST"])
def log(request: HttpRequest) -> HttpResponse:
    """What was entered, the newest first, and this month's sums."""
    rows = outreach.entries(request.user)
    form = OutreachForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            outreach.add(actor=request.user, **form.cleaned_data | {"reach": form.cleaned_data["reach"] or 0})
        except Invalid as error:
            add_errors(form, error)
        else:
            messages.success(request, _("Entered. The sums are computed anew."))
            return redirect("complaints:outreach")
    month = Period.month(timezone.localdate())
    sums = outreach.totals(month.first, month.last, outreach.region_of(request.user))
    context = {
        "form": form,
        "page": Paginator(rows, PAGE_SIZE).get_page(request.GET.get("page")),
        "month": month,
        "sums": sums,
        "sum_rows": [
            {"label": report_files.outreach_name(kind), "value": count} for kind, count in sums["by_kind"].items()
        ],
    }
    return render(request, "review/outreach.html", context)


@policy.only(Role.INSPECTOR, Role.REVIEWER)
@require_POST
def strike(request: HttpRequest, entry_id: int) -> HttpResponse:
    """Take a wrong line out of the sums."""
    outreach.strike(actor=request.user, entry_id=entry_id)
    messages.success(request, _("The line is struck out and no longer counted."))
    return redirect("complaints:outreach")
