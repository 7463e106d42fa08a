"""Who is told what became of an application, in the reader's language: the applicant always, the ministry when it is late."""

from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext as _

from marketplace import formats, notices, outbox
from marketplace.models import OutboxRow, Role, User
from suppliers.onboarding import words
from suppliers.onboarding.models import Application
from suppliers.onboarding.sending import TOPIC

# Somebody else than the one who refused has to look at it.
FOR_MINISTRY = {"appeal", "escalate", "overdue"}


@outbox.handler(TOPIC)
def tell(row: OutboxRow) -> None:
    """``key`` is the application's id, ``action`` the step that was taken."""
    application = Application.objects.select_related("author").get(pk=row.key)
    action = row.payload["action"]
    if action in FOR_MINISTRY:
        reviewers = User.objects.filter(role=Role.REVIEWER, is_active=True)
        for reader in reviewers.order_by("pk"):
            if reader.pk != application.refused_by_id:
                _send(row, application, reader, action, for_ministry=True)
    _send(row, application, application.author, action)


def _send(row: OutboxRow, application: Application, reader: User, action: str, *, for_ministry: bool = False) -> None:
    with translation.override(reader.language):
        title, text = (_to_ministry if for_ministry else _to_applicant)(application, action)
    if title:
        notices.create(
            recipient=reader,
            kind=f"application.{action}",
            subject=f"application:{application.pk}",
            title=title,
            text=text,
            dedupe=f"{row.topic}:{row.pk}:{reader.pk}",
        )


def _to_applicant(application: Application, action: str) -> tuple[str, str]:
    facts = {
        "number": application.number,
        "day": formats.date_long(application.respond_by) if application.respond_by else "",
        "reason": words.reason_name(application.reason) if application.reason else "",
        "words": application.words,
        "url": _page(f"supplier/applications/{application.pk}/"),
        "offers": _page("supplier/offers/"),
    }
    said: dict[str, tuple[str, str]] = {
        "sent": (
            _("We have your application %(number)s"),
            _("The ministry answers by %(day)s. Follow it here: %(url)s"),
        ),
        "correct": (
            _("We have your corrected application %(number)s"),
            _("The ministry answers by %(day)s. Follow it here: %(url)s"),
        ),
        "approve": (
            _("You may sell on the portal"),
            _("Your application %(number)s is approved. Add goods: %(offers)s"),
        ),
        "ask": (
            _("Your application %(number)s needs a correction"),
            _("Correct it by %(day)s, otherwise it ends. What is missing: %(words)s %(url)s"),
        ),
        "refuse": (
            _("Your application %(number)s was refused"),
            _("%(reason)s. %(words)s You can ask for a second check until %(day)s: %(url)s"),
        ),
        "uphold": (
            _("Your application %(number)s was refused after a second check"),
            _("%(words)s You can correct what was wrong and apply again: %(url)s"),
        ),
        "appeal": (
            _("Your application %(number)s is checked once more"),
            _("Another person answers by %(day)s. Follow it here: %(url)s"),
        ),
        "escalate": (
            _("Your application %(number)s was passed on"),
            _("Nobody answered in time, and we are sorry. Somebody else answers by %(day)s: %(url)s"),
        ),
        "overdue": (
            _("The answer to your application %(number)s is late"),
            _("We told everybody who can decide. You need not do anything: %(url)s"),
        ),
        "lapse": (
            _("Your application %(number)s has ended"),
            _("No correction came in time. Your answers are kept, you can apply again: %(url)s"),
        ),
    }
    title, text = said.get(action, ("", ""))
    return title % facts, text % facts


def _to_ministry(application: Application, action: str) -> tuple[str, str]:
    facts = {
        "number": application.number,
        "name": application.name,
        "day": formats.date_long(application.respond_by) if application.respond_by else "",
        "url": _page(f"review/applications/{application.pk}/"),
    }
    text = _("Application %(number)s of %(name)s: answer by %(day)s. %(url)s") % facts
    title = {
        "appeal": _("A refused supplier asks for a second check"),
        "escalate": _("An application of a supplier was not answered in time"),
        "overdue": _("The second check of a supplier's application is late"),
    }[action]
    return title, text


def _page(path: str) -> str:
    return f"{settings.PORTAL_URL}/{translation.get_language()}/{path}"
