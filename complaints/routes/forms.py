"""Forms of the routing editor. They shape what was typed; checking.py says what is wrong with a table."""

from datetime import date
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from complaints.routes.checking import LANGUAGES, MAX_RULE, PRIORITIES
from complaints.routing import ANY, RULE, SELLER, Table
from complaints.targets import PRECEDENCE, TICKS
from marketplace import regions
from marketplace.form_fields import DatePartsField
from marketplace.forms import offer
from marketplace.models import Authority, Office, Rule
from orders.models import Line
from suppliers.models import Partner

NOTHING = ("", "–")
_NAMES = {"kk": _("Kazakh"), "ru": _("Russian"), "en": _("English")}


def kinds_of_bodies() -> dict[str, str]:
    """Code of each kind of body with words for it: those of the kind, else the name of such a body."""
    named = dict(Authority.Kind.choices)
    names: dict[str, str] = {}
    for body in Authority.objects.order_by("kind", "pk"):
        names.setdefault(body.kind, str(named.get(body.kind, body.name)))
    return names


class RowForm(forms.Form):
    """One row of the table."""

    rule = forms.CharField(label=_("Rule"), max_length=MAX_RULE, widget=forms.TextInput(attrs={"width": 5}))
    subject = forms.ChoiceField(label=_("What is wrong"))
    spheres = forms.MultipleChoiceField(label=_("What it is about"), widget=forms.CheckboxSelectMultiple)
    first = forms.ChoiceField(label=_("Who answers first"))
    also = forms.CharField(
        label=_("Who is told at once"), required=False,
        help_text=_("Codes of kinds of bodies with spaces between; the list stands below."),
    )  # fmt: skip
    escalates_to = forms.CharField(
        label=_("Who joins when the answer does not come"), required=False,
        help_text=_("Codes of kinds of bodies with spaces between, the first one first."),
    )  # fmt: skip
    priority = forms.ChoiceField(label=_("Urgency"), choices=[(name, name) for name in PRIORITIES])
    hide_person = forms.BooleanField(label=_("The supplier does not see who complained"), required=False)
    hold_payment = forms.BooleanField(label=_("The payment of the order waits"), required=False)

    def __init__(self, *args: Any, table: Table, kinds: dict[str, str], **kwargs: Any):
        super().__init__(*args, **kwargs)
        everything = (ANY, _("anything"))
        subjects = [(code, table.subject_name(code)) for code in table.subjects if code != ANY]
        spheres = [(code, table.sphere_name(code)) for code in table.spheres if code != ANY]
        offer(self, "subject", [*subjects, everything])
        offer(self, "spheres", [*spheres, everything])
        offer(self, "first", [(SELLER, _("The supplier")), *kinds.items()])
        for name, label in (("why", _("Why, for the person")), ("legal_basis", _("Legal basis"))):
            for language in LANGUAGES:
                self.fields[f"{name}_{language}"] = forms.CharField(
                    label=_("%(what)s (%(language)s)") % {"what": label, "language": _NAMES[language]},
                    max_length=1000, widget=forms.Textarea(attrs={"rows": 2}),
                )  # fmt: skip

    @staticmethod
    def shown(row: dict[str, Any]) -> dict[str, Any]:
        """A row as the form's first values."""
        texts = {f"{name}_{code}": row[name].get(code, "") for name in ("why", "legal_basis") for code in LANGUAGES}
        return row | texts | {name: " ".join(row[name]) for name in ("also", "escalates_to")}

    def row(self) -> dict[str, Any]:
        """What was typed as a row of the table."""
        typed = self.cleaned_data
        texts = {name: {code: typed[f"{name}_{code}"] for code in LANGUAGES} for name in ("legal_basis", "why")}
        lists = {name: typed[name].replace(",", " ").split() for name in ("also", "escalates_to")}
        plain = ("rule", "subject", "spheres", "first", "priority", "hide_person", "hold_payment")
        return {name: typed[name] for name in plain} | lists | texts


class PublishForm(forms.Form):
    """From when the new version applies, and why it was made."""

    valid_from = DatePartsField(label=_("From which day does it apply?"))
    reason = forms.CharField(
        label=_("Why does the table change?"), max_length=1000, widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("It stays in the history of the table."),
    )  # fmt: skip


class SheetForm(forms.Form):
    """All rows at once."""

    sheet = forms.FileField(
        label=_("Table as CSV"), help_text=_("Download a version, change it in an office program, upload it here.")
    )


class SimulatorForm(forms.Form):
    """A complaint that nobody filed, and one or two versions to ask."""

    subject = forms.ChoiceField(label=_("What is wrong"))
    sphere = forms.ChoiceField(label=_("What it is about"))
    region = forms.ChoiceField(label=_("Region"))
    supplier = forms.CharField(
        label=_("Supplier, by code"), required=False, max_length=100, help_text=_("Empty: not known to the portal.")
    )
    order = forms.CharField(
        label=_("About an order, by its number"), required=False, max_length=40,
        help_text=_("The supplier and the place of delivery of the order come before those above."),
    )  # fmt: skip
    office = forms.ChoiceField(label=_("Social office"), required=False)
    targets = forms.MultipleChoiceField(
        label=_("To whom does the person want to complain?"), required=False, widget=forms.CheckboxSelectMultiple,
        help_text=_("Nothing ticked: the table decides."),
    )  # fmt: skip
    about = forms.ChoiceField(label=_("Is it about a state body?"), required=False)
    day = DatePartsField(label=_("Filed on"))
    version = forms.ChoiceField(label=_("By which version?"), required=False)
    other = forms.ChoiceField(label=_("Compare with"), required=False)

    def __init__(self, *args: Any, table: Table, versions: list[tuple[str, Any]], **kwargs: Any):
        super().__init__(*args, **kwargs)
        offer(self, "subject", [(code, table.subject_name(code)) for code in table.subjects if code != ANY])
        offer(self, "sphere", [(code, table.sphere_name(code)) for code in table.spheres if code != ANY])
        offer(self, "region", [(row.code, row.name) for row in regions.listed()])
        bodies = Authority.objects.order_by("name").values_list("code", "name")
        offer(self, "about", [("", _("No")), *bodies])
        offer(self, "office", [NOTHING, *Office.objects.order_by("name").values_list("code", "name")])
        offer(self, "targets", [(target.value, TICKS[target]) for target in PRECEDENCE])
        offer(self, "version", [("", _("The one in force on that day")), *versions])
        offer(self, "other", [("", _("Nothing")), *versions])

    def clean_day(self) -> date:
        day: date = self.cleaned_data["day"]
        if not Rule.objects.filter(code=RULE, valid_from__lte=day).exists():
            raise forms.ValidationError(_("No version of the table was in force on this day."))
        return day

    def clean_supplier(self) -> Partner | None:
        code = self.cleaned_data["supplier"].strip()
        if not code:
            return None
        found = Partner.objects.filter(code=code).first()
        if found is None:
            raise forms.ValidationError(_("There is no supplier with this code."))
        return found

    def clean_order(self) -> Line | None:
        """The first line of the order: all of them have one supplier and one place."""
        number = self.cleaned_data["order"].strip()
        if not number:
            return None
        found = Line.objects.select_related("order__region", "order__partner", "order__office").order_by("pk")
        line: Line | None = found.filter(order__number=number).first()
        if line is None:
            raise forms.ValidationError(_("There is no order with this number."))
        return line

    def clean_office(self) -> Office | None:
        return Office.objects.filter(code=self.cleaned_data["office"]).first()

    def clean_about(self) -> Authority | None:
        return Authority.objects.filter(code=self.cleaned_data["about"]).first()
