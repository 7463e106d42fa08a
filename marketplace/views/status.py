"""How the portal works now: in words for people, in numbers for machines."""

from allauth.account.adapter import get_adapter
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST, require_safe
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from marketplace import health, policy
from marketplace import metrics as numbers
from marketplace.limits import Limit, Tries


@policy.anyone
@require_safe
def status(request: HttpRequest) -> HttpResponse:
    """For people. Without the database a page that needs none says so."""
    if not health.database_answers():
        return HttpResponse(render_to_string("status/down.html"), status=503, headers={"Retry-After": "30"})
    lines = health.lines()
    trouble = health.trouble_this_month()
    context = {
        "lines": lines.values(),
        "well": all(line.well for line in lines.values()),
        "trouble": [(lines[part].what if part in lines else "", minutes) for part, minutes in trouble.items()],
        "now": timezone.now(),
    }
    return render(request, "status/status.html", context)


@policy.before_second_factor
@policy.anyone
@require_safe
def live(request: HttpRequest) -> HttpResponse:
    """This process answers; nothing else is asked."""
    return JsonResponse({"status": "ok"})


@policy.before_second_factor
@policy.anyone
@require_safe
def ready(request: HttpRequest) -> HttpResponse:
    """May the balancer send people here? Only the database decides."""
    sound, facts = health.readiness()
    return JsonResponse(facts, status=200 if sound else 503)


@policy.before_second_factor
@policy.anyone
@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """Prometheus text of this web server and of what waits in the database."""
    return HttpResponse(generate_latest(numbers.registry()), content_type=CONTENT_TYPE_LATEST)


LONGEST_TOLD = 512  # bytes
TOLD_OF_ADDRESS = Limit("pace-of-address", most=120, seconds=60)  # a whole village may share one
TOLD_OF_ALL = numbers.Flow(most=50)


@policy.before_second_factor
@policy.anyone
@csrf_exempt  # it changes nothing but counts, and a browser that leaves a page has no token at hand
@require_POST
def pace(request: HttpRequest) -> HttpResponse:
    """What a visit saw of a page (pace.js): times without a person, a session or an address."""
    length = request.META.get("CONTENT_LENGTH") or "0"
    if not (length.isascii() and length.isdigit()) or int(length) > LONGEST_TOLD:
        return HttpResponse(status=400)
    address = get_adapter().get_client_ip(request)
    if not TOLD_OF_ALL.takes() or not Tries([(TOLD_OF_ADDRESS, address)]).allowed():
        return HttpResponse(status=429)
    return HttpResponse(status=204 if numbers.saw(request.body) else 400)
