"""The matrix of complaints: the table of transitions.txt, its cases in any state, everybody who may try a step."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.contrib.auth.models import AnonymousUser

from complaints import filing, tracking
from complaints.checking import Filing
from complaints.models import Complaint
from complaints.selectors import Viewer
from complaints.states import ENDED_STATES, ComplaintStatus
from complaints.tracking import Holder
from marketplace import events
from marketplace.models import Event, OutboxRow, Role
from suppliers import qr
from suppliers.models import Partner
from tests.complaints.factories import (
    at,
    body,
    make_caseworker,
    make_complaint,
    make_guardian,
    make_inspector,
    make_line,
    make_person,
    make_reviewer,
    make_seller,
    make_supplier,
    make_user,
)  # fmt: skip

NOW = at("2026-12-04 10:00")
TABLE = Path(__file__).parent / "transitions.txt"
# The seller's stations: the body does not know of the case yet. With the ministry the body has lost it.
_WITHOUT_BODY = {"registered", "with_seller", "settled_offer", "answered", "remedy_running"}
_CHECKED = {"decided", "outcome_check", "outcome_call", "outcome_panel"}
# The hotline has one right in two capacities; a reviewer sits on a panel only while there is one.
_DESK = {"triage", "caller"}


def _sections() -> dict[str, list[list[str]]]:
    found: dict[str, list[list[str]]] = {}
    for line in TABLE.read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            rows = found.setdefault(line.strip("[]"), [])
        elif line.strip() and not line.startswith("#"):
            rows.append([cell.strip() for cell in line.split("|")])
    return found


SECTIONS = _sections()
CASES = {row[0]: row[1:] for row in SECTIONS["cases"]}
PEOPLE = {row[0]: [cell.split() for cell in row[1:]] for row in SECTIONS["people"]}
STEPS: dict[tuple[str, str], set[str]] = {}
for state, capacities, steps in SECTIONS["steps"]:
    for capacity in capacities.split():
        STEPS.setdefault((capacity, state), set()).update(steps.split())
DANGER = {
    (capacity, state): set(steps.split())
    for states, capacities, steps in SECTIONS["in danger"]
    for state in states.split()
    for capacity in capacities.split()
}


@dataclass(frozen=True)
class Expected:
    """What the table says of one person before one case: is it seen, what may be done, what belongs to the role."""

    seen: bool
    may: frozenset[str]
    own: frozenset[str]

    def refusal(self, action: str) -> int:
        """The status of a step that is not possible: foreign, never this role's, not now."""
        return 404 if not self.seen else 409 if action in self.own else 403


def capacities(case: str, who: str, state: str) -> set[str]:
    """What somebody is to the case in a state, in the words of the table."""
    owner, bodies, told, seller, _looking = PEOPLE[case]
    with_body = state != "with_ministry" and (state not in _WITHOUT_BODY or CASES[case][3] == "nobody")
    held = {
        "owner": who in owner,
        "body": who in bodies and with_body,
        "told": who in told,
        "seller": who in seller,
        "ministry": who in {"ministry", "examiner"},
        "panel": who == "ministry" and state == "outcome_panel",
        "triage": who == "hotline" and case == "unclear" and with_body,
        "caller": who == "hotline" and state == "outcome_call",
    }
    return {name for name, holds in held.items() if holds}


def expected(case: str, who: str, state: str) -> Expected:
    """By the table alone; nothing here asks the portal."""
    held = capacities(case, who, state)
    beside = case == "danger" and who in {*PEOPLE[case][1], *PEOPLE[case][2]}
    tables = [(STEPS, held | (_DESK if held & _DESK else set()))]
    if case == "danger":
        tables.append((DANGER, held | ({"told"} if beside else set())))
    may: set[str] = set()
    own: set[str] = set()
    for table, names in tables:
        for (capacity, place), steps in table.items():
            if capacity in names:
                own |= steps
                may |= steps if place == state and (capacity in held or table is DANGER) else set()
    seen = bool(held) or beside or who == "hotline" or who in PEOPLE[case][4]
    return Expected(seen, frozenset(may), frozenset(own))


