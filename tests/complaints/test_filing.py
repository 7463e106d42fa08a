"""Filing: who may, where it goes, until when, once."""

import pytest
from django.contrib.auth.models import AnonymousUser
from django.utils import timezone

from complaints import filing, person, selectors, tracking
from complaints.checking import Filing
from complaints.models import Complaint
from marketplace import idempotency
from marketplace.errors import Forbidden, Invalid, KeyReused, NotFound
from marketplace.models import Event, IdempotencyKey, OutboxRow, Role
from tests.complaints.factories import (
    at,
    body,
    make_caseworker,
    make_complaint,
    make_guardian,
    make_inspector,
    make_line,
    make_person,
    make_supplier,
    make_user,
)  # fmt: skip

NOW = at("2026-11-22 10:00")


@pytest.fixture
def aigul():
    return make_person()


@pytest.fixture
def line(aigul):
    return make_line(person=aigul, supplier=make_supplier())


def file(actor, now=NOW, **said):
    said.setdefault("subject", "defect")
    said.setdefault("text", "The wheel broke after one day.")
    return filing.file(actor=actor, filing=Filing(**said), now=now)


def test_it_goes_to_the_supplier_for_ten_days(aigul, line):
    answer = file(aigul, order_line=line.pk)

    complaint = Complaint.objects.get()
    assert answer.status == 201
    assert complaint.status == "with_seller"
    assert complaint.addressee_supplier == line.order.partner
    assert complaint.addressee_authority is None
    assert complaint.escalates_to == body("dtzpp-KZ-79")
    assert (complaint.rule, complaint.sphere, complaint.template_id) == ("R2", "durable", "T2")
    assert f"{complaint.filed_on} {complaint.respond_by}" == "2026-11-22 2026-12-02"
    assert timezone.localtime(complaint.due_at).isoformat() == "2026-12-02T23:59:59+05:00"
    assert complaint.contact["phone"] == "+77000000001"
    event = Event.objects.get(kind="complaint.filed")
    assert (event.before, event.after, event.actor) == ("registered", "with_seller", aigul)
    assert OutboxRow.objects.get(topic="complaint.filed").key == complaint.number


def test_the_tracking_code_opens_it_and_is_not_stored(aigul, line):
    once = idempotency.request_of(user=aigul, key="k", action="complaint:file", body=b"")
    told = {"actor": aigul, "filing": Filing(subject="defect", order_line=line.pk, text="It broke."), "request": once}
    answer = filing.file(**told, now=NOW)
    number, code = answer.body["number"], answer.body["tracking_code"]

    assert len(code) == 10 and IdempotencyKey.objects.count() == 1
    again = filing.file(**told, now=NOW)
    assert (again.replayed, again.body) == (True, answer.body), "derived again, not kept"
    visitor = {"address": "10.0.0.1", "viewer": AnonymousUser()}
    assert selectors.holder(number=number.lower(), code=f" {code[:5]} {code[5:]}", **visitor).number == number
    with pytest.raises(NotFound):
        selectors.holder(number=number, code="0000000000", **visitor)
    with pytest.raises(NotFound):
        selectors.holder(number="C-2026-999999", code=code, **visitor)
    assert code not in str(Complaint.objects.values().get())
    assert code not in str(list(IdempotencyKey.objects.values()))
    assert tracking.code_of(number) == code


def test_an_open_complaint_is_not_filed_twice(aigul, line):
    first = file(aigul, order_line=line.pk)

    with pytest.raises(filing.AlreadyOpen) as refused:
        file(aigul, order_line=line.pk)

    assert refused.value.extra == {"number": first.body["number"]}
    assert first.body["number"] in str(refused.value)
    assert Complaint.objects.count() == 1
    assert Event.objects.count() == 1
    # another subject is another complaint
    assert file(aigul, order_line=line.pk, subject="short_quantity").status == 201


