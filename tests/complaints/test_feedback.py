"""Feedback by five ways: one scale, one answer for each event, a reply to low marks, averages and the gap."""

import re
import threading
from datetime import date

import pytest
from django.db import connection, connections, transaction

from complaints import clocks
from complaints.feedback import answering, calling, figures, giving, inviting
from complaints.feedback import clocks as feedback_clocks
from complaints.feedback.giving import AlreadyGiven, Said
from complaints.feedback.models import Feedback, NoInvitations, Occasion
from marketplace import outbox
from marketplace.errors import IllegalStep, Invalid, NotFound
from marketplace.models import Event, Notice, Role, Rule
from marketplace.notices import sending
from suppliers import qr
from tests.complaints.factories import (
    at,
    make_caseworker,
    make_inspector,
    make_line,
    make_person,
    make_reviewer,
    make_seller,
    make_supplier,
    make_user,
    office,
)  # fmt: skip
from tests.complaints.feedback import NOON, give, make_occasion, people_of_two_regions, text_of


@pytest.fixture
def aigul():
    return make_person(language="en")


@pytest.fixture
def supplier():
    return make_supplier()


def invited(person, supplier, **more):
    """An occasion whose link was sent, and the address in the message."""
    occasion = make_occasion(person, supplier=supplier, **more)
    assert inviting.invite_due(NOON) == 1
    notice = Notice.objects.get(kind="feedback.invitation", subject=f"occasion:{occasion.pk}")
    return occasion, link_in(notice)


def link_in(notice):
    """Of the message as it leaves: the table keeps only where the link stands."""
    assert "/s/" not in notice.text
    return re.search(r"(/s/\S+)", sending.fill(notice).text)[1]


def happened(topic, line):
    """The step's outbox row, handed to everybody who listens, as the relay does."""
    with transaction.atomic():
        outbox.add(topic, line.order.number)
    outbox.drain()


# --- The link ---------------------------------------------------------------------------------


def test_an_accepted_order_invites_after_the_days_of_its_sphere(aigul, supplier):
    diapers = make_line(person=aigul, supplier=supplier, sphere="consumable")
    walker = make_line(person=aigul, supplier=supplier, sphere="durable")
    for line in (diapers, walker, walker):
        happened("order.accepted", line)
    waits = {row.event: (row.invite_on - row.happened_on).days for row in Occasion.objects.all()}
    assert waits == {f"order:{diapers.order.number}": 7, f"order:{walker.order.number}": 30}


def test_a_visit_to_the_office_invites_the_next_day(aigul, supplier):
    line = make_line(person=aigul, supplier=supplier)
    line.order.placed_by = make_caseworker()
    line.order.date_placed = at("2026-11-16 10:00")
    line.order.save()
    happened("order.sent", line)
    occasion = Occasion.objects.get()
    assert (occasion.office, occasion.supplier, occasion.person) == (office(), None, aigul)
    assert occasion.invite_on == date(2026, 11, 17)


def test_the_link_is_used_by_sending_only_and_only_once(client, aigul, supplier):
    occasion, link = invited(aigul, supplier)
    for _look in range(3):  # a messenger's preview, the person, the back button
        opened = client.get(link)
        assert (opened.status_code, opened.url) == (302, "/en/feedback/")
        assert opened["Referrer-Policy"] == "no-referrer"
        assert opened["Cache-Control"] == "no-store"
    page = client.get("/en/feedback/")
    assert "How was it?" in text_of(page)
    assert link.removeprefix("/s/") not in page.content.decode()
    assert page["Cache-Control"] == "no-store"
    occasion.refresh_from_db()
    assert occasion.used_at is None

    assert client.post("/en/feedback/", {"mark": "4", "facets.on_time": "yes"}).url == "/en/feedback/thanks/"
    given = Feedback.objects.get()
    assert (given.channel, given.mark, given.facets, given.event) == ("sms_link", 4, {"on_time": "yes"}, "order:1")
    again = client.post("/en/feedback/", {"mark": "1"})
    assert (again.status_code, Feedback.objects.count()) == (409, 1)
    assert client.get(link).status_code == 409
    supplier.refresh_from_db()
    assert (supplier.rating_sum, supplier.rating_count) == (4, 1)


def test_the_token_stands_in_the_message_alone(aigul, supplier):
    occasion, link = invited(aigul, supplier)
    token = link.removeprefix("/s/")
    assert len(token) == 22  # 128 bits
    occasion.refresh_from_db()
    assert token.encode() not in bytes(occasion.token_hash)
    assert not Event.objects.filter(data__icontains=token).exists()


