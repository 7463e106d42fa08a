"""Electronic signatures under orders and acts: of the right person, under what she saw, and only while it stays that."""

from datetime import UTC, datetime, timedelta
from io import StringIO

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from django.test import Client

from marketplace import crypto, signatures
from marketplace.errors import Changed, Forbidden, NotFound
from marketplace.models import Event, PersonRecord, User
from marketplace.signatures import BadSignature, Usage, test_ca
from orders import act, fulfilment, signing
from orders.models import Act, Order, PaperSignature
from tests.orders.test_fulfilment import delivered

IIN, OTHER, BIN = "840917300004", "850101300005", "061231231234"


@pytest.fixture(autouse=True)
def _believes(settings) -> None:
    settings.SIGNATURE_VERIFIER = signatures.TEST_CA


@pytest.fixture
def family(family):
    """The mother has an IIN on record, the supplier a BIN."""
    PersonRecord.objects.update_or_create(user=family.aigul, defaults={"iin_index": crypto.blind_index(IIN)})
    family.jarqyn.bin = BIN
    family.jarqyn.save(update_fields=["bin"])
    return family


def signature(content: bytes, iin: str = IIN, bin: str = "", usage: Usage = Usage.SIGN) -> bytes:
    at = datetime.now(UTC) - timedelta(minutes=1)
    pair = test_ca.certify(test_ca.authority(), iin=iin, name="АЙГҮЛ НҰРЛАНОВА", bin=bin, usage=usage, at=at)
    return test_ca.sign(pair, content)


def shown(order: Order, paper: str = "order") -> tuple[bytes, str]:
    content = signing.content_of(order, paper)
    return act.canonical(content), act.digest(content)


def sign(order: Order, actor: User, paper: str = "order", **more) -> PaperSignature:
    data, seen = shown(order, paper)
    return signing.sign(number=order.number, paper=paper, actor=actor, cms=signature(data, **more), seen=seen)


def command() -> str:
    """What verify_signatures says; the complaint of a broken one included."""
    out = StringIO()
    try:
        call_command("verify_signatures", stdout=out, stderr=out)
    except CommandError as error:
        out.write(str(error))
    return out.getvalue()


def test_the_person_signs_her_order_and_it_can_be_checked_later(family, monday):
    row = sign(family.order(), family.aigul)
    assert (row.side, row.signer, signing.problems(row)) == ("owner", "АЙГҮЛ НҰРЛАНОВА", [])
    event = Event.objects.get(kind="order.paper_signed")
    assert (event.actor, event.on_behalf_of, event.data["digest"]) == (family.aigul, family.alihan, row.digest)
    assert IIN.encode() not in bytes(row.cms_encrypted) and IIN not in str(row.content)
    monday.move_to("2029-01-01T10:00:00+05:00")
    assert signing.problems(row) == [], "the certificate has run out since: it was good then"
    assert command() == "1 signatures checked, 0 do not hold.\n"


def test_both_sides_sign_the_act(family):
    order = delivered(family)
    with pytest.raises(NotFound):
        shown(order, "act")
    order = fulfilment.accept(number=order.number, actor=family.aigul)
    sign(order, family.aigul, "act")
    sign(order, family.yerlan, "act", iin=OTHER, bin=BIN)
    assert sorted(order.signatures.values_list("side", flat=True)) == ["owner", "supplier"]


def test_what_is_changed_afterwards_holds_no_longer(family):
    order = fulfilment.accept(number=delivered(family).number, actor=family.aigul)
    first, second = sign(order, family.aigul), sign(order, family.aigul, "act")
    Order.objects.filter(pk=order.pk).update(delivery_address="elsewhere")
    snapshot = Act.objects.get().snapshot
    Act.objects.update(snapshot=snapshot | {"total": "1.00"})
    PaperSignature.objects.filter(pk=second.pk).update(content=snapshot | {"total": "1.00"})
    rows = PaperSignature.objects.order_by("pk")
    assert [signing.problems(row) for row in rows] == [["changed"], ["signature", "content"]]
    said = command()
    assert "2 signatures checked, 2 do not hold." in said and f"{order.number} act owner: signature, content" in said
    assert first.pk == rows[0].pk


