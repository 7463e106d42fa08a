"""Forms of a supplier's application: its steps over the draft, the account, and the words of a decision."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from catalog import types
from marketplace import regions
from marketplace.form_fields import DatePartsField
from marketplace.forms import EMPTY, DraftForm
from marketplace.rules import in_language
from suppliers.onboarding import answers, words

_CONTACT: dict[str, dict[str, Any]] = {
    "contact.name": {"autocomplete": "name", "spellcheck": "false"},
    "contact.phone": {"type": "tel", "autocomplete": "tel", "inputmode": "tel", "width": 20},
    "contact.email": {"type": "email", "autocomplete": "email", "spellcheck": "false", "width": 30},
}
_HINTS = {
    "bin": _("12 digits, as in the certificate of registration. An individual entrepreneur has none."),
    "iin": _("12 digits. It is kept encrypted, everybody sees the last four digits only."),
    "name": _("As in the certificate of registration."),
    "address": _("Town, street, house. People see it."),
    "contact.email": _("We write to it about your application."),
}


def _text(name: str, **attrs: Any) -> forms.CharField:
    widget = forms.Textarea(attrs={"rows": 3}) if name == "about" else forms.TextInput(attrs=attrs)
    return forms.CharField(
        label=words.LABELS[name], help_text=_HINTS.get(name, ""), required=False, strip=False, widget=widget
    )


class BusinessForm(DraftForm):
    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.fields["bin"] = _text("bin", inputmode="numeric", autocomplete="off", width=20)
        self.fields["iin"] = _text("iin", inputmode="numeric", autocomplete="off", width=20)
        for name in ("name", "address"):
            self.fields[name] = _text(name)
        self.fields["home_region"] = forms.CharField(
            label=words.LABELS["home_region"],
            required=False,
            widget=forms.Select(choices=[EMPTY, *((row.code, row.name) for row in regions.listed())]),
        )
        for name, attrs in _CONTACT.items():
            self.fields[name] = _text(name, **attrs)
        self.fields["about"] = _text("about")


class GoodsForm(DraftForm):
    """Regions, then a list of boxes for each shelf."""

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.fields["regions"] = _boxes(words.LABELS["regions"], [(row.code, row.name) for row in regions.listed()])
        for shelf in types.book().shelves:
            if shelf.types:
                listed = [(row.code, row.name) for row in shelf.types]
                self.fields[f"types.{shelf.code}"] = _boxes(shelf.name, listed)


def _boxes(label: Any, choices: list[tuple[str, str]]) -> forms.MultipleChoiceField:
    return forms.MultipleChoiceField(label=label, required=False, choices=choices, widget=forms.CheckboxSelectMultiple)


class LicenceForm(DraftForm):
    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.fields["licence.number"] = _text("licence.number", width=20)
        self.fields["licence.until"] = DatePartsField(
            label=words.LABELS["licence.until"], help_text=_("For example, 31 12 2027"), required=False
        )


class PapersForm(DraftForm):
    """What the supplier declares; the documents are photos beside it."""

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.fields |= declaration_boxes()


def declaration_boxes() -> dict[str, forms.Field]:
    """A box for each declaration of the rule."""
    return {
        f"declare.{item['code']}": forms.BooleanField(label=in_language(item["name"]), required=False)
        for item in answers.declarations()
    }


class JoinForm(forms.Form):
    """An account; the service judges what was typed."""

    full_name = forms.CharField(
        label=_("Your name"), required=False, widget=forms.TextInput(attrs={"autocomplete": "name"})
    )
    email = forms.CharField(
        label=_("E-mail"),
        help_text=_("It is your user name. We write to it about your application."),
        required=False,
        widget=forms.TextInput(attrs={"type": "email", "autocomplete": "username", "spellcheck": "false", "width": 30}),
    )
    phone = forms.CharField(
        label=_("Phone"),
        help_text=_("For example 8 701 000 00 01."),
        required=False,
        widget=forms.TextInput(attrs={"type": "tel", "autocomplete": "tel", "inputmode": "tel", "width": 20}),
    )
    password = forms.CharField(
        label=_("Password"),
        help_text=_("At least 10 characters, for example three words."),
        required=False,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password", "width": 20}),
    )


class WordsForm(forms.Form):
    """Words of one step; several such forms stand on a page, so ids carry the step's name."""

    text = forms.CharField(required=False, widget=forms.Textarea(attrs={"rows": 3}))

    def __init__(
        self, *args: Any, action: str, label: Any, reasons: list[tuple[str, str]] | None = None, **kwargs: Any
    ):
        super().__init__(*args, **{"auto_id": f"id_{action}_%s", **kwargs})
        self.action = action
        self.fields["text"].label = label
        if reasons:
            box = forms.CharField(label=_("Reason"), required=False, widget=forms.Select(choices=[EMPTY, *reasons]))
            self.fields = {"reason": box, **self.fields}


class DeclarationForm(forms.Form):
    """The yearly declaration: contact that may have changed, and the same boxes as in the application."""

    address = forms.CharField(label=_("Address"), required=False, widget=forms.TextInput())
    phone = forms.CharField(
        label=_("Phone"), required=False,
        widget=forms.TextInput(attrs={"type": "tel", "autocomplete": "tel", "inputmode": "tel", "width": 20}),
    )  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.fields |= declaration_boxes()

    def declared(self) -> list[str]:
        """Codes of what is ticked."""
        return [
            name.removeprefix("declare.")
            for name, ticked in self.cleaned_data.items()
            if name.startswith("declare.") and ticked
        ]
