"""Forms of the headquarters' pages. They shape what was typed; whether it is right is the services' matter."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from complaints.headquarters import selectors
from complaints.headquarters.models import Board
from complaints.step_forms import StepForm
from marketplace import regions
from marketplace.form_fields import DatePartsField
from marketplace.forms import offer

_NO_NAMES = _("Guests read it: write no names and no numbers of orders.")


class OpenForm(StepForm):
    region = forms.ChoiceField(label=_("Region"))
    basis = forms.CharField(label=_("Order of the Committee's chair"), help_text=_("Number and day."), max_length=200)

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        offer(self, "region", [(row.code, row.name) for row in regions.listed()])


class BoardForm(StepForm):
    """A form that knows its board."""

    def __init__(self, *args: Any, board: Board, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.board = board


class ShareForm(BoardForm):
    number = forms.CharField(
        label=_("Number of the complaint"),
        help_text=_("The board shows what it is about, where, its state and dates: no names, no text."),
        widget=forms.TextInput(attrs={"width": 20}),
    )


class TaskForm(BoardForm):
    title = forms.CharField(label=_("What has to be done?"), help_text=_NO_NAMES, max_length=200)
    owner = forms.ChoiceField(label=_("Who does it?"))
    due_on = DatePartsField(label=_("By which day?"))

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        offer(self, "owner", [(str(user.pk), str(user)) for user in selectors.members(self.board)])

    def arguments(self) -> dict[str, Any]:
        return {**self.cleaned_data, "owner": int(self.cleaned_data["owner"])}


class MinutesForm(BoardForm):
    held_on = DatePartsField(label=_("When was the meeting?"))
    agenda = forms.CharField(label=_("Agenda"), help_text=_NO_NAMES, widget=forms.Textarea(attrs={"rows": 4}))
    decisions = forms.CharField(label=_("Decisions"), help_text=_NO_NAMES, widget=forms.Textarea(attrs={"rows": 6}))


class InviteForm(BoardForm):
    username = forms.CharField(
        label=_("User name of the guest"), widget=forms.TextInput(attrs={"width": 20, "autocomplete": "off"})
    )
    organisation = forms.CharField(label=_("Organisation"), max_length=200)
