"""What a filing refers to and what is wrong with it: every field is named at once, nothing is changed."""

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from complaints import routing, targets, templates
from complaints.codes import subjects
from complaints.models import Complaint, ComplaintTemplate
from complaints.routing import Route, Table
from complaints.selectors import Actor
from marketplace import access, regions, rules
from marketplace.errors import FieldError, Forbidden, NotFound
from marketplace.models import Authority, Office, Region, Role, User
from orders.draft_fields import phone_number
from orders.models import Line
from orders.states import OrderStatus
from suppliers import qr
from suppliers.models import Partner

MAX_TEXT = 20_000
MAX_DEMAND = 200
MAX_DEMANDS = 20
_FILING_ROLES = {Role.BENEFICIARY, Role.GUARDIAN, Role.CASEWORKER, Role.HOTLINE, Role.SUPPLIER}
STAFF = {Role.CASEWORKER, Role.HOTLINE}
_OWN_CHANNELS = {Complaint.Channel.PORTAL, Complaint.Channel.QR}
_DEFAULT_CHANNEL: dict[str, str] = {Role.HOTLINE: Complaint.Channel.HOTLINE, Role.CASEWORKER: Complaint.Channel.OFFICE}
# What can only be said of goods in hand; the rest may concern an order that never came.
_NEEDS_DELIVERY = {"defect", "misfit", "short_quantity", "fitting", "setting", "warranty"}
NOT_DELIVERED = {
    OrderStatus.SENT, OrderStatus.CONFIRMED, OrderStatus.DECLINED, OrderStatus.TIMED_OUT, OrderStatus.IN_DELIVERY,
    OrderStatus.FAILED_DELIVERY, OrderStatus.CANCELLED,
}  # fmt: skip


@dataclass(frozen=True)
class Filing:
    """What a person says, as it came; every reference is checked here, not by the caller.

    ``about`` is the code of a state body that the complaint is against, or ``addressee``; ``beneficiary`` the person
    on whose behalf a caseworker, an operator or a guardian files without an order line; ``targets`` are
    those the person chose to complain to (``target``: one of them), empty when the routing table decides. A draft (``from_draft``) may
    hold answers to questions of an earlier choice: they stay there for whoever goes back to it.
    ``origin`` is the channel as the server itself knows it (a kiosk, an adapter); no client names it.
    """

    subject: str
    sphere: str = ""
    text: str = ""
    order_line: int | None = None
    supplier: str = ""
    qr: str = ""
    template: str = ""
    demand: str = ""
    demands: list[str] = field(default_factory=list)
    channel: str = ""
    fields: dict[str, Any] = field(default_factory=dict)
    contact: dict[str, Any] = field(default_factory=dict)
    hide_name: bool = False
    region: str = ""
    office: str = ""
    about: str = ""
    beneficiary: int | None = None
    target: str = ""
    # The day on which a letter or a visit came: told by those who write it down later.
    received_on: date | str = ""
    # Ids of pictures that a visitor's session has kept so far; never told by a program.
    photos: list[str] = field(default_factory=list)
    # Told by voice or video: then no written words are asked for. Found by the server, never told by a program.
    recorded: bool = False
    targets: list[str] = field(default_factory=list)
    from_draft: bool = False
    origin: str = ""
    # The chat with the bot; never told by a program.
    chat: int | None = None

    @property
    def chosen(self) -> list[str]:
        """Whom the person chose, each once, the addressee first."""
        return list(dict.fromkeys(target for target in (self.target, *self.targets) if target))


