"""Situational headquarters: who leads, what a guest sees and never sees, tasks that the clock watches, minutes."""

from datetime import date

import pytest

from complaints import clocks
from complaints.demo import state_side
from complaints.headquarters import leading, selectors, working
from complaints.headquarters.models import Board, BoardGuest, SharedCase, Task
from complaints.models import Complaint
from marketplace import outbox
from marketplace.errors import Forbidden, Invalid, NotFound
from marketplace.models import Event, Notice, Role, User
from marketplace.time import database_now
from tests.complaints.factories import at, body, make_complaint, make_inspector, make_person, make_reviewer, make_user

NOW = at("2026-12-04 10:00")
NAME, PHONE, STORY, ANSWER = "КАНАРЕЙКА-ИМЯ", "+77019998877", "КАНАРЕЙКА-ТЕКСТ", "КАНАРЕЙКА-ОТВЕТ"


@pytest.fixture
def inspector():
    return make_inspector()


@pytest.fixture
def guest():
    return make_user("ngo", Role.GUEST, full_name="Лаура", region=None)


@pytest.fixture
def board(inspector, guest):
    """A board of Shymkent with one case full of canary words, and one guest."""
    person = make_person(full_name=NAME, phone=PHONE)
    case = make_complaint(person=person, text=STORY)
    Complaint.objects.filter(pk=case.pk).update(
        contact={"name": NAME, "phone": PHONE},
        answer=ANSWER,
        decision=ANSWER,
        texts={"1": ANSWER},
        fields={"lot": ANSWER},
        status="with_body",
        addressee_authority=body(),
        respond_by=date(2026, 12, 20),
    )
    found = leading.open_board(region="KZ-79", basis="№ 12, 01.12.2026", actor=inspector, now=NOW)
    leading.share(board_id=found.pk, number=case.number, actor=inspector, now=NOW)
    leading.invite(board_id=found.pk, username="ngo", organisation="Бірге қоғамы", actor=inspector, now=NOW)
    return found


def task(board, actor, owner, **more):
    given = {"title": "Visit the shop", "owner": owner.pk, "due_on": date(2026, 12, 10)} | more
    return working.add_task(board_id=board.pk, actor=actor, now=NOW, **given)


# --- Guests --------------------------------------------------------------------------------------------


def test_a_guest_gets_no_name_text_or_number_anywhere(client, board, inspector, guest):
    case = Complaint.objects.get()
    minutes = working.write_minutes(
        board_id=board.pk,
        held_on=date(2026, 12, 3),
        agenda="Walkers",
        decisions="Check shops",
        actor=inspector,
        now=NOW,
    )
    task(board, inspector, guest)
    client.force_login(guest)
    pages = [
        "/en/", "/en/review/headquarters/", f"/en/review/headquarters/{board.pk}/", "/en/reports/",
        f"/en/review/headquarters/{board.pk}/minutes/{minutes.pk}/",
    ]  # fmt: skip
    hidden = [NAME, PHONE, "9998877", STORY, ANSWER, case.number, case.order_line.order.number, case.supplier.name]
    for path in pages:
        page = client.get(path)
        assert page.status_code == 200, path
        for word in hidden:
            assert word not in page.content.decode(), (path, word)
    assert "Poor quality, defect" in client.get(pages[2]).content.decode(), "the subject is what the board is about"
    closed = [
        f"/en/complaints/{case.number}/", f"/en/review/{case.number}/", "/en/review/", "/en/review/board/",
        "/en/review/measures/", "/en/review/suppliers/", "/en/complaints/new/", f"/api/v1/complaints/{case.number}",
        f"/api/v1/orders/{case.order_line.order.number}", "/en/reports/cases/?outcome=carried_over",
        "/en/review/outreach/", "/en/hotline/", "/en/office/",
    ]  # fmt: skip
    for path in closed:
        assert client.get(path).status_code in {403, 404}, path
    assert client.get("/api/v1/complaints").json()["count"] == 0
    assert client.get("/api/v1/orders").json()["count"] == 0


