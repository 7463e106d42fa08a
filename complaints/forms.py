"""Forms of the complaint pages. They shape what was typed; whether it is right is the services' matter."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from complaints.callers import FACTS as CALLER_FACTS_OF_PERSON
from complaints.models import Complaint
from complaints.routing import Table
from complaints.targets import PRECEDENCE, TICKS
from complaints.templates import Question
from marketplace import regions
from marketplace.form_fields import DatePartsField
from marketplace.forms import EMPTY, offer
from marketplace.models import User


def about_addressee_field() -> forms.BooleanField:
    """Asked where the body that would get the complaint may be the one that is complained of."""
    return forms.BooleanField(
        label=_("It is about the head of the office or about the body itself"),
        help_text=_("Then the complaint goes one level up."),
        required=False,
    )


class SphereForm(forms.Form):
    """First question, when there is no order line: what is it about?"""

    sphere = forms.ChoiceField(label=_("What is the complaint about?"), widget=forms.RadioSelect)

    def __init__(self, *args: Any, table: Table, **kwargs: Any):
        super().__init__(*args, **kwargs)
        offer(self, "sphere", [(code, table.sphere_name(code)) for code in table.spheres if code != "any"])
        self.fields["sphere"].error_messages["required"] = _("Choose what the complaint is about.")


class SubjectForm(forms.Form):
    """Second question: what is wrong? The third, the region, only when nothing else tells it."""

    subject = forms.ChoiceField(label=_("What is wrong?"), widget=forms.RadioSelect)
    region = forms.ChoiceField(label=_("Where did it happen?"))

    def __init__(self, *args: Any, table: Table, sphere: str, ask_region: bool, **kwargs: Any):
        super().__init__(*args, **kwargs)
        offer(self, "subject", [(code, table.subject_name(code)) for code in table.subjects_of(sphere)])
        self.fields["subject"].error_messages["required"] = _("Choose what is wrong.")
        if ask_region:
            offer(self, "region", [EMPTY, *((row.code, row.name) for row in regions.listed())])
            self.fields["region"].error_messages["required"] = _("Choose the region.")
        else:
            del self.fields["region"]


class ComplaintForm(forms.Form):
    """What happened, the template's further questions, the demand, and how to reach the person.

    Field names are those of the draft kind "complaint". Nothing but the story is required, in writing or recorded.
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
            help_text=_("Your own words are enough. You may also say it by voice or in sign language, further below."),
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

    def tell(self, *, recorded: bool) -> None:
        """Whoever has told it by voice or video is not asked for written words."""
        self.fields["text"].required = not recorded

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
            choices=[EMPTY, *User.Channel.choices],
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
        return SaidChoice(label=question.label, required=False, choices=[EMPTY, *choices])
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
            choices=[EMPTY, *((code, table.sphere_name(code)) for code in table.spheres if code != "any")],
            error_messages={"required": _("Choose what the complaint is about.")},
        )
        self.fields["subject"] = SaidChoice(
            label=_("What is wrong?"),
            choices=[EMPTY, *((code, table.subject_name(code)) for code in subjects if code != "any")],
            error_messages={"required": _("Choose what is wrong.")},
        )
        self.fields["region"] = SaidChoice(
            label=_("Where did it happen?"),
            help_text=_("Empty means the region of the person."),
            required=False,
            choices=[EMPTY, *((row.code, row.name) for row in regions.listed())],
        )

    @property
    def own(self) -> list[forms.BoundField]:
        return [field for field in super().own if field.name not in self.head]

    @property
    def first(self) -> list[forms.BoundField]:
        """What decides which questions follow."""
        return [self[name] for name in self.head]


# --- Steps: one form for each legal step -----------------------------------------------------------
