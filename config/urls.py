"""Routes: people's pages under a language prefix, programs under /api/v1."""

from importlib import import_module
from importlib.util import find_spec

from django.conf import settings
from django.conf.urls.i18n import i18n_patterns
from django.contrib import admin
from django.urls import include, path

from complaints.urls import plain_urlpatterns as printed_codes
from marketplace.api import api, router as sign_in
from marketplace.drafts.api import router as drafts
from marketplace.urls import account_urlpatterns, plain_urlpatterns

api.add_router("", sign_in)
api.add_router("", drafts)
for name in ("catalog.api", "suppliers.api", "orders.api", "complaints.api"):
    if find_spec(name):
        api.add_router("", import_module(name).router)

_pages = [
    ("marketplace.urls", ""),
    ("suppliers.urls", ""),
    ("orders.urls", ""),
    ("complaints.urls", ""),
]

urlpatterns = [
    path("api/v1/", api.urls),
    *plain_urlpatterns,
    *printed_codes,
    *i18n_patterns(
        *[path(prefix, include(name)) for name, prefix in _pages if find_spec(name)],
        *account_urlpatterns,
        path("admin/", admin.site.urls),
    ),
]

handler400 = "marketplace.views.errors.bad_request"
handler403 = "marketplace.views.errors.forbidden"
handler404 = "marketplace.views.errors.not_found"
handler500 = "marketplace.views.errors.server_error"
