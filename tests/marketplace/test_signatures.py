"""Electronic signatures: a corpus of good and bad ones against both verifiers, and signing in by one."""

import base64
import re
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.serialization import pkcs7
from django.core.cache import cache
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.test import Client
from pytest_django import Settings

from marketplace import crypto, identity, sign_in_signature, signatures
from marketplace.limits import Limit
from marketplace.models import Event, PersonRecord, SignInCode, User
from marketplace.signatures import BadSignature, SignatureVerifier, Signer, Usage, VerifierAway, cms, ncanode, test_ca
from marketplace.views import sign_in
from tests.marketplace import nca_node

NOW = datetime.now(UTC).replace(microsecond=0)
LAST_YEAR = NOW - timedelta(days=400)
WORDS = b"Sign-in to tirek.example, 2026-11-30T10:00:00Z, 00ff"
IIN, BIN = "123456789011", "061231231234"
PAGE = "/en/account/login/signature/"


class Country:
    """A root, an authority below it, and people with certificates of every kind; keys are slow to make."""

    def __init__(self) -> None:
        self.root = test_ca.make_authority("ROOT", at=LAST_YEAR)
        self.below = test_ca.make_authority("BELOW", issuer=self.root, at=LAST_YEAR)
        self.stranger = test_ca.make_authority("STRANGER", at=LAST_YEAR)
        self.auth = self.of(self.below)
        self.sign = self.of(self.below, usage=Usage.SIGN, bin=BIN)
        self.expired = self.of(self.below, at=LAST_YEAR)
        self.early = self.of(self.below, at=NOW + timedelta(days=1))
        self.foreign = self.of(self.stranger)
        self.revoked = self.of(self.below)
        self.nameless = test_ca.certify(self.below, iin="no", name="NOBODY", usage=Usage.SIGN_IN, at=NOW)
        self.by_person = self.of(self.auth)  # a person who plays the authority

    def of(
        self, issuer: test_ca.Pair, *, usage: Usage = Usage.SIGN_IN, at: datetime = NOW, **more: Any
    ) -> test_ca.Pair:
        return test_ca.certify(issuer, iin=IIN, name="ТЕСТОВ ТЕСТ", usage=usage, at=at - timedelta(minutes=5), **more)

    @property
    def trust(self) -> cms.Trust:
        lists = (
            test_ca.revocations(self.root, [], at=NOW - timedelta(hours=2)),
            test_ca.revocations(self.below, [self.revoked.certificate], at=NOW - timedelta(hours=2)),
        )
        return cms.Trust((self.root.certificate,), lists)

    def signed(self, pair: test_ca.Pair, content: bytes = WORDS, **more: Any) -> bytes:
        return test_ca.sign(pair, content, others=(self.below.certificate, self.auth.certificate), **more)


@pytest.fixture(scope="module")
def country() -> Country:
    return Country()


@pytest.fixture(scope="module")
def node(country: Country) -> Iterator[nca_node.Node]:
    with nca_node.running(country.trust) as running:
        yield running


@pytest.fixture(params=["ours", "ncanode"])
def verifier(request: pytest.FixtureRequest, country: Country, node: nca_node.Node) -> SignatureVerifier:
    return cms.CmsVerifier(lambda: country.trust) if request.param == "ours" else ncanode.NcaNode(node.url)


def verify(verifier: SignatureVerifier, data: bytes, usage: Usage = Usage.SIGN_IN, at: datetime = NOW) -> Signer:
    return verifier.verify(cms=data, content=WORDS, usage=usage, at=at)


