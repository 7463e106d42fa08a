"""The steps of a listing over its draft."""

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from catalog import search, stating, types, units
from catalog.models import Product
from catalog.types import Attribute, ProductType
from marketplace import regions
from marketplace.forms import EMPTY, DraftForm
from suppliers.listings import answers, words

MOST_FOUND = 8


def _text(name: str, hint: Any = "", **attrs: Any) -> forms.CharField:
    area = name.startswith("description") or name == "price_reason"
    widget = forms.Textarea(attrs={"rows": 3}) if area else forms.TextInput(attrs=attrs)
    return forms.CharField(label=words.label(name), help_text=hint, required=False, strip=False, widget=widget)


def found(text: str) -> list[tuple[str, str]]:
    """Products that the search finds for these words, as choices."""
    if not text.strip():
        return []
    ids, _engine = search.matches(text.strip(), MOST_FOUND)
    products = Product.objects.in_bulk(ids)
    return [(str(pk), products[pk].title) for pk in ids if pk in products]


class ProductForm(DraftForm):
    """Words to search by; what was found, and a new product as the last choice."""

    def __init__(self, *args: Any, choices: list[tuple[str, str]], **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.fields["q"] = _text(
            "q", _("Name, brand or kind. Several suppliers sell one product: people compare them.")
        )
        new = (answers.NEW, _("It is not in the list: a new product"))
        self.fields["product"] = forms.CharField(
            label=words.label("product"), required=False, widget=forms.RadioSelect(choices=[*choices, new])
        )
        shelves = [
            (shelf.name, [(row.code, row.name) for row in shelf.types]) for shelf in types.book().shelves if shelf.types
        ]
        self.fields["type"] = forms.CharField(
            label=words.label("type"),
            help_text=_("Only for a new product."),
            required=False,
            widget=forms.Select(choices=[EMPTY, *shelves]),
        )


class AboutForm(DraftForm):
    """What a product is: names, and every parameter of its kind in people's units."""

    def __init__(self, *args: Any, kind: ProductType, **kwargs: Any):
        super().__init__(*args, **kwargs)
        for name in ("title.kk", "title.ru"):
            self.fields[name] = _text(name, _("What it is, the model, the size."))
        for attribute in kind.attributes:
            self.fields |= _parameter(attribute)
        for name in ("description.kk", "description.ru"):
            self.fields[name] = _text(name)


def _parameter(attribute: Attribute) -> dict[str, forms.Field]:
    label, names = attribute.name, stating.fields_of(attribute)
    if not attribute.required:
        label = _("%(name)s (optional)") % {"name": label}
    unit = units.label(attribute.shown_unit)
    hint = _("People are told whether it fits them by this.") if attribute.fit else ""
    if attribute.kind == "range":
        ends = (_("%(parameter)s from, %(unit)s"), _("%(parameter)s to, %(unit)s"))
        return {
            name: forms.CharField(
                label=(end % {"parameter": label, "unit": unit}).rstrip(", "), help_text=hint, required=False,
                widget=forms.TextInput(attrs={"inputmode": "decimal", "width": 5}),
            )
            for name, end in zip(names, ends, strict=True)
        }  # fmt: skip
    choices = [(choice.code, choice.name) for choice in attribute.choices]
    if attribute.kind == "multi":
        box: forms.Field = forms.MultipleChoiceField(
            label=label, required=False, choices=choices, widget=forms.CheckboxSelectMultiple
        )
    elif attribute.kind in {"choice", "flag"}:
        listed = choices if attribute.kind == "choice" else [("yes", _("yes")), ("no", _("no"))]
        box = forms.CharField(label=label, required=False, widget=forms.Select(choices=[EMPTY, *listed]))
    else:
        attrs = {"inputmode": "decimal", "width": 5} if attribute.kind == "number" else {}
        shown = f"{label}, {unit}" if unit and attribute.kind == "number" else label
        box = forms.CharField(label=shown, help_text=hint, required=False, widget=forms.TextInput(attrs=attrs))
    return {names[0]: box}


class OfferForm(DraftForm):
    """For how much, how many, where and how soon; days of one region where they differ."""

    def __init__(self, *args: Any, chosen: list[str], **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.fields["sku"] = _text("sku", width=20)
        self.fields["price"] = _text("price", inputmode="decimal", width=10)
        for name in answers.NUMBERS:
            self.fields[name] = _text(name, inputmode="numeric", width=5)
        self.fields["regions"] = forms.MultipleChoiceField(
            label=words.label("regions"), required=False, widget=forms.CheckboxSelectMultiple,
            choices=[(row.code, row.name) for row in regions.listed()],
        )  # fmt: skip
        for code in chosen:
            name = f"lead.{code}"
            hint = gettext_lazy("Only if it takes longer or shorter there.")
            self.fields[name] = _text(name, hint, inputmode="numeric", width=5)
        self.fields["delivery"] = forms.CharField(
            label=words.label("delivery"), required=False, widget=forms.Select(choices=words.delivery_choices())
        )
        hint = gettext_lazy("Only when it is paid separately. The person pays it to you, once for an order.")
        self.fields["delivery_price"] = _text("delivery_price", hint, inputmode="decimal", width=10)
        hint = gettext_lazy("If it is far above others of its kind: what makes it worth it?")
        self.fields["price_reason"] = _text("price_reason", hint)
