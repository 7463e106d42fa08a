"""A date in three boxes: the way to ask for a date that people know by heart (GOV.UK "date input")."""

from datetime import date
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

PARTS = ("day", "month", "year")


class DatePartsWidget(forms.Widget):
    """Three text boxes ``<name>_day``, ``<name>_month``, ``<name>_year``; the value is ``YYYY-MM-DD``, also unfinished.

    A draft keeps the unfinished text (``2026-12-``) as it is typed; only the form field insists on a real day.
    """

    def value_from_datadict(self, data: Any, files: Any, name: str) -> str | None:
        if not any(f"{name}_{part}" in data for part in PARTS):
            plain: str | None = data.get(name)
            return plain
        day, month, year = (str(data.get(f"{name}_{part}", "")).strip() for part in PARTS)
        return join_parts(day=day, month=month, year=year)

    def value_omitted_from_data(self, data: Any, files: Any, name: str) -> bool:
        return name not in data and not any(f"{name}_{part}" in data for part in PARTS)


class DatePartsField(forms.Field):
    """A calendar day typed as three numbers. Returns ``datetime.date`` or ``None``."""

    widget = DatePartsWidget
    default_error_messages = {
        "required": _("Enter the day, month and year."),
        "invalid": _("Enter a real date, for example 5 12 2026."),
    }

    def to_python(self, value: Any) -> date | None:
        if value in self.empty_values:
            return None
        if isinstance(value, date):
            return value
        day, month, year = split_parts(value)
        try:
            return date(int(year), int(month), int(day))
        except ValueError:
            raise ValidationError(self.error_messages["invalid"], code="invalid") from None


def join_parts(*, day: str, month: str, year: str) -> str:
    """``5``, ``12``, ``2026`` → ``2026-12-5``; nothing typed → empty. scripts/fields.js does the same."""
    return f"{year}-{month}-{day}" if day or month or year else ""


def split_parts(value: object) -> tuple[str, str, str]:
    """Day, month and year of a date or of an unfinished ``2026-12-``."""
    if isinstance(value, date):
        return str(value.day), str(value.month), str(value.year)
    year, month, day = ([*str(value or "").split("-", 2), "", ""])[:3]
    return day, month, year
