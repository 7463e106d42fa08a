"""The ministry edits rules: a whole value becomes a version from a day to come, a broken one never does."""

import json
import threading
from contextlib import suppress
from datetime import UTC, date, datetime

import pytest
from django.db import connection
from django.db.models import QuerySet
from django.utils import translation

from marketplace import calendar, loading, rule_shapes, rules
from marketplace.errors import FieldError, Forbidden, Invalid, NotFound
from marketplace.models import Event, Role, Rule, User
from marketplace.rulebook import dated, previewing, versions
from marketplace.rulebook.forms import VersionForm
from tests.marketplace.racing import together

NOW = datetime(2026, 11, 23, 5, tzinfo=UTC)  # 10:00 in Kazakhstan
FIRST, LATER = date(2024, 1, 1), date(2026, 12, 1)
BASIS = {"kk": "Заң", "ru": "Закон", "en": "Law"}
CONFIRM = "order.confirm_days"


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


def publish(actor: User, code: str = CONFIRM, **more) -> Rule:
    given = {
        "seen": Rule.objects.filter(code=code).latest("valid_from").pk,
        "valid_from": LATER,
        "value": {"days": 5, "kind": "working"},
        "mark": "L",
        "legal_basis": BASIS,
        "reason": "Order 12.",
        "now": NOW,
    }
    return versions.publish(actor=actor, code=code, **given | more)


def refused(actor: User, code: str = CONFIRM, **more) -> list[tuple[str, str]]:
    before = (Rule.objects.count(), Event.objects.count())
    with pytest.raises(Invalid) as found:
        publish(actor, code, **more)
    assert (Rule.objects.count(), Event.objects.count()) == before
    return [(error.field, error.code) for error in found.value.errors]


def test_every_shipped_rule_has_a_name_a_group_and_a_whole_value():
    known = rule_shapes.shapes()
    for code, row in rules.shipped().items():
        assert rule_shapes.problems(code, row["value"], strict=True) == [], code
        if code in known.rules:
            assert set(known.rules[code]["title"]) == set(rule_shapes.LANGUAGES), code
            assert code.split(".")[0] in known.groups, code
    assert {"order.confirm_days", "feedback.form", "complaint.routing"} <= set(rules.shipped())


# Rules that no code reads yet, and why they stand in the data.
UNREAD: dict[str, str] = {}


def test_every_rule_is_read_by_some_code():
    """A number that the ministry edits and nobody reads would be a lie; so would an excuse for one that is read."""
    root = loading.DATA.parents[1]
    apps = ("marketplace", "catalog", "suppliers", "orders", "complaints")
    files = (file for app in apps for file in (root / app).rglob("*.py") if "migrations" not in file.parts)
    source = "\n".join(file.read_text(encoding="utf-8") for file in files)
    unread = {
        code
        for code in rules.shipped()
        # f"order.delivery_days.{sphere}"
        if f'"{code}"' not in source and f'"{code.rpartition(".")[0]}.{{' not in source
    }
    assert unread == set(UNREAD)


def test_a_version_applies_from_its_day_and_says_who_why_and_by_which_law(ministry):
    publish(ministry)
    assert rules.get(CONFIRM, on=date(2026, 11, 30)).value == {"days": 3, "kind": "working"}
    found = rules.get(CONFIRM, on=LATER)
    assert (found.value, found.mark, found.basis) == ({"days": 5, "kind": "working"}, "L", "Law")
    event = Event.objects.get(kind="rule.published")
    assert (event.subject, event.actor, event.reason, event.before, event.after) == (
        "rule:order.confirm_days", ministry, "Order 12.", "2024-01-01", "2026-12-01",
    )  # fmt: skip
    assert calendar.deadline(CONFIRM, date(2026, 11, 30)).respond_by == date(2026, 12, 3)
    assert calendar.deadline(CONFIRM, LATER).respond_by == date(2026, 12, 8)
    assert [item.in_force for item in versions.history(ministry, CONFIRM, LATER)] == [True, False]


@pytest.mark.parametrize(
    ("more", "errors"),
    [
        ({"valid_from": date(2026, 11, 22)}, [("valid_from", "past")]),
        ({"valid_from": date(2026, 11, 23)}, [("valid_from", "past")]),
        ({"reason": " "}, [("reason", "required")]),
        ({"legal_basis": BASIS | {"ru": ""}}, [("basis_ru", "required")]),
        ({"mark": "X"}, [("mark", "unknown")]),
        ({"value": {"days": 0, "kind": "working"}}, [("value.days", "value")]),
        ({"value": {"days": "five", "kind": "working"}}, [("value.days", "value")]),
        ({"value": {"days": True, "kind": "working"}}, [("value.days", "value")]),
        ({"value": {"days": 5, "kind": "lunar"}}, [("value.kind", "value")]),
        ({"value": {"days": 5}}, [("value.kind", "value")]),
        ({"value": {"days": 5, "kind": "working", "hours": 2}}, [("value.hours", "value")]),
        ({"value": [5]}, [("value", "value")]),
    ],
)
def test_what_is_not_whole_is_refused_by_name(ministry, more, errors):
    assert refused(ministry, **more) == errors


