"""Needs and body measures of one person, for marketplace/personal.py."""

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from catalog import types, units
from catalog.models import MeasuredValue
from marketplace import formats
from marketplace.models import PersonRecord, User
from marketplace.personal import Row, part
from suppliers.demand.models import UnmetNeed


@part("measures", gettext_lazy("Body measures"))
def measures(person: User) -> list[Row]:
    """The present ones, then who changed which and when."""
    book = types.book().measures

    def amount(code: str, value: int | None) -> str:
        found = book.get(code)
        if value is None or found is None:
            return "" if value is None else str(value)
        return units.amount(value, found.unit, found.shown_unit)

    record = PersonRecord.objects.filter(user=person).first()
    present = [
        (book[code].name if code in book else code, amount(code, value))
        for code, value in (record.measures if record else {}).items()
    ]
    changes = MeasuredValue.objects.filter(person=person).select_related("actor").order_by("-pk")
    return [
        *([present] if present else []),
        *(
            [
                (_("When"), formats.datetime_short(row.at)),
                (_("Who"), str(row.actor)),
                (book[row.code].name if row.code in book else row.code, amount(row.code, row.value)),
            ]
            for row in changes
        ),
    ]


@part("needs", gettext_lazy("What nothing fits"))
def needs(person: User) -> list[Row]:
    """What was said to be missing."""
    rows = UnmetNeed.objects.filter(person=person).select_related("type", "region").order_by("pk")
    return [
        [
            (_("When"), formats.datetime_short(row.said_at)),
            (_("Kind"), row.type.name),
            (_("Region"), row.region.name),
            (_("State"), row.get_outcome_display() if row.outcome else ""),
        ]
        for row in rows
    ]
