"""An individual entrepreneur sells under the person's own number: read by the service, shown by its last digits, kept sealed."""

import json
from datetime import date

import pytest
from django.core.cache import cache
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.utils import translation

from catalog.models import ProductClass
from marketplace import crypto, identity
from marketplace.drafts import reading, saving, sealed
from marketplace.drafts.errors import AnswerChanged
from marketplace.drafts.saving import Op
from marketplace.errors import Invalid, KeyReused
from marketplace.models import Draft, DraftSave, Role, User
from suppliers.market import independent_group
from suppliers.models import Partner, StockRecord
from suppliers.onboarding import answers, deciding
from suppliers.onboarding.models import Application
from suppliers.watch.collusion import owners
from tests import factories as make
from tests.complaints.factories import at
from tests.suppliers import applicants
from tests.suppliers.applicants import BIN, IIN, OTHER_IIN, applied, begun, send

pytestmark = pytest.mark.django_db
NOW = at("2026-11-23 10:00")
SHOWN = "••••••••0817"


@pytest.fixture(autouse=True)
def market():
    cache.clear()
    applicants.ground()
    with translation.override("en"):
        yield


@pytest.fixture
def aidos() -> User:
    return applicants.make_applicant()


@pytest.fixture
def asel() -> User:
    return make.make_user("asel", Role.REVIEWER)


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user, "django.contrib.auth.backends.ModelBackend")
    return client


def errors_of(refused: pytest.ExceptionInfo[Invalid]) -> list[tuple[str, str]]:
    return [(error.field, error.code) for error in refused.value.errors]


