"""Forms of the order pages. They shape what was typed; whether it is right is the services' matter.

The draft's forms carry the draft's own field names and never refuse: a half phone number is saved too.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from django import forms
from django.forms import BoundField
from django.utils.translation import gettext_lazy as _

from marketplace import regions
from marketplace.errors import FieldError
from marketplace.form_fields import DatePartsField
from marketplace.forms import DraftForm
from marketplace.models import User
from orders.draft_fields import RANKS
from orders.fits import Fitting
from orders.goods_words import PARTS, PLACES

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
    """Packs of each line, whom to ask next when the supplier declines, and a wish for the fitting.

    ``fitting`` says what fits; ``lines``: by key, the offers that may be asked next; ``places``: how many of them a person may name;
    ``fittings``: the lines that are made to measure; ``asked_whole``: those whose list as a whole two people answered
    differently, which is settled as a whole.
    """

    fitting: Fitting

    def __init__(
        self,
        *args: Any,
        lines: Mapping[str, Sequence[tuple[str, str]]],
        places: int = 0,
        fittings: Collection[str] = (),
        asked_whole: Collection[str] = (),
        **kwargs: Any,
    ):
        super().__init__(*args, **kwargs)
        for key, others in lines.items():
            self.fields[f"line.{key}.quantity"] = _text(_("How many packs?"), inputmode="numeric", width=3)
            if key in fittings:
                self.fields[f"line.{key}.fitting"] = _text(
                    PARTS["fitting"],
                    hint=_("For example: at home, on weekdays after 15:00. The supplier arranges the day with you."),
                    area=True,
                )
            if key in asked_whole:
                self.fields[f"line.{key}.fallback"] = forms.MultipleChoiceField(
                    label=PARTS["fallback"], required=False, choices=others, widget=forms.CheckboxSelectMultiple
                )
            for place in range(min(places, len(others))):
                self.fields[f"line.{key}.{RANKS[place]}"] = forms.CharField(
                    label=PLACES[place],
                    help_text="" if place else _("We pass the order on by itself. You never pay more than now."),
                    required=False,
                    widget=forms.Select(choices=[("", _("Nobody")), *others]),
                )

    def ranks(self, key: str) -> list[BoundField]:
        """The boxes of a line's next offers, the first one to be asked first."""
        return [self[name] for part in ("fallback", *RANKS) if (name := f"line.{key}.{part}") in self.fields]

    def put_errors(self, errors: Iterable[FieldError]) -> None:
        """What is wrong with the list as a whole stands at its first place."""
        super().put_errors(
            replace(error, field=first) if (first := first_place(error.field)) in self.fields else error
            for error in errors
        )


def first_place(name: str) -> str:
    """``line.l1.fallback`` → ``line.l1.next1``: where the page asks for it."""
    return f"{name.removesuffix('fallback')}{RANKS[0]}" if name.endswith(".fallback") else name


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
