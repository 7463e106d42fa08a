"""The second step of sign-in: what a person has, setting it up, taking it away; and the administrator's reset."""

import json
from typing import Any

import segno
from allauth.account.decorators import reauthentication_required
from allauth.mfa.adapter import get_adapter
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import generate_totp_secret
from allauth.mfa.webauthn.internal import auth as webauthn
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from marketplace import policy, second_factor
from marketplace.errors import DomainError, Invalid
from marketplace.forms import CodeForm, SecondFactorResetForm, SecurityKeyForm, add_errors
from marketplace.models import Role

SECRET_NAME = "second_factor_secret"  # noqa: S105  # nosec B105  # a place in the session, where the secret waits sealed


@policy.before_second_factor
@policy.own_account
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """What the person has, and what can be added; where somebody is led who must have one and has none."""
    user = request.user
    rows = list(second_factor.of(user.pk))
    context = {
        "app": next((row for row in rows if row.type == Authenticator.Type.TOTP), None),
        "keys": [row for row in rows if row.type == Authenticator.Type.WEBAUTHN],
        "codes_left": second_factor.codes_left(user.pk) if rows else 0,
        "owed": not rows and second_factor.must_have(user.role),
    }
    return render(request, "account/second_factor.html", context)


@policy.before_second_factor
@policy.own_account
@require_http_methods(["GET", "HEAD", "POST"])
@reauthentication_required(app="allauth.mfa")
def set_up_app(request: HttpRequest) -> HttpResponse:
    """Shows the secret as a picture and in letters; a code proves that the app has it."""
    user = request.user
    secret = _waiting_secret(request)
    form = CodeForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            codes = second_factor.set_up_app(user_id=user.pk, secret=secret, code=form.cleaned_data["code"])
        except Invalid as error:
            add_errors(form, error)
        except DomainError as error:
            messages.warning(request, str(error))
            return redirect("mfa_index")
        else:
            del request.session[SECRET_NAME]
            return _done(request, codes, _("The app is set up. From now on we ask for its code when you sign in."))
    address = get_adapter().build_totp_url(user, secret)
    context = {
        "form": form,
        "address": address,
        "picture": segno.make_qr(address, error="m").svg_data_uri(scale=5, border=4, dark="#000", light="#fff"),
        "letters": " ".join(secret[start : start + 4] for start in range(0, len(secret), 4)),
    }
    return render(request, "account/second_factor_app.html", context)


@policy.before_second_factor
@policy.own_account
@require_http_methods(["GET", "HEAD", "POST"])
@reauthentication_required(app="allauth.mfa")
def add_key(request: HttpRequest) -> HttpResponse:
    """A security key, or the fingerprint of this device: the browser's script asks it, we check its answer."""
    user = request.user
    form = SecurityKeyForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        credential = form.cleaned_data["credential"]
        try:
            webauthn.parse_registration_response(credential)
            webauthn.complete_registration(credential)
        except (ValidationError, ValueError, KeyError):
            form.add_error(None, _("The key gave no valid answer. Try again."))
        else:
            codes = second_factor.add_key(user_id=user.pk, name=form.cleaned_data["name"], credential=credential)
            return _done(request, codes, _("The key is added. From now on we ask for it when you sign in."))
    with second_factor.sealed_for(user.pk):
        options = webauthn.begin_registration(user, passwordless=False)
    return render(request, "account/second_factor_key.html", {"form": form, "options": _plain(options)})


@policy.before_second_factor
@policy.own_account
@require_POST
@reauthentication_required(app="allauth.mfa")
def remove(request: HttpRequest, factor_id: int) -> HttpResponse:
    """Takes an app or a key away."""
    second_factor.remove(user_id=request.user.pk, factor_id=factor_id)
    request.session.pop(second_factor.SESSION_NAME, None)
    messages.success(request, _("Removed."))
    return redirect("mfa_index")


@policy.own_account
@require_http_methods(["GET", "HEAD", "POST"])
@reauthentication_required(app="allauth.mfa")
def new_codes(request: HttpRequest) -> HttpResponse:
    """Ten new codes, shown in this one answer."""
    if request.method != "POST":
        return redirect("mfa_index")
    return _done(request, second_factor.new_codes(user_id=request.user.pk), _("The old codes work no more."))


@policy.only(Role.ADMIN, act=[Role.ADMIN])
@sensitive_post_parameters("reason")
@require_http_methods(["GET", "HEAD", "POST"])
@reauthentication_required(app="allauth.mfa", allow_get=True)
def reset(request: HttpRequest) -> HttpResponse:
    """Somebody lost the phone and the codes: an administrator who knows that it is she takes her factors away."""
    form = SecondFactorResetForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            user = second_factor.reset(actor=request.user, **form.cleaned_data)
        except Invalid as error:
            add_errors(form, error)
        else:
            messages.success(
                request, _("%(name)s sets up a new second step at the next sign-in.") % {"name": user.username}
            )
            return redirect("second_factor_reset")
    return render(request, "account/second_factor_reset.html", {"form": form})


def _done(request: HttpRequest, codes: list[str], text: str) -> HttpResponse:
    """Codes are shown in the answer itself: no address gives them a second time."""
    if not codes:
        messages.success(request, text)
        return redirect("mfa_index")
    return render(request, "account/second_factor_codes.html", {"codes": codes, "text": text})


def _waiting_secret(request: HttpRequest) -> str:
    """The secret that this session offers; a page that is opened again offers the same, so that a wrong code costs nothing."""
    with second_factor.sealed_for(request.user.pk):
        if SECRET_NAME not in request.session:
            request.session[SECRET_NAME] = second_factor.seal(generate_totp_secret())
        return second_factor.unseal(request.session[SECRET_NAME])


def _plain(options: Any) -> Any:
    """What fido2 makes, as plain data for the page."""
    return json.loads(json.dumps(options, default=dict))