@pytest.mark.parametrize("attached", [True, False])
def test_a_good_signature_says_who_signed(verifier: SignatureVerifier, country: Country, attached: bool) -> None:
    signer = verify(verifier, country.signed(country.auth, attached=attached))
    serial = f"{country.auth.certificate.serial_number:x}"
    assert signer == Signer(iin=IIN, bin="", name="ТЕСТОВ ТЕСТ", serial=serial)
    for_firm = verify(verifier, country.signed(country.sign, attached=attached), Usage.SIGN)
    assert (for_firm.iin, for_firm.bin) == (IIN, BIN)


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (lambda here: here.signed(here.foreign), "chain"),
        (lambda here: here.signed(here.by_person), "chain"),
        (lambda here: here.signed(here.expired), "expired"),
        (lambda here: here.signed(here.early), "expired"),
        (lambda here: here.signed(here.revoked), "revoked"),
        (lambda here: here.signed(here.sign), "usage"),
        (lambda here: here.signed(here.nameless), "subject"),
        (lambda here: here.signed(here.auth, b"something else", attached=True), "content"),
        (lambda here: b"no signature", "format"),
        (lambda here: b"", "format"),
        (lambda here: b"\x30" * 70_000, "format"),
    ],
)
def test_bad_ones_are_refused_with_the_reason(
    verifier: SignatureVerifier, country: Country, make: Callable[[Country], bytes], why: str
) -> None:
    with pytest.raises(BadSignature) as refused:
        verify(verifier, make(country))
    assert refused.value.why == why


def test_a_detached_signature_under_another_text_is_refused(verifier: SignatureVerifier, country: Country) -> None:
    with pytest.raises(BadSignature) as refused:
        verify(verifier, country.signed(country.auth, b"something else"))
    assert refused.value.why in {"content", "signature"}


# --- Only ours looks inside -----------------------------------------------------------------------------


def ours(country: Country, data: bytes, at: datetime = NOW, trust: cms.Trust | None = None) -> str:
    """Why it is refused; empty when it is not."""
    try:
        verify(cms.CmsVerifier(lambda: trust or country.trust), data, at=at)
    except BadSignature as error:
        return error.why
    return ""


def test_every_changed_byte_of_the_signature_is_noticed(country: Country) -> None:
    good = country.signed(country.auth)
    assert ours(country, good) == ""
    for place in range(len(good) - 200, len(good), 7):
        broken = bytearray(good)
        broken[place] ^= 1
        assert ours(country, bytes(broken)) in {"signature", "format", "content"}, place


def test_a_broken_file_is_never_an_error_and_never_another_person(country: Country) -> None:
    """Some bytes carry nothing, a version or a certificate that nobody needs: there it may still be the same signer."""
    good, verifier = country.signed(country.auth), cms.CmsVerifier(lambda: country.trust)
    signer, refused = verify(verifier, good), 0
    broken_ones = [
        broken
        for place in range(0, len(good), 31)
        for broken in (
            good[:place],
            good[:place] + b"\x00" + good[place + 1 :],
            good[:place] + b"\xff\xff" + good[place:],
        )
        if broken != good
    ]
    for broken in broken_ones:
        try:
            assert verify(verifier, broken) == signer
        except BadSignature as error:
            assert error.why in signatures.WHY
            refused += 1
    assert refused > 0.8 * len(broken_ones)


def test_two_signers_are_one_too_many(country: Country) -> None:
    builder = pkcs7.PKCS7SignatureBuilder().set_data(WORDS)
    for pair in (country.auth, country.sign):
        builder = builder.add_signer(pair.certificate, pair.key, cms.DIGESTS["sha256"])  # type: ignore[arg-type]
    both = builder.add_certificate(country.below.certificate).sign(
        serialization.Encoding.DER, [pkcs7.PKCS7Options.Binary, pkcs7.PKCS7Options.DetachedSignature]
    )
    assert ours(country, both) == "signers"


def test_without_the_authority_between_there_is_no_chain(country: Country) -> None:
    assert ours(country, test_ca.sign(country.auth, WORDS)) == "chain"


def test_not_knowing_what_was_revoked_is_a_no(country: Country) -> None:
    whole = country.trust
    assert ours(country, country.signed(country.auth), trust=cms.Trust(whole.roots, whole.lists[:1])) == "revocation"
    old = test_ca.revocations(country.below, [], at=LAST_YEAR, lasts=timedelta(days=1))
    assert (
        ours(country, country.signed(country.auth), trust=cms.Trust(whole.roots, (whole.lists[0], old))) == "revocation"
    )
    forged = test_ca.revocations(test_ca.Pair(country.below.certificate, country.stranger.key), [], at=NOW)
    stale = cms.Trust(whole.roots, (whole.lists[0], forged))
    assert ours(country, country.signed(country.auth), trust=stale) == "revocation"


