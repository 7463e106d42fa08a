"""The ministry keeps the calendar: days are added and struck with their decree, and only new filings notice."""

from datetime import UTC, date, datetime

import pytest
from django.utils import translation

from marketplace import calendar, loading
from marketplace.errors import Forbidden, Invalid, NotFound
from marketplace.models import CalendarDay, Event, Role, User
from marketplace.rulebook import dated, days, previewing
from tests.marketplace.racing import together

NOW = datetime(2026, 11, 23, 5, tzinfo=UTC)  # 10:00 in Kazakhstan
TODAY = date(2026, 11, 23)
NAME = {"kk": "Демалыс ауыстырылды", "ru": "Перенос выходного", "en": "Day off moved"}
DECREE = {"kk": "№ 7 бұйрық", "ru": "Приказ № 7", "en": "Order No. 7"}
FREE, WORKED = date(2026, 12, 7), date(2026, 12, 12)  # a Monday becomes free, a Saturday is worked


@pytest.fixture(autouse=True)
def english(master_data: None):
    with translation.override("en"):
        yield


@pytest.fixture
def ministry() -> User:
    return User.objects.create(username="saule", full_name="Сәуле Ахметова", role=Role.REVIEWER)


@pytest.fixture
def gulnar() -> User:
    return User.objects.create(username="gulnar", full_name="Гүлнар Оспанова", role=Role.CASEWORKER)


def made(**more) -> CalendarDay:
    given = {"day": FREE, "working": False, "name": NAME, "basis": DECREE, "instead_of": WORKED, "estimated": False}
    return days.proposed(**given | more)


def added(actor: User, **more) -> CalendarDay:
    return days.add(actor=actor, day=made(**more), reason="Decree.", now=NOW)


def refused(actor: User, day: CalendarDay, reason: str = "Decree.", **more) -> list[tuple[str, str]]:
    before = (CalendarDay.objects.count(), Event.objects.count())
    with pytest.raises(Invalid) as found:
        days.add(actor=actor, day=day, reason=reason, now=NOW, **more)
    assert (CalendarDay.objects.count(), Event.objects.count()) == before
    return [(error.field, error.code) for error in found.value.errors]


def test_moved_days_change_new_dates_and_the_date_says_by_which_decree(ministry):
    fixed = calendar.deadline("complaint.refusal_days", date(2026, 12, 3))
    assert fixed.respond_by == date(2026, 12, 10)
    added(ministry)
    added(ministry, day=WORKED, working=True, instead_of=FREE)
    after = calendar.deadline("complaint.refusal_days", date(2026, 12, 3))
    assert after.respond_by == date(2026, 12, 11), "Friday, Tuesday to Friday"
    words = calendar.in_words(after.explained)
    assert "07.12.2026 (Day off moved, instead of 12.12.2026)" in words
    assert "Order No. 7" in words and "Order No. 7" not in calendar.in_words(after.explained, short=True)
    worked = calendar.in_words(calendar.deadline("complaint.refusal_days", date(2026, 12, 8)).explained)
    assert "Week-end days that were worked and count: 12.12.2026 (Day off moved, instead of 07.12.2026)." in worked
    assert calendar.in_words(fixed.explained).startswith("5 working days after 03.12.2026; the last day is 10.12.2026.")
    event = Event.objects.filter(kind="calendar.added").first()
    assert (event.actor, event.reason, event.data["instead_of"]) == (ministry, "Decree.", "2026-12-12")


def test_dates_explained_before_days_had_a_basis_still_read():
    old = {
        "rule": "x", "days": 10, "kind": "calendar", "from": "2026-03-11", "until": "2026-03-26",
        "skipped": [{"day": "2026-03-21", "why": "Наурыз мейрамы"}], "basis": {"en": "Law."},
    }  # fmt: skip
    assert calendar.in_words(old).endswith("Days off that do not count: 21.03.2026. Law.")


def test_a_struck_day_stays_to_be_read_and_counts_no_more(ministry):
    day = CalendarDay.objects.get(day=date(2026, 12, 16))
    days.strike(actor=ministry, day_id=day.pk, reason="The law changed.", now=NOW)
    assert calendar.deadline("complaint.refusal_days", date(2026, 12, 11)).respond_by == date(2026, 12, 18)
    told = next(item for item in days.of_year(ministry, 2026) if item.day.pk == day.pk)
    assert (told.struck.reason, told.struck.actor) == ("The law changed.", ministry)
    with pytest.raises(days.StruckAlready):
        days.strike(actor=ministry, day_id=day.pk, reason="Again.", now=NOW)
    added(ministry, day=date(2026, 12, 16), instead_of=None)
    assert CalendarDay.objects.filter(day=date(2026, 12, 16)).count() == 2


def test_loading_again_brings_no_struck_day_back(ministry):
    day = CalendarDay.objects.get(day=date(2026, 12, 16))
    days.strike(actor=ministry, day_id=day.pk, reason="The law changed.", now=NOW)
    loading.load_all()
    assert CalendarDay.objects.get(day=date(2026, 12, 16)).struck_at == NOW


