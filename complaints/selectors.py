"""Who sees which complaint, and how much of it. A foreign complaint is the same NotFound as a missing one."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.db.models import Case, F, OuterRef, Q, QuerySet, Subquery, When
from django.db.models.functions import Coalesce

from complaints import contact_keys, tracking
from complaints.models import Complaint, ComplaintParallel
from complaints.routing import SAFETY as DANGER
from complaints.states import (
    BODY,
    DESK,
    MINISTRY,
    OPEN_STATES,
    PANEL,
    PERSON,
    SAFETY,
    SELLER,
    WHOSE_TURN,
    ComplaintStatus,
)
from complaints.tracking import Holder
from marketplace import access, rules
from marketplace.errors import NotFound, TooManyTries
from marketplace.limits import Limit, Tries
from marketplace.models import Event, Role, User
from suppliers.selectors import shops_of

Actor = User | AnonymousUser
Viewer = Actor | Holder

# A mobile network or an office has one address for many people; only wrong codes count.
WRONG_CODES_OF_ADDRESS = Limit("wrong-tracking-codes-of-address", most=20, seconds=900)
WRONG_CODES_OF_NUMBER_THERE = Limit("wrong-tracking-codes-of-number-and-address", most=10, seconds=900)

ALL_SEEING = {Role.REVIEWER, Role.HOTLINE, Role.AUDITOR, Role.ADMIN}
# Who complains of fraud stays unknown to the supplier, whatever was ticked (domain part 4, tie rules).
FRAUD = ("fake_act", "pressure")
# A caseworker does not read what is said about the own office, or about fraud that may reach into it.
_NOT_FOR_THE_OFFICE = ("staff", "paid_helpers", *FRAUD)
SHOWN = ("addressee_supplier", "addressee_authority", "region", "supplier", "template")


@dataclass(frozen=True)
class Sight:
    """How much of a case the viewer gets.

    ``texts``: what the sides wrote at their steps; ``story``: what the person told; ``traces``: the order line,
    pictures and answers from which the seller of the goods knows the person; ``contact``: full, masked or "".
    """

    texts: bool = False
    story: bool = False
    traces: bool = False
    name: bool = False
    contact: str = ""


def visible(actor: Viewer) -> QuerySet[Complaint]:
    """Complaints the actor may know of."""
    rows = Complaint.objects.all()
    if isinstance(actor, Holder):
        return rows.filter(number=actor.number, tracking_hash__in=tracking.hashes_of(actor.number, actor.code))
    if not actor.is_authenticated or not actor.is_active:
        return rows.none()
    if actor.role in ALL_SEEING:
        return rows
    own = Q(complainant=actor)
    if actor.role in {Role.BENEFICIARY, Role.GUARDIAN}:
        return rows.filter(own | Q(complainant__in=access.people_of(actor)))
    if actor.role == Role.SUPPLIER:
        shops = shops_of(actor)
        return rows.filter(own | Q(addressee_supplier__in=shops) | Q(pk__in=_beside(Q(supplier__in=shops))))
    if actor.role == Role.INSPECTOR and actor.authority_id:
        told = _beside(Q(authority=actor.authority_id))
        return rows.filter(Q(addressee_authority=actor.authority_id) | Q(pk__in=told))
    if actor.role == Role.CASEWORKER and actor.office_id:
        people = Q(complainant__in=access.people_of(actor)) & ~Q(subject__in=_NOT_FOR_THE_OFFICE)
        return rows.filter(people | Q(filed_by=actor))
    return rows.none()


def _beside(whose: Q) -> QuerySet[Any]:
    """Ids of the cases that parallel addressees know of."""
    return ComplaintParallel.objects.filter(whose).values("complaint_id")


def own_parallels(actor: Viewer) -> QuerySet[ComplaintParallel]:
    """In which cases the actor's shop or body is addressed beside the addressee."""
    rows = ComplaintParallel.objects.select_related("authority", "supplier")
    if actor.is_authenticated and actor.is_active and actor.role == Role.SUPPLIER:
        return rows.filter(supplier__in=shops_of(actor))
    if actor.is_authenticated and actor.is_active and actor.role in {Role.INSPECTOR, Role.REVIEWER}:
        return rows.filter(authority=actor.authority_id, authority__isnull=False)
    return rows.none()


