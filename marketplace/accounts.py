"""Sign-in through allauth: nobody signs up by themselves, accounts come from the offices.

allauth has no Kazakh texts: every text of the pages that can be reached is our own.
"""

import time
from typing import Any

import structlog
from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.forms import ChangePasswordForm as AllauthChangePasswordForm
from allauth.account.forms import LoginForm as AllauthLoginForm
from allauth.account.forms import ReauthenticateForm as AllauthReauthenticateForm
from allauth.account.internal.flows.login import get_authentication_records
from allauth.core import context
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.base.forms import AuthenticateForm as AllauthAuthenticateForm
from allauth.mfa.base.internal.flows import post_authentication
from allauth.mfa.models import Authenticator
from django import forms
from django.conf import settings
from django.contrib.auth.password_validation import password_validators_help_texts
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import resolve_url
from django.urls import reverse
from django.utils.functional import lazy
from django.utils.translation import gettext_lazy as _

from marketplace import crypto, known_browsers, local_copies, second_factor, sessions
from marketplace.errors import TooManyTries
from marketplace.limits import Limit, Tries
from marketplace.models import User

log = structlog.get_logger(__name__)

# An office, a library or a mobile network has one address for many people.
WRONG_PASSWORDS = Limit("wrong-passwords", most=5, seconds=300)
WRONG_PASSWORDS_OF_ADDRESS = Limit("wrong-passwords-of-address", most=60, seconds=60)

_password_rules = lazy(lambda: " ".join(password_validators_help_texts()), str)


class AccountAdapter(DefaultAccountAdapter):
    error_messages = DefaultAccountAdapter.error_messages | {
        "username_password_mismatch": _("The user name or the password is not right. Check both and try again."),
        "too_many_login_attempts": _("Too many wrong passwords. Wait five minutes, then try again."),
        "enter_current_password": _("This is not your current password. Type it again."),
    }

    def get_client_ip(self, request: HttpRequest) -> str:
        # Behind a unix socket there is no address but the one that a trusted proxy names (PROXIES).
        try:
            return super().get_client_ip(request)
        except PermissionDenied:
            return "unknown"

    def pre_authenticate(self, request: HttpRequest, **credentials: str) -> None:
        # Instead of allauth's own counts: those are taken under a lock, and a busy portal told people who
        # waited a second for it that they had guessed too often. By name and address together: by the name
        # alone, five wrong guesses would lock a citizen out.
        address, name = self.get_client_ip(request), credentials.get("username", "").lower()
        self._login_failed_rl_usage = Tries(
            [(WRONG_PASSWORDS, f"{address} {name}"), (WRONG_PASSWORDS_OF_ADDRESS, address)]
        )
        if not self._login_failed_rl_usage.allowed():
            raise self.validation_error("too_many_login_attempts")

    def authentication_failed(self, request: HttpRequest, **credentials: Any) -> None:
        # Who was meant can be compared, not read: names may be personal numbers.
        name = crypto.digest("sign-in", str(credentials.get("username", "")).lower()).hex()[:16]
        log.warning("sign_in_refused", account=name)

    def login(self, request: HttpRequest, user: User) -> None:
        super().login(request, user)
        ways = [record["method"] for record in get_authentication_records(request, user)]
        sessions.begin(request, user, by="+".join(dict.fromkeys(ways)) or "unknown")

    def post_login(self, request: HttpRequest, user: User, **options: Any) -> HttpResponse:
        response: HttpResponse = super().post_login(request, user, **options)
        known_browsers.remember(request, response, user)
        return response

    def set_password(self, user: User, password: str) -> None:
        # Whoever changes it because somebody else knows it wants that somebody out, now.
        with transaction.atomic(durable=True):
            user.password_given = False
            super().set_password(user, password)
            here = sessions.here(self.request)
            stored = sessions.end_all(user_id=user.pk, actor=user, because="password", keep=here)
        user.session_epoch = stored.session_epoch
        sessions.keep_here(self.request)

    def is_reauthentication_required(self, *, app: str, **options: Any) -> bool:
        """Not within five minutes of a sign-in: it would ask for what was typed a moment ago."""
        request = self.request
        records = get_authentication_records(request, request.user)
        return not records or time.time() - records[-1]["at"] > settings.ACCOUNT_REAUTHENTICATION_TIMEOUT

    def get_reauthentication_methods(self, user: User) -> list[dict[str, Any]]:
        """A code where the person can type one, else the password; never a choice between strong and weak."""
        if not user.is_authenticated:
            return []
        if Authenticator.objects.filter(user=user, type__in=second_factor.TYPED).exists():
            return [{"id": "mfa_reauthenticate", "url": reverse("mfa_reauthenticate")}]
        if user.has_usable_password():
            return [{"id": "reauthenticate", "url": reverse("account_reauthenticate")}]
        return []

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def get_password_change_redirect_url(self, request: HttpRequest) -> str:
        return resolve_url("marketplace:account")


