"""Who is told: owners of a low mark, the body and the ministry of one without a reply, a mystery visitor."""

from collections.abc import Callable, Iterable

from django.db.models import Q
from django.utils import translation
from django.utils.translation import gettext as _

from complaints.feedback.models import Feedback, MysteryVisit
from marketplace import formats, notices, outbox
from marketplace.models import OutboxRow, Role, User


@outbox.handler("feedback.flagged")
def tell_owner(row: OutboxRow) -> None:
    """The supplier's people or the office's caseworkers, each once."""
    found = _feedback(row)

    def words() -> tuple[str, str]:
        text = _("Reply by %(date)s. You find it under “Feedback” on your first page.")
        return _("A low mark waits for your reply"), text % {
            "date": formats.date_long(found.reply_by) if found.reply_by else ""
        }

    _send("feedback.flagged", found, _owners(found), words)


@outbox.handler("feedback.escalated")
def tell_above(row: OutboxRow) -> None:
    """Inspectors of the place and the ministry's reviewers learn that the owner was silent."""
    found = _feedback(row)
    owner = found.office or found.supplier
    above = Q(role=Role.REVIEWER) | Q(role=Role.INSPECTOR, authority__region=found.region_id)

    def words() -> tuple[str, str]:
        text = _("%(name)s did not reply by %(date)s. You find it under “Feedback” on your first page.")
        return _("A low mark got no reply in time"), text % {
            "name": owner.name if owner else "",
            "date": formats.date_long(found.reply_by) if found.reply_by else "",
        }

    _send("feedback.escalated", found, User.objects.filter(above), words)


@outbox.handler("visit.assigned")
def tell_visitor(row: OutboxRow) -> None:
    """Where to go stands on the page of the assignment, not in a message that others may see."""
    visit = MysteryVisit.objects.select_related("visitor__user").get(pk=row.key)
    person = visit.visitor.user
    with translation.override(person.language):
        title = _("You have a new assignment")
        text = _("Sign in to the portal and open “Visits” on your first page. The last day is %(date)s.") % {
            "date": formats.date_long(visit.due_on)
        }
    notices.create(
        recipient=person,
        kind="visit.assigned",
        subject=f"visit:{visit.pk}",
        title=title,
        text=text,
        dedupe=f"visit.assigned:{visit.pk}",
    )


def _feedback(row: OutboxRow) -> Feedback:
    return Feedback.objects.select_related("supplier", "office").get(pk=row.key)


def _owners(found: Feedback) -> Iterable[User]:
    if found.supplier is not None:
        people: Iterable[User] = found.supplier.users.all()
        return people
    return User.objects.filter(role=Role.CASEWORKER, office=found.office_id)


def _send(kind: str, found: Feedback, people: Iterable[User], words: Callable[[], tuple[str, str]]) -> None:
    notices.tell(people, words, kind=kind, subject=f"feedback:{found.pk}", dedupe=f"{kind}:{found.pk}")
