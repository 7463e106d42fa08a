"""Tests begin with a copy of the country: it has to be the one that loading makes."""

from django.apps import apps
from django.db.models import AutoField

from complaints import loading as complaint_data
from marketplace import loading as master_data
from marketplace.models import PageChange
from tests import country
from tests.complaints.factories import make_complaint


def count_of(model) -> int:
    return model._default_manager.count()


def rows_of(model) -> list[dict[str, object]]:
    """Every column but the row's own number and the moment of loading."""
    left_out = {
        field.name
        for field in model._meta.concrete_fields
        if isinstance(field, AutoField) or field.get_internal_type() == "DateTimeField"
    }
    rows = model._default_manager.values()
    return sorted(({name: value for name, value in row.items() if name not in left_out} for row in rows), key=repr)


def test_the_copy_has_every_row_that_loading_makes():
    """Also of tables that nobody thought of: what loading adds to a copy would be missing in every test."""
    tables = [
        model for model in apps.get_models() if model._meta.managed and model is not PageChange
    ]  # it counts writes
    counted = {model._meta.label: count_of(model) for model in tables}
    copied = {model._meta.label: rows_of(model) for model in country.TABLES}
    master_data.load_all()
    complaint_data.load_all()
    assert {model._meta.label: count_of(model) for model in tables} == counted
    assert {model._meta.label: rows_of(model) for model in country.TABLES} == copied
    assert all(copied.values())


def test_a_row_that_is_missing_in_the_copy_is_seen():
    country.Rule.objects.filter(code="complaint.seller_answer_days").delete()
    before = count_of(country.Rule)
    master_data.load_all()
    assert count_of(country.Rule) == before + 1


def test_what_is_added_to_a_copy_gets_ids_of_its_own():
    make_complaint()
    assert country.Rule.objects.create(code="test.rule", valid_from="2026-01-01", value={}, legal_basis={}, mark="D").pk