def test_an_unknown_link_an_old_one_and_a_page_without_one(client, aigul, supplier):
    _occasion, link = invited(aigul, supplier)
    assert client.get("/s/AAAAAAAAAAAAAAAAAAAAAA").status_code == 404
    assert client.get("/en/feedback/").status_code == 404
    Occasion.objects.update(expires_on=date(2026, 11, 1))
    old = client.get(link)
    assert old.status_code == 410
    with pytest.raises(giving.LinkOver):
        giving.by_link(token=link.removeprefix("/s/"), said=Said(5))
    assert not Feedback.objects.exists()


def test_a_code_of_a_wall_does_not_open_an_invitation(client, aigul, supplier):
    invited(aigul, supplier)
    assert client.get(f"/s/{qr.token_of(supplier)}").status_code == 404
    with pytest.raises(NotFound):
        giving.by_link(occasion_id=None, said=Said(5))


def test_links_go_out_once_in_daytime_and_never_to_who_refused(client, aigul, supplier):
    make_occasion(aigul, supplier=supplier)
    assert inviting.invite_due(at("2026-11-23 00:05")) == 0
    assert inviting.invite_due(NOON) == 1
    assert inviting.invite_due(NOON) == 0
    assert Notice.objects.filter(kind="feedback.invitation").count() == 1
    link = link_in(Notice.objects.get(kind="feedback.invitation"))
    client.get(link)
    assert client.post("/en/feedback/stop/").url == "/en/"
    assert NoInvitations.objects.get().person == aigul
    make_occasion(aigul, supplier=supplier, event="order:2")
    assert inviting.invite_due(NOON) == 0


def test_the_api_takes_a_token_or_a_code_once(client, aigul, supplier):
    _occasion, link = invited(aigul, supplier)
    body = {"token": link.removeprefix("/s/"), "mark": 2}
    given = client.post("/api/v1/feedback", body, content_type="application/json")
    assert (given.status_code, given.json()["mark"]) == (201, 2)
    assert given.json()["reply_by"] is not None
    assert client.post("/api/v1/feedback", body, content_type="application/json").status_code == 409
    by_qr = {"qr": qr.token_of(supplier), "mark": 5}
    assert client.post("/api/v1/feedback", by_qr, content_type="application/json").status_code == 400
    key = {"Idempotency-Key": "phone-1"}
    assert client.post("/api/v1/feedback", by_qr, content_type="application/json", headers=key).status_code == 201
    assert client.post("/api/v1/feedback", by_qr, content_type="application/json", headers=key).status_code == 409
    wrong = client.post("/api/v1/feedback", by_qr | {"mark": 6}, content_type="application/json", headers=key)
    assert wrong.status_code == 422
    both = client.post("/api/v1/feedback", body | by_qr, content_type="application/json")
    assert both.status_code == 422


def test_anonymous_marks_of_one_address_are_limited(client, supplier):
    value = {"of_address_an_hour": 2}
    Rule.objects.filter(code="feedback.anonymous_marks").update(value=value)
    said = {"said": Said(1), "token": qr.token_of(supplier), "address": "203.0.113.9"}
    giving.by_code(visitor="a", **said)
    giving.by_code(visitor="b", **said)
    with pytest.raises(giving.TooManyTries):
        giving.by_code(visitor="c", **said)
    assert Feedback.objects.count() == 2


# --- One answer for each event, at the same moment ----------------------------------------------


def six_answers(supplier):
    token = qr.make(qr.DELIVERY_NOTE, make_line(person=make_person("dana"), supplier=supplier).order.pk)
    barrier, results = threading.Barrier(6), []

    def one():
        try:
            barrier.wait(timeout=20)
            results.append(giving.by_code(token=token, visitor="v", address="203.0.113.7", said=Said(4)).mark)
        except Exception as error:  # the test judges it
            results.append(type(error).__name__)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=one) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    return sorted(str(result) for result in results)


@pytest.mark.django_db(transaction=True)
def test_six_answers_at_once_leave_one_mark(supplier):
    assert six_answers(supplier) == ["4"] + ["AlreadyGiven"] * 5
    assert Feedback.objects.count() == 1
    supplier.refresh_from_db()
    assert (supplier.rating_sum, supplier.rating_count) == (4, 1)


@pytest.mark.django_db(transaction=True)
def test_control_without_the_index_they_would_leave_six(supplier):
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT conname FROM pg_constraint WHERE conrelid = 'complaints_feedback'::regclass AND contype = 'u'"
        )
        (name,) = cursor.fetchone()
        cursor.execute(f'ALTER TABLE complaints_feedback DROP CONSTRAINT "{name}"')
    try:
        assert six_answers(supplier) == ["4"] * 6
    finally:
        Feedback.objects.all().delete()
        with connection.cursor() as cursor:
            cursor.execute(f'ALTER TABLE complaints_feedback ADD CONSTRAINT "{name}" UNIQUE (event)')