@dataclass
class Checked:
    """A filing with its references found; ``errors`` name every field that is wrong."""

    filing: Filing
    table: Table
    sphere: str
    complainant: User | None
    line: Line | None = None
    supplier: Partner | None = None
    office: Office | None = None
    region: Region | None = None
    about: Authority | None = None
    template: ComplaintTemplate | None = None
    answers: dict[str, Any] = field(default_factory=dict)
    contact: dict[str, str] = field(default_factory=dict)
    demands: list[str] = field(default_factory=list)
    received_on: date | None = None
    channel: str = Complaint.Channel.PORTAL
    by_staff: bool = False
    errors: list[FieldError] = field(default_factory=list)

    def route(self, now: datetime) -> Route:
        """The addressee of this filing. Needs a known subject, sphere and region.

        The day of receipt is day zero of the clock. A clock of hours runs from the filing: nobody knows at
        what hour a letter came, and hours that are over would be nobody's.
        """
        if self.received_on is None:
            return self._route(now)
        local = timezone.localtime(now)
        days = (local.date() - self.received_on).days
        found = self._route(local - timedelta(days=days))
        return self._route(now) if found.deadline.explained.get("kind") == "hours" else found

    def _route(self, now: datetime) -> Route:
        return targets.routed(
            subject=self.filing.subject,
            chosen=self.filing.chosen,
            sphere=self.sphere,
            region=self.region,
            supplier=self.supplier,
            line=self.line,
            office=self.office,
            about=self.about,
            about_addressee=self.filing.about == routing.ADDRESSEE,
            now=now,
            in_force=self.table,
        )


def check(*, actor: Actor, filing: Filing, now: datetime) -> Checked:
    """Find everything the filing refers to and name everything that is wrong with it.

    Raises Forbidden for a role that files no complaints, NotFound for a foreign order line or person.
    """
    if actor.is_authenticated and actor.role not in _FILING_ROLES:
        raise Forbidden
    table = routing.table(timezone.localdate(now))
    line = _line(actor, filing)
    checked = Checked(
        filing=filing,
        table=table,
        sphere=filing.sphere or (line.product.get_product_class().sphere if line else ""),
        complainant=line.order.user if line and _is_own(actor, line) else _complainant(actor, filing.beneficiary),
        line=line,
        by_staff=actor.is_authenticated and actor.role in STAFF,
    )
    _check_words(checked)
    _check_references(checked, actor, timezone.localdate(now))
    _check_contact(checked, actor)
    _check_receipt(checked, timezone.localdate(now))
    checked.template = _template(checked)
    answers = filing.fields
    if filing.from_draft:
        asked = {question.code for question in templates.questions(checked.template)}
        answers = {code: value for code, value in answers.items() if code in asked}
    checked.answers, wrong = templates.clean_answers(checked.template, answers)
    checked.errors += wrong
    checked.channel = filing.channel or _default_channel(actor, filing)
    if filing.origin and checked.channel in (Complaint.Channel.PORTAL, filing.origin):
        checked.channel = filing.origin
        return checked
    if checked.channel not in Complaint.Channel.values or (
        checked.channel not in _OWN_CHANNELS and not checked.by_staff
    ):
        checked.errors.append(FieldError("channel", "choice", _("Choose one of the channels.")))
    return checked


def _line(actor: Actor, filing: Filing) -> Line | None:
    """The order line: of the parcel whose note was scanned (its only one, or the chosen one), else one's own."""
    parcel = subjects.lines_of_note(filing.qr)
    for line in parcel:
        if filing.order_line == line.pk or (filing.order_line is None and len(parcel) == 1):
            return line
    return find_line(actor, filing.order_line) if filing.order_line is not None else None


def _is_own(actor: Actor, line: Line) -> bool:
    """A note proves the parcel, not the person: who scans it stays who she is."""
    if not actor.is_authenticated:
        return False
    return actor.role == Role.HOTLINE or access.people_of(actor).filter(pk=line.order.user_id).exists()


def find_line(actor: Actor, line_id: int) -> Line:
    """The complainant's own order line; an operator of the hotline finds any."""
    lines = Line.objects.select_related(
        "order__user", "order__partner", "order__region", "order__office", "product__product_class", "product__parent"
    ).filter(pk=line_id)
    if not actor.is_authenticated:
        raise NotFound
    if actor.role != Role.HOTLINE:
        lines = lines.filter(order__user__in=access.people_of(actor))
    line: Line | None = lines.first()
    if line is None:
        raise NotFound
    return line


