"""The demo country as a place to try doors in: who tries, which things there are, whose they are."""

import contextlib
import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from django.core.files.base import ContentFile
from django.db import connection, transaction
from django.test import Client
from django.utils import timezone
from PIL import Image

from catalog.models import Category
from complaints import demo
from complaints.feedback import visiting
from complaints.feedback.models import CallTask, Feedback, MysteryVisit, MysteryVisitor
from complaints.headquarters.models import Board, Minutes, Task
from complaints.measures.models import Fine, Measure
from complaints.models import Complaint
from complaints.reporting.models import OutreachEntry
from marketplace import files
from marketplace.models import (
    Authority,
    CalendarDay,
    Draft,
    DraftFile,
    EmergencyAccess,
    Notice,
    StoredFile,
    User,
)
from orders.models import Entitlement, Line, Order, RecallHolder
from suppliers import qr
from suppliers.demand.models import UnmetNeed
from suppliers.listings.models import Listing
from suppliers.models import LotRecall, Partner, StockRecord
from suppliers.onboarding.models import Application
from suppliers.pricelist.models import PriceList
from suppliers.watch.models import MarketCell, PriceFlag, Signal

# Column of the table → account of the demo.
ROLES = {
    "anonymous": None,
    "beneficiary": "person",
    "guardian": "parent",
    "caseworker": "caseworker",
    "supplier": "supplier",
    "applicant": "applicant",
    "inspector": "inspector-vko",
    "reviewer": "ministry",
    "hotline": "hotline",
    "auditor": "auditor",
    "admin": "admin",
    "guest": "guest",
    "visitor": "zhanar",
}
RELATIONS = ("own", "near", "far", "missing")
_drawn = io.BytesIO()
Image.new("RGB", (8, 8)).save(_drawn, "JPEG")
PICTURE = _drawn.getvalue()


@dataclass(frozen=True)
class Thing:
    """A row with an address of its own; whose it is decides what it is to somebody."""

    key: Any
    person: User | None = None
    partner: int | None = None
    author: int | None = None
    authority: int | None = None
    region: str | None = None
    office: int | None = None


def build() -> None:
    """The demo, and what its stories leave out."""
    demo.load(lambda said: None)
    now = timezone.now()
    people = {user.username: user for user in User.objects.all()}
    shymkent = User.objects.get(username="nurbol")
    for person in (people["person"], people["child"], shymkent):
        author = people["parent"] if person.username == "child" else person
        for kind in ("order", "complaint"):
            Draft.objects.create(kind=kind, beneficiary=person, author=author, updated_at=now)
        UnmetNeed.objects.create(
            person=person, said_by=author, type_id=Entitlement.objects.earliest("pk").product_type_id,
            region_id=person.region_id, said_at=now,
        )  # fmt: skip
        Notice.objects.create(
            recipient=person, kind="order.sent", subject="order:1", channel="call", language="ru", address="",
            text="x", status=Notice.Status.CALL, dedupe=f"rights:{person.pk}",
        )  # fmt: skip
    for seller in ("supplier", "supplier2", "applicant", "applicant2"):
        for kind in ("onboarding", "listing"):
            Draft.objects.create(kind=kind, author=people[seller], updated_at=now)
    for seller in ("supplier", "supplier2"):
        partner = people[seller].partners.get()
        PriceList.objects.create(
            supplier=partner, sha256=seller, dry_run=True, name="prices.csv", size=7, sent_by=people[seller],
            file=ContentFile(b"sku\n1\n\n", name="prices.csv"),
        )  # fmt: skip
    visiting.enlist(actor=people["ministry"], username="zhanar", contract="MV-2026-2")
    visitor = MysteryVisitor.objects.get(user=people["zhanar"])
    visiting.assign(actor=people["ministry"], visitor_id=visitor.pk, office=people["person"].office.code)
    EmergencyAccess.objects.create(
        person=people["person"], asked_by=people["admin"], asked_at=now, reason="x", status="given",
        decided_by=people["ministry"], decided_at=now, until=now + timedelta(hours=1),
    )  # fmt: skip
    for draft in Draft.objects.filter(status=Draft.Status.OPEN):
        DraftFile.objects.create(draft=draft, uploader=draft.author, length=10)


