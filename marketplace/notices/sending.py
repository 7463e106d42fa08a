"""From written to known: one notice's way through its gateway.

created → sending → sent or delivered. A gateway that is away is tried again, quickly first, then every
five minutes, or when it says so; after four hours, or at once when the address is refused, a person phones (state
``call``). A chat that is gone is followed by an SMS to the phone that was given beside it. Times are the database's, however wrong the worker's clock is. Each step is a conditional UPDATE, so that twins of an outbox row send once; only a worker
that is killed between the gateway's answer and its own note sends a message a second time.
"""

from collections.abc import Callable
from datetime import timedelta

import structlog
from django.db import transaction
from django.db.models import F, Q
from django.db.models.functions import Now

from marketplace import notices, outbox
from marketplace.models import Notice, OutboxRow, Role, User
from marketplace.notices import gateways

log = structlog.get_logger(__name__)

S = Notice.Status

# A worker that tries for longer than this is dead: the slowest gateway is cut off well before.
TRY_LASTS = timedelta(seconds=30)
GIVE_UP_AFTER = timedelta(hours=4)
LONGEST_PAUSE = timedelta(minutes=5)
# Nobody phones those who look at their desks anyway.
STAFF = {Role.CASEWORKER, Role.SUPPLIER, Role.INSPECTOR, Role.REVIEWER, Role.HOTLINE, Role.AUDITOR, Role.ADMIN}


# What a message says that no table may keep, by the kind of the message.
_secrets: dict[str, Callable[[Notice], str]] = {}


def filled_by(secret: Callable[[Notice], str], *kinds: str) -> None:
    """``secret`` tells what stands at ``notices.FILLED_LATER`` in messages of these kinds."""
    _secrets.update(dict.fromkeys(kinds, secret))


def fill(notice: Notice) -> Notice:
    """The message as its recipient is told it, for whoever sends it or reads it out; never to be saved."""
    if notice.kind in _secrets and notices.FILLED_LATER in notice.text:
        notice.text = notice.text.replace(notices.FILLED_LATER, _secrets[notice.kind](notice))
    return notice


# Kinds whose message is of no use after a while; nobody phones about it then.
_short_lived: dict[str, timedelta] = {}


def of_use_for(kind: str, time: timedelta) -> None:
    """A message of this kind that did not leave within ``time`` is given up: it ends as not delivered."""
    _short_lived[kind] = time


class BeingTried(Exception):
    """Another worker is at it, or died at it a moment ago: the outbox comes back to it."""


@outbox.handler(notices.TOPIC, talks=True)
def on_send(row: OutboxRow) -> None:
    """Try one notice. Raises BeingTried when a twin is at it."""
    claimed = Notice.objects.filter(
        Q(status=S.CREATED) | Q(status=S.SENDING, tried_at__lt=Now() - TRY_LASTS), pk=int(row.key)
    ).update(status=S.SENDING, tried_at=Now(), attempts=F("attempts") + 1)
    notice = Notice.objects.select_related("recipient").filter(pk=int(row.key)).first()
    if notice is None or (not claimed and notice.status != S.SENDING):
        return  # it has its end already
    if not claimed:
        raise BeingTried
    gateway = gateways.for_channel(notice.channel)
    if gateway is None:
        _end_unsent(notice, "no gateway for this channel")
        return
    try:
        handed = gateway.send(fill(notice))
    except gateways.Undeliverable as error:
        _end_unsent(notice, str(error))
    except gateways.Unreachable as error:
        _try_later(notice, str(error), error.wait)
    else:
        _end(notice, S.DELIVERED if handed.delivered else S.SENT, reference=handed.reference)


def _try_later(notice: Notice, why: str, wait: timedelta | None) -> None:
    patience = _short_lived.get(notice.kind, GIVE_UP_AFTER)
    if Notice.objects.filter(pk=notice.pk, created_at__lte=Now() - patience).exists():
        _end_unsent(notice, why)
        return
    pause = max(wait or timedelta(0), min(LONGEST_PAUSE, timedelta(seconds=2 ** min(notice.attempts, 9))))
    with transaction.atomic(durable=True):
        if Notice.objects.filter(pk=notice.pk, status=S.SENDING).update(status=S.CREATED, error=why):
            outbox.add(notices.TOPIC, str(notice.pk), wait=pause)
    log.warning("notice_delayed", kind=notice.kind, attempts=notice.attempts, error=why)


def _end_unsent(notice: Notice, why: str) -> None:
    """Nothing more to try: a person is phoned, an organisation sees it at its desk.

    A lost chat is no number to phone: the message goes to the phone that was given beside it, if any was.
    """
    log.warning("notice_unsent", kind=notice.kind, attempts=notice.attempts, error=why)
    if notice.channel == gateways.TELEGRAM and notice.otherwise:
        _send_otherwise(notice, why)
        return
    staff = notice.recipient is not None and notice.recipient.role in STAFF
    no_call = staff or notice.channel == gateways.TELEGRAM or notice.kind in _short_lived
    _end(notice, S.FAILED if no_call else S.CALL, error=why)


def _send_otherwise(notice: Notice, why: str) -> None:
    with transaction.atomic(durable=True):
        if Notice.objects.filter(pk=notice.pk, status=S.SENDING).update(
            status=S.CREATED,
            channel=User.Channel.SMS,
            address=F("otherwise"),
            otherwise="",
            attempts=0,
            created_at=Now(),
            error=why,
        ):
            outbox.add(notices.TOPIC, str(notice.pk))


def _end(notice: Notice, status: str, *, reference: str = "", error: str = "") -> None:
    finished = None if status == S.CALL else Now()
    Notice.objects.filter(pk=notice.pk, status=S.SENDING).update(
        status=status, reference=reference, error=error, finished_at=finished
    )
