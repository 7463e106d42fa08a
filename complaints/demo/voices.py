"""What the demo's people said: marks of deliveries and offices, good and bad, and one mystery visit under way."""

from django.db import transaction
from django.utils import translation

from complaints.feedback import giving, visiting
from complaints.feedback.giving import About, Said
from complaints.feedback.models import Feedback, Occasion
from marketplace import outbox
from marketplace.models import Office, Role, User
from marketplace.time import database_now

# Marks of the demo's deliveries, in their order; every second delivery stays to be asked about by phone.
_DELIVERIES = [
    Said(5, {"fits": "yes", "quality": "yes", "on_time": "yes"}, "Бәрі дұрыс, уақытында әкелді."),
    Said(2, {"fits": "no", "polite": "yes"}, "Өлшемі келмеді, қайта келуге тура келді."),
    Said(4, {"quality": "yes", "on_time": "no"}, ""),
    Said(1, {"quality": "no"}, "Сапасы нашар, бір аптада жыртылды."),
]
_OFFICES = [Said(4, {"polite": "yes", "accessible": "yes"}, ""), Said(2, {"accessible": "no"}, "Пандус істемейді.")]
_VISITOR = "parent"


def speak() -> int:
    """Give the marks once; returns how many there are. A second run changes nothing."""
    if not Feedback.objects.exists():
        outbox.drain()  # the deliveries of the stories become occasions
        with translation.override("kk"):
            _rate_deliveries()
            _rate_offices()
            _send_visitor()
        outbox.drain()
    return Feedback.objects.count()


def _rate_deliveries() -> None:
    occasions = Occasion.objects.filter(supplier__isnull=False).select_related("supplier", "office").order_by("pk")
    for occasion, said in zip(occasions[::2], _DELIVERIES, strict=False):
        with transaction.atomic(durable=True):
            giving.of_occasion(occasion, Feedback.Channel.SMS_LINK, said, actor=None, now=database_now())


def _rate_offices() -> None:
    """The offices of the demo's caseworkers, by people who picked them on the map."""
    for office in Office.objects.filter(users__role=Role.CASEWORKER).distinct().order_by("pk"):
        for number, said in enumerate(_OFFICES, 1):
            about = About(f"map:{office.code}:demo:{number}", office=office, region_id=office.region_id)
            with transaction.atomic(durable=True):
                giving.register(about, Feedback.Channel.MAP, said, actor=None, now=database_now())


def _send_visitor() -> None:
    visitor = User.objects.filter(username=_VISITOR).first()
    reviewer = User.objects.filter(role=Role.REVIEWER).order_by("pk").first()
    if visitor is None or reviewer is None:
        return
    enlisted = visiting.enlist(actor=reviewer, username=visitor.username, contract="MV-2026-1")
    elsewhere = Office.objects.exclude(pk=visitor.office_id) if visitor.office_id else Office.objects.all()
    place = elsewhere.order_by("pk").first()
    if place is not None:
        visiting.assign(actor=reviewer, visitor_id=enlisted.pk, office=place.code)