# --- Low marks ---------------------------------------------------------------------------------


def test_a_low_mark_is_replied_to_acted_on_and_published_after_a_look(client, aigul, supplier):
    low = give(supplier, 2, event="order:1", text="Marat was rude, call 8 701 000 00 01")
    assert (low.status, low.flagged_for, low.reply_by) == ("flagged", "mark", date(2026, 11, 30))
    marat, samat, ministry = make_seller(supplier), make_seller(make_supplier("b", "Б"), "dina"), make_reviewer()
    outbox.drain()
    assert Notice.objects.filter(kind="feedback.flagged", recipient=marat).count() == 1

    client.force_login(samat)
    assert client.get(f"/en/feedback/desk/{low.pk}/").status_code == 404
    client.force_login(marat)
    assert f"No. {low.pk}: 2 of 5" in text_of(client.get("/en/feedback/desk/"))
    assert f"/en/feedback/desk/{low.pk}/" in text_of(client.get("/en/"))
    item = f"/en/feedback/desk/{low.pk}/"
    assert client.post(item, {"action": "reply", "text": " "}).status_code == 200
    assert client.post(item, {"action": "publish", "public_text": "Fine"}).status_code == 302  # told it is not possible
    low.refresh_from_db()
    assert low.status == "flagged"
    client.post(item, {"action": "reply", "text": "We are sorry."})
    client.post(item, {"action": "note-action", "text": "Marat was trained."})
    client.force_login(ministry)
    refused = client.post(item, {"action": "publish", "public_text": "Rude, call 8 701 000 00 01"})
    assert "Take out phone numbers" in text_of(refused)
    client.post(item, {"action": "publish", "public_text": "The courier was rude."})
    low.refresh_from_db()
    assert (low.status, low.reply, low.action) == ("published", "We are sorry.", "Marat was trained.")
    page = text_of(type(client)().get(f"/en/feedback/suppliers/{supplier.code}/"))
    assert "The courier was rude." in page
    assert "8 701" not in page
    kinds = list(Event.objects.filter(subject=f"feedback:{low.pk}").order_by("pk").values_list("kind", flat=True))
    assert kinds == ["feedback.given", "feedback.reply", "feedback.note_action", "feedback.publish"]


def test_words_can_flag_a_good_mark(supplier):
    assert give(supplier, 4, event="order:1", text="Хорошо, но просили деньги").flagged_for == "keyword"
    assert give(supplier, 4, event="order:2", text="Хорошо").flagged_for == ""


def test_only_the_right_side_takes_a_step_and_nothing_changes_otherwise(supplier):
    low = give(supplier, 1, event="order:1")
    seller, worker, inspector = make_seller(supplier), make_caseworker(), make_inspector()
    for stranger in (worker, inspector):
        with pytest.raises(NotFound):
            answering.reply(feedback_id=low.pk, actor=stranger, text="No.")
    with pytest.raises(IllegalStep):
        answering.note_action(feedback_id=low.pk, actor=seller, text="Done.")
    with pytest.raises(IllegalStep):
        answering.publish(feedback_id=low.pk, actor=seller, text="Fine.")
    with pytest.raises(Invalid):
        answering.reply(feedback_id=low.pk, actor=seller, text=" ")
    low.refresh_from_db()
    assert (low.status, low.reply, low.action, low.public_text) == ("flagged", "", "", "")


def test_silence_is_passed_on_the_day_after_and_once(supplier):
    low = give(supplier, 1, event="order:1")
    samat, ministry = make_inspector(), make_reviewer()
    make_inspector("timur", "dtzpp-KZ-63")
    assert feedback_clocks.run(at("2026-11-30 23:59"))["marks escalated"] == 0
    assert feedback_clocks.run(at("2026-12-01 00:05"))["marks escalated"] == 1
    assert clocks.run(at("2026-12-01 00:06")).done["marks escalated"] == 0
    low.refresh_from_db()
    assert low.status == "escalated"
    outbox.drain()
    told = Notice.objects.filter(kind="feedback.escalated").values_list("recipient__username", flat=True)
    assert sorted(told) == ["ministry", "samat"]
    assert answering.reply(feedback_id=low.pk, actor=make_seller(supplier), text="Late, sorry.").status == "replied"
    assert (samat.role, ministry.role) == (Role.INSPECTOR, Role.REVIEWER)