def test_what_was_signed_before_the_key_was_revoked_stays_signed(country: Country) -> None:
    data = country.signed(country.revoked)
    assert ours(country, data, at=NOW) == "revoked"
    assert ours(country, data, at=NOW - timedelta(hours=3)) == "expired", "it was not there yet"
    long_ago = country.of(country.below, at=LAST_YEAR + timedelta(days=300))
    later = test_ca.revocations(country.below, [long_ago.certificate], at=NOW - timedelta(hours=1))
    trust = cms.Trust(country.trust.roots, (country.trust.lists[0], later))
    assert ours(country, country.signed(long_ago), at=NOW - timedelta(days=2), trust=trust) == ""
    assert ours(country, country.signed(long_ago), at=NOW, trust=trust) == "revoked"


# --- NCANode as a neighbour that may fail -----------------------------------------------------------------


def test_the_documented_questions_are_asked(country: Country, node: nca_node.Node) -> None:
    node.asked.clear()
    there = ncanode.NcaNode(node.url + "/")
    verify(there, country.signed(country.auth))
    verify(there, country.signed(country.auth, attached=True))
    (first, detached), (second, attached), (third, extract) = node.asked
    assert (first, second, third) == ("/cms/verify", "/cms/verify", "/cms/extract")
    assert (set(detached), set(attached)) == ({"cms", "data", "revocationCheck"}, {"cms", "revocationCheck"})
    assert (detached["revocationCheck"], base64.b64decode(detached["data"])) == (["OCSP"], WORDS)
    assert set(extract) == {"cms"}


def test_a_node_that_is_out_of_order_is_spared_and_tried_again(country: Country) -> None:
    with nca_node.running(country.trust) as broken:
        broken.status = 503
        there = ncanode.NcaNode(broken.url)
        for _time in range(3):
            with pytest.raises(VerifierAway):
                verify(there, country.signed(country.auth))
        assert len(broken.asked) == 1
        broken.status, there.breaker.seconds = 200, 0.0
        there.breaker.trip()
        assert verify(there, country.signed(country.auth)).iin == IIN


def test_a_silent_node_costs_seconds_once(country: Country, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ncanode, "SECONDS", 0.4)
    with nca_node.running(country.trust) as silent:
        silent.silent = True
        there, started = ncanode.NcaNode(silent.url), time.monotonic()
        for _time in range(3):
            with pytest.raises(VerifierAway):
                verify(there, country.signed(country.auth))
        assert time.monotonic() - started < 2
        assert len(silent.asked) == 1


# --- Signing in ---------------------------------------------------------------------------------------------


@pytest.fixture
def marat_with_iin(marat: User, settings: Settings) -> str:
    cache.clear()
    settings.SIGNATURE_VERIFIER = signatures.TEST_CA
    number = next(f"8409173{n:05d}" for n in range(100_000) if identity.is_iin(f"8409173{n:05d}"))
    PersonRecord.objects.filter(user=marat).update(
        iin_index=crypto.blind_index(number),
        iin_encrypted=crypto.encrypt(number, bound_to=f"personrecord.iin:{marat.pk}"),
    )
    return number


def text_of(client: Client) -> bytes:
    page = client.get(PAGE).content.decode()
    return re.search(r"<code>(Sign-in to [^<]+)</code>", page)[1].encode()


def answer(client: Client, iin: str, text: bytes, usage: Usage = Usage.SIGN_IN, **more: str) -> Any:
    pair = test_ca.certify(test_ca.authority(), iin=iin, name="МАРАТ", usage=usage, at=NOW - timedelta(minutes=1))
    return client.post(PAGE, {"file": SimpleUploadedFile("text.cms", test_ca.sign(pair, text)), **more})


@pytest.mark.django_db
def test_a_signed_text_signs_in_once(marat_with_iin: str) -> None:
    client = Client()
    text = text_of(client)
    assert client.get(f"{PAGE}text/").content == text == text_of(client), "the same until it is used"
    assert answer(client, marat_with_iin, text, next="/en/account/")["Location"] == "/en/account/"
    assert client.get("/api/v1/me").json()["username"] == "marat"
    assert Event.objects.get(kind="account.signed_in").data == {"by": "signature"}
    row = SignInCode.objects.get()
    with pytest.raises(sign_in_signature.TextOver):
        sign_in_signature.redeem(asked=row.pk, cms=b"x")


