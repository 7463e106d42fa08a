"""A draft becomes orders once; every refusal keeps the draft and changes nothing."""

import uuid
from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from marketplace.drafts import sending
from marketplace.errors import Changed, Invalid, KeyReused, NotFound
from marketplace.models import Draft, DraftSave, Event, IdempotencyKey, OutboxRow
from orders import submission
from orders.models import LedgerTransfer, Line, Order, Tranche
from suppliers.models import StockRecord
from tests.orders import factories as make


def nothing_changed() -> None:
    assert Order.objects.count() == 0
    assert Line.objects.count() == 0
    assert LedgerTransfer.objects.count() == 0
    assert IdempotencyKey.objects.count() == 0
    assert not Event.objects.filter(kind__startswith="order.").exists()
    assert not OutboxRow.objects.filter(topic__startswith="order.").exists()
    assert set(StockRecord.objects.values_list("num_allocated", flat=True)) <= {0}
    assert set(Tranche.objects.values_list("reserved_quantity", flat=True)) <= {0}
    assert set(Draft.objects.values_list("status", flat=True)) <= {"open"}


def errors_of(refused) -> dict[str, str]:
    return {error.field: error.code for error in refused.value.errors}


def test_two_suppliers_get_one_order_each(family):
    fields = make.fields_for((family.walker, family.walker_offer, 1), (family.diapers, family.diaper_offer, 2))
    draft = make.make_draft(family.aigul, fields)

    answer = make.submit(draft, family.aigul)

    assert answer.status == 201 and not answer.replayed
    by_supplier = {row["supplier"]["code"]: row for row in answer.body["orders"]}
    assert set(by_supplier) == {"jarqyn-med", "qadam-orto"}
    walker = by_supplier["qadam-orto"]
    assert walker["total"] == {"amount": "172500.00", "currency": "KZT"}
    assert walker["state_pays"]["amount"] == "160000.00" and walker["you_pay"]["amount"] == "12500.00"
    diapers = by_supplier["jarqyn-med"]
    assert (diapers["state_pays"]["amount"], diapers["you_pay"]["amount"]) == ("11400.00", "0.00")

    order = Order.objects.get(number=diapers["number"])
    assert order.status == "sent" and order.user == family.alihan and order.placed_by == family.aigul
    assert order.office == family.gulnar.office and order.region_id == "KZ-63"
    assert order.contact_phone == "+77000000011"
    # Monday; three working days later is Thursday.
    assert order.due_at == datetime.fromisoformat("2026-11-26T23:59:59+05:00")
    assert order.due_rule == "order.confirm_days"
    line = order.lines.get()
    assert (line.quantity, line.pack_size, line.units, line.num_allocated) == (2, 30, 60, 2)
    assert (line.state_pays, line.you_pay) == (Decimal("11400.00"), Decimal("0.00"))
    tranche = line.tranche
    assert (tranche.opens_on.isoformat(), tranche.quantity) == ("2026-10-01", 365)
    assert (tranche.reserved_quantity, tranche.reserved_sum) == (60, Decimal("11400.00"))
    offer = StockRecord.objects.get(pk=family.diaper_offer.pk)
    assert (offer.num_in_stock, offer.num_allocated) == (40, 2)
    event = Event.objects.get(subject=f"order:{order.number}")
    assert (event.kind, event.after, event.actor, event.on_behalf_of) == (
        "order.sent", "sent", family.aigul, family.alihan,
    )  # fmt: skip
    assert OutboxRow.objects.filter(topic="order.sent").count() == 2
    assert set(OutboxRow.objects.filter(topic="offer.changed").values_list("key", flat=True)) == {
        str(family.diaper_offer.pk), str(family.walker_offer.pk),
    }  # fmt: skip
    draft.refresh_from_db()
    assert draft.status == "submitted" and draft.result == answer.body


def test_order_numbers_cannot_be_guessed(family):
    first, second = family.order(), family.order()
    assert len(first.number) == len(second.number) == 10 and first.number.isdigit()
    assert abs(int(first.number) - int(second.number)) > 1


