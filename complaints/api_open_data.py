"""`/api/v1/open-data`: what anybody may take and use."""

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from ninja import Router

from complaints.reporting import facts, open_data
from marketplace import api_document, replica
from marketplace.api import anyone

router = Router(tags=["open data"])
KEPT_S = 3600


@router.get("/open-data/complaints.csv", auth=anyone, openapi_extra=api_document.file_of("text/csv"))
@replica.may_read
def complaints_csv(request: HttpRequest) -> HttpResponse:
    """How complaints ended in the last twelve months, by month and region; small cells are hidden."""
    content = open_data.write(timezone.localdate(), after=facts.position())
    response = HttpResponse(content, content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = 'attachment; filename="complaints.csv"'
    response["Link"] = f'<{open_data.LICENCE_URL}>; rel="license"'
    response["Cache-Control"] = f"public, max-age={KEPT_S}"
    return response
