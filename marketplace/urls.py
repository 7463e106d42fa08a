"""Routes of the pages that belong to no desk; config/urls.py mounts the three lists."""

from allauth.account import views as allauth_views
from allauth.mfa.base import views as allauth_mfa_views
from django.urls import path

from marketplace import demo as demonstration
from marketplace import policy, styleguide, vision
from marketplace.views import (
    account,
    calendar_days,
    demo,
    device,
    emergency,
    files,
    hand_over,
    home,
    mirror,
    places,
    rulebook,
    second_factor,
    sessions,
    sign_in,
    status,
)

app_name = "marketplace"

# Under the prefix of the language.
urlpatterns = [
    path("", home.home, name="home"),
    path("calls/<int:notice_id>/told/", home.told, name="told"),
    path("account/", account.account, name="account"),
    path("account/data/", account.own_data, name="own_data"),
    path("account/data/file/", account.own_data_file, name="own_data_file"),
    path("emergency/", emergency.listed, name="emergency"),
    path("emergency/<int:access_id>/", emergency.look, name="emergency_look"),
    path("emergency/<int:access_id>/decide/", emergency.decide, name="emergency_decide"),
    path("vision/", vision.vision_settings, name="vision"),
    path("life/<slug:slug>/", places.situation, name="life"),
    path("map/", places.office_map, name="map"),
    path("status/", status.status, name="status"),
    path("offline/", device.shell, name="offline"),
    path("offline/<slug:name>/", device.shell, name="offline_form"),
    path("shared-computer/", device.shared_computer, name="shared_computer"),
    path("shared-computer/finish/", device.finish, name="finish"),
    path("shared-computer/finished/", device.finished, name="finished"),
    path("shared-computer/still-here/", device.still_here, name="still_here"),
    path("drafts/continue/", hand_over.continue_by_code, name="continue"),
    path("drafts/<uuid:draft_id>/help/", hand_over.help_page, name="help"),
    path("drafts/<uuid:draft_id>/help/stop/", hand_over.stop, name="help_stop"),
    path("drafts/<uuid:draft_id>/screen/", mirror.screen, name="screen"),
    path("drafts/<uuid:draft_id>/screen/close/", mirror.close, name="screen_close"),
    path("mirror/", mirror.second, name="mirror"),
    path("review/rules/", rulebook.index, name="rules"),
    path("review/rules/<str:code>/", rulebook.rule, name="rule"),
    path("review/calendar/", calendar_days.index, name="calendar"),
    path("review/calendar/add/", calendar_days.add, name="calendar_add"),
    path("review/calendar/<int:day_id>/strike/", calendar_days.strike, name="calendar_strike"),
    path("mirror/confirm/", mirror.confirm, name="mirror_confirm"),
    path("demo/outbox/", demo.outbox, name="demo_outbox"),
    path("demo/components/", styleguide.styleguide, name="components"),
]

# Sign-in under the prefix of the language, by allauth's names; its other pages have no route here.
account_urlpatterns = [
    path(
        "account/login/",
        policy.anyone(allauth_views.LoginView.as_view(extra_context={"demonstration": demonstration.accounts})),
        name="account_login",
    ),
    path("account/login/sms/", sign_in.ask_code, name="sign_in_code_ask"),
    path("account/login/sms/code/", sign_in.enter_code, name="sign_in_code"),
    path("account/login/signature/", sign_in.by_signature, name="sign_in_signature"),
    path("account/login/signature/text/", sign_in.signature_text, name="sign_in_signature_text"),
    path("account/logout/", device.sign_out, name="account_logout"),
    path("account/password/change/", account.change_password, name="account_change_password"),
    path("account/password/help/", account.password_help, name="account_reset_password"),
    path("account/sessions/", sessions.index, name="sessions"),
    path("account/sessions/end/", sessions.end_others, name="sessions_end_others"),
    path("account/sessions/<int:session_id>/end/", sessions.end, name="session_end"),
    path(
        "account/again/",
        policy.before_second_factor(policy.own_account(allauth_views.reauthenticate)),
        name="account_reauthenticate",
    ),
    path("account/code/", policy.anyone(allauth_mfa_views.authenticate), name="mfa_authenticate"),
    path("account/code/again/", policy.own_account(allauth_mfa_views.reauthenticate), name="mfa_reauthenticate"),
    path("account/second-step/", second_factor.index, name="mfa_index"),
    path("account/second-step/app/", second_factor.set_up_app, name="mfa_activate_totp"),
    path("account/second-step/key/", second_factor.add_key, name="mfa_add_webauthn"),
    path("account/second-step/codes/", second_factor.new_codes, name="mfa_generate_recovery_codes"),
    path("account/second-step/<int:factor_id>/remove/", second_factor.remove, name="second_factor_remove"),
    path("account/second-step/reset/", second_factor.reset, name="second_factor_reset"),
]

# Without a language.
plain_urlpatterns = [
    path("", home.root, name="root"),
    path("sw.js", device.service_worker, name="service_worker"),
    path("files/<uuid:file_id>/", files.stored_file, name="stored_file"),
    path("files/<uuid:file_id>/small/", files.small_file, name="small_file"),
    path("files/<uuid:file_id>/medium/", files.medium_file, name="medium_file"),
    path("healthz/live", status.live, name="live"),
    path("healthz/ready", status.ready, name="ready"),
    path("metrics", status.metrics, name="metrics"),
    path("pace", status.pace, name="pace"),
]