def _complainant(actor: Actor, beneficiary_id: int | None) -> User | None:
    """Whose complaint it is: one's own, the ward's, the client's, or nobody's who is known."""
    if not actor.is_authenticated:
        return None
    if actor.role == Role.HOTLINE:
        found = User.objects.filter(pk=beneficiary_id, record__isnull=False).first() if beneficiary_id else None
        if beneficiary_id and found is None:
            raise NotFound
        return found
    if beneficiary_id is not None and beneficiary_id != actor.pk:
        return access.person(actor, beneficiary_id)
    if actor.role == Role.GUARDIAN:
        wards = list(access.people_of(actor)[:2])
        return wards[0] if len(wards) == 1 else actor
    return None if actor.role == Role.CASEWORKER else actor


def _check_words(checked: Checked) -> None:
    filing, table, errors = checked.filing, checked.table, checked.errors
    if filing.subject not in table.subjects:
        errors.append(FieldError("subject", "choice", _("Choose what is wrong.")))
    if not checked.sphere or checked.sphere not in table.spheres:
        errors.append(FieldError("sphere", "choice", _("Choose what the complaint is about.")))
    checked.demands = list(dict.fromkeys(filter(None, (said.strip() for said in [filing.demand, *filing.demands]))))
    if any(len(said) > MAX_DEMAND for said in checked.demands):
        errors.append(FieldError("demand", "too_long", _("Write the demand in at most 200 characters.")))
    if len(checked.demands) > MAX_DEMANDS:
        errors.append(FieldError("demands", "too_many", _("Choose at most 20 demands.")))
    if not filing.text.strip() and not filing.recorded:
        errors.append(FieldError("text", "required", _("Tell in your own words what happened.")))
    elif len(filing.text) > MAX_TEXT:
        errors.append(FieldError("text", "too_long", _("Write at most 20,000 characters.")))
    # Who holds the note holds the goods, whatever the order says so far.
    undelivered = checked.line is not None and checked.line.order.status in NOT_DELIVERED and not filing.qr
    if undelivered and filing.subject in _NEEDS_DELIVERY:
        message = _("These goods are not delivered yet. If they are late, choose “Late or not delivered”.")
        errors.append(FieldError("subject", "not_delivered", message))


def _check_references(checked: Checked, actor: Actor, today: date) -> None:
    filing, errors = checked.filing, checked.errors
    if checked.line is None and (filing.supplier or filing.qr):
        checked.supplier = _supplier(filing)
        if checked.supplier is None:
            name = "supplier" if filing.supplier else "qr"
            errors.append(FieldError(name, "unknown", _("We do not know this supplier. Check the code.")))
    if filing.office:
        checked.office = Office.objects.select_related("region").filter(code=filing.office).first()
        if checked.office is None:
            errors.append(FieldError("office", "unknown", _("We do not know this office.")))
    if filing.about and filing.about != routing.ADDRESSEE:
        checked.about = Authority.objects.filter(code=filing.about).first()
        if checked.about is None:
            errors.append(FieldError("about", "unknown", _("We do not know this body.")))
    name = "targets" if filing.targets else "target"
    most = int(rules.get("complaint.targets", on=today).value["count"])
    if set(filing.chosen) - set(targets.Target.values):
        errors.append(FieldError(name, "choice", _("Choose whom you complain to.")))
    elif len(filing.chosen) > most:
        message = _("Choose at most %(count)s to complain to.") % {"count": most}
        errors.append(FieldError(name, "too_many", message))
    checked.region = _region(checked, actor)
    if checked.region is None:
        errors.append(FieldError("region", "required", _("Choose the region.")))
    if actor.is_authenticated and actor.role == Role.CASEWORKER and checked.complainant is None:
        errors.append(FieldError("beneficiary", "required", _("Say on whose behalf you complain.")))


def _supplier(filing: Filing) -> Partner | None:
    if filing.supplier:
        found: Partner | None = Partner.objects.filter(code=filing.supplier).first()
        return found
    return qr.supplier_of(filing.qr)


