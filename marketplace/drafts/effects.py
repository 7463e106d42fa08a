"""What the person is told about her draft: who began to help, and what a specialist decided for her."""

from django.conf import settings
from django.db.models import Q
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from marketplace import formats, notices, outbox
from marketplace.drafts import deciding, kinds
from marketplace.drafts.hand_over import name_of
from marketplace.models import Draft, DraftSave, Guardianship, HelpGrant, OutboxRow, User


def owner_of(draft: Draft, *writers: int | None) -> User | None:
    """Who is told: of the person and her guardians the one that wrote, else the first guardian, else she."""
    person = draft.beneficiary
    if person is None:
        return draft.author
    running = Q(valid_to=None) | Q(valid_to__gte=timezone.localdate())
    rows = Guardianship.objects.filter(running, ward=person).select_related("guardian").order_by("pk")
    candidates = [*(row.guardian for row in rows), person]
    return next((user for user in candidates if user.pk in writers), candidates[0])


@outbox.handler("draft.help_began")
def tell_about_help(row: OutboxRow) -> None:
    """Somebody entered the code: the person hears it at once, in case it was not her specialist."""
    grant = HelpGrant.objects.select_related("draft__beneficiary", "helper__office").filter(pk=row.payload["grant"])
    found = grant.first()
    if found is None:
        return
    owner = owner_of(found.draft, found.granted_by_id)
    if owner is None:
        return
    with translation.override(owner.language):
        facts = {
            "who": name_of(found.helper),
            "until": formats.datetime_short(found.until),
            "url": address_of(found.draft),
        }
        title = _("Somebody helps with your application")
        text = _("%(who)s sees this application and may fill it in until %(until)s. You can stop it here: %(url)s")
    _write(row, owner, found.draft, title, text % facts)


@outbox.handler("draft.decided_for_person")
def tell_about_decision(row: OutboxRow) -> None:
    """Both answers stand in the notice: the person can say that the wrong one was kept."""
    save = (
        DraftSave.objects.select_related("draft__beneficiary", "actor__office").filter(pk=row.payload["save"]).first()
    )
    if save is None:
        return
    op, kind = save.ops[0], kinds.get(save.draft.kind)
    owner = owner_of(save.draft, *_writers(save, op["f"]))
    if owner is None:
        return
    with translation.override(owner.language):
        words = kind.words(save.draft, [op, op | {"v": op["other"]}])
        facts = {
            "who": name_of(save.actor),
            "field": kind.label(op["f"]),
            "kept": words(op["f"], op["v"]),
            "other": words(op["f"], op["other"]),
            "how": deciding.REASONS[op["reason"]],
            "url": address_of(save.draft),
        }
        title = _("Two answers in your application: one was chosen")
        text = _(
            "%(field)s. Kept: %(kept)s. Not kept: %(other)s. Chosen by %(who)s: %(how)s. If this is wrong, change it: %(url)s"
        )
    _write(row, owner, save.draft, title, text % facts)


def _writers(save: DraftSave, field: str) -> set[int]:
    """Who ever wrote this field of the draft."""
    rows = DraftSave.objects.filter(draft=save.draft_id, ops__contains=[{"f": field}])
    return set(rows.order_by().values_list("actor_id", flat=True).distinct())


def address_of(draft: Draft) -> str:
    """The draft's page in the language of the reader."""
    page = kinds.get(draft.kind).page
    return f"{settings.PORTAL_URL}/{translation.get_language()}/{page % draft.pk if page else ''}"


def _write(row: OutboxRow, owner: User, draft: Draft, title: str, text: str) -> None:
    notices.create(
        recipient=owner,
        kind=row.topic,
        subject=f"draft:{draft.pk}",
        title=title,
        text=text,
        dedupe=f"{row.topic}:{draft.pk}:{row.pk}",
    )
