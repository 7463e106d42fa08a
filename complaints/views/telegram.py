"""Where Telegram brings what people write to the bot."""

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.crypto import constant_time_compare
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from complaints.intake import receiving, telegram
from marketplace import policy

HEADER = "X-Telegram-Bot-Api-Secret-Token"
LONGEST = 256 * 1024  # bytes of an update; Telegram's own are far shorter


@policy.by_code
@csrf_exempt
@require_POST
def webhook(request: HttpRequest) -> HttpResponse:
    """One update. 200 means that it need not come again; whoever does not know the secret learns nothing."""
    if not settings.TELEGRAM_TOKEN or not settings.TELEGRAM_SECRET:
        raise Http404
    if not constant_time_compare(request.headers.get(HEADER, ""), settings.TELEGRAM_SECRET):
        return HttpResponse(status=403)
    if int(request.headers.get("Content-Length") or 0) > LONGEST:
        return HttpResponse(status=413)
    try:
        message = telegram.read(request.body)
    except ValueError:
        return HttpResponse(status=400)
    if message is not None:
        receiving.take(message)
    return HttpResponse()
