"""Forms of the steps of a complaint, on every desk. They shape what was typed; whether it is right is the services' matter."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from complaints.confirming import CALLER_FACTS
from complaints.court import RESULTS, ROLES
from complaints.models import CourtCase
from complaints.routing import Table
from complaints.states import DECISIONS, OUTCOME_DETAILS, REFUSAL_GROUNDS, Outcome
from marketplace import files, rules
from marketplace.errors import Invalid
from marketplace.files import Picture
from marketplace.form_fields import DatePartsField
from marketplace.forms import EMPTY, offer
from marketplace.models import Authority
from marketplace.rules import in_language


def _text(label: Any, *, required: bool = True, hint: Any = "") -> forms.CharField:
    return forms.CharField(label=label, required=required, help_text=hint, widget=forms.Textarea(attrs={"rows": 4}))


def _sum(label: Any) -> forms.CharField:
    return forms.CharField(
        label=label, required=False, widget=forms.TextInput(attrs={"inputmode": "decimal", "width": 10})
    )


class StepForm(forms.Form):
    """A step without questions. Field ids carry the step's name: several forms stand on one page."""

    def __init__(self, data: Any = None, files: Any = None, *, action: str, table: Table | None = None):
        super().__init__(data, files, auto_id=f"id_{action}_%s")
        self.action, self.table = action, table

    def arguments(self) -> dict[str, Any]:
        """What the service is given."""
        return dict(self.cleaned_data)


class NoteForm(StepForm):
    text = _text(_("Your words"), required=False)


class DoneForm(StepForm):
    text = _text(_("What did you do?"), hint=_("The person reads it."))


class PicturesInput(forms.ClearableFileInput):
    """Several pictures at once."""

    allow_multiple_selected = True


class PicturesField(forms.FileField):
    """Photos, each drawn anew before anything is locked. Gives a list of pictures; never a PDF (marketplace/files.py)."""

    widget = PicturesInput

    def clean(self, data: Any, initial: Any = None) -> list[Picture]:
        uploads = data if isinstance(data, list) else [data]
        try:
            return [files.draw(upload) for upload in uploads if upload]
        except Invalid as error:
            raise forms.ValidationError(error.errors[0].message) from None


_PHOTO_HINT = _("JPEG, PNG or WebP, at most 10 MB. If it is a document, take a photo of its page.")


class AnswerForm(StepForm):
    text = _text(_("Answer with reasons"), hint=_("The person reads it. Name the documents it rests on."))
    papers = PicturesField(label=_("Photos of the documents"), required=False, help_text=_PHOTO_HINT)


class RemedyForm(StepForm):
    """What was delivered, when, what it is worth, and the proof (domain 5.4)."""

    kind = forms.ChoiceField(label=_("Kind of remedy"), required=False)
    delivered_on = DatePartsField(label=_("When was it done?"), required=False, help_text=_("Today, when empty."))
    value = _sum(_("What is it worth, tenge?"))
    returned = _sum(_("Money you returned, tenge"))
    proof = PicturesField(label=_("Photo that proves it"), required=False, help_text=_PHOTO_HINT)
    no_proof = _text(_("If there is no photo, why?"), required=False)
    text = _text(_("Your words"), required=False)

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        demands = self.table.demands if self.table else {}
        offered = ("", _("As offered"))
        offer(self, "kind", [offered, *((code, in_language(name)) for code, name in demands.items())])

    def arguments(self) -> dict[str, Any]:
        given = dict(self.cleaned_data)
        proof = given.pop("proof")
        return given | {"proof": proof[0] if proof else None}


class OfferForm(StepForm):
    text = _text(_("What do you offer?"))
    remedy = forms.ChoiceField(label=_("Kind of remedy"), required=False)
    promised_on = DatePartsField(
        label=_("By which day?"), required=False, help_text=_("At most 30 days ahead. For example, 5 12 2026")
    )
    amount = _sum(_("Money you return, tenge"))

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        demands = self.table.demands if self.table else {}
        offer(self, "remedy", [EMPTY, *((code, in_language(name)) for code, name in demands.items())])


class WithdrawForm(StepForm):
    reason = forms.ChoiceField(
        label=_("Why?"), widget=forms.RadioSelect, choices=list(OUTCOME_DETAILS[Outcome.WITHDRAWN].items())
    )


