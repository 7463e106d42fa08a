"""Personal values by the ways that are no page: queues, search, events, messages, lines of logs, reports of errors.

By the values themselves: what the people of the demo country are called, where they live, their numbers, what they said.
"""

import base64
import json
from collections import defaultdict
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest
import sentry_sdk
from django.core.cache import cache
from django.db.models import Model
from django.test import Client, override_settings
from sentry_sdk.envelope import Envelope
from sentry_sdk.transport import Transport

from catalog.models import ProductDocument
from catalog.search import elastic
from catalog.search.documents import entries
from complaints.models import Complaint
from marketplace import crypto, logs, outbox, personal
from marketplace.management.commands import relay
from marketplace.models import Event, Notice, OutboxRow, PersonRecord, User
from marketplace.tasks import do_outbox_rows
from tests.rights.test_leaks import log_lines, remembered
from tests.rights.world import World, undone

pytestmark = [pytest.mark.django_db, pytest.mark.xdist_group("rights leaks")]
Values = dict[int, set[str]]


@pytest.fixture(scope="module")
def values(country: World) -> Values:
    """Person → what must not be told of her."""
    found: Values = defaultdict(set)
    for row in PersonRecord.objects.select_related("user"):
        number = crypto.decrypt(bytes(row.iin_encrypted or b""), bound_to=crypto.place_of_iin(row.user_id))
        found[row.user_id] |= {text for text in (row.user.full_name, row.user.phone, row.address, number) if text}
    for case in Complaint.objects.exclude(text="").exclude(complainant=None):
        found[int(case.complainant_id or 0)].add(case.text)
    assert sum(len(texts) for texts in found.values()) > 80
    return found


def told(text: str, values: Values) -> list[str]:
    return sorted(value for texts in values.values() for value in texts if value in text)


def said(rows: Iterator[Model], *names: str) -> str:
    return json.dumps([[str(getattr(row, name)) for name in names] for row in rows], ensure_ascii=False)


def test_outbox_and_events_hold_no_personal_value(values):
    places = {
        "outbox": said(OutboxRow.objects.iterator(), "topic", "key", "payload", "error"),
        "events": said(Event.objects.iterator(), "subject", "before", "after", "data"),
    }
    assert {place: told(text, values) for place, text in places.items()} == {"outbox": [], "events": []}
    assert all(len(text) > 1000 for text in places.values()), "there was something to look through"


def test_what_stands_on_the_broker_are_numbers_of_rows(values):
    """Everything that the relay really hands on, read back from Valkey as a worker would."""
    cache.clear()
    with undone():
        OutboxRow.objects.update(done_at=None, handed_at=None, dead_at=None)
        count = OutboxRow.objects.count()
        handed = sum(
            outbox.hand_on(partial(relay.publish, lane.queue), limit=count, lane=None) for lane in outbox.LANES[:1]
        )
        there = remembered()
        valkey = cache._cache.get_client(write=True)
        messages = [json.loads(message) for queue in ("celery", "talk") for message in valkey.lrange(queue, 0, -1)]
        valkey.delete("celery", "talk")
    bodies = [json.loads(base64.b64decode(message["body"])) for message in messages]
    assert handed == len(bodies) == count > 100
    assert all(
        len(arguments) == 1 and isinstance(arguments[0], int) and not named for arguments, named, _more in bodies
    )
    assert told(there + json.dumps([bodies, messages], ensure_ascii=False), values) == []


def test_neither_search_engine_is_given_a_personal_value(values):
    """The very entries that both engines index, and what Elasticsearch is sent of them."""
    embedded = json.dumps([vars(entry) for entry in entries()], ensure_ascii=False)
    sent = json.dumps(list(elastic._actions("products")), ensure_ascii=False)
    documents = said(
        ProductDocument.objects.iterator(), *[column.name for column in ProductDocument._meta.concrete_fields]
    )
    tokens = {id: {text.lower() for text in texts} for id, texts in values.items()}
    assert told(documents, values) == told(embedded.lower(), tokens) == told(sent.lower(), tokens) == []
    assert min(len(embedded), len(sent), len(documents)) > 1000


