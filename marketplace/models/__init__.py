"""Tables of the lowest layer, one module per subject."""

from marketplace.models.accounts import ApiToken, BrowserSession, SignInCode
from marketplace.models.draft_files import DraftFile, DraftFileChunk
from marketplace.models.draft_keys import DraftKey
from marketplace.models.drafts import Draft, DraftReminder, DraftSave
from marketplace.models.emergency import EmergencyAccess
from marketplace.models.events import AuditSeal, Event, ReadLog
from marketplace.models.files import StoredFile
from marketplace.models.hand_over import ContinueCode, HelpGrant, Mirror
from marketplace.models.idempotency import IdempotencyKey
from marketplace.models.notices import Notice
from marketplace.models.outbox import OutboxRow
from marketplace.models.pages import PageChange
from marketplace.models.people import Guardianship, PersonRecord, Role, User
from marketplace.models.periodic import DayCount, LastRun, TroubleMinute
from marketplace.models.places import Authority, Office, Region
from marketplace.models.rules import CalendarDay, Rule

__all__ = [
    "ApiToken",
    "AuditSeal",
    "Authority",
    "BrowserSession",
    "CalendarDay",
    "ContinueCode",
    "DayCount",
    "Draft",
    "DraftFile",
    "DraftFileChunk",
    "DraftKey",
    "DraftReminder",
    "DraftSave",
    "EmergencyAccess",
    "Event",
    "Guardianship",
    "HelpGrant",
    "IdempotencyKey",
    "LastRun",
    "Mirror",
    "Notice",
    "Office",
    "OutboxRow",
    "PageChange",
    "PersonRecord",
    "ReadLog",
    "Region",
    "Role",
    "Rule",
    "SignInCode",
    "StoredFile",
    "TroubleMinute",
    "User",
]