class CallerForm(StepForm):
    """The check of a caller before anything is done for her."""

    facts = forms.MultipleChoiceField(
        label=_("What did the caller name correctly?"),
        help_text=_("Ask without reading anything out. At least two facts."),
        widget=forms.CheckboxSelectMultiple,
        choices=list(CALLER_FACTS.items()),
        error_messages={"required": _("Mark what the caller named.")},
    )
    text = _text(_("Her words"), required=False)


class TriesForm(StepForm):
    text = _text(_("When did you call?"), hint=_("Days and times of every call."))


class VoteForm(StepForm):
    agrees = forms.TypedChoiceField(
        label=_("Was the outcome reached?"),
        widget=forms.RadioSelect,
        choices=[("yes", _("Yes, the papers show it")), ("no", _("No"))],
        coerce=lambda value: value == "yes",
        error_messages={"required": _("Choose yes or no.")},
    )
    text = _text(_("What do you rest it on?"), required=False)


class ReplyForm(StepForm):
    text = _text(_("Your reply"))


class DecideForm(StepForm):
    verdict = forms.ChoiceField(
        label=_("Outcome"),
        widget=forms.RadioSelect,
        choices=[
            (outcome.label, [(f"{outcome}:{detail}", OUTCOME_DETAILS[outcome][detail]) for detail in details])
            for outcome, details in DECISIONS.items()
        ],
        error_messages={"required": _("Choose one of the outcomes.")},
    )
    text = _text(_("Decision and its reasons"))
    authority = forms.ChoiceField(label=_("Handed over to which body? Only when it is redirected."), required=False)
    returned = _sum(_("Money returned to the person, tenge"))

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        _offer_bodies(self)

    def arguments(self) -> dict[str, Any]:
        outcome, _colon, detail = self.cleaned_data["verdict"].partition(":")
        return {
            "outcome": outcome,
            "detail": detail,
            "text": self.cleaned_data["text"],
            "authority": self.cleaned_data["authority"],
            "returned": self.cleaned_data["returned"],
        }


class ReasonForm(StepForm):
    reason = _text(_("Reason"), hint=_("The person reads it."))


def _offer_bodies(form: forms.Form) -> None:
    offer(form, "authority", [EMPTY, *Authority.objects.order_by("name").values_list("code", "name")])


class RefuseForm(StepForm):
    ground = forms.ChoiceField(
        label=_("Ground of the law"), widget=forms.RadioSelect, choices=list(REFUSAL_GROUNDS.items())
    )
    text = _text(_("Reasons"))


class RedirectForm(ReasonForm):
    authority = forms.ChoiceField(label=_("To which body?"))
    field_order = ["authority", "reason"]

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        _offer_bodies(self)
        days = rules.get("complaint.misdirected_days").value["days"]
        hint = _("If it came to the wrong body, the person must know within %(days)s working days.")
        self.fields["authority"].help_text = hint % {"days": days}


class AgreedForm(StepForm):
    text = _text(_("What did the two sides agree?"))
    returned = _sum(_("Money returned to the person, tenge"))


class QuestionForm(StepForm):
    pause = forms.ChoiceField(
        label=_("Why does your time have to stand still?"),
        widget=forms.RadioSelect,
        error_messages={"required": _("Choose why your time has to stand still.")},
    )
    question = _text(_("Your question"), hint=_("Your time stands still until the person replies, at most 10 days."))

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        reasons = rules.get("complaint.pause_reasons").value["reasons"]
        offer(self, "pause", [(reason["code"], in_language(reason["name"])) for reason in reasons])


class DuplicateForm(StepForm):
    duplicate_of = forms.CharField(
        label=_("Number of the earlier complaint"), widget=forms.TextInput(attrs={"width": 20})
    )


class CourtForm(StepForm):
    role = forms.ChoiceField(label=_("Role in court"), choices=list(ROLES.items()))
    reason = _text(_("What is claimed?"))


class ResultForm(StepForm):
    result = forms.ChoiceField(
        label=_("How did the court decide?"),
        widget=forms.RadioSelect,
        choices=[(result, CourtCase.Result(result).label) for result in RESULTS],
    )
    recovered = _sum(_("Sum awarded, tenge"))
    text = _text(_("Short reasons"), required=False)