def test_a_guest_sees_only_boards_she_is_invited_to_and_none_after_she_is_removed(client, board, inspector, guest):
    far = leading.open_board(region="KZ-63", basis="№ 13", actor=make_reviewer(), now=NOW)
    client.force_login(guest)
    assert f"/review/headquarters/{far.pk}/" not in client.get("/en/review/headquarters/").content.decode()
    assert client.get(f"/en/review/headquarters/{far.pk}/").status_code == 404
    assert client.get("/en/review/headquarters/999999/").status_code == 404
    row = BoardGuest.objects.get()
    leading.remove(board_id=board.pk, guest_id=row.pk, actor=inspector, now=NOW)
    assert client.get(f"/en/review/headquarters/{board.pk}/").status_code == 404
    with pytest.raises(NotFound):
        leading.remove(board_id=board.pk, guest_id=row.pk, actor=inspector, now=NOW)
    leading.invite(board_id=board.pk, username="ngo", organisation="Бірге", actor=inspector, now=NOW)
    assert client.get(f"/en/review/headquarters/{board.pk}/").status_code == 200


def test_a_guest_leads_nothing(client, board, guest):
    before = Event.objects.count()
    client.force_login(guest)
    url = f"/en/review/headquarters/{board.pk}/"
    for action in ("share", "task", "minutes", "invite"):
        given = {
            "number": Complaint.objects.get().number, "title": "x", "owner": guest.pk, "due_on": "2030-1-1",
            "held_on": "2026-1-1", "agenda": "x", "decisions": "x", "username": "ngo", "organisation": "x",
        }  # fmt: skip
        assert client.post(url, given | {"action": action}).status_code == 403, action
    case, invited = SharedCase.objects.get(), BoardGuest.objects.get()
    assert client.post(f"{url}unshare/{case.pk}/").status_code == 403
    assert client.post(f"{url}remove/{invited.pk}/").status_code == 403
    with pytest.raises(Forbidden):
        leading.open_board(region="KZ-75", basis="x", actor=guest, now=NOW)
    assert Event.objects.count() == before and Task.objects.count() == 0


@pytest.mark.parametrize("role", sorted(set(Role.values) - set(selectors.READERS)))
def test_other_roles_have_no_boards(client, board, role):
    client.force_login(make_user("somebody", role))
    assert client.get("/en/review/headquarters/").status_code == 403
    assert client.get(f"/en/review/headquarters/{board.pk}/").status_code == 403


# --- Who leads ---------------------------------------------------------------------------------------------


def test_a_department_leads_its_own_region_only(board, inspector):
    far = make_inspector("far", "dtzpp-KZ-63")
    with pytest.raises(NotFound):
        leading.open_board(region="KZ-79", basis="x", actor=far, now=NOW)
    with pytest.raises(leading.AlreadyOpen):
        leading.open_board(region="KZ-79", basis="x", actor=inspector, now=NOW)
    for service in (
        lambda: leading.share(board_id=board.pk, number=Complaint.objects.get().number, actor=far, now=NOW),
        lambda: leading.invite(board_id=board.pk, username="ngo", organisation="x", actor=far, now=NOW),
        lambda: task(board, far, far),
    ):
        with pytest.raises(NotFound):
            service()
    assert Board.objects.count() == 1 and SharedCase.objects.count() == 1


def test_only_cases_that_the_leader_sees_and_only_guest_accounts(board, inspector):
    far = make_inspector("far", "dtzpp-KZ-63")
    own = leading.open_board(region="KZ-63", basis="№ 14", actor=far, now=NOW)
    with pytest.raises(Invalid):
        leading.share(board_id=own.pk, number=Complaint.objects.get().number, actor=far, now=NOW)
    with pytest.raises(Invalid):
        leading.invite(board_id=own.pk, username="samat", organisation="x", actor=far, now=NOW)
    with pytest.raises(leading.AlreadyThere):
        leading.share(board_id=board.pk, number=Complaint.objects.get().number, actor=inspector, now=NOW)