def _region(checked: Checked, actor: Actor) -> Region | None:
    """Where it happened: the place of delivery, what the person says, the person's own region, the shop's."""
    if checked.line is not None:
        place: Region = checked.line.order.region
        return place
    if checked.filing.region:
        found = regions.find(checked.filing.region)
        return Region.objects.get(pk=found.code) if found else None
    if checked.office is not None:
        return checked.office.region
    # An operator of the hotline sits somewhere else; everybody else is where the complaint is from.
    nearby = actor if actor.is_authenticated and actor.role != Role.HOTLINE else None
    for person in (checked.complainant, nearby):
        if person is not None and person.region is not None:
            return person.region
    return checked.supplier.home_region if checked.supplier else None


def _check_contact(checked: Checked, actor: Actor) -> None:
    """How to reach the person: as typed, else from the account. A visitor may give nothing at all."""
    typed = {str(key): str(value).strip() for key, value in checked.filing.contact.items() if value not in (None, "")}
    account = actor if actor.is_authenticated and not checked.by_staff else checked.complainant
    known = {}
    if account is not None:
        known = {"name": str(account), "phone": account.phone, "channel": account.channel, "email": account.email}
    contact = {key: value for key, value in (known | typed).items() if value}
    for key in set(typed) - {"name", "phone", "channel", "email"}:
        checked.errors.append(FieldError(f"contact.{key}", "unknown", _("This form has no such question.")))
    if typed.get("phone"):
        contact["phone"] = phone_number(typed["phone"]) or typed["phone"]
        if phone_number(typed["phone"]) is None:
            message = _("Enter a phone number, for example 8 701 000 00 01.")
            checked.errors.append(FieldError("contact.phone", "phone", message))
    if contact.get("channel") and contact["channel"] not in User.Channel.values:
        checked.errors.append(FieldError("contact.channel", "choice", _("Choose how we reach you.")))
    if len(contact.get("name", "")) > 200:
        checked.errors.append(FieldError("contact.name", "too_long", _("Write at most 200 characters.")))
    checked.contact = contact


def _check_receipt(checked: Checked, today: date) -> None:
    """The day of receipt: real, not to come, not longer ago than the rule allows, and only said by who took it down."""
    said = checked.filing.received_on
    if said in (None, ""):
        return
    try:
        day = said if isinstance(said, date) else date(*(int(part) for part in said.split("-")))
    except (TypeError, ValueError, OverflowError):
        checked.errors.append(FieldError("received_on", "date", _("Enter a real date, for example 5 12 2026.")))
        return
    earliest = today - timedelta(days=int(rules.get("complaint.received_back_days", on=today).value["days"]))
    if not checked.by_staff:
        message = _("Your complaint comes today. Only who writes down a letter or a visit names another day.")
        checked.errors.append(FieldError("received_on", "not_staff", message))
    elif not earliest <= day <= today:
        span = _("Enter a day from %(first)s to today.") % {"first": f"{earliest:%d.%m.%Y}"}
        checked.errors.append(FieldError("received_on", "out_of_range", span))
    elif day != today:
        checked.received_on = day


def _template(checked: Checked) -> ComplaintTemplate | None:
    known = templates.all_templates()
    if checked.filing.template:
        chosen = next((template for template in known if template.code == checked.filing.template), None)
        if chosen is None:
            checked.errors.append(FieldError("template", "unknown", _("There is no such form.")))
        return chosen
    return templates.template_for(checked.filing.subject, checked.sphere, known)


def _default_channel(actor: Actor, filing: Filing) -> str:
    # A code named to the bot came by the bot; one that was scanned at a kiosk is still a code.
    if filing.origin == Complaint.Channel.TELEGRAM:
        return filing.origin
    if filing.qr:
        return Complaint.Channel.QR
    if actor.is_authenticated and actor.role in _DEFAULT_CHANNEL:
        return _DEFAULT_CHANNEL[actor.role]
    return Complaint.Channel.PORTAL