def test_the_same_key_files_once(aigul, line):
    request = idempotency.request_of(user=aigul, key="k1", action="complaint:file", body=b"one")
    said = Filing(subject="defect", order_line=line.pk, text="It broke.")

    first = filing.file(actor=aigul, filing=said, request=request, now=NOW)
    again = filing.file(actor=aigul, filing=said, request=request, now=NOW)

    assert again.replayed
    assert again.body == first.body
    assert Complaint.objects.count() == 1
    other = idempotency.request_of(user=aigul, key="k1", action="complaint:file", body=b"two")
    with pytest.raises(KeyReused):
        filing.file(actor=aigul, filing=said, request=other, now=NOW)


def test_a_foreign_line_does_not_exist(line):
    marat = make_person("marat-person")
    with pytest.raises(NotFound):
        file(marat, order_line=line.pk)
    with pytest.raises(NotFound):
        file(marat, order_line=999_999)
    assert not Complaint.objects.exists()


def test_a_guardian_complains_for_the_child(aigul, line):
    sholpan = make_guardian(aigul)
    file(sholpan, order_line=line.pk)
    complaint = Complaint.objects.get()
    assert (complaint.complainant, complaint.filed_by) == (aigul, sholpan)
    assert complaint.contact["phone"] == "+77000000002"


def test_a_caseworker_names_the_person(aigul):
    gulnar = make_caseworker()
    with pytest.raises(Invalid) as refused:
        file(gulnar, sphere="durable", subject="no_choice")
    assert [error.field for error in refused.value.errors] == ["beneficiary"]
    file(gulnar, sphere="durable", subject="no_choice", beneficiary=aigul.pk)
    complaint = Complaint.objects.get()
    assert (complaint.complainant, complaint.channel) == (aigul, "office")
    with pytest.raises(NotFound):
        file(make_caseworker("asel", "almaty"), sphere="durable", subject="no_choice", beneficiary=aigul.pk)


def test_those_who_judge_do_not_file(line):
    for actor in (make_inspector(), make_user("auditor", Role.AUDITOR)):
        with pytest.raises(Forbidden):
            file(actor, order_line=line.pk)


def test_what_is_not_delivered_can_only_be_late(aigul):
    line = make_line(person=aigul, supplier=make_supplier(), status="in_delivery")
    with pytest.raises(Invalid) as refused:
        file(aigul, order_line=line.pk)
    assert [(error.field, error.code) for error in refused.value.errors] == [("subject", "not_delivered")]
    assert file(aigul, order_line=line.pk, subject="late").status == 201


def test_every_wrong_field_is_named_at_once(aigul):
    with pytest.raises(Invalid) as refused:
        file(
            aigul,
            subject="whatever",
            sphere="nothing",
            text="  ",
            supplier="nobody",
            region="KZ-99",
            channel="written",
            template="T99",
            contact={"phone": "12", "colour": "red"},
        )
    assert {error.field for error in refused.value.errors} == {
        "subject", "sphere", "text", "supplier", "region", "channel", "template", "contact.phone", "contact.colour",
    }  # fmt: skip
    assert not Complaint.objects.exists()


def test_danger_gives_the_supplier_24_hours_and_tells_the_bodies(aigul, line):
    file(aigul, order_line=line.pk, subject="danger")
    complaint = Complaint.objects.get()
    assert complaint.priority == Complaint.Priority.URGENT
    assert timezone.localtime(complaint.due_at).isoformat() == "2026-11-23T10:00:00+05:00"
    assert {row.authority.code for row in complaint.parallels.select_related("authority")} == {"dtzpp-KZ-79", "mfk"}
    assert complaint.hold_payment


def test_fraud_hides_the_person(aigul, line):
    file(aigul, order_line=line.pk, subject="fake_act")
    complaint = Complaint.objects.get()
    assert complaint.status == "with_body"
    assert complaint.addressee_authority.code == "desk-fraud"
    assert complaint.hide_name


def test_the_payment_waits_while_danger_is_examined(aigul):
    line = make_line(person=aigul, supplier=make_supplier(), status="reimbursement_pending")
    complaint = make_complaint(line=line, subject="danger")
    line.order.refresh_from_db()
    assert line.order.status == "held"

    person.withdraw(number=complaint.number, actor=aigul, now=at("2026-11-22 12:00"))
    line.order.refresh_from_db()
    assert line.order.status == "reimbursement_pending"
