"""Forms of the pages that belong to no desk."""

import base64
from collections.abc import Iterable
from typing import Any

import phonenumbers
from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from marketplace.context import LANGUAGE_NAMES
from marketplace.errors import FieldError, Invalid
from marketplace.models import User
from marketplace.signatures import MOST_BYTES


def add_errors(form: forms.Form, error: Invalid, rename: dict[str, str] | None = None) -> None:
    """Put a service's field errors at the form's fields; what has no field stands at the top."""
    for item in error.errors:
        name = (rename or {}).get(item.field, item.field)
        if name in form.errors:
            continue  # the form has said so itself
        form.add_error(name if name in form.fields else None, str(item.message))


# The first choice where a person may leave a list alone.
EMPTY: tuple[str, Any] = ("", "–")


def offer(form: forms.Form, name: str, choices: Iterable[tuple[str, Any]]) -> None:
    """Give a choice field what can be chosen."""
    field = form.fields[name]
    assert isinstance(field, forms.ChoiceField)
    field.choices = list(choices)


def parse_phone(text: str) -> str:
    """``8 701 000 00 01`` and ``+7 (701) 000-00-01`` → ``+77010000001``; ValidationError when it is none."""
    try:
        number = phonenumbers.parse(text, "KZ")
    except phonenumbers.NumberParseException:
        number = None
    if number is None or not phonenumbers.is_possible_number(number):
        raise ValidationError(_("Enter a phone number, for example 8 701 000 00 01."), code="phone")
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


class ContactForm(forms.Form):
    """How notices reach a person; the chosen way needs its address."""

    channel = forms.ChoiceField(
        label=_("How do we reach you?"),
        choices=User.Channel.choices,
        widget=forms.RadioSelect,
        error_messages={"required": _("Choose how we reach you.")},
    )
    phone = forms.CharField(
        label=_("Phone"),
        help_text=_("For SMS and calls, for example 8 701 000 00 01."),
        max_length=40,
        required=False,
        widget=forms.TextInput(attrs={"type": "tel", "autocomplete": "tel", "inputmode": "tel", "width": 20}),
    )
    email = forms.EmailField(
        label=_("E-mail"),
        max_length=254,
        required=False,
        widget=forms.EmailInput(attrs={"autocomplete": "email", "spellcheck": "false", "width": 30}),
        error_messages={"invalid": _("Enter an e-mail address, for example aigul@example.kz.")},
    )
    language = forms.ChoiceField(
        label=_("Language of our messages"),
        choices=[(code, LANGUAGE_NAMES[code]) for code, _name in settings.LANGUAGES],
        widget=forms.RadioSelect,
        error_messages={"required": _("Choose a language.")},
    )

    def clean_phone(self) -> str:
        text = self.cleaned_data["phone"].strip()
        return parse_phone(text) if text else ""

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        channel = data.get("channel")
        if channel in {User.Channel.SMS, User.Channel.CALL} and not data.get("phone") and "phone" not in self.errors:
            self.add_error("phone", ValidationError(_("Enter your phone: you want to be reached by it.")))
        if channel == User.Channel.EMAIL and not data.get("email") and "email" not in self.errors:
            self.add_error("email", ValidationError(_("Enter your e-mail: you want to be reached by it.")))
        return data


class DraftForm(forms.Form):
    """A step of a draft: field versions for the form without JavaScript, and open questions at the fields."""

    versions: dict[str, int]
    conflicts: dict[str, dict[str, Any]]

    def put_errors(self, errors: Iterable[FieldError]) -> None:
        """Errors of this step's fields; the form must be bound."""
        for error in errors:
            if error.field in self.fields and str(error.message) not in self.errors.get(error.field, []):
                self.add_error(error.field, str(error.message))


class CodeForm(forms.Form):
    """Six digits that somebody says or shows; how they are grouped does not matter."""

    code = forms.CharField(
        label=_("Code of 6 digits"),
        help_text=_("For example, 123 456."),
        max_length=20,
        error_messages={"required": _("Enter the 6 digits of the code, for example 123 456.")},
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off", "width": 10}),
    )


class SecurityKeyForm(forms.Form):
    """The name that the person gives a key, and the key's answer, which the script puts in."""

    name = forms.CharField(
        label=_("What do you call this key?"),
        help_text=_("For example, key on the key ring."),
        max_length=60,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off", "width": 20}),
    )
    credential = forms.JSONField(
        widget=forms.HiddenInput,
        error_messages={"required": _("The key gave no answer. Press the button, then touch the key.")},
    )


class SecondFactorResetForm(forms.Form):
    """Whose second step goes, and how the administrator knows that it is that person."""

    username = forms.CharField(
        label=_("User name"),
        max_length=150,
        error_messages={"required": _("Enter the user name.")},
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false", "width": 20}),
    )
    reason = forms.CharField(
        label=_("How do you know that it is this person?"),
        help_text=_("For example, came with the identity card; the head of the office called."),
        max_length=300,
        error_messages={"required": _("Say how you know that it is this person.")},
        widget=forms.Textarea(attrs={"rows": 3}),
    )


class WhoForm(forms.Form):
    """Who wants a code."""

    name = forms.CharField(
        label=_("User name or IIN"),
        max_length=150,
        error_messages={"required": _("Enter your user name or your IIN.")},
        widget=forms.TextInput(
            attrs={"autocomplete": "username", "spellcheck": "false", "autocapitalize": "none", "width": 20}
        ),
    )


# For csp_update of the pages with this form: the signing program on the person's own computer. No other page talks to it.
NCALAYER = {"connect-src": ["'self'", "wss://127.0.0.1:13579"]}


class SignatureForm(forms.Form):
    """A signature as the signing program's file, or put in by the script that talks to NCALayer."""

    file = forms.FileField(
        label=_("File with the signature"),
        help_text=_("Your signing program made it, for example .cms, .p7s or .sig."),
        required=False,
    )
    signature = forms.CharField(widget=forms.HiddenInput, required=False, max_length=2 * MOST_BYTES)

    def clean(self) -> dict[str, Any]:
        """``cms``: the signature in DER, whether it came as DER, PEM or base64."""
        data = super().clean() or self.cleaned_data
        file = data.get("file")
        given = file.read(2 * MOST_BYTES) if file else data.get("signature", "").encode()
        if not given:
            self.add_error("file", ValidationError(_("Choose the file with the signature.")))
            return data
        data["cms"] = as_der(given)
        return data


def as_der(given: bytes) -> bytes:
    """DER out of DER, PEM or base64; what is none of them stays as it is and proves nothing."""
    if given[:1] == b"\x30":
        return given
    lines = [
        line for line in given.split() if not line.startswith((b"-----", b"BEGIN", b"END", b"CMS-----", b"PKCS7-----"))
    ]
    try:
        return base64.b64decode(b"".join(lines), validate=True)
    except ValueError:
        return given
