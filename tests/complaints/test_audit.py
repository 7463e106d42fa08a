"""The event log's seals: untouched days pass, a changed one is found and the command says so."""

from datetime import date

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from marketplace import events
from marketplace.models import Event
from tests.complaints.factories import at, make_complaint, make_person


@pytest.mark.django_db(transaction=True)
def test_a_changed_event_breaks_the_seal(capsys):
    make_complaint(person=make_person(), now=at("2026-11-02 10:00"))
    events.seal_until(date(2026, 11, 10))
    call_command("verify_audit")
    assert "matches its seals" in capsys.readouterr().out

    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE marketplace_event DISABLE TRIGGER append_only_rows")
        cursor.execute("UPDATE marketplace_event SET reason = 'never happened'")
        cursor.execute("ALTER TABLE marketplace_event ENABLE TRIGGER append_only_rows")
    with pytest.raises(CommandError) as refused:
        call_command("verify_audit")
    assert refused.value.returncode == 1
    assert "2026-11-02" in capsys.readouterr().err


def test_the_log_cannot_be_changed_by_the_portal():
    make_complaint(person=make_person())
    with pytest.raises(Exception, match="append-only"):
        Event.objects.update(reason="never happened")
