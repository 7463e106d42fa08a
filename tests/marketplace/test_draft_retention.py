"""Drafts that nobody touches: reminders 14 and 3 days before the end, then the removal. Literal local dates."""

import json
import uuid
from collections.abc import Callable
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.core.management import call_command
from django.test import Client
from django.utils import timezone

from marketplace import loading
from marketplace.drafts import retention, saving
from marketplace.drafts.retention import Step, Terms, due
from marketplace.models import Draft, DraftReminder, DraftSave, Event, LastRun, Notice, Rule, User
from tests.marketplace.sample_draft import ROUTE, op, saved

SignIn = Callable[[User], Client]
ALMATY = ZoneInfo("Asia/Almaty")
TERMS = Terms(kept=180, reminders=(14, 3))
TOUCHED = date(2026, 1, 10)
FIRST, SECOND, END = date(2026, 6, 25), date(2026, 7, 6), date(2026, 7, 9)


def morning(day: date, hour: int = 9, minute: int = 0) -> datetime:
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=ALMATY)


# --- The plan, without a database -------------------------------------------------------------


@pytest.mark.parametrize(
    ("made", "today", "step"),
    [
        ({}, date(2026, 1, 10), None),
        ({}, date(2026, 6, 24), None),
        ({}, FIRST, Step(END, 14)),
        ({14: FIRST}, FIRST, None),
        ({14: FIRST}, date(2026, 7, 5), None),
        ({14: FIRST}, SECOND, Step(END, 3)),
        ({14: FIRST, 3: SECOND}, SECOND, None),
        ({14: FIRST, 3: SECOND}, date(2026, 7, 8), None),
        ({14: FIRST, 3: SECOND}, END, Step(END)),
        ({14: FIRST, 3: SECOND}, date(2027, 1, 1), Step(END)),
        # The portal was away: every promise is counted from the day it was made.
        ({}, date(2026, 7, 7), Step(date(2026, 7, 21), 14)),
        ({}, date(2026, 12, 1), Step(date(2026, 12, 15), 14)),
        ({14: date(2026, 12, 1)}, date(2026, 12, 11), None),
        ({14: date(2026, 12, 1)}, date(2026, 12, 12), Step(date(2026, 12, 15), 3)),
        ({14: date(2026, 12, 1), 3: date(2026, 12, 12)}, date(2026, 12, 14), None),
        ({14: date(2026, 12, 1), 3: date(2026, 12, 12)}, date(2026, 12, 15), Step(date(2026, 12, 15))),
        # Away once more between the two.
        ({14: FIRST}, date(2026, 7, 30), Step(date(2026, 8, 2), 3)),
        ({14: FIRST, 3: date(2026, 7, 30)}, date(2026, 8, 1), None),
        ({14: FIRST, 3: date(2026, 7, 30)}, date(2026, 8, 2), Step(date(2026, 8, 2))),
    ],
)
def test_what_is_due(made: dict[int, date], today: date, step: Step | None) -> None:
    assert due(TERMS, TOUCHED, made, today) == step


def test_no_history_of_runs_leads_to_a_removal_without_both_reminders_three_days_before() -> None:
    """Every pattern of days on which the job ran, of a short rule: 6 days kept, told 3 and 1 days before."""
    terms = Terms(kept=6, reminders=(3, 1))
    for pattern in range(2**12):
        made: dict[int, date] = {}
        for number in range(12):
            today = date(2026, 3, 1 + number)
            if not pattern >> number & 1:
                continue
            step = due(terms, date(2026, 3, 1), made, today)
            if step is None:
                continue
            if step.days is not None:
                made[step.days] = today
                continue
            assert today >= date(2026, 3, 7)
            assert (today - made[3]).days >= 3 and (today - made[1]).days >= 1
            break


# --- The sweep --------------------------------------------------------------------------------


@pytest.fixture
def terms(db: None) -> None:
    """The rules of an installation; regions and offices are these tests' own."""
    codes = {"order.draft_keep_days", "order.draft_reminder_days", "draft.put_aside_days"}
    codes.add("supplier.application_keep_days")
    for row in json.loads((loading.DATA / "rules.json").read_text()):
        if row["code"] in codes:
            Rule.objects.create(**row)


@pytest.fixture
def touched(sample_kind: object, terms: None, signed_in: SignIn, marat: User, draft_id: uuid.UUID) -> Client:
    """Marat's browser, and a draft that he touched on 10 January 2026, two minutes before midnight."""
    with time_machine.travel(morning(TOUCHED, 23, 58), tick=False):
        client = signed_in(marat)
        saved(client, draft_id, op("name", "Марат"), op("phone", "8 701"))
    return client


