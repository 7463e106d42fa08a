"""What only the demonstration shows."""

from django.conf import settings
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from marketplace import policy
from marketplace.models import Notice
from marketplace.notices import sending

SHOWN = 20


@policy.anyone
@require_safe
def outbox(request: HttpRequest) -> HttpResponse:
    """Every SMS and e-mail of the portal, as the phones and mailboxes would show them."""
    if not settings.DEMO:
        raise Http404
    page = Paginator(Notice.objects.select_related("recipient"), SHOWN).get_page(request.GET.get("page"))
    for notice in page:
        sending.fill(notice)
    return render(request, "demo/outbox.html", {"page": page})
