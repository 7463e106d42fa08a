"""The receipt of a deadline as a paper: for whoever may see the case, and for whoever shows its code."""

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from complaints import receipts, selectors
from complaints.models import Complaint
from complaints.views.new import filed_here
from complaints.views.public import holder_of
from marketplace import policy


@policy.anyone
@require_safe
def receipt(request: HttpRequest, number: str) -> HttpResponse:
    """For the person, the supplier, the body, and the browser that has just sent the complaint."""
    return _paper(filed_here(request, number) or selectors.read(request.user, number))


@policy.by_code
@require_http_methods(["GET", "HEAD", "POST"])
def by_code(request: HttpRequest) -> HttpResponse:
    """By number and code, which travel in the body; else the form that asks for them."""
    holder, refusal = holder_of(request)
    return _paper(selectors.read(holder, holder.number)) if holder else refusal


def _paper(complaint: Complaint) -> HttpResponse:
    response = HttpResponse(receipts.pdf(complaint, now=timezone.now()), content_type="application/pdf")
    response["Content-Disposition"] = f'attachment; filename="{complaint.number}.pdf"'
    return response