def test_a_signature_that_is_moved_to_another_row_holds_not(family):
    first, second = sign(family.order(), family.aigul), sign(family.order(1), family.aigul)
    PaperSignature.objects.filter(pk=second.pk).update(cms_encrypted=bytes(first.cms_encrypted))
    assert signing.problems(PaperSignature.objects.get(pk=second.pk)) == ["signature"]


@pytest.mark.parametrize(
    ("who", "paper", "more", "error"),
    [
        ("aigul", "order", {"iin": OTHER}, signing.NotYours),
        ("aigul", "order", {"usage": Usage.SIGN_IN}, BadSignature),
        ("yerlan", "order", {"bin": BIN}, Forbidden),
        ("yerlan", "act", {"bin": "061231239999"}, signing.NotOfSupplier),
        ("yerlan", "act", {}, signing.NotOfSupplier),
        ("gulnar", "order", {}, Forbidden),
        ("natalya", "act", {"bin": BIN}, NotFound),
        ("dina", "act", {}, NotFound),
    ],
)
def test_nobody_signs_for_another(family, who, paper, more, error):
    order = fulfilment.accept(number=delivered(family).number, actor=family.aigul)
    with pytest.raises(error):
        sign(order, getattr(family, who), paper, **more)
    assert not PaperSignature.objects.exists()
    assert not Event.objects.filter(kind="order.paper_signed").exists()


def test_an_entrepreneur_signs_with_the_own_iin(family):
    family.jarqyn.bin, family.jarqyn.iin_index = None, crypto.blind_index(OTHER)
    family.jarqyn.save(update_fields=["bin", "iin_index"])
    order = fulfilment.accept(number=delivered(family).number, actor=family.aigul)
    assert sign(order, family.yerlan, "act", iin=OTHER).side == "supplier"


def test_twice_and_under_something_else_is_refused(family):
    order = family.order()
    data, seen = shown(order)
    sign(order, family.aigul)
    with pytest.raises(signing.SignedAlready):
        sign(order, family.aigul)
    other = family.order(1)
    with pytest.raises(Changed):
        signing.sign(number=other.number, paper="order", actor=family.aigul, cms=signature(data), seen=seen)
    with pytest.raises(BadSignature):
        signing.sign(number=other.number, paper="order", actor=family.aigul, cms=signature(data), seen=shown(other)[1])
    assert PaperSignature.objects.get().order == order


def test_the_page_shows_what_is_signed_and_takes_the_file(family, client: Client):
    order = family.order()
    client.force_login(family.aigul, "django.contrib.auth.backends.ModelBackend")
    page = f"/en/orders/{order.number}/sign/order/"
    assert page in client.get(f"/en/orders/{order.number}/").content.decode()
    data = client.get(f"{page}text/").content
    shown_page = client.get(page)
    assert "You need not sign this way" in shown_page.content.decode()
    assert shown_page.content.decode().count("&quot;address&quot;") == 1, "the bytes stand in their box alone"
    assert "wss://127.0.0.1:13579" in shown_page["Content-Security-Policy"]
    seen = shown_page.context["seen"]
    wrong = client.post(page, {"file": SimpleUploadedFile("a.cms", b"0no"), "seen": seen}).content.decode()
    assert "This is no signature that we can read." in wrong and not PaperSignature.objects.exists()
    answer = client.post(page, {"file": SimpleUploadedFile("a.cms", signature(data)), "seen": seen}, follow=True)
    said = answer.content.decode()
    assert "Signed. The signature is kept with the order." in said and "Nothing has changed since." in said
    assert page not in said


def test_a_supplier_sees_no_name_by_a_signature_before_it_may(family, client: Client):
    order = family.order()
    sign(order, family.aigul)
    client.force_login(family.yerlan, "django.contrib.auth.backends.ModelBackend")
    assert "АЙГҮЛ" not in client.get(f"/en/supplier/orders/{order.number}/").content.decode()
    assert client.get(f"/en/orders/{order.number}/sign/order/").status_code == 404
    assert client.get(f"/en/orders/{order.number}/sign/order/text/").status_code == 404


def test_without_a_verifier_nobody_is_asked_to_sign(family, client: Client, settings):
    settings.SIGNATURE_VERIFIER = ""
    order = family.order()
    client.force_login(family.aigul, "django.contrib.auth.backends.ModelBackend")
    assert "Sign electronically" not in client.get(f"/en/orders/{order.number}/").content.decode()
