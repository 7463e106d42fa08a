"""Forms of the feedback pages. They shape what was typed; whether it is right is the services' matter."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from complaints.feedback import questions
from complaints.feedback.giving import Said
from complaints.feedback.questions import NO, YES, Facet, Form
from complaints.feedback.visiting import MOST_PHOTOS, Report
from marketplace.form_fields import DatePartsField

_YES_NO = [(YES, _("Yes")), (NO, _("No"))]


class MarkForm(forms.Form):
    """The one scale, its facets and a box for words: the same questions in every channel."""

    def __init__(self, *args: Any, questions_asked: Form, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.fields["mark"] = _mark(questions_asked)
        for facet in questions_asked.facets:
            self.fields[f"facets.{facet.code}"] = _yes_no(facet, required=False)
        self.fields["text"] = forms.CharField(
            label=_("In your own words"),
            required=False,
            help_text=_("You may leave this empty. Write no names and no numbers of people."),
            widget=forms.Textarea(attrs={"rows": 4}),
        )

    def said(self) -> Said:
        values = self.cleaned_data
        facets = {
            name.removeprefix("facets."): value
            for name, value in values.items()
            if name.startswith("facets.") and value
        }
        return Said(values["mark"], facets, values["text"])


class WordsForm(forms.Form):
    """One box: a reply, an action, the words to publish. ``name`` is what the service calls it."""

    def __init__(self, *args: Any, name: str, label: Any, hint: Any = "", **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.fields[name] = forms.CharField(
            label=label,
            help_text=hint,
            widget=forms.Textarea(attrs={"rows": 4}),
            error_messages={"required": _("Write in your own words.")},
        )
        self.words_name = name

    @property
    def words(self) -> str:
        words: str = self.cleaned_data[self.words_name]
        return words


class EnlistForm(forms.Form):
    username = forms.CharField(
        label=_("User name"),
        max_length=150,
        widget=forms.TextInput(attrs={"spellcheck": "false", "width": 20}),
        error_messages={"required": _("Enter the user name.")},
    )
    contract = forms.CharField(
        label=_("Number of the contract"),
        max_length=60,
        widget=forms.TextInput(attrs={"width": 20}),
        error_messages={"required": _("Write the number of the contract.")},
    )


class AssignForm(forms.Form):
    """Who visits what; ``place`` is ``office:<code>`` or ``supplier:<code>``."""

    visitor = forms.ChoiceField(label=_("Visitor"), error_messages={"required": _("Choose a visitor.")})
    place = forms.ChoiceField(
        label=_("Office or supplier"), error_messages={"required": _("Choose one office or one supplier.")}
    )

    def __init__(self, *args: Any, visitors: list[tuple[Any, str]], places: list[tuple[str, str]], **kwargs: Any):
        super().__init__(*args, **kwargs)
        for name, choices in (("visitor", visitors), ("place", places)):
            field = self.fields[name]
            assert isinstance(field, forms.ChoiceField)
            field.choices = [("", "–"), *choices]


class ManyFiles(forms.ClearableFileInput):
    allow_multiple_selected = True


class Photos(forms.FileField):
    """Several files at once; each is checked by the service."""

    widget = ManyFiles

    def clean(self, data: Any, initial: Any = None) -> list[Any]:
        return [item for item in (data or []) if item] if isinstance(data, list) else [data] if data else []


class ReportForm(forms.Form):
    """What a mystery visitor saw."""

    def __init__(self, *args: Any, checklist: list[Facet], scale: Form, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.fields["visited_on"] = DatePartsField(
            label=_("When were you there?"), help_text=_("For example, 5 12 2026")
        )
        for line in checklist:
            self.fields[f"check.{line.code}"] = _yes_no(line, required=True)
        self.fields["mark"] = _mark(scale)
        self.fields["text"] = forms.CharField(
            label=_("What did you see?"),
            required=False,
            help_text=_("Facts only, no names of people."),
            widget=forms.Textarea(attrs={"rows": 4}),
        )
        self.fields["photos"] = Photos(
            label=_("Photos from the place"),
            required=False,
            help_text=_("At least one and at most %(count)s, without faces of people.") % {"count": MOST_PHOTOS},
            widget=ManyFiles(attrs={"accept": "image/jpeg,image/png,image/webp"}),
        )

    def report(self) -> Report:
        values = self.cleaned_data
        lines = {name.removeprefix("check."): value for name, value in values.items() if name.startswith("check.")}
        return Report(values["mark"], lines, values["text"], values["visited_on"])


def mark_form(what: str, data: Any = None) -> MarkForm:
    """The questions about a ``supplier`` or an ``office``."""
    return MarkForm(data, questions_asked=questions.form_about(what))


def _mark(asked: Form) -> forms.ChoiceField:
    return forms.ChoiceField(
        label=_("Your mark"),
        widget=forms.RadioSelect,
        choices=[(mark, f"{mark} – {label}") for mark, label in asked.scale],
        error_messages={"required": _("Choose a mark from 1 to 5."), "invalid_choice": _("Choose a mark from 1 to 5.")},
    )


def _yes_no(line: Facet, *, required: bool) -> forms.ChoiceField:
    return forms.ChoiceField(
        label=line.label,
        required=required,
        widget=forms.RadioSelect,
        choices=_YES_NO,
        error_messages={"required": _("Answer yes or no."), "invalid_choice": _("Answer yes or no.")},
    )