def test_a_published_day_is_taken_and_the_same_value_is_no_version(ministry):
    publish(ministry)
    assert refused(ministry, value={"days": 6, "kind": "working"}) == [("valid_from", "taken")]
    assert refused(ministry, valid_from=date(2026, 12, 2)) == [("value", "same")]


@pytest.mark.parametrize(
    ("code", "value", "field"),
    [
        ("ranking.weights", {"quality": 0.5, "delivery": 0.5, "complaints": 0.5, "warranty": 0, "price": 0}, "value"),
        ("complaint.seller_reminder_days", {"days": [3, 10], "kind": "calendar"}, "value.days"),
        ("complaint.seller_answer_days", {"days": 9, "kind": "calendar"}, "value.days"),
        ("complaint.escalation_time", {"time": "24:05", "day": "next"}, "value.time"),
        ("ranking.priors", None, "value.rating.mark"),
    ],
)
def test_each_rule_has_its_own_checks(ministry, code, value, field):
    if value is None:
        value = json.loads(json.dumps(rules.get(code).value))
        value["rating"]["mark"] = 6
    assert [name for name, _code in refused(ministry, code, value=value)] == [field]


def test_only_the_ministry_comes_here(client, signed_in, gulnar, ministry):
    with pytest.raises(Forbidden):
        publish(gulnar)
    with pytest.raises(Forbidden):
        versions.listed(gulnar)
    pages = ["/en/review/rules/", f"/en/review/rules/{CONFIRM}/"]
    for page in pages:
        assert client.get(page).status_code == 302
        assert signed_in(gulnar).get(page).status_code == 403
        assert signed_in(ministry).get(page).status_code == 200
    assert signed_in(gulnar).post(pages[1], {"action": "publish"}).status_code == 403
    assert signed_in(ministry).get("/en/review/rules/no.such/").status_code == 404


def test_the_second_editor_is_told(ministry):
    seen = Rule.objects.get(code=CONFIRM).pk
    publish(ministry, seen=seen)
    with pytest.raises(versions.ChangedMeanwhile):
        publish(ministry, seen=seen, valid_from=date(2026, 12, 5), value={"days": 7, "kind": "working"})
    assert Rule.objects.filter(code=CONFIRM).count() == 2