def add_cases_and_recalls(*names: str) -> None:
    """For each person a case with a photo and a recording, and goods that are called back."""
    people = [User.objects.get(username=name) for name in names]
    inspector = User.objects.get(username=ROLES["inspector"])
    pattern = Complaint.objects.filter(addressee_authority=inspector.authority).earliest("pk")
    recall = LotRecall.objects.filter(status=LotRecall.Status.RUNNING).earliest("pk")
    for number, person in enumerate(people, 1):
        body = Authority.objects.filter(kind=pattern.addressee_authority.kind, region=person.region).first()
        case = Complaint.objects.get(pk=pattern.pk)
        case.pk, case.number, case.order_line, case.draft = None, f"KZ-79-2020-{number:07d}", None, None
        case.complainant, case.filed_by, case.office, case.region = person, None, person.office, person.region
        case.addressee_authority = body or pattern.addressee_authority
        case.status, case.respond_by, case.closed_at = "with_body", timezone.localdate() + timedelta(days=9), None
        case.save(force_insert=True)
        for kind, ending in (("image/jpeg", "jpg"), ("video/mp4", "mp4")):
            files.keep(
                picture=files.Picture(PICTURE, kind, ending), subject=f"complaint:{case.number}", purpose="complaint",
                owner=None,
            )  # fmt: skip
        line = Line.objects.filter(order__user=person).order_by("pk").first()
        if line is not None:
            RecallHolder.objects.create(recall=recall, line=line, told_at=timezone.now())


@contextlib.contextmanager
def undone() -> Iterator[None]:
    """Whatever happens inside leaves nothing; services may still ask for a durable transaction."""
    block = transaction.atomic()
    block._from_testcase = True  # type: ignore[attr-defined]
    with block:
        yield
        transaction.set_rollback(True)


