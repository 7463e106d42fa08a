"""Calls to 1414 on one screen: who calls, what she began, the check of the caller, the complaint that is told."""

import re

import pytest
from django.db import connection
from django.utils import timezone

from complaints import callers, contact_keys
from complaints.models import Complaint
from marketplace.errors import Forbidden, Invalid, NotFound
from marketplace.models import Draft, Event, ReadLog, Role, User
from tests.complaints.factories import (
    make_caseworker,
    make_complaint,
    make_guardian,
    make_line,
    make_person,
    make_supplier,
    make_user,
)  # fmt: skip

DESK = "/en/hotline/"


@pytest.fixture
def operator():
    return make_user("operator", Role.HOTLINE, region=None)


@pytest.fixture
def aigul():
    return make_person(full_name="Айгүл Серікова")


@pytest.fixture
def client(client, operator):
    client.force_login(operator)
    return client


def text_of(response):
    return re.sub(r"\s+", " ", response.content.decode())


def draft_of(person: User, **values: str) -> Draft:
    fields = {name: {"v": value, "ver": 1, "by": person.pk, "dev": "phone"} for name, value in values.items()}
    return Draft.objects.create(
        kind="complaint", beneficiary=person, author=person, fields=fields, updated_at=timezone.now()
    )


# --- Finding --------------------------------------------------------------------------------------------


def test_a_caller_is_found_by_phone_name_and_number(operator, aigul):
    sholpan = make_guardian(aigul)
    complaint = make_complaint(person=aigul, contact={"phone": "8 701 000 00 07"})
    for what in ("8 700 000 00 01", "+77000000001", "серік", "АЙГҮЛ", sholpan.phone):
        assert callers.find(operator, what).people == [aigul], what
    for what in ("8 701 000 00 07", complaint.number.lower(), "87000000001"):
        assert callers.find(operator, what).cases == [complaint], what
    for what in ("8 701 000 00 99", "Асан", "ай", "C-2026-999999", "%%%", ""):
        found = callers.find(operator, what)
        assert (found.people, found.cases) == ([], []), what
    assert ReadLog.objects.filter(person=aigul, actor=operator, purpose="call").count() >= 5


def test_a_name_of_too_many_says_so(operator):
    for number in range(11):
        make_person(f"person{number}", full_name=f"Асан Үсенов {number}")
    found = callers.find(operator, "үсенов")
    assert (len(found.people), found.more) == (10, True)


def test_only_the_hotline_finds_callers(aigul):
    for actor in (aigul, make_caseworker()):
        with pytest.raises(Forbidden):
            callers.find(actor, "8 700 000 00 01")
        with pytest.raises(Forbidden):
            callers.check(actor=actor, person_id=aigul.pk, facts=["name", "phone"])


@pytest.mark.parametrize(
    ("rows", "index"),
    [
        (lambda: User.objects.filter(phone__in={"+77000000001", "8 700"}), "user_phone"),
        (lambda: User.objects.filter(full_name__icontains="серік", record__isnull=False), "user_name_parts"),
        (lambda: Complaint.objects.filter(contact_key=contact_keys.key_of("87010000007")), "complaint_caller"),
    ],
)
def test_the_search_goes_over_an_index(rows, index):
    with connection.cursor() as cursor:
        # A table of a few rows is read whole, or along another index; then only a bitmap of the right one is left.
        cursor.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_indexscan = off")
        sql, params = rows().order_by().query.sql_with_params()
        cursor.execute(f"EXPLAIN {sql}", params)
        plan = "\n".join(row[0] for row in cursor.fetchall())
    assert index in plan, plan


# --- One screen -----------------------------------------------------------------------------------------


def test_the_screen_says_what_was_begun_and_opens_it_only_after_the_check(client, operator, aigul):
    draft_of(aigul, text="The wheel is broken.", subject="defect")
    line = make_line(person=aigul, supplier=make_supplier())
    complaint = make_complaint(line=line)
    page = text_of(client.post(DESK, {"what": "8 700 000 00 01"}))
    assert "Айгүл Серікова" in page and "Complaint, saved" in page and "2 answers" in page
    assert "The wheel is broken." not in page
    person = f"{DESK}?person={aigul.pk}"
    assert f'href="?person={aigul.pk}"' in page and "77000000001" not in person

    page = text_of(client.get(person))
    assert line.order.number in page and complaint.number in page
    assert "The wheel is broken." not in page

    check = f"{DESK}callers/{aigul.pk}/"
    for facts, words in (
        ([], "Mark what the caller named."),
        (["name"], "Ask for at least 2 facts"),
        (["name", "birth"], "cannot compare"),
    ):
        refused = text_of(client.post(check, {"facts": facts}))
        assert words in refused and "The wheel is broken." not in refused
    assert not Event.objects.filter(kind="person.caller_checked").exists()

    assert client.post(check, {"facts": ["name", "phone"]}).url == person
    event = Event.objects.get(kind="person.caller_checked")
    assert (event.actor, event.data["facts"]) == (operator, ["name", "phone"])
    assert "The wheel is broken." in text_of(client.get(person))
    # the check is of this caller, by this operator
    other = make_person("dana")
    draft_of(other, text="Something else.")
    assert "Something else." not in text_of(client.get(f"{DESK}?person={other.pk}"))
    client.force_login(make_user("operator2", Role.HOTLINE))
    assert "The wheel is broken." not in text_of(client.get(person))


