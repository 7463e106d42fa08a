"""How the portal works now: in words for people, in numbers for machines."""

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils import timezone
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from marketplace import health, policy


@policy.anyone
@require_safe
def status(request: HttpRequest) -> HttpResponse:
    """For people. Without the database a page that needs none says so."""
    if not health.database_answers():
        return HttpResponse(render_to_string("status/down.html"), status=503, headers={"Retry-After": "30"})
    lines = health.lines()
    context = {"lines": lines, "well": all(line.well for line in lines), "now": timezone.now()}
    return render(request, "status/status.html", context)


@policy.anyone
@require_safe
def live(request: HttpRequest) -> HttpResponse:
    """This process answers; nothing else is asked."""
    return JsonResponse({"status": "ok"})


@policy.anyone
@require_safe
def ready(request: HttpRequest) -> HttpResponse:
    """May the balancer send people here? Only the database decides."""
    sound, facts = health.readiness()
    return JsonResponse(facts, status=200 if sound else 503)


@policy.anyone
@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """Prometheus text of this process and of what waits in the database."""
    return HttpResponse(generate_latest(), content_type=CONTENT_TYPE_LATEST)
