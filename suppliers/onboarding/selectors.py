"""Who sees which applications: the applicant the own ones, the ministry and the auditor all of them."""

from django.db.models import Case, F, Q, QuerySet, Value, When

from marketplace import crypto
from marketplace.errors import NotFound
from marketplace.models import Role, User
from suppliers import selectors as suppliers
from suppliers.models import Partner
from suppliers.onboarding.models import WAITING, Application

READERS = (Role.REVIEWER, Role.AUDITOR)
MINISTRY_OWES = (Application.Status.SUBMITTED, Application.Status.APPEALED)


def visible(actor: User) -> QuerySet[Application]:
    """Anybody else sees none."""
    rows = Application.objects.select_related("author", "refused_by", "partner")
    if not actor.is_authenticated:
        return rows.none()
    return rows if actor.role in READERS else rows.filter(author=actor)


def get(actor: User, application_id: int) -> Application:
    """One application; foreign and missing alike raise NotFound."""
    found = visible(actor).filter(pk=application_id).first()
    if found is None:
        raise NotFound
    return found


def locked(actor: User, application_id: int) -> Application:
    """The same under its row lock, for who changes it."""
    rows = Application.objects.select_for_update(of=("self",), no_key=True)
    found = rows.filter(pk__in=visible(actor).filter(pk=application_id).values("pk")).select_related("author").first()
    if found is None:
        raise NotFound
    return found


def worklist(actor: User) -> QuerySet[Application]:
    """What the ministry owes an answer to first, what is due first first; then the rest, the latest first."""
    turn = Case(When(status__in=MINISTRY_OWES, then=Value(0)), default=Value(1))
    return visible(actor).order_by(turn, F("respond_by").asc(nulls_last=True), "-submitted_at", "pk")


def owed(actor: User) -> QuerySet[Application]:
    """Applications that wait for the ministry."""
    return visible(actor).filter(status__in=MINISTRY_OWES).order_by("respond_by", "pk")


def running(actor: User) -> Application | None:
    """The actor's application that somebody still has to answer."""
    return Application.objects.filter(author=actor, status__in=WAITING).first()


def has_shop(actor: User) -> bool:
    """Does the actor work for a supplier already?"""
    return bool(suppliers.shops_of(actor))


def same_business(application: Application) -> list[Application]:
    """Other applications that name the same BIN or IIN: two accounts cannot both speak for it."""
    indexes = list(crypto.blind_indexes(application.iin)) if application.iin_index else []
    same = Q(iin_index__in=indexes) if indexes else Q(bin=application.bin)
    rows = Application.objects.filter(same).exclude(pk=application.pk)
    return list(rows.select_related("author").order_by("-submitted_at")[:5])


def known_supplier(bin_number: str, iin: str) -> Partner | None:
    """The supplier that this BIN or IIN already stands for."""
    if not (bin_number or iin):
        return None
    same = Q(iin_index__in=list(crypto.blind_indexes(iin))) if iin else Q(bin=bin_number)
    found: Partner | None = Partner.objects.filter(same).first()
    return found


def may_open_file(actor: User, key: str) -> bool:
    """Documents of an application: whoever reads it."""
    return key.isdigit() and visible(actor).filter(pk=key).exists()