def test_the_check_is_over_after_the_minutes_of_the_rule(client, aigul, monkeypatch):
    draft_of(aigul, text="The wheel is broken.")
    client.post(f"{DESK}callers/{aigul.pk}/", {"facts": ["name", "phone"]})
    page = f"{DESK}?person={aigul.pk}"
    assert "The wheel is broken." in text_of(client.get(page))
    later = timezone.now().timestamp() + 20 * 60 + 1
    monkeypatch.setattr("complaints.views.hotline.time.time", lambda: later)
    assert "The wheel is broken." not in text_of(client.get(page))


def test_a_person_who_is_none_is_not_found(operator, client, aigul):
    assert client.get(f"{DESK}?person={operator.pk}").status_code == 404
    assert client.post(f"{DESK}callers/999999/", {"facts": ["name", "phone"]}).status_code == 404
    with pytest.raises(NotFound):
        callers.check(actor=operator, person_id=operator.pk, facts=["name", "phone"])
    with pytest.raises(Invalid):
        callers.check(actor=operator, person_id=aigul.pk, facts=["shoe size", "name", "phone"])
    assert not Event.objects.filter(kind="person.caller_checked").exists()


# --- The complaint on the same page ----------------------------------------------------------------------


def test_a_letter_is_written_down_on_the_same_page_and_nothing_is_lost(client, operator, aigul):
    began = client.post(f"{DESK}complaint/", {"person": aigul.pk})
    draft = Draft.objects.get(kind="complaint", author=operator)
    assert began.url == f"{DESK}?draft={draft.pk}&person={aigul.pk}#complaint"
    assert draft.beneficiary == aigul
    page = text_of(client.get(began.url))
    assert f'data-draft="{draft.pk}"' in page and "Minister" in page and "On which day did it come?" in page

    address = f"{DESK}complaint/{draft.pk}/"
    day = timezone.localdate() - timezone.timedelta(days=1)
    told = {"sphere": "durable", "text": "The wheel", "channel": "written", "demands": ["refund"]}
    told |= {"received_on_day": day.day, "received_on_month": day.month, "received_on_year": day.year}
    stayed = client.post(address, told | {"_stay": "1"})
    assert stayed.url == began.url
    page = text_of(client.get(stayed.url))
    assert "The wheel</textarea>" in page and re.search(r'value="durable" selected', page)

    refused = client.post(address, told)
    assert "Choose what is wrong." in text_of(refused) and "The wheel</textarea>" in text_of(refused)
    client.post(address, told | {"subject": "defect", "_stay": "1"})
    assert "Serial number" in text_of(client.get(began.url))  # the questions of what was chosen
    sent_on = client.post(address, told | {"subject": "defect"})
    assert sent_on.url == f"/en/complaints/new/{draft.pk}/check/"
    assert "Received on" in text_of(client.get(sent_on.url))
    draft.refresh_from_db()
    client.post(sent_on.url, {"rev": draft.rev})
    complaint = Complaint.objects.get()
    assert (complaint.complainant, complaint.filed_by, complaint.channel) == (aigul, operator, "written")
    assert (complaint.received_on, complaint.demands) == (day, ["refund"])


def test_who_is_unknown_needs_a_region(client, operator):
    client.post(f"{DESK}complaint/")
    draft = Draft.objects.get(kind="complaint", author=operator)
    address = f"{DESK}complaint/{draft.pk}/"
    told = {"sphere": "durable", "subject": "no_choice", "text": "No walkers.", "channel": "hotline"}
    refused = text_of(client.post(address, told))
    assert "Choose the region." in refused and "No walkers.</textarea>" in refused
    assert client.post(address, told | {"region": "KZ-79"}).url.endswith("/check/")


@pytest.mark.parametrize(
    "channel", ["hotline", "written", "telegram", "reception", "minister_blog", "chair_blog", "portal", "qr", "kiosk"]
)
def test_every_channel_of_the_committee_can_be_chosen(client, operator, channel):
    client.post(f"{DESK}complaint/")
    draft = Draft.objects.get(kind="complaint", author=operator)
    told = {"sphere": "durable", "subject": "no_choice", "text": "None.", "region": "KZ-79", "channel": channel}
    client.post(f"{DESK}complaint/{draft.pk}/", told)
    client.post(f"/en/complaints/new/{draft.pk}/check/", {"rev": Draft.objects.get(pk=draft.pk).rev})
    assert Complaint.objects.get().channel == channel


def test_a_foreign_draft_and_other_roles_find_nothing_here(client, aigul):
    foreign = draft_of(aigul, text="Hers.")
    assert client.get(f"{DESK}?draft={foreign.pk}").status_code == 404
    assert client.post(f"{DESK}complaint/{foreign.pk}/", {"text": "Mine"}).status_code == 404
    assert client.get(f"{DESK}?draft=nonsense").status_code == 404
    client.force_login(aigul)
    assert client.get(DESK).status_code == 403
    assert client.post(f"{DESK}complaint/").status_code == 403
    assert client.post(f"{DESK}callers/{aigul.pk}/", {"facts": ["name", "phone"]}).status_code == 403
    foreign.refresh_from_db()
    assert foreign.value("text") == "Hers."


def test_each_opening_of_a_persons_complaint_leaves_a_row(client, operator, aigul):
    """Also when the address names the draft alone."""
    draft = draft_of(aigul, text="The left wheel broke.")
    Draft.objects.filter(pk=draft.pk).update(author=operator)
    for address in (f"{DESK}?draft={draft.pk}", f"/en/complaints/new/{draft.pk}/"):
        before = ReadLog.objects.filter(person=aigul).count()
        assert "The left wheel broke." in text_of(client.get(address))
        row = ReadLog.objects.filter(person=aigul, actor=operator, subject=f"draft:{draft.pk}").latest("pk")
        assert row.purpose == "draft" and ReadLog.objects.filter(person=aigul).count() > before
