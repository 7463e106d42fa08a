"""Routes of the market: the storefront under ``catalog/``, the supplier's own desk under ``supplier/``, the market watch, recalls and
the ministry's look at applications under ``review/``.

The storefront's namespace is Oscar's: ``get_absolute_url`` of products and categories asks for its names.
"""

from django.urls import include, path, re_path

from suppliers.pricelist import views as pricelist
from suppliers.views import (
    classes,
    declaring,
    demand,
    desk,
    listing_review,
    listings,
    market,
    measures,
    moderation,
    onboarding,
    recalls,
    storefront,
    watch,
)

_storefront = [
    path("", storefront.index, name="index"),
    path("search/", storefront.results, name="search"),
    path("compare/", storefront.compare, name="compare"),
    path("how-we-rank/", storefront.how_we_rank, name="how_we_rank"),
    path("needs/", demand.own, name="needs"),
    path("needs/new/", demand.say, name="say_need"),
    path("needs/<int:need_id>/withdraw/", demand.withdraw, name="withdraw_need"),
    path("suppliers/<slug:code>/", storefront.supplier, name="supplier"),
    path("shelves/<path:category_slug>_<int:pk>/", storefront.shelf, name="category"),
    path("<slug:product_slug>_<int:pk>/", storefront.product, name="detail"),
    path("<slug:code>/", storefront.product_type, name="type"),
]
_desk = [
    path("supplier/demand/", demand.radar_page, name="demand"),
    path("supplier/offers/", desk.own_offers, name="offers"),
    path("supplier/offers/<int:offer_id>/", desk.change_offer, name="change_offer"),
    path("supplier/price-lists/", pricelist.price_lists, name="price_lists"),
    path("supplier/price-lists/template/", pricelist.template_file, name="price_list_template"),
    path("supplier/price-lists/<uuid:price_list_id>/", pricelist.price_list, name="price_list"),
    path("supplier/price-lists/<uuid:price_list_id>/apply/", pricelist.apply, name="apply_price_list"),
    path("supplier/price-lists/<uuid:price_list_id>/anew/", pricelist.check_anew, name="check_price_list_anew"),
    re_path(
        r"^supplier/price-lists/(?P<price_list_id>[0-9a-f-]{36})/result\.(?P<kind>csv|xlsx)$",
        pricelist.result_file,
        name="price_list_result",
    ),
    path("supplier/join/", onboarding.join, name="join"),
    path("supplier/applications/", onboarding.applications, name="applications"),
    path("supplier/applications/begin/", onboarding.start, name="application_start"),
    path("supplier/applications/<int:application_id>/", onboarding.application, name="application"),
    path("supplier/applications/<uuid:draft_id>/", onboarding.draft, name="application_draft"),
    path("supplier/applications/<uuid:draft_id>/check/", onboarding.check, name="application_check"),
    path("supplier/applications/<uuid:draft_id>/history/", onboarding.history, name="application_history"),
    path(
        "supplier/applications/<uuid:draft_id>/history/bring-back/",
        onboarding.bring_back,
        name="application_bring_back",
    ),
    path("supplier/applications/<uuid:draft_id>/discard/", onboarding.discard, name="application_discard"),
    path("supplier/applications/<uuid:draft_id>/restore/", onboarding.restore, name="application_restore"),
    path("supplier/applications/<uuid:draft_id>/<slug:name>/", onboarding.step, name="application_step"),
    path("supplier/listings/", listings.listings, name="listings"),
    path("supplier/listings/begin/", listings.start, name="listing_start"),
    path("supplier/listings/<int:listing_id>/", listings.listing, name="listing"),
    path("supplier/listings/<uuid:draft_id>/", listings.draft, name="listing_draft"),
    path("supplier/listings/<uuid:draft_id>/check/", listings.check, name="listing_check"),
    path("supplier/listings/<uuid:draft_id>/history/", listings.history, name="listing_history"),
    path("supplier/listings/<uuid:draft_id>/history/bring-back/", listings.bring_back, name="listing_bring_back"),
    path("supplier/listings/<uuid:draft_id>/discard/", listings.discard, name="listing_discard"),
    path("supplier/listings/<uuid:draft_id>/restore/", listings.restore, name="listing_restore"),
    path("supplier/listings/<uuid:draft_id>/<slug:name>/", listings.step, name="listing_step"),
    path("supplier/declaration/", declaring.declaration, name="declaration"),
    path("review/listings/", listing_review.listings, name="review_listings"),
    path("review/listings/<int:listing_id>/", listing_review.listing, name="review_listing"),
    path("review/applications/", moderation.applications, name="review_applications"),
    path("review/applications/<int:application_id>/", moderation.application, name="review_application"),
]

_market = [
    path("recalls/", recalls.recalls_page, name="recalls"),
    path("recalls/new/", recalls.new, name="new_recall"),
    path("recalls/<int:recall_id>/", recalls.recall, name="recall"),
    path("market/", market.market, name="market"),
    path("review/classes/", classes.classes, name="classes"),
    path("review/classes/<slug:code>/", classes.kind, name="class_kind"),
    path("review/market/", watch.board, name="watch"),
    path("review/market/demand/", demand.radar_page, name="watch_demand"),
    path("review/market/cells/", watch.cells, name="watch_cells"),
    path("review/market/cells/<int:cell_id>/invite/", watch.invite, name="invite"),
    path("review/market/signals/", watch.signals, name="watch_signals"),
    path("review/market/signals/<int:signal_id>/", watch.signal, name="watch_signal"),
    path("review/market/lowest-price/", watch.lowest_price, name="watch_lowest_price"),
    path("review/market/prices/", watch.dear, name="watch_prices"),
    path("review/market/prices/<int:flag_id>/", watch.price, name="watch_price"),
]

urlpatterns = [
    path("catalog/", include((_storefront, "catalogue"))),
    path("", include(([*_desk, *_market], "suppliers"))),
    path("account/", include(([path("measures/", measures.page, name="measures")], "fit"))),
]
