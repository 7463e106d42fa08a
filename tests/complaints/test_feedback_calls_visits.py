"""Interviews with a random sample, and mystery visits from the assignment to the paid fee."""

import io
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone
from PIL import Image

from complaints.feedback import calling, giving, visiting
from complaints.feedback.giving import Said
from complaints.feedback.models import CallRound, CallTask, Feedback, MysteryVisitor, NoInvitations, Occasion, VisitFee
from marketplace.errors import Forbidden, Invalid, NotFound
from marketplace.models import Event, ReadLog, Role
from suppliers import qr
from tests.complaints.factories import (
    at,
    make_guardian,
    make_person,
    make_reviewer,
    make_seller,
    make_supplier,
    make_user,
)  # fmt: skip
from tests.complaints.feedback import NOON, people_of_two_regions, text_of


@pytest.fixture
def supplier():
    return make_supplier()


# --- Interviews by phone -------------------------------------------------------------------------


def test_the_sample_is_random_repeatable_and_drawn_in_every_region():
    universe = {"KZ-79": list(range(1, 201)), "KZ-10": [300, 301], "KZ-63": list(range(400, 450))}
    first = calling.draw_sample(universe, per_region=5, seed="november")
    assert first == calling.draw_sample({k: v[::-1] for k, v in universe.items()}, per_region=5, seed="november")
    assert [(stratum.region, stratum.universe, len(stratum.drawn)) for stratum in first] == [
        ("KZ-10", 2, 2),
        ("KZ-63", 50, 5),
        ("KZ-79", 200, 5),
    ]
    other = calling.draw_sample(universe, per_region=5, seed="december")
    assert [stratum.drawn for stratum in other] != [stratum.drawn for stratum in first]
    # nobody is favoured: over 2,000 seeds each of 50 people is drawn about 200 times
    counts = dict.fromkeys(universe["KZ-63"], 0)
    for number in range(2000):
        for pk in calling.draw_sample({"KZ-63": universe["KZ-63"]}, per_region=5, seed=str(number))[0].drawn:
            counts[pk] += 1
    assert min(counts.values()) > 140 and max(counts.values()) < 260


def test_a_week_is_drawn_once_and_says_why(supplier):
    made = people_of_two_regions(supplier)
    NoInvitations.objects.create(person=made[0].person, at=NOON)
    assert calling.draw(NOON) == 8
    assert calling.draw(NOON) == 0
    drawn = CallRound.objects.get()
    assert (drawn.name, drawn.strata) == ("2026-W48", {"KZ-10": {"of": 3, "drawn": 3}, "KZ-79": {"of": 8, "drawn": 5}})
    task = CallTask.objects.filter(region_id="KZ-79").first()
    assert task.drawn_because["of"] == 8
    assert task.drawn_because["seed"] == drawn.seed
    again = calling.draw_sample(
        {"KZ-79": [row.pk for row in made[1:9]], "KZ-10": [row.pk for row in made[9:]]}, per_region=5, seed=drawn.seed
    )
    assert sorted(pk for stratum in again for pk in stratum.drawn) == sorted(
        CallTask.objects.values_list("occasion_id", flat=True)
    )


def test_an_operator_reads_the_script_and_saves_answers_or_no_answer(client, supplier):
    people_of_two_regions(supplier)
    calling.draw(at("2026-11-16 12:00") + timedelta(days=4))
    dana = make_user("dana", Role.HOTLINE)
    client.force_login(make_seller(supplier))
    assert client.get("/en/feedback/calls/").status_code == 403
    client.force_login(dana)
    listed = text_of(client.get("/en/feedback/calls/"))
    task, quiet, unwilling = CallTask.objects.order_by("pk")[:3]
    assert f"/en/feedback/calls/{task.pk}/" in listed
    assert "+7700000" not in listed
    page = text_of(client.get(f"/en/feedback/calls/{task.pk}/"))
    assert "Hello! I am an operator of 1414." in page
    assert task.occasion.person.phone in page
    assert ReadLog.objects.filter(actor=dana, person=task.occasion.person, purpose="call").exists()
    missing = client.post(f"/en/feedback/calls/{task.pk}/", {"action": "interview"})
    assert "Choose a mark from 1 to 5." in text_of(missing)
    client.post(f"/en/feedback/calls/{task.pk}/", {"action": "interview", "mark": "3"})
    given = Feedback.objects.get()
    assert (given.channel, given.mark, given.event) == ("call", 3, task.occasion.event)

    now = at("2026-11-20 12:00")
    for days in range(3):
        calling.no_answer(task_id=quiet.pk, actor=dana, now=now + timedelta(days=days))
    with pytest.raises(NotFound):
        calling.no_answer(task_id=quiet.pk, actor=dana, now=now + timedelta(days=3))
    quiet.refresh_from_db()
    assert (quiet.status, quiet.tries) == ("unreached", 3)
    calling.decline(task_id=unwilling.pk, actor=dana, now=now)
    assert NoInvitations.objects.get().person == unwilling.occasion.person


