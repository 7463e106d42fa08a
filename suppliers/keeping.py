"""What suppliers' matters forget of people, by the rules ``retention.…`` (marketplace/keeping.py)."""

from datetime import datetime

from django.db.models import Q

from marketplace import files
from marketplace.keeping import batch_of, ids, kind
from suppliers.demand.models import UnmetNeed
from suppliers.onboarding.models import WAITING, Application
from suppliers.states import ApplicationStatus


@kind("retention.need_days", "partner.UnmetNeed")
def _needs(before: datetime) -> int:
    """Needs that were met or taken back: who lacked what, with the sizes."""
    found = batch_of(UnmetNeed.objects.filter(ended_at__lt=before))
    return UnmetNeed.objects.filter(pk__in=ids(found)).delete()[0]


@kind("retention.application_days", "partner.Application")
def _applications(before: datetime) -> int:
    """Papers of those who did not become suppliers. That they applied under this number, and the decision, stay."""
    full = ~Q(answers={}) | ~Q(words="") | ~Q(appeal="") | Q(iin_encrypted__isnull=False)
    over = Application.objects.filter(full, submitted_at__lt=before).exclude(
        status__in=[*WAITING, ApplicationStatus.APPROVED]
    )
    found = batch_of(over.filter(Q(decided_at=None) | Q(decided_at__lt=before)))
    Application.objects.filter(pk__in=ids(found)).update(answers={}, words="", appeal="", iin_encrypted=None)
    files.forget_of([f"application:{row.pk}" for row in found])
    return len(found)