@contextlib.contextmanager
def writes() -> Iterator[list[str]]:
    """Tables that are written to inside."""
    found: list[str] = []

    def watch(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        words = sql.split(None, 3)
        if words and words[0].upper() in {"INSERT", "UPDATE", "DELETE"}:
            found.append(words[1 if words[0].upper() == "UPDATE" else 2].strip('"'))
        return execute(sql, params, many, context)

    with connection.execute_wrapper(watch):
        yield found


def _people(rows: Any, path: str = "person", key: str = "pk") -> list[Thing]:
    found = []
    for row in rows:
        person = row
        for part in path.split("."):
            person = getattr(person, part) if person is not None else None
        found.append(Thing(getattr(row, key), person=person))
    return found


class World:
    """Things by kind, and what each is to an actor."""

    def __init__(self) -> None:
        self.users = {name: account and User.objects.get(username=account) for name, account in ROLES.items()}
        self._picked: dict[tuple[str, str], dict[str, Any]] = {}
        self.things: dict[str, list[Thing]] = {}
        self.things |= {
            "order": [
                Thing(row.number, person=row.user, partner=row.partner_id)
                for row in Order.objects.select_related("user", "partner").order_by("pk")
            ],
            "complaint": [
                Thing(
                    row.number,
                    person=row.complainant,
                    partner=row.supplier_id,
                    authority=row.addressee_authority_id,
                    region=row.region_id,
                    office=row.office_id,
                )
                for row in Complaint.objects.select_related("complainant").order_by("pk")
            ],
        }
        self._stored = self._files()
        self.things |= {
            "entitlement": [
                Thing(row.pk, person=row.beneficiary) for row in Entitlement.objects.select_related("beneficiary")
            ],
            "person": [Thing(row.pk, person=row) for row in User.objects.filter(record__isnull=False).order_by("pk")],
            "need": _people(UnmetNeed.objects.order_by("pk")),
            "notice": _people(Notice.objects.filter(dedupe__startswith="rights:"), "recipient"),
            "offer": [Thing(row.pk, partner=row.partner_id) for row in StockRecord.objects.order_by("pk")],
            "price_list": [Thing(row.pk, partner=row.supplier_id) for row in PriceList.objects.all()],
            "application": [Thing(row.pk, author=row.author_id) for row in Application.objects.order_by("pk")],
            "listing": [Thing(row.pk, partner=row.partner_id) for row in Listing.objects.order_by("pk")],
            "supplier": [Thing(row.code, partner=row.pk) for row in Partner.objects.order_by("pk")],
            "feedback": [
                Thing(row.pk, partner=row.supplier_id, office=row.office_id) for row in Feedback.objects.order_by("pk")
            ],
            "visit": [Thing(row.pk, author=row.visitor.user_id) for row in MysteryVisit.objects.order_by("pk")],
            "call": _people(CallTask.objects.select_related("occasion__person"), "occasion.person"),
            "board": [Thing(row.pk) for row in Board.objects.all()],
            "minutes": [Thing(row.pk) for row in Minutes.objects.all()],
            "task": [Thing(row.pk) for row in Task.objects.all()],
            "measure": [Thing(row.pk, authority=row.addressee_id) for row in Measure.objects.order_by("pk")],
            "fine": [Thing(row.pk, authority=row.authority_id) for row in Fine.objects.order_by("pk")],
            "outreach": [Thing(row.pk) for row in OutreachEntry.objects.all()],
            "product": [
                Thing(row.product_id) for row in StockRecord.objects.filter(status="published").order_by("pk")[:1]
            ],
            "category": [Thing(row.pk) for row in Category.objects.order_by("pk")[:1]],
            "day": [Thing(row.pk) for row in CalendarDay.objects.all()[:1]],
            "cell": [Thing(row.pk) for row in MarketCell.objects.exclude(region="").order_by("pk")[:1]],
            "signal": [Thing(row.pk) for row in Signal.objects.all()],
            "flag": [Thing(row.pk) for row in PriceFlag.objects.all()],
            "code": [Thing(qr.token_of(row), partner=row.pk) for row in Partner.objects.order_by("pk")[:3]],
            "file": [file for file, _subject, kind in self._stored if kind.startswith("image/")],
            "recall": [Thing(row.pk, partner=row.partner_id) for row in LotRecall.objects.order_by("pk")],
            "holder": [
                Thing(
                    {"number": row.line.order.number, "recall_id": row.recall_id, "holder_id": row.pk},
                    person=row.line.order.user,
                    partner=row.recall.partner_id,
                )
                for row in RecallHolder.objects.select_related("line__order__user", "recall").order_by("pk")
            ],
            "emergency": [Thing(row.pk, author=row.asked_by_id) for row in EmergencyAccess.objects.all()],
        }
        for kind in ("order", "complaint", "onboarding", "listing"):
            drafts = Draft.objects.filter(kind=kind, status=Draft.Status.OPEN).order_by("-created_at")
            self.things[f"draft:{kind}"] = [
                Thing(row.pk, person=row.beneficiary, author=row.author_id)
                for row in drafts.select_related("beneficiary")
            ]
        self.things["recording"] = [
            replace(file, key={"number": subject.partition(":")[2], "file_id": file.key})
            for file, subject, kind in self._stored
            if subject.startswith("complaint:") and kind.startswith("video/")
        ]
        self.things["draft_file"] = [
            Thing(
                {"draft_id": row.draft_id, "file_id": row.pk},
                person=row.draft.beneficiary,
                author=row.draft.author_id,
            )
            for row in DraftFile.objects.filter(draft__kind="order", stored_file=None).select_related(
                "draft__beneficiary"
            )
        ]

    def _files(self) -> list[tuple[Thing, str, str]]:
        """Stored files, what they belong to, of what kind they are."""
        orders = {str(thing.key): thing for thing in self.things["order"]}
        cases = {str(thing.key): thing for thing in self.things["complaint"]}
        drafts = {str(row.pk): row for row in Draft.objects.select_related("beneficiary")}
        found = []
        for file in StoredFile.objects.order_by("created_at", "pk"):
            kind, _colon, key = file.subject.partition(":")
            thing = {"order": orders, "complaint": cases}.get(kind, {}).get(key)
            if thing is None:
                draft = drafts.get(key) if kind == "draft" else None
                thing = Thing(None, person=draft.beneficiary if draft else None, author=file.owner_id)
            found.append((replace(thing, key=file.pk), file.subject, file.content_type))
        return found

    def relation(self, actor: User | None, thing: Thing) -> str:
        """own: hers, of her ward, office, shop or body. near: of somebody of the same office. far: all else."""
        if actor is None:
            return "far"
        if thing.author == actor.pk:
            return "own"
        if actor.role == "supplier":
            mine = actor.partners.values_list("pk", flat=True).first()
            return "own" if mine is not None and thing.partner == mine else "far"
        if actor.role == "inspector":
            near = thing.region == actor.region_id or (thing.person and thing.person.region_id == actor.region_id)
            return "own" if thing.authority == actor.authority_id else "near" if near else "far"
        if thing.person is None:
            return "own" if thing.office is not None and thing.office == actor.office_id else "far"
        if actor.role == "beneficiary" and thing.person == actor:
            return "own"
        if actor.role == "guardian" and thing.person.guardians.filter(guardian=actor).exists():
            return "own"
        near = actor.office_id is not None and thing.person.office_id == actor.office_id
        return ("own" if actor.role == "caseworker" else "near") if near else "far"

    def pick(self, kind: str, actor: User | None, relation: str) -> Any:
        """The key of such a thing; None when there is none."""
        who = actor.username if actor is not None else ""
        if (kind, who) not in self._picked:
            found: dict[str, Any] = {}
            for thing in self.things[kind]:
                if len(found) == len(RELATIONS) - 1:
                    break
                found.setdefault(self.relation(actor, thing), thing.key)
            self._picked[kind, who] = found
        return self._picked[kind, who].get(relation)


def clients(world: World) -> dict[str, Client]:
    """A browser per role, signed in once."""
    made = {}
    for role, user in world.users.items():
        made[role] = Client(raise_request_exception=False)
        if user is not None:
            made[role].force_login(user, "django.contrib.auth.backends.ModelBackend")
    return made
