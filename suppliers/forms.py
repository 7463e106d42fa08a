"""Forms of the market's pages: the filters of a list, and price and stock of an own offer."""

from collections.abc import Container, Iterable, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any, cast

from django import forms
from django.http import QueryDict
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from catalog import measuring, parameters, search, types, units
from catalog.search.filters import FITS
from catalog.search.query import LONGEST_TEXT, AttributeFilter, Query, read_filter
from catalog.selectors import Beneficiary
from catalog.types import Attribute, BodyMeasure, ProductType
from marketplace import formats, regions
from suppliers import selectors

SORT_LABELS = {
    "best": gettext_lazy("Best for you first"),
    "price": gettext_lazy("Cheapest first"),
    "-price": gettext_lazy("Dearest first"),
    "unit_price": gettext_lazy("Cheapest piece first"),
}
MOST_INTERVALS = 6  # a panel of twenty boxes helps nobody


class PriceField(forms.Field):
    """A number typed as people type it: ``142 000,50``. Returns Decimal or None."""

    def __init__(self, **options: Any):
        super().__init__(widget=forms.TextInput(attrs={"inputmode": "decimal", "width": 10}), **options)

    def to_python(self, value: Any) -> Decimal | None:
        return _number(str(value or ""))


def _number(text: str) -> Decimal | None:
    cleaned = text.strip().replace(" ", "").replace(formats.NO_BREAK, "").replace(",", ".").removesuffix("₸")
    if not cleaned:
        return None
    try:
        number = Decimal(cleaned)
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite() or not 0 <= number < 10**12:
        raise forms.ValidationError(_("Enter a number, for example 15000."), code="invalid")
    return number


class CountedField(forms.ChoiceField):
    """A choice of which any ``known`` code may be asked for, and only what gives something is listed, with how much."""

    def __init__(self, *, nothing: str | Promise, known: Container[str] = frozenset(), **options: Any):
        super().__init__(required=False, choices=[("", nothing)], **options)
        self.known = known

    def valid_value(self, value: Any) -> bool:
        return value in self.known

    def count(self, listed: Iterable[tuple[str, str]], numbers: Mapping[str, int]) -> None:
        """List these, (code, label), each with its number."""
        self.choices = [*_pairs(self)[:1], *((code, f"{label} ({numbers.get(code, 0)})") for code, label in listed)]


