"""A complaint before it is sent, as one message: the same facts as on the page "Check and send"."""

from django.utils.translation import gettext as _

from complaints import shapes
from complaints.checking import Checked
from complaints.codes.subjects import Subject
from complaints.routing import Route
from marketplace import calendar, formats


def in_words(found: Checked, route: Route, *, subject: Subject | None, photos: int) -> str:
    """What was said, then who answers, why, by which law and until when. The story itself stands above in the chat."""
    said = [_("Check and send"), _line(_("What is wrong"), found.table.subject_name(found.filing.subject))]
    if subject is not None:
        said.append(_line(subject.title, subject.name))
    if found.line is not None:
        said.append(_line(_("Product"), shapes.line_title(found.line)))
    if photos:
        said.append(_line(_("Photos and recordings"), str(photos)))
    if found.contact.get("phone"):
        said.append(_line(_("Phone"), shapes.masked(found.contact["phone"])))
    answers = [
        _line(_("Addressed to"), route.addressee["name"]),
        _line(_("Why"), " ".join([route.why, *route.notes, f"({_('rule %(rule)s') % {'rule': route.rule}})"])),
        _line(_("Legal basis"), route.legal_basis),
        _line(_("Answer by"), formats.date_long(route.deadline.respond_by)),
        calendar.in_words(route.deadline.explained),
        *(_line(one.why_label, one.to.name) for one in route.parallels),
        *(_("%(body)s joins by itself the next day.") % {"body": body.name} for body in route.joins[:1]),
        _line(_("Where you see the result"), _("in this chat, and by number and code on the page “Check a complaint”")),
    ]
    return "\n".join([*said, "", *answers])


def _line(name: object, value: str) -> str:
    return f"{name}: {value}"
