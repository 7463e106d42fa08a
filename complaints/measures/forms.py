"""Forms of the state's measures. They shape what was typed; whether it is right is the services' matter."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from complaints.measures.models import PretrialCase
from complaints.step_forms import StepForm
from marketplace.form_fields import DatePartsField
from marketplace.forms import EMPTY, offer
from marketplace.models import Authority, Rule


def _words(label: Any, hint: Any = "") -> forms.CharField:
    return forms.CharField(label=label, help_text=hint, widget=forms.Textarea(attrs={"rows": 4}))


def _basis() -> forms.CharField:
    return forms.CharField(label=_("Legal basis"), help_text=_("The law and the article."), max_length=300)


class SuspendForm(StepForm):
    """A ban with an end date."""

    until = DatePartsField(label=_("Last day of the suspension"), help_text=_("On the next day it lifts itself."))
    reason = _words(_("Reason"), _("The supplier reads it."))
    legal_basis = _basis()


class InstructForm(StepForm):
    authority = forms.ChoiceField(label=_("Which body?"))
    text = _words(_("What has to be done?"))
    legal_basis = _basis()
    respond_by = DatePartsField(label=_("By which day?"))

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        bodies = Authority.objects.order_by("name").values_list("code", "name")
        offer(self, "authority", [EMPTY, *bodies])


class ChangeRuleForm(StepForm):
    """The versions that were published last."""

    rule = forms.ChoiceField(label=_("Which version of a rule?"))
    text = _words(_("What changes, and why?"))
    legal_basis = _basis()

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        latest = Rule.objects.order_by("-created_at", "-pk").values_list("code", "valid_from")[:100]
        offer(self, "rule", [EMPTY, *((f"{code}@{day}", f"{code}, {day:%d.%m.%Y}") for code, day in latest)])

    def arguments(self) -> dict[str, Any]:
        code, _at, day = self.cleaned_data["rule"].partition("@")
        return {**self.cleaned_data, "rule": code, "valid_from": day}


class StopSaleForm(StepForm):
    text = _words(_("What is dangerous, and why is the sale stopped?"))
    legal_basis = _basis()
    product = forms.IntegerField(
        label=_("Number of the product"),
        help_text=_("Only when the complaint names no order. It stands at the end of the product's address."),
        required=False,
        widget=forms.TextInput(attrs={"inputmode": "numeric", "width": 10}),
    )
    lot = forms.CharField(label=_("Lot"), required=False, max_length=100)
    everywhere = forms.BooleanField(label=_("Stop the offers of all suppliers"), required=False)


class PretrialForm(StepForm):
    """Settlement before a body of law 274-IV, art. 42-8."""

    kind = forms.ChoiceField(label=_("Kind of the body"), widget=forms.RadioSelect, choices=PretrialCase.Body.choices)
    body = forms.CharField(label=_("Name of the body"), max_length=200)
    consent = _words(_("Papers in which both sides agreed to settle"))
    person_consented_on = DatePartsField(label=_("When did the person consent?"))
    supplier_consented_on = DatePartsField(label=_("When did the supplier consent?"))


class FineForm(StepForm):
    article = forms.CharField(label=_("Article of the law"), max_length=200)
    amount = forms.CharField(
        label=_("Sum of the fine, tenge"), widget=forms.TextInput(attrs={"inputmode": "decimal", "width": 10})
    )
    imposed_on = DatePartsField(label=_("When was it imposed?"))


class ResultForm(StepForm):
    result = _words(_("What was done?"))