def rows_that_say(number: str) -> list[str]:
    """Tables in which any row, as text, has the number in it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        found = []
        for (table,) in cursor.fetchall():
            cursor.execute(f'SELECT EXISTS (SELECT 1 FROM "{table}" AS t WHERE t::text LIKE %s)', [f"%{number}%"])
            if cursor.fetchone()[0]:
                found.append(table)
        return found


def save(
    actor: User, draft: Draft, value: str, *, base: int, device: str = "phone", key: str = "one"
) -> saving.Receipt:
    body = json.dumps({"device": device, "ops": [{"f": "iin", "v": value, "base": base, "seq": 1}]}).encode()
    return saving.save(
        draft_id=draft.pk, actor=actor, key=key, body=body, device=device, kind="onboarding", ops=[Op("iin", value, base, 1)]
    )  # fmt: skip


# --- The number ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("number", "why"),
    [
        (IIN, ""),
        ("9113 2140 0817", ""),
        ("911321400818", "last digit does not agree"),
        (BIN, "last digit does not agree"),
        ("91132140081", "12 digits, here are 11"),
        (SHOWN, "digits only"),
    ],
)
def test_a_wrong_iin_is_explained(number, why):
    found = answers.explain_iin(number)
    assert why in found and bool(found) == bool(why)


@pytest.mark.parametrize(
    ("given", "errors"),
    [
        ({"bin": BIN, "iin": IIN}, [("iin", "both")]),
        ({"bin": "", "iin": ""}, [("bin", "bin")]),
        ({"bin": "", "iin": "911321400818"}, [("iin", "iin")]),
        ({"bin": IIN}, [("bin", "bin")]),
    ],
)
def test_it_is_one_number_and_a_right_one(aidos, given, errors):
    draft = begun(aidos, **given)
    with pytest.raises(Invalid) as refused:
        send(aidos, draft, NOW)
    assert errors_of(refused) == errors
    assert not Application.objects.exists()


# --- The draft keeps it sealed ------------------------------------------------------------------------------


def test_no_table_has_the_number_from_the_first_letter_to_the_shop(aidos, asel):
    draft = begun(aidos, bin="", iin=IIN)
    assert draft.value("iin") == SHOWN and sealed.whole(draft, "iin") == IIN
    application = send(aidos, draft, NOW)
    deciding.approve(application_id=application.pk, actor=asel, now=NOW)
    shop = Partner.objects.get()
    assert (shop.bin, shop.iin, shop.iin_shown, bytes(shop.iin_index)) == (None, IIN, SHOWN, crypto.blind_index(IIN))
    assert rows_that_say(IIN) == []
    assert rows_that_say("Bala Qadam LLP") != [], "the control: what is not sealed is found"


def test_a_number_that_a_person_types_as_a_bin_is_sealed_as_well(aidos):
    draft = begun(aidos, bin=IIN)
    assert draft.value("bin") == SHOWN and rows_that_say(IIN) == []
    assert begun(aidos).value("bin") == BIN, "the number of a company is open"


def test_a_page_that_shows_the_last_digits_sends_them_back_and_changes_nothing(aidos):
    draft = begun(aidos, bin="", iin=IIN)
    assert save(aidos, draft, SHOWN, base=1).answer["r"]["iin"]["s"] == "same"
    assert save(aidos, draft, IIN, base=1, key="two").answer["r"]["iin"]["s"] == "same"
    draft.refresh_from_db()
    assert sealed.whole(draft, "iin") == IIN and draft.fields["iin"]["ver"] == 1
    # The same last four digits are not the same number.
    assert save(aidos, draft, "121321400817", base=1, key="three").answer["r"]["iin"]["s"] == "applied"
    draft.refresh_from_db()
    assert sealed.whole(draft, "iin") == "121321400817" and draft.value("iin") == SHOWN


def test_the_receipt_and_its_replay_say_what_was_read_and_the_log_has_no_digest_of_it(aidos):
    draft = begun(aidos, bin="", iin="")
    first = save(aidos, draft, IIN, base=1)
    again = save(aidos, draft, IIN, base=1)
    assert again.replayed and again.answer == first.answer and len(first.answer["sha256"]) == 64
    row = DraftSave.objects.get(key="one")
    assert first.answer["sha256"] not in json.dumps([row.body_hash, row.answer, row.ops])
    with pytest.raises(KeyReused):
        save(aidos, draft, OTHER_IIN, base=1)
    draft.refresh_from_db()
    assert sealed.whole(draft, "iin") == IIN


def test_two_devices_are_asked_without_showing_either_number_and_a_former_one_comes_back_whole(aidos):
    draft = begun(aidos, bin="", iin=IIN)
    assert save(aidos, draft, OTHER_IIN, base=0).answer["r"]["iin"]["theirs"] == SHOWN
    draft.refresh_from_db()
    shown = reading.as_data(aidos, draft)
    assert shown["fields"]["iin"]["v"] == SHOWN and IIN not in str(shown) and OTHER_IIN not in str(shown)
    assert "sealed" not in str(shown) and "sealed" not in str(reading.history(aidos, draft.pk))
    with pytest.raises(AnswerChanged):
        saving.resolve(draft_id=draft.pk, actor=aidos, field="iin", pick="mine", base=7)
    saving.resolve(draft_id=draft.pk, actor=aidos, field="iin", pick="edit", base=1, value=OTHER_IIN)
    draft.refresh_from_db()
    assert sealed.whole(draft, "iin") == OTHER_IIN and rows_that_say(OTHER_IIN) == []
    saving.bring_back(draft_id=draft.pk, actor=aidos, field="iin", rev=1)
    draft.refresh_from_db()
    assert sealed.whole(draft, "iin") == IIN
    page = signed_in(aidos).get(f"/en/supplier/applications/{draft.pk}/history/").content.decode()
    assert SHOWN in page and IIN not in page and OTHER_IIN not in page


# --- One business, one number ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "code"), [("approved", "taken"), ("paused", "taken"), ("suspended", "banned"), ("terminated", "banned")]
)
def test_an_entrepreneur_that_sells_or_is_banned_cannot_come_in_by_another_door(aidos, status, code):
    old = make.make_supplier(
        "old-shop", bin=None, status=status, suspended_until=date(2027, 1, 31) if status == "suspended" else None
    )
    old.put_iin(IIN)
    old.save()
    with pytest.raises(Invalid) as refused:
        send(aidos, begun(aidos, bin="", iin=IIN), NOW)
    assert errors_of(refused) == [("iin", code)]
    assert not Application.objects.exists()


def test_the_database_takes_a_number_once_and_one_kind_of_it():
    first, second = (make.make_supplier(code, bin=None) for code in ("one", "two"))
    first.put_iin(IIN)
    first.save()
    second.put_iin(IIN)
    with pytest.raises(IntegrityError), transaction.atomic():
        second.save()
    first.bin = BIN
    with pytest.raises(IntegrityError), transaction.atomic():
        first.save()


def test_the_ministry_sees_who_else_names_the_number_and_never_the_number(aidos, asel):
    marina = applicants.make_applicant("marina")
    application, other = applied(aidos, NOW, bin="", iin=IIN), applied(marina, NOW, bin="", iin=IIN)
    page = signed_in(asel).get(f"/en/review/applications/{application.pk}/").content.decode()
    assert SHOWN in page and other.number in page and IIN not in page
    own = signed_in(aidos).get(f"/en/supplier/applications/{application.pk}/").content.decode()
    assert SHOWN in own and IIN not in own


def test_a_correction_and_a_new_application_carry_the_number_on(aidos, asel):
    application = applied(aidos, NOW, bin="", iin=IIN)
    deciding.ask(application_id=application.pk, actor=asel, text="More.", now=NOW)
    client = signed_in(aidos)
    client.post(f"/en/supplier/applications/{application.pk}/", {"action": "correct"})
    draft = Draft.objects.get(author=aidos, status="open")
    assert sealed.whole(draft, "iin") == IIN
    assert send(aidos, draft, NOW).pk == application.pk
    application.refresh_from_db()
    assert application.iin == IIN and rows_that_say(IIN) == []


# --- On the market ------------------------------------------------------------------------------------------------


def test_entrepreneurs_count_as_suppliers_of_their_own_unless_they_belong_to_a_group():
    for code, iin, group in (("alone", IIN, ""), ("of-a-group", OTHER_IIN, BIN)):
        partner = make.make_supplier(code, bin=None, group_bin=group)
        partner.put_iin(iin)
        partner.save()
        make.make_offer(make.make_product(ProductClass.objects.get(code="child-walker"), title=code), partner)
    make.make_supplier("company", bin=BIN)
    assert owners() == {"alone": "alone", "of-a-group": BIN, "company": BIN}
    counted = StockRecord.objects.annotate(owner=independent_group()).values_list("partner__code", "owner")
    assert dict(counted) == {"alone": "alone", "of-a-group": BIN}


def test_the_public_reads_that_it_is_an_entrepreneur_and_no_digit_of_the_number(client):
    partner = make.make_supplier("quiet-home", bin=None)
    partner.put_iin(IIN)
    partner.save()
    page = client.get("/en/catalog/suppliers/quiet-home/").content.decode()
    assert "individual entrepreneur" in page and IIN not in page and IIN[-4:] not in page
    told = client.get("/api/v1/suppliers/quiet-home").json()
    assert told["bin"] is None and IIN[-4:] not in json.dumps(told)
    assert identity.masked("1234567") == "•••••••"
