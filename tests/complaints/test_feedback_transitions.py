"""The tables of feedback, calls and visits, whole: every state × every step × every party; illegal ones change nothing."""

from decimal import Decimal

import pytest
from django.utils import translation

from complaints.feedback import answering, calling, clocks, figures, selectors, visiting
from complaints.feedback.giving import Said
from complaints.feedback.models import (
    CallRound,
    CallTask,
    Feedback,
    MysteryVisit,
    MysteryVisitor,
    Occasion,
    VisitFee,
)
from complaints.feedback.states import CALL, FEEDBACK, VISIT, CallStatus, FeedbackStatus, VisitStatus
from marketplace import formats
from marketplace.errors import DomainError
from marketplace.machine import Machine
from marketplace.models import Event, OutboxRow, Role, Rule
from tests.complaints.factories import (
    at,
    make_caseworker,
    make_person,
    make_reviewer,
    make_seller,
    make_supplier,
    make_user,
    office,
    region,
)
from tests.complaints.feedback import give, make_occasion, text_of

pytestmark = pytest.mark.django_db
NOW = at("2026-11-23 12:00")


def everything() -> list[object]:
    models = (Feedback, CallTask, Occasion, MysteryVisit, VisitFee, OutboxRow)
    changes = Event.objects.exclude(kind__startswith="access.").exclude(kind__startswith="person.")
    return [*(list(model.objects.order_by("pk").values()) for model in models), changes.count()]


def try_every_step(machine: Machine, state: str, row, doors, actors) -> None:
    """Each party knocks at each door; the table alone says who comes in."""
    for action, door in doors.items():
        for party, actor in actors.items():
            type(row).objects.filter(pk=row.pk).update(status=state)
            before = everything()
            if action in machine.actions(state, [party]):
                continue  # the legal ones have tests of their own, with what they need
            with pytest.raises(DomainError):
                door(actor)
            assert everything() == before, (action, party)


@pytest.fixture
def supplier():
    return make_supplier()


@pytest.mark.parametrize("state", FeedbackStatus.values)
def test_feedback(state, supplier):
    mark = give(supplier, 4, event="order:1", text="Late.")
    Feedback.objects.filter(pk=mark.pk).update(reply_by="2026-12-01")
    doors = {
        "reply": lambda actor: answering.reply(feedback_id=mark.pk, actor=actor, text="Sorry."),
        "note-action": lambda actor: answering.note_action(feedback_id=mark.pk, actor=actor, text="Done."),
        "publish": lambda actor: answering.publish(feedback_id=mark.pk, actor=actor, text="Late."),
        "keep-private": lambda actor: answering.keep_private(feedback_id=mark.pk, actor=actor),
    }
    actors = {
        "supplier": make_seller(supplier),
        "ministry": make_reviewer(),
        "office": make_caseworker(),
        "nobody": make_person(),
    }
    # the supplier's mark is no matter of the office, whatever the table allows an office for its own
    owners = {name: actor for name, actor in actors.items() if name != "office"}
    try_every_step(FEEDBACK, state, mark, doors, owners)
    try_every_step(FEEDBACK, state, mark, doors, {"nobody of it": actors["office"]})
    for action in FEEDBACK.actions(state, ["supplier"]):
        Feedback.objects.filter(pk=mark.pk).update(status=state)
        doors[action](actors["supplier"])
        mark.refresh_from_db()
        assert mark.status == FEEDBACK.find(action, state, ["supplier"]).target


@pytest.mark.parametrize("state", FeedbackStatus.values)
def test_a_year_later_what_nobody_owes_a_step_of_goes_to_the_archive_once(state, supplier):
    """Given on 23 November 2026; by the rule after 365 days, at midnight; what is owed stays."""
    mark = give(supplier, 4, event="order:1", text="Late.")
    row = Feedback.objects.filter(pk=mark.pk)
    row.update(status=state, given_at=NOW, reply_by="2026-12-01", published_at=NOW if state == "published" else None)
    settled = state in {"rated", "acted", "published", "private"}
    last, first = at("2027-11-23 23:59"), at("2027-11-24 00:00")
    assert clocks.run(last)["marks archived"] == 0
    assert clocks.run(first)["marks archived"] == settled
    assert clocks.run(first)["marks archived"] == 0
    mark.refresh_from_db()
    archived = Event.objects.filter(kind="feedback.archive", subject=f"feedback:{mark.pk}")
    assert (mark.status == "archived", archived.count()) == (settled or state == "archived", int(settled))
    assert list(selectors.published(supplier=supplier)) == []
    assert figures.of(supplier=supplier).count == 1, "it counts on in the mean"


def test_days_to_the_archive_are_a_rule_and_run_from_publishing(supplier):
    mark = give(supplier, 4, event="order:1", text="Late.")
    Feedback.objects.filter(pk=mark.pk).update(status="published", given_at=NOW, published_at=at("2027-03-01 10:00"))
    assert clocks.run(at("2027-12-01 10:00"))["marks archived"] == 0
    Rule.objects.filter(code="feedback.archive_days").update(value={"days": 90})
    assert clocks.run(at("2027-05-30 10:00"))["marks archived"] == 0
    assert clocks.run(at("2027-05-31 10:00"))["marks archived"] == 1