def sweep(day: date, **at: int) -> dict[str, int]:
    return retention.sweep(morning(day, **at))


NOTHING = {"reminded": 0, "purged": 0}
REMINDED = {"reminded": 1, "purged": 0}
PURGED = {"reminded": 0, "purged": 1}


@pytest.mark.django_db
def test_a_draft_that_nobody_touches_is_announced_twice_and_then_removed(
    touched: Client, signed_in: SignIn, marat: User, draft_id: uuid.UUID
) -> None:
    assert sweep(date(2026, 6, 24), hour=23, minute=59) == NOTHING
    assert not Notice.objects.exists()

    assert sweep(FIRST, hour=0, minute=1) == REMINDED
    assert sweep(date(2026, 7, 5)) == NOTHING
    assert sweep(SECOND) == REMINDED
    assert sweep(date(2026, 7, 8)) == NOTHING
    assert Draft.objects.get(pk=draft_id).value("name") == "Марат", "everything is there until the last day"
    assert sweep(END) == PURGED

    assert not Draft.objects.filter(pk=draft_id).exists()
    assert not DraftSave.objects.exists() and not DraftReminder.objects.exists()
    assert signed_in(marat).get(f"{ROUTE}{draft_id}").status_code == 404
    event = Event.objects.get(kind="draft.purged")
    assert (event.subject, event.actor, event.on_behalf_of) == (f"draft:{draft_id}", None, marat)
    assert (event.before, event.after) == ("open", "purged")
    assert event.data == {"kind": "sample", "rev": 1, "touched_on": "2026-01-10"}


@pytest.mark.django_db
def test_the_reminders_speak_the_readers_language_and_name_the_day(
    touched: Client, marat: User, draft_id: uuid.UUID
) -> None:
    User.objects.filter(pk=marat.pk).update(language="en")
    sweep(FIRST)
    sweep(SECOND)
    first, second = Notice.objects.order_by("pk")
    for notice in (first, second):
        assert (notice.recipient, notice.channel, notice.address) == (marat, "sms", "+77010000001")
        assert (notice.kind, notice.subject) == ("draft.reminder", f"draft:{draft_id}")
        assert notice.title.replace("\xa0", " ") == "Your draft is removed on 9 July 2026"
        assert "10 January 2026" in notice.text.replace("\xa0", " ")
        assert "8 701" not in notice.text and "Марат" not in notice.text


@pytest.mark.django_db
def test_running_twice_on_a_day_does_nothing_twice(touched: Client) -> None:
    for day, expected in ((FIRST, REMINDED), (SECOND, REMINDED), (END, PURGED)):
        assert sweep(day) == expected
        assert sweep(day, hour=22) == NOTHING
    assert Notice.objects.count() == 2
    assert Event.objects.filter(kind="draft.purged").count() == 1


@pytest.mark.django_db
def test_a_touch_starts_everything_anew(touched: Client, draft_id: uuid.UUID) -> None:
    sweep(FIRST)
    sweep(SECOND)
    with time_machine.travel(morning(date(2026, 7, 8)), tick=False):
        touched.force_login(User.objects.get(username="marat"), "django.contrib.auth.backends.ModelBackend")
        saved(touched, draft_id, op("note", "I am still here"))
    assert sweep(END) == NOTHING
    assert sweep(date(2026, 12, 20)) == NOTHING
    assert sweep(date(2026, 12, 21)) == REMINDED, "14 days before 4 January 2027"
    assert sweep(date(2027, 1, 1)) == REMINDED
    assert sweep(date(2027, 1, 3)) == NOTHING
    assert sweep(date(2027, 1, 4)) == PURGED
    assert Notice.objects.count() == 4


@pytest.mark.django_db
def test_after_an_outage_nobody_loses_a_day_of_notice(touched: Client, draft_id: uuid.UUID) -> None:
    assert sweep(date(2026, 12, 1)) == REMINDED
    assert sweep(date(2026, 12, 1)) == NOTHING
    assert sweep(date(2026, 12, 11)) == NOTHING
    assert sweep(date(2026, 12, 12)) == REMINDED
    assert sweep(date(2026, 12, 14)) == NOTHING
    assert Draft.objects.filter(pk=draft_id).exists()
    assert sweep(date(2026, 12, 15)) == PURGED


