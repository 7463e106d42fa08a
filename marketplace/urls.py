"""Routes of the pages that belong to no desk; config/urls.py mounts the three lists."""

from allauth.account import views as allauth_views
from django.urls import path

from marketplace import demo as demonstration
from marketplace import styleguide, vision
from marketplace.views import account, demo, files, home, places, status

app_name = "marketplace"

# Under the prefix of the language.
urlpatterns = [
    path("", home.home, name="home"),
    path("calls/<int:notice_id>/told/", home.told, name="told"),
    path("account/", account.account, name="account"),
    path("vision/", vision.vision_settings, name="vision"),
    path("life/<slug:slug>/", places.situation, name="life"),
    path("map/", places.office_map, name="map"),
    path("status/", status.status, name="status"),
    path("demo/outbox/", demo.outbox, name="demo_outbox"),
    path("demo/components/", styleguide.styleguide, name="components"),
]

# Sign-in under the prefix of the language, by allauth's names; its other pages have no route here.
account_urlpatterns = [
    path(
        "account/login/",
        allauth_views.LoginView.as_view(extra_context={"demonstration": demonstration.accounts}),
        name="account_login",
    ),
    path("account/logout/", allauth_views.logout, name="account_logout"),
    path("account/password/change/", allauth_views.password_change, name="account_change_password"),
    path("account/password/help/", account.password_help, name="account_reset_password"),
]

# Without a language.
plain_urlpatterns = [
    path("", home.root, name="root"),
    path("files/<uuid:file_id>/", files.stored_file, name="stored_file"),
    path("healthz/live", status.live, name="live"),
    path("healthz/ready", status.ready, name="ready"),
    path("metrics", status.metrics, name="metrics"),
]
