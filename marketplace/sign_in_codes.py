"""Sign-in by a code from an SMS, for people who are served: six digits, ten minutes, one browser, five tries.

Whoever asks gets one answer, whether the account exists or not, after the same work: a row and an effect are written for
nobody as well. Nobody can be locked out by it: tries hang on the code of the browser that asked, and the number of
messages an hour is counted apart for browsers that had signed the person in before. The password stays beside it.
"""

import hmac
from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from marketplace import crypto, events, formats, identity, notices, outbox, rules
from marketplace.errors import FieldError, Invalid
from marketplace.models import Guardianship, Notice, OutboxRow, Role, SignInCode, User
from marketplace.notices import sending

RULE = "sign_in.code_minutes"
TOPIC, KIND = "sign_in.code", "account.sign_in_code"
MOST_TRIES = 5
MOST_AN_HOUR = 5  # messages to one person, for strangers' browsers and for known ones each
SERVED = (Role.BENEFICIARY, Role.GUARDIAN)


class WrongCode(Invalid):
    """Wrong, used, expired and never sent answer alike."""

    code = "wrong_code"
    message = gettext_lazy("This code does not work. It is valid once and for a short time. Ask for a new code.")

    def __init__(self) -> None:
        super().__init__([FieldError("code", "wrong", self.message)], self.message)


@dataclass(frozen=True)
class Asked:
    """What the browser keeps until the code is typed: whose it is stays here."""

    id: UUID
    minutes: int


def person_of(name: str) -> User | None:
    """Who can sign in by this user name or IIN with a code: served, active, with a phone, and nobody's ward."""
    text = name.strip()
    # One statement, whether there is somebody or not: the time tells nobody.
    wards = Guardianship.objects.filter(ward=OuterRef("pk"))
    people = User.objects.filter(~Exists(wards), role__in=SERVED, is_active=True).exclude(phone="")
    if identity.is_iin(text):
        return people.filter(record__iin_index__in=list(crypto.blind_indexes(text))).first()
    return people.filter(username=text).first()


def ask(*, name: str, known: Collection[str]) -> Asked:
    """A code for this browser; the message goes out later, when there is somebody to send it to.

    ``known``: marks of the people whom this browser has signed in before (``mark_of``).
    """
    minutes = int(rules.get(RULE).value["minutes"])
    user = person_of(name)
    now = timezone.now()
    with transaction.atomic(durable=True):
        row = SignInCode.objects.create(
            user=user,
            known=user is not None and mark_of(user) in known,
            made_at=now,
            expires_at=now + timedelta(minutes=minutes),
        )
        outbox.add(TOPIC, str(row.pk))
    return Asked(row.pk, minutes)


def is_known(*, name: str, known: Collection[str]) -> bool:
    """Whether this browser has signed that person in before. Of anybody else it says no more than of nobody."""
    user = person_of(name) if known else None
    return user is not None and mark_of(user) in known


def redeem(*, asked: UUID, code: str) -> User:
    """The person whose code this is; it works once. Raises WrongCode; each wrong one counts against this code alone."""
    typed = "".join(letter for letter in code if letter.isalnum())
    with transaction.atomic(durable=True):
        row = (
            SignInCode.objects.select_for_update(of=("self",)).select_related("user").filter(pk=asked, by="sms").first()
        )
        usable = row is not None and row.used_at is None and row.expires_at > timezone.now() and row.wrong < MOST_TRIES
        right = hmac.compare_digest(digits(asked).encode(), typed.encode())
        user = row.user if row is not None and usable and right else None
        if row is not None and user is not None and user.is_active:
            row.used_at = timezone.now()
            row.save(update_fields=["used_at"])
            return user
        if row is not None and usable:
            row.wrong += 1
            row.save(update_fields=["wrong"])
            if row.user is not None:
                events.record(kind="account.sign_in_code_refused", subject=f"user:{row.user_id}", actor=None)
    raise WrongCode


def digits(asked: UUID) -> str:
    """The six digits of a code: the same for the same row, nowhere stored."""
    return crypto.code("sign-in-code", str(asked))


def mark_of(user: User) -> str:
    """By which a browser remembers whom it has signed in, without a name."""
    return crypto.code("known-browser", str(user.pk), digits=12)


@outbox.handler(TOPIC)
def write(row: OutboxRow) -> None:
    """Writes the message, unless there is nobody, it is too late, or there were too many within the hour."""
    code = SignInCode.objects.select_related("user").filter(pk=UUID(row.key)).first()
    if code is None or code.user is None or code.expires_at <= timezone.now():
        return
    earlier = SignInCode.objects.filter(
        user=code.user,
        by="sms",
        known=code.known,
        made_at__gt=code.made_at - timedelta(hours=1),
        made_at__lt=code.made_at,
    )
    if earlier.count() >= MOST_AN_HOUR:
        return
    with translation.override(code.user.language):
        host = settings.PORTAL_URL.split("://", 1)[-1]
        # "{code}" is notices.FILLED_LATER.
        text = _("Code for signing in at %(host)s: {code}. Valid until %(until)s. Tell it to nobody, also not to us.")
        notices.create(
            recipient=code.user,
            kind=KIND,
            subject=f"code:{code.pk}",
            title=_("Code for signing in"),
            text=text % {"host": host, "until": formats.clock(code.expires_at)},
            dedupe=f"{TOPIC}:{code.pk}",
            channel=User.Channel.SMS,
            address=code.user.phone,
        )


def _digits_of(notice: Notice) -> str:
    return digits(UUID(notice.subject.partition(":")[2]))


sending.filled_by(_digits_of, KIND)
sending.of_use_for(KIND, timedelta(minutes=5))
