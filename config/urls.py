"""Routes: people's pages under a language prefix, programs under /api/v1."""

from django.conf.urls.i18n import i18n_patterns
from django.contrib import admin
from django.urls import include, path

from catalog.api import router as catalogue
from complaints.api import router as complaints
from complaints.api_by_code import router as complaints_by_code
from complaints.urls import plain_urlpatterns as printed_codes
from marketplace import policy
from marketplace.api import api
from marketplace.api import router as sign_in
from marketplace.drafts.api import router as drafts
from marketplace.drafts.files_api import router as draft_files
from marketplace.drafts.hand_over_api import router as hand_over
from marketplace.models import Role
from marketplace.urls import account_urlpatterns, plain_urlpatterns
from orders.api import router as orders
from suppliers.api import router as suppliers
from suppliers.demand.api import router as demand
from suppliers.listings.api import router as listings
from suppliers.onboarding.api import router as applications
from suppliers.pricelist.api import router as price_lists
from suppliers.watch.api import router as market_watch

# By code first: "track" is no number of a complaint.
for router in (
    sign_in, drafts, draft_files, hand_over, catalogue, suppliers, price_lists, market_watch, demand, listings,
    applications, orders,
    complaints_by_code, complaints,
):  # fmt: skip
    api.add_router("", router)

programs, administration = api.urls, admin.site.urls
policy.under(policy.BY_OPERATION, programs[0])
# Its own sign-in page too: ours counts wrong passwords.
policy.under(policy.Policy("only admin", roles=frozenset({Role.ADMIN}), act=frozenset({Role.ADMIN})), administration[0])

urlpatterns = [
    path("api/v1/", programs),
    *plain_urlpatterns,
    *printed_codes,
    *i18n_patterns(
        path("", include("marketplace.urls")),
        path("", include("suppliers.urls")),
        path("", include("orders.urls")),
        path("", include("complaints.urls")),
        *account_urlpatterns,
        path("admin/", administration),
    ),
]

handler400 = "marketplace.views.errors.bad_request"
handler403 = "marketplace.views.errors.forbidden"
handler404 = "marketplace.views.errors.not_found"
handler500 = "marketplace.views.errors.server_error"