def test_an_installation_of_before_gets_the_basis_of_its_days():
    CalendarDay.objects.update(basis={}, instead_of=None)
    loading.load_all()
    moved = CalendarDay.objects.get(day=date(2026, 10, 26))
    assert moved.instead_of == date(2026, 10, 25)
    assert moved.basis["en"].startswith("Labour Code")
    assert not CalendarDay.objects.filter(basis={}).exists()


@pytest.mark.parametrize(
    ("more", "errors"),
    [
        ({"day": date(2026, 12, 16)}, [("day", "taken")]),
        ({"working": True}, [("working", "plain")]),
        ({"day": WORKED, "working": True, "instead_of": None}, [("instead_of", "required")]),
        ({"instead_of": FREE}, [("instead_of", "same")]),
        ({"basis": DECREE | {"kk": " "}}, [("basis_kk", "required")]),
        ({"name": NAME | {"en": ""}}, [("name_en", "required")]),
        ({"day": TODAY}, [("knowing", "required")]),
        ({"day": date(2026, 11, 9)}, [("knowing", "required")]),
    ],
)
def test_a_day_that_is_not_whole_is_refused(ministry, more, errors):
    assert refused(ministry, made(**more)) == errors


def test_a_day_that_is_over_needs_a_knowing_reviewer(ministry):
    day = days.add(actor=ministry, day=made(day=date(2026, 11, 9)), reason="Late.", knowing=True, now=NOW)
    with pytest.raises(Invalid):
        days.strike(actor=ministry, day_id=day.pk, reason="Wrong.", now=NOW)
    assert CalendarDay.objects.get(pk=day.pk).struck_at is None
    days.strike(actor=ministry, day_id=day.pk, reason="Wrong.", knowing=True, now=NOW)


@pytest.mark.django_db(transaction=True)
def test_two_reviewers_add_a_day_once(ministry):
    def work(_number: int) -> str:
        try:
            added(ministry)
        except Invalid as error:
            return error.errors[0].code
        return "added"

    assert sorted(together(work, 2)) == ["added", "taken"]
    assert CalendarDay.objects.filter(day=FREE).count() == 1


def test_the_preview_shows_new_dates_and_who_keeps_the_old_one(monkeypatch):
    monkeypatch.setattr(dated, "_registered", [])
    dated.register("Open complaints", of_rule=lambda code: 0, from_day=lambda day: 7 if day == FREE else 0)
    found = previewing.of_day(also=made(), today=TODAY)
    changed = {(item.term, item.filed, item.before, item.after) for item in found.examples if item.differs}
    assert ("10 calendar days", date(2026, 11, 27), date(2026, 12, 7), date(2026, 12, 8)) in changed
    assert ("5 working days", date(2026, 12, 2), date(2026, 12, 9), date(2026, 12, 10)) in changed
    assert [(item.label, item.count) for item in found.kept] == [("Open complaints", 7)]


def test_only_the_ministry_keeps_the_calendar(client, signed_in, gulnar, ministry):
    day = CalendarDay.objects.get(day=date(2026, 12, 16))
    with pytest.raises(Forbidden):
        added(gulnar)
    with pytest.raises(Forbidden):
        days.strike(actor=gulnar, day_id=day.pk, reason="No.", now=NOW)
    with pytest.raises(NotFound):
        days.strike(actor=ministry, day_id=0, reason="No.", now=NOW)
    for page in ("", "add/", f"{day.pk}/strike/"):
        assert client.get(f"/en/review/calendar/{page}").status_code == 302
        assert signed_in(gulnar).get(f"/en/review/calendar/{page}").status_code == 403
        assert signed_in(ministry).get(f"/en/review/calendar/{page}").status_code == 200
    assert signed_in(ministry).get("/en/review/calendar/?year=soon").status_code == 404


def test_a_reviewer_adds_and_strikes_by_the_pages(signed_in, ministry):
    browser = signed_in(ministry)
    typed = {
        "day_day": "6", "day_month": "1", "day_year": "2031", "working": "no", "reason": "Decree.",
        **{f"name_{code}": text for code, text in NAME.items()},
        **{f"basis_{code}": text for code, text in DECREE.items()},
    }  # fmt: skip
    shown = browser.post("/en/review/calendar/add/", typed | {"action": "preview"})
    assert "Dates of new filings, for example" in shown.content.decode()
    assert not CalendarDay.objects.filter(day__year=2031).exists()
    done = browser.post("/en/review/calendar/add/", typed | {"action": "add"})
    assert (done.status_code, done.url) == (302, "/en/review/calendar/?year=2031")
    day = CalendarDay.objects.get(day=date(2031, 1, 6))
    assert (day.name_kk, day.basis, day.author) == (NAME["kk"], DECREE, ministry)
    assert "Order No. 7" in browser.get("/en/review/calendar/?year=2031").content.decode()
    again = browser.post("/en/review/calendar/add/", typed | {"action": "add"}).content.decode()
    assert "The calendar has this day already." in again and 'value="2031"' in again
    page = f"/en/review/calendar/{day.pk}/strike/"
    assert "Say why." in browser.post(page, {"reason": ""}).content.decode()
    assert browser.post(page, {"reason": "Decree recalled."}).status_code == 302
    assert "Decree recalled." in browser.get("/en/review/calendar/?year=2031").content.decode()
    assert browser.get(page).status_code == 404