def test_messages_name_nobody_but_whom_they_are_about(values):
    """A supplier, a body or another family is told numbers and dates; the page behind the link says the rest."""
    found, looked = [], 0
    wards = {user.pk: set(user.wards.values_list("ward", flat=True)) for user in User.objects.filter(role="guardian")}
    for notice in Notice.objects.select_related("recipient").exclude(recipient=None):
        assert notice.recipient is not None
        own = {notice.recipient.pk} | wards.get(notice.recipient.pk, set())
        hers = {value for mine in own for value in values.get(mine, ())}
        others = {value for person, texts in values.items() if person not in own for value in texts} - hers
        looked += 1
        found += [f"{notice.kind} to {notice.recipient.role}: {value}" for value in others if value in notice.text]
    assert found == [] and looked > 20


# --- Errors, in a page and in a task, with personal values in their hands -----------------------------------------------


class Kept(Transport):
    """Keeps envelopes as they would go over the line."""

    def __init__(self) -> None:
        super().__init__()
        self.sent: list[str] = []

    def capture_envelope(self, envelope: Envelope) -> None:
        self.sent.append(envelope.serialize().decode())


def breaks(person: User) -> Callable[..., Any]:
    """Some code that fails over what it holds: in its locals, its arguments, its log line, its exception."""

    def read(*_arguments: Any, **_named: Any) -> Any:
        record = PersonRecord.objects.select_related("user").get(user=person)
        held = {"name": record.user.full_name, "address": record.address, "phone": record.user.phone}
        logs.structlog.get_logger("orders").error("cannot_read", person=held["name"], error=f"no {held['phone']!r}")
        try:
            int(held["address"])
        except ValueError as error:
            raise KeyError(record.user.phone, held["name"]) from error

    return read


def provoke(country: World, monkeypatch: pytest.MonkeyPatch) -> None:
    person = User.objects.get(username="person")
    client = Client(raise_request_exception=False, headers={"Cookie-Like": person.phone})
    client.force_login(country.users["caseworker"], "django.contrib.auth.backends.ModelBackend")
    monkeypatch.setattr("orders.views.office.programme_lines", breaks(person))
    answer = client.get(f"/en/office/people/{person.pk}/?q={person.phone}")
    assert answer.status_code == 500 and told(answer.content.decode(), {1: {person.full_name, person.phone}}) == []
    monkeypatch.setitem(outbox._handlers, "rights.broken", [breaks(person)])
    row = OutboxRow.objects.create(topic="rights.broken", key="1", payload={})
    do_outbox_rows.apply(args=(row.pk,))
    row.refresh_from_db()
    assert row.error and told(row.error, {1: {person.full_name, person.phone}}) == []
    monkeypatch.setattr("marketplace.tasks.outbox.run", breaks(person))  # past the outbox's own net
    do_outbox_rows.apply(args=(row.pk,))


def test_no_report_and_no_log_line_of_an_error_tells_whose_data_it_held(country, values, monkeypatch):
    transport = Kept()
    with undone(), override_settings(SENTRY_DSN="https://key@sentry.example.kz/1"), log_lines() as lines:
        logs.start_sentry(transport)
        try:
            provoke(country, monkeypatch)
            sentry_sdk.flush()
        finally:
            sentry_sdk.init()
    assert len(transport.sent) >= 4, "of the page, of the task, and of both log lines"
    assert "KeyError" in "".join(transport.sent) and any("Traceback" in line for line in lines)
    assert told("".join([*transport.sent, *lines]), values) == []


def test_control_reports_as_the_library_makes_them_would_tell(country, values, monkeypatch):
    transport = Kept()
    with undone():
        sentry_sdk.init(dsn="https://key@sentry.example.kz/1", transport=transport)
        try:
            provoke(country, monkeypatch)
            sentry_sdk.flush()
        finally:
            sentry_sdk.init()
    assert told(
        "".join(
            json.dumps(json.loads(line), ensure_ascii=False)
            for sent in transport.sent
            for line in sent.splitlines()
            if line.startswith("{")
        ),
        values,
    )


def test_control_values_are_found_where_they_are(values):
    person = personal.subject(User.objects.get(username="person"), None)
    assert told(f"before {person.full_name} after", values) == [person.full_name]
