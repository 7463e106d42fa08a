"""Master data: complete, loaded again without harm."""

from datetime import date

import pytest
from django.db import connection
from django.utils import translation

from marketplace import loading
from marketplace.models import Authority, CalendarDay, Office, Region, Rule

pytestmark = pytest.mark.django_db

COUNTS = {"region": 20, "office": 24, "authority": 130, "calendarday": 99, "rule": len(loading._read("rules"))}


@pytest.mark.parametrize("language", ["kk", "ru", "en"])
def test_loading_twice_is_loading_once_in_any_language(language: str, django_assert_max_num_queries: object) -> None:
    with translation.override(language), django_assert_max_num_queries(16):
        assert loading.load_all() == COUNTS
    with translation.override(language), django_assert_max_num_queries(16):
        assert loading.load_all() == COUNTS
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM marketplace_authority WHERE name IS DISTINCT FROM name_kk")
        assert cursor.fetchone() == (0,), "the column without a language holds the Kazakh text"


def test_every_text_stands_in_three_languages() -> None:
    loading.load_all()
    for model, names in (
        (Region, ("name", "short", "centre")),
        (Office, ("name", "address", "hours")),
        (Authority, ("name", "hours")),
        (CalendarDay, ("name",)),
    ):
        for name in names:
            for language in ("kk", "ru", "en"):
                missing = model.objects.filter(**{f"{name}_{language}__in": ["", None]})
                assert not missing.exists(), (model, name, language)


def test_authorities_hang_together() -> None:
    loading.load_all()
    department = Authority.objects.select_related("parent__parent", "region").get(code="dtzpp-KZ-79")
    assert (department.region.slug, department.parent.code, department.parent.parent.code) == (
        "shymkent",
        "kzpp",
        "mti",
    )
    assert Authority.objects.get(code="so-semey").office.code == "semey"


def test_what_people_edited_stays() -> None:
    loading.load_all()
    Office.objects.filter(code="semey").update(phone="8 (7222) 11-22-33")
    CalendarDay.objects.filter(day=date(2026, 5, 27)).update(estimated=False)
    Rule.objects.filter(code="order.confirm_days").update(value={"days": 2, "kind": "working"})
    Authority.objects.filter(code="dtzpp-KZ-79").update(parent=Authority.objects.get(code="mti"))

    loading.load_all()

    assert Office.objects.get(code="semey").phone == "8 (7222) 11-22-33"
    assert CalendarDay.objects.get(day=date(2026, 5, 27)).estimated is False
    assert Rule.objects.get(code="order.confirm_days").value == {"days": 2, "kind": "working"}
    assert Authority.objects.get(code="dtzpp-KZ-79").parent.code == "mti"


def test_what_is_missing_is_added() -> None:
    loading.load_all()
    Rule.objects.filter(code="order.confirm_days").delete()
    CalendarDay.objects.filter(day__year=2027).delete()
    assert loading.load_all() == COUNTS
