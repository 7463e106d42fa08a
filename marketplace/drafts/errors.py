"""What the draft engine refuses."""

from django.utils.translation import gettext_lazy as _

from marketplace.errors import Changed, DomainError


class AnswerChanged(Changed):
    """The value that the actor decided about is not the live one any more."""

    status = 409


class NoQuestion(DomainError):
    code = "no_question"
    message = _("There is no open question at this field.")


class DraftClosed(DomainError):
    code = "draft_closed"
    message = _("This application was already sent. You see what came out of it.")
