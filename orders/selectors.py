"""Who sees which orders and programme lines, and in what capacity. A foreign order is a missing order."""

from datetime import date, timedelta
from typing import Any

from django.db.models import Exists, F, OuterRef, Prefetch, Q, QuerySet
from django.utils import timezone

from marketplace import access, rules
from marketplace.errors import NotFound
from marketplace.models import Draft, Role, User
from orders import norms
from orders.models import RECALL_OWED, Delivery, Entitlement, Line, Order, PaymentHold, RecallHolder, Tranche
from orders.states import OPEN_STATES, ORDER, WHOSE_TURN, EntitlementStatus, OrderStatus
from suppliers import selectors as suppliers
from suppliers.guarantees import Guarantee
from suppliers.models import Partner

S = OrderStatus
# From confirming until so long after delivery the supplier needs to reach the person (reliability C2).
CONTACT_DAYS = timedelta(days=30)
ATTEMPTS_RULE = "order.delivery_attempts"
_BEFORE_CONTACT = {S.SENT, S.DECLINED, S.TIMED_OUT, S.CANCELLED}
GOODS_OWED = (S.SENT, S.CONFIRMED, S.IN_DELIVERY, S.FAILED_DELIVERY, S.REJECTED)
_ON_THE_WAY = {S.CONFIRMED, S.IN_DELIVERY, S.FAILED_DELIVERY}


def visible(actor: User) -> QuerySet[Order]:
    """Orders the actor may see: own and wards', the own office's people's, the own supplier's, all for overseers."""
    orders = Order.objects.all()
    if not actor.is_authenticated or not actor.is_active:
        return orders.none()
    if actor.role == Role.SUPPLIER:
        return orders.filter(partner__in=suppliers.shops_of(actor))
    if actor.role in {Role.REVIEWER, Role.AUDITOR}:
        return orders
    return orders.filter(user__in=access.people_of(actor))


def detailed(orders: QuerySet[Order]) -> QuerySet[Order]:
    """With what a page or an answer about an order reads: a fixed number of queries for any number of orders."""
    waits = PaymentHold.objects.filter(line=OuterRef("pk"), released_at=None)
    lines = (
        Line.objects.select_related("product__product_class", "stockrecord", "entitlement")
        .annotate(on_hold=Exists(waits))
        .order_by("pk")
    )
    return orders.select_related("partner", "region", "user", "office", "previous").prefetch_related(
        Prefetch("lines", lines), "deliveries"
    )


def get(actor: User, number: str) -> Order:
    """One order with its lines and deliveries. Raises NotFound for a foreign one."""
    order = detailed(visible(actor)).filter(number=number).first()
    if order is None:
        raise NotFound
    return order


def parties(actor: User, order: Order) -> list[str]:
    """In what capacities the actor meets an order that is visible to the actor."""
    if actor.role == Role.SUPPLIER:
        return ["supplier"]
    if actor.role == Role.CASEWORKER:
        return ["office"]
    if actor.role == Role.REVIEWER:
        return ["ministry"]
    if actor.role in {Role.BENEFICIARY, Role.GUARDIAN}:
        return ["owner"]
    return []


def allowed(order: Order, held: list[str]) -> list[str]:
    """Names of the steps these capacities may take now: the buttons of the page."""
    actions = ORDER.actions(order.status, held)
    if not may_try_again(order) and "ship" in actions:
        actions.remove("ship")
    return actions


def may_try_again(order: Order) -> bool:
    """After the last failed attempt (rule ``order.delivery_attempts``) only the person or the office decides."""
    return not (order.status == S.FAILED_DELIVERY and order.due_rule == ATTEMPTS_RULE)


def whose_turn(order: Order) -> str | None:
    """The party that owes the next step; an overdue acceptance and used-up attempts are the office's call."""
    if not may_try_again(order):
        return "office"
    if order.status == S.DELIVERED and order.due_at is not None and order.due_at < timezone.now():
        return "office"
    return WHOSE_TURN.get(S(order.status))


def delivered_at(order: Order) -> Any:
    """When the goods were handed over last; None before."""
    moments = [row.at for row in order.deliveries.all() if row.outcome == Delivery.Outcome.DELIVERED]
    return max(moments, default=None)


def shows_contact(actor: User, order: Order) -> bool:
    """Whether name, phone and address are shown: to the owner's side always, to the supplier while needed."""
    if actor.role in {Role.BENEFICIARY, Role.GUARDIAN, Role.CASEWORKER}:
        return True
    if actor.role != Role.SUPPLIER or order.status in _BEFORE_CONTACT:
        return False
    if order.status in _ON_THE_WAY:
        return True
    handed_over = delivered_at(order)
    if handed_over is None or timezone.now() <= handed_over + CONTACT_DAYS:
        return handed_over is not None
    # Who wants another one, or the money, for goods that were called back has to be reached once more.
    return RecallHolder.objects.filter(RECALL_OWED, line__order=order, recall__status="running").exists()


