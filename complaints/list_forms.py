"""The filter of the list of all complaints."""

from datetime import date
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from complaints import listing
from complaints.listing import Asked
from marketplace import regions
from marketplace.forms import offer
from marketplace.models import Authority, Region
from suppliers.models import Partner


class ListForm(forms.Form):
    """Everything is optional; what cannot be found is said at its field."""

    number = forms.CharField(label=_("Number of the complaint"), required=False, max_length=20)
    status = forms.ChoiceField(label=_("State"), required=False)
    addressee = forms.CharField(
        label=_("Addressee, by code"), required=False, max_length=100,
        help_text=_("A supplier or a state body, for example dtzpp-KZ-79."),
    )  # fmt: skip
    region = forms.ChoiceField(label=_("Region"), required=False)
    due = forms.ChoiceField(label=_("Respond by"), required=False)

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        offer(self, "status", [("", _("All")), *listing.known_states()])
        offer(self, "region", [("", _("All regions")), *((row.code, row.name) for row in regions.listed())])
        offer(
            self,
            "due",
            [("", _("All")), ("late", _("The date has passed")), ("today", _("Today")), ("soon", _("In 7 days"))],
        )

    def clean_addressee(self) -> Authority | Partner | None:
        code = self.cleaned_data["addressee"].strip()
        if not code:
            return None
        found: Authority | Partner | None = (
            Authority.objects.filter(code=code).first() or Partner.objects.filter(code=code).first()
        )
        if found is None:
            raise forms.ValidationError(_("There is no addressee with this code."))
        return found

    def asked(self, today: date) -> Asked:
        """What was typed, as far as it is right."""
        typed = self.cleaned_data if self.is_valid() else getattr(self, "cleaned_data", {})
        to = typed.get("addressee")
        return Asked(
            status=typed.get("status", ""),
            region=Region.objects.filter(pk=typed.get("region") or "").first(),
            supplier=to if isinstance(to, Partner) else None,
            authority=to if isinstance(to, Authority) else None,
            due=typed.get("due", ""),
            number=typed.get("number", "").strip().upper(),
            today=today,
        )
