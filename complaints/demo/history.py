"""Plays the demo's stories through the services, each step at the moment it happened.

Django's clock is set back for one step at a time and the sweep of deadlines runs once for every day in between, so
reminders, silences and escalations come about as they would have.
"""

import heapq
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from itertools import count
from typing import Any
from unittest import mock

from django.utils import timezone

from complaints import bodies, clocks, court, filing, person, seller
from complaints.checking import Filing
from complaints.demo.stories import GRIEVANCES, STORIES, Grievance, Story
from complaints.models import Complaint
from marketplace import crypto, outbox
from marketplace.drafts import saving
from marketplace.errors import DomainError
from marketplace.models import Draft, Role, User
from orders import fulfilment, submission
from orders.models import Entitlement, Order
from suppliers.models import StockRecord

NAMESPACE = uuid.UUID("5f0e3bb0-5a35-4a2e-9a56-3a0d3c8f2c11")
LENGTH = timedelta(days=100)


def to_mediator(*, now: datetime, **given: Any) -> Any:
    """Both sides consented on the day before."""
    day = timezone.localdate(now) - timedelta(days=1)
    return bodies.to_pretrial(
        kind="mediator", body="Медиаторлар палатасы (демо)", person_consented_on=day, supplier_consented_on=day,
        now=now, **given,
    )  # fmt: skip


# Verb → (service, who takes the step, names of its arguments)
ORDER_STEPS: dict[str, tuple[Callable[..., Any], str]] = {
    "confirm": (fulfilment.confirm, "supplier"),
    "decline": (fulfilment.decline, "supplier"),
    "ship": (fulfilment.ship, "supplier"),
    "fail": (fulfilment.fail_delivery, "supplier"),
    "accept": (fulfilment.accept, "owner"),
    "remarks": (fulfilment.accept_with_remarks, "owner"),
    "reject": (fulfilment.reject, "owner"),
    "take-back": (fulfilment.take_back, "supplier"),
    "sign": (fulfilment.sign_act, "supplier"),
    "pay": (fulfilment.pay, "ministry"),
    "cancel": (fulfilment.cancel, "owner"),
}
COMPLAINT_STEPS: dict[str, tuple[Callable[..., Any], str]] = {
    "c:answer": (seller.answer, "supplier"),
    "c:offer": (seller.offer, "supplier"),
    "c:remedy-done": (seller.remedy_done, "supplier"),
    "c:ask-person": (bodies.ask_person, "body"),
    "c:accept-offer": (person.accept_offer, "owner"),
    "c:accept-answer": (person.accept_answer, "owner"),
    "c:reject-answer": (person.reject_answer, "owner"),
    "c:confirm-outcome": (person.confirm_outcome, "owner"),
    "c:withdraw": (person.withdraw, "owner"),
    "c:take-up": (bodies.take_up, "body"),
    "c:decide": (bodies.decide, "body"),
    "c:refuse": (bodies.refuse, "body"),
    "c:to-court": (court.to_court, "body"),
    "c:to-pretrial": (to_mediator, "body"),
}


@contextmanager
def at(moment: datetime) -> Iterator[None]:
    """Django's clock shows ``moment``; PostgreSQL's own defaults are not used by the services."""
    with mock.patch("django.utils.timezone.now", return_value=moment):
        yield