# --- Figures ---------------------------------------------------------------------------------------


def test_the_mean_is_bayesian_weighted_and_hidden_while_it_is_small(client, supplier):
    for number, mark in enumerate([5, 5, 4, 4, 3, 3], 1):
        give(supplier, mark, event=f"order:{number}")
    for number, mark in enumerate([1, 1, 1], 1):
        give(supplier, mark, event=f"qr:S1:{number}", channel="qr")
    found = figures.of(supplier=supplier)
    # (10 × 4 + 24 × 1 + 3 × 0.5) / (10 + 6 + 1.5)
    assert (found.count, found.mean, found.public_mean) == (9, 3.74, None)
    hidden = client.get(f"/api/v1/feedback/summary?supplier={supplier.code}").json()
    assert (hidden["count"], hidden["mean"], hidden["shown_from"]) == (None, None, 10)
    assert "A mean is shown from 10 marks on." in text_of(client.get(f"/en/feedback/suppliers/{supplier.code}/"))
    give(supplier, 5, event="order:7")
    shown = client.get(f"/api/v1/feedback/summary?supplier={supplier.code}").json()
    assert (shown["count"], shown["mean"]) == (10, 3.81)
    assert "3.81 of 5, 10 marks" in text_of(client.get(f"/en/feedback/suppliers/{supplier.code}/"))


def test_the_gap_between_mystery_visitors_and_clients(client, supplier):
    give(supplier, 5, event="order:1")
    give(supplier, 4, event="order:2")
    give(supplier, 3, event="qr:S1:1", channel="qr")
    give(supplier, 2, event="mystery:1", channel="mystery")
    give(supplier, 3, event="mystery:2", channel="mystery")
    (row,) = figures.board()
    # clients (5 + 4 + 3 × 0.5) / 2.5 = 4.2; visitors 2.5
    assert (row.figures.client_mean, row.figures.mystery_mean, row.figures.gap) == (4.2, 2.5, -1.7)
    assert row.figures.count == 3
    client.force_login(make_reviewer())
    assert "-1.70" in text_of(client.get("/en/feedback/board/"))
    assert "Жарқын Мед,3," in client.get("/en/feedback/board/?as=csv").content.decode()
    assert figures.board("KZ-63") == []
    client.force_login(make_seller(supplier))
    assert client.get("/en/feedback/board/").status_code == 403


def test_the_map_leads_to_an_office_and_its_mark(client):
    assert "/en/map/shymkent/" in text_of(client.get("/en/map/"))
    assert "/en/map/shymkent/mark/" in text_of(client.get("/en/map/shymkent/"))
    assert client.post("/en/map/shymkent/mark/", {"mark": "5", "facets.accessible": "no"}).status_code == 302
    assert client.post("/en/map/shymkent/mark/", {"mark": "5"}).status_code == 409
    given = Feedback.objects.get()
    assert (given.channel, given.office, given.facets) == ("map", office(), {"accessible": "no"})
    assert client.get("/en/map/nowhere/").status_code == 404


def test_an_office_and_a_supplier_are_asked_their_own_questions(client, supplier):
    assert "The goods fit me" not in text_of(client.get("/en/map/shymkent/mark/"))
    assert "The goods fit me" in text_of(client.get(f"/en/feedback/codes/{qr.token_of(supplier)}/"))
    with pytest.raises(Invalid):
        giving.on_map(office="shymkent", visitor="v", address="a", said=Said(5, {"fits": "yes"}))
    with pytest.raises(AlreadyGiven):
        for _twice in range(2):
            giving.on_map(office="shymkent", visitor="v", address="a", said=Said(5))


def test_lists_and_pages_keep_to_their_queries(client, supplier, django_assert_max_num_queries):
    for number in range(30):
        low = give(supplier, 1, event=f"order:{number}", text="Late.")
    people_of_two_regions(supplier)
    Feedback.objects.filter(event="order:1").update(channel="mystery")
    calling.draw(at("2026-11-20 12:00"))
    for person, address, most in (
        (make_seller(supplier), "/en/feedback/desk/", 6),
        (make_reviewer(), "/en/feedback/desk/", 6),
        (None, f"/en/feedback/desk/{low.pk}/", 12),
        (None, "/en/feedback/board/", 12),
        (None, "/en/feedback/visits/", 12),
        (make_user("dana", Role.HOTLINE), "/en/feedback/calls/", 6),
    ):
        if person is not None:
            client.force_login(person)
        with django_assert_max_num_queries(most + 2):  # the session and the account
            assert client.get(address).status_code == 200, address