def test_no_call_after_the_link_was_used(supplier):
    people_of_two_regions(supplier)
    calling.draw(NOON)
    task = CallTask.objects.select_related("occasion").first()
    giving.by_code(
        token=qr.token_of(supplier), visitor="x", address="203.0.113.1", said=Said(5)
    )  # somebody else's mark closes nothing
    assert calling.close_stale(NOON) == 0
    Occasion.objects.filter(pk=task.occasion_id).update(used_at=NOON)
    assert calling.close_stale(NOON) == 1


# --- Mystery visits ---------------------------------------------------------------------------


def photo():
    buffer = io.BytesIO()
    Image.new("RGB", (40, 30), "white").save(buffer, "JPEG")
    return SimpleUploadedFile("door.jpg", buffer.getvalue(), "image/jpeg")


def report_fields(what="supplier", mark="2"):
    checklist = {f"check.{line.code}": "no" for line in visiting.checklist_of(what)}
    today = timezone.localdate()
    day = {"visited_on_day": today.day, "visited_on_month": today.month, "visited_on_year": today.year}
    return {"action": "report", "mark": mark, "text": "The door was closed.", **checklist, **day}


def test_a_visit_from_the_assignment_to_the_paid_fee(client, supplier):
    ministry, chief = make_reviewer(), make_reviewer("chief")
    saule = make_guardian(make_person("alikhan"), "saule")
    client.force_login(saule)
    assert client.get("/en/feedback/visits/").status_code == 404
    client.force_login(ministry)
    client.post("/en/feedback/visits/", {"action": "enlist", "username": "saule", "contract": "MV-1"})
    visitor = MysteryVisitor.objects.get()
    client.post(
        "/en/feedback/visits/", {"action": "assign", "visitor": visitor.pk, "place": f"supplier:{supplier.code}"}
    )
    visit = visitor.visits.get()
    own = f"/en/feedback/visits/{visit.pk}/"

    client.force_login(make_seller(supplier))
    assert client.get(own).status_code == 404
    client.force_login(saule)
    assert own in text_of(client.get("/en/feedback/visits/"))
    assert "Open the visits" in text_of(client.get("/en/"))
    fields = report_fields()
    without = client.post(own, fields)
    assert "Add at least one photo" in text_of(without)
    assert client.post(own, fields | {"photos": [photo(), photo()]}).status_code == 302
    assert not Feedback.objects.exists()
    with pytest.raises(Forbidden):
        visiting.accept(visit_id=visit.pk, actor=saule)
    with pytest.raises(visiting.OwnFee):
        visiting.approve_fee(visit_id=visit.pk, actor=saule)

    client.force_login(ministry)
    assert text_of(client.get(own)).count("/files/") == 2
    client.post(own, {"action": "return", "reason": "Which door?"})
    client.force_login(saule)
    assert "Which door?" in text_of(client.get(own))
    client.post(own, fields)
    client.force_login(ministry)
    client.post(own, {"action": "accept"})
    given = Feedback.objects.get()
    assert (given.channel, given.mark, given.status, given.supplier) == ("mystery", 2, "flagged", supplier)
    fee = VisitFee.objects.get()
    assert (fee.payee, str(fee.amount), fee.approved_by) == (saule, "10000.00", None)
    client.force_login(chief)
    client.post(own, {"action": "pay"})
    client.post(own, {"action": "pay"})
    fee.refresh_from_db()
    visit.refresh_from_db()
    assert (visit.status, fee.approved_by) == ("paid", chief)
    assert Event.objects.filter(subject=f"visit:{visit.pk}", kind="visit.paid").count() == 1


def test_nobody_visits_the_office_where_they_are_known(supplier):
    ministry, aigul = make_reviewer(), make_person()
    visitor = visiting.enlist(actor=ministry, username=aigul.username, contract="MV-2")
    with pytest.raises(Invalid) as refused:
        visiting.assign(actor=ministry, visitor_id=visitor.pk, office="shymkent")
    assert [error.code for error in refused.value.errors] == ["known_there"]
    with pytest.raises(Invalid):
        visiting.enlist(actor=ministry, username="ministry", contract="MV-3")
    with pytest.raises(Forbidden):
        visiting.assign(actor=aigul, visitor_id=visitor.pk, supplier=supplier.code)