def listed(actor: Actor) -> QuerySet[Complaint]:
    """For lists: what is due first stands first, closed cases last, newest first among them."""
    return visible(actor).select_related(*SHOWN).order_by(*BY_DUE)


BY_DUE = (F("closed_at").desc(nulls_first=True), "respond_by", "priority", "-filed_at", "pk")


def worklist(actor: Actor) -> QuerySet[Complaint]:
    """Open cases of the actor's desk: what the desk owes first, then by due date, urgent before the rest.

    ``own_why`` and ``own_by`` say why the desk is addressed beside the addressee, and until when, while it
    has not told what it did.
    """
    return _worklist(actor, _beside_of_the_desk(actor))


def _worklist(actor: Actor, told: Iterable[tuple[int, date | None]]) -> QuerySet[Complaint]:
    rows = visible(actor).filter(status__in=OPEN_STATES).select_related(*SHOWN)
    # By their numbers: the database finds these and the desk's own in indexes and looks at no others.
    beside = Q(pk__in=[pk for pk, _by in told])
    asked = own_parallels(actor).filter(complaint=OuterRef("pk"), done_at=None)
    rows = rows.annotate(own_why=Subquery(asked.values("why")[:1]), own_by=Subquery(asked.values("respond_by")[:1]))
    if actor.is_authenticated and actor.role == Role.SUPPLIER:
        rows = rows.filter(Q(addressee_supplier__in=shops_of(actor)) | beside)
    elif actor.is_authenticated and actor.role == Role.INSPECTOR:
        rows = rows.filter(Q(addressee_authority=actor.authority_id) | beside)
    rows = rows.annotate(own_turn=Case(When(_turn(actor) | Q(own_by__isnull=False), then=0), default=1))
    return rows.order_by("own_turn", Coalesce("own_by", "respond_by"), "priority", "filed_at", "pk")


def owed(actor: User) -> QuerySet[Complaint]:
    """Cases of the actor in which the actor's side owes the next step."""
    told = _beside_of_the_desk(actor)
    return _worklist(actor, told).filter(_turn(actor) | Q(pk__in=[pk for pk, by in told if by is not None]))


def some_of(found: QuerySet[Complaint], part: QuerySet[Complaint]) -> list[Complaint]:
    """A part of a list, cut out of it: its numbers first, because all that is sorted would else be joined before."""
    wanted = list(part.values_list("pk", flat=True))
    return list(found.filter(pk__in=wanted)) if wanted else []


def _beside_of_the_desk(actor: Actor) -> list[tuple[int, date | None]]:
    """The cases in which the desk is addressed beside the addressee and has not told what it did, with their dates."""
    return list(own_parallels(actor).filter(done_at=None).values_list("complaint_id", "respond_by"))


def _turn(actor: Actor) -> Q:
    """What the desk owes as the addressee."""
    turn = Q(status__in=_turn_states(actor))
    if actor.is_authenticated and actor.role == Role.INSPECTOR:
        turn &= Q(addressee_authority=actor.authority_id)
    elif actor.is_authenticated and actor.role == Role.SUPPLIER:
        turn &= Q(addressee_supplier__in=shops_of(actor))
    return turn


def _turn_states(actor: Actor) -> list[str]:
    """States in which it is this role's turn."""
    parties_of_role: dict[str, set[str]] = {
        Role.SUPPLIER: {SELLER},
        Role.INSPECTOR: {BODY},
        Role.REVIEWER: {MINISTRY, BODY, PANEL},
        Role.HOTLINE: {DESK},
        Role.BENEFICIARY: {PERSON},
        Role.GUARDIAN: {PERSON},
    }
    held = parties_of_role.get(actor.role, set()) if actor.is_authenticated else set()
    return [state for state, turn in WHOSE_TURN.items() if turn in held]


