"""Which suppliers may sell, and what the ministry decides about one: a ban until a day, its early end, the end of all."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from complaints import selectors
from complaints.measures.forms import SuspendForm
from complaints.step_forms import ReasonForm, StepForm
from marketplace import policy
from marketplace.errors import DomainError, Invalid
from marketplace.forms import add_errors
from marketplace.models import Role
from orders import selectors as orders
from suppliers import ranking, standing
from suppliers import selectors as suppliers
from suppliers.models import Partner
from suppliers.states import SUPPLIER

PAGE_SIZE = 30
DOORS: dict[str, tuple[type[StepForm], Callable[..., Any], Any]] = {
    "suspend": (SuspendForm, standing.suspend, lambda: _("The supplier is suspended. The ban lifts itself.")),
    "restore": (ReasonForm, standing.end_early, lambda: _("The suspension is over. The supplier may sell.")),
    "terminate": (ReasonForm, standing.terminate, lambda: _("The supplier is off the portal.")),
}


@policy.only(Role.REVIEWER, Role.AUDITOR, Role.ADMIN)
@require_safe
def listed(request: HttpRequest) -> HttpResponse:
    """Every supplier with its state; those under a ban first, by the day that it ends."""
    page = Paginator(suppliers.judged(request.user), PAGE_SIZE).get_page(request.GET.get("page"))
    return render(request, "review/board/suppliers.html", {"page": page})


@policy.only(Role.REVIEWER, Role.AUDITOR, Role.ADMIN)
@require_http_methods(["GET", "HEAD", "POST"])
def supplier(request: HttpRequest, code: str) -> HttpResponse:
    """One supplier: its state, its bans, orders and complaints that are open, and the ministry's decisions."""
    suppliers.judged(request.user)
    partner = suppliers.with_standing(request.user, code)
    wrong = None
    action = request.POST.get("action", "")
    if request.method == "POST" and action in DOORS:
        kind, service, done = DOORS[action]
        wrong = kind(request.POST, action=action)
        if wrong.is_valid():
            try:
                service(supplier=code, actor=request.user, **wrong.arguments())
            except Invalid as error:
                add_errors(wrong, error)
            except DomainError as error:
                if error.status in {403, 404}:
                    raise
                messages.error(request, str(error))
                return redirect("complaints:standing", code)
            else:
                messages.success(request, done())
                return redirect("complaints:standing", code)
    return render(request, "review/board/supplier.html", _context(request, partner, wrong))


def _context(request: HttpRequest, partner: Partner, wrong: StepForm | None) -> dict[str, Any]:
    steps = []
    for legal in SUPPLIER.allowed(partner.status, ["ministry"] if request.user.role == Role.REVIEWER else []):
        refused = wrong is not None and wrong.action == legal.action
        form = wrong if refused else DOORS[legal.action][0](action=legal.action)
        grave = legal.action != "restore"
        steps.append({"action": legal.action, "label": legal.label, "form": form, "open": refused, "grave": grave})
    owed = orders.visible(request.user).filter(partner=partner, status__in=orders.GOODS_OWED)
    cases = selectors.visible(request.user).filter(supplier=partner)
    months = int(ranking.policy().complaint_prior["decay_months"])
    return {
        "supplier": partner,
        "steps": steps,
        "form": wrong,
        "today": timezone.localdate(),
        "facts": [
            {"key": _("IIN"), "value": iin} if (iin := partner.iin_shown) else {"key": _("BIN"), "value": partner.bin},
            {"key": _("Region"), "value": partner.home_region.name if partner.home_region else ""},
            {"key": _("Orders whose goods are still owed"), "value": str(owed.count())},
            {"key": _("Open complaints"), "value": str(cases.filter(closed_at=None).count())},
            {
                "key": _("Confirmed complaints of the last %(months)s months") % {"months": months},
                "value": str(partner.confirmed_cases),
            },
            {"key": _("Complaints left without an answer, not confirmed"), "value": str(partner.silent_cases)},
        ],
    }
