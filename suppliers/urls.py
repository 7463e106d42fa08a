"""Routes of the market: the storefront under ``catalog/``, the supplier's own offers under ``supplier/``.

The storefront's namespace is Oscar's: ``get_absolute_url`` of products and categories asks for its names.
"""

from django.urls import include, path

from suppliers.views import desk, storefront

_storefront = [
    path("", storefront.index, name="index"),
    path("search/", storefront.results, name="search"),
    path("compare/", storefront.compare, name="compare"),
    path("suppliers/<slug:code>/", storefront.supplier, name="supplier"),
    path("shelves/<path:category_slug>_<int:pk>/", storefront.shelf, name="category"),
    path("<slug:product_slug>_<int:pk>/", storefront.product, name="detail"),
    path("<slug:code>/", storefront.product_type, name="type"),
]
_desk = [
    path("offers/", desk.own_offers, name="offers"),
    path("offers/<int:offer_id>/", desk.change_offer, name="change_offer"),
]

urlpatterns = [
    path("catalog/", include((_storefront, "catalogue"))),
    path("supplier/", include((_desk, "suppliers"))),
]
