"""A new key reads nothing by itself; after the rewrite the old one is not needed, and codes that people hold still work."""

from base64 import b64encode
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.test import override_settings
from django.utils import timezone

from complaints import contact_keys, selectors, tracking
from complaints import loading as complaint_data
from complaints.models import Complaint
from config import drill
from marketplace import crypto, rotation
from marketplace import loading as master_data
from marketplace.drafts import sealed
from marketplace.models import Draft, DraftSave, Event, PersonRecord, Role
from tests import country
from tests import factories as make
from tests.complaints import factories as cases

pytestmark = pytest.mark.django_db
FIELD, INDEX, NEW_FIELD, NEW_INDEX = (drill.new_key() for _number in range(4))
OLD = {"FIELD_KEYS": f"k1:{FIELD}", "BLIND_INDEX_KEY": INDEX}
BOTH = {"FIELD_KEYS": f"k2:{NEW_FIELD},k1:{FIELD}", "BLIND_INDEX_KEY": f"{NEW_INDEX},{INDEX}"}
NEW = {"FIELD_KEYS": f"k2:{NEW_FIELD}", "BLIND_INDEX_KEY": NEW_INDEX}
PHONE = "+77010000007"


@pytest.fixture
def kept():
    """Five people with numbers and a complaint, under the old keys."""
    country.settle(master_data.load_all, complaint_data.load_all)
    with override_settings(**OLD):
        for number in range(5):
            person, iin = make.make_person(f"person-{number}"), f"84091730012{number}"
            PersonRecord.objects.filter(user=person).update(
                iin_encrypted=crypto.encrypt(iin, bound_to=crypto.place_of_iin(person.pk)),
                iin_index=crypto.blind_index(iin),
            )
        complaint = cases.make_complaint(contact={"phone": PHONE})
        Complaint.objects.filter(pk=complaint.pk).update(
            tracking_hash=tracking.hash_of(complaint.number, tracking.code_of(complaint.number)),
            contact_key=contact_keys.key_of(PHONE),
        )
    return complaint


def numbers():
    return PersonRecord.objects.exclude(iin_encrypted=None).order_by("pk")


def owed() -> dict[str, tuple[int, int]]:
    """What is left to do, and what cannot be read: nothing when all is new."""
    counts = {name: (count.renewed, count.unreadable) for name, count in rotation.check().items()}
    return {name: count for name, count in counts.items() if any(count)}


def test_under_both_keys_the_earlier_case_of_a_phone_is_found(kept):
    with override_settings(**BOTH):
        later = cases.make_complaint(contact={"phone": PHONE})
        Complaint.objects.filter(pk=later.pk).update(supplier=None, order_line=None, complainant=None, subject="danger")
        later.refresh_from_db()
        assert bytes(later.contact_key) != bytes(Complaint.objects.get(pk=kept.pk).contact_key)
        assert kept in selectors.earlier_of_the_matter(cases.make_reviewer(), later)


def test_under_both_keys_everything_is_read_and_rewritten_in_parts(kept):
    with override_settings(**BOTH):
        assert owed() == {"identity numbers": (5, 0), "complaints": (1, 0)}
        holder = selectors.Holder(kept.number, tracking.code_of(kept.number))
        assert selectors.visible(holder).get() == kept
        assert Complaint.objects.filter(contact_key__in=contact_keys.keys_of(PHONE)).exists()
        rotation.rotate(batch=2, most=1)
        assert owed()["identity numbers"] == (3, 0), "cut short: what was done stays done"
        rotation.rotate(batch=2)
        assert owed() == {}
    with override_settings(**NEW):
        assert owed() == {}
        assert selectors.visible(holder).get() == kept
        record = PersonRecord.objects.get(user__username="person-3")
        assert crypto.decrypt(record.iin_encrypted, bound_to=crypto.place_of_iin(record.user_id)) == "840917300123"
        assert PersonRecord.objects.get(iin_index=crypto.blind_index("840917300123")) == record
    with override_settings(**OLD):
        assert owed() == {"identity numbers": (0, 5), "complaints": (0, 1)}, (
            "control: the old keys read nothing any more"
        )
    assert Event.objects.filter(kind="keys.rotate").count() == 2


def test_without_the_old_keys_nothing_is_touched(kept):
    before = list(numbers().values_list("iin_encrypted", "iin_index"))
    with override_settings(**NEW), pytest.raises(CommandError, match="6 rows"):
        call_command("rotate_keys", stdout=StringIO())
    after = list(numbers().values_list("iin_encrypted", "iin_index"))
    assert [tuple(map(bytes, row)) for row in after] == [tuple(map(bytes, row)) for row in before]


def test_the_command_says_when_the_old_keys_may_go(kept):
    said = StringIO()
    with override_settings(**BOTH):
        with pytest.raises(CommandError):
            call_command("rotate_keys", "--check", stdout=said)
        call_command("rotate_keys", stdout=said)
    assert "the old ones may go" in said.getvalue()


def test_a_sealed_answer_of_a_draft_and_its_log_come_along():
    number, author = "840917300123", make.make_user("seller", Role.SUPPLIER)
    with override_settings(**OLD):
        draft = Draft.objects.create(kind="onboarding", author=author, updated_at=timezone.now())
        token = crypto.encrypt(number, bound_to=sealed.place(draft.pk, "bin"))
        entry = {"v": "…0123", "sealed": b64encode(token).decode()}
        Draft.objects.filter(pk=draft.pk).update(fields={"bin": entry | {"ver": 1}})
        DraftSave.objects.create(
            draft=draft, rev=1, key="k", body_hash="x", actor=author, device="d", at=timezone.now(),
            ops=[{"f": "bin", **entry, "base": 0, "seq": 1}], answer={},
        )  # fmt: skip
    with override_settings(**BOTH):
        assert owed() == {"drafts": (1, 0), "saves of drafts": (1, 0)}
        rotation.rotate()
    with override_settings(**NEW):
        assert owed() == {}
        draft.refresh_from_db()
        assert sealed.whole(draft, "bin") == number
        assert sealed.whole(draft, "bin", DraftSave.objects.get().ops[0]) == number