def everybody() -> dict[str, Viewer]:
    """One of each role, own and foreign; cases are made for them."""
    aigul = make_person("aigul")
    return {
        "person": aigul,
        "guardian": make_guardian(aigul),
        "zhanar": make_person("zhanar"),
        "caseworker": make_caseworker(),
        "other_office": make_caseworker("asel", "almaty"),
        "supplier": make_seller(make_supplier()),
        "other_supplier": make_seller(make_supplier("altyn-qol", "Алтын Қол"), "gani"),
        "complainant": make_seller(make_supplier("tirek-med", "Тірек Мед"), "dana"),
        "inspector": make_inspector(),
        "other_inspector": make_inspector("berik", "dtzpp-KZ-63"),
        "office": make_inspector("saule", "so-shymkent"),
        "control": make_inspector("nurlan", "mfk"),
        "ministry": make_reviewer(),
        "examiner": make_reviewer("examiner"),
        "hotline": make_user("operator", Role.HOTLINE),
        "auditor": make_user("auditor", Role.AUDITOR),
        "admin": make_user("admin", Role.ADMIN),
        "guest": make_user("guest", Role.GUEST),
        "anonymous": AnonymousUser(),
    }


def make_case(case: str, people: dict[str, Viewer]) -> Complaint:
    """File it for real, by whoever tells it; adds those who show its number and code to ``people``."""
    subject, sphere, teller, against = CASES[case]
    if teller == "person":
        line = make_line(person=people["person"], supplier=Partner.objects.get(code="jarqyn-med"), sphere=sphere)
        complaint = make_complaint(person=people["person"], line=line, subject=subject)
    else:
        told = Filing(subject=subject, sphere=sphere, text="The wheel broke.", region="KZ-79", office="shymkent")
        if against == "supplier":
            token = qr.token_of(Partner.objects.get(code="jarqyn-med"))
            told = Filing(subject=subject, sphere=sphere, text="The wheel broke.", qr=token, channel="qr")
        actor = AnonymousUser() if teller == "visitor" else people[teller]
        answer = filing.file(actor=actor, filing=told, now=at("2026-11-22 10:00"))
        complaint = Complaint.objects.get(number=answer.body["number"])
    events.record(
        kind="complaint.taken_up", subject=f"complaint:{complaint.number}", actor=people["examiner"],
        data={"party": "ministry"}, at=NOW,
    )  # fmt: skip
    code = tracking.code_of(complaint.number)
    people["code"] = Holder(complaint.number, code)
    people["desk_code"] = Holder(complaint.number, code, acts=False)
    people["wrong_code"] = Holder(complaint.number, "0000000000")
    return complaint


def place(complaint: Complaint, state: str) -> None:
    """Put the case into a state with the columns that belong to it."""
    ended, dated = state in ENDED_STATES, at("2026-12-20 23:59")
    addressed = complaint.addressee_supplier_id is None or state not in _WITHOUT_BODY
    first = {"unclear": "desk-triage", "late_payment": "so-shymkent"}.get(complaint.subject, "dtzpp-KZ-79")
    code = "ministry" if state == "with_ministry" else first
    Complaint.objects.filter(pk=complaint.pk).update(
        status=state,
        addressee_authority=body(code) if addressed else None,
        escalated_at=at("2026-12-03 00:05"),
        respond_by=None if ended else dated.date(),
        due_at=None if ended else dated,
        closed_at=at("2026-12-03 12:00") if ended else None,
        outcome="explained" if ended else "",
        outcome_detail="no_breach" if ended else "",
        proposed_outcome="satisfied" if state in _CHECKED else "",
        proposed_detail="full" if state in _CHECKED else "",
        remedy={"promised_on": "2026-12-20", "amount": "0"},
        paused_on=at("2026-12-03 12:00").date() if state == "waiting_person" else None,
        paused_respond_by=dated.date() if state == "waiting_person" else None,
        reopened=0,
        confirmed_by="",
    )
    complaint.refresh_from_db()


def facts() -> tuple[list[dict[str, Any]], int, int]:
    """What a refusal must leave as it was: every column of every case, the log, the outbox."""
    return list(Complaint.objects.order_by("pk").values()), Event.objects.count(), OutboxRow.objects.count()


def cells(case: str, people: dict[str, Viewer]) -> Iterator[tuple[str, str]]:
    """Every state with everybody; a case against nobody never was at a seller's."""
    for state in ComplaintStatus.values:
        if CASES[case][3] == "nobody" and state in _WITHOUT_BODY - {"registered"}:
            continue
        for who in people:
            yield state, who
