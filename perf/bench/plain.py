"""The least that Django can do: settings and one view of 11 bytes in one file. Nothing can be quicker on this server."""

from django.core.wsgi import get_wsgi_application
from django.http import HttpRequest, HttpResponse
from django.urls import path

DEBUG = False
SECRET_KEY = "made for measurements only, never served to anybody"
ALLOWED_HOSTS = ["127.0.0.1"]
ROOT_URLCONF = "perf.bench.plain"
MIDDLEWARE: list[str] = []


def view(request: HttpRequest) -> HttpResponse:
    return HttpResponse(b'{"ok":true}', content_type="application/json")


urlpatterns = [path("", view)]


# Django reads this very module as its settings: all of them stand above.
application = get_wsgi_application()