def _without_placeholders(form: forms.Form) -> None:
    for field in form.fields.values():
        field.widget.attrs.pop("placeholder", None)


class LoginForm(AllauthLoginForm):
    """User name and password; paste and password managers are welcome, no puzzles. And whose computer this is."""

    shared = forms.BooleanField(
        label=_("This is a shared computer: keep nothing here"),
        help_text=_("For example in a library or at a service centre."),
        required=False,
    )

    def __init__(self, *args: object, **kwargs: object):
        super().__init__(*args, **kwargs)
        self.fields["shared"].initial = self.request is not None and local_copies.is_shared(self.request)
        login, password = self.fields["login"], self.fields["password"]
        login.label, password.label, password.help_text = _("User name"), _("Password"), ""
        login.error_messages["required"] = _("Enter your user name.")
        password.error_messages["required"] = _("Enter your password.")
        login.widget.attrs |= {"spellcheck": "false", "autocapitalize": "none"}
        _without_placeholders(self)

    def login(self, request: HttpRequest, redirect_url: str | None = None) -> HttpResponse:
        response = super().login(request, redirect_url=redirect_url)
        shared = self.cleaned_data["shared"]
        if shared or local_copies.is_shared(request):
            local_copies.set_shared(request, response, shared=shared)
        return response


class ChangePasswordForm(AllauthChangePasswordForm):
    """The current password once, the new one twice."""

    def __init__(self, *args: object, **kwargs: object):
        super().__init__(*args, **kwargs)
        labels = {
            "oldpassword": (_("Current password"), _("Enter your current password."), ""),
            "password1": (_("New password"), _("Enter a new password."), _password_rules()),
            "password2": (_("New password once more"), _("Enter the new password once more."), ""),
        }
        for name, (label, required, hint) in labels.items():
            field = self.fields[name]
            field.label, field.help_text = label, hint
            field.error_messages["required"] = required
        _without_placeholders(self)

    def clean(self) -> dict[str, object]:
        # allauth says the same in a language that may not be the reader's.
        data = forms.Form.clean(self) or self.cleaned_data
        first, second = data.get("password1"), data.get("password2")
        if first and second and first != second:
            self.add_error("password2", ValidationError(_("The two new passwords differ. Type both again.")))
        elif first and first == data.get("oldpassword"):
            self.add_error("password1", ValidationError(_("This is your current password. Choose another one.")))
        return data


class ReauthenticateForm(AllauthReauthenticateForm):
    """The password once more, before something that a stolen session must not do."""

    def __init__(self, *args: object, **kwargs: object):
        super().__init__(*args, **kwargs)
        password = self.fields["password"]
        password.label, password.error_messages["required"] = _("Password"), _("Enter your password.")
        _without_placeholders(self)


# --- The second step -------------------------------------------------------------------------------


class SecondFactorAdapter(DefaultMFAAdapter):
    """What allauth keeps of a factor is sealed for its person."""

    def encrypt(self, text: str) -> str:
        return second_factor.seal(text)

    def decrypt(self, encrypted_text: str) -> str:
        return second_factor.unseal(encrypted_text)

    def get_totp_label(self, user: User) -> str:
        return user.username

    def get_public_key_credential_user_entity(self, user: User) -> dict[str, Any]:
        # What the key itself remembers: a random-looking number and the name, which its owner typed to come here.
        mark = crypto.digest("security-key", str(user.pk))[:16]
        return {"id": mark, "display_name": user.username, "name": user.username}

    def _get_site_name(self) -> str:
        return str(_("Tirek"))


class SecondStepForm(AllauthAuthenticateForm):
    """The code of the app, or one of the ten codes on paper."""

    def __init__(self, *args: object, **kwargs: object):
        super().__init__(*args, **kwargs)
        code = self.fields["code"]
        code.label = _("Code")
        code.help_text = _("6 digits from the app, or one of the codes that you wrote down.")
        code.error_messages["required"] = _("Enter the code.")
        code.widget.attrs |= {"inputmode": "numeric", "autocomplete": "one-time-code", "width": 10}
        _without_placeholders(self)

    def clean_code(self) -> str:
        try:
            found = second_factor.check_code(user_id=self.user.pk, code=self.cleaned_data["code"])
        except TooManyTries as error:
            raise ValidationError(error.message, code="too_many_tries") from None
        if found is None:
            raise ValidationError(second_factor.WrongCode.message, code="wrong_code")
        self.authenticator = found
        return str(self.cleaned_data["code"])


class SecondStepAgainForm(SecondStepForm):
    """The same, before something that a stolen session must not do."""

    def save(self) -> None:
        post_authentication(context.request, self.authenticator, reauthenticated=True)