def test_the_same_key_replays_another_key_names_the_orders(family):
    draft = make.make_draft(family.aigul, make.fields_for((family.diapers, family.diaper_offer, 1)))
    first = make.submit(draft, family.aigul, key="k1")
    again = make.submit(draft, family.aigul, key="k1")
    assert again.replayed and again.body == first.body and again.status == 201
    with pytest.raises(sending.AlreadySubmitted) as refused:
        make.submit(draft, family.aigul, key="k2")
    assert refused.value.status == 409 and refused.value.extra["orders"] == first.body["orders"]
    assert Order.objects.count() == 1


def test_the_same_key_for_another_draft_is_refused(family):
    fields = make.fields_for((family.diapers, family.diaper_offer, 1))
    first, second = make.make_draft(family.aigul, fields), make.make_draft(family.aigul, fields)
    make.submit(first, family.aigul, key="k1")
    with pytest.raises(KeyReused):
        make.submit(second, family.aigul, key="k1")
    assert Order.objects.count() == 1


def test_a_draft_that_changed_since_the_review_is_not_sent(family):
    draft = make.make_draft(family.aigul, make.fields_for((family.diapers, family.diaper_offer, 1)))
    with pytest.raises(Changed) as refused:
        make.submit(draft, family.aigul, rev=draft.rev - 1)
    assert refused.value.status == 412
    nothing_changed()


def test_a_price_that_moved_since_the_review_is_shown_again(family):
    draft = make.make_draft(family.aigul, make.fields_for((family.walker, family.walker_offer, 1)))
    StockRecord.objects.filter(pk=family.walker_offer.pk).update(price=Decimal("180000.00"))
    with pytest.raises(Changed):
        make.submit(draft, family.aigul, seen_you_pay=Decimal("12500.00"))
    nothing_changed()
    assert make.submit(draft, family.aigul, seen_you_pay=Decimal("20000.00")).status == 201


def test_an_open_question_blocks(family):
    draft = make.make_draft(family.aigul, make.fields_for((family.diapers, family.diaper_offer, 1)))
    make.save(draft.pk, family.gulnar, {"contact.name": "Гүлнар"}, base=0)
    with pytest.raises(sending.OpenConflict) as refused:
        make.submit(draft, family.aigul)
    assert refused.value.status == 409 and refused.value.extra["conflicts"] == ["contact.name"]
    nothing_changed()


def test_a_foreign_draft_is_a_missing_draft(family):
    draft = make.make_draft(family.aigul, make.fields_for((family.diapers, family.diaper_offer, 1)))
    for stranger in (family.marat, family.dina, family.yerlan):
        with pytest.raises(NotFound):
            make.submit(draft, stranger)
    with pytest.raises(NotFound):
        submission.submit(draft_id=uuid.uuid4(), actor=family.aigul, expected_rev=1, request=None)
    nothing_changed()


def test_every_field_error_is_named_at_once(family):
    draft = make.make_draft(
        family.aigul,
        {
            "line.a.entitlement": family.diapers.pk,
            "line.a.offer": "no",
            "line.a.quantity": "three",
            "line.b.offer": family.walker_offer.pk,
            "line.b.quantity": -1,
            "contact.phone": "12",
            "contact.channel": "pigeon",
            "delivery.region": "Atlantis",
            "delivery.address": ["not", "a", "text"],
            "measures.height_mm": 99999999,
        },
    )
    with pytest.raises(Invalid) as refused:
        make.submit(draft, family.aigul)
    assert errors_of(refused) == {
        "line.a.offer": "required",
        "line.a.quantity": "number",
        "line.b.entitlement": "required",
        "line.b.quantity": "min",
        "contact.name": "required",
        "contact.phone": "phone",
        "contact.channel": "choice",
        "delivery.region": "choice",
        "delivery.address": "text",
        "measures.height_mm": "unknown",
        "consent.terms": "required",
    }
    nothing_changed()
    assert draft.value("contact.phone") == "12"


