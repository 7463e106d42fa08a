"""Forms of the reports' pages. They shape what was typed; whether it is right is the services' matter."""

from django import forms
from django.utils.translation import gettext_lazy as _

from complaints.reporting.models import OutreachEntry
from marketplace.form_fields import DatePartsField


class OutreachForm(forms.Form):
    """One line of the outreach log."""

    kind = forms.ChoiceField(label=_("What was it?"), choices=[("", "–"), *OutreachEntry.Kind.choices])
    on = DatePartsField(label=_("On which day?"))
    count = forms.IntegerField(label=_("How many?"), initial=1, widget=forms.NumberInput(attrs={"width": 5}))
    reach = forms.IntegerField(
        label=_("How many people did it reach?"),
        help_text=_("Viewers, readers or guests, as far as you know them. Leave it empty when you do not."),
        required=False,
        widget=forms.NumberInput(attrs={"width": 10}),
    )
    note = forms.CharField(label=_("What was it about?"), max_length=200, required=False)