def may_open_file(actor: User, number: str) -> bool:
    """Photos of a delivery are open to whoever sees the order by name."""
    nameless = actor.is_authenticated and actor.role in {Role.REVIEWER, Role.AUDITOR}
    return not nameless and visible(actor).filter(number=number).exists()


def person_of(number: str) -> int | None:
    """Whose order it is."""
    return Order.objects.filter(number=number).values_list("user_id", flat=True).first()


# --- The programme ----------------------------------------------------------------------------


def entitlements(actor: User) -> QuerySet[Entitlement]:
    """Programme lines of the people the actor acts for."""
    return (
        Entitlement.objects.filter(beneficiary__in=access.people_of(actor))
        .select_related("product_type", "beneficiary")
        .prefetch_related(Prefetch("tranches", Tranche.objects.order_by("opens_on")))
        .order_by("beneficiary", "pk")
    )


def programme(actor: User, *, person_id: int | None = None, on: date | None = None) -> list[norms.Standing]:
    """What the programme entitles to on a day: every line with its open tranche and next date.

    Two queries for any number of lines. ``person_id`` narrows it to one of the actor's people.
    """
    rows = entitlements(actor)
    if person_id is not None:
        rows = rows.filter(beneficiary=person_id)
    return [norms.standing(entitlement, on) for entitlement in rows]


def programme_of_draft(draft: Draft) -> list[norms.Standing]:
    """The lines from which goods for this draft are chosen, for whoever has opened the draft; two queries."""
    rows = Entitlement.objects.filter(beneficiary=draft.beneficiary_id).select_related("product_type", "beneficiary")
    tranches = Prefetch("tranches", Tranche.objects.order_by("opens_on"))
    return [norms.standing(row) for row in rows.prefetch_related(tranches).order_by("pk")]


def guarantees_of(person_id: int) -> list[Guarantee]:
    """What the market shows as "the state pays": the person's active lines, in two queries."""
    rows = Entitlement.objects.filter(beneficiary=person_id, status=EntitlementStatus.ACTIVE).prefetch_related(
        "tranches"
    )
    standings = [norms.standing(row) for row in rows]
    return [norms.guarantee(standing) for standing in standings if standing.usable]


# --- Work lists, what is due first ---------------------------------------------------------------


def work(actor: User) -> QuerySet[Order]:
    """Open orders by due date; those without a date come last."""
    return visible(actor).filter(status__in=OPEN_STATES).order_by(F("due_at").asc(nulls_last=True), "pk")


def to_do(actor: User) -> QuerySet[Order]:
    """Open orders in which it is the actor's turn, what is due first."""
    return work(actor).filter(_turn(actor))


def waiting(actor: User) -> QuerySet[Order]:
    """Open orders in which it is the turn of others, what is due first."""
    return work(actor).exclude(_turn(actor))


def _turn(actor: User) -> Q:
    mine = {Role.SUPPLIER: "supplier", Role.CASEWORKER: "office", Role.REVIEWER: "ministry"}.get(
        Role(actor.role), "owner"
    )
    turn = Q(status__in=[state for state, party in WHOSE_TURN.items() if party == mine])
    called = Q(status=S.FAILED_DELIVERY, due_rule=ATTEMPTS_RULE) | Q(status=S.DELIVERED, due_at__lt=timezone.now())
    return turn | called if mine == "office" else turn & ~Q(due_rule=ATTEMPTS_RULE)


def with_stopped_suppliers(actor: User) -> QuerySet[Order]:
    """Orders whose goods are still owed by a supplier that may not sell now, what is due first."""
    stopped = (Partner.Status.SUSPENDED, Partner.Status.TERMINATED)
    return work(actor).filter(partner__status__in=stopped, status__in=GOODS_OWED)


def expiring(actor: User, on: date | None = None) -> QuerySet[Entitlement]:
    """Active programme lines of the actor's people that end within the warning time, the soonest first."""
    day = on or timezone.localdate()
    warned = max(rules.get("entitlement.expiry_warning_days", on=day).value["days"])
    return (
        Entitlement.objects.filter(
            beneficiary__in=access.people_of(actor),
            status=EntitlementStatus.ACTIVE,
            valid_to__range=(day, day + timedelta(days=warned)),
        )
        .select_related("beneficiary", "product_type")
        .order_by("valid_to", "pk")
    )
