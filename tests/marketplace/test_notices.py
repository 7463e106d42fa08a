"""Messages to people: written once, sent by the right way, each ending in a known state (guarantee G5)."""

import smtplib
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.core.mail import EmailMessage
from django.db import transaction
from django.db.models import F
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from marketplace import notices, outbox, outgoing
from marketplace.breaker import Breaker
from marketplace.errors import NotFound
from marketplace.models import Event, Notice, OutboxRow, ReadLog, User
from marketplace.notices import calls, gateways
from marketplace.time import database_now
from tests.marketplace.gateway_server import SmsProvider
from tests.marketplace.racing import together

pytestmark = pytest.mark.django_db


@pytest.fixture
def provider(settings: Settings) -> Iterator[SmsProvider]:
    found = SmsProvider()
    settings.SMS_GATEWAY_URL, settings.SMS_GATEWAY_TOKEN, settings.SMS_SENDER = found.url, "secret-token", "Tirek"
    yield found
    found.stop()


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Gateways are given 0.4 s instead of 5."""
    monkeypatch.setattr(gateways.HttpSmsGateway.__init__, "__defaults__", (0.4,))


def write(recipient: User | None, dedupe: str = "order.sent:1:1", **more: Any) -> int | None:
    facts = {"kind": "order.sent", "subject": "order:1", "title": "Тапсырыс", "text": "Тапсырыс жіберілді"} | more
    with transaction.atomic():
        return notices.create(recipient=recipient, dedupe=dedupe, **facts)


def only() -> Notice:
    return Notice.objects.get()


# --- Writing ----------------------------------------------------------------------------------


def test_a_notice_goes_the_recipients_way_in_the_recipients_language(marat: User) -> None:
    notice_id = write(marat)
    notice = only()
    assert notice.pk == notice_id
    assert (notice.channel, notice.address, notice.language, notice.status) == ("sms", "+77010000001", "ru", "created")
    assert list(OutboxRow.objects.values_list("topic", "key")) == [("notice.send", str(notice_id))]


def test_a_notice_is_written_once_per_event_and_recipient(marat: User, aigul: User) -> None:
    assert write(marat) is not None
    assert write(marat, text="again, by a second run of the handler") is None
    assert write(aigul, dedupe="order.sent:1:2") is not None
    assert Notice.objects.count() == OutboxRow.objects.count() == 2
    assert Notice.objects.earliest("pk").text == "Тапсырыс жіберілді"


def test_a_long_name_of_an_event_still_means_one_notice(marat: User) -> None:
    assert write(marat, dedupe="complaint.filed:1:" + "a" * 250) is not None
    assert write(marat, dedupe="complaint.filed:1:" + "a" * 250) is None
    assert write(marat, dedupe="complaint.filed:1:" + "a" * 249 + "b") is not None


@pytest.mark.django_db(transaction=True)
def test_handlers_that_run_together_write_one_notice(marat: User) -> None:
    ids = together(lambda _number: write(marat), 6)
    assert sum(found is not None for found in ids) == 1
    assert Notice.objects.count() == OutboxRow.objects.count() == 1


def test_a_notice_disappears_with_its_cause(marat: User) -> None:
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        write(marat)
        raise ZeroDivisionError
    assert not Notice.objects.exists()
    assert not OutboxRow.objects.exists()


@pytest.mark.parametrize(
    ("person", "asked", "way"),
    [
        ({"channel": "sms", "phone": "+77010000001"}, {}, ("sms", "+77010000001", "created")),
        ({"channel": "e-mail", "email": "a@b.kz"}, {}, ("e-mail", "a@b.kz", "created")),
        ({"channel": "call", "phone": "+77010000001"}, {}, ("call", "+77010000001", "call")),
        ({"channel": "sms", "phone": "", "email": "a@b.kz"}, {}, ("e-mail", "a@b.kz", "created")),
        ({"channel": "e-mail", "phone": "+77010000001"}, {}, ("sms", "+77010000001", "created")),
        ({"channel": "sms", "phone": "", "email": ""}, {}, ("call", "", "call")),
        ({"channel": "sms", "phone": "+77010000001"}, {"channel": "call"}, ("call", "+77010000001", "call")),
        (
            {"channel": "sms", "phone": "+77010000001"},
            {"channel": "sms", "address": "+77020000002"},
            ("sms", "+77020000002", "created"),
        ),
        (
            {"channel": "sms", "phone": "+77010000001"},
            {"channel": "call", "address": "+77020000002"},
            ("call", "+77020000002", "call"),
        ),
        (None, {"address": "a@b.kz"}, ("e-mail", "a@b.kz", "created")),
        (None, {"address": "8 701 000 00 01"}, ("sms", "8 701 000 00 01", "created")),
        (None, {}, ("call", "", "call")),
    ],
)
def test_the_way_to_a_person(
    marat: User, person: dict[str, str] | None, asked: dict[str, str], way: tuple[str, str, str]
) -> None:
    if person is not None:
        marat.phone = marat.email = ""
        for name, value in person.items():
            setattr(marat, name, value)
    write(marat if person is not None else None, **asked)
    notice = only()
    assert (notice.channel, notice.address, notice.status) == way
    assert OutboxRow.objects.exists() == (notice.status == "created"), "a call has nothing to send"


def test_a_title_is_one_line(marat: User) -> None:
    write(marat, title="Заказ\r\nBcc: all@example.kz " + "я" * 300)
    assert only().title.startswith("Заказ Bcc: all@example.kz яя")
    assert len(only().title) == 200


# --- Sending ----------------------------------------------------------------------------------


def test_the_demonstration_spools(marat: User) -> None:
    write(marat)
    outbox.drain()
    notice = only()
    assert (notice.status, notice.reference, notice.attempts) == ("delivered", "spool", 1)
    assert notice.finished_at is not None


def test_without_demonstration_and_gateway_somebody_phones(marat: User, settings: Settings) -> None:
    settings.DEMO = False
    write(marat)
    outbox.drain()
    assert (only().status, only().finished_at) == ("call", None)


def test_an_sms_is_handed_to_the_provider_once(marat: User, provider: SmsProvider) -> None:
    write(marat)
    outbox.drain()

    asked = provider.asked[0]
    assert asked.path == "/v1/send"
    assert asked.headers["Authorization"] == "Bearer secret-token"
    assert asked.headers["Idempotency-Key"] == f"notice-{only().pk}"
    assert asked.body == {
        "to": "+77010000001",
        "text": "Тапсырыс жіберілді",
        "sender": "Tirek",
        "id": f"notice-{only().pk}",
    }
    assert (only().status, only().reference) == ("sent", "sms-1")

    OutboxRow.objects.update(done_at=None)
    outbox.drain()
    assert len(provider.asked) == 1, "the row came twice, the message goes once"


@pytest.mark.parametrize(("status", "headers"), [(500, {}), (503, {}), (429, {}), (302, {"Location": "/elsewhere"})])
def test_a_provider_in_trouble_is_asked_again_later(
    marat: User, provider: SmsProvider, status: int, headers: dict[str, str]
) -> None:
    provider.status, provider.headers = status, headers
    write(marat)
    outbox.drain()

    notice = only()
    assert (notice.status, notice.error, notice.attempts) == ("created", f"HTTP {status}", 1)
    assert len(provider.asked) == 1, "a redirect is not followed: the token stays here"
    waiting = OutboxRow.objects.get(done_at=None)
    assert timedelta(seconds=1) < waiting.available_at - timezone.now() <= timedelta(seconds=2)

    provider.status = 200
    OutboxRow.objects.filter(done_at=None).update(available_at=timezone.now())
    outbox.drain()
    assert (only().status, only().attempts) == ("sent", 2)
    assert [asked.body["id"] for asked in provider.asked] == [f"notice-{notice.pk}"] * 2


@pytest.mark.usefixtures("impatient")
def test_a_slow_provider_is_cut_off(marat: User, provider: SmsProvider) -> None:
    provider.silent = 5
    write(marat)
    started = time.monotonic()
    outbox.drain()
    assert time.monotonic() - started < 1
    assert (only().status, only().error) == ("created", "TimeoutError")


@pytest.mark.usefixtures("impatient")
def test_a_provider_that_drips_is_cut_off_too(marat: User, provider: SmsProvider) -> None:
    provider.dripping = True
    write(marat)
    started = time.monotonic()
    outbox.drain()
    assert time.monotonic() - started < 1, "each single read is quick; the whole is not"
    assert only().status == "created"


@pytest.mark.usefixtures("impatient")
def test_control_without_the_timer_a_dripping_provider_holds_the_worker(
    marat: User, provider: SmsProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outgoing, "cut", lambda connection, late: None)
    provider.dripping = True
    write(marat)
    started = time.monotonic()
    threading.Timer(1.2, provider.stopped.set).start()
    outbox.drain()
    assert time.monotonic() - started > 1


def test_a_provider_that_is_not_there_is_asked_again_later(marat: User, settings: Settings) -> None:
    provider = SmsProvider()
    settings.SMS_GATEWAY_URL = provider.url
    provider.stop()
    write(marat)
    outbox.drain()
    assert (only().status, only().error) == ("created", "ConnectionRefusedError")


@pytest.fixture
def second(settings: Settings, provider: SmsProvider, monkeypatch: pytest.MonkeyPatch) -> Iterator[SmsProvider]:
    monkeypatch.setattr(gateways, "_spared", defaultdict(lambda: Breaker(gateways.SPARED_S)))
    found = SmsProvider()
    settings.SMS_SECOND_GATEWAY_URL, settings.SMS_SECOND_GATEWAY_TOKEN = found.url, "other-token"
    yield found
    found.stop()


def sent(marat: User, *numbers: int) -> list[str]:
    """Write and send notices of these numbers; their states."""
    for number in numbers:
        write(marat, dedupe=f"order.sent:{number}:1")
        outbox.drain()
    return list(Notice.objects.order_by("pk").values_list("status", flat=True))


def test_a_second_provider_takes_over_and_gives_back(
    marat: User, provider: SmsProvider, second: SmsProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    provider.status = 503
    assert sent(marat, 1, 2) == ["sent", "sent"]
    assert (len(provider.asked), len(second.asked)) == (1, 2), "whoever failed is spared"
    assert second.asked[0].headers["Authorization"] == "Bearer other-token"
    assert second.asked[0].body["id"] == provider.asked[0].body["id"]
    provider.status = 200
    monkeypatch.setattr(gateways._spared[provider.url], "_skip_until", 0.0)  # half a minute later
    assert sent(marat, 3, 4) == ["sent"] * 4
    assert (len(provider.asked), len(second.asked)) == (3, 2), "well again, the first is asked alone"


def test_a_slow_provider_is_spared_though_it_takes_the_message(
    marat: User, provider: SmsProvider, second: SmsProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gateways, "SLOW_S", 0.2)
    provider.silent = 0.4
    assert sent(marat, 1, 2) == ["sent", "sent"]
    assert (len(provider.asked), len(second.asked)) == (1, 1), "nobody gets the first message twice"


def test_when_both_are_away_each_message_asks_both_and_waits(
    marat: User, provider: SmsProvider, second: SmsProvider
) -> None:
    provider.status = second.status = 500
    assert sent(marat, 1) == ["created"]
    assert (len(provider.asked), len(second.asked)) == (1, 1)
    assert sent(marat, 2) == ["created", "created"]
    assert (len(provider.asked), len(second.asked)) == (2, 2), "spared or not, there is nobody else"


def test_a_number_that_one_provider_refuses_is_not_tried_at_the_other(
    marat: User, provider: SmsProvider, second: SmsProvider
) -> None:
    provider.status = 400
    assert sent(marat, 1) == ["call"]
    assert second.asked == []


@pytest.mark.parametrize("answer", [b"", b"not json", b"[]", b'{"id": null}', b'{"id": "' + b"x" * 500 + b'"}'])
def test_a_strange_answer_with_200_is_taken(marat: User, provider: SmsProvider, answer: bytes) -> None:
    provider.answer = answer
    write(marat)
    outbox.drain()
    assert only().status == "sent"
    assert len(only().reference) <= 100


def test_a_refused_number_becomes_a_call(marat: User, provider: SmsProvider) -> None:
    provider.status = 400
    write(marat)
    outbox.drain()
    assert (only().status, only().error, only().finished_at) == ("call", "HTTP 400", None)
    assert not OutboxRow.objects.filter(done_at=None).exists()


def test_nobody_phones_an_organisation(gulnar: User, provider: SmsProvider) -> None:
    provider.status = 400
    write(gulnar, channel="sms", address="+77010000003")
    outbox.drain()
    assert (only().status, only().error) == ("failed", "HTTP 400")
    assert only().finished_at is not None


def test_after_four_hours_of_trouble_somebody_phones(marat: User, provider: SmsProvider) -> None:
    provider.status = 503
    write(marat)
    pauses = []
    while only().status == "created":
        waiting = OutboxRow.objects.filter(done_at=None)
        pauses.append(max(waiting.get().available_at - database_now(), timedelta()))
        # The pause goes by: to the rows it is all the same whether time moves on or they move back.
        waiting.update(available_at=F("available_at") - pauses[-1])
        Notice.objects.update(created_at=F("created_at") - pauses[-1])
        outbox.drain()
    assert only().status == "call"
    assert [round(pause.total_seconds()) for pause in pauses[:10]] == [0, 2, 4, 8, 16, 32, 64, 128, 256, 300]
    assert sum(pauses, timedelta()) >= timedelta(hours=4)
    assert only().attempts == len(provider.asked) == len(pauses) < 60


def test_a_killed_worker_leaves_a_notice_that_is_sent_later(marat: User, provider: SmsProvider) -> None:
    write(marat)
    Notice.objects.update(status="sending", tried_at=timezone.now(), attempts=1)

    outbox.drain()
    assert not provider.asked, "somebody may be at it this moment"
    row = OutboxRow.objects.get()
    assert (row.done_at, row.error[:10]) == (None, "BeingTried")

    Notice.objects.update(tried_at=timezone.now() - timedelta(seconds=31))
    OutboxRow.objects.update(available_at=timezone.now())
    outbox.drain()
    assert (only().status, only().attempts, len(provider.asked)) == ("sent", 2, 1)


@pytest.mark.django_db(transaction=True)
def test_twins_of_a_row_send_one_message(marat: User, provider: SmsProvider) -> None:
    provider.silent = 0.2
    write(marat)
    pk = OutboxRow.objects.get().pk
    together(lambda _number: outbox.run(pk), 4)
    assert len(provider.asked) == 1
    assert only().status == "sent"


@pytest.mark.parametrize(
    ("typed", "dialled"),
    [("+7 701 000 00 01", "+77010000001"), ("8 (701) 000-00-01", "+77010000001"), ("+49 30 901820", "+4930901820")],
)
def test_numbers_are_dialled_internationally(typed: str, dialled: str) -> None:
    assert gateways.dialled(typed) == dialled


# --- E-mail -----------------------------------------------------------------------------------


@pytest.fixture
def mail_server(settings: Settings) -> None:
    settings.EMAIL_HOST = "mail.example.kz"


@pytest.mark.usefixtures("mail_server")
def test_an_e_mail_is_sent(gulnar: User) -> None:
    write(gulnar)
    outbox.drain()
    assert only().status == "sent"
    message = mail.outbox[0]
    assert (message.to, message.subject, message.body) == (["gulnar@example.kz"], "Тапсырыс", "Тапсырыс жіберілді")


@pytest.mark.usefixtures("mail_server")
@pytest.mark.parametrize(
    ("trouble", "status", "error"),
    [
        (ConnectionRefusedError(), "created", "ConnectionRefusedError"),
        (TimeoutError(), "created", "TimeoutError"),
        (smtplib.SMTPServerDisconnected("bye"), "created", "SMTPServerDisconnected"),
        (smtplib.SMTPRecipientsRefused({"a@b.kz": (450, b"greylisted")}), "created", "SMTP 450"),
        (smtplib.SMTPRecipientsRefused({"a@b.kz": (550, b"no such user")}), "call", "SMTP 550"),
        (smtplib.SMTPAuthenticationError(535, b"who are you"), "created", "SMTP 535"),
        (smtplib.SMTPDataError(554, b"spam"), "call", "SMTP 554"),
    ],
)
def test_trouble_with_e_mail(
    marat: User, monkeypatch: pytest.MonkeyPatch, trouble: Exception, status: str, error: str
) -> None:
    def send(_message: EmailMessage) -> None:
        raise trouble

    monkeypatch.setattr(EmailMessage, "send", send)
    write(marat, channel="e-mail", address="a@b.kz")
    outbox.drain()
    assert (only().status, only().error) == (status, error)


# --- The call list ----------------------------------------------------------------------------


@pytest.fixture
def to_call(marat: User) -> Notice:
    marat.channel = "call"
    write(marat, text="Ваш заказ привезут завтра")
    return only()


@pytest.fixture
def operator(db: None) -> User:
    return User.objects.create(username="saule", full_name="Сәуле", role="hotline")


def test_the_own_office_and_1414_phone(
    to_call: Notice, gulnar: User, dina: User, operator: User, marat: User, aigul: User
) -> None:
    assert list(calls.waiting(gulnar)) == list(calls.waiting(operator)) == [to_call]
    assert list(calls.waiting(dina)) == list(calls.waiting(marat)) == list(calls.waiting(aigul)) == []


def test_whoever_reads_the_list_of_calls_leaves_a_row_for_each_person_on_it(
    to_call: Notice, gulnar: User, dina: User, operator: User, marat: User, signed_in: Callable[[User], Client]
) -> None:
    for reader in (gulnar, operator, dina):
        assert signed_in(reader).get("/ru/").status_code == 200
    assert set(ReadLog.objects.values_list("actor", "person", "purpose")) == {
        (gulnar.pk, marat.pk, "call"),
        (operator.pk, marat.pk, "call"),
    }


def test_telling_somebody_ends_the_notice_and_leaves_its_rows(
    to_call: Notice, gulnar: User, marat: User, signed_in: Callable[[User], Client]
) -> None:
    client = signed_in(gulnar)
    assert "Ваш заказ привезут завтра" in client.get("/ru/").content.decode()

    response = client.post(f"/ru/calls/{to_call.pk}/told/")

    assert (response.status_code, response["Location"]) == (302, "/ru/")
    assert only().status == "delivered"
    event = Event.objects.get()
    assert (event.kind, event.subject, event.actor, event.on_behalf_of) == ("notice.told", "order:1", gulnar, marat)
    assert [row.subject for row in ReadLog.objects.filter(person=marat, purpose="call")] == ["people:call", "order:1"]
    assert "Ваш заказ привезут завтра" not in client.get("/ru/").content.decode()
    assert client.post(f"/ru/calls/{to_call.pk}/told/").status_code == 404


def test_a_foreign_office_tells_nobody(to_call: Notice, dina: User) -> None:
    with pytest.raises(NotFound):
        calls.mark_told(notice_id=to_call.pk, actor=dina)
    assert only().status == "call"
    assert not Event.objects.exists()