def test_an_empty_draft_says_what_to_choose(family):
    draft = make.make_draft(family.aigul, {"consent.terms": True})
    with pytest.raises(Invalid) as refused:
        make.submit(draft, family.aigul)
    assert errors_of(refused) == {
        "line": "required",
        "contact.name": "required",
        "contact.phone": "required",
        "delivery.region": "required",
        "delivery.address": "required",
    }


@pytest.mark.parametrize("region", ["KZ-63", "kz-63", "east-kazakhstan"])
def test_regions_by_code_and_by_slug(family, region):
    order = family.order(**{"delivery.region": region})
    assert order.region_id == "KZ-63"


@pytest.mark.parametrize(
    ("change", "field", "code"),
    [
        ({"status": "hidden"}, "line.a.offer", "not_offered"),
        ({"regions": ["KZ-79"]}, "line.a.offer", "region"),
        ({"stock_confirmed_at": datetime.fromisoformat("2026-01-01T00:00:00+05:00")}, "line.a.offer", "not_offered"),
    ],
)
def test_an_offer_that_cannot_be_ordered(family, change, field, code):
    StockRecord.objects.filter(pk=family.diaper_offer.pk).update(**change)
    draft = make.make_draft(family.aigul, make.fields_for((family.diapers, family.diaper_offer, 1)))
    with pytest.raises(Invalid) as refused:
        make.submit(draft, family.aigul)
    assert refused.value.status == 422 and errors_of(refused) == {field: code}
    nothing_changed()


def test_a_suspended_supplier_gets_no_orders(family):
    family.jarqyn.status = "suspended"
    family.jarqyn.suspended_until = date(2030, 1, 1)
    family.jarqyn.save()
    draft = make.make_draft(family.aigul, make.fields_for((family.diapers, family.diaper_offer, 1)))
    with pytest.raises(Invalid) as refused:
        make.submit(draft, family.aigul)
    assert errors_of(refused) == {"line.a.offer": "supplier"}


def test_the_offer_must_be_of_the_type_that_the_programme_names(family):
    draft = make.make_draft(family.aigul, make.fields_for((family.diapers, family.walker_offer, 1)))
    with pytest.raises(Invalid) as refused:
        make.submit(draft, family.aigul)
    assert errors_of(refused) == {"line.a.offer": "type"}
    nothing_changed()


def test_somebody_elses_programme_is_unknown(family):
    foreign = make.make_entitlement(family.marat, family.diapers_type)
    draft = make.make_draft(family.aigul, make.fields_for((foreign, family.diaper_offer, 1)))
    with pytest.raises(Invalid) as refused:
        make.submit(draft, family.aigul)
    assert errors_of(refused) == {"line.a.entitlement": "unknown"}


def test_too_much_for_the_norm_names_rule_and_next_date(family):
    draft = make.make_draft(family.aigul, make.fields_for((family.diapers, family.diaper_offer, 13)))
    with pytest.raises(submission.RanOut) as refused:
        make.submit(draft, family.aigul)
    assert refused.value.status == 409
    [error] = refused.value.errors
    assert (error.field, error.code) == ("line.a.quantity", "norm_ran_out")
    assert "1 460" in error.message.replace("\xa0", " ").replace(",", " ") and "2027" in error.message
    assert refused.value.extra["alternatives"] == [
        {"field": "line.a.quantity", "value": 12},
        {"field": "line.a.quantity", "next_date": "2027-01-01"},
    ]
    nothing_changed()


def test_a_second_line_of_the_same_norm_counts_too(family):
    fields = make.fields_for((family.diapers, family.diaper_offer, 10), (family.diapers, family.other_diaper_offer, 3))
    with pytest.raises(submission.RanOut) as refused:
        make.submit(make.make_draft(family.aigul, fields), family.aigul)
    assert errors_of(refused) == {"line.b.quantity": "norm_ran_out"}
    assert refused.value.extra["alternatives"][0] == {"field": "line.b.quantity", "value": 2}