def read(actor: Viewer, number: str) -> Complaint:
    """One complaint with everything its page shows. Reading somebody else's case leaves a row in the read log."""
    complaint = (
        visible(actor)
        .select_related(
            *SHOWN, "complainant", "filed_by", "escalates_to", "office", "order_line__order", "duplicate_of"
        )
        .select_related("order_line__product")
        .filter(number=number)
        .first()
    )
    if complaint is None:
        raise NotFound
    if actor.is_authenticated and not is_person(actor, complaint):
        access.log_read(
            actor=actor, person_id=complaint.complainant_id, purpose="complaint", subject=f"complaint:{number}"
        )
    return complaint


def lock(actor: Viewer, number: str) -> Complaint:
    """The same case under a row lock, for a step."""
    complaint = visible(actor).select_for_update(of=("self",)).filter(number=number).first()
    if complaint is None:
        raise NotFound
    return complaint


def holder(*, number: str, code: str, address: str, viewer: Actor) -> Holder:
    """Who shows number and code, without signing in. Wrong number and wrong code look alike.

    Wrong codes are counted by ``address``, the network address, and by number and address together: who knows a
    number cannot lock its owner out from elsewhere. Guessing stays hopeless: a code has ten digits (33 bits), an
    address has 10 tries in 15 minutes for one number, 960 a day. Ten thousand addresses together need 10^10 / 2 /
    9.6 million = 520 days for an even chance at one case; 20 tries an address for all numbers bound the rest.
    Raises NotFound, TooManyTries.
    """
    number, code = tracking.normalise(number, code)
    tries = Tries([(WRONG_CODES_OF_ADDRESS, address), (WRONG_CODES_OF_NUMBER_THERE, f"{number} {address}")])
    if not tries.allowed():
        raise TooManyTries
    complaint = visible(Holder(number, code)).first()
    if complaint is None:
        raise NotFound
    tries.rollback()
    own = viewer.is_authenticated and (viewer.role in {Role.BENEFICIARY, Role.GUARDIAN} or is_person(viewer, complaint))
    return Holder(number, code, acts=own or not viewer.is_authenticated)


def is_person(actor: Viewer, complaint: Complaint) -> bool:
    """Who shows the code of the case, the complainant, or who acts for a complainant that cannot act alone."""
    if isinstance(actor, Holder):
        return actor.number == complaint.number
    if not actor.is_authenticated or complaint.complainant_id is None:
        return False
    return complaint.complainant_id == actor.pk or access.is_owner(actor, complaint.complainant_id)


def parties(actor: Viewer, complaint: Complaint) -> set[str]:
    """In which capacities the actor meets the case: they decide which steps are allowed."""
    held: set[str] = set()
    if isinstance(actor, Holder):
        return {PERSON} if actor.acts and is_person(actor, complaint) else held
    if not actor.is_authenticated:
        return held
    if is_person(actor, complaint):
        held.add(PERSON)
    seller = complaint.addressee_supplier_id
    if actor.role == Role.SUPPLIER and seller in shops_of(actor):
        held.add(SELLER)
    body = complaint.addressee_authority
    if actor.role == Role.INSPECTOR and body is not None and body.pk == actor.authority_id:
        held.add(BODY)
    if actor.role == Role.REVIEWER:
        held.add(MINISTRY)
        if complaint.status == ComplaintStatus.OUTCOME_PANEL and not _took_part(actor, complaint):
            held.add(PANEL)
    at_triage = body is not None and body.kind == "triage_desk"
    if actor.role == Role.HOTLINE and (at_triage or complaint.status == ComplaintStatus.OUTCOME_CALL):
        held.add(DESK)
    if complaint.subject == DANGER and _acts_in_danger(actor, complaint, held):
        held.add(SAFETY)
    return held


def _took_part(actor: User, complaint: Complaint) -> bool:
    """Whoever examined the case, in any round, does not sit on its panel."""
    steps = Event.objects.filter(subject=f"complaint:{complaint.number}", actor=actor)
    return steps.filter(data__party__in=[BODY, MINISTRY]).exists()