class FilterForm(forms.Form):
    """The filters of a list of products. A wrong answer is named and left out; the others still filter."""

    same_for_many = True

    q = forms.CharField(label=gettext_lazy("What do you look for"), required=False, max_length=LONGEST_TEXT)
    sort = forms.ChoiceField(label=gettext_lazy("Sort by"), required=False, choices=list(SORT_LABELS.items()))
    region = CountedField(label=gettext_lazy("Delivery to"), nothing=gettext_lazy("All Kazakhstan"))
    supplier = CountedField(label=gettext_lazy("Supplier"), nothing=gettext_lazy("Any"))
    price_from = PriceField(label=gettext_lazy("Price from, ₸"), required=False)
    price_to = PriceField(label=gettext_lazy("Price to, ₸"), required=False)

    def __init__(
        self,
        data: QueryDict,
        *,
        product_type: ProductType | None,
        beneficiary: Beneficiary,
        passed_on: Iterable[str] = (),
    ):
        super().__init__(data)
        self.asked = data
        self.product_type = product_type
        self.beneficiary = beneficiary
        if product_type is not None:
            del self.fields["q"]
        else:
            self._add_types()
        for name in passed_on:
            self.fields[name] = forms.CharField(required=False, widget=forms.HiddenInput)
        if beneficiary.user is not None:
            self.fields["fits"] = forms.BooleanField(label=_("Only what fits"), required=False)
        self.intervals = self._add_intervals()
        self.choices = self._add_choices()
        self._list("region").known = {region.code for region in regions.listed()}
        self._list("supplier").known = {data.get("supplier", "")}  # any: an unknown one finds nothing
        self.full_clean()

    def _add_types(self) -> None:
        self.fields["type"] = CountedField(label=_("Kind of product"), nothing=_("Any"), known=types.book().by_code)

    def _add_intervals(self) -> list[Attribute]:
        """Two boxes, from and to, for the mandatory amounts of the type, in people's units."""
        if self.product_type is None:
            return []
        asked = [
            attribute
            for attribute in self.product_type.attributes
            if attribute.kind in {"range", "number"} and attribute.required and not attribute.common
        ][:MOST_INTERVALS]
        for attribute in asked:
            # "Number of wheels" says itself what is counted.
            unit = "" if attribute.shown_unit == "piece" else units.label(attribute.shown_unit)
            words = {"parameter": attribute.name, "unit": unit}
            for end, label in (
                ("from", _("%(parameter)s from, %(unit)s") if words["unit"] else _("%(parameter)s from")),
                ("to", _("%(parameter)s to, %(unit)s") if words["unit"] else _("%(parameter)s to")),
            ):
                self.fields[f"attr.{attribute.code}.{end}"] = PriceField(label=label % words, required=False)
        return asked

    def _add_choices(self) -> list[Attribute]:
        """Boxes to tick for the parameters with choices."""
        if self.product_type is None:
            return []
        asked = [
            attribute
            for attribute in self.product_type.attributes
            if attribute.kind in {"choice", "multi", "flag"} and not attribute.common
        ]
        for attribute in asked:
            self.fields[f"attr.{attribute.code}"] = forms.MultipleChoiceField(
                label=attribute.name,
                required=False,
                choices=parameters.choices(attribute),
                widget=forms.CheckboxSelectMultiple,
            )
        return asked

    def query(self, *, page: int) -> Query:
        """The question to the catalogue from the answers that are right."""
        found = self.cleaned_data
        product_type = self.product_type or types.book().by_code.get(found.get("type", ""))
        return Query(
            text=found.get("q", "").strip(),
            product_type=product_type,
            region=found.get("region", ""),
            near=self.beneficiary.region,
            supplier=found.get("supplier", ""),
            price=(found.get("price_from"), found.get("price_to")),
            attributes=tuple(self._filters()),
            fits=bool(found.get("fits")),
            measures=self.beneficiary.measures,
            sort=found.get("sort") or "best",
            page=page,
        )

    def _filters(self) -> Any:
        for attribute in self.intervals:
            ends = [self.cleaned_data.get(f"attr.{attribute.code}.{end}") for end in ("from", "to")]
            if any(end is not None for end in ends):
                lower, upper = (
                    end if end is None else int(end * units.factor(attribute.unit, attribute.shown_unit))
                    for end in ends
                )
                yield AttributeFilter(attribute.code, attribute.kind, lower=lower, upper=upper)
        for attribute in self.choices:
            chosen = self.cleaned_data.get(f"attr.{attribute.code}")
            if chosen:
                yield read_filter(attribute.code, [attribute], chosen)

    def count(self, facets: search.Facets) -> None:
        """Write the number of products beside every choice, and leave out the ones that give nothing."""
        numbers = {name: {item.value: item.count for item in values} for name, values in facets.items()}
        if "type" in self.fields:
            book = types.book()
            by_code = {book.by_id[int(pk)].code: number for pk, number in numbers.get("type", {}).items()}
            wanted = {*by_code, self.asked.get("type")}
            self._list("type").count([(kind.code, kind.name) for kind in book.types if kind.code in wanted], by_code)
        of_region, of_supplier = numbers.get("region", {}), numbers.get("supplier", {})
        wanted = {*of_region, self.asked.get("region")}
        self._list("region").count([(one.code, one.name) for one in regions.listed() if one.code in wanted], of_region)
        codes = dict.fromkeys([*filter(None, [self.asked.get("supplier")]), *of_supplier])
        self._list("supplier").count([(code, selectors.name_of(code)) for code in codes], of_supplier)
        if "fits" in self.fields:
            fitting = numbers.get("fit", {}).get(str(FITS.index("fits")), 0)
            self["fits"].label = _("Only what fits (%(count)s)") % {"count": fitting}
        for attribute in self.choices:
            name = f"attr.{attribute.code}"
            field = cast(forms.ChoiceField, self.fields[name])
            number, chosen = numbers.get(name, {}), self.asked.getlist(name)
            field.choices = [
                (value, f"{label} ({number.get(value, 0)})")
                for value, label in _pairs(field)
                if value in chosen or number.get(value)
            ]
            if not field.choices:
                del self.fields[name]

    def _list(self, name: str) -> CountedField:
        return cast(CountedField, self.fields[name])

    def chosen(self) -> list[dict[str, str]]:
        """The filters in force, each with the address of the list without it."""
        listed = []
        for name in self.fields:
            if name in {"q", "sort"} or self[name].is_hidden or not self.asked.get(name) or name in self.errors:
                continue
            value = self.cleaned_data.get(name)
            if value in (None, "", [], False):
                continue
            rest = self.asked.copy()
            rest.pop(name)
            rest.pop("page", None)
            listed.append({"label": self._in_words(name, value), "remove_url": f"?{rest.urlencode()}"})
        return listed

    def _in_words(self, name: str, value: Any) -> str:
        field = self.fields[name]
        if isinstance(field, forms.BooleanField):
            return str(field.label)
        if isinstance(field, forms.ChoiceField):
            labels = dict(_pairs(field))
            asked = value if isinstance(value, list) else [value]
            value = ", ".join(str(labels.get(item, item)) for item in asked)
        return f"{field.label}: {value}"