# --- Tasks and minutes ---------------------------------------------------------------------------------------


def test_an_overdue_task_is_marked_and_told_once_and_the_guest_finishes_it(board, inspector, guest):
    given = task(board, inspector, guest)
    assert working.mark_late(at("2026-12-10 23:59")) == {}
    assert clocks.run(at("2026-12-11 00:05")).done["headquarters tasks late"] == 1
    assert working.mark_late(at("2026-12-11 00:06")) == {}
    outbox.drain()
    told = Notice.objects.filter(kind="headquarters.task_late").values_list("recipient__username", flat=True)
    assert sorted(told) == ["ngo", "samat"]
    stranger = make_user("other-ngo", Role.GUEST, region=None)
    with pytest.raises(NotFound):
        working.finish(board_id=board.pk, task_id=given.pk, actor=stranger, now=NOW)
    leading.invite(board_id=board.pk, username="other-ngo", organisation="x", actor=inspector, now=NOW)
    with pytest.raises(Forbidden):
        working.finish(board_id=board.pk, task_id=given.pk, actor=stranger, now=NOW)
    working.finish(board_id=board.pk, task_id=given.pk, actor=guest, now=NOW)
    with pytest.raises(working.AlreadyDone):
        working.finish(board_id=board.pk, task_id=given.pk, actor=guest, now=NOW)


@pytest.mark.parametrize(
    ("wrong", "field"), [({"title": " "}, "title"), ({"owner": 0}, "owner"), ({"due_on": date(2026, 12, 3)}, "due_on")]
)
def test_a_task_names_what_who_and_when(board, inspector, wrong, field):
    given = {"title": "x", "owner": inspector.pk, "due_on": date(2026, 12, 10)} | wrong
    with pytest.raises(Invalid) as refused:
        working.add_task(board_id=board.pk, actor=inspector, now=NOW, **given)
    assert [error.field for error in refused.value.errors] == [field] and not Task.objects.exists()


def test_a_member_of_another_board_gets_no_task(board, inspector):
    with pytest.raises(Invalid):
        task(board, inspector, make_user("other-ngo", Role.GUEST, region=None))


def test_decisions_of_minutes_become_tasks_on_a_page_to_print(client, board, inspector, guest):
    client.force_login(inspector)
    url = f"/en/review/headquarters/{board.pk}/"
    day = {"held_on_day": "28", "held_on_month": "11", "held_on_year": "2026"}
    page = client.post(url, {"action": "minutes", "agenda": "KEPT-AGENDA"} | day)
    assert b"KEPT-AGENDA" in page.content and not board.minutes.exists()
    client.post(url, {"action": "minutes", "agenda": "Walkers", "decisions": "Visit shops"} | day)
    minutes = board.minutes.get()
    path = f"{url}minutes/{minutes.pk}/"
    due = {"due_on_day": "1", "due_on_month": "1", "due_on_year": "2030"}
    client.post(path, {"title": "Visit the shop", "owner": guest.pk} | due)
    assert minutes.tasks.get().owner == guest
    page = client.get(path).content.decode()
    assert "Visit shops" in page and "Visit the shop" in page and "app-print-hide" in page
    client.force_login(guest)
    page = client.get(path).content.decode()
    assert "Make a decision a task" not in page and "Visit the shop" in page
    assert client.post(f"{url}done/{minutes.tasks.get().pk}/", follow=True).status_code == 200
    assert minutes.tasks.get().done_by == guest
    assert client.get(f"{url}minutes/{minutes.pk + 99}/").status_code == 404


# --- The demo ------------------------------------------------------------------------------------------------