def _acts_in_danger(actor: User, complaint: Complaint, held: set[str]) -> bool:
    if held & {BODY, MINISTRY}:
        return True
    return actor.role == Role.INSPECTOR and own_parallels(actor).filter(complaint=complaint).exists()


def sight(actor: Viewer, complaint: Complaint) -> Sight:
    """What of the case is shown to this viewer (reliability: classes of data)."""
    if isinstance(actor, Holder):
        # What the other side wrote is needed to agree or not; what she wrote herself stays off a borrowed screen.
        return Sight(texts=True)
    if not actor.is_authenticated:
        return Sight()
    if actor.role == Role.SUPPLIER and not is_person(actor, complaint):
        known = not complaint.hide_name and complaint.subject not in FRAUD
        reachable = known and complaint.status in OPEN_STATES
        # A visitor's complaint may be bound to an order by its delivery note: the visitor still stays unknown.
        traces = known and complaint.complainant_id is not None
        return Sight(texts=True, story=True, traces=traces, name=known, contact="full" if reachable else "")
    if actor.role in {Role.ADMIN, Role.AUDITOR}:
        # Numbers, states and who did what when: why something does not work, whether all went by the rules.
        return Sight()
    if actor.role == Role.HOTLINE:
        return Sight(name=True, contact="full" if complaint.status == ComplaintStatus.OUTCOME_CALL else "masked")
    if actor.role == Role.REVIEWER and not _with_ministry(actor, complaint):
        return Sight(texts=True, story=True, traces=True)  # what happened, not to whom
    return Sight(texts=True, story=True, traces=True, name=True, contact="full")


def _with_ministry(actor: User, complaint: Complaint) -> bool:
    """Whether the ministry itself owes the person something in this case, so that it has to reach her."""
    if WHOSE_TURN.get(complaint.status) in {MINISTRY, PANEL}:
        return True
    return actor.authority_id is not None and complaint.addressee_authority_id == actor.authority_id


# --- Duplicates --------------------------------------------------------------------------------

CANDIDATES = 10


def same_person(one: Complaint, other: Complaint) -> bool:
    """One known complainant, or one phone to call back: two unknown people are not the same."""
    phone = one.contact.get("phone")
    known = one.complainant_id is not None and one.complainant_id == other.complainant_id
    return known or (bool(phone) and phone == other.contact.get("phone"))


def earlier_of_the_matter(actor: Viewer, complaint: Complaint) -> list[Complaint]:
    """For a desk: complaints it may see of the last weeks before that may be about the same matter, the newest first.

    The same person, phone or order line, or the same subject about the same supplier.
    """
    if not parties(actor, complaint) & {BODY, MINISTRY, DESK}:
        return []
    days = int(rules.get("complaint.duplicate_days").value["days"])
    alike = []
    if complaint.complainant_id is not None:
        alike.append(Q(complainant=complaint.complainant_id))
    if complaint.contact.get("phone"):
        alike.append(Q(contact_key__in=contact_keys.keys_of(complaint.contact["phone"])))
    if complaint.order_line_id is not None:
        alike.append(Q(order_line=complaint.order_line_id))
    if complaint.supplier_id is not None:
        alike.append(Q(supplier=complaint.supplier_id, subject=complaint.subject))
    if not alike:
        return []
    rows = visible(actor).filter(filed_at__lte=complaint.filed_at, duplicate_of=None)
    recent = rows.filter(filed_on__gte=complaint.filed_on - timedelta(days=days)).exclude(pk=complaint.pk)
    newest = recent.order_by("-filed_at", "-pk")
    # Each likeness has an index in which its newest stand first.
    first, *others = [newest.filter(one).values("pk")[:CANDIDATES] for one in alike]
    return list(newest.filter(pk__in=first.union(*others))[:CANDIDATES])


def linked_to(actor: Viewer, complaint: Complaint) -> list[Complaint]:
    """Later complaints of the same matter that were linked to this one, as far as the viewer may know of them."""
    return list(visible(actor).filter(duplicate_of=complaint).order_by("pk"))