def _pairs(field: forms.ChoiceField) -> list[tuple[str, str]]:
    """Value and label of every choice; none of our lists has groups."""
    return [(str(value), str(label)) for value, label in cast(list[tuple[Any, Any]], field.choices)]


class OfferForm(forms.Form):
    """Price, stock and delivery of one own offer. An empty box leaves its value as it is."""

    price = PriceField(label=gettext_lazy("Price of a pack, ₸"), required=False)
    stock = forms.IntegerField(
        label=gettext_lazy("Packs free to be ordered"),
        required=False,
        widget=forms.NumberInput(attrs={"width": 5}),
        error_messages={"invalid": gettext_lazy("Enter the number of packs in digits, for example 3.")},
    )
    delivery_price = PriceField(label=gettext_lazy("Delivery of one order, ₸"), required=False)


class MeasuresForm(forms.Form):
    """A box for each body measure, in people's units. Whether a number is plausible is the service's matter."""

    seen = forms.IntegerField(min_value=0, widget=forms.HiddenInput)

    def __init__(
        self,
        data: QueryDict | None = None,
        *,
        measures: Sequence[BodyMeasure],
        known: Mapping[str, int],
        seen: int = 0,
    ):
        super().__init__(data, initial={"seen": seen})
        self.measures = measures
        for measure in measures:
            value = known.get(measure.code)
            self.fields[measure.code] = forms.CharField(
                label=measure.name,
                help_text=f"{measure.how} {_('Possible: %(range)s.') % {'range': measuring.plausible(measure)}}",
                required=False,
                max_length=20,
                initial="" if value is None else units.digits(value, measure.unit, measure.shown_unit),
                widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}),
            )

    def answers(self) -> dict[str, str]:
        """What was sent: a box that was not on the page leaves its measure as it is."""
        return {item.code: self.cleaned_data[item.code] for item in self.measures if item.code in self.data}

    def renew(self, seen: int) -> None:
        """The page that is shown again has seen the latest change."""
        self.data = {**self.data.dict(), "seen": str(seen)} if isinstance(self.data, QueryDict) else self.data