def two_editors(ministry: User, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Both saw the same version; inside the service each waits until the other is as far, if it ever comes."""
    seen, both = Rule.objects.get(code=CONFIRM).pk, threading.Barrier(2)
    checked = versions.value_errors

    def slowly(*given) -> list[FieldError]:
        with suppress(threading.BrokenBarrierError):
            both.wait(timeout=0.3)
        return checked(*given)

    monkeypatch.setattr(versions, "value_errors", slowly)

    def work(number: int) -> str:
        try:
            publish(
                ministry,
                seen=seen,
                valid_from=date(2026, 12, 5 + number),
                value={"days": 6 + number, "kind": "working"},
            )
        except versions.ChangedMeanwhile:
            return "told"
        return "published"

    return sorted(together(work, 2))


@pytest.mark.django_db(transaction=True)
def test_two_editors_at_once_do_not_overwrite_each_other(ministry, monkeypatch):
    assert two_editors(ministry, monkeypatch) == ["published", "told"]
    assert Rule.objects.filter(code=CONFIRM).count() == 2


@pytest.mark.django_db(transaction=True)
def test_control_without_the_lock_both_would_publish(ministry, monkeypatch):
    monkeypatch.setattr(QuerySet, "select_for_update", lambda rows, *args, **kwargs: rows)
    assert two_editors(ministry, monkeypatch) == ["published", "published"]


# --- What changes ------------------------------------------------------------------------------


def test_the_preview_shows_dates_before_and_after_and_who_keeps_the_date(monkeypatch):
    monkeypatch.setattr(dated, "_registered", [])
    dated.register("Open orders", of_rule=lambda code: 4 if code == CONFIRM else 0, from_day=lambda day: 0)
    found = previewing.of_version(CONFIRM, {"days": 5, "kind": "working"}, LATER)
    assert found.changes == [("Number of days", "3", "5")]
    assert [(item.filed, item.before, item.after) for item in found.examples] == [
        (date(2026, 12, 1), date(2026, 12, 4), date(2026, 12, 8)),
        (date(2026, 12, 4), date(2026, 12, 9), date(2026, 12, 11)),
        (date(2026, 12, 15), date(2026, 12, 21), date(2026, 12, 23)),  # 16 December is Independence Day
        (date(2026, 12, 31), date(2027, 1, 8), date(2027, 1, 12)),  # 1, 4 and 7 January are free
    ]
    assert [(item.label, item.count) for item in found.kept] == [("Open orders", 4)]


def test_the_preview_of_hours_and_of_the_way_of_counting():
    hours = previewing.of_version("draft.help_hours", {"hours": 48}, LATER).examples[0]
    assert (hours.after - hours.before).total_seconds() == 24 * 3600
    moving = previewing.of_version("deadline.last_day_moves", {"enabled": False}, LATER).examples
    assert {(item.filed, item.before, item.after) for item in moving if item.differs} == {
        (date(2026, 12, 31), date(2027, 1, 11), date(2027, 1, 10))
    }


# --- A value that cannot be read ---------------------------------------------------------------


@pytest.mark.parametrize("value", [{"days": "soon"}, {"days": -3}, {"days": 10**9}, {"kind": "working"}, [], None, "3"])
def test_a_broken_value_never_takes_the_portal_down(value):
    Rule.objects.create(code=CONFIRM, valid_from=date(2026, 6, 1), value={"days": 4, "kind": "working"})
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO marketplace_rule (code, valid_from, value, legal_basis, mark, created_at)"
            " VALUES (%s, '2026-11-01', %s, '{}', 'D', now())",
            [CONFIRM, json.dumps(value)],
        )
    assert calendar.deadline(CONFIRM, date(2026, 11, 2)).respond_by == date(2026, 11, 6), "by the version before"
    Rule.objects.filter(code=CONFIRM).update(value={"days": None})
    assert calendar.deadline(CONFIRM, date(2026, 11, 2)).respond_by == date(2026, 11, 5), "as the product ships it"


def test_the_list_and_the_page_show_a_broken_value(signed_in, ministry):
    Rule.objects.filter(code=CONFIRM).update(value={"days": None})
    Rule.objects.create(code="new.rule", valid_from=FIRST, value={"strange": [{"a": 1}], "more": {"b": False}})
    for page in ("", f"{CONFIRM}/", "new.rule/"):
        assert signed_in(ministry).get(f"/en/review/rules/{page}").status_code == 200


# --- The pages ---------------------------------------------------------------------------------


def posted(browser, code: str, **more):
    """What a browser sends when a reviewer changed some boxes of the form."""
    page = browser.get(f"/en/review/rules/{code}/")
    form = page.context["form"]
    typed = {name: form.get_initial_for_field(field, name) for name, field in form.fields.items()}
    typed = {name: value for name, value in typed.items() if value not in (None, False)}
    day = {"valid_from_day": "1", "valid_from_month": "1", "valid_from_year": "2100"}
    texts = {"reason": "Order 12.", "seen": str(page.context["seen"])}
    return browser.post(f"/en/review/rules/{code}/", typed | day | texts | more)


def test_a_reviewer_looks_and_publishes(signed_in, ministry):
    browser = signed_in(ministry)
    shown = posted(browser, CONFIRM, action="preview", **{"value.days": "5"})
    assert "What changes" in shown.content.decode() and Rule.objects.filter(code=CONFIRM).count() == 1
    assert posted(browser, CONFIRM, action="publish", **{"value.days": "5"}).status_code == 302
    made = Rule.objects.get(code=CONFIRM, valid_from=date(2100, 1, 1))
    assert (made.value, made.author) == ({"days": 5, "kind": "working"}, ministry)
    assert "2100: 5 working days" in browser.get("/en/review/rules/").content.decode()


def test_what_was_typed_stays_when_it_is_refused(signed_in, ministry):
    browser = signed_in(ministry)
    shown = posted(browser, CONFIRM, action="publish", reason="", **{"value.days": "soon"})
    text = shown.content.decode()
    assert "Say why." in text and 'value="soon"' in text
    wrong = posted(browser, CONFIRM, action="publish", **{"value.days": "soon"}).content.decode()
    assert "Enter a whole number from 1 to 60." in wrong and 'value="soon"' in wrong
    late = posted(browser, CONFIRM, action="publish", seen="1", **{"value.days": "6"})
    assert "Somebody published a version of this rule meanwhile." in late.content.decode()
    assert Rule.objects.filter(code=CONFIRM).count() == 1


def test_the_form_of_every_rule_gives_back_its_value():
    """Nothing is lost or bent between the stored value and the boxes of the form."""
    for code, row in rules.shipped().items():
        if code == "complaint.routing":
            continue  # it has an editor of its own
        form = VersionForm(None, code=code, value=row["value"])
        sent = {name: form.get_initial_for_field(field, name) for name, field in form.fields.items()}
        boxes = {name: str(item) if isinstance(item, int | float) else item for name, item in sent.items()}
        again = VersionForm(
            {name: item for name, item in boxes.items() if item != "False"}, code=code, value=row["value"]
        )
        again.is_valid()
        assert again.typed_value() == row["value"], code


def test_a_rule_with_its_own_page_is_not_edited_here(ministry, monkeypatch):
    monkeypatch.setitem(versions._own_editors, CONFIRM, "complaints:routing")
    with pytest.raises(NotFound):
        publish(ministry)