@pytest.mark.django_db
def test_a_stolen_signature_opens_no_other_browser(marat_with_iin: str) -> None:
    victim, thief = Client(), Client()
    text = text_of(victim)
    text_of(thief)
    page = answer(thief, marat_with_iin, text).content.decode()
    assert "Something else was signed." in page
    assert thief.get("/api/v1/me").status_code == 401
    assert answer(victim, marat_with_iin, text)["Location"] == "/en/"


@pytest.mark.django_db
def test_the_other_key_an_unknown_iin_and_an_old_text_open_nothing(marat_with_iin: str) -> None:
    client = Client()
    assert (
        "This key is for another purpose."
        in answer(client, marat_with_iin, text_of(client), Usage.SIGN).content.decode()
    )
    people = User.objects.count()
    assert "there is no account for this IIN" in answer(client, IIN, text_of(client)).content.decode()
    assert User.objects.count() == people, "nobody is created"
    old = text_of(client)
    SignInCode.objects.update(expires_at=datetime.now(UTC) - timedelta(seconds=1))
    assert "The time to sign this text is over." in answer(client, marat_with_iin, old).content.decode()
    User.objects.filter(username="marat").update(is_active=False)
    assert "there is no account for this IIN" in answer(client, marat_with_iin, text_of(client)).content.decode()
    assert client.get("/api/v1/me").status_code == 401


@pytest.mark.django_db
def test_base64_and_pem_are_read_too_and_nothing_is_asked_for_by_name(marat_with_iin: str) -> None:
    client = Client()
    pair = test_ca.certify(
        test_ca.authority(), iin=marat_with_iin, name="M", usage=Usage.SIGN_IN, at=NOW - timedelta(minutes=1)
    )
    text = base64.encodebytes(test_ca.sign(pair, text_of(client))).decode()
    pem = f"-----BEGIN CMS-----\n{text}-----END CMS-----\n"
    assert client.post(PAGE, {"signature": pem})["Location"] == "/en/"
    assert "Choose the file with the signature." in Client().post(PAGE, {}).content.decode()


@pytest.mark.django_db
def test_only_the_pages_that_sign_may_talk_to_the_signing_program(marat_with_iin: str) -> None:
    allowed = "connect-src 'self' wss://127.0.0.1:13579"
    assert allowed in Client().get(PAGE)["Content-Security-Policy"]
    assert "13579" not in Client().get("/en/account/login/")["Content-Security-Policy"]


@pytest.mark.django_db
def test_one_address_asks_for_so_many_texts_and_no_more(marat_with_iin: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sign_in, "TEXTS_OF_ADDRESS", Limit("test-texts", most=3, seconds=60))
    assert [Client().get(PAGE).status_code for _time in range(5)] == [200, 200, 200, 429, 429]
    assert SignInCode.objects.count() == 3
    assert Client(REMOTE_ADDR="203.0.113.20").get(PAGE).status_code == 200


@pytest.mark.django_db
def test_without_a_verifier_nobody_is_offered_it(settings: Settings) -> None:
    settings.SIGNATURE_VERIFIER = ""
    assert Client().get(PAGE).status_code == 404
    assert "electronic signature" not in Client().get("/en/account/login/").content.decode()


@pytest.mark.django_db
def test_a_verifier_that_is_away_says_so_and_gives_the_text_back(marat_with_iin: str, settings: Settings) -> None:
    client = Client()
    text = text_of(client)
    settings.SIGNATURE_VERIFIER = "http://127.0.0.1:9"
    assert "Signatures cannot be checked right now." in answer(client, marat_with_iin, text).content.decode()
    settings.SIGNATURE_VERIFIER = signatures.TEST_CA
    assert answer(client, marat_with_iin, text)["Location"] == "/en/"


@pytest.mark.django_db
def test_the_command_signs_for_somebody_of_the_demonstration(marat_with_iin: str, tmp_path: Any) -> None:
    client = Client()
    file = tmp_path / "sign-in.txt"
    file.write_bytes(text_of(client))
    call_command("test_signature", "marat", str(file))
    signed = SimpleUploadedFile("s", (tmp_path / "sign-in.txt.cms").read_bytes())
    assert client.post(PAGE, {"file": signed})["Location"] == "/en/"
