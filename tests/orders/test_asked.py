"""What programmes tell the market: people by body measure, only those who may still order."""

from datetime import date

from marketplace.models import PersonRecord
from orders import asked
from orders.models import Tranche
from tests.orders import factories as make


def measured(person, **measures):
    PersonRecord.objects.filter(user=person).update(measures=measures)


def test_people_are_counted_by_the_band_of_their_measure(family):
    kind = family.walker_type
    for name, height in (("saule", 1099), ("dias", 1000), ("omar", 1100)):
        person = make.make_person(name)
        measured(person, height_mm=height)
        make.make_entitlement(person, kind, norm=1, period="once")
    assert asked.sizes(kind.pk, "height_mm", 100) == {1000: 2, 1100: 1}
    assert asked.sizes(kind.pk, "waist_mm", 100) == {}, "of nobody this measure is known"


def test_whoever_has_no_rest_or_no_running_line_is_not_counted(family):
    kind = family.walker_type
    measured(family.alihan, height_mm=1040)
    assert asked.sizes(kind.pk, "height_mm", 100) == {1000: 1}
    tranche = Tranche.objects.filter(entitlement=family.walker)
    tranche.update(reserved_quantity=1)
    assert asked.sizes(kind.pk, "height_mm", 100) == {}
    tranche.update(reserved_quantity=0, opens_on=date(2026, 12, 1))
    assert asked.sizes(kind.pk, "height_mm", 100) == {}, "its part of the norm opens later"
    tranche.update(opens_on=date(2026, 1, 1))
    family.walker.valid_to = date(2026, 11, 22)
    family.walker.save(update_fields=["valid_to"])
    assert asked.sizes(kind.pk, "height_mm", 100) == {}, "ended the day before"


def test_one_person_with_two_lines_of_the_kind_counts_once(family):
    measured(family.alihan, height_mm=1040)
    make.make_entitlement(family.alihan, family.walker_type, norm=1, period="once", source="T-second")
    assert asked.sizes(family.walker_type.pk, "height_mm", 100) == {1000: 1}
