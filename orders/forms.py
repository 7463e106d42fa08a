"""Forms of the order pages. They shape what was typed; whether it is right is the services' matter.

The draft's forms carry the draft's own field names and never refuse: a half phone number is saved too.
"""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from marketplace import regions
from marketplace.form_fields import DatePartsField
from marketplace.forms import DraftForm
from marketplace.models import User

PROOFS = [
    ("signed_form", _("A signed form, kept at the office")),
    ("visit", _("The person is here")),
    ("call", _("A phone call to the number of the account")),
]


def _text(label: Any, *, hint: Any = "", area: bool = False, **attrs: Any) -> forms.CharField:
    widget = forms.Textarea(attrs={"rows": 3, **attrs}) if area else forms.TextInput(attrs=attrs)
    return forms.CharField(label=label, help_text=hint, required=False, strip=False, widget=widget)


class DeliveryForm(DraftForm):
    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.fields["delivery.region"] = forms.CharField(
            label=_("Region"),
            required=False,
            widget=forms.Select(choices=[("", "–"), *((row.code, row.name) for row in regions.listed())]),
        )
        self.fields["delivery.address"] = _text(
            _("Address"), hint=_("Town or village, street, house, flat."), autocomplete="address-line1"
        )
        self.fields["delivery.comment"] = _text(_("What should the courier know? (optional)"), area=True)


class ContactForm(DraftForm):
    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.fields["contact.name"] = _text(_("Whom should the courier call?"), autocomplete="name", spellcheck="false")
        self.fields["contact.phone"] = _text(
            _("Phone"),
            hint=_("For example, 8 701 000 00 01. The supplier sees it after confirming the order."),
            type="tel",
            autocomplete="tel",
            inputmode="tel",
            width=20,
        )
        self.fields["contact.channel"] = forms.CharField(
            label=_("How do we send you news?"),
            required=False,
            widget=forms.RadioSelect(choices=User.Channel.choices),
        )


class ConsentForm(DraftForm):
    """The office records how the person agreed; without it nothing is sent."""

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.fields["consent.proof"] = forms.CharField(
            label=_("How did the person agree?"), required=False, widget=forms.RadioSelect(choices=PROOFS)
        )
        self.fields["consent.date"] = DatePartsField(
            label=_("When?"), help_text=_("For example, 23 11 2026"), required=False
        )


class GoodsForm(DraftForm):
    """Packs of each line, and which offers to try next when the supplier declines."""

    def __init__(self, *args: Any, lines: dict[str, list[tuple[str, str]]], **kwargs: Any):
        super().__init__(*args, **kwargs)
        for key, others in lines.items():
            self.fields[f"line.{key}.quantity"] = _text(_("How many packs?"), inputmode="numeric", width=3)
            if others:
                self.fields[f"line.{key}.fallback"] = forms.MultipleChoiceField(
                    label=_("If the supplier declines, whom do we ask next?"),
                    help_text=_("We pass the order on by itself. You never pay more than now."),
                    required=False,
                    choices=others,
                    widget=forms.CheckboxSelectMultiple,
                )


# --- Steps of an order ------------------------------------------------------------------------------


class StepForm(forms.Form):
    """A step without questions. Several forms stand on one page, so ids carry the step's name."""

    def __init__(self, *args: Any, action: str, **kwargs: Any):
        super().__init__(*args, **{"auto_id": f"id_{action}_%s", **kwargs})
        self.action = action

    def arguments(self) -> dict[str, Any]:
        """What the service is given."""
        return dict(self.cleaned_data)


class ReasonForm(StepForm):
    """The service says whether a reason must be given."""

    reason = forms.CharField(label=_("Reason"), required=False, widget=forms.Textarea(attrs={"rows": 3}))


class RemarksForm(StepForm):
    reason = forms.CharField(label=_("What is wrong?"), required=False, widget=forms.Textarea(attrs={"rows": 3}))


class DeliverForm(StepForm):
    """The person's code, lot or serial numbers by line, a photo."""

    code = forms.CharField(
        label=_("Code of the person"),
        help_text=_("6 digits. The person tells them when she has got the goods."),
        required=False,
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off", "width": 10}),
    )

    def __init__(self, *args: Any, lines: dict[str, str], **kwargs: Any):
        super().__init__(*args, **kwargs)
        for key, title in lines.items():
            self.fields[f"lots.{key}"] = forms.CharField(
                label=_("Lot or serial number: %(product)s (optional)") % {"product": title},
                required=False,
                widget=forms.TextInput(attrs={"autocomplete": "off", "width": 20}),
            )
        self.fields["photo"] = forms.FileField(
            label=_("Photo of the goods (optional)"),
            required=False,
            widget=forms.FileInput(attrs={"accept": "image/jpeg,image/png,image/webp"}),
        )

    def arguments(self) -> dict[str, Any]:
        lots = {
            name.removeprefix("lots."): value
            for name, value in self.cleaned_data.items()
            if name.startswith("lots.") and value
        }
        return {"code": self.cleaned_data["code"], "lots": lots, "upload": self.cleaned_data["photo"]}
