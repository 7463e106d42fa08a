"""The admin is for master data: rules and the calendar are only read there, and every change leaves an event."""

import pytest

from marketplace.models import CalendarDay, Event, Guardianship, Office, ReadLog, Role, Rule, User


@pytest.fixture
def administrator(master_data: None) -> User:
    return User.objects.create(
        username="root", full_name="Ержан", role=Role.ADMIN, is_staff=True, is_superuser=True, language="en"
    )


def test_rules_and_calendar_are_only_read_there(signed_in, administrator):
    browser = signed_in(administrator)
    rule, day = Rule.objects.filter(code="order.confirm_days").get(), CalendarDay.objects.first()
    rules, days = (
        Rule.objects.order_by("pk").values(),
        CalendarDay.objects.order_by("pk").values("pk", "day", "working"),
    )
    before = list(rules), list(days)
    typed = {"code": "complaint.routing", "valid_from": "2020-01-01", "value": "{}", "mark": "L", "legal_basis": "{}"}
    for model, row in (("rule", rule), ("calendarday", day)):
        base = f"/en/admin/marketplace/{model}"
        assert browser.get(f"{base}/").status_code == 200
        assert browser.get(f"{base}/{row.pk}/change/").status_code == 200
        assert browser.get(f"{base}/add/").status_code == 403
        assert browser.post(f"{base}/add/", typed).status_code == 403
        assert browser.post(f"{base}/{row.pk}/change/", typed).status_code == 403
        assert browser.post(f"{base}/{row.pk}/delete/", {"post": "yes"}).status_code == 403
        browser.post(f"{base}/", {"action": "delete_selected", "_selected_action": [row.pk], "post": "yes"})
    assert (list(rules.all()), list(days.all())) == before


def test_a_change_of_master_data_leaves_an_event(signed_in, administrator):
    browser, office = signed_in(administrator), Office.objects.first()
    page = f"/en/admin/marketplace/office/{office.pk}/change/"
    form = browser.get(page).context["adminform"].form
    typed = {name: value for name, value in form.initial.items() if value is not None}
    assert browser.post(page, typed | {"phone": "8 7172 00 00 00"}).status_code == 302
    event = Event.objects.get(kind="admin.changed")
    assert (event.actor, event.subject) == (administrator, f"office:{office.pk}")
    assert event.data["message"][0]["changed"]["fields"] == ["Phone"]
    assert "8 7172" not in str(event.data), "names of fields, no values"
    office = Office.objects.create(code="empty", region=office.region, name_kk="Бос")
    browser.post(f"/en/admin/marketplace/office/{office.pk}/delete/", {"post": "yes"})
    assert Event.objects.filter(kind="admin.deleted", subject=f"office:{office.pk}").count() == 1


def test_each_look_at_a_person_leaves_a_row(signed_in, administrator):
    browser, office = signed_in(administrator), Office.objects.first()
    ward = User.objects.create(username="alikhan", full_name="Әлихан", role=Role.BENEFICIARY, office=office)
    guardian = User.objects.create(username="aigul", full_name="Айгүл", role=Role.GUARDIAN, office=office)
    kept = Guardianship.objects.create(guardian=guardian, ward=ward, basis="birth certificate")
    colleague = User.objects.create(username="gulnar", full_name="Гүлнар", role=Role.CASEWORKER, office=office)
    looks = {
        f"user/{ward.pk}/change/": {ward.pk},
        "user/?q=gulnar": set(),
        f"user/{colleague.pk}/change/": set(),
        "user/": {ward.pk, guardian.pk},
        "guardianship/": {ward.pk, guardian.pk},
        f"guardianship/{kept.pk}/change/": {ward.pk, guardian.pk},
    }
    for address, people in looks.items():
        before = ReadLog.objects.count()
        assert browser.get(f"/en/admin/marketplace/{address}").status_code == 200
        rows = ReadLog.objects.filter(actor=administrator, purpose="account").order_by("pk")[before:]
        assert {row.person_id for row in rows} == people, address


@pytest.mark.parametrize("table", ["account/emailaddress", "address/useraddress"])
def test_tables_of_people_that_nobody_uses_have_no_door(signed_in, administrator, table):
    assert signed_in(administrator).get(f"/en/admin/{table}/").status_code == 404
