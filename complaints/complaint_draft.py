"""The draft kind "complaint": its fields, who fills it in, and its submit, which files the complaint once."""

import re
from dataclasses import replace
from typing import Any
from uuid import UUID

from complaints import attachments, field_words, filing
from complaints.checking import Filing
from complaints.routing import ADDRESSEE
from complaints.targets import PRECEDENCE
from marketplace import access, idempotency
from marketplace.drafts import files, kinds, sending
from marketplace.drafts.answers import is_yes, whole_number
from marketplace.errors import FieldError, Invalid, NotFound
from marketplace.models import Draft, Role, User
from marketplace.time import database_now

KIND = "complaint"
SCHEMA = 1
PLAIN = {
    "line", "supplier", "subject", "sphere", "template", "text", "demand", "demands", "channel", "hide_name", "region",
    "office", "about", "received_on", "contact.name", "contact.phone", "contact.channel", "contact.email",
    "target.seller", "target.body", "target.association",
}  # fmt: skip
ANSWER = re.compile(r"answer\.[a-z][a-z0-9_]{0,39}")


def knows(name: str) -> bool:
    """Is this a field of the current schema?"""
    return name in PLAIN or bool(ANSWER.fullmatch(name))


def may_edit(actor: User, draft: Draft) -> bool:
    """Its author, or who acts for the person it is about; for everybody else it does not exist.

    A caseworker goes on with what the own office began: what people write themselves may be about it.
    """
    if draft.author_id == actor.pk:
        return True
    if actor.role == Role.CASEWORKER and draft.author.role != Role.CASEWORKER:
        return False
    return draft.beneficiary_id is not None and access.acts_for(actor, draft.beneficiary_id)


def beneficiary_for(actor: User, beneficiary_id: int | None) -> User | None:
    """On whose behalf a new draft is. Raises Forbidden (role), NotFound (foreign)."""
    access.require_role(actor, Role.BENEFICIARY, Role.GUARDIAN, Role.CASEWORKER, Role.HOTLINE, Role.SUPPLIER)
    if beneficiary_id is not None:
        if actor.role == Role.HOTLINE:
            found = User.objects.filter(pk=beneficiary_id, record__isnull=False).first()
            if found is None:
                raise NotFound
            return found
        return actor if beneficiary_id == actor.pk else access.person(actor, beneficiary_id)
    if actor.role == Role.BENEFICIARY:
        return actor
    wards = list(access.people_of(actor)[:2]) if actor.role == Role.GUARDIAN else []
    return wards[0] if len(wards) == 1 else None


def filing_of(draft: Draft) -> Filing:
    """The draft's fields as a filing; whatever was typed is handed on, the filing's checks judge it."""
    text = {name: str(value).strip() for name in PLAIN if (value := draft.value(name)) not in (None, "")}
    line, demands = whole_number(draft.value("line")), draft.value("demands")
    return Filing(
        subject=text.get("subject", ""),
        sphere=text.get("sphere", ""),
        text=text.get("text", ""),
        order_line=line,
        supplier=text.get("supplier", ""),
        template=text.get("template", ""),
        demand=text.get("demand", ""),
        demands=[str(code) for code in demands] if isinstance(demands, list) else [],
        channel=text.get("channel", ""),
        fields={
            name.removeprefix("answer."): entry["v"] for name, entry in draft.fields.items() if ANSWER.fullmatch(name)
        },
        from_draft=True,
        contact={name.removeprefix("contact."): value for name, value in text.items() if name.startswith("contact.")},
        hide_name=is_yes(draft.value("hide_name")),
        region=text.get("region", ""),
        office=text.get("office", ""),
        about=ADDRESSEE if is_yes(draft.value("about")) else text.get("about", ""),
        targets=[target for target in PRECEDENCE if is_yes(draft.value(f"target.{target}"))],
        received_on=text.get("received_on", ""),
        recorded=files.has_recording(draft),
        beneficiary=draft.beneficiary_id if line is None else None,
    )


def in_draft_names(error: Invalid) -> Invalid:
    """A filing's errors under the draft's names of fields: ``fields.lot`` → ``answer.lot``."""

    def name(of_filing: str) -> str:
        if of_filing == "order_line":
            return "line"
        if of_filing == "targets":
            return f"target.{PRECEDENCE[0]}"
        return f"answer.{of_filing.removeprefix('fields.')}" if of_filing.startswith("fields.") else of_filing

    return Invalid([FieldError(name(item.field), item.code, item.message) for item in error.errors])


def submit(
    *, draft_id: UUID, actor: User, expected_rev: int, request: idempotency.Request | None, origin: str = ""
) -> idempotency.Answer:
    """File the draft: 201 with number, tracking code, addressee and date, as ``filing.file`` answers.

    ``origin``: see Filing.

    Raises NotFound, AlreadySubmitted (with the number), Discarded, Changed, OpenConflict, Invalid,
    AlreadyOpen; the draft stays as it was.
    """

    def work() -> tuple[int, dict[str, Any]]:
        draft = sending.locked(
            draft_id=draft_id, actor=actor, kind=KIND, expected_rev=expected_rev,
            came_out=lambda sent: {"number": sent.result.get("complaint", {}).get("number")},
        )  # fmt: skip
        now = database_now()
        try:
            complaint, route = filing.register(
                actor=actor, filing=replace(filing_of(draft), origin=origin), now=now, draft=draft
            )
        except Invalid as error:
            raise in_draft_names(error) from None
        body = filing.receipt(complaint, route)
        sending.close(draft, {"complaint": body})
        # The photos are the complaint's from now on: whoever reads its texts sees them.
        files.hand_over(draft, subject=f"complaint:{complaint.number}", purpose="complaint")
        return 201, body

    return filing.with_code(idempotency.once(request, work))


def results(draft: Draft) -> list[dict[str, Any]]:
    """What came out of the draft, in the shape of the draft's ``orders``: one complaint, or nothing yet."""
    complaint = draft.result.get("complaint")
    return [{"complaint": complaint["number"]}] if complaint else []


COMPLAINT_DRAFT = kinds.register(
    kinds.Kind(
        name=KIND,
        schema=SCHEMA,
        knows=knows,
        may_edit=may_edit,
        beneficiary_for=beneficiary_for,
        submit=submit,
        results=results,
        page="complaints/new/%s/",
        label=field_words.label,
        words=field_words.in_words,
        most_files=attachments.most,
        recording_bytes=attachments.recording_bytes,
        together_bytes=attachments.together_bytes,
    )
)
