"""Sign-in through allauth: nobody signs up by themselves, accounts come from the offices.

allauth has no Kazakh texts: every text of the pages that can be reached is our own.
"""

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.forms import ChangePasswordForm as AllauthChangePasswordForm
from allauth.account.forms import LoginForm as AllauthLoginForm
from django import forms
from django.contrib.auth.password_validation import password_validators_help_texts
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import resolve_url
from django.utils.functional import lazy
from django.utils.translation import gettext_lazy as _

from marketplace import local_copies
from marketplace.limits import Limit, Tries

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
        return data
