"""Forms of the complaint pages. They shape what was typed; whether it is right is the services' matter."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from complaints.callers import FACTS as CALLER_FACTS_OF_PERSON
from complaints.confirming import CALLER_FACTS
from complaints.court import RESULTS, ROLES
from complaints.models import Complaint, CourtCase
from complaints.routing import Table
from complaints.states import DECISIONS, OUTCOME_DETAILS, REFUSAL_GROUNDS, Outcome
from complaints.targets import PRECEDENCE, TICKS
from complaints.templates import Question
from marketplace import files, regions, rules
from marketplace.errors import Invalid
from marketplace.files import Picture
from marketplace.form_fields import DatePartsField
from marketplace.forms import add_errors as add_errors
from marketplace.models import Authority, User
from marketplace.rules import in_language

_EMPTY = ("", "–")


def about_addressee_field() -> forms.BooleanField:
    """Asked where the body that would get the complaint may be the one that is complained of."""
    return forms.BooleanField(
        label=_("It is about the head of the office or about the body itself"),
        help_text=_("Then the complaint goes one level up."),
        required=False,
    )


def _offer(form: forms.Form, name: str, choices: list[tuple[str, Any]]) -> None:
    """Give a choice field what can be chosen."""
    field = form.fields[name]
    assert isinstance(field, forms.ChoiceField)
    field.choices = choices


class SphereForm(forms.Form):
    """First question, when there is no order line: what is it about?"""

    sphere = forms.ChoiceField(label=_("What is the complaint about?"), widget=forms.RadioSelect)

    def __init__(self, *args: Any, table: Table, **kwargs: Any):
        super().__init__(*args, **kwargs)
        _offer(self, "sphere", [(code, table.sphere_name(code)) for code in table.spheres if code != "any"])
        self.fields["sphere"].error_messages["required"] = _("Choose what the complaint is about.")


class SubjectForm(forms.Form):
    """Second question: what is wrong? The third, the region, only when nothing else tells it."""

    subject = forms.ChoiceField(label=_("What is wrong?"), widget=forms.RadioSelect)
    region = forms.ChoiceField(label=_("Where did it happen?"))

    def __init__(self, *args: Any, table: Table, sphere: str, ask_region: bool, **kwargs: Any):
        super().__init__(*args, **kwargs)
        _offer(self, "subject", [(code, table.subject_name(code)) for code in table.subjects_of(sphere)])
        self.fields["subject"].error_messages["required"] = _("Choose what is wrong.")
        if ask_region:
            _offer(self, "region", [_EMPTY, *((row.code, row.name) for row in regions.listed())])
            self.fields["region"].error_messages["required"] = _("Choose the region.")
        else:
            del self.fields["region"]


class ComplaintForm(forms.Form):
    """What happened, the template's further questions, the demand, and how to reach the person.

    Field names are those of the draft kind "complaint". Nothing but the story is required.
    """

    versions: dict[str, int] = {}
    conflicts: dict[str, Any] = {}
    common: list[str] = []

    def __init__(
        self,
        *args: Any,
        table: Table,
        questions: list[Question],
        staff: bool = False,
        about_addressee: bool = False,
        office: bool = False,
        **kwargs: Any,
    ):
        super().__init__(*args, **kwargs)
        self.fields["text"] = forms.CharField(
            label=_("What happened?"),
            help_text=_("Your own words are enough."),
            widget=forms.Textarea(attrs={"rows": 6}),
            error_messages={"required": _("Tell in your own words what happened.")},
        )
        for question in questions:
            self.fields[f"answer.{question.code}"] = _field_of(question)
        self.common = [f"answer.{question.code}" for question in questions if question.common]
        self.fields["demands"] = SaidChoices(
            label=_("What do you want?"),
            help_text=_("You may choose several answers."),
            required=False,
            widget=forms.CheckboxSelectMultiple,
            choices=[(code, table.demand_name(code)) for code in table.demands],
        )
        self.fields["demand"] = forms.CharField(
            label=_("Something else that you want"), required=False, widget=forms.Textarea(attrs={"rows": 2})
        )
        self.fields["hide_name"] = forms.BooleanField(label=_("Do not show my name to the supplier"), required=False)
        if about_addressee:
            self.fields["about"] = about_addressee_field()
        for target in PRECEDENCE:
            self.fields[f"target.{target}"] = forms.BooleanField(label=TICKS[target], required=False)
        first = self.fields[f"target.{PRECEDENCE[0]}"]
        first.help_text = _("Whom do you complain to? You may tick several. Tick none, and the portal chooses.")
        if office:
            first.label = _("I complain to the head of the office")
        if staff:
            self.fields["channel"] = forms.ChoiceField(
                label=_("How did the complaint come?"), choices=Complaint.Channel.choices
            )
            self.fields["received_on"] = SaidDate(
                label=_("On which day did it come?"),
                help_text=_("For a letter or a visit. The time to answer runs from this day. Empty means today."),
                required=False,
            )
        self._contact()

    @property
    def own(self) -> list[forms.BoundField]:
        """What is asked beside the story, without the common questions."""
        return [field for field in self if field.name != "text" and field.name not in self.common]

    @property
    def more(self) -> list[forms.BoundField]:
        """The questions that every form asks."""
        return [self[name] for name in self.common]

    @property
    def more_open(self) -> bool:
        """Somebody has answered one of them, or one is wrong or open to question: then they are not folded away."""
        return any(self[name].value() or self[name].errors or name in self.conflicts for name in self.common)

    def _contact(self) -> None:
        self.fields["contact.name"] = forms.CharField(
            label=_("Name"), required=False, widget=forms.TextInput(attrs={"autocomplete": "name"})
        )
        self.fields["contact.phone"] = forms.CharField(
            label=_("Phone"),
            required=False,
            help_text=_("For news about this complaint, for example 8 701 000 00 01."),
            widget=forms.TextInput(attrs={"type": "tel", "autocomplete": "tel", "inputmode": "tel", "width": 20}),
        )
        self.fields["contact.channel"] = forms.ChoiceField(
            label=_("How do we reach you?"),
            required=False,
            choices=[_EMPTY, *User.Channel.choices],
        )


class SaidDate(DatePartsField):
    """A day that nobody has to know exactly: "2026-11-" is kept as it was said."""

    def to_python(self, value: Any) -> Any:
        try:
            return super().to_python(value)
        except forms.ValidationError:
            return str(value)


class SaidChoices(forms.MultipleChoiceField):
    """The same with several answers."""

    def valid_value(self, value: Any) -> bool:
        return True


class SaidChoice(forms.ChoiceField):
    """Answers to choose from; another one, of an older page, is no reason to send anybody back."""

    def valid_value(self, value: Any) -> bool:
        return True


def _field_of(question: Question) -> forms.Field:
    """A control for a further question; every one may stay empty, and none refuses an answer for its style."""
    if question.kind == "date":
        return SaidDate(label=question.label, required=False)
    if question.kind in {"choice", "flag"}:
        choices = question.choices if question.kind == "choice" else [("yes", _("Yes")), ("no", _("No"))]
        return SaidChoice(label=question.label, required=False, choices=[_EMPTY, *choices])
    if question.kind in {"number", "money"}:
        mode = "numeric" if question.kind == "number" else "decimal"
        return forms.CharField(
            label=question.label, required=False, widget=forms.TextInput(attrs={"inputmode": mode, "width": 10})
        )
    return forms.CharField(label=question.label, required=False, widget=forms.Textarea(attrs={"rows": 2}))


class TrackForm(forms.Form):
    number = forms.CharField(
        label=_("Number of the complaint"),
        help_text=_("For example C-2026-000123"),
        widget=forms.TextInput(attrs={"width": 20, "spellcheck": "false"}),
        error_messages={"required": _("Enter the number of the complaint.")},
    )
    code = forms.CharField(
        label=_("Tracking code"),
        help_text=_("10 digits that you got when you complained"),
        widget=forms.TextInput(attrs={"width": 20, "inputmode": "numeric", "autocomplete": "off"}),
        error_messages={"required": _("Enter the tracking code.")},
    )


class FindForm(forms.Form):
    """The operator looks for a person by phone or name, or for a case by its number."""

    what = forms.CharField(
        label=_("Phone or name of the person, or number of the complaint"),
        help_text=_("Of a name at least three letters."),
        widget=forms.TextInput(attrs={"width": 20, "autocomplete": "off"}),
        error_messages={"required": _("Enter a phone number, a name or the number of a complaint.")},
    )


class CheckCallerForm(forms.Form):
    """Before anything that a person began is opened for a caller."""

    facts = forms.MultipleChoiceField(
        label=_("What did the caller name correctly?"),
        help_text=_("Ask without reading anything out. At least two facts."),
        widget=forms.CheckboxSelectMultiple,
        choices=list(CALLER_FACTS_OF_PERSON.items()),
        error_messages={"required": _("Mark what the caller named.")},
    )


class HotlineForm(ComplaintForm):
    """The whole complaint on one page, as it is told on the phone or stands in a letter."""

    head = ("sphere", "subject", "region")

    def __init__(self, *args: Any, table: Table, sphere: str = "", **kwargs: Any):
        super().__init__(*args, table=table, **kwargs)
        subjects = table.subjects_of(sphere) if sphere in table.spheres else list(table.subjects)
        self.fields["sphere"] = SaidChoice(
            label=_("What is the complaint about?"),
            choices=[_EMPTY, *((code, table.sphere_name(code)) for code in table.spheres if code != "any")],
            error_messages={"required": _("Choose what the complaint is about.")},
        )
        self.fields["subject"] = SaidChoice(
            label=_("What is wrong?"),
            choices=[_EMPTY, *((code, table.subject_name(code)) for code in subjects if code != "any")],
            error_messages={"required": _("Choose what is wrong.")},
        )
        self.fields["region"] = SaidChoice(
            label=_("Where did it happen?"),
            help_text=_("Empty means the region of the person."),
            required=False,
            choices=[_EMPTY, *((row.code, row.name) for row in regions.listed())],
        )

    @property
    def own(self) -> list[forms.BoundField]:
        return [field for field in super().own if field.name not in self.head]

    @property
    def first(self) -> list[forms.BoundField]:
        """What decides which questions follow."""
        return [self[name] for name in self.head]


# --- Steps: one form for each legal step -----------------------------------------------------------


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
        _offer(self, "kind", [offered, *((code, in_language(name)) for code, name in demands.items())])

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
        _offer(self, "remedy", [_EMPTY, *((code, in_language(name)) for code, name in demands.items())])


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
    _offer(form, "authority", [_EMPTY, *Authority.objects.order_by("name").values_list("code", "name")])


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
        _offer(self, "pause", [(reason["code"], in_language(reason["name"])) for reason in reasons])


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