def test_the_demos_headquarters_is_opened_once_and_shows_a_late_task(inspector, guest):
    User.objects.filter(pk=inspector.pk).update(username="inspector")
    User.objects.filter(pk=guest.pk).update(username="guest")
    make_reviewer()
    case = make_complaint(person=make_person())
    Complaint.objects.filter(pk=case.pk).update(
        status="with_body", addressee_authority=body(), respond_by=date(2030, 12, 20)
    )
    assert state_side.act() is True
    assert state_side.act() is False
    case.refresh_from_db()
    assert (Board.objects.count(), SharedCase.objects.count(), Task.objects.count()) == (1, 1, 3)
    assert case.status == "with_ministry" and case.measures.get().kind == "instruction" and case.fines.count() == 1
    assert clocks.run(database_now()).done["headquarters tasks late"] == 1


# --- The API -----------------------------------------------------------------------------------------------


def test_the_api_reads_boards_and_gives_away_no_person(client, board, inspector, guest):
    task(board, inspector, guest)
    client.force_login(guest)
    listed = client.get("/api/v1/headquarters").json()
    assert [row["id"] for row in listed["results"]] == [board.pk]
    answer = client.get(f"/api/v1/headquarters/{board.pk}")
    found = answer.json()
    assert (found["region"], found["cases"][0]["status"], found["tasks"][0]["title"]) == (
        "KZ-79", "with_body", "Visit the shop",
    )  # fmt: skip
    said = answer.content.decode()
    for word in (NAME, PHONE, STORY, ANSWER, Complaint.objects.get().number):
        assert word not in said


def test_the_api_keeps_foreign_boards_to_themselves(client, board, guest):
    far = leading.open_board(region="KZ-63", basis="№ 13", actor=make_reviewer(), now=NOW)
    client.force_login(guest)
    assert client.get(f"/api/v1/headquarters/{far.pk}").status_code == 404
    assert client.get("/api/v1/headquarters/999999").status_code == 404
    client.force_login(make_person("zhanna"))
    assert client.get("/api/v1/headquarters").status_code == 403


def test_the_api_writes_and_reads_minutes(client, board, inspector, guest):
    url = f"/api/v1/headquarters/{board.pk}/minutes"
    written = {"held_on": "2026-11-28", "agenda": "Walkers", "decisions": "Visit shops"}
    client.force_login(inspector)
    answer = client.post(url, written, content_type="application/json")
    assert answer.status_code == 201
    number = answer.json()["id"]
    task(board, inspector, guest, minutes_id=number)
    client.force_login(guest)
    listed = client.get(url).json()
    assert (listed["count"], listed["results"][0]["id"]) == (1, number)
    found = client.get(f"{url}/{number}").json()
    assert {name: found[name] for name in written} == written
    assert [row["title"] for row in found["tasks"]] == ["Visit the shop"]
    assert Event.objects.get(kind="headquarters.minutes_written").actor == inspector


def test_the_api_takes_no_minutes_that_the_page_would_refuse(client, board, inspector, guest):
    url = f"/api/v1/headquarters/{board.pk}/minutes"
    right = {"held_on": "2026-11-28", "agenda": "Walkers", "decisions": "Visit shops"}

    def sent(**changed):
        return client.post(url, right | changed, content_type="application/json")

    client.force_login(guest)
    assert sent().status_code == 403
    client.force_login(make_inspector(code="dtzpp-KZ-63", username="far"))
    assert sent().status_code == 404
    assert client.get(url).status_code == 404
    client.force_login(inspector)
    for changed, field in (
        ({"agenda": " "}, "agenda"), ({"decisions": "x" * 10_001}, "decisions"), ({"held_on": "2999-01-01"}, "held_on"),
        ({"held_on": "yesterday"}, "held_on"),
    ):  # fmt: skip
        refused = sent(**changed)
        assert refused.status_code == 422, changed
        assert [error["field"] for error in refused.json()["errors"]] == [field]
    far = leading.open_board(region="KZ-63", basis="№ 13", actor=make_reviewer(), now=NOW)
    elsewhere = working.write_minutes(
        board_id=far.pk, held_on=date(2026, 12, 3), agenda="x", decisions="x", actor=make_reviewer("other"), now=NOW
    )
    assert client.get(f"{url}/{elsewhere.pk}").status_code == 404, "of another board"
    assert not board.minutes.exists()
