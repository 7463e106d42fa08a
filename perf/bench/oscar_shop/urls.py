"""Oscar's addresses at the root, as its guide includes them; ``dbbrowse`` puts its list pages before them."""

from django.apps import apps
from django.conf import settings
from django.urls import include, path, re_path

urlpatterns = [
    path("i18n/", include("django.conf.urls.i18n")),
    path("", include(apps.get_app_config("oscar").urls[0])),
]

if settings.VARIANT == "dbbrowse":
    from perf.bench.oscar_shop.browsing import Catalogue, Category

    urlpatterns = [
        path("catalogue/", Catalogue.as_view()),
        re_path(r"^catalogue/category/(?P<category_slug>[\w-]+(/[\w-]+)*)_(?P<pk>\d+)/$", Category.as_view()),
        *urlpatterns,
    ]