@pytest.mark.django_db
def test_a_draft_that_was_put_aside_is_kept_for_thirty_days_and_announced_as_well(
    touched: Client, marat: User, draft_id: uuid.UUID
) -> None:
    with time_machine.travel(morning(date(2026, 2, 1)), tick=False):
        saving.discard(draft_id=draft_id, actor=marat)
    draft = Draft.objects.get(pk=draft_id)
    assert retention.with_ends([draft]) == [(draft, date(2026, 3, 3))]
    assert sweep(date(2026, 2, 16)) == NOTHING
    assert sweep(date(2026, 2, 17)) == REMINDED
    assert sweep(date(2026, 2, 28)) == REMINDED
    assert sweep(date(2026, 3, 2)) == NOTHING
    assert sweep(date(2026, 3, 3)) == PURGED
    assert Event.objects.get(kind="draft.purged").before == "discarded"


@pytest.mark.django_db
def test_a_restored_draft_has_its_whole_time_again(touched: Client, marat: User, draft_id: uuid.UUID) -> None:
    with time_machine.travel(morning(date(2026, 2, 1)), tick=False):
        saving.discard(draft_id=draft_id, actor=marat)
    sweep(date(2026, 2, 17))
    with time_machine.travel(morning(date(2026, 3, 1)), tick=False):
        saving.restore(draft_id=draft_id, actor=marat)
    assert sweep(date(2026, 8, 13)) == NOTHING
    assert sweep(date(2026, 8, 14)) == REMINDED, "14 days before 28 August"


@pytest.mark.django_db
def test_what_was_sent_is_not_touched(touched: Client, draft_id: uuid.UUID) -> None:
    Draft.objects.filter(pk=draft_id).update(status="submitted", submitted_at=morning(TOUCHED))
    for day in (FIRST, SECOND, END, date(2030, 1, 1)):
        assert sweep(day) == NOTHING
    assert Draft.objects.get(pk=draft_id).value("name") == "Марат"


@pytest.mark.django_db
def test_a_kind_may_have_its_own_rule(touched: Client, monkeypatch: pytest.MonkeyPatch, sample_kind: Any) -> None:
    """Applications of suppliers are kept for 90 days: the rule supplier.application_keep_days."""
    object.__setattr__(sample_kind, "keep_rule", "supplier.application_keep_days")
    try:
        assert sweep(date(2026, 3, 26)) == NOTHING
        assert sweep(date(2026, 3, 27)) == REMINDED, "14 days before 10 April"
    finally:
        object.__setattr__(sample_kind, "keep_rule", "order.draft_keep_days")


@pytest.mark.django_db
def test_a_childs_mother_is_told(
    terms: None, sample_kind: object, signed_in: SignIn, gulnar: User, aigul: User, alikhan: User,
    draft_id: uuid.UUID,
) -> None:  # fmt: skip
    """Whoever of the office wrote it."""
    with time_machine.travel(morning(TOUCHED), tick=False):
        saved(signed_in(gulnar), draft_id, op("name", "Әлихан"), beneficiary=alikhan.pk)
    sweep(FIRST)
    assert Notice.objects.get().recipient == aigul


@pytest.mark.django_db
def test_a_draft_that_is_touched_while_the_sweep_looks_stays(
    touched: Client, draft_id: uuid.UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The step is decided under the lock, not by what was read before."""
    sweep(FIRST)
    sweep(SECOND)
    look = retention._due

    def look_then_touch(*arguments: Any) -> Any:
        for draft in look(*arguments):
            Draft.objects.filter(pk=draft.pk).update(updated_at=timezone.now())
            yield draft

    monkeypatch.setattr(retention, "_due", look_then_touch)
    assert sweep(END) == NOTHING
    assert Draft.objects.get(pk=draft_id).value("name") == "Марат"


@pytest.mark.django_db
def test_the_command_runs_by_the_databases_clock_and_leaves_its_note(
    touched: Client, draft_id: uuid.UUID, capsys: pytest.CaptureFixture[str]
) -> None:
    Draft.objects.filter(pk=draft_id).update(updated_at=timezone.now())
    with time_machine.travel(morning(date(2040, 1, 1))):
        call_command("keep_drafts")
    assert capsys.readouterr().out.strip() == "reminded: 0, purged: 0", "a wrong clock of a worker decides nothing"
    assert LastRun.objects.filter(name="keep_drafts").exists()