def test_stock_that_ran_out_offers_alternatives(family):
    StockRecord.objects.filter(pk=family.diaper_offer.pk).update(num_in_stock=1)
    draft = make.make_draft(family.aigul, make.fields_for((family.diapers, family.diaper_offer, 2)))
    with pytest.raises(submission.RanOut) as refused:
        make.submit(draft, family.aigul)
    assert errors_of(refused) == {"line.a.offer": "stock_ran_out"}
    fewer, other = refused.value.extra["alternatives"]
    assert fewer == {"field": "line.a.quantity", "value": 1}
    assert (other["field"], other["value"], other["quantity"]) == ("line.a.offer", family.other_diaper_offer.pk, 2)
    nothing_changed()


def test_the_office_needs_a_proof_and_cannot_tick_for_the_person(family):
    fields = make.fields_for((family.diapers, family.diaper_offer, 1))
    draft = make.make_draft(family.gulnar, fields, beneficiary_id=family.alihan.pk)
    assert "consent.terms" not in draft.fields
    with pytest.raises(Invalid) as refused:
        make.submit(draft, family.gulnar)
    assert errors_of(refused) == {"consent.proof": "required"}
    nothing_changed()

    make.save(draft.pk, family.gulnar, {"consent.proof": "signed_form", "consent.date": "2026-11-20"})
    answer = make.submit(draft, family.gulnar)
    order = Order.objects.get(number=answer.body["orders"][0]["number"])
    assert order.user == family.alihan and order.placed_by == family.gulnar


def test_the_owner_must_agree_even_when_the_office_has_a_proof(family):
    fields = make.fields_for((family.diapers, family.diaper_offer, 1)) | {"consent.proof": "signed_form"}
    draft = make.make_draft(family.gulnar, fields, beneficiary_id=family.alihan.pk)
    with pytest.raises(Invalid) as refused:
        make.submit(draft, family.aigul)
    assert errors_of(refused) == {"consent.terms": "required"}


def test_fallbacks_are_other_offers_of_the_same_type(family):
    for wrong in ([family.diaper_offer.pk], [family.walker_offer.pk], [999999], ["x"], "text"):
        fields = make.fields_for((family.diapers, family.diaper_offer, 1)) | {"line.a.fallback": wrong}
        with pytest.raises(Invalid) as refused:
            make.submit(make.make_draft(family.aigul, fields), family.aigul, key=uuid.uuid4().hex)
        assert list(errors_of(refused)) == ["line.a.fallback"]
    nothing_changed()
    order = family.order(**{"line.a.fallback": [str(family.other_diaper_offer.pk)]})
    assert order.fallback == {"a": [family.other_diaper_offer.pk]}


def test_measures_go_to_the_persons_record(family):
    from catalog.models import Measure

    Measure.objects.create(code="height_mm", unit="mm", shown_unit="cm", minimum=400, maximum=2500, name="Бой")
    family.order(**{"measures.height_mm": "1040"})
    family.alihan.record.refresh_from_db()
    assert family.alihan.record.measures == {"height_mm": 1040}


def test_the_first_order_tells_how_the_application_came_about(family):
    fields = make.fields_for((family.walker, family.walker_offer, 1), (family.diapers, family.diaper_offer, 2))
    draft = make.make_draft(family.aigul, fields)
    three_days_ago = timezone.now() - timedelta(days=3)
    for number, device in enumerate(("phone", "desk")):
        DraftSave.objects.create(
            draft=draft, key=str(number), body_hash="", actor=family.aigul, device=device, rev=number + 1, ops=[],
            answer={}, at=three_days_ago,
        )  # fmt: skip
    make.submit(draft, family.aigul, rev=draft.rev)
    told = [event.data.get("application") for event in Event.objects.filter(kind="order.sent").order_by("pk")]
    assert told == [{"visits": 2, "rescued": True}, None]


def test_two_lines_need_at_most_24_queries(family):
    fields = make.fields_for((family.walker, family.walker_offer, 1), (family.diapers, family.diaper_offer, 2))
    draft = make.make_draft(family.aigul, fields)
    with CaptureQueriesContext(
        connection,
    ) as captured:
        make.submit(draft, family.aigul, rev=draft.rev)
    statements = [
        query["sql"] for query in captured.captured_queries if not query["sql"].startswith(("SAVEPOINT", "RELEASE"))
    ]
    assert len(statements) <= 24, "\n".join(statement[:150] for statement in statements)