class Stage:
    """The stories under way: each one's order and complaint, once they exist."""

    def __init__(self) -> None:
        self.orders: dict[str, str] = {}
        self.complaints: dict[str, str] = {}

    # people ------------------------------------------------------------------------------

    def owner(self, name: str) -> User:
        """The person herself, or who acts for a child."""
        user = User.objects.get(username=name)
        guardianship = user.guardians.select_related("guardian").first()
        return guardianship.guardian if guardianship else user

    def actor(self, party: str, story: Story | Grievance) -> User:
        if party == "owner":
            return self.owner(story.person)
        if party == "supplier" and isinstance(story, Story):
            return User.objects.get(username=story.supplier)
        if party == "body":
            complaint = Complaint.objects.get(number=self.complaints[story.name])
            member = User.objects.filter(authority=complaint.addressee_authority_id, role=Role.INSPECTOR).first()
            if complaint.addressee_authority_id and member:
                return member
        return User.objects.filter(role=Role.REVIEWER).earliest("pk")

    # steps ------------------------------------------------------------------------------

    def send(self, story: Story, moment: datetime) -> None:
        """Fill in the draft and submit it, as the person would."""
        owner, beneficiary = self.owner(story.person), User.objects.select_related("record").get(username=story.person)
        entitlement = Entitlement.objects.get(beneficiary=beneficiary, product_type__code=story.type)
        offer = (
            StockRecord.objects.filter(
                partner__users__username=story.supplier,
                product__product_class__code=story.type,
                status=StockRecord.Status.PUBLISHED,
                regions__contains=[beneficiary.region_id],
            )
            .order_by("price", "pk")
            .first()
        )
        if offer is None:
            raise LookupError(f"{story.name}: {story.supplier} has no offer of {story.type}")
        fields = {
            "line.a.entitlement": entitlement.pk,
            "line.a.offer": offer.pk,
            "line.a.quantity": story.packs,
            "contact.name": owner.full_name,
            "contact.phone": owner.phone,
            "contact.channel": owner.channel,
            "delivery.region": beneficiary.region_id,
            "delivery.address": beneficiary.record.address,
            "consent.terms": True,
        }
        draft_id = uuid.uuid5(NAMESPACE, story.name)
        receipt = saving.save(
            draft_id=draft_id,
            actor=owner,
            key="demo",
            body=story.name.encode(),
            device="demo",
            beneficiary_id=beneficiary.pk,
            ops=[saving.Op(name, value, 0, seq) for seq, (name, value) in enumerate(fields.items(), 1)],
        )
        submission.submit(draft_id=draft_id, actor=owner, expected_rev=receipt.rev, request=None)
        self.orders[story.name] = Order.objects.get(draft_id=draft_id).number

    def take(self, story: Story | Grievance, verb: str, details: dict[str, Any], moment: datetime) -> None:
        if verb == "send" and isinstance(story, Story):
            self.send(story, moment)
        elif verb == "file":
            self.file(story, details, moment)
        elif verb == "deliver" and isinstance(story, Story):
            number = self.orders[story.name]
            line = Order.objects.get(number=number).lines.get()
            fulfilment.deliver(
                number=number,
                actor=self.actor("supplier", story),
                code=crypto.code("delivery", number),
                lots={str(line.pk): details["lot"]},
            )
        elif verb in ORDER_STEPS:
            service, party = ORDER_STEPS[verb]
            service(number=self.orders[story.name], actor=self.actor(party, story), **details)
        else:
            service, party = COMPLAINT_STEPS[verb]
            if "in_days" in details:
                days = timedelta(days=details["in_days"])
                details = {name: value for name, value in details.items() if name != "in_days"}
                details["promised_on"] = timezone.localdate(moment) + days
            service(number=self.complaints[story.name], actor=self.actor(party, story), now=moment, **details)

    def file(self, story: Story | Grievance, details: dict[str, Any], moment: datetime) -> None:
        about: dict[str, Any] = {}
        if isinstance(story, Story):
            line = (
                Order.objects.get(number=self.orders[story.name]).lines.select_related("product__product_class").get()
            )
            about = {"order_line": line.pk, "sphere": line.product.product_class.sphere}
        else:
            about = {"beneficiary": User.objects.get(username=story.person).pk}
        answer = filing.file(actor=self.owner(story.person), filing=Filing(**about, **details), now=moment)
        self.complaints[story.name] = answer.body["number"]


def play() -> int:
    """Play what has not been played; returns the number of steps taken. A second call does nothing."""
    if Draft.objects.filter(pk=uuid.uuid5(NAMESPACE, STORIES[0].name)).exists():
        return 0
    now = timezone.now()
    stage, order = Stage(), count()
    queue: list[tuple[datetime, int, Story | Grievance | None, str, dict[str, Any]]] = []

    def plan(moment: datetime, story: Story | Grievance | None, verb: str, details: dict[str, Any]) -> None:
        if moment < now:
            heapq.heappush(queue, (moment, next(order), story, verb, details))

    for story in (*STORIES, *GRIEVANCES):
        start = now - timedelta(days=story.days_ago, hours=1)
        first = ("send", {}) if isinstance(story, Story) else ("file", story.filing)
        for hours, verb, details in ((0.0, *first), *story.steps):
            plan(start + timedelta(hours=hours), story, verb, details)
    midnight = timezone.localtime(now - LENGTH).replace(hour=0, minute=5, second=0, microsecond=0)
    while midnight < now:
        plan(midnight, None, "clock", {})
        midnight += timedelta(days=1)

    steps = 0
    while queue:
        moment, _place, actor_story, verb, details = heapq.heappop(queue)
        with at(moment):
            if actor_story is None:
                clocks.run(moment)
            else:
                try:
                    stage.take(actor_story, verb, details, moment)
                except DomainError as error:
                    error.add_note(f"story {actor_story.name}, step {verb}: {error} {vars(error)}")
                    raise
                steps += 1
            outbox.drain()
    return steps
