"""What a chat has said so far, and the complaint that follows from it.

``said`` holds ``text``; ``about``: the token of a code (as if it had been scanned), an order's number that is not
proved yet, or nothing that is known; ``line``, ``sphere``, ``subject``, ``region``, ``phone``; ``trail``: what was
answered, in order, for the way back.
"""

from datetime import datetime
from functools import cached_property, reduce
from operator import or_
from typing import Any

from django.conf import settings
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from complaints import prefill, routing
from complaints.checking import Filing
from complaints.codes import subjects
from complaints.codes.subjects import Subject
from complaints.intake import photos
from complaints.intake.models import TelegramChat
from complaints.models import Complaint
from marketplace.errors import NotFound
from marketplace.models import Office
from orders.draft_fields import phone_number
from orders.models import Line, Order
from suppliers import qr
from suppliers import selectors as suppliers

FOUND = 6  # suppliers and offices that are offered for a name
SHORTEST_NAME = 3


class Talk:
    """One chat at one moment; ``now`` decides which routing table and rules apply."""

    def __init__(self, chat: TelegramChat, now: datetime):
        self.chat, self.now = chat, now

    @property
    def said(self) -> dict[str, Any]:
        return self.chat.said

    def put(self, name: str, value: Any) -> None:
        """Keep an answer as the latest one."""
        self.said[name] = value
        self.said["trail"] = [*(one for one in self.trail if one != name), name]
        self._forget_cached()

    def drop(self, name: str) -> None:
        self.said.pop(name, None)
        self.said["trail"] = [one for one in self.trail if one != name]
        self._forget_cached()

    @property
    def trail(self) -> list[str]:
        return list(self.said.get("trail", []))

    def _forget_cached(self) -> None:
        for name in ("subject", "lines"):
            self.__dict__.pop(name, None)

    @cached_property
    def table(self) -> routing.Table:
        return routing.table(timezone.localdate(self.now))

    @property
    def token(self) -> str:
        return str(self.said.get("about", {}).get("token", ""))

    @cached_property
    def subject(self) -> Subject | None:
        """What the complaint is about, as if its code had been scanned."""
        try:
            return subjects.of_token(self.token) if self.token else None
        except NotFound:  # gone since it was named
            return None

    @cached_property
    def lines(self) -> list[Line]:
        """The goods of the parcel that was proved to be the person's."""
        return subjects.lines_of_note(self.token) if self.token else []

    @property
    def line(self) -> Line | None:
        if len(self.lines) == 1:
            return self.lines[0]
        return next((line for line in self.lines if line.pk == self.said.get("line")), None)

    @property
    def sphere(self) -> str:
        if self.line is not None and self.line.product is not None:
            return str(self.line.product.get_product_class().sphere)
        return self.subject.sphere if self.subject is not None else str(self.said.get("sphere", ""))

    @property
    def region(self) -> str:
        known = self.subject.region_id if self.subject is not None else ""
        return known or str(self.said.get("region", ""))

    def filing(self) -> Filing:
        """The complaint as it stands; the checks of the filing judge it."""
        found, what = self.subject, str(self.said.get("subject", ""))
        order = self.said.get("order_said")
        text = str(self.said.get("text", ""))
        phone = self.said.get("phone", "")
        return Filing(
            subject=what,
            sphere=self.sphere,
            text=f"{text}\n\n{_('Order %(number)s') % {'number': order}}" if order else text,
            order_line=self.line.pk if self.line is not None else None,
            qr=self.token if found is not None and found.supplier is not None else "",
            office=found.office.code if found is not None and found.office is not None else "",
            region=self.region,
            fields=prefill.asked(prefill.of_code(found), what, self.sphere) if found is not None else {},
            contact={"phone": phone} if phone else {},
            photos=photos.kept(self.chat),
            # It may still be on its way: then it goes straight to the case.
            recorded=bool(self.said.get("recorded")),
            origin=Complaint.Channel.TELEGRAM,
            chat=self.chat.chat_id,
        )

    def prove(self, phone: str) -> bool:
        """Whether the named order is of whoever has this phone number, which Telegram vouches for; then it is taken."""
        number = self.said.get("about", {}).get("order", "")
        order = Order.objects.select_related("user").filter(number=number).first()
        own = phone_number(phone if phone.startswith("+") else f"+{phone}")
        if order is None or own is None or own not in {_number(order.contact_phone), _number(order.user.phone)}:
            return False
        self.put("about", {"token": qr.make(qr.DELIVERY_NOTE, order.pk)})
        return True


def _number(phone: str) -> str | None:
    return phone_number(phone) if phone else None


def named_by(words: str) -> list[tuple[str, str]]:
    """Tokens and names of suppliers and offices whose name or code contains these words; the first few."""
    if len(words) < SHORTEST_NAME:
        return []
    shops = suppliers.visible_suppliers().filter(name__icontains=words).order_by("name")[:FOUND]
    in_some_language = [Q(**{f"name_{code}__icontains": words}) for code, _name in settings.LANGUAGES]
    offices = Office.objects.filter(reduce(or_, in_some_language)).order_by("name")[:FOUND]
    found = [(qr.token_of(shop), shop.name) for shop in shops]
    return [*found, *((qr.make(qr.OFFICE, office.pk), office.name) for office in offices)][:FOUND]