@pytest.mark.parametrize("state", CallStatus.values)
def test_calls(state, supplier):
    occasion = make_occasion(make_person(), supplier=supplier)
    round_ = CallRound.objects.create(
        name="2026-W47", seed="s", since="2026-11-09", until="2026-11-15", drawn_at=at("2026-11-20 12:00")
    )
    task = CallTask.objects.create(round=round_, occasion=occasion, region=region(), call_from="2026-11-20")
    doors = {
        "interview": lambda actor: calling.interview(task_id=task.pk, actor=actor, said=Said(5), now=NOW),
        "no-answer": lambda actor: calling.no_answer(task_id=task.pk, actor=actor, now=NOW),
        "decline": lambda actor: calling.decline(task_id=task.pk, actor=actor, now=NOW),
    }
    dana = make_user("dana", Role.HOTLINE)
    actors = {
        "desk": dana,
        "supplier": make_seller(supplier),
        "ministry": make_reviewer(),
        "nobody": make_person("asan"),
    }
    try_every_step(CALL, state, task, doors, actors)
    if "decline" in CALL.actions(state, ["desk"]):
        CallTask.objects.filter(pk=task.pk).update(status=state)
        doors["decline"](dana)
        task.refresh_from_db()
        assert task.status == "declined"


@pytest.fixture
def visit():
    visitor = MysteryVisitor.objects.create(user=make_person("marta"), contract="Ш-1", registered_at=NOW)
    return MysteryVisit.objects.create(
        visitor=visitor, office=office(), assigned_by=make_reviewer("first"), assigned_at=NOW, due_on="2026-11-30",
        mark=4, visited_on="2026-11-23",
    )  # fmt: skip


@pytest.mark.parametrize("state", VisitStatus.values)
def test_visits(state, visit):
    said = visiting.Report(5, {}, "", None)
    doors = {
        "report": lambda actor: visiting.report(visit_id=visit.pk, actor=actor, said=said, photos=[]),
        "accept": lambda actor: visiting.accept(visit_id=visit.pk, actor=actor),
        "return": lambda actor: visiting.send_back(visit_id=visit.pk, actor=actor, reason="More."),
        "pay": lambda actor: visiting.approve_fee(visit_id=visit.pk, actor=actor),
        "cancel": lambda actor: visiting.cancel(visit_id=visit.pk, actor=actor),
    }
    ministry = make_reviewer()
    actors = {"visitor": visit.visitor.user, "ministry": ministry, "office": make_caseworker(), "nobody": make_person()}
    try_every_step(VISIT, state, visit, doors, actors)
    for action in VISIT.actions(state, ["ministry"]):
        Feedback.objects.all().delete()
        VisitFee.objects.all().delete()
        MysteryVisit.objects.filter(pk=visit.pk).update(status=state, feedback=None)
        doors[action](ministry)
        visit.refresh_from_db()
        assert visit.status == VISIT.find(action, state, ["ministry"]).target
        MysteryVisit.objects.filter(pk=visit.pk).update(feedback=None)


def test_an_assignment_whose_day_has_passed_is_taken_back_once(visit):
    assert clocks.run(at("2026-11-30 23:59"))["visits taken back"] == 0
    assert clocks.run(at("2026-12-01 00:05"))["visits taken back"] == 1
    assert clocks.run(at("2026-12-01 00:06"))["visits taken back"] == 0
    visit.refresh_from_db()
    event = Event.objects.get(kind="visit.cancelled")
    assert (visit.status, event.actor, event.before, event.after) == ("cancelled", None, "assigned", "cancelled")


def test_the_fee_ledger_has_its_sums_and_a_file(client, visit):
    MysteryVisit.objects.filter(pk=visit.pk).update(status="reviewed")
    VisitFee.objects.create(visit=visit, payee=visit.visitor.user, amount=Decimal("7000.50"), entered_at=NOW)
    client.force_login(make_reviewer())
    with translation.override("en"):
        sums = f"Approved: {formats.money(Decimal(0))}. Waiting for approval: {formats.money(Decimal('7000.50'))}."
    assert " ".join(sums.split()) in text_of(client.get("/en/feedback/visits/fees/"))
    lines = client.get("/en/feedback/visits/fees/?as=csv&year=2026").content.decode().splitlines()
    assert lines[1] == f"{visit.pk},{office()},Ш-1,2026-11-23,,7000.50"
    client.force_login(make_person())
    assert client.get("/en/feedback/visits/fees/").status_code == 403


def test_the_board_says_how_many_of_those_invited_answered(client, supplier):
    for number in range(4):
        make_occasion(
            make_person(f"p{number}"), supplier=supplier, event=f"order:{number}", invited_at=NOW,
            used_at=NOW if number == 0 else None,
        )  # fmt: skip
    make_occasion(make_person("uninvited"), supplier=supplier, event="order:9")
    give(supplier, 4, event="order:0")
    client.force_login(make_reviewer())
    assert (
        '<td class="govuk-table__cell govuk-table__cell--numeric">25.0</td>'
        in client.get("/en/feedback/board/").content.decode()
    )
    assert client.get("/en/feedback/board/?as=csv").content.decode().splitlines()[1].endswith(",4,1")


def test_the_api_takes_a_mark_for_an_office_of_the_map(client):
    body = {"office": "shymkent", "mark": 4}
    key = {"Idempotency-Key": "phone-1"}
    post = lambda data, **more: client.post("/api/v1/feedback", data, content_type="application/json", **more)  # noqa: E731
    assert post(body).status_code == 400
    assert post(body | {"office": "nowhere"}, headers=key).status_code == 404
    assert post(body | {"qr": "x"}, headers=key).status_code == 422
    assert not Feedback.objects.exists()
    assert post(body, headers=key).status_code == 201
    assert post(body, headers=key).status_code == 409
    assert (Feedback.objects.get().channel, Feedback.objects.get().office) == ("map", office())
