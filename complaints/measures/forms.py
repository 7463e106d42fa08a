"""Forms of the state's measures. They shape what was typed; whether it is right is the services' matter."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from complaints.forms import StepForm
from marketplace.form_fields import DatePartsField


def _words(label: Any, hint: Any = "") -> forms.CharField:
    return forms.CharField(label=label, help_text=hint, widget=forms.Textarea(attrs={"rows": 4}))


class SuspendForm(StepForm):
    """A ban with an end date."""

    until = DatePartsField(label=_("Last day of the suspension"), help_text=_("On the next day it lifts itself."))
    reason = _words(_("Reason"), _("The supplier reads it."))
    legal_basis = forms.CharField(label=_("Legal basis"), help_text=_("The law and the article."), max_length=300)
