"""What a step of a complaint takes, by the API."""

from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from ninja import Field, Schema

from marketplace import payloads


class Words(Schema):
    """What the acting side writes; ``reason`` is understood as ``text``."""

    text: str = ""
    reason: str = ""

    @property
    def words(self) -> str:
        return str(payloads.clean(self.text or self.reason))


class OfferIn(Words):
    remedy: str = Field("", description="One of the demands, for example same_replacement")
    promised_on: date | None = None
    amount: Decimal | None = Field(None, description="Money to be returned, KZT")


class RemedyIn(Words):
    kind: str = Field("", description="One of the demands; the offered one when empty")
    delivered_on: date | None = Field(None, description="Today when empty")
    value: Decimal | None = Field(None, description="What the remedy is worth, KZT")
    returned: Decimal | None = Field(None, description="Money returned, KZT; the offered sum when not given")
    proof_file: UUID | None = Field(None, description="A file that the supplier has added to the complaint")
    no_proof: str = Field("", description="Why there is no proof; needed when there is none")

    def record(self) -> dict[str, Any]:
        """Arguments of the step."""
        return {"text": self.words} | payloads.clean(self.dict(exclude={"text", "reason"}))


class DecideIn(Words):
    outcome: str = Field("", description="satisfied, explained or redirected")
    detail: str = ""
    returned: Decimal | None = Field(None, description="Money returned to the person, KZT")
    authority: str = Field("", description="Redirected: code of the body to which the matter was handed over")


class QuestionIn(Words):
    pause: str = Field("", description="A reason of the rule complaint.pause_reasons, for example details")


class RefuseIn(Words):
    ground: str = Field("", description="decided_by_court or decided_before_trial (law 274-IV, art. 42-6)")


class RedirectIn(Words):
    authority: str = Field("", description="Code of the body that gets the case")


class WithdrawIn(Words):
    kind: str = Field(default="own_will", description="own_will, settled_outside or pressure")


class TrackIn(Schema):
    """Both are compared without blanks, dashes and case."""

    number: str = ""
    code: str = Field("", description="The tracking code, 10 digits")


class TrackedStepIn(TrackIn, WithdrawIn):
    """``text`` for the steps that take words, ``kind`` for a withdrawal."""


class PretrialIn(Words):
    """``text`` names the papers of the consent; ``kind``: mediator, arbitration, association or sro (art. 42-8)."""

    kind: str = ""
    body: str = Field("", description="Name of the body")
    person_consented_on: date | None = None
    supplier_consented_on: date | None = None


class CourtIn(Words):
    role: str = "third_party"


class CourtResultIn(Words):
    result: str = Field("", description="won, lost or settled")
    recovered: Decimal | None = Field(None, description="Sum awarded, KZT")


class AgreedIn(Words):
    returned: Decimal | None = None


class CalledIn(Words):
    facts: list[str] = Field([], description="What the caller could name: name, phone, code, order, filed")


class VoteIn(Words):
    agrees: bool = Field(description="The outcome was reached")


class DuplicateIn(Schema):
    duplicate_of: str = ""
